"""What is above, below and beside an entry, where it matters."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from records import custom_entries
from records.models import CustomEntry, ManagedRecord, ManagedZone, Source, SourceName
from records.neighbours import Neighbours

pytestmark = pytest.mark.django_db

DIGEST = "ab" * 32
VALUES = {
    "A": "192.0.2.1", "DNAME": "new.example", "NS": "ns1.example.com",
    "DS": f"60485 13 2 {DIGEST}", "CNAME": "x.example",
}  # fmt: skip


def entry(name: str, kind: str, **others: Any) -> CustomEntry:
    return CustomEntry(name=f"{name}.talos00", type=kind, values=[VALUES[kind]], **others)


def save(name: str, kind: str, **others: Any) -> CustomEntry:
    made = entry(name, kind, **others)
    custom_entries.save_entry("ada", made, created=True)
    return made


def reason(name: str, kind: str, **others: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        custom_entries.check_entry(entry(name, kind, **others))
    (text,) = caught.value.message_dict["type"]
    return text


def record(name: str, kind: str, origin: str = "DNSEndpoint/apps/one") -> None:
    ManagedRecord.objects.create(
        zone="talos00", name=f"{name}.talos00", type=kind, values=[VALUES[kind]], ttl=300,
        state="synced", owned=True, origin=origin, changed_at=timezone.now(),
    )  # fmt: skip


def mention(name: str, values: list[str] | None) -> None:
    source = Source.objects.create(kind="Ingress", namespace="apps", name="shop")
    SourceName.objects.create(source=source, name=f"{name}.talos00", position=0, values=values, since=timezone.now())


def test_a_dname_is_refused_above_an_entry_and_an_entry_below_a_dname() -> None:
    save("www.old", "A")
    assert "www.old.talos00 is one of ours" in reason("old", "DNAME")
    save("older", "DNAME")
    assert reason("a.b.older", "A") == (
        "The DNAME of older.talos00 redirects every name below it (RFC 6672): delete or disable that first."
    )
    save("older", "A")  # beside it, and not below


def test_what_is_disabled_or_a_block_is_in_nobodys_way() -> None:
    save("www.old", "A", enabled=False)
    custom_entries.block_name("ada", "blocked.old.talos00")
    dname = save("old", "DNAME")
    with pytest.raises(ValidationError, match="redirects"):
        custom_entries.switch_entry("ada", CustomEntry.objects.get(name="www.old.talos00"), enabled=True)
    CustomEntry.objects.filter(name="www.old.talos00").delete()
    custom_entries.switch_entry("ada", dname, enabled=False)
    save("new.old", "A")
    with pytest.raises(ValidationError, match="is one of ours"):
        custom_entries.switch_entry("ada", dname, enabled=True)


def test_an_entry_that_stays_is_not_in_its_own_way() -> None:
    made = save("old", "DNAME")
    made.name = "older.talos00"
    custom_entries.save_entry("ada", made, created=False)
    made.name = "below.older.talos00"
    custom_entries.save_entry("ada", made, created=False)


def test_what_objects_ask_for_or_publish_counts_and_what_they_only_mention_does_not() -> None:
    mention("shop.old", None)
    custom_entries.check_entry(entry("old", "DNAME"))
    SourceName.objects.update(values=["192.0.2.1"])
    assert "shop.old.talos00 is one of ours" in reason("old", "DNAME")
    record("kept.gone", "A")
    assert "kept.gone.talos00 is one of ours" in reason("gone", "DNAME")
    record("far", "DNAME")
    assert "The DNAME of far.talos00" in reason("a.far", "A")


def test_the_record_of_an_entry_counts_by_its_entry_alone() -> None:
    record("www.old", "A", origin="CustomEntry//7")
    custom_entries.check_entry(entry("old", "DNAME"))


def test_a_ds_needs_name_servers_of_whomever() -> None:
    assert "needs the NS records of its delegation" in reason("sub", "DS")
    save("sub", "NS")
    save("sub", "DS")
    record("one", "NS")
    custom_entries.check_entry(entry("one", "DS"))
    ManagedZone.objects.create(zone="talos00", delegations=["hand.talos00"])
    custom_entries.check_entry(entry("hand", "DS"))


def test_a_dname_and_name_servers_are_not_at_one_name_but_at_the_apex() -> None:
    save("sub", "NS")
    assert "cannot be at one name below the apex" in reason("sub", "DNAME")
    save("moved", "DNAME")
    assert "cannot be at one name below the apex" in reason("moved", "NS")
    assert "one of ours" in Neighbours({"talos00": ["DNAME"]}, ["talos00"]).explain("talos00", "DNAME")
    CustomEntry.objects.all().delete()
    assert Neighbours({"talos00": ["DNAME"]}, ["talos00"]).explain("talos00", "DNAME") == ""


def test_a_cname_is_not_beside_a_dname() -> None:
    save("old", "DNAME")
    assert reason("old", "CNAME").startswith("A CNAME must be alone at its name, which has an entry of type DNAME")


def test_of_many_entries_each_is_seen_among_the_others() -> None:
    given = [entry("old", "DNAME"), entry("www.old", "A"), entry("sub", "DS"), entry("sub", "NS"), entry("two", "DS")]
    with pytest.raises(ValidationError) as caught:
        custom_entries.create_entries("ada", given)
    assert set(caught.value.message_dict) == {"0.type", "1.type", "4.type"}
    assert not CustomEntry.objects.exists()
