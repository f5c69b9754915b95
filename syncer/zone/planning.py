"""What is to be done in a zone: the claims on its names against what the target holds and the ledger knows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby, islice
from typing import TypeVar

from syncer.config import Config
from syncer.core.claims import Decision, EntrySpec, Mode, decide
from syncer.core.compare import Rules, compare
from syncer.core.kinds import KINDS
from syncer.core.names import zone_of
from syncer.core.plan import NamePlan, Owned, RecordState, RRsetStatus
from syncer.core.rrsets import Found, Marker
from syncer.core.source import NORMAL, Ref
from syncer.core.sources import misplaced_cname
from syncer.kube.store import Store
from syncer.ledger import Key, Ledger
from syncer.targets.base import Target

T = TypeVar("T")

Types = Mapping[str, Collection[str]]
"""Record types by name."""

NO_TYPES: Types = {}

CHUNK = 250
"""Names that are compared at a time: what bounds the memory of a full pass, and the SQL parameters of a query."""


@dataclass(slots=True)
class ZoneView:
    """What we know of a zone without asking: as of ``serial``, what the ledger says, but for the names at which
    somebody else has records, and for two sets of names whose turn is still to come: those that are ``absent`` although
    the ledger has them, and those that are ``doubted``, because they hold something else. Good as long as the server
    shows that serial."""

    serial: int
    foreign: set[str]
    absent: set[str] = field(default_factory=set)
    doubted: set[str] = field(default_factory=set)


class Planner:
    """Reads and decides; writes nothing anywhere. ``views`` and ``rebuilding`` are the reconciler's to change."""

    def __init__(
        self,
        config: Config,
        target: Target,
        ledger: Ledger,
        cluster: Store,
        unread_kinds: Callable[[], Collection[str]],
    ) -> None:
        self.config = config
        self.target = target
        self.ledger = ledger
        self.cluster = cluster
        self.unread_kinds = unread_kinds
        self.marker = Marker(config.managed.owner_id)
        self.views: dict[str, ZoneView] = {}
        self.rebuilding: set[str] = set()
        self.losing: set[str] = set()
        """Zones of which the last reading showed that the server had lost writes of ours in a crash."""

    def names(self, zone: str) -> set[str]:
        zones = self.config.scope.zones
        wanted = (name for name in (*self.cluster.names(), *self.ledger.entry_names()) if zone_of(name, zones) == zone)
        return {*wanted, *self.ledger.names(zone)}

    def urgency(self, name: str) -> tuple[int, str]:
        """Sorts names by the highest priority of their claims."""
        return min((source.priority for source in self.cluster.claimants(name)), default=NORMAL), name

    def from_list(self, zone: str, missing: set[str]) -> Iterator[NamePlan]:
        """Compare a list of the whole zone with what is wanted or known there; takes what is listed off ``missing``."""
        foreign: set[str] = set()
        restarted = self.target.lost_writes(zone)
        reading = self.target.read(zone)
        self._judge(zone, reading.serial, restarted)

        def listed() -> Iterator[tuple[str, list[Found]]]:
            for name, group in groupby(reading.found, key=lambda item: item.rrset.name):
                found = list(group)
                if not all(self._all_ours(item) for item in found):
                    foreign.add(name)
                if name in missing or any(self.marker.owns(item) for item in found):
                    missing.discard(name)
                    yield name, found

        yield from self.compare_names(zone, listed(), foreign=foreign)
        if reading.serial is not None and not self.config.dry_run:
            self.views[zone] = ZoneView(reading.serial, foreign)

    def from_reading(self, zone: str, names: Collection[str], *, adopt: bool, heal: Types) -> Iterator[NamePlan]:
        """Compare with what the target holds at ``names`` now."""
        reading = self.target.read(zone, names)
        found = self.by_name(reading.found)
        self._judge(zone, reading.serial, self.target.lost_writes(zone))
        looked = ((name, found.get(name, [])) for name in sorted(names))
        return self.compare_names(zone, looked, adopt=adopt, heal=heal)

    def from_view(self, zone: str, names: Collection[str]) -> Iterator[NamePlan]:
        """Compare with what the ledger says that the target holds; ask only where that is not certain."""
        doubtful: list[str] = []
        yield from self.compare_names(zone, ((name, None) for name in sorted(names)), doubtful)
        if doubtful:
            found = self.by_name(self.target.read(zone, doubtful).found)
            yield from self.compare_names(zone, ((name, found.get(name, [])) for name in doubtful))

    def compare_names(
        self,
        zone: str,
        names: Iterable[tuple[str, list[Found] | None]],
        doubtful: list[str] | None = None,
        foreign: set[str] | None = None,
        adopt: bool = False,
        heal: Types = NO_TYPES,
    ) -> Iterator[NamePlan]:
        """Compare names with what was found there; None: with what the view of the zone says, or put it to the
        ``doubtful`` when that is not certain. Adds to ``foreign`` where something is not ours although it carries our
        mark: it was released, or copied.

        Of what was found, a plan comes also for the names where there is nothing to do, when drift is known there.
        """
        standing = self.ledger.drifting(zone)
        standing_names = {name for name, _ in standing}
        rules = self._rules(zone, standing)
        for chunk in chunks(names, CHUNK):
            keys = [name for name, _ in chunk]
            rows = self.ledger.rows(zone, keys)
            entries = self.ledger.entries(keys)
            back = self._come_back(zone, chunk, rows)
            for name, found in chunk:
                here = rows.get(name, {})
                if name in back:
                    here = {**here, **back[name]}
                decision = self._decide(zone, name, here, entries.get(name, []), rules, found or ())
                was_read = found is not None
                if found is None:
                    assert doubtful is not None
                    view = self.views[zone]
                    if self._is_doubtful(view, decision, here, rules):
                        doubtful.append(name)
                        continue
                    was_read = name in view.absent
                    found = [] if was_read else self._as_known(view, name, here)
                    if found is None:
                        continue
                plan = compare(decision, found, here, rules, adopt=adopt, heal=heal.get(name, ()))
                if foreign is not None and plan.strangers:
                    foreign.add(name)
                plan.verdicts = [verdict for verdict in plan.verdicts if _is_news(verdict, decision, here)]
                if plan.changes or plan.verdicts or plan.drifts or (was_read and name in standing_names):
                    yield plan

    def _come_back(
        self, zone: str, names: Iterable[tuple[str, list[Found] | None]], rows: Mapping[str, Mapping[str, Owned]]
    ) -> dict[str, dict[str, Owned]]:
        """What we deleted and stands there again with our mark: the server lost the delete in a crash."""
        strays = [
            item
            for name, found in names
            for item in found or ()
            if self.marker.owns(item) and not _owns(rows.get(name, {}), item)
        ]
        back: dict[str, dict[str, Owned]] = {}
        deleted = self.ledger.deleted(zone, {item.rrset.name for item in strays}) if strays else frozenset()
        for stray in strays:
            rrset = stray.rrset
            if (rrset.name, rrset.type) in deleted:
                origin = self.marker.origin(stray)
                known = Owned(rrset, True, RecordState.PENDING, "", origin, (origin,))
                back.setdefault(rrset.name, {})[rrset.type] = known
        return back

    def _decide(
        self,
        zone: str,
        name: str,
        rows: Mapping[str, Owned],
        entries: list[EntrySpec],
        rules: Rules,
        found: Iterable[Found],
    ) -> Decision:
        if zone_of(name, self.config.scope.zones) != zone:
            return Decision(name)
        remembered: dict[str, tuple[str, ...]] = {}
        for row in rows.values():
            if row.owned:
                for origin in row.claimants:
                    remembered[origin] = remembered.get(origin, ()) + row.rrset.values
        for item in found:
            if self.marker.owns(item) and not _owns(rows, item):
                # Of a lost database, or of an older backup: it is what its source published last.
                origin = self.marker.origin(item)
                remembered[origin] = remembered.get(origin, ()) + self.marker.own_values(item)
        fallback, _ = self.cluster.fallback()
        sources = self.cluster.claimants(name)
        decision = decide(
            name,
            sources,
            entries,
            default_ttl=self.config.scope.ttl,
            fallback=() if misplaced_cname(name, fallback, self.config.scope.zones) else fallback,
            remembered=remembered,
        )
        last = next((row for row in rows.values() if row.owned), None)
        if last is None:
            return decision
        wanted = {rrset.type for rrset in decision.rrsets}
        if not wanted.issuperset(rows):
            old = {kind: row.claimants for kind, row in rows.items() if row.owned and kind not in wanted}
            decision = replace(decision, by_type={**old, **decision.by_type})
        if not decision.claimants:
            return replace(decision, origin=last.origin, claimants=last.claimants)
        if rules.unread(last.claimants) and all(entry.mode is Mode.PUBLISH for entry in entries):
            seen = {str(source.ref) for source in sources}
            if not rules.unread([origin for origin in last.claimants if origin not in seen]):
                return decision
            # Who has the name cannot be read now: nobody else gets it for that.
            rrsets = tuple(row.rrset for row in rows.values() if row.owned)
            return replace(decision, rrsets=rrsets, origin=last.origin, claimants=last.claimants, losers=last.losers)
        return decision

    def _judge(self, zone: str, serial: int | None, restarted: bool) -> None:
        """Whether what is missing or changed in the zone is a hand's doing, or writes of ours that a crash undid."""
        if restarted or (serial is not None and serial < self.ledger.left_serial(zone)):
            self.losing.add(zone)
        else:
            self.losing.discard(zone)

    def _heals(self, origin: str) -> bool:
        """Whether drift at what this source or custom entry has is put right unasked."""
        if self.config.managed.auto_remediate or self.target.is_ours_alone:
            return True
        kind, _, place = origin.partition("/")
        namespace, _, name = place.partition("/")
        groups = {known.group for known in KINDS if known.kind == kind}
        sources = (self.cluster.source(Ref(kind, namespace, name, group)) for group in groups)
        return any(("auto-remediate", "true") in source.notes for source in sources if source)

    def _rules(self, zone: str, standing: Mapping[Key, bool]) -> Rules:
        unread = self.unread_kinds()
        return Rules(
            self.marker,
            policy=self.config.managed.policy(zone),
            keeps_ttl=self.target.keeps_ttl,
            adopt_identical=self.config.managed.adopt_identical,
            by_mark_alone=zone in self.rebuilding,
            refuses=self.target.refuses,
            unread=lambda claimants: any(claimant.partition("/")[0] in unread for claimant in claimants),
            heals=self._heals,
            accepted=frozenset(key for key, accepted in standing.items() if accepted),
            writes_lost=zone in self.losing,
        )

    def _all_ours(self, item: Found) -> bool:
        return all(self.marker.knows(mark) for mark in item.marks)

    def _is_doubtful(self, view: ZoneView, decision: Decision, rows: Mapping[str, Owned], rules: Rules) -> bool:
        """Whether only the target can say what stands at a name, or what is to be done about it."""
        name, drifted = decision.name, _has_drifted(rows)
        if name in view.doubted or not all(row.is_certain or row.state is RecordState.DRIFTED for row in rows.values()):
            return True
        if name in view.absent or not (drifted or name in view.foreign):
            return False
        open_drift = any(
            row.state is RecordState.DRIFTED and (name, kind) not in rules.accepted for kind, row in rows.items()
        )
        return not _is_settled(decision, rows) or (open_drift and rules.heals(decision.origin))

    def _as_known(self, view: ZoneView, name: str, rows: Mapping[str, Owned]) -> list[Found] | None:
        """What we wrote; None where that is not all that stands there, and nothing is to be done about it."""
        if _has_drifted(rows) or name in view.foreign:
            return None
        marks = ((row, self.marker.mark(row.origin)) for row in rows.values() if row.owned)
        return [Found(row.rrset, (mark,) * len(row.rrset.values)) for row, mark in marks]

    @staticmethod
    def by_name(found: Iterable[Found]) -> dict[str, list[Found]]:
        names: dict[str, list[Found]] = {}
        for item in found:
            names.setdefault(item.rrset.name, []).append(item)
        return names


def _has_drifted(rows: Mapping[str, Owned]) -> bool:
    return any(row.state is RecordState.DRIFTED for row in rows.values())


def _is_news(verdict: RRsetStatus, decision: Decision, rows: Mapping[str, Owned]) -> bool:
    """Whether the ledger does not say all this already."""
    known = rows.get(verdict.rrset.type)
    if verdict.state is None or known is None:
        return True
    said = Owned(
        verdict.rrset,
        verdict.owned,
        verdict.state,
        verdict.reason,
        decision.origin_of(verdict.rrset.type),
        decision.claimants_of(verdict.rrset.type),
        decision.losers,
    )
    return said != known


def _owns(rows: Mapping[str, Owned], item: Found) -> bool:
    known = rows.get(item.rrset.type)
    return known is not None and known.owned


def _is_settled(decision: Decision, rows: Mapping[str, Owned]) -> bool:
    """Whether the ledger already says all that can be said of this decision while the zone stays as it is."""
    calm = (RecordState.SYNCED, RecordState.DRIFTED, RecordState.FOREIGN, RecordState.CONFLICT, RecordState.SKIPPED)
    return {rrset.type for rrset in decision.rrsets} == set(rows) and all(
        rows[rrset.type].rrset == rrset
        and rows[rrset.type].state in calm
        and rows[rrset.type].claimants == decision.claimants_of(rrset.type)
        and rows[rrset.type].losers == decision.losers
        for rrset in decision.rrsets
    )


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
