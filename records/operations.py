"""What a person can do. Each verb is one transaction; the syncer reads the request within a second and acts on it.

``actor`` is a text ("admin", "token ci") that outlives the user. A verb that makes no sense raises ``ValidationError``
with a sentence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from records.entry_values import TYPES, clean_entry, managed_zones
from records.findings import drift_fact
from records.models import (
    STANDING,
    AuditEntry,
    Bookmark,
    CustomEntry,
    DriftFinding,
    HeldPlan,
    ManagedRecord,
    SyncRequest,
    alone_problem,
)
from syncer.core.claims import Mode
from syncer.core.names import BadName, canonical, zone_of
from syncer.core.plan import RecordState

Action = SyncRequest.Action

FEW = 20
"""Names that are asked for one by one; more of them are a full pass of their zones, which costs no more."""

_gathered: ContextVar[set[str] | None] = ContextVar("names that wait for one_wake", default=None)

ENTRY_FIELDS = ("ttl", "values", "mode", "enabled", "owner", "description")


def sync_now(actor: str, zone: str = "", name: str = "") -> SyncRequest:
    """Compare one name, one zone, or everything with DNS."""
    zones = managed_zones()
    if name:
        name, zone = _managed(name)
    elif zone and zone not in zones:
        raise ValidationError(f"{zone} is no managed zone ({', '.join(sorted(zones))}).")
    return _ask(actor, Action.SYNC, zone=zone, name=name)


def sync_names(actor: str, names: Collection[str]) -> list[SyncRequest]:
    """Compare these names, or the zones that they lie in when there are many."""
    with transaction.atomic():
        return [_ask(actor, Action.SYNC, **what) for what in _places(names)]


def adopt(actor: str, record: ManagedRecord) -> SyncRequest:
    """Make ours what somebody else made at the record's name, and give it the values that are wanted."""
    if record.state not in (RecordState.FOREIGN, RecordState.CONFLICT):
        raise ValidationError(f"{record} is {record.state}: only foreign records and conflicts can be adopted.")
    return _ask_for(actor, Action.ADOPT, record)


def release(actor: str, record: ManagedRecord) -> SyncRequest:
    """Give up ownership; the DNS record stays. Where a claim still wants it, it shows as foreign from then on."""
    return _ask_for(actor, Action.RELEASE, _owned(record))


def delete_from_dns(actor: str, record: ManagedRecord) -> SyncRequest:
    """Take the record out of DNS. It comes back with the next full pass while a claim wants it: ``block`` prevents
    that."""
    return _ask_for(actor, Action.DELETE, _owned(record))


def approve(actor: str, plan: HeldPlan) -> SyncRequest:
    """Let the held deletes go."""
    return _decide(actor, Action.APPROVE, plan)


def reject(actor: str, plan: HeldPlan) -> SyncRequest:
    """Keep the records although nothing wants them any more."""
    return _decide(actor, Action.REJECT, plan)


def heal(actor: str, finding: DriftFinding) -> SyncRequest:
    """Put right what drifted: write what is wanted over what stands there, or delete what nobody wants."""
    if finding.status not in STANDING:
        raise ValidationError(f"This finding is {finding.status}: there is nothing left to put right.")
    place = {"zone": finding.zone, "name": finding.name, "type": finding.type}
    return _ask(actor, Action.HEAL, source=finding.origin, **place)


def accept(actor: str, finding: DriftFinding) -> DriftFinding:
    """Leave the drift as it is, also where drift is put right unasked, for as long as it stays the same."""
    with transaction.atomic():
        finding = DriftFinding.objects.select_for_update().get(pk=finding.pk)
        if finding.status != DriftFinding.Status.OPEN:
            raise ValidationError(f"This finding is {finding.status}: only an open one can be accepted.")
        finding.status, finding.decided_at, finding.decided_by = DriftFinding.Status.ACCEPTED, timezone.now(), actor
        finding.save()
        drift_fact(finding, actor, "accepted").save()
    return finding


def block(actor: str, name: str) -> CustomEntry:
    """Never publish the name. Blocking twice is harmless."""
    name, _ = _managed(name)
    with editing():
        entry = CustomEntry.objects.filter(name=name, type="").first()
        if entry is not None and entry.enabled:
            return entry
        created = entry is None
        entry = entry or CustomEntry(name=name, mode=Mode.BLOCK)
        entry.enabled = True
        save_entry(actor, entry, created=created)
    return entry


def unblock(actor: str, name: str) -> None:
    """Take the block off the name."""
    name, _ = _managed(name)
    with editing():
        entry = CustomEntry.objects.filter(name=name, mode=Mode.BLOCK).first()
        if entry is None:
            raise ValidationError(f"{name} is not blocked.")
        delete_entry(actor, entry)


def restore(actor: str, audit_entry: AuditEntry) -> CustomEntry:
    """Bring back what the fact left behind (of a delete: what it took away), as an override of every source.

    An override decides for its whole name, so what is published under its other types is written down with it.
    """
    fact = audit_entry
    version = fact.after or fact.before or {}
    if fact.type not in TYPES or not version.get("values"):
        raise ValidationError("This fact shows no version of a record that could be restored.")
    with editing():
        if CustomEntry.objects.filter(name=fact.name, mode=Mode.BLOCK, enabled=True).exists():
            raise ValidationError(f"{fact.name} is blocked: take the block off first.")
        entry = _override(actor, fact.name, fact.type, version, f"restored from {fact.at:%Y-%m-%d %H:%M:%S} UTC")
        for record in ManagedRecord.objects.filter(name=fact.name, owned=True).exclude(type__in=[fact.type, "CNAME"]):
            if fact.type != "CNAME" and record.type in TYPES:
                beside = {"ttl": record.ttl, "values": record.values}
                _override(actor, record.name, record.type, beside, f"kept beside a restored {fact.type}")
    return entry


def save_entry(actor: str, entry: CustomEntry, *, created: bool) -> None:
    """Validate and save. Raises ``ValidationError`` with sentences by field."""
    with editing():
        old = None if created else CustomEntry.objects.get(pk=entry.pk)
        entry.full_clean()
        entry.save(force_insert=created)
        _write_entry_fact(actor, "created" if created else "updated", old, entry)
        _wake(actor, {entry.name, old.name} if old else {entry.name})


def delete_entry(actor: str, entry: CustomEntry) -> None:
    with editing():
        _write_entry_fact(actor, "deleted", entry, None)
        name = entry.name
        entry.delete()
        _wake(actor, {name})


def create_entries(actor: str, entries: Sequence[CustomEntry]) -> list[CustomEntry]:
    """Create all or none, with a handful of queries. Raises ``ValidationError`` with sentences by "index.field"."""
    errors: dict[str, list[str]] = {}
    zones = managed_zones()
    for index, entry in enumerate(entries):
        try:
            clean = clean_entry(
                name=entry.name, type=entry.type, values=entry.values, ttl=entry.ttl, mode=entry.mode, zones=zones
            )
        except ValidationError as error:
            errors |= {f"{index}.{field}": texts for field, texts in error.message_dict.items()}
            continue
        entry.name, entry.type, entry.ttl, entry.mode = clean.name, clean.type, clean.ttl, clean.mode
        entry.values = list(clean.values)
    with editing():
        _check_together(entries, errors)
        if errors:
            raise ValidationError(errors)
        made = CustomEntry.objects.bulk_create(entries, batch_size=500)
        AuditEntry.objects.bulk_create((_entry_fact(actor, "created", None, entry) for entry in made), batch_size=500)
        _wake(actor, {entry.name for entry in made})
    return made


def _check_together(entries: Sequence[CustomEntry], errors: dict[str, list[str]]) -> None:
    """Two at one place, and a CNAME beside something, among the entries themselves and with those that exist."""
    places = Counter((entry.name, entry.type) for entry in entries)
    names = sorted({entry.name for entry in entries})
    standing: dict[str, dict[str, bool]] = {}
    for start in range(0, len(names), 500):
        rows = CustomEntry.objects.filter(name__in=names[start : start + 500]).order_by()
        for name, kind, enabled in rows.values_list("name", "type", "enabled"):
            standing.setdefault(name, {})[kind] = enabled
    beside: dict[str, set[str]] = {}
    for entry in entries:
        if entry.enabled:
            beside.setdefault(entry.name, set()).add(entry.type)
    for index, entry in enumerate(entries):
        here = standing.get(entry.name, {})
        if entry.type in here or places[entry.name, entry.type] > 1:
            errors.setdefault(f"{index}.name", []).append(f"There is more than one entry for {entry}.")
        others = {kind for kind, enabled in here.items() if enabled} | beside.get(entry.name, set())
        if entry.enabled and (problem := alone_problem(entry.type, others)):
            errors.setdefault(f"{index}.type", []).append(problem)


def _places(names: Collection[str]) -> list[dict[str, str]]:
    zones = managed_zones()
    if len(names) > FEW:
        touched = {zone_of(name, zones) or "" for name in names} - {""}
        return [{"zone": zone} for zone in sorted(touched)]
    return [{"zone": zone_of(name, zones) or "", "name": name} for name in sorted(names)]


@contextmanager
def editing() -> Iterator[None]:
    """A transaction in which nobody else edits custom entries: what is looked at first still holds when it is written.

    Rules go over several rows (a CNAME stands alone), so that locks of rows do not do.
    """
    with transaction.atomic():
        Bookmark.objects.select_for_update().get_or_create(name="custom entries")
        yield


@contextmanager
def one_wake(actor: str) -> Iterator[None]:
    """What is done to many entries within is one request, so that the syncer and its guard see it as one."""
    names: set[str] = set()
    with editing():
        token = _gathered.set(names)
        try:
            yield
        finally:
            _gathered.reset(token)
        if names:
            _wake(actor, names)


def _wake(actor: str, names: Collection[str]) -> None:
    """The syncer learns of changed entries by a request; their own facts tell the rest."""
    if (gathered := _gathered.get()) is not None:
        gathered.update(names)
        return
    SyncRequest.objects.bulk_create(
        SyncRequest(action=Action.SYNC, requested_by=actor, **what) for what in _places(names)
    )


def _override(actor: str, name: str, kind: str, version: dict[str, Any], description: str) -> CustomEntry:
    entry = CustomEntry.objects.filter(name=name, type=kind).first()
    created = entry is None
    entry = entry or CustomEntry(name=name, type=kind, description=description)
    entry.values, entry.ttl = list(version["values"]), version.get("ttl")
    entry.mode, entry.enabled = Mode.OVERRIDE, True
    save_entry(actor, entry, created=created)
    return entry


def _managed(name: str) -> tuple[str, str]:
    """The name as we spell it, and its zone."""
    zones = managed_zones()
    try:
        name = canonical(name, symbols=False)
    except BadName as error:
        raise ValidationError({"name": f"The name cannot be used: {error}."}) from error
    zone = zone_of(name, zones)
    if zone is None:
        raise ValidationError({"name": f"{name} is in no managed zone ({', '.join(sorted(zones))})."})
    return name, zone


def _owned(record: ManagedRecord) -> ManagedRecord:
    if not record.owned:
        raise ValidationError(f"{record} is {record.state} and not ours.")
    return record


def _decide(actor: str, action: SyncRequest.Action, plan: HeldPlan) -> SyncRequest:
    if plan.status != HeldPlan.Status.OPEN:
        raise ValidationError(f"This plan is {plan.status}: there is nothing left to decide.")
    return _ask(actor, action, zone=plan.zone, plan=plan, source=f"HeldPlan//{plan.pk}")


def _ask_for(actor: str, action: SyncRequest.Action, record: ManagedRecord) -> SyncRequest:
    return _ask(actor, action, zone=record.zone, name=record.name, type=record.type, source=record.origin)


def _ask(actor: str, action: SyncRequest.Action, *, source: str = "", **what: Any) -> SyncRequest:
    with transaction.atomic():
        request = SyncRequest.objects.create(action=action, requested_by=actor, **what)
        what.pop("plan", None)
        AuditEntry.objects.create(actor=actor, action="requested", source=source, reason=action.label, **what)
    return request


def _write_entry_fact(actor: str, action: str, before: CustomEntry | None, after: CustomEntry | None) -> None:
    _entry_fact(actor, action, before, after).save()


def _entry_fact(actor: str, action: str, before: CustomEntry | None, after: CustomEntry | None) -> AuditEntry:
    entry = after or before
    assert entry is not None
    return AuditEntry(
        actor=actor,
        action=action,
        zone=zone_of(entry.name, managed_zones()) or "",
        name=entry.name,
        type=entry.type,
        before=before and {field: getattr(before, field) for field in ENTRY_FIELDS},
        after=after and {field: getattr(after, field) for field in ENTRY_FIELDS},
        source=entry.origin,
        reason=f"custom entry was {before.name} {before.type}"
        if before and after and before.name != after.name
        else "",
    )
