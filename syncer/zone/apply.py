"""One pass over a zone: read, plan, refuse or apply, tell the ledger."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Collection, Sequence

from syncer import metrics
from syncer.config import Config
from syncer.core.claims import Decision
from syncer.core.plan import Change, Guard, NamePlan, Op, RecordState, RRsetStatus, losses
from syncer.core.rrsets import RRset
from syncer.errors import TargetRefused
from syncer.kube.store import Store
from syncer.ledger import AppliedChange, Key, Ledger, ObservedRRset
from syncer.targets.base import Outcome, Result, Target
from syncer.zone.planning import NO_TYPES, Planner, Types, ZoneView, chunks
from syncer.zone.result import PassResult

log = logging.getLogger(__name__)

BATCH = 250
"""Changes between two commits of the ledger, and RRsets in one import."""

SLICE = 250
"""Missing names that a full pass sees to by itself; the others come back in ``later``."""

TURN = 10
"""Changes of one turn that go one by one: at ten requests a second, a thousand would hold up a new name."""

TURN_BESIDE = 5
"""Deletes of a turn in which other changes wait behind them."""

FEW = 5
"""Up to so many names are read one by one after a foreign write, instead of waiting for a list of the zone."""

BLOW = 60.0
"""Seconds. Deletes that come within this time count as one blow for the guard."""

LEFT_ALONE = (RecordState.CONFLICT, RecordState.FOREIGN, RecordState.SKIPPED)
"""States of what somebody wants and we do not write."""

HELD = "its deletion is held: a person must look at it"


class Reconciler:
    """Brings one target in line with the claims. Not thread-safe: only the loop's thread calls it."""

    def __init__(
        self,
        config: Config,
        target: Target,
        ledger: Ledger,
        cluster: Store,
        unread_kinds: Callable[[], Collection[str]] = frozenset,
        stopping: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.config = config
        self.target = target
        self.ledger = ledger
        self.planner = Planner(config, target, ledger, cluster, unread_kinds)
        self.stopping = stopping
        self.clock = clock
        self.guard = Guard(config.managed.max_delete_ratio, config.managed.max_deletes_unguarded)
        self.recent_deletes: dict[str, dict[Key, float]] = {zone: {} for zone in config.scope.zones}

    @property
    def views(self) -> dict[str, ZoneView]:
        """What is known of each zone without asking; take one out to have the zone listed."""
        return self.planner.views

    def rebuild(self, *zones: str) -> None:
        """Take every RRset with our mark for ours, in the next full pass of ``zones`` (none given: of all)."""
        for zone in zones or self.config.scope.zones:
            self.planner.rebuilding.add(zone)
            self.views.pop(zone, None)

    def is_stale(self, zone: str, serial: int | None) -> bool:
        """Whether the zone must be listed: somebody else wrote, the server lost writes, or we never read it."""
        view = self.views.get(zone)
        return view is None or view.serial != serial

    def full_pass(self, zone: str) -> PassResult:
        """Compare everything in ``zone``; without a list where the serial stands as our own last write left it."""
        planner = self.planner
        serials = self.target.serials()
        if zone not in planner.rebuilding and serials is not None and not self.is_stale(zone, serials.get(zone)):
            return self._carry_out(zone, list(planner.from_view(zone, planner.names(zone))), complete=True)
        missing = planner.names(zone)
        plans = list(planner.from_list(zone, missing))
        if zone in planner.losing:
            log.warning("The DNS server lost writes of ours in a crash; they are made again", extra={"zone": zone})
        if zone in planner.rebuilding:
            self._take_over(zone, plans)
        # A new zone may miss ten thousand names: neither their plans nor a name that comes now should wait for all.
        urgent = sorted(missing, key=planner.urgency)
        now = urgent if self.config.dry_run else urgent[:SLICE]
        plans += planner.compare_names(zone, ((name, []) for name in now))
        outcomes = self._carry_out(zone, plans, complete=True, listed=True)
        if not self.config.dry_run:
            planner.rebuilding.discard(zone)
        outcomes.later += urgent[len(now) :]
        if view := self.views.get(zone):
            view.absent = missing.intersection(outcomes.later)
            if zone in planner.losing and not outcomes.changed:
                self.ledger.record(zone, [], [], "", "syncer", view.serial)  # what was lost was not ours
        return outcomes

    def pass_for(
        self, zone: str, names: Collection[str], *, adopt: bool = False, heal: Types = NO_TYPES, actor: str = "syncer"
    ) -> PassResult:
        """Compare only ``names``. ``adopt`` and ``heal`` are as in ``compare``."""
        planner = self.planner
        serials = self.target.serials() if zone in self.views else None
        if adopt or heal or serials is None or self.is_stale(zone, serials.get(zone)):
            if serials is not None and len(names) > FEW and not (adopt or heal):
                return self.full_pass(zone)
            plans = list(planner.from_reading(zone, names, adopt=adopt, heal=heal))
            return self._carry_out(zone, plans, actor=actor)
        outcomes = self._carry_out(zone, list(planner.from_view(zone, names)), actor=actor)
        if zone in self.views:
            self.views[zone].absent -= set(names).difference(outcomes.later)
        return outcomes

    def delete(self, zone: str, types: Types, actor: str) -> PassResult:
        """Take what is ours out of DNS, because a person said so: no guard, no policy. ``types`` are meant at each
        name, "" among them means all.

        It comes back with the next pass when a claim still wants it.
        """
        found = self.planner.by_name(self.target.read(zone, types.keys()).found)
        rows = self.ledger.rows(zone, types.keys())
        deletes = []
        for name, meant in types.items():
            for item in found.get(name, ()):
                kind = item.rrset.type
                known = rows.get(name, {}).get(kind)
                if known and known.owned and self.planner.marker.owns(item) and not {"", kind}.isdisjoint(meant):
                    decision = Decision(name, origin=known.origin, claimants=known.claimants)
                    deletes.append((decision, Change(Op.DELETE, item, None, "")))
        outcomes = PassResult()
        self._apply(zone, deletes, outcomes, uuid.uuid4().hex[:12], actor)
        return outcomes

    def _take_over(self, zone: str, plans: Sequence[NamePlan]) -> None:
        """Write down what a rebuild takes for ours before anything is done: the guard counts it, and nothing is
        orphaned that has its turn later."""
        if self.config.dry_run:
            return
        stands = [ObservedRRset(plan.decision, verdict) for plan in plans for verdict in plan.verdicts]
        for plan in plans:
            plan.verdicts.clear()
            for change in plan.changes:
                if change.before and not change.adopts:
                    verdict = RRsetStatus(change.before.rrset, RecordState.PENDING, "found by its mark", owned=True)
                    stands.append(ObservedRRset(plan.decision, verdict))
        self._write_down(zone, stands, uuid.uuid4().hex[:12], "syncer")

    def _carry_out(
        self,
        zone: str,
        plans: Sequence[NamePlan],
        *,
        complete: bool = False,
        listed: bool = False,
        actor: str = "syncer",
    ) -> PassResult:
        """``complete``: the plans cover the whole zone; ``listed``: from a list of it."""
        changes = [(plan.decision, change) for plan in plans for change in plan.changes]
        stands = [ObservedRRset(plan.decision, verdict) for plan in plans for verdict in plan.verdicts]
        outcomes = PassResult()
        changes = self._pass_guard(zone, changes, stands, outcomes, complete)
        changes.sort(key=_order({change.name for _, change in changes if change.op is Op.DELETE}))
        if self.config.dry_run:
            outcomes.planned = [change for _, change in changes]
            outcomes.left = [verdict for _, verdict in stands if verdict.state in LEFT_ALONE]
            return outcomes
        planned = changes
        changes, outcomes.later = self._one_turn(planned)
        if view := self.views.get(zone):
            late = {change.name for _, change in planned if change.op is Op.UPDATE}.intersection(outcomes.later)
            view.doubted = view.doubted.difference(plan.decision.name for plan in plans) | late
        correlation = uuid.uuid4().hex[:12]
        self._write_down(zone, stands, correlation, actor)
        self._report_drift(zone, plans, correlation, listed=listed)
        self._apply(zone, changes, outcomes, correlation, actor)
        return outcomes

    def _write_down(self, zone: str, stands: Sequence[ObservedRRset], correlation: str, actor: str) -> None:
        """How the RRsets stand at which nothing is written."""
        if stands:
            self.ledger.record(zone, [], stands, correlation, actor)
        for decision, verdict in stands:
            if verdict.state in LEFT_ALONE:
                level = logging.WARNING if verdict.state is RecordState.CONFLICT else logging.INFO
                log.log(level, "Left alone: %s", verdict.reason, extra=_fields(zone, decision, verdict.rrset))

    def _report_drift(self, zone: str, plans: Sequence[NamePlan], correlation: str, *, listed: bool) -> None:
        drifts = [(plan.decision, drift) for plan in plans for drift in plan.drifts]
        names = None if listed else {plan.decision.name for plan in plans}
        for drift in self.ledger.drift(zone, drifts, names, correlation):
            name, kind = drift.key
            metrics.count_drift(zone, name, drift.drift)
            fields = {"hostname": name, "type": kind, "zone": zone, "drift_type": drift.drift.value}
            remedy = "to be put right" if drift.heals else "left as it is until somebody decides"
            log.warning("Drift: %s: %s", drift.reason, remedy, extra=fields)

    def _one_turn(self, changes: list[tuple[Decision, Change]]) -> tuple[list[tuple[Decision, Change]], list[str]]:
        """What goes now, and the names whose turn comes later."""
        deletes = [change for _, change in changes if change.op is Op.DELETE]
        others = [change for _, change in changes if change.op is not Op.DELETE]
        late = deletes[TURN_BESIDE if others else TURN :]
        if not self.target.is_bulky:
            late += others[TURN:]
        later = dict.fromkeys(change.name for change in late)
        return [pair for pair in changes if pair[1].name not in later], list(later)

    def _pass_guard(
        self,
        zone: str,
        changes: list[tuple[Decision, Change]],
        stands: list[ObservedRRset],
        outcomes: PassResult,
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
        stopped = dict.fromkeys(lost & holds.rejected, (RecordState.KEPT, "a person rejected its deletion"))
        outcomes.held = len(asked | waiting) if refusal else len(waiting)
        if refusal:
            stopped |= dict.fromkeys(asked, (RecordState.HELD, HELD))
        if not self.config.dry_run and (refusal or (holds.open and (complete or lost & holds.open))):
            if refusal and asked - holds.open:
                advice = "look at them, then approve them with runsyncer --approve-deletes"
                log.warning("Deletes held: %s; %s", refusal, advice, extra={"zone": zone, "deletes": outcomes.held})
            self.ledger.hold(zone, asked | waiting if refusal else waiting, refusal)
        going = []
        known = self.ledger.rows(zone, {name for name, _ in stopped}) if stopped else {}
        for decision, change in changes:
            if change.key not in stopped or change.op is not Op.DELETE:
                going.append((decision, change))
                continue
            assert change.before is not None
            state, reason = stopped[change.key]
            row = known.get(change.name, {}).get(change.key[1])
            if row is None or (row.state, row.reason) != (state, reason):
                stands.append(ObservedRRset(decision, RRsetStatus(change.before.rrset, state, reason, owned=True)))
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
        outcomes: PassResult,
        correlation: str,
        actor: str,
    ) -> None:
        for batch in chunks(changes, BATCH):
            self.ledger.claim(zone, batch, correlation)
            decisions = {(*change.key, change.op): decision for decision, change in batch}
            done: list[AppliedChange] = []
            try:
                for result in self.target.apply(zone, [change for _, change in batch]):
                    done.append(AppliedChange(decisions.pop((*result.change.key, result.change.op)), result))
                    if self.stopping():
                        break
            except TargetRefused as error:  # of the whole call: what has no result by then was not done
                done += [
                    AppliedChange(decisions[*change.key, change.op], Result(change, Outcome.REFUSED, str(error)))
                    for _, change in batch
                    if (*change.key, change.op) in decisions
                ]
                raise
            except BaseException:
                self.views.pop(zone, None)
                raise
            finally:
                self.ledger.record(zone, done, [], correlation, actor, self.target.left_serial(zone))
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

    def _note(self, zone: str, item: AppliedChange, outcomes: PassResult) -> None:
        """Tell the log, the metrics and the loop what became of a change."""
        change, outcome, reason, permanent = item.result
        name, kind = change.key
        origin = item.decision.origin_of(kind)
        if outcome is Outcome.DONE:
            outcomes.changes[name] += 1
            metrics.RECORDS.labels(zone, f"{change.op.value}d").inc()
        else:
            if permanent:
                outcomes.failed += 1
            else:
                outcomes.retry.add(name)
            metrics.RECONCILE_ERRORS.labels(origin.partition("/")[0] or "none", outcome.value).inc()
        rrset = change.after or (change.before.rrset if change.before else None)
        assert rrset is not None
        fields = _fields(zone, item.decision, rrset)
        if outcome is Outcome.DONE:
            log.info("DNS record %sd", change.op.value, extra=fields)
        else:
            log.warning("DNS record not %sd: %s", change.op.value, reason, extra=fields)


def _fields(zone: str, decision: Decision, rrset: RRset) -> dict[str, object]:
    """What a line of the log says of a record (proposal §4.1.3)."""
    origin = decision.origin_of(rrset.type)
    kind, namespace, name = (*origin.split("/", 2), "", "")[:3]  # a mark may say anything
    return {
        "hostname": rrset.name,
        "type": rrset.type,
        "ip": ", ".join(rrset.values),
        "ttl": rrset.ttl,
        "namespace": namespace,
        "resource": f"{kind}/{name}" if name else kind,
        "zone": zone,
    }


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
