"""One managed zone on one target: all that is known of it, and the only way to change it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime
from itertools import chain
from math import inf

from syncer import metrics
from syncer.config import Config, TargetConfig
from syncer.core.claims import Claims, Unread
from syncer.core.plan import Change, Guard, RRsetStatus
from syncer.errors import ServerRefused, TargetRefused, TargetUnreachable, WritesFrozen, explain_fault
from syncer.ledger import Freeze, Ledger, LedgerError, ObservedRRset
from syncer.meters import Meter
from syncer.targets.base import Outcome, Result, Target
from syncer.zone.apply import SYNCER, TURN, VALUES_A_NAME, ChangeWriter, divide_changes, new_correlation, take_turn
from syncer.zone.delays import ChangeDelays
from syncer.zone.dryrun import DryRun
from syncer.zone.early import EarlyNames
from syncer.zone.flapping import FlapDamper
from syncer.zone.freezes import WriteFreezes
from syncer.zone.guarding import DeleteGuard, PlannedChange
from syncer.zone.operations import ZoneOperations
from syncer.zone.passplan import PassPlan
from syncer.zone.passwriter import PassWriter
from syncer.zone.planning import NO_REQUESTS, Requests, ZonePlanner
from syncer.zone.queue import Deferred, ZoneQueue
from syncer.zone.rebuild import Rebuild
from syncer.zone.recovery import Recovery
from syncer.zone.result import PassResult
from syncer.zone.schedule import ZoneSchedule
from syncer.zone.shadows import ShadowNotes
from syncer.zone.subjects import Condition
from syncer.zone.sweep import Sweep
from syncer.zone.view import ZoneView

log = logging.getLogger(__name__)

POLL = 1.0
"""Seconds between two looks whether deletes that wait for a kind may go."""


class Zone:
    """``enqueue`` what changed, ``invalidate`` what may not be as it is known, and ``run_due`` what waits.

    Not thread-safe: it belongs to the thread that talks to its target. ``find_unread`` tells whose objects
    cannot be read now, ``awaited_kinds`` are the kinds whose deletes wait because the API server was away;
    ``explain_hold`` says what else belongs to the reason of held deletes; ``freezes`` are what people hold back;
    ``is_stopping`` is asked between two changes; ``clock`` is monotonic.
    """

    def __init__(
        self,
        name: str,
        config: Config,
        target_config: TargetConfig,
        target: Target,
        ledger: Ledger,
        claims: Claims,
        freezes: WriteFreezes,
        *,
        find_unread: Callable[[], Unread],
        awaited_kinds: Callable[[], Collection[str]],
        explain_hold: Callable[[], str],
        is_stopping: Callable[[], bool],
        clock: Callable[[], float],
    ) -> None:
        managed = target_config.managed
        self.name = name
        self._labels = target_config.name, name
        self.problem = ""
        """Why the zone cannot be used, "" when it can."""
        self._clock = clock
        self._target = target
        self._claims = claims
        self._rows = ledger.zone(target_config.name, name)
        self._records = target.zone(name)
        self._view = ZoneView()
        self._servers: frozenset[str] = frozenset()
        self._queue = ZoneQueue()
        self._schedule = ZoneSchedule(config.resync_interval, config.drift_interval, clock())
        self._awaited_kinds = awaited_kinds
        self._awaited: frozenset[str] = frozenset()
        """The kinds that were away with the API server when a delete was found to wait for them."""
        self._planner = ZonePlanner(
            managed,
            target,
            self._records,
            self._rows,
            claims,
            self._view,
            self._queue,
            find_unread,
            awaited_kinds,
            is_stopping,
            holds_back=not config.dry_run,
        )
        shadows = ShadowNotes(name, target_config.scope, self._rows)
        self._sweep = Sweep(claims, self._rows, self._planner, self._queue, self._schedule, shadows)
        guard = Guard(managed.max_delete_ratio, managed.max_deletes_unguarded)
        self._guard = DeleteGuard(
            guard,
            self._rows,
            name,
            clock,
            lambda name: name in self._queue.deferred,
            explain_hold,
            claims.is_leaving,
            is_stopping,
        )
        limit = 0 if config.dry_run else managed.flap_limit
        self._damper = FlapDamper(limit, self._labels, self._rows, claims.is_leaving)
        # Shown from the start: a rate over what appears with its first count is none.
        metrics.TAKEOVERS.labels(*self._labels)
        self._freezes = freezes
        self._owes_plan = False
        """Writes were held since the last full pass: what waited is one plan, before anything else is done."""
        self.changes = Meter()
        """How long changes of objects took until DNS had them."""
        self._delays = ChangeDelays(self._labels, self.changes, clock)
        writer = ChangeWriter(
            target_config.name,
            self._records,
            self._rows,
            is_stopping,
            lambda: freezes.check(name),
            self._delays.note_written,
        )
        self._rebuild = Rebuild(name, self._rows, writer, dry_run=config.dry_run)
        self._recovery = Recovery(name, self._rows, dry_run=config.dry_run)
        self._writer = PassWriter(self._rows, writer, self._recovery, shadows)
        self.last_change_at: datetime | None = None
        """When we last changed a record."""
        self.operations = ZoneOperations(self, self._records, self._rows, claims, self._planner, self._recovery)
        """What a person asks for beyond a pass."""
        self._is_stopping = is_stopping
        self._early = EarlyNames()
        self._dry_run = DryRun() if config.dry_run else None
        self._has_begun = False
        self._has_told_inheritance = False

    @property
    def waiting(self) -> int:
        """How many names wait for a pass or a retry."""
        return len(self._queue)

    @property
    def held(self) -> int:
        """How many deletes wait for a person."""
        return self._guard.held

    @property
    def freeze(self) -> Freeze | None:
        """What holds all writes to the zone; None: nothing does."""
        return self._freezes.find(self.name)

    # What others call

    def enqueue(self, names: Iterable[str], since: float | None = None) -> None:
        """The claims on these names have changed; ``since`` is when a watch brought that, where it is to be measured
        how long it takes."""
        now = self._clock()
        for name in names:
            if since is not None:
                self._delays.begin(name, since)
            self._schedule.disturbed()
            self._queue.add(name, now, claimed=self._is_claimed(name))

    def invalidate(self) -> None:
        """Read the zone again as soon as possible, whatever is known of it."""
        self._view.invalidate()
        self._schedule.request_pass()

    def request_pass(self) -> None:
        """Make a full pass as soon as possible; the zone is read again only if its serial is another one."""
        self._schedule.request_pass()

    def note_serial(self, serial: int | None) -> None:
        """The server shows this SOA serial: another one than ours means that someone else wrote, or that writes were
        lost. None: it did not show one."""
        node = self._records.node
        if self._view.is_current(serial, node) or (self._dry_run and self._dry_run.has_told(serial, node)):
            return
        if self._view.serial is not None and serial is not None and self._view.node == node:
            metrics.FOREIGN_WRITES.labels(*self._labels).inc()
        self._schedule.request_pass()

    def forget_start(self) -> None:
        """The database may be another one by now."""
        self._has_begun = False

    def begin(self) -> None:
        """Look up what the ledger knows of the zone, unless that was done since the start or ``forget_start``. Raises
        ``LedgerError``."""
        if not self._has_begun:
            if self._rows.is_new():
                self.rebuild()
            self._records.recall(self._recovery.resume())
        self._has_begun = True

    def rebuild(self) -> None:
        """Take every RRset with our mark for ours, in the next full pass."""
        self._rebuild.is_on = True
        self.invalidate()

    def run_due(self, now: float) -> PassResult | None:
        """Make the pass that is due, if one is.

        What is wrong with this zone alone becomes its ``problem`` and is tried again; raises ``ServerRefused``,
        ``TargetUnreachable`` and ``LedgerError``.
        """
        if self._is_frozen() or self._is_stopping() or now < self._schedule.trouble.not_before:
            return None
        if self._schedule.is_list_due(now):
            self.invalidate()
        self._resume_deletes()
        for name in self._damper.pop_ended(now):
            self._queue.add(name, now, claimed=self._is_claimed(name))
        names: set[str] | None = None
        self._schedule.skip_undisturbed(now)
        if not self._schedule.is_pass_due(now) or self._begin_sweep(now):
            names = self._queue.pop_due(now, self._planner.rank_name, self._is_claimed)
            if not names:
                return None
        try:
            paused = self._target.paused
            result = self.run_pass(names)
            if names:
                paused = self._target.paused - paused
                self._queue.slice_size.learn(len(names), self._clock() - now - paused, self.waiting)
        except (ServerRefused, TargetUnreachable, LedgerError):
            raise
        except WritesFrozen:  # while the plan was made
            self._is_frozen()
        except TargetRefused as error:
            is_news = str(error) != self.problem
            delay = self._note_failure(str(error), "zone")
            if is_news:
                log.error("%s; next try in %.0f s", error, delay, extra={"zone": self.name})
        except Exception as error:  # a mistake of ours in one zone ends no other
            problem = explain_fault(error, f" in zone {self.name}")
            delay = self._note_failure(problem, "internal")
            log.exception("internal error; next try in %.0f s", delay, extra={"zone": self.name})
        else:
            return result
        return None

    def run_once(self) -> PassResult:
        """A full pass, and every further turn that it takes. A dry run's plan is in the result, for its caller to tell,
        and not in the log. Raises what target and ledger raise."""
        if self._dry_run:
            self._dry_run.logs_plans = False
        result = self.run_pass(None)
        while (names := list(self._queue.deferred)[: self._queue.slice_size.names]) and not self._is_stopping():
            result.add(self.run_pass(names))
        result.retry = set(self._queue.retries)
        return result

    def next_due(self, now: float) -> float:
        if self.freeze:
            return inf  # the worker looks when it ends
        awaited = now + POLL if self._awaited else inf
        due = min(self._schedule.next_due(), self._queue.next_due(now), self._damper.next_end(), awaited)
        return max(due, self._schedule.trouble.not_before)

    @property
    def full_pass_due(self) -> float:
        return self._schedule.full_due

    @property
    def is_full_pass_wanted(self) -> bool:
        """Whether a full pass is to be made as soon as possible."""
        return self._schedule.full_due == 0.0 and self.freeze is None

    def _begin_sweep(self, now: float) -> bool:
        """Make the full pass that is due slice by slice, behind what is new. False where it has to be made at once:
        what was held or lost is one plan."""
        lost = self._rebuild.is_on or self._recovery.is_on or self._recovery.is_unmarked
        return not self._owes_plan and self._sweep.begin(now, is_ordinary=not (self._dry_run or lost))

    # A pass

    def run_pass(
        self, names: Collection[str] | None, requests: Requests = NO_REQUESTS, actor: str = SYNCER
    ) -> PassResult:
        """Bring ``names`` (None: the whole zone) in line with the claims. ``requests``: what ``actor`` asked for.

        Raises what target and ledger raise.
        """
        self.begin()
        if names is not None and (self._rebuild.settles or self._owes_plan):
            self.run_pass(None)  # what is ours must be known first, and the guard sees what waited as one plan
        kind = "zone" if names is None else "names"
        with metrics.RECONCILE_DURATION.labels(self._labels[0], kind).time(), self._view.doubting_on_error():
            plan = self._make_plan(names, requests)  # claims, view or reading, comparison
            if actor == SYNCER:  # what a person asks for is done
                plan.names = self._damper.damp_plans(plan.names, None if plan.whole else names, self._clock())
            result = PassResult(whole=plan.whole)
            changes, kept = self._guard_deletes(plan, names, result)
            if self._dry_run:
                self._dry_run.tell_plan(plan, changes, result)
                self._view.invalidate()
            else:
                turn = self._take_turn(plan, changes, requests, result)
                self._writer.carry_out(plan, kept, turn, result, actor)  # ledger, target, ledger
                marks = self._pick_marks(plan, changes, result)
                self._writer.write_marks(marks, result)
                self._advance_view([*turn, *marks])
            self._finish_pass(plan, names, result)
            return result

    # Beside a pass, for its operations

    def compare_again(self, names: Iterable[str]) -> None:
        """Read the zone again before anything is done at these names."""
        self._view.invalidate()
        self.enqueue(names)

    def write_changes(self, changes: Sequence[PlannedChange], actor: str) -> PassResult:
        """As they are. Raises what target and ledger raise."""
        result = PassResult()
        with self._view.doubting_on_error():
            self._writer.write_changes(changes, result, new_correlation(), actor)
            self._advance_view(changes)
        self._note_changes(result)
        return result

    def put_back(self, change: Change, record: Callable[[], None]) -> Result:
        """Write what stood there before, and ``record`` that. Raises what target and ledger raise."""
        self._freezes.check(self.name)
        with self._view.doubting_on_error():
            (result,) = self._records.apply([change])
            if result.outcome is Outcome.DONE:
                record()
        if result.outcome is Outcome.DONE:
            self.compare_again([change.name])
        return result

    # The parts of a pass

    def _is_frozen(self) -> bool:
        """Whether all writes are held. Nothing is planned meanwhile: all that has changed by the end is one plan, which
        the guard judges as a whole."""
        freeze = self.freeze
        if freeze:
            self._owes_plan = True
            self._delays.clear()
            self._schedule.request_pass()
        elif self._owes_plan and not self.is_full_pass_wanted:
            self._schedule.request_pass()
        return freeze is not None

    def _resume_deletes(self) -> None:
        """As soon as one of those kinds has been heard from again, or is waited for no longer."""
        if self._awaited and not self._awaited.issubset(self._awaited_kinds()):
            self._awaited = frozenset()
            self._schedule.request_pass()

    def _make_plan(self, names: Collection[str] | None, requests: Requests) -> PassPlan:
        plan = self._plan_names(names, requests)
        if names is not None and plan.are_marks_in_doubt and not plan.listed:
            self._view.invalidate()
            self.run_pass(None)  # whether the whole zone lost its marks must be known first
            plan = self._plan_names(names, requests)
        if plan.listed and plan.servers != self._servers:
            self._servers = plan.servers
            concerned = any(map(self._is_claimed, plan.servers))
            self._claims.note_servers(self.name, plan.servers)
            if concerned:
                plan = self._plan_names(names, requests)  # they may be no object's to have
        if plan.listed:
            self._view.replace(plan.serial, plan.foreign, plan.delegations, plan.node)
        self._awaited = self._awaited.union(plan.awaited)
        self._tell_inheritance(plan)
        self._recovery.note_plan(plan, SYNCER)
        if plan.listed and self._rebuild.settles:
            self._rebuild.take_over(plan)
            self._rebuild.tell_count()
        return plan

    def _plan_names(self, names: Collection[str] | None, requests: Requests) -> PassPlan:
        condition = Condition(self._rebuild.is_on, self._recovery.is_on, self._recovery.is_unmarked)
        if names is not None:
            return self._planner.plan_names(names, requests, condition)
        if self._view.serial is None:
            self._schedule.listed(self._clock())
        if self._rebuild.settles:
            return self._planner.plan_whole(condition, settle=self._rebuild.take_over)
        return self._planner.plan_whole(condition, limited=self._dry_run is None)

    def _tell_inheritance(self, plan: PassPlan) -> None:
        """Of marks that are written anew with OWNER_ID, once, however many turns that takes."""
        marker = self._planner.marker
        changes = (change for name in plan.names for change in name.changes)
        inherited = sum(1 for change in changes if change.before and marker.inherits(change.before))
        if inherited and not self._has_told_inheritance:
            self._has_told_inheritance = True
            words = "%d records carry the marks of OWNER_ID_WAS %s: they are ours from now on"
            log.warning(words, inherited, marker.owner_id_was, extra={"zone": self.name})

    def _guard_deletes(
        self, plan: PassPlan, names: Collection[str] | None, result: PassResult
    ) -> tuple[list[PlannedChange], list[ObservedRRset]]:
        changes = [(name.decision, change) for name in plan.names for change in name.changes]
        covered = set(names or ()).difference(plan.unplanned)
        coming = set() if plan.whole else self._queue.list_coming(self._clock(), covered)
        guarded = self._guard.guard_changes(
            changes, whole=plan.whole, dry_run=self._dry_run is not None, names=covered, coming=coming
        )
        result.held = guarded.held
        result.held_names = {status.rrset.name for _, status in guarded.kept if isinstance(status, RRsetStatus)}
        return guarded.changes, guarded.kept

    def _take_turn(
        self, plan: PassPlan, changes: list[PlannedChange], requests: Requests, result: PassResult
    ) -> list[PlannedChange]:
        """What goes now; the rest has to wait, with what was found there."""
        values = VALUES_A_NAME * self._queue.slice_size.names
        turn, later = take_turn(changes, self._target.takes_together, asked=requests, values=values)
        result.later = {name: plan.found.get(name, Deferred.AS_KNOWN) for name in (*later, *plan.unplanned)}
        return turn

    def _pick_marks(self, plan: PassPlan, changes: list[PlannedChange], result: PassResult) -> list[Change]:
        """Those that the zone lost, where nothing is to be changed; as many as go in a turn."""
        changed = {change.key for _, change in changes}
        marks = [change for key, change in plan.marks.items() if key not in changed]
        bulk, singles = divide_changes(marks, self._target.takes_together)
        most = self._queue.slice_size.names
        late = (*bulk[most:], *singles[TURN:])
        result.later |= {change.name: plan.found.get(change.name, Deferred.UNSURE) for change in late}
        return [*bulk[:most], *singles[:TURN]]

    def _advance_view(self, written: Sequence[object]) -> None:
        if written:
            self._view.advance(self._records.left_serial)

    def _finish_pass(self, plan: PassPlan, names: Collection[str] | None, result: PassResult) -> None:
        """What had its pass leaves the queue, and what comes back goes into it."""
        now = self._clock()
        self._note_early(plan, names, result)
        self._queue.done(None if plan.whole else names, result.retry, result.later, now)
        self._delays.end(None if plan.whole else names, result.retry | result.later.keys())
        if self._sweep.end_when_done(whole=plan.whole):
            result.whole = True
        self._schedule.trouble.succeeded()
        self._tell_problem("")
        metrics.HELD_DELETES.labels(*self._labels).set(result.held)
        if plan.whole:
            self._schedule.passed(now, undisturbed=result.is_settled)
            self._rebuild.end()
            self._owes_plan = False
        waiting = bool(self._queue.deferred) or (self._recovery.is_unmarked and bool(self._queue.retries))
        self._recovery.end_when_done(self._view, SYNCER, listed=plan.listed, waiting=waiting or self._is_stopping())
        self._note_changes(result)

    def _note_changes(self, result: PassResult) -> None:
        """What was changed has consequences for when the zone is looked at next."""
        if self._writer.pop_delegated():  # what a delegation hides is told of a list of the zone
            self.invalidate()
        if result.changed:
            self.last_change_at = datetime.now(UTC)
            metrics.LAST_CHANGE.labels(self._labels[0]).set(self.last_change_at.timestamp())
            self._schedule.changed(result.changed, self._clock())

    def _note_early(self, plan: PassPlan, names: Collection[str] | None, result: PassResult) -> None:
        """What leads to a name at which something was done may be written now, and has its turn."""
        self._early.note_pass(None if plan.whole else names or (), plan.early)
        touched = None if self._rebuild.is_on else chain(result.changes, (name.name for name in plan.names))
        ready = self._early.find_ready(touched)
        result.later |= {name: Deferred.AS_KNOWN for name in ready if name not in result.later}

    def _note_failure(self, problem: str, kind: str) -> float:
        """Seconds until the next try."""
        self._schedule.request_pass()
        self._tell_problem(problem)
        metrics.RECONCILE_ERRORS.labels(self._labels[0], "all", kind).inc()
        return self._schedule.trouble.failed(self._clock())

    def _tell_problem(self, problem: str) -> None:
        self.problem = problem
        metrics.ZONE_USABLE.labels(*self._labels).set(not problem)

    def _is_claimed(self, name: str) -> bool:
        return bool(self._claims.claimants(name))
