"""What people do with custom entries, and what is written down about it."""

from __future__ import annotations

from cProfile import Profile
from pstats import Stats
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client
from rest_framework.test import APIClient

from records import custom_entries
from records.ledger import DatabaseLedger
from records.models import AuditEntry, CustomEntry, SyncRequest
from tests.records.cast import Cast, last_audit, list_asked, make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def made_entry(name: str, kind: str = "A", *values: str, **others: Any) -> CustomEntry:
    return CustomEntry(name=name, type=kind, values=list(values or ("192.0.2.50",)), **others)


def test_a_block_is_made_once_and_removed_again() -> None:
    block = custom_entries.block_name("admin", "Registry.talos00")
    assert custom_entries.block_name("admin", "registry.talos00") == block
    assert [entry.action for entry in AuditEntry.objects.all()] == ["created"]
    assert (
        DatabaseLedger().zone("default", "talos00").entries(["registry.talos00"])["registry.talos00"][0].mode == "block"
    )
    custom_entries.unblock_name("admin", "registry.talos00")
    assert not CustomEntry.objects.exists()
    with pytest.raises(ValidationError, match="is not blocked"):
        custom_entries.unblock_name("admin", "registry.talos00")


def test_blocking_enables_a_disabled_block() -> None:
    custom_entries.save_entry("admin", CustomEntry(name="x.talos00", mode="block", enabled=False), created=True)
    assert custom_entries.block_name("admin", "x.talos00").enabled
    assert CustomEntry.objects.get().enabled


def test_a_saved_entry_leaves_an_audit_entry_and_wakes_the_syncer() -> None:
    made = made_entry("WWW.talos00", owner="web team")
    custom_entries.save_entry("admin", made, created=True)
    audit = last_audit()
    assert (audit.actor, audit.action, audit.name, audit.type, audit.source) == (
        "admin",
        "created",
        "www.talos00",
        "A",
        f"CustomEntry//{made.pk}",
    )
    assert audit.before is None
    assert audit.after == {
        "ttl": None,
        "values": ["192.0.2.50"],
        "mode": "publish",
        "enabled": True,
        "owner": "web team",
        "description": "",
    }
    assert list_asked() == [("sync", "talos00", "www.talos00")]


def test_a_renamed_entry_wakes_the_syncer_for_both_names() -> None:
    made = made_entry("old.talos00")
    custom_entries.save_entry("admin", made, created=True)
    made.name, made.ttl = "new.talos00", 60
    custom_entries.save_entry("admin", made, created=False)
    assert {name for _, _, name in list_asked()} == {"old.talos00", "new.talos00"}
    audit = last_audit()
    assert (audit.before or {})["ttl"] is None
    assert (audit.after or {})["ttl"] == 60
    assert audit.reason == "custom entry was old.talos00 A"


def test_a_bad_entry_leaves_nothing_behind() -> None:
    with pytest.raises(ValidationError) as caught:
        custom_entries.save_entry("admin", made_entry("www.talos00", "A", "nonsense"), created=True)
    assert set(caught.value.message_dict) == {"values"}
    assert not CustomEntry.objects.exists()
    assert not AuditEntry.objects.exists()
    assert not SyncRequest.objects.exists()


def test_a_cname_entry_has_its_name_to_itself() -> None:
    CustomEntry.objects.create(name="www.talos00", type="A", values=["192.0.2.1"])
    alias = made_entry("WWW.talos00", "CNAME", "other.talos00")
    with pytest.raises(ValidationError, match="A CNAME"):
        custom_entries.check_entry(alias)
    alias.enabled = False
    custom_entries.check_entry(alias)
    assert alias.name == "www.talos00"


def test_nothing_is_beside_a_cname_entry_but_a_block() -> None:
    CustomEntry.objects.create(name="www.talos00", type="CNAME", values=["other.talos00"])
    with pytest.raises(ValidationError, match="has a CNAME entry"):
        custom_entries.check_entry(made_entry("www.talos00", "TXT", "x"))
    custom_entries.check_entry(CustomEntry(name="www.talos00", mode="block"))


def test_there_is_one_entry_for_a_name_and_type() -> None:
    CustomEntry.objects.create(name="www.talos00", type="A", values=["192.0.2.1"])
    with pytest.raises(custom_entries.EntryExists, match=r"There is an entry for www\.talos00 A already"):
        custom_entries.check_entry(made_entry("www.talos00.", "a", "192.0.2.2"))


@pytest.mark.parametrize("way", ["function", "api", "api by name", "bulk", "admin"])
def test_an_entry_is_cleaned_once_on_its_way(way: str) -> None:
    user = User.objects.create(username="root", is_staff=True, is_superuser=True)
    fields: dict[str, Any] = {"name": "WWW.talos00", "type": "A", "values": ["192.0.2.50"]}
    api, admin = APIClient(), Client()
    api.force_login(user)
    admin.force_login(user)
    with Profile() as profile:
        match way:
            case "function":
                custom_entries.save_entry("admin", CustomEntry(**fields), created=True)
            case "api":
                assert api.post("/api/v1/entries", fields, format="json").status_code == 201
            case "api by name":
                assert api.put("/api/v1/entries/www.talos00/A", fields, format="json").status_code == 201
            case "bulk":
                assert api.post("/api/v1/entries/bulk", {"entries": [fields]}, format="json").status_code == 201
            case "admin":
                form = {**fields, "values": "192.0.2.50", "mode": "publish", "enabled": "on"}
                assert admin.post("/admin/records/customentry/add/", form).status_code == 302
    assert CustomEntry.objects.get().name == "www.talos00"
    calls = [call for (_, _, function), (call, *_) in Stats(profile).stats.items() if function == "clean_entry"]  # type: ignore[attr-defined]
    assert calls == [1]


def test_a_deleted_entry_is_remembered() -> None:
    made = made_entry("www.talos00")
    custom_entries.save_entry("admin", made, created=True)
    custom_entries.delete_entry("admin", made)
    audit = last_audit()
    assert (audit.action, audit.after, (audit.before or {})["values"]) == ("deleted", None, ["192.0.2.50"])
    assert not CustomEntry.objects.exists()


def test_many_entries_are_created_with_few_queries(django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(34):
        made = custom_entries.create_entries("token ci", [made_entry(f"h{number}.talos00") for number in range(1000)])
    assert len(made) == CustomEntry.objects.count() == AuditEntry.objects.filter(action="created").count() == 1000
    assert list_asked() == [("sync", "talos00", "")]


def test_of_many_entries_all_are_created_or_none(cast: Cast) -> None:
    wrong = [
        made_entry("good.talos00"),
        made_entry("bad.talos00", "A", "x"),
        made_entry("printer.talos00"),
        made_entry("twice.talos00"),
        made_entry("twice.talos00"),
        made_entry("alias.talos00", "CNAME", "good.talos00"),
        made_entry("alias.talos00", "TXT", "x"),
    ]
    with pytest.raises(ValidationError) as caught:
        custom_entries.create_entries("admin", wrong)
    assert set(caught.value.message_dict) == {"1.values", "2.name", "3.name", "4.name", "5.type", "6.type"}
    assert CustomEntry.objects.count() == 1


def test_the_actors_name_outlives_the_user() -> None:
    person = User.objects.create_user("anna")
    custom_entries.block_name(person.get_username(), "x.talos00")
    person.delete()
    assert last_audit().actor == "anna"
