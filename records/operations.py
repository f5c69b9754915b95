"""What people ask for about records, plans and drift: one function for each button, used by the admin, the API and the
commands. Those about custom entries are in ``records.custom_entries``.

Each is one transaction; the syncer reads the request within a second and acts on it. ``actor`` is a text ("admin",
"token ci") that outlives the user. What makes no sense raises ``ValidationError`` with a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from records.custom_entries import override_record
from records.findings import describe_finding
from records.freeze_models import REASON_LIMIT
from records.freezes import end_freeze, set_freeze
from records.locks import editing_entries, exclude_writers
from records.models import (
    KEPT_BY_HAND,
    AuditEntry,
    CustomEntry,
    DriftFinding,
    HeldPlan,
    ManagedRecord,
    Replacement,
    RRsetKey,
    SyncRequest,
    WriteFreeze,
)
from records.sync_requests import Ask, Place, list_zones, request_about, request_action
from records.targets import choose_target
from syncer.core.claims import Mode
from syncer.core.known import RecordState
from syncer.core.rdata import TYPES

Action = AuditEntry.Action

RESTORED = "restored from"
"""How the description of a custom entry begins that brought back an earlier version."""

LONGEST_FREEZE = timedelta(days=30)

Decide = Callable[[str, HeldPlan, Collection[RRsetKey] | None], SyncRequest]
"""``approve_plan`` or ``reject_plan``."""


class Exchange(NamedTuple):
    """What an operation changes in DNS: {"ttl": seconds, "values": [...]} before and after. What stood there before
    carries ``marks`` and the values that are ``disabled`` as well."""

    before: dict[str, Any] | None
    after: dict[str, Any]


def show_replacement(record: ManagedRecord) -> Exchange:
    """What ``replace_record`` would change."""
    return Exchange(record.foreign, record.data)


def show_keeping(record: ManagedRecord) -> Exchange:
    """What ``keep_theirs`` would change: our mark, and that every value is enabled."""
    theirs = _read_foreign(record)
    return Exchange(record.foreign, {"ttl": theirs["ttl"], "values": theirs["values"]})


def replace_record(actor: str, record: ManagedRecord) -> SyncRequest:
    """Make the foreign record at the name ours, and give it the values that are wanted. ``undo_replacement`` puts back
    what stood there."""
    if record.state not in (RecordState.FOREIGN, RecordState.CONFLICT):
        raise ValidationError(f"{record} is {record.state}: only foreign records and conflicts can be replaced.")
    _refuse_other_type(record, "replaced")
    return request_about(actor, Ask.ADOPT, record)


def keep_theirs(actor: str, record: ManagedRecord) -> SyncRequest:
    """Take over the foreign record at the name with its own values, all enabled, as an override of every claim."""
    theirs = _read_foreign(record)
    if record.type not in TYPES:
        raise ValidationError(f"A custom entry cannot hold {record.type}: it can only be replaced.")
    with editing_entries():
        entries = CustomEntry.objects.filter(name=record.name, type=record.type, target__in=("", record.target))
        if entry := entries.first():
            raise ValidationError(
                f"There is a custom entry for {record} already, {entry.mode}: change or delete that one."
            )
        override_record(actor, Place.of_row(record), theirs, KEPT_BY_HAND)
        return request_about(actor, Ask.KEEP, record)


def show_undo(replacement: Replacement) -> Exchange:
    """What ``undo_replacement`` would change."""
    return Exchange(replacement.ours, replacement.theirs)


def undo_replacement(actor: str, replacement: Replacement) -> SyncRequest:
    """Put back what stood there before ``replace_record`` or ``keep_theirs``, comment included. The syncer refuses
    where someone has changed the record since."""
    if replacement.undone_at is not None:
        raise ValidationError(f"{replacement} was undone already, by {replacement.undone_by}.")
    place = Place(replacement.target, replacement.zone, replacement.name, replacement.type)
    return request_action(actor, Ask.UNDO, place, replacement=replacement, source=replacement.origin)


def find_replacement(record: ManagedRecord) -> Replacement:
    """The last one of this record that can be undone. Raises ``ValidationError``."""
    done = Replacement.objects.filter(target=record.target, zone=record.zone, name=record.name, type=record.type)
    replacement = done.filter(undone_at=None).first()
    if replacement is None:
        asked = SyncRequest.objects.filter(**Place.of_row(record)._asdict(), action__in=(Ask.ADOPT, Ask.KEEP))
        if asked.filter(done_at=None).exists():
            raise ValidationError(f"{record} is not replaced yet: try again in a moment.")
        raise ValidationError(f"{record} replaced nothing that could be put back.")
    return replacement


def _read_foreign(record: ManagedRecord) -> dict[str, Any]:
    if record.state not in (RecordState.FOREIGN, RecordState.CONFLICT):
        raise ValidationError(f"{record} is {record.state}: only what someone else has there can be kept.")
    _refuse_other_type(record, "kept")
    return dict(record.foreign or {})


def _refuse_other_type(record: ManagedRecord, done: str) -> None:
    """What is in the way is of a type that the name cannot have beside ours."""
    if not record.foreign:
        raise ValidationError(f"{record} cannot be {done}: {record.reason}. Delete that one on the server first.")


def release_record(actor: str, record: ManagedRecord) -> SyncRequest:
    """Give up ownership; the DNS record stays. Where a claim still wants it, it shows as foreign from then on."""
    _check_ownership(record)
    return request_about(actor, Ask.RELEASE, record)


def delete_from_dns(actor: str, record: ManagedRecord) -> SyncRequest:
    """Delete the record. It comes back with the next full pass while a claim wants it: ``block_name`` prevents that."""
    _check_ownership(record)
    return request_about(actor, Ask.DELETE, record)


def remove_kept(actor: str, record: ManagedRecord) -> SyncRequest:
    """End the time for which the record is kept. What its object asks for in its place is written; where that is
    nothing, it goes."""
    _check_ownership(record)
    if record.state != RecordState.KEPT:
        raise ValidationError(f"{record} is {record.state}: only what is kept can be removed in this way.")
    return request_about(actor, Ask.REMOVE, record)


def approve_plan(actor: str, plan: HeldPlan, deletes: Collection[RRsetKey] | None = None) -> SyncRequest:
    """Let the held deletes happen, or only these of them; the rest stays held."""
    return _decide_plan(actor, Ask.APPROVE, plan, deletes)


def reject_plan(actor: str, plan: HeldPlan, deletes: Collection[RRsetKey] | None = None) -> SyncRequest:
    """Keep the records, or only these of them, although nothing wants them any more."""
    return _decide_plan(actor, Ask.REJECT, plan, deletes)


def remediate_drift(actor: str, finding: DriftFinding) -> SyncRequest:
    """Write what the claims ask for over what DNS holds now, or delete what nothing wants."""
    if not finding.is_current:
        raise ValidationError(f"This finding is {finding.status}: there is nothing left to remediate.")
    return request_about(actor, Ask.REMEDIATE, finding)


def accept_drift(actor: str, finding: DriftFinding) -> DriftFinding:
    """Leave the drift as it is, even where drift is remediated without asking, until it changes again."""
    with transaction.atomic():
        finding = DriftFinding.objects.select_for_update().get(pk=finding.pk)
        if finding.status != DriftFinding.Status.OPEN:
            raise ValidationError(f"This finding is {finding.status}: only an open one can be accepted.")
        finding.status, finding.decided_at, finding.decided_by = DriftFinding.Status.ACCEPTED, timezone.now(), actor
        finding.save()
        describe_finding(finding, actor, Action.ACCEPTED).save()
    return finding


def reopen_drift(actor: str, finding: DriftFinding) -> DriftFinding:
    """Take back that it was accepted: it waits for someone again, or is remediated where nobody is asked."""
    with transaction.atomic():
        finding = DriftFinding.objects.select_for_update().get(pk=finding.pk)
        if finding.status != DriftFinding.Status.ACCEPTED:
            raise ValidationError(f"This finding is {finding.status}: only an accepted one can be opened again.")
        finding.status, finding.decided_at, finding.decided_by = DriftFinding.Status.OPEN, None, ""
        finding.save()
        request_about(actor, Ask.SYNC, finding)
    return finding


def hold_writes(
    actor: str, length: timedelta | None, zone: str = "", reason: str = "", target: str = ""
) -> WriteFreeze:
    """Write nothing to the zone, or with "" to any, for so long; None: until ``resume_writes``. The syncer obeys within
    about a second. It takes the place of what was set before for the same zone and target, or for all. ``target``: only
    there."""
    zones = list_zones(target)
    if zone and zone not in zones:
        raise ValidationError({"zone": f"{zone} is no managed zone ({', '.join(sorted(zones))})."})
    if length is not None and not timedelta(minutes=1) <= length <= LONGEST_FREEZE:
        raise ValidationError({"minutes": f"Give 1 to {LONGEST_FREEZE // timedelta(minutes=1)} minutes, or no end."})
    reason = reason.strip()
    if len(reason) > REASON_LIMIT:
        raise ValidationError({"reason": f"Give a reason of at most {REASON_LIMIT} characters; it has {len(reason)}."})
    with transaction.atomic():
        exclude_writers(WriteFreeze)
        return set_freeze(actor, zone, length, reason, target)


def resume_writes(actor: str, freeze: WriteFreeze) -> None:
    """End it: what has waited is compared and written, as one plan."""
    with transaction.atomic():
        exclude_writers(WriteFreeze)
        if not end_freeze(actor, freeze):
            raise ValidationError(f"The {freeze} has ended already.")


def show_restored(version: AuditEntry) -> Exchange:
    """What ``restore_version`` would change."""
    now = ManagedRecord.objects.filter(
        target=version.target or choose_target(version.name), name=version.name, type=version.type, owned=True
    ).first()
    return Exchange(now.data if now else None, version.after or version.before or {})


def restore_version(actor: str, version: AuditEntry) -> CustomEntry:
    """Bring back what the audit entry left behind (of a delete: what it removed), as an override of every source.

    An override decides for its whole name, so what is published under its other types becomes an override too.
    """
    data = version.after or version.before or {}
    if version.type not in TYPES or not data.get("values"):
        raise ValidationError("This audit entry shows no version of a record that could be restored.")
    target = version.target or choose_target(version.name)
    with editing_entries():
        blocks = CustomEntry.objects.filter(name=version.name, mode=Mode.BLOCK, enabled=True)
        if blocks.filter(target__in=("", target)).exists():
            raise ValidationError(f"{version.name} is blocked: remove the block first.")
        description = f"{RESTORED} {version.at:%Y-%m-%d %H:%M:%S} UTC"
        place = Place(target, version.zone, version.name, version.type)
        entry = override_record(actor, place, data, description)
        others = ManagedRecord.objects.filter(target=target, name=version.name, owned=True)
        others = others.exclude(type__in=[version.type, "CNAME"])
        for record in others if version.type != "CNAME" else ():
            if record.type in TYPES:
                beside = {"ttl": record.ttl, "values": record.values}
                override_record(actor, Place.of_row(record), beside, f"kept beside a restored {version.type}")
    return entry


def _check_ownership(record: ManagedRecord) -> None:
    if not record.owned:
        raise ValidationError(f"{record} is {record.state} and not ours.")


def _decide_plan(actor: str, action: Ask, plan: HeldPlan, deletes: Collection[RRsetKey] | None) -> SyncRequest:
    if plan.is_gathering:
        raise ValidationError(f"Held plan {plan.pk} cannot be decided yet: {plan.describe_end()}.")
    if not plan.is_open:
        raise ValidationError(f"Nothing of held plan {plan.pk} is left to decide: {plan.describe_end()}.")
    chosen = None if deletes is None else _find_held(plan, deletes)
    place = Place(plan.target, plan.zone)
    return request_action(actor, action, place, plan=plan, deletes=chosen, source=str(plan.origin))


def _find_held(plan: HeldPlan, deletes: Collection[RRsetKey]) -> list[int]:
    """The rows of these deletes."""
    if not deletes:
        raise ValidationError("Nothing is chosen: at least one of the deletes is needed.")
    held = {row.key: row.pk for row in plan.deletes.only("plan", "name", "type")}
    if absent := sorted(set(deletes).difference(held)):
        names = ", ".join(" ".join(key) for key in absent[:3]) + (" and more" if len(absent) > 3 else "")
        raise ValidationError(f"Held plan {plan.pk} does not hold {names}: look at it again.")
    return sorted(held[key] for key in deletes)
