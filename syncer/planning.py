"""What is to be done in a zone: the claims on its names against what the target holds and the ledger knows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby, islice
from typing import TypeVar

from syncer.config import Config
from syncer.core.claims import Decision, Entry, Mode, decide
from syncer.core.cluster import Cluster
from syncer.core.names import zone_of
from syncer.core.plan import NamePlan, Owned, Rules, State, Verdict, compare
from syncer.core.rrsets import Found, Marker
from syncer.core.source import NORMAL
from syncer.core.sources import misplaced_cname
from syncer.ledger import Ledger
from syncer.targets.base import Target

T = TypeVar("T")

CHUNK = 250
"""Names that are compared at a time: what bounds the memory of a full pass, and the SQL parameters of a query."""


@dataclass(slots=True)
class ZoneView:
    """What we know of a zone without asking: as of ``serial``, what the ledger says, plus the names at which somebody
    else has records. Good as long as the server shows that serial."""

    serial: int
    foreign: set[str]


class Planner:
    """Reads and decides; writes nothing anywhere. ``views`` and ``rebuilding`` are the reconciler's to change."""

    def __init__(
        self,
        config: Config,
        target: Target,
        ledger: Ledger,
        cluster: Cluster,
        unread_kinds: Callable[[], Collection[str]],
    ) -> None:
        self.config = config
        self.target = target
        self.ledger = ledger
        self.cluster = cluster
        self.unread_kinds = unread_kinds
        self.marker = Marker(config.owner_id)
        self.views: dict[str, ZoneView] = {}
        self.rebuilding: set[str] = set()

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
        reading = self.target.read(zone)

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
    ) -> Iterator[NamePlan]:
        """Compare names with what was found there; None: with what the view of the zone says, or put it to the
        ``doubtful`` when that is not certain. Adds to ``foreign`` where something is not ours although it carries our
        mark: it was released, or copied."""
        rules = self._rules(zone)
        for chunk in chunks(names, CHUNK):
            keys = [name for name, _ in chunk]
            rows = self.ledger.rows(zone, keys)
            entries = self.ledger.entries(keys)
            back = self._come_back(zone, chunk, rows)
            for name, found in chunk:
                here = rows.get(name, {})
                if name in back:
                    here = {**here, **back[name]}
                decision = self._decide(zone, name, here, entries.get(name, []), rules)
                if found is None:
                    assert doubtful is not None
                    if not all(row.is_certain for row in here.values()):
                        doubtful.append(name)
                        continue
                    if name in self.views[zone].foreign:
                        if not _is_settled(decision, here):
                            doubtful.append(name)
                        continue
                    found = [self._as_written(row) for row in here.values() if row.owned]
                plan = compare(decision, found, here, rules, adopt=adopt)
                if foreign is not None and plan.strangers:
                    foreign.add(name)
                plan.verdicts = [verdict for verdict in plan.verdicts if _is_news(verdict, decision, here)]
                if plan.changes or plan.verdicts:
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
        for rrset, marks, _ in strays:
            if (rrset.name, rrset.type) in deleted:
                origin = next(self.marker.source_of(mark) for mark in marks if self.marker.knows(mark))
                known = Owned(rrset, True, State.PENDING, "", origin, (origin,))
                back.setdefault(rrset.name, {})[rrset.type] = known
        return back

    def _decide(self, zone: str, name: str, rows: Mapping[str, Owned], entries: list[Entry], rules: Rules) -> Decision:
        if zone_of(name, self.config.scope.zones) != zone:
            return Decision(name)
        remembered: dict[str, tuple[str, ...]] = {}
        for row in rows.values():
            if row.owned:
                for origin in row.claimants:
                    remembered[origin] = remembered.get(origin, ()) + row.rrset.values
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

    def _rules(self, zone: str) -> Rules:
        unread = self.unread_kinds()
        return Rules(
            self.marker,
            policy=self.config.policy(zone),
            keeps_ttl=self.target.keeps_ttl,
            adopt_identical=self.config.adopt_identical,
            by_mark_alone=zone in self.rebuilding,
            refuses=self.target.refuses,
            unread=lambda claimants: any(claimant.partition("/")[0] in unread for claimant in claimants),
        )

    def _all_ours(self, item: Found) -> bool:
        return all(self.marker.knows(mark) for mark in item.marks)

    def _as_written(self, row: Owned) -> Found:
        return Found(row.rrset, (self.marker.mark(row.origin),) * len(row.rrset.values))

    @staticmethod
    def by_name(found: Iterable[Found]) -> dict[str, list[Found]]:
        names: dict[str, list[Found]] = {}
        for item in found:
            names.setdefault(item.rrset.name, []).append(item)
        return names


def _is_news(verdict: Verdict, decision: Decision, rows: Mapping[str, Owned]) -> bool:
    """Whether the ledger does not say all this already."""
    known = rows.get(verdict.rrset.type)
    if verdict.state is None or known is None:
        return True
    said = Owned(
        verdict.rrset,
        verdict.owned,
        verdict.state,
        verdict.reason,
        decision.origin,
        decision.claimants,
        decision.losers,
    )
    return said != known


def _owns(rows: Mapping[str, Owned], item: Found) -> bool:
    known = rows.get(item.rrset.type)
    return known is not None and known.owned


def _is_settled(decision: Decision, rows: Mapping[str, Owned]) -> bool:
    """Whether the ledger already says all that can be said of this decision while the zone stays as it is."""
    calm = (State.SYNCED, State.FOREIGN, State.CONFLICT, State.SKIPPED)
    return {rrset.type for rrset in decision.rrsets} == set(rows) and all(
        rows[rrset.type].rrset == rrset
        and rows[rrset.type].state in calm
        and rows[rrset.type].claimants == decision.claimants
        and rows[rrset.type].losers == decision.losers
        for rrset in decision.rrsets
    )


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
