"""What people ask for: one function for each button, used by the admin, the API and the commands.

Each is one transaction; the syncer reads the request within a second and acts on it. ``actor`` is a text ("admin",
"token ci") that outlives the user. What makes no sense raises ``ValidationError`` with a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from records.audit import make_entry
from records.entry_targets import UNSAID, EntryTargets, find_entry
from records.entry_values import CleanEntry, clean_entry, explain_cname, managed_zones
from records.findings import describe_finding
from records.freeze_models import REASON_LIMIT
from records.freezes import current_freezes, end_freeze, set_freeze
from records.limits import split_keys
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
from records.neighbours import Neighbours
from records.targets import choose_target, list_targets
from syncer.core.claims import Mode
from syncer.core.known import RecordState
from syncer.core.manifest import clip_text
from syncer.core.names import BadName, canonical, zone_of
from syncer.core.rdata import TYPES

Ask = SyncRequest.Action
Action = AuditEntry.Action

FEW = 20
"""Names that are asked for one by one; more of them are a full pass of their zones, which costs no more."""

HELD_BACK = frozenset({Ask.ADOPT, Ask.KEEP, Ask.UNDO, Ask.REMEDIATE, Ask.DELETE, Ask.REMOVE})
"""What would be a write to the target: refused while all writes are held, for who asks may think otherwise by then."""

LONGEST_FREEZE = timedelta(days=30)

ENTRY_FIELDS = ("ttl", "values", "mode", "enabled", "owner", "description")

_gathered: ContextVar[set[str] | None] = ContextVar("names that wait for the end of gather_requests", default=None)


Decide = Callable[[str, HeldPlan, Collection[RRsetKey] | None], SyncRequest]
"""``approve_plan`` or ``reject_plan``."""


class Place(NamedTuple):
    """Where the syncer is asked to look: "" for every target, zone, name or type."""

    target: str = ""
    zone: str = ""
    name: str = ""
    type: str = ""

    @classmethod
    def of_row(cls, row: ManagedRecord | DriftFinding) -> Place:
        return cls(row.target, row.zone, row.name, row.type)


class EntryExists(ValidationError):
    """There is another custom entry with this name and type."""


def sync_now(actor: str, zone: str = "", name: str = "", target: str = "") -> SyncRequest:
    """Compare one name, one zone, or everything with DNS; on one target, or on each."""
    zones = _list_zones(target)
    if name:
        name, zone = _read_name(name, zones)
    elif zone and zone not in zones:
        raise ValidationError(f"{zone} is no managed zone ({', '.join(sorted(zones))}).")
    return _ask_syncer(actor, Ask.SYNC, Place(target, zone, name))


def _list_zones(target: str) -> Collection[str]:
    """Of all targets for "". Raises ``ValidationError`` for one that is not in the settings."""
    if not target:
        return managed_zones()
    targets = list_targets()
    if target not in targets:
        raise ValidationError({"target": f"There is no target {clip_text(target)}: give one of {', '.join(targets)}."})
    return targets[target].scope.zones


def sync_names(actor: str, names: Collection[str]) -> list[SyncRequest]:
    """Compare these names, or the zones that they lie in when there are many."""
    with transaction.atomic():
        return [_ask_syncer(actor, Ask.SYNC, place) for place in _list_places(names)]


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
    return _ask_about(actor, Ask.ADOPT, record)


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
        _override_record(actor, Place.of_row(record), theirs, KEPT_BY_HAND)
        return _ask_about(actor, Ask.KEEP, record)


def show_undo(replacement: Replacement) -> Exchange:
    """What ``undo_replacement`` would change."""
    return Exchange(replacement.ours, replacement.theirs)


def undo_replacement(actor: str, replacement: Replacement) -> SyncRequest:
    """Put back what stood there before ``replace_record`` or ``keep_theirs``, comment included. The syncer refuses
    where someone has changed the record since."""
    if replacement.undone_at is not None:
        raise ValidationError(f"{replacement} was undone already, by {replacement.undone_by}.")
    place = Place(replacement.target, replacement.zone, replacement.name, replacement.type)
    return _ask_syncer(actor, Ask.UNDO, place, replacement=replacement, source=replacement.origin)


def find_replacement(record: ManagedRecord) -> Replacement:
    """The last one of this record that can be undone. Raises ``ValidationError``."""
    done = Replacement.objects.filter(target=record.target, zone=record.zone, name=record.name, type=record.type)
    replacement = done.filter(undone_at=None).first()
    if replacement is None:
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
    return _ask_about(actor, Ask.RELEASE, record)


def delete_from_dns(actor: str, record: ManagedRecord) -> SyncRequest:
    """Delete the record. It comes back with the next full pass while a claim wants it: ``block_name`` prevents that."""
    _check_ownership(record)
    return _ask_about(actor, Ask.DELETE, record)


def remove_kept(actor: str, record: ManagedRecord) -> SyncRequest:
    """End the time for which the record is kept. What its object asks for in its place is written; where that is
    nothing, it goes."""
    _check_ownership(record)
    if record.state != RecordState.KEPT:
        raise ValidationError(f"{record} is {record.state}: only what is kept can be removed in this way.")
    return _ask_about(actor, Ask.REMOVE, record)


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
    return _ask_about(actor, Ask.REMEDIATE, finding)


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


def hold_writes(
    actor: str, length: timedelta | None, zone: str = "", reason: str = "", target: str = ""
) -> WriteFreeze:
    """Write nothing to the zone, or with "" to any, for so long; None: until ``resume_writes``. The syncer obeys within
    about a second. It takes the place of what was set before for the same zone and target, or for all. ``target``: only
    there."""
    zones = _list_zones(target)
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


def block_name(actor: str, name: str, target: str = UNSAID) -> CustomEntry:
    """Never publish the name on the target, or with "" on any. Blocking twice is harmless."""
    name, _ = _read_name(name, managed_zones())
    with editing_entries():
        targets = EntryTargets()
        target = targets.settle(name, target)
        wanted = targets.find_covered(name, target)
        blocks = list(CustomEntry.objects.filter(name=name, type=""))
        there = (block for block in blocks if block.enabled and wanted <= targets.find_covered(name, block.target))
        if (block := next(there, None)) is not None:
            return block
        entry = targets.pick(blocks, name, target)
        created = entry is None
        entry = entry or CustomEntry(target=target, name=name, mode=Mode.BLOCK)
        entry.enabled = True
        save_entry(actor, entry, created=created)
    return entry


def unblock_name(actor: str, name: str, target: str = UNSAID) -> None:
    """Remove the block of the name on the target."""
    name, _ = _read_name(name, managed_zones())
    with editing_entries():
        targets = EntryTargets()
        blocks = list(CustomEntry.objects.filter(name=name, mode=Mode.BLOCK))
        entry = targets.pick(blocks, name, target)
        if entry is None and any(not block.target for block in blocks):
            raise ValidationError(f"{name} is blocked on each target by one entry: delete or change that one.")
        if entry is None:
            raise ValidationError(f"{name} is not blocked.")
        delete_entry(actor, entry)


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
        description = f"restored from {version.at:%Y-%m-%d %H:%M:%S} UTC"
        place = Place(target, version.zone, version.name, version.type)
        entry = _override_record(actor, place, data, description)
        others = ManagedRecord.objects.filter(target=target, name=version.name, owned=True)
        others = others.exclude(type__in=[version.type, "CNAME"])
        for record in others if version.type != "CNAME" else ():
            if record.type in TYPES:
                beside = {"ttl": record.ttl, "values": record.values}
                _override_record(actor, Place.of_row(record), beside, f"kept beside a restored {version.type}")
    return entry


def check_entry(entry: CustomEntry) -> None:
    """Bring the entry into the spelling of the engine, and see that it can be at its name.

    Raises ``ValidationError`` with sentences by field, ``EntryExists`` for a second one of its name and type. Hold
    ``editing_entries()`` from here to ``store_entry``, so that what is true here is still true there.
    """
    targets = EntryTargets()
    _take_clean(entry, managed_zones(), targets)
    entry.clean_fields()
    covered = targets.find_covered(entry.name, entry.target)
    others = CustomEntry.objects.filter(name=entry.name).exclude(pk=entry.pk)
    together = [other for other in others if covered & targets.find_covered(other.name, other.target)]
    if any(other.type == entry.type for other in together):
        raise EntryExists({"name": f"There is an entry for {entry} already: change that one."})
    if not entry.enabled:
        return
    beside = [other.type for other in together if other.enabled]
    if problem := explain_cname(entry.type, beside) or _explain_neighbours(entry, targets, covered):
        raise ValidationError({"type": problem})


def _explain_neighbours(entry: CustomEntry, targets: EntryTargets, covered: Collection[str]) -> str:
    replaced = list(CustomEntry.objects.filter(pk=entry.pk).values_list("name", "type", "target"))
    for target in sorted(covered):
        around = Neighbours({entry.name: [entry.type]}, targets.zones_of(target), replaced, target)
        if problem := around.explain(entry.name, entry.type):
            return problem
    return ""


def store_entry(actor: str, entry: CustomEntry, *, created: bool) -> None:
    """Save what ``check_entry`` has checked."""
    with editing_entries():
        old = None if created else CustomEntry.objects.get(pk=entry.pk)
        entry.save(force_insert=created)
        _describe_edit(actor, Action.CREATED if created else Action.UPDATED, old, entry).save()
        _request_sync(actor, {entry.name, old.name} if old else {entry.name})


def save_entry(actor: str, entry: CustomEntry, *, created: bool) -> None:
    """Check and save. Raises as ``check_entry`` does."""
    with editing_entries():
        check_entry(entry)
        store_entry(actor, entry, created=created)


def switch_entry(actor: str, entry: CustomEntry, *, enabled: bool) -> None:
    """Enable or disable the entry."""
    entry.enabled = enabled
    save_entry(actor, entry, created=False)


def delete_entry(actor: str, entry: CustomEntry) -> None:
    with editing_entries():
        _describe_edit(actor, Action.DELETED, entry, None).save()
        name = entry.name
        entry.delete()
        _request_sync(actor, {name})


def create_entries(actor: str, entries: Sequence[CustomEntry]) -> list[CustomEntry]:
    """Create all or none, with a handful of queries. Raises ``ValidationError`` with sentences by "index.field"."""
    errors: dict[str, list[str]] = {}
    zones, targets = managed_zones(), EntryTargets()
    for index, entry in enumerate(entries):
        try:
            _take_clean(entry, zones, targets)
        except ValidationError as error:
            errors |= {f"{index}.{field}": texts for field, texts in error.message_dict.items()}
    with editing_entries():
        _check_together(entries, targets, errors)
        if errors:
            raise ValidationError(errors)
        made = CustomEntry.objects.bulk_create(entries, batch_size=500)
        edits = (_describe_edit(actor, Action.CREATED, None, entry) for entry in made)
        AuditEntry.objects.bulk_create(edits, batch_size=500)
        _request_sync(actor, {entry.name for entry in made})
    return made


def _take_clean(entry: CustomEntry, zones: Collection[str], targets: EntryTargets) -> None:
    clean: CleanEntry = clean_entry(
        name=entry.name, type=entry.type, values=entry.values, ttl=entry.ttl, mode=entry.mode, zones=zones
    )
    entry.name, entry.type, entry.ttl, entry.mode = clean.name, clean.type, clean.ttl, clean.mode
    entry.values = list(clean.values)
    entry.target = targets.settle(entry.name, entry.target)


def _check_together(entries: Sequence[CustomEntry], targets: EntryTargets, errors: dict[str, list[str]]) -> None:
    """Two of one name, type and target, and a CNAME beside something, among the entries and with those that exist."""
    given, existing = _group_names(entries), _group_names(_find_entries({entry.name for entry in entries}))
    around: dict[str, Neighbours] = {}
    for index, entry in enumerate(entries):
        covered = targets.find_covered(entry.name, entry.target)
        here = _pick_covering(existing.get(entry.name, ()), targets, covered)
        beside = [other for other in _pick_covering(given[entry.name], targets, covered) if other is not entry]
        if any(other.type == entry.type for other in here):
            problem = f"There is an entry for {entry} already: change that one, and leave this one out."
            errors.setdefault(f"{index}.name", []).append(problem)
        elif any(other.type == entry.type for other in beside):
            errors.setdefault(f"{index}.name", []).append(f"{entry} is given more than once: leave all but one out.")
        if not entry.enabled:
            continue
        for target in covered - around.keys():
            around[target] = _look_around(entries, targets, target)
        problem = explain_cname(entry.type, [other.type for other in (*here, *beside) if other.enabled])
        reasons = (around[target].explain(entry.name, entry.type) for target in sorted(covered))
        if problem := problem or next(filter(None, reasons), ""):
            errors.setdefault(f"{index}.type", []).append(problem)


def _group_names(entries: Iterable[CustomEntry]) -> dict[str, list[CustomEntry]]:
    by_name: dict[str, list[CustomEntry]] = {}
    for entry in entries:
        by_name.setdefault(entry.name, []).append(entry)
    return by_name


def _find_entries(names: Collection[str]) -> Iterator[CustomEntry]:
    columns = ("name", "type", "target", "enabled")
    for some in split_keys(names):
        yield from CustomEntry.objects.filter(name__in=some).order_by().only(*columns)


def _pick_covering(
    entries: Iterable[CustomEntry], targets: EntryTargets, covered: Collection[str]
) -> list[CustomEntry]:
    """Those on one of these targets, or on several."""
    return [entry for entry in entries if not targets.find_covered(entry.name, entry.target).isdisjoint(covered)]


def _look_around(entries: Iterable[CustomEntry], targets: EntryTargets, target: str) -> Neighbours:
    there = [entry for entry in _pick_covering(entries, targets, [target]) if entry.enabled]
    saved = {name: {entry.type for entry in same} for name, same in _group_names(there).items()}
    return Neighbours(saved, targets.zones_of(target), target=target)


def _override_record(actor: str, place: Place, data: dict[str, Any], description: str) -> CustomEntry:
    target, _, name, kind = place
    entry = find_entry(name, kind, target)
    created = entry is None
    entry = entry or CustomEntry(target=target, name=name, type=kind, description=description)
    entry.values, entry.ttl = list(data["values"]), data.get("ttl")
    entry.mode, entry.enabled = Mode.OVERRIDE, True
    save_entry(actor, entry, created=created)
    return entry


def _describe_edit(
    actor: str, action: AuditEntry.Action, before: CustomEntry | None, after: CustomEntry | None
) -> AuditEntry:
    entry = after or before
    assert entry is not None
    moved = before and after and (before.name, before.target) != (after.name, after.target)
    return make_entry(
        action,
        actor,
        target=entry.target,
        zone=zone_of(entry.name, managed_zones()) or "",
        name=entry.name,
        kind=entry.type,
        before={field: getattr(before, field) for field in ENTRY_FIELDS} if before else None,
        after={field: getattr(after, field) for field in ENTRY_FIELDS} if after else None,
        source=entry.origin,
        reason=f"custom entry was {_describe_place(before)}" if before and moved else "",
    )


def _describe_place(entry: CustomEntry) -> str:
    return f"{entry.name} {entry.type}{f' on {entry.target}' if entry.target else ''}"


@contextmanager
def gather_requests(actor: str) -> Iterator[None]:
    """What is done to many entries within is one request, so that the syncer and its guard see it as one change."""
    names: set[str] = set()
    with editing_entries():
        token = _gathered.set(names)
        try:
            yield
        finally:
            _gathered.reset(token)
        if names:
            _request_sync(actor, names)


def _request_sync(actor: str, names: Collection[str]) -> None:
    """The syncer learns of edited entries by a request; the audit entry of the edit tells the rest."""
    if (gathered := _gathered.get()) is not None:
        gathered.update(names)
        return
    SyncRequest.objects.bulk_create(
        SyncRequest(action=Ask.SYNC, requested_by=actor, **place._asdict()) for place in _list_places(names)
    )


def _list_places(names: Collection[str]) -> list[Place]:
    zones = managed_zones()
    if len(names) > FEW:
        touched = {zone_of(name, zones) or "" for name in names} - {""}
        return [Place(zone=zone) for zone in sorted(touched)]
    return [Place(zone=zone_of(name, zones) or "", name=name) for name in sorted(names)]


def _read_name(text: str, zones: Collection[str]) -> tuple[str, str]:
    """The name in the spelling of the engine, and its zone."""
    try:
        name = canonical(text, symbols=False)
    except BadName as error:
        raise ValidationError({"name": f"The name cannot be used: {error}."}) from error
    zone = zone_of(name, zones)
    if zone is None:
        raise ValidationError({"name": f"{name} is in no managed zone ({', '.join(sorted(zones))})."})
    return name, zone


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
    return _ask_syncer(actor, action, place, plan=plan, deletes=chosen, source=str(plan.origin))


def _find_held(plan: HeldPlan, deletes: Collection[RRsetKey]) -> list[int]:
    """The rows of these deletes."""
    if not deletes:
        raise ValidationError("Nothing is chosen: at least one of the deletes is needed.")
    held = {row.key: row.pk for row in plan.deletes.only("plan", "name", "type")}
    if absent := sorted(set(deletes).difference(held)):
        names = ", ".join(" ".join(key) for key in absent[:3]) + (" and more" if len(absent) > 3 else "")
        raise ValidationError(f"Held plan {plan.pk} does not hold {names}: look at it again.")
    return sorted(held[key] for key in deletes)


def _ask_about(actor: str, action: Ask, row: ManagedRecord | DriftFinding) -> SyncRequest:
    return _ask_syncer(actor, action, Place.of_row(row), source=row.origin)


def _ask_syncer(
    actor: str,
    action: Ask,
    place: Place,
    *,
    plan: HeldPlan | None = None,
    deletes: list[int] | None = None,
    replacement: Replacement | None = None,
    source: str = "",
) -> SyncRequest:
    target, zone, name, kind = place
    if action in HELD_BACK:
        _refuse_while_frozen(place)
    asked = make_entry(
        Action.REQUESTED, actor, target=target, zone=zone, name=name, kind=kind, source=source, reason=action.label
    )
    with transaction.atomic():
        request = SyncRequest.objects.create(
            action=action,
            requested_by=actor,
            plan=plan,
            deletes=deletes,
            replacement=replacement,
            **place._asdict(),
        )
        asked.save()
        _expect_answer(place)
    return request


def _refuse_while_frozen(place: Place) -> None:
    for row in current_freezes():
        if row.target in ("", place.target) and row.freeze.covers(place.zone):
            sentence = str(row.freeze)
            raise ValidationError(f"{sentence[0].upper()}{sentence[1:]}: ask again after that, or resume writes first.")


def _expect_answer(place: Place) -> None:
    """What is refused again after a person asked for it is told again, although it was told before."""
    if place.name:
        columns = {column: value for column, value in place._asdict().items() if value}
        ManagedRecord.objects.filter(**columns, refusal__isnull=False).update(refusal=None)
