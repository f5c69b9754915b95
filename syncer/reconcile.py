"""One pass over a zone: read, plan, refuse or apply, tell the ledger."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, islice
from typing import TypeVar

from syncer import metrics
from syncer.config import Config
from syncer.core.claims import Decision, Entry, Mode, decide
from syncer.core.cluster import Cluster
from syncer.core.names import zone_of
from syncer.core.plan import Change, Guard, NamePlan, Op, Owned, Rules, State, Verdict, compare, losses
from syncer.core.rrsets import Found, Marker
from syncer.core.sources import misplaced_cname
from syncer.errors import TargetRefused
from syncer.ledger import Done, Key, Ledger, Stands
from syncer.targets.base import Outcome, Result, Target

log = logging.getLogger(__name__)

T = TypeVar("T")

CHUNK = 250
"""Names that are compared at a time: what bounds the memory of a full pass, and the SQL parameters of a query."""

BATCH = 250
"""Changes between two commits of the ledger, and RRsets in one import."""

DELETES = 20
"""Deletes of one turn: they go one by one, and at ten requests a second a thousand would hold up a new name."""

SLICE = 250
"""Names whose plans stand in memory at a time, where no list of the zone is open."""

DELETES_BESIDE = 5
"""The same, when other changes wait behind them."""

FEW = 8
"""Up to so many names are read one by one after a foreign write, instead of waiting for a list of the zone."""

BLOW = 60.0
"""Seconds. Deletes that come within this time count as one blow for the guard."""


@dataclass(slots=True)
class ZoneView:
    """What we know of a zone without asking: as of ``serial``, what the ledger says, plus the names at which somebody
    else has records. Good as long as the server shows that serial."""

    serial: int
    foreign: set[str]


@dataclass(slots=True)
class Outcomes:
    """What a pass did. ``retry`` holds the names to try again by the clock, ``later`` those that had no turn yet."""

    changed: int = 0
    planned: list[Change] = field(default_factory=list)
    held: int = 0
    retry: set[str] = field(default_factory=set)
    later: set[str] = field(default_factory=set)

    def __iadd__(self, other: Outcomes) -> Outcomes:
        self.changed += other.changed
        self.planned += other.planned
        self.held = max(self.held, other.held)
        self.retry |= other.retry
        self.later |= other.later
        return self


class Reconciler:
    """Brings one target in line with the claims. Not thread-safe: only the loop's thread calls it."""

    def __init__(
        self,
        config: Config,
        target: Target,
        ledger: Ledger,
        cluster: Cluster,
        unread_kinds: Callable[[], Collection[str]] = frozenset,
        stopping: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.config = config
        self.target = target
        self.ledger = ledger
        self.cluster = cluster
        self.unread_kinds = unread_kinds
        self.stopping = stopping
        self.clock = clock
        self.marker = Marker(config.owner_id)
        self.guard = Guard(config.max_delete_ratio, config.max_deletes_unguarded)
        self.views: dict[str, ZoneView] = {}
        self.recent_deletes: dict[str, dict[Key, float]] = {zone: {} for zone in config.scope.zones}
        self.rebuilding: set[str] = set()

    def rebuild(self, *zones: str) -> None:
        """Take every RRset with our mark for ours, in the next full pass of ``zones`` (none given: of all)."""
        for zone in zones or self.config.scope.zones:
            self.rebuilding.add(zone)
            self.views.pop(zone, None)

    def is_stale(self, zone: str, serial: int | None) -> bool:
        """Whether the zone must be listed: somebody else wrote, the server lost writes, or we never read it."""
        view = self.views.get(zone)
        return view is None or view.serial != serial

    def full_pass(self, zone: str) -> Outcomes:
        """Compare everything in ``zone``; without a list where the serial stands as our own last write left it."""
        serials = self.target.serials()
        if zone not in self.rebuilding and serials is not None and not self.is_stale(zone, serials.get(zone)):
            return self._carry_out(zone, list(self._plan_from_view(zone, self._names(zone))), complete=True)
        missing = self._names(zone)
        plans = list(self._plan_from_list(zone, missing))
        if zone in self.rebuilding:
            self._take_over(zone, plans)
        outcomes = self._carry_out(zone, plans, complete=True)
        self.rebuilding.discard(zone)
        for chunk in _chunks(sorted(missing), SLICE):  # in slices: a new zone may have ten thousand of them
            if self.stopping():
                break
            outcomes += self._carry_out(zone, list(self._plan(zone, ((name, []) for name in chunk))))
        return outcomes

    def pass_for(self, zone: str, names: Collection[str], *, adopt: bool = False, actor: str = "syncer") -> Outcomes:
        """Compare only ``names``."""
        serials = self.target.serials() if zone in self.views else None
        if adopt or serials is None or self.is_stale(zone, serials.get(zone)):
            if serials is not None and len(names) > FEW and not adopt:
                return self.full_pass(zone)
            found = self._group(self.target.read(zone, names).found)
            plans = self._plan(zone, ((name, found.get(name, [])) for name in sorted(names)), adopt=adopt)
            return self._carry_out(zone, list(plans), actor=actor)
        return self._carry_out(zone, list(self._plan_from_view(zone, names)), actor=actor)

    def delete(self, zone: str, names: Collection[str], kind: str, actor: str) -> Outcomes:
        """Take what is ours at ``names`` out of DNS, because a person said so: no guard, no policy.

        It comes back with the next pass when a claim still wants it.
        """
        found = self._group(self.target.read(zone, names).found)
        rows = self.ledger.rows(zone, names)
        plans = []
        for name in names:
            decision = Decision(name)
            changes = [
                Change(Op.DELETE, item, None, "")
                for item in found.get(name, ())
                if self.marker.owns(item)
                and kind in ("", item.rrset.type)
                and (known := rows.get(name, {}).get(item.rrset.type))
                and known.owned
            ]
            plans.append(NamePlan(decision, changes))
        outcomes = Outcomes()
        self._apply(zone, [(plan.decision, change) for plan in plans for change in plan.changes], [], outcomes, actor)
        return outcomes

    # What is to be done

    def _names(self, zone: str) -> set[str]:
        zones = self.config.scope.zones
        wanted = (name for name in (*self.cluster.names(), *self.ledger.entry_names()) if zone_of(name, zones) == zone)
        return {*wanted, *self.ledger.names(zone)}

    def _plan_from_list(self, zone: str, missing: set[str]) -> Iterator[NamePlan]:
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

        yield from self._plan(zone, listed(), foreign=foreign)
        if reading.serial is not None:
            self.views[zone] = ZoneView(reading.serial, foreign)

    def _plan_from_view(self, zone: str, names: Collection[str]) -> Iterator[NamePlan]:
        """Compare with what the ledger says that the target holds; ask only where that is not certain."""
        doubtful: list[str] = []
        yield from self._plan(zone, ((name, None) for name in sorted(names)), doubtful)
        if doubtful:
            found = self._group(self.target.read(zone, doubtful).found)
            yield from self._plan(zone, ((name, found.get(name, [])) for name in doubtful))

    def _plan(
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
        for chunk in _chunks(names, CHUNK):
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
    def _group(found: Iterable[Found]) -> dict[str, list[Found]]:
        names: dict[str, list[Found]] = {}
        for item in found:
            names.setdefault(item.rrset.name, []).append(item)
        return names

    # Doing it

    def _take_over(self, zone: str, plans: Sequence[NamePlan]) -> None:
        """Write down what a rebuild takes for ours before anything is done: the guard counts it, and nothing is
        orphaned that has its turn later."""
        if self.config.dry_run:
            return
        stands = [Stands(plan.decision, verdict) for plan in plans for verdict in plan.verdicts]
        for plan in plans:
            plan.verdicts.clear()
            for change in plan.changes:
                if change.before and not change.adopts:
                    verdict = Verdict(change.before.rrset, State.PENDING, "found by its mark", owned=True)
                    stands.append(Stands(plan.decision, verdict))
        if stands:
            self.ledger.record(zone, [], stands, uuid.uuid4().hex[:12], "syncer")

    def _carry_out(
        self, zone: str, plans: Sequence[NamePlan], *, complete: bool = False, actor: str = "syncer"
    ) -> Outcomes:
        changes = [(plan.decision, change) for plan in plans for change in plan.changes]
        stands = [Stands(plan.decision, verdict) for plan in plans for verdict in plan.verdicts]
        outcomes = Outcomes()
        changes = self._pass_guard(zone, changes, stands, outcomes, complete)
        changes.sort(key=_order({change.name for _, change in changes if change.op is Op.DELETE}))
        if self.config.dry_run:
            outcomes.planned = [change for _, change in changes]
            return outcomes
        deletes = [pair for pair in changes if pair[1].op is Op.DELETE]
        turn = DELETES_BESIDE if len(deletes) < len(changes) else DELETES
        if len(deletes) > turn:
            outcomes.later = {change.name for _, change in deletes[turn:]}
            changes = [pair for pair in changes if pair[1].name not in outcomes.later]
        self._apply(zone, changes, stands, outcomes, actor)
        return outcomes

    def _pass_guard(
        self,
        zone: str,
        changes: list[tuple[Decision, Change]],
        stands: list[Stands],
        outcomes: Outcomes,
        complete: bool,
    ) -> list[tuple[Decision, Change]]:
        """Take out the deletes that a person must decide; ``complete`` when the plan covers the whole zone."""
        lost = {change.key for change in losses([change for _, change in changes])}
        holds = self.ledger.holds(zone)
        asked = lost - holds.approved - holds.rejected
        waiting = frozenset() if complete else holds.open - lost
        refusal = ""
        if asked:
            lately = self._deleted_lately(zone) - asked - waiting
            rows = self.ledger.rows(zone, {name for name, _ in lately})
            gone = sum(kind not in rows.get(name, {}) for name, kind in lately)
            deletes, owned = len(asked | waiting | lately), self.ledger.owned_count(zone) + gone
            refusal = self.guard.refuses(deletes, owned)
            if not refusal:
                self.recent_deletes[zone].update(dict.fromkeys(asked, self.clock()))
        stopped = dict.fromkeys(lost & holds.rejected, (State.KEPT, "a person rejected its deletion"))
        outcomes.held = len(asked | waiting) if refusal else len(waiting)
        if refusal:
            stopped |= dict.fromkeys(asked, (State.HELD, refusal))
        if not self.config.dry_run and (refusal or (holds.open and (complete or lost & holds.open))):
            if refusal and asked - holds.open:
                advice = "look at them, then approve them with runsyncer --approve-deletes"
                log.warning("Deletes held: %s; %s", refusal, advice, extra={"zone": zone, "deletes": outcomes.held})
            self.ledger.hold(zone, asked | waiting if refusal else waiting, refusal)
        going = []
        for decision, change in changes:
            if change.key not in stopped or change.op is not Op.DELETE:
                going.append((decision, change))
                continue
            assert change.before is not None
            state, reason = stopped[change.key]
            verdict = Verdict(change.before.rrset, state, reason, owned=True)
            known = self.ledger.rows(zone, [change.name]).get(change.name, {}).get(change.key[1])
            if known is None or (known.state, known.reason) != (state, reason):
                stands.append(Stands(decision, verdict))
        return going

    def _deleted_lately(self, zone: str) -> set[Key]:
        """What went unasked within the last minute: many small plans are one blow, too."""
        since = self.clock() - BLOW
        self.recent_deletes[zone] = {key: at for key, at in self.recent_deletes[zone].items() if at > since}
        return set(self.recent_deletes[zone])

    def _apply(
        self,
        zone: str,
        changes: list[tuple[Decision, Change]],
        stands: list[Stands],
        outcomes: Outcomes,
        actor: str,
    ) -> None:
        correlation = uuid.uuid4().hex[:12]
        if stands:
            self.ledger.record(zone, [], stands, correlation, actor)
        for batch in _chunks(changes, BATCH):
            self.ledger.claim(zone, batch, correlation)
            decisions = {(*change.key, change.op): decision for decision, change in batch}
            done: list[Done] = []
            try:
                for result in self.target.apply(zone, [change for _, change in batch]):
                    done.append(Done(decisions.pop((*result.change.key, result.change.op)), result))
                    if self.stopping():
                        break
            except TargetRefused as error:  # of the whole call: what has no result by then was not done
                done += [
                    Done(decisions[*change.key, change.op], Result(change, Outcome.REFUSED, str(error)))
                    for _, change in batch
                    if (*change.key, change.op) in decisions
                ]
                raise
            except BaseException:
                self.views.pop(zone, None)
                raise
            finally:
                self.ledger.record(zone, done, [], correlation, actor)
                for item in done:
                    self._note(zone, item, outcomes)
            if self.stopping():
                return
        if changes:
            self._update_view(zone)

    def _update_view(self, zone: str) -> None:
        serial = self.target.left_serial(zone)
        view = self.views.get(zone)
        if view is None or serial is None:
            self.views.pop(zone, None)
        else:
            view.serial = serial

    def _note(self, zone: str, item: Done, outcomes: Outcomes) -> None:
        """Tell the log, the metrics and the loop what became of a change."""
        change, outcome, reason, permanent = item.result
        name, kind = change.key
        decision = item.decision
        if outcome is Outcome.DONE:
            outcomes.changed += 1
            metrics.RECORDS.labels(zone, f"{change.op.value}d").inc()
        else:
            if not permanent:
                outcomes.retry.add(name)
            metrics.RECONCILE_ERRORS.labels(decision.origin.partition("/")[0] or "none", outcome.value).inc()
        rrset = change.after or (change.before.rrset if change.before else None)
        _, namespace, _ = decision.origin.split("/", 2) if decision.origin else ("", "", "")
        fields = {
            "hostname": name,
            "type": kind,
            "ip": ", ".join(rrset.values) if rrset else "",
            "ttl": rrset.ttl if rrset else 0,
            "namespace": namespace,
            "resource": decision.origin,
            "zone": zone,
        }
        if outcome is Outcome.DONE:
            log.info("DNS record %sd", change.op.value, extra=fields)
        else:
            log.warning("DNS record not %sd: %s", change.op.value, reason, extra=fields)


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


def _order(losing: set[str]) -> Callable[[tuple[Decision, Change]], tuple[int, int, str, int]]:
    """Urgent names first; then deletes, creates, updates; a name that changes its type does so in one go."""
    stages = {Op.DELETE: 0, Op.CREATE: 2, Op.UPDATE: 3}

    def key(pair: tuple[Decision, Change]) -> tuple[int, int, str, int]:
        decision, change = pair
        stage = stages[change.op]
        if change.name in losing and decision.rrsets:
            return decision.priority, 1, change.name, stage
        return decision.priority, stage, change.name, 0

    return key


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
