"""What the next full pass would change, if DNS holds what we last wrote: the engine's own decisions, on our memory."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from django.db.models import QuerySet

from records.ledger import DatabaseLedger
from records.models import ManagedRecord
from records.remembered import RememberedClaims
from syncer.config import Managed
from syncer.core.claims import Unread
from syncer.core.known import KnownRRset, RecordState
from syncer.core.plan import Change, Guard, Key
from syncer.core.rrsets import Found, Marker, RRset
from syncer.ledger import ZoneLedger
from syncer.targets.base import Reading, Result, ServerReport
from syncer.zone.apply import sort_changes
from syncer.zone.guarding import DeleteGuard
from syncer.zone.planning import ZonePlanner
from syncer.zone.queue import ZoneQueue
from syncer.zone.view import ZoneView

SERIAL = 1
"""Of every zone: nothing has happened since."""


def plan_changes(target_name: str, managed: Managed) -> dict[str, list[Change]]:
    """On one target, by zone, in the order in which they would be made. Writes nothing, asks only the database.

    What someone else did on the DNS server since the last pass is not in it, and neither are deletes that the guard
    would hold.
    """
    claims = RememberedClaims(target_name)
    ledger = DatabaseLedger()
    planned = {}
    for name in managed.scope.zones:
        rows = ledger.zone(target_name, name)
        records = ManagedRecord.objects.filter(target=target_name, zone=name)
        target = RememberedTarget(name, records, rows, Marker(managed.owner_id))
        view = ZoneView()
        foreign = records.filter(state__in=[RecordState.FOREIGN, RecordState.CONFLICT])
        view.replace(SERIAL, set(foreign.order_by().values_list("name", flat=True)))
        planner = ZonePlanner(
            managed,
            target,
            target.zone(name),
            rows,
            claims,
            view,
            ZoneQueue(),
            find_unread=Unread,
            awaited_kinds=frozenset,
            beat=lambda: None,
        )
        plan = planner.plan_whole(limited=False)
        changes = [(name_plan.decision, change) for name_plan in plan.names for change in name_plan.changes]
        guard = DeleteGuard(Guard(managed.max_delete_ratio, managed.max_deletes_unguarded), rows, name, time.monotonic)
        allowed = guard.guard_changes(changes, whole=True, dry_run=True).changes
        planned[name] = [change for _, change in sort_changes(allowed)]
    return planned


class RememberedTarget:
    """Holds what the ledger says that we wrote in one zone: ``Target``."""

    kind = "ledger"
    keeps_ttl = True
    is_bulky = True
    paused = 0.0
    is_exclusive = False
    marks_origin = True
    warning = ""

    def __init__(self, name: str, records: QuerySet[ManagedRecord], rows: ZoneLedger, marker: Marker) -> None:
        self._name = name
        self._rows = rows
        self._marker = marker
        skipped = records.filter(state=RecordState.SKIPPED).order_by()
        self._refused: dict[Key, str] = {
            (name, kind): reason for name, kind, reason in skipped.values_list("name", "type", "reason")
        }

    def check(self) -> None: ...

    def close(self) -> None: ...

    def serials(self) -> Mapping[str, int]:
        return {self._name: SERIAL}

    def takes_together(self, rrset: RRset) -> bool:
        return True

    def refuses(self, rrset: RRset) -> str:
        return self._refused.get((rrset.name, rrset.type), "")

    def describe(self) -> ServerReport:
        return ServerReport(self._name)

    def zone(self, name: str) -> RememberedZone:
        return RememberedZone(name, self._rows, self._marker)


class RememberedZone:
    """``TargetZone``."""

    node = ""
    left_serial: int | None = SERIAL
    lost_writes = False

    def __init__(self, name: str, rows: ZoneLedger, marker: Marker) -> None:
        self.name = name
        self._rows = rows
        self._marker = marker

    def recall(self, node: str) -> None: ...

    def read(self, names: Collection[str] | None = None) -> Reading:
        rows = self._rows.rows(names or ())
        found = (self._found(row) for here in rows.values() for row in here.values())
        return Reading(SERIAL, (item for item in found if item))

    def _found(self, row: KnownRRset) -> Found | None:
        if row.owned:
            return Found(row.rrset, (self._marker.mark(row.origin),) * len(row.rrset.values))
        if row.state is RecordState.FOREIGN:
            return Found(row.rrset, ("",) * len(row.rrset.values))
        if row.state is RecordState.CONFLICT:  # the foreign values are not written down, only that they are others
            return Found(replace(row.rrset, values=("foreign",)), ("",))
        return None

    def apply(self, changes: Sequence[Change]) -> Iterator[Result]:
        raise AssertionError("a plan is not applied")
