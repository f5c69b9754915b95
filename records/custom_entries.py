"""What people do with custom entries: made, changed, switched, deleted, and names that are blocked.

Each is one transaction, is told in the history, and asks the syncer to look at the name. What makes no sense raises
``ValidationError`` with a sentence. ``actor`` is a text ("admin", "token ci") that outlives the user.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from django.core.exceptions import ValidationError

from records.audit import make_entry
from records.entry_targets import UNSAID, EntryTargets, find_entry
from records.entry_values import CleanEntry, clean_entry, explain_cname, managed_zones
from records.limits import split_keys
from records.locks import editing_entries
from records.models import AuditEntry, CustomEntry
from records.neighbours import Neighbours
from records.sync_requests import Place, read_name, request_sync
from syncer.core.claims import Mode
from syncer.core.names import zone_of

Action = AuditEntry.Action

ENTRY_FIELDS = ("ttl", "values", "mode", "enabled", "owner", "description")


class EntryExists(ValidationError):
    """There is another custom entry with this name and type."""


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
        request_sync(actor, {entry.name, old.name} if old else {entry.name})


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
        request_sync(actor, {name})


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
        request_sync(actor, {entry.name for entry in made})
    return made


def block_name(actor: str, name: str, target: str = UNSAID) -> CustomEntry:
    """Never publish the name on the target, or with "" on any. Blocking twice is harmless."""
    name, _ = read_name(name, managed_zones())
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
    name, _ = read_name(name, managed_zones())
    with editing_entries():
        targets = EntryTargets()
        blocks = list(CustomEntry.objects.filter(name=name, mode=Mode.BLOCK))
        entry = targets.pick(blocks, name, target)
        if entry is None and any(not block.target for block in blocks):
            raise ValidationError(f"{name} is blocked on each target by one entry: delete or change that one.")
        if entry is None:
            raise ValidationError(f"{name} is not blocked.")
        delete_entry(actor, entry)


def override_record(actor: str, place: Place, data: dict[str, Any], description: str) -> CustomEntry:
    target, _, name, kind = place
    entry = find_entry(name, kind, target)
    created = entry is None
    entry = entry or CustomEntry(target=target, name=name, type=kind, description=description)
    entry.values, entry.ttl = list(data["values"]), data.get("ttl")
    entry.mode, entry.enabled = Mode.OVERRIDE, True
    save_entry(actor, entry, created=created)
    return entry


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
