"""What a person can do, and what is written down about it."""

from __future__ import annotations

from collections.abc import Callable
from cProfile import Profile
from datetime import timedelta
from pstats import Stats
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from records import operations
from records.append_only import AppendOnly
from records.ledger import DatabaseLedger
from records.models import AuditEntry, CustomEntry, DriftFinding, HeldPlan, ManagedRecord, SyncRequest
from syncer.core.claims import Decision
from syncer.core.plan import Change, Op
from syncer.core.rrsets import RRset
from syncer.ledger import AppliedChange
from syncer.targets.base import Outcome, Result
from tests.records.cast import Cast, make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def made_entry(name: str, kind: str = "A", *values: str, **others: Any) -> CustomEntry:
    return CustomEntry(name=name, type=kind, values=list(values or ("192.0.2.50",)), **others)


def last_audit() -> AuditEntry:
    entry = AuditEntry.objects.first()
    assert entry is not None
    return entry


def asked() -> list[tuple[str, str, str]]:
    """What the syncer will read, of what came after the cast."""
    return [
        (item.action, item.zone, item.name) for item in DatabaseLedger().requests() if item.name != "grafana.talos00"
    ]


def test_everything_or_a_zone_or_a_name_can_be_synced() -> None:
    operations.sync_now("admin")
    operations.sync_now("admin", zone="talos00")
    operations.sync_now("admin", name="WWW.talos00.")
    assert asked() == [("sync", "", ""), ("sync", "talos00", ""), ("sync", "talos00", "www.talos00")]
    assert (last_audit().actor, last_audit().action, last_audit().name) == ("admin", "requested", "www.talos00")


@pytest.mark.parametrize("what", [{"zone": "example.com"}, {"name": "www.example.com"}, {"name": "two words.talos00"}])
def test_what_is_in_no_zone_cannot_be_synced(what: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        operations.sync_now("admin", **what)
    assert not SyncRequest.objects.exists()


def test_drift_is_remediated_or_accepted_as_long_as_the_finding_is_open_or_accepted(cast: Cast) -> None:
    operations.remediate_drift("ada", cast.drift)
    assert asked() == [("remediate", "talos00", "mail.talos00")]
    assert operations.accept_drift("ada", cast.drift).status == "accepted"
    assert (last_audit().action, last_audit().actor, last_audit().name) == ("accepted", "ada", "mail.talos00")
    operations.remediate_drift("ada", DriftFinding.objects.get())
    with pytest.raises(ValidationError, match="only an open one"):
        operations.accept_drift("ada", cast.drift)
    DriftFinding.objects.update(status="remediated")
    with pytest.raises(ValidationError, match="nothing left to remediate"):
        operations.remediate_drift("ada", DriftFinding.objects.get())


def test_a_conflict_can_be_adopted_and_what_is_ours_cannot(cast: Cast) -> None:
    operations.replace_record("token ci", cast.nas)
    assert asked() == [("adopt", "talos00", "nas.talos00")]
    assert last_audit().actor == "token ci"
    with pytest.raises(ValidationError, match="is synced: only foreign records and conflicts"):
        operations.replace_record("admin", cast.grafana)


def test_what_a_foreign_record_of_another_type_prevents_is_told_instead_of_asked_for(cast: Cast) -> None:
    ManagedRecord.objects.filter(pk=cast.nas.pk).update(foreign=None, reason="a foreign CNAME record is at this name")
    cast.nas.refresh_from_db()
    sentence = "a foreign CNAME record is at this name. Delete that one on the server first."
    with pytest.raises(ValidationError, match=f"nas.talos00 A cannot be replaced: {sentence}"):
        operations.replace_record("admin", cast.nas)
    with pytest.raises(ValidationError, match=f"nas.talos00 A cannot be kept: {sentence}"):
        operations.keep_theirs("admin", cast.nas)
    assert asked() == []


@pytest.mark.parametrize(
    ("operation", "action"), [(operations.release_record, "release"), (operations.delete_from_dns, "delete")]
)
def test_only_what_is_ours_is_released_or_deleted(
    cast: Cast, operation: Callable[[str, ManagedRecord], SyncRequest], action: str
) -> None:
    request = operation("admin", cast.blog)
    assert (request.action, request.name, request.type) == (action, "blog.talos00", "A")
    with pytest.raises(ValidationError, match="is conflict and not ours"):
        operation("admin", cast.nas)


@pytest.mark.parametrize(
    ("operation", "status"), [(operations.approve_plan, "approved"), (operations.reject_plan, "rejected")]
)
def test_a_held_plan_is_decided_once(
    cast: Cast, operation: Callable[[str, HeldPlan], SyncRequest], status: str
) -> None:
    request = operation("admin", cast.plan)
    [waiting] = [item for item in DatabaseLedger().requests() if item.id == request.pk]
    assert DatabaseLedger().decide_hold(waiting, approve=status == "approved").number == 1
    cast.plan.refresh_from_db()
    assert (cast.plan.status, cast.plan.decided_by) == (status, "admin")
    with pytest.raises(ValidationError, match=f"is left to decide: admin {status} it"):
        operation("admin", cast.plan)


def test_a_block_is_made_once_and_removed_again() -> None:
    block = operations.block_name("admin", "Registry.talos00")
    assert operations.block_name("admin", "registry.talos00") == block
    assert [entry.action for entry in AuditEntry.objects.all()] == ["created"]
    assert (
        DatabaseLedger().zone("default", "talos00").entries(["registry.talos00"])["registry.talos00"][0].mode == "block"
    )
    operations.unblock_name("admin", "registry.talos00")
    assert not CustomEntry.objects.exists()
    with pytest.raises(ValidationError, match="is not blocked"):
        operations.unblock_name("admin", "registry.talos00")


def test_blocking_enables_a_disabled_block() -> None:
    operations.save_entry("admin", CustomEntry(name="x.talos00", mode="block", enabled=False), created=True)
    assert operations.block_name("admin", "x.talos00").enabled
    assert CustomEntry.objects.get().enabled


def test_a_saved_entry_leaves_an_audit_entry_and_wakes_the_syncer() -> None:
    made = made_entry("WWW.talos00", owner="web team")
    operations.save_entry("admin", made, created=True)
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
    assert asked() == [("sync", "talos00", "www.talos00")]


def test_a_renamed_entry_wakes_the_syncer_for_both_names() -> None:
    made = made_entry("old.talos00")
    operations.save_entry("admin", made, created=True)
    made.name, made.ttl = "new.talos00", 60
    operations.save_entry("admin", made, created=False)
    assert {name for _, _, name in asked()} == {"old.talos00", "new.talos00"}
    audit = last_audit()
    assert (audit.before or {})["ttl"] is None
    assert (audit.after or {})["ttl"] == 60
    assert audit.reason == "custom entry was old.talos00 A"


def test_a_bad_entry_leaves_nothing_behind() -> None:
    with pytest.raises(ValidationError) as caught:
        operations.save_entry("admin", made_entry("www.talos00", "A", "nonsense"), created=True)
    assert set(caught.value.message_dict) == {"values"}
    assert not CustomEntry.objects.exists()
    assert not AuditEntry.objects.exists()
    assert not SyncRequest.objects.exists()


def test_a_cname_entry_has_its_name_to_itself() -> None:
    CustomEntry.objects.create(name="www.talos00", type="A", values=["192.0.2.1"])
    alias = made_entry("WWW.talos00", "CNAME", "other.talos00")
    with pytest.raises(ValidationError, match="A CNAME"):
        operations.check_entry(alias)
    alias.enabled = False
    operations.check_entry(alias)
    assert alias.name == "www.talos00"


def test_nothing_is_beside_a_cname_entry_but_a_block() -> None:
    CustomEntry.objects.create(name="www.talos00", type="CNAME", values=["other.talos00"])
    with pytest.raises(ValidationError, match="has a CNAME entry"):
        operations.check_entry(made_entry("www.talos00", "TXT", "x"))
    operations.check_entry(CustomEntry(name="www.talos00", mode="block"))


def test_there_is_one_entry_for_a_name_and_type() -> None:
    CustomEntry.objects.create(name="www.talos00", type="A", values=["192.0.2.1"])
    with pytest.raises(operations.EntryExists, match=r"There is an entry for www\.talos00 A already"):
        operations.check_entry(made_entry("www.talos00.", "a", "192.0.2.2"))


@pytest.mark.parametrize("way", ["operations", "api", "api by name", "bulk", "admin"])
def test_an_entry_is_cleaned_once_on_its_way(way: str) -> None:
    user = User.objects.create(username="root", is_staff=True, is_superuser=True)
    fields: dict[str, Any] = {"name": "WWW.talos00", "type": "A", "values": ["192.0.2.50"]}
    api, admin = APIClient(), Client()
    api.force_login(user)
    admin.force_login(user)
    with Profile() as profile:
        match way:
            case "operations":
                operations.save_entry("admin", CustomEntry(**fields), created=True)
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
    operations.save_entry("admin", made, created=True)
    operations.delete_entry("admin", made)
    audit = last_audit()
    assert (audit.action, audit.after, (audit.before or {})["values"]) == ("deleted", None, ["192.0.2.50"])
    assert not CustomEntry.objects.exists()


def test_many_entries_are_created_with_few_queries(django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(34):
        made = operations.create_entries("token ci", [made_entry(f"h{number}.talos00") for number in range(1000)])
    assert len(made) == CustomEntry.objects.count() == AuditEntry.objects.filter(action="created").count() == 1000
    assert asked() == [("sync", "talos00", "")]


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
        operations.create_entries("admin", wrong)
    assert set(caught.value.message_dict) == {"1.values", "2.name", "3.name", "4.name", "5.type", "6.type"}
    assert CustomEntry.objects.count() == 1


def test_a_version_is_restored_as_an_override_with_what_it_left_behind(cast: Cast) -> None:
    restored = operations.restore_version("admin", cast.created)
    assert (restored.name, restored.type, restored.mode, restored.values, restored.ttl) == (
        "grafana.talos00",
        "A",
        "override",
        ["192.0.2.5"],
        300,
    )


def test_a_deletion_is_restored_as_what_it_removed(cast: Cast) -> None:
    assert operations.restore_version("admin", cast.deleted).values == ["192.0.2.4"]


def test_restoring_twice_changes_the_same_entry(cast: Cast) -> None:
    first = operations.restore_version("admin", cast.created)
    assert operations.restore_version("admin", cast.created) == first
    assert CustomEntry.objects.filter(name="grafana.talos00").count() == 1


def test_restoring_one_type_keeps_the_others_at_the_name(cast: Cast) -> None:
    ManagedRecord.objects.create(
        zone="talos00", name="grafana.talos00", type="AAAA", values=["2001:db8::5"], ttl=300, owned=True, state="synced"
    )
    operations.restore_version("admin", cast.created)
    kept = CustomEntry.objects.get(name="grafana.talos00", type="AAAA")
    assert (kept.mode, kept.values) == ("override", ["2001:db8::5"])


def test_what_is_refused_again_after_a_person_asked_is_told_again(cast: Cast) -> None:
    zone = DatabaseLedger().zone("default", "talos00")
    wanted = RRset("new.talos00", "A", 300, ("192.0.2.4",))
    change = Change(Op.CREATE, None, wanted, "")
    refused = AppliedChange(Decision(wanted.name, (wanted,)), Result(change, Outcome.REFUSED, "busy"))

    def count_failures() -> int:
        zone.record_pass([refused], [], "abc", "syncer")
        return AuditEntry.objects.filter(name=wanted.name, action="failed").count()

    assert [count_failures(), count_failures()] == [1, 1]
    operations.sync_now("ada", name="new.talos00")
    assert [count_failures(), count_failures()] == [2, 2]
    operations.sync_names("ada", ["new.talos00", "grafana.talos00"])
    assert [count_failures(), count_failures()] == [3, 3]
    there = {"ttl": 300, "values": ["192.0.2.66"], "marks": [""], "disabled": []}
    ManagedRecord.objects.filter(name=wanted.name).update(state="conflict", foreign=there)
    operations.replace_record("ada", ManagedRecord.objects.get(name=wanted.name))
    assert [count_failures(), count_failures()] == [4, 4]
    operations.sync_now("ada", name="other.talos00")
    operations.sync_now("ada", zone="talos00")
    assert count_failures() == 4, "another name, or all of them"


def test_a_blocked_name_or_an_audit_entry_without_values_cannot_be_restored(cast: Cast) -> None:
    operations.block_name("admin", "grafana.talos00")
    with pytest.raises(ValidationError, match="remove the block first"):
        operations.restore_version("admin", cast.created)
    with pytest.raises(ValidationError, match="no version"):
        operations.restore_version("admin", last_audit())


def test_history_is_neither_changed_nor_deleted(cast: Cast) -> None:
    history = AuditEntry.objects.all()
    attempts: list[Callable[[], object]] = [
        cast.created.save,
        cast.created.delete,
        history.delete,
        lambda: history.update(actor="nobody"),
        lambda: AuditEntry.objects.bulk_update([cast.created], ["actor"]),
        lambda: AuditEntry._base_manager.update(actor="nobody"),
        lambda: AuditEntry.objects.bulk_create([cast.created], update_conflicts=True),
    ]
    for attempt in attempts:
        with pytest.raises(AppendOnly):
            attempt()
    with pytest.raises(IntegrityError), transaction.atomic():
        AuditEntry(pk=cast.created.pk, actor="nobody").save()
    assert AuditEntry.objects.filter(actor="syncer").count() == 2


def test_retention_forgets_what_is_old_and_nothing_else(cast: Cast) -> None:
    AuditEntry.objects.create(actor="syncer", action="created", at=timezone.now() - timedelta(days=400))
    assert AuditEntry.objects.forget_before(timezone.now() - timedelta(days=365)) == 1
    assert AuditEntry.objects.count() == 2


def test_the_actors_name_outlives_the_user() -> None:
    person = User.objects.create_user("anna")
    operations.block_name(person.get_username(), "x.talos00")
    person.delete()
    assert last_audit().actor == "anna"
