"""What the next full pass would change, if DNS holds what we last wrote: the engine's own decisions, on our memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import cast

from records.ledger import DatabaseLedger
from records.models import ManagedRecord, SourceName
from records.models import Source as SourceRow
from syncer.config import Config, HostsConfig, Managed
from syncer.core.plan import Change, Owned, RecordState
from syncer.core.rrsets import Found, Marker, RRset
from syncer.core.source import Ref, Source, Want
from syncer.kube.store import Store
from syncer.targets.base import Reading, Result, Target
from syncer.zone.apply import Reconciler
from syncer.zone.planning import ZoneView

Key = tuple[str, str]

SERIAL = 1
"""Of every zone: nothing has happened since."""


def next_changes(managed: Managed) -> dict[str, list[Change]]:
    """By zone, in the order in which they would be made. Writes nothing, asks nobody but the database.

    What somebody else did on the DNS server since the last pass is not in it, and neither are deletes that the guard
    would hold.
    """
    cluster = cast(Store, RememberedCluster())
    config = Config(managed, HostsConfig(""), dry_run=True)
    planned = {}
    for zone in managed.scope.zones:
        target = cast(Target, RememberedTarget(zone, managed))
        reconciler = Reconciler(config, target, DatabaseLedger(), cluster)
        strangers = ManagedRecord.objects.filter(zone=zone, state__in=[RecordState.FOREIGN, RecordState.CONFLICT])
        reconciler.views[zone] = ZoneView(SERIAL, set(strangers.order_by().values_list("name", flat=True)))
        planned[zone] = reconciler.full_pass(zone).planned
    return planned


class RememberedCluster:
    """The objects as the syncer last saw them. The Traefik Service is not among them: a new name that needs its address
    is not planned, and one that has it keeps it."""

    def __init__(self) -> None:
        self.by_name: dict[str, list[Source]] = {}
        wanted: dict[int, list[Want]] = {}
        mentions = SourceName.objects.filter(values__isnull=False).order_by("source", "position")
        for key, name, values in mentions.values_list("source", "name", "values").iterator():
            wanted.setdefault(key, []).append(Want(name, tuple(values or ())))
        columns = ("pk", "kind", "namespace", "name", "group", "created", "ttl", "priority")
        for key, *place, created, ttl, priority in SourceRow.objects.order_by().values_list(*columns).iterator():
            wants = tuple(wanted.get(key, ()))
            source = Source(Ref(*place), created=created, wants=wants, ttl=ttl, priority=priority)
            for want in wants:
                self.by_name.setdefault(want.name, []).append(source)

    def names(self) -> list[str]:
        return list(self.by_name)

    def claimants(self, name: str) -> tuple[Source, ...]:
        return tuple(self.by_name.get(name, ()))

    def source(self, ref: Ref) -> None:
        """The annotation about drift does not matter: DNS is taken to hold what we wrote."""

    def fallback(self) -> tuple[tuple[str, ...], str]:
        return (), ""


class RememberedTarget:
    """Holds what the ledger says that we wrote."""

    name = "ledger"
    keeps_ttl = True
    is_bulky = True
    is_ours_alone = False

    def __init__(self, zone: str, managed: Managed) -> None:
        self.zone = zone
        self.marker = Marker(managed.owner_id)
        skipped = ManagedRecord.objects.filter(zone=zone, state=RecordState.SKIPPED).order_by()
        self.refused: dict[Key, str] = {
            (name, kind): reason for name, kind, reason in skipped.values_list("name", "type", "reason")
        }

    def check(self) -> None: ...

    def serials(self) -> Mapping[str, int]:
        return {self.zone: SERIAL}

    def read(self, zone: str, names: Collection[str] | None = None) -> Reading:
        rows = DatabaseLedger().rows(zone, names or ())
        found = (self._found(row) for here in rows.values() for row in here.values())
        return Reading(zone, SERIAL, (item for item in found if item))

    def _found(self, row: Owned) -> Found | None:
        if row.owned:
            return Found(row.rrset, (self.marker.mark(row.origin),) * len(row.rrset.values))
        if row.state is RecordState.FOREIGN:
            return Found(row.rrset, ("",) * len(row.rrset.values))
        if row.state is RecordState.CONFLICT:  # somebody else's values are not written down, only that they are others
            return Found(replace(row.rrset, values=("somebody else's",)), ("",))
        return None

    def refuses(self, rrset: RRset) -> str:
        return self.refused.get((rrset.name, rrset.type), "")

    def apply(self, zone: str, changes: Sequence[Change]) -> Iterator[Result]:
        raise AssertionError("a plan is not applied")

    def lost_writes(self, zone: str) -> bool:
        return False

    def left_serial(self, zone: str) -> int | None:
        return SERIAL
