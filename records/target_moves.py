"""A target under a new name takes over what is known of the one that it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db import models
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from records.answer_models import RecordAnswer
from records.audit import SYNCER, Action, make_entry
from records.glance import Glance, Prepared
from records.limits import split_keys
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

_IN_USE = Prepared(lambda: TargetStatus.objects.filter(in_use=True).order_by().values_list("name"))
_MANAGED = Prepared(lambda: ManagedZone.objects.order_by().values_list("target").distinct())
_RECORDS = Glance(lambda target: ManagedRecord.objects.filter(target=target))
_ZONES = Glance(lambda target: ManagedZone.objects.filter(target=target))


def take_over_rows(targets: Sequence[TargetPlace]) -> list[str]:
    """See ``Ledger.take_over_rows``; in the transaction of the caller."""
    told: list[str] = []
    names = {target.name for target in targets}
    taken = names | {target.was for target in targets}
    only = _find_only()
    for target in targets:
        before = _find_former(target, taken)
        if not before or before in names:
            continue
        if _has_rows(target.name):
            if _has_rows(before):
                told.append(
                    f"target {target.name} does not take over the records of {before}, because it has some of its own:"
                    f" those of {before} stay as they are until they are released, or it is a target again"
                )
        elif _has_rows(before) or CustomEntry.objects.filter(target=before).exists():
            told.append(_move_rows(before, target.name))
            only = target.name if only == before else only
        elif target.was:
            told.append(f"target {target.name}: was: {before} names a target of which nothing is known")
    return [*told, *_keep_entries(only, targets)]


def list_former(targets: Sequence[TargetPlace]) -> dict[str, str]:
    """By target the one whose rows ``take_over_rows`` would move."""
    names = {target.name for target in targets}
    taken = names | {target.was for target in targets}
    former = {target.name: _find_former(target, taken) for target in targets}
    return {
        name: before
        for name, before in former.items()
        if before and before not in names and not _has_rows(name) and _has_rows(before)
    }


def _find_former(target: TargetPlace, taken: set[str]) -> str:
    return target.was or _find_namesake(target, taken)


def _find_only() -> str:
    """The only target that there was at the last start, "" where there were none or several."""
    names = {name for (name,) in _IN_USE.read_rows() or _MANAGED.read_rows()}
    return names.pop() if len(names) == 1 else ""


def _keep_entries(only: str, targets: Sequence[TargetPlace]) -> Iterator[str]:
    """Where there was one target, entries name none; beside others they stay on it, and do not become public."""
    place = next((target for target in targets if target.name == only), None)
    if place is None or len(targets) < 2:
        return
    inside = models.Q(pk__in=[])
    for zone in place.zones:
        inside |= models.Q(name=zone) | models.Q(name__endswith=f".{zone}")
    taken = set(CustomEntry.objects.filter(target=only).values_list("name", "type"))
    entries = CustomEntry.objects.filter(inside, target="").values_list("pk", "name", "type")
    free = [pk for pk, *key in entries if tuple(key) not in taken]
    if not free:
        return
    for keys in split_keys(free):
        CustomEntry.objects.filter(pk__in=keys).update(target=only)
    told = f"the {len(free)} custom entries of before are for {only} alone, which was the only target"
    make_entry(Action.MOVED, SYNCER, target=only, reason=told).save()
    yield told


def _has_rows(target: str) -> bool:
    return any(glance.has_rows(target) for glance in (_RECORDS, _ZONES))


def _find_namesake(target: TargetPlace, taken: set[str]) -> str:
    """Who had the same servers and zones, which no other target of the settings has; "" where that is none, or where
    it may be one of several."""
    if _has_rows(target.name):
        return ""
    place = [target.kind, target.places, target.zones]
    found = [name for name, *there in _list_known() if there == place and name not in taken]
    return found[0] if len(found) == 1 else ""


def _list_known() -> Iterator[tuple[str, str, frozenset[str], frozenset[str]]]:
    for row in TargetStatus.objects.all():
        yield row.name, row.kind, frozenset(row.places), frozenset(row.zones)


def _move_rows(before: str, after: str) -> str:
    owned = ManagedRecord.objects.filter(target=before, owned=True).count()
    _clear_way(before, after)
    for model in MOVED:
        model._default_manager.filter(target=before).update(target=after)
    here = CustomEntry.objects.filter(target=after, name=OuterRef("name"), type=OuterRef("type"))
    CustomEntry.objects.filter(~Exists(here), target=before).update(target=after)
    TargetStatus.objects.filter(name=before).delete()
    told = f"the {owned} records of target {before} are those of {after} from now on"
    if left := CustomEntry.objects.filter(target=before).count():
        told += f"; {left} custom entries stay with {before}, because {after} has its own at their names"
    make_entry(Action.MOVED, SYNCER, target=after, reason=told).save()
    return told


def _clear_way(before: str, after: str) -> None:
    """Of the target under its new name there may be something already, where it never got as far as a pass: what
    objects ask for there, which is read anew; minutes in which both were measured; and holds on writes, of which a
    zone has one: it keeps that of the new name."""
    for chunk in split_keys(list(Source.objects.filter(target=after).values_list("pk", flat=True))):
        Source.objects.filter(pk__in=chunk).delete()
    same = {field: OuterRef(field) for field in ("at", "subject", "zone")}
    there = MeasuredCount.objects.filter(target=before, **same)
    MeasuredCount.objects.filter(Exists(there), target=after).delete()
    here = WriteFreeze.objects.filter(target=after, zone=OuterRef("zone"), ended_at=None)
    doubled = WriteFreeze.objects.filter(Exists(here), target=before, ended_at=None)
    doubled.update(ended_at=Now(), ended_by=SYNCER)
