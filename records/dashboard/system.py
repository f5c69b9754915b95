"""The parts of the system: targets and their zones, the watches, the syncer, and what waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Count, Max, Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from records.explain import OFF_STATES
from records.models import ManagedRecord, ManagedZone, SyncRequest, SyncStatus, TargetStatus
from records.targets import list_targets
from syncer.core.known import RecordState

WAITING = 50
"""Requests, and records on the way, that are shown."""
LATE = timedelta(seconds=90)
WATCH_TONES: Mapping[str, str] = {"watching": "good", "not installed": "quiet", "starting": "busy"}


NOTHING: Mapping[str, Any] = {}


class ZoneRow(NamedTuple):
    """``problem`` is "" where there is none; ``is_managed``: it is in the settings, and on the target that is written
    to."""

    target: str
    zone: str
    is_managed: bool
    problem: str
    serial: int
    node: str
    policy: str
    owned: int = 0
    foreign: int = 0
    conflicts: int = 0
    off: int = 0
    changed_at: datetime | None = None
    notes: Sequence[str] = ()


class WatchRow(NamedTuple):
    kind: str
    state: str
    tone: str
    reason: str
    objects: int
    heard_at: datetime | None

    @property
    def is_late(self) -> bool:
        """An API server sends a bookmark about once a minute."""
        return self.heard_at is not None and timezone.now() - self.heard_at > LATE


def list_zones(status: SyncStatus | None) -> list[ZoneRow]:
    """Those that are managed, and those of which something is left. In three questions."""
    known = {(row.target, row.zone): row for row in ManagedZone.objects.all()}
    counted = ManagedRecord.objects.order_by().values("target", "zone")
    counts: dict[tuple[str, str], Mapping[str, Any]] = {
        (row["target"], row["zone"]): row
        for row in counted.annotate(
            owned_count=Count("id", filter=Q(owned=True)),
            foreign_count=Count("id", filter=Q(state=RecordState.FOREIGN)),
            conflict_count=Count("id", filter=Q(state=RecordState.CONFLICT)),
            off_count=Count("id", filter=Q(state__in=OFF_STATES)),
            last=Max("changed_at"),
        )
    }
    targets = list_targets(status)
    managed = [(target, zone) for target, settings in targets.items() for zone in settings.scope.zones]
    places = dict.fromkeys([*managed, *sorted(known.keys() | counts.keys())])
    problems = {(row.name, zone): problem for row in TargetStatus.objects.all() for zone, problem in row.zones.items()}
    rows = []
    for place in places:
        row, count = known.get(place), counts.get(place, NOTHING)
        is_managed = place in managed
        rows.append(
            ZoneRow(
                *place,
                is_managed,
                problems.get(place, "") if is_managed else "",
                row.serial if row else 0,
                row.node if row else "",
                targets[place[0]].policy(place[1]).value if is_managed else "",
                count.get("owned_count", 0),
                count.get("foreign_count", 0),
                count.get("conflict_count", 0),
                count.get("off_count", 0),
                count.get("last"),
                list(_note_zone(row, is_managed)),
            )
        )
    return rows


def _note_zone(row: ManagedZone | None, is_managed: bool) -> list[str]:
    notes = [] if is_managed else ["not managed any more: its records stay as they are, or can be released"]
    if row is None:
        return notes
    if row.is_rebuilding:
        notes.append("what is ours there is being read from the marks")
    if row.is_unmarked:
        notes.append("it lost our marks, which are being written again")
    if row.wildcards:
        notes.append(f"foreign wildcards: {', '.join(row.wildcards[:5])}")
    if row.delegations:
        notes.append(f"delegations: {', '.join(row.delegations[:5])}")
    return notes


def list_watches(status: SyncStatus | None) -> list[WatchRow]:
    return [
        WatchRow(
            f"{kind['kind']}.{kind['group']}" if kind["group"] else kind["kind"],
            kind["state"],
            WATCH_TONES.get(kind["state"], "bad"),
            kind["reason"],
            kind["objects"],
            parse_datetime(kind.get("heard") or ""),
        )
        for kind in (status.kinds if status else ())
    ]


def list_waiting() -> dict[str, Any]:
    """What the syncer has not answered, and what is on its way to DNS, the oldest first."""
    requests = SyncRequest.objects.filter(done_at=None).order_by("id")
    on_the_way = ManagedRecord.objects.filter(state=RecordState.PENDING).order_by("changed_at", "id")
    return {"requests": list(requests[:WAITING]), "on_the_way": list(on_the_way[:WAITING])}
