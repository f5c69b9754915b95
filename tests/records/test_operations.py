"""What a person can do, and what is written down about it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError

from records import custom_entries, operations
from records.ledger import DatabaseLedger
from records.models import CustomEntry, DriftFinding, HeldPlan, ManagedRecord, SyncRequest
from tests.records.cast import Cast, last_audit, list_asked, make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def test_drift_is_remediated_or_accepted_as_long_as_the_finding_is_open_or_accepted(cast: Cast) -> None:
    operations.remediate_drift("ada", cast.drift)
    assert list_asked() == [("remediate", "talos00", "mail.talos00")]
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
    assert list_asked() == [("adopt", "talos00", "nas.talos00")]
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
    assert list_asked() == []


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


def test_a_blocked_name_or_an_audit_entry_without_values_cannot_be_restored(cast: Cast) -> None:
    custom_entries.block_name("admin", "grafana.talos00")
    with pytest.raises(ValidationError, match="remove the block first"):
        operations.restore_version("admin", cast.created)
    with pytest.raises(ValidationError, match="no version"):
        operations.restore_version("admin", last_audit())
