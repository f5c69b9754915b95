"""A target under a new name takes over what is known of the one that it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db import models

from records.answer_models import RecordAnswer
from records.audit import SYNCER, Action, make_entry
from records.models import (
    CustomEntry,
    DeletedRRset,
    DriftFinding,
    HeldPlan,
    ManagedRecord,
    ManagedZone,
    MeasuredCount,
    Replacement,
    Source,
    SyncRequest,
    TargetStatus,
    WriteFreeze,
)
from syncer.ledger import TargetPlace

MOVED: tuple[type[models.Model], ...] = (
    *(ManagedRecord, ManagedZone, DeletedRRset, DriftFinding, HeldPlan),
    *(Replacement, SyncRequest, WriteFreeze, Source, RecordAnswer, MeasuredCount),
)
"""All that is of one target, but for the audit, which no one changes, and custom entries, which may be in the way."""

SEPARATOR = ", "
"""Between the addresses of ``TargetStatus.place``."""


def take_over_rows(targets: Sequence[TargetPlace]) -> list[str]:
    """See ``Ledger.take_over_rows``; in the transaction of the caller."""
    told: list[str] = []
    names = {target.name for target in targets}
    given: set[str] = set()
    for target in targets:
        before = target.was or _find_namesake(target, targets, names | given)
        if not before or before in names:
            continue
        if not _has_rows(before):
            if target.was and not _has_rows(target.name):
                told.append(f"target {target.name}: was: {before} names a target of which nothing is known")
        elif _has_rows(target.name):
            told.append(
                f"target {target.name} does not take over the records of {before}, because it has some of its own:"
                f" those of {before} stay as they are until they are released, or it is a target again"
            )
        else:
            given.add(before)
            told.append(_move_rows(before, target))
    return told


def _has_rows(target: str) -> bool:
    return any(model._default_manager.filter(target=target).exists() for model in (ManagedRecord, ManagedZone))


def _find_namesake(target: TargetPlace, targets: Sequence[TargetPlace], taken: set[str]) -> str:
    """Who had the same servers and zones, "" where that is none, or where another target has them, too."""
    place = target.kind, target.places, target.zones
    if _has_rows(target.name) or sum(place == (it.kind, it.places, it.zones) for it in targets) > 1:
        return ""
    found = [name for name, *there in _list_known() if there == list(place) and name not in taken]
    return found[0] if len(found) == 1 else ""


def _list_known() -> Iterator[tuple[str, str, frozenset[str], frozenset[str]]]:
    for row in TargetStatus.objects.all():
        yield row.name, row.kind, frozenset(row.place.split(SEPARATOR)), frozenset(row.zones)


def _move_rows(before: str, target: TargetPlace) -> str:
    owned = ManagedRecord.objects.filter(target=before, owned=True).count()
    for model in MOVED:
        model._default_manager.filter(target=before).update(target=target.name)
    entries = CustomEntry.objects.filter(target=before)
    taken = set(CustomEntry.objects.filter(target=target.name).values_list("name", "type"))
    free = [pk for pk, *place in entries.values_list("pk", "name", "type") if tuple(place) not in taken]
    CustomEntry.objects.filter(pk__in=free).update(target=target.name)
    TargetStatus.objects.filter(name=before).delete()
    told = f"the {owned} records of target {before} are those of {target.name} from now on"
    make_entry(Action.MOVED, SYNCER, target=target.name, reason=told).save()
    return told
