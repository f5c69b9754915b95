"""When to make a pass, whole or for some names; requests from other processes; pacing."""

from __future__ import annotations

import logging
import os
import queue
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import nsmallest
from itertools import islice

from syncer import metrics
from syncer.config import Config
from syncer.core.cluster import Cluster
from syncer.core.kinds import GATEWAY, HTTP_ROUTE, NAMESPACE
from syncer.core.manifest import shown
from syncer.core.names import BadName, canonical, zone_of
from syncer.core.plan import Change
from syncer.core.source import Ref, Source
from syncer.errors import ServerRefused, TargetRefused, TargetUnreachable, ZoneUnusable
from syncer.health import Health
from syncer.kube.feed import Feed, KindState, State
from syncer.ledger import Ledger, LedgerError, Request, Status
from syncer.memory import give_back
from syncer.pacing import AdaptiveInterval, BackOff
from syncer.reconcile import Outcomes, Reconciler
from syncer.targets.base import Target

log = logging.getLogger(__name__)

WINDOW = 0.3
"""Seconds. The first of several changes goes at once, what follows is gathered for so long."""

DELETE_PATIENCE = 0.9
"""Seconds. Names that lost their last claim wait until no more of them come, so that the guard sees one blow as one;
at most so long."""

POLL = 1.0
"""Seconds between two looks for requests of other processes."""

HEARTBEAT = 5.0
"""Seconds between two writes of the status row."""

MANY = 100
"""Changes of one pass after which memory is given back."""

SLICE = 250
"""Names of one pass, so that the memory of a burst does not grow with it."""

PATIENCE = 10.0
"""Seconds after the start that one kind which cannot be listed may hold up the others."""


class Bell:
    """Wakes the loop, from any thread or signal handler (``SimpleQueue.put`` is re-entrant, ``Event.set`` is not)."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.stopping = False

    def ring(self) -> None:
        if self._queue.empty():
            self._queue.put(None)

    def stop(self) -> None:
        self.stopping = True
        self._queue.put(None)

    def wait(self, seconds: float) -> None:
        with suppress(queue.Empty):
            self._queue.get(timeout=max(0.0, seconds))


@dataclass(slots=True)
class ZoneWork:
    """What is to be done in one zone, and when. All times are of the loop's clock.

    ``names`` wait for a pass, ``backlog`` for one in which nothing newer waits (a dict for its order). ``going`` are
    names without a claim: when the first and the latest of them came. ``retries`` gives the number of failures and the
    time of the next try. ``undisturbed_until``: nothing has changed since the last full pass, and until then there is
    no reason for another.
    """

    full_due: float = 0.0
    undisturbed_until: float = 0.0
    names: set[str] = field(default_factory=set)
    backlog: dict[str, None] = field(default_factory=dict)
    going: set[str] = field(default_factory=set)
    going_since: float = 0.0
    going_until: float = 0.0
    retries: dict[str, BackOff] = field(default_factory=dict)
    trouble: BackOff = field(default_factory=BackOff)
    problem: str = ""
    said: set[str] = field(default_factory=set)
    """In a dry run: what the log already says."""

    def going_due(self) -> float:
        return min(self.going_since + DELETE_PATIENCE, self.going_until + WINDOW)

    def look_again(self) -> None:
        self.full_due = self.undisturbed_until = 0.0


class Loop:
    """Runs in the main thread, which alone touches the database and the target."""

    def __init__(
        self,
        config: Config,
        feed: Feed,
        cluster: Cluster,
        target: Target,
        ledger: Ledger,
        health: Health,
        bell: Bell,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.config = config
        self.feed = feed
        self.cluster = cluster
        self.target = target
        self.ledger = ledger
        self.health = health
        self.bell = bell
        self.clock = clock
        self.reconciler = Reconciler(config, target, ledger, cluster, self._unread_kinds, self._is_stopping, clock)
        self.zones = {zone: ZoneWork() for zone in config.scope.zones}
        self.sources: dict[Ref, Source | None] = {}
        self.warned: dict[Ref, int] = {}
        self.listed: set[tuple[str, str]] = set()
        self.begun: set[str] = set()
        self.interval = AdaptiveInterval(config.resync_interval, clock())
        self.target_trouble = BackOff()
        self.target_problem = ""
        self.trouble = BackOff()
        self.started = clock()
        self.started_at = datetime.now(UTC)
        self.last_pass_at: datetime | None = None
        self.last_change_at: datetime | None = None
        self.settled = False
        self.batch_at = self.probe_due = self.poll_due = self.heartbeat_due = 0.0

    def run(self) -> None:
        """Turn until the bell is stopped."""
        self.feed.start()
        try:
            while not self.bell.stopping:
                self.turn()
                self.bell.wait(self._next_due() - self.clock())
        finally:
            self.feed.stop()

    def run_once(self, patience: float = 30.0) -> list[Outcomes]:
        """One full pass of every zone.

        Raises ``TimeoutError`` when the objects cannot be read within ``patience`` seconds, and what the target and
        the ledger raise.
        """
        self.feed.start()
        try:
            deadline = self.clock() + patience
            while not self._is_settled():
                if self.bell.stopping or self.clock() > deadline:
                    problems = "; ".join(f"{state.kind}: {state.reason or state.state}" for state in self._unsettled())
                    raise TimeoutError(f"not everything could be read: {problems}")
                self.bell.wait(0.1)
            self._gather()
            self._save_sources()
            return self._whole_passes()
        finally:
            self.feed.stop()

    def _whole_passes(self) -> list[Outcomes]:
        """A zone that cannot be used holds up no other; what is wrong with it is raised at the end."""
        passes, problems = [], []
        for zone in self.zones:
            try:
                passes.append(self._whole_pass(zone))
            except ZoneUnusable as error:
                problems.append(str(error))
        if problems:
            raise ZoneUnusable("; ".join(problems))
        return passes

    def _whole_pass(self, zone: str) -> Outcomes:
        """A full pass, and every further turn that its deletes take."""
        outcomes = self._full_pass(zone)
        while (names := set(islice(self.zones[zone].backlog, SLICE))) and not self.bell.stopping:
            more = self.reconciler.pass_for(zone, names)
            self._finish(zone, names, more)
            outcomes += more
        outcomes.retry = set(self.zones[zone].retries)
        return outcomes

    def turn(self) -> None:
        """Do all that is due."""
        self.health.beat()
        self._gather()
        if self.clock() < self.trouble.not_before:
            return
        try:
            self._save_status()
            settled = self._is_settled()
            if settled:
                self._save_sources()
            if settled and self.clock() >= self.target_trouble.not_before:
                with self._target_in_words():
                    self._answer_requests()
                    self._probe()
                    for zone in self.zones:
                        self._work(zone)
            else:
                self._answer_requests(asking_target=False)
            self.trouble.succeeded()
        except LedgerError as error:
            delay = self.trouble.failed(self.clock())
            log.error("%s; next try in %.0f s", error, delay)
            metrics.RECONCILE_ERRORS.labels("all", "database").inc()
            self._look_again()
            # It may be another, empty one when it is back.
            self.begun.clear()
            self.listed.clear()
            self.sources.update((source.ref, source) for source in self.cluster.sources())
        except Exception:  # a mistake of ours in one place must not end the rest, nor a restart meet it again at once
            delay = self.trouble.failed(self.clock())
            log.exception("internal error; next try in %.0f s", delay)
            metrics.RECONCILE_ERRORS.labels("all", "internal").inc()

    def _is_stopping(self) -> bool:
        """Asked between two changes: a pass of thousands, at ten a second, is not a loop that hangs."""
        self.health.beat()
        return self.bell.stopping

    # What has changed

    def _gather(self) -> None:
        """Take over what the watches brought, sorted by how urgent it is."""
        touched = self.cluster.take()
        self.sources.update(touched.sources)
        for ref, source in touched.sources.items():
            self._warn(ref, source)
        now = self.clock()
        for name in touched.names:
            zone = zone_of(name, self.config.scope.zones)
            if zone is None:
                continue
            work = self.zones[zone]
            work.undisturbed_until = 0.0
            if self.cluster.claimants(name):
                work.names.add(name)
                work.going.discard(name)
            else:
                if not work.going:
                    work.going_since = now
                work.going.add(name)
                work.going_until = now
        metrics.QUEUE_LENGTH.set(self._queue())

    def _warn(self, ref: Ref, source: Source | None) -> None:
        """Say what is wrong with an object and what it does not publish, once for as long as both stay the same."""
        warnings = source.warnings if source else ()
        skipped = [skip for skip in source.skipped if not any(skip.name in text for text in warnings)] if source else []
        if not warnings and not skipped:
            self.warned.pop(ref, None)
            return
        said = hash((warnings, *skipped))
        if said == self.warned.get(ref):
            return
        self.warned[ref] = said
        extra = {"resource": str(ref), "namespace": ref.namespace}
        for warning in warnings:
            log.warning("%s: %s", ref, warning, extra=extra)
        if skipped:
            (name, reason), more = skipped[0], len(skipped) - 1
            others = f" (and {more} more)" if more else ""
            log.info("%s: %s is not published: %s%s", ref, shown(name), reason, others, extra=extra)

    def _queue(self) -> int:
        return sum(
            len(work.names) + len(work.backlog) + len(work.going) + len(work.retries) for work in self.zones.values()
        )

    def _is_settled(self) -> bool:
        """Whether enough was listed to begin: an empty cluster and one that has not been read look the same."""
        if not self.settled:
            states = self.feed.states()
            patient = self.clock() < self.started + PATIENCE
            self.settled = not self._unsettled() or (not patient and any(state.known for state in states))
        return self.settled

    def _unsettled(self) -> list[KindState]:
        """What may still be listed: not what is forbidden, and not a broken file among manifests that are watched."""
        never = (State.FORBIDDEN, State.WATCHING)
        return [state for state in self.feed.states() if not state.known and state.state not in never]

    def _unread_kinds(self) -> set[str]:
        """Kinds whose objects may exist although we hold none; a route needs its Gateway and Namespace to be read."""
        unknown = {state.kind for state in self.feed.states() if not state.known}
        kinds = {kind.kind for kind in unknown if kind.gives_names}
        if GATEWAY in unknown or (NAMESPACE in unknown and self.cluster.asks_for_labels()):
            kinds.add(HTTP_ROUTE.kind)
        return kinds

    def _save_sources(self) -> None:
        """Bring the rows of the sources up to date; for a kind just listed, that includes what went while we were
        down."""
        if not self.config.dry_run:
            listed = {(state.kind.group, state.kind.kind) for state in self.feed.states() if state.known}
            if listed - self.listed:
                self.ledger.forget_sources(listed - self.listed, [source.ref for source in self.cluster.sources()])
                self.listed = listed
            if self.sources:
                self.ledger.save_sources(self.sources)
        self.sources = {}

    # Passes

    def _work(self, zone: str) -> None:
        """Make the pass that is due in a zone, if one is."""
        work, now = self.zones[zone], self.clock()
        if self.bell.stopping or now < work.trouble.not_before:
            return
        if now >= work.full_due:
            if now < work.undisturbed_until:
                work.full_due = min(now + self.interval.seconds(now), work.undisturbed_until)
                return
            with self._zone_in_words(zone):
                self._full_pass(zone)
            return
        due = {name for name, trouble in work.retries.items() if now >= trouble.not_before}
        if now >= self.batch_at + WINDOW:
            due |= self._most_urgent(work)
        if work.going and now >= work.going_due():
            due |= work.going
        if due or work.backlog:
            self.batch_at = now if len(work.names) <= SLICE else 0.0
            due = due or set(islice(work.backlog, SLICE))
            with self._zone_in_words(zone):
                self._finish(zone, due, self._timed("names", lambda: self.reconciler.pass_for(zone, due)))

    def _most_urgent(self, work: ZoneWork) -> set[str]:
        if len(work.names) <= SLICE:
            return set(work.names)
        return set(nsmallest(SLICE, work.names, key=self.reconciler.planner.urgency))

    def _full_pass(self, zone: str) -> Outcomes:
        work = self.zones[zone]
        if zone not in self.begun:
            if self.ledger.is_empty(zone):
                self.reconciler.rebuild(zone)
            self.begun.add(zone)
        outcomes = self._timed("zone", lambda: self.reconciler.full_pass(zone))
        self._finish(zone, None, outcomes)
        give_back()
        now = self.clock()
        work.full_due = now + self.interval.seconds(now)
        if not (outcomes.changed or outcomes.retry or outcomes.failed):
            work.undisturbed_until = now + self.config.resync_interval
        if not any(other.full_due == 0.0 for other in self.zones.values()):
            self.last_pass_at = datetime.now(UTC)
            metrics.LAST_FULL_PASS.set(time.time())
            self.health.full_pass_done()
        return outcomes

    def _finish(self, zone: str, names: set[str] | None, outcomes: Outcomes) -> None:
        """Cross off what a pass dealt with (None: the whole zone), and note what comes back."""
        work, now, whole = self.zones[zone], self.clock(), names is None
        work.trouble.succeeded()
        self._zone_is(zone, "")
        if names is None:
            names = work.names | work.going | work.retries.keys()
            work.backlog.clear()
        work.names -= names
        work.going -= names
        for name in names:
            work.backlog.pop(name, None)
        work.backlog = dict.fromkeys([*outcomes.later, *work.backlog])
        for name in names - outcomes.retry:
            work.retries.pop(name, None)
        for name in outcomes.retry:
            work.retries.setdefault(name, BackOff()).failed(now)
        metrics.HELD_DELETES.labels(zone).set(outcomes.held)
        if outcomes.changed > MANY:
            give_back()
        if outcomes.changed:
            self.last_change_at = datetime.now(UTC)
            metrics.LAST_CHANGE.set(time.time())
            self.interval.changed(outcomes.changed, now)
            work.full_due = min(work.full_due, now + self.interval.seconds(now))
            work.undisturbed_until = 0.0
        if self.config.dry_run:
            work.said = _say_plan(outcomes.planned, work.said, whole=whole)

    def _timed(self, kind: str, work: Callable[[], Outcomes]) -> Outcomes:
        with metrics.RECONCILE_DURATION.labels(kind).time():
            return work()

    def _probe(self) -> None:
        """Ask for the serials: another one than ours means that somebody else wrote, or that writes were lost."""
        now = self.clock()
        if now < self.probe_due:
            return
        self.probe_due = now + self.config.serial_probe_interval
        serials = self.target.serials()
        if serials is None:
            self.target.check()
        else:
            for zone, work in self.zones.items():
                if self.reconciler.is_stale(zone, serials.get(zone)):
                    if zone in self.reconciler.views and zone in serials:
                        metrics.FOREIGN_WRITES.labels(zone).inc()
                    work.look_again()
        self._target_answers()

    # Requests of other processes

    def _answer_requests(self, *, asking_target: bool = True) -> None:
        """``asking_target`` False: only those that need no answer of the target; the others go on waiting."""
        now = self.clock()
        if now < self.poll_due or self.config.dry_run:
            return
        self.poll_due = now + POLL
        for request in self.ledger.requests():
            if not asking_target and request.action not in ("approve", "reject", "release"):
                continue
            try:
                outcome = self._answer(request)
            except TargetRefused as error:
                outcome = f"refused: {error}"
            self.ledger.answer(request, outcome)
            log.info("Request answered: %s", outcome, extra={"action": request.action, "actor": request.actor})

    def _answer(self, request: Request) -> str:
        with suppress(BadName):
            request = request._replace(name=canonical(request.name) if request.name else "")
        zone = request.zone or (zone_of(request.name, self.config.scope.zones) if request.name else "")
        if zone is None or (zone and zone not in self.zones):
            return f"{request.name or request.zone} is in no managed zone"
        if request.action in ("approve", "reject"):
            count = self.ledger.decide_hold(request, request.action == "approve")
            self._look_again()
            return f"{count} deletes {'approved' if request.action == 'approve' else 'rejected'}"
        if request.action == "sync" and not request.name:
            for key in [zone] if zone else self.zones:
                self.reconciler.views.pop(key, None)
                self.zones[key].look_again()
            return f"full pass of {zone or 'every zone'}"
        if not request.name or not zone:
            return f"{request.action} needs a name"
        names = [request.name]
        if request.action == "release":
            count = self.ledger.release(zone, names, request.type, request.actor)
            self.reconciler.views.pop(zone, None)
            return f"{count} records released"
        if request.action == "delete":
            outcomes = self.reconciler.delete(zone, names, request.type, request.actor)
            return f"{outcomes.changed} records deleted"
        if request.action not in ("sync", "adopt"):
            return f"there is no action {request.action!r}"
        outcomes = self.reconciler.pass_for(zone, names, adopt=request.action == "adopt", actor=request.actor)
        self._finish(zone, set(names), outcomes)
        return f"{outcomes.changed} records changed"

    # Trouble

    @contextmanager
    def _target_in_words(self) -> Iterator[None]:
        """One back-off for a dead server; when it is back, everything is compared."""
        try:
            yield
        except (TargetUnreachable, TargetRefused) as error:
            delay = self.target_trouble.failed(self.clock())
            if str(error) != self.target_problem:
                log.error("%s; next try in %.0f s", error, delay, extra={"target": self.target.name})
            self.target_problem = str(error)
            self.health.target_failed(str(error))
            kind = "refused" if isinstance(error, TargetRefused) else "unreachable"
            metrics.RECONCILE_ERRORS.labels("all", kind).inc()
            self.probe_due = 0.0
            self._look_again()

    def _target_answers(self) -> None:
        if self.target_problem:
            log.info("The target answers again", extra={"target": self.target.name})
        self.target_problem = ""
        self.target_trouble.succeeded()
        self.health.target_ok()

    @contextmanager
    def _zone_in_words(self, zone: str) -> Iterator[None]:
        """A zone that cannot be written is its own trouble and holds up no other."""
        try:
            yield
        except (ServerRefused, TargetUnreachable, LedgerError):
            raise
        except TargetRefused as error:
            delay = self._zone_failed(zone)
            if str(error) != self.zones[zone].problem:
                log.error("%s; next try in %.0f s", error, delay, extra={"zone": zone})
            self._zone_is(zone, str(error))
            metrics.RECONCILE_ERRORS.labels("all", "zone").inc()
        except Exception as error:
            delay = self._zone_failed(zone)
            log.exception("internal error; next try in %.0f s", delay, extra={"zone": zone})
            self._zone_is(zone, f"internal error in zone {zone}: {type(error).__name__}: {error}")
            metrics.RECONCILE_ERRORS.labels("all", "internal").inc()

    def _zone_failed(self, zone: str) -> float:
        """Seconds until the next try."""
        self.zones[zone].look_again()
        return self.zones[zone].trouble.failed(self.clock())

    def _zone_is(self, zone: str, problem: str) -> None:
        """``problem`` "": it can be used."""
        self.zones[zone].problem = problem
        problems = {name: work.problem for name, work in self.zones.items() if work.problem}
        self.health.zone_problems = problems
        metrics.ZONE_USABLE.labels(zone).set(not problem)

    def _look_again(self) -> None:
        for work in self.zones.values():
            work.look_again()

    # Telling and waiting

    def _save_status(self) -> None:
        now = self.clock()
        if now < self.heartbeat_due or self.config.dry_run:
            return
        self.heartbeat_due = now + HEARTBEAT
        metrics.MANAGED_RECORDS.show(self.ledger.counts())
        at = datetime.now(UTC)
        next_pass = min((work.full_due for work in self.zones.values()), default=now)
        self.ledger.save_status(
            Status(
                holder=f"{socket.gethostname()} {os.getpid()}",
                started_at=self.started_at,
                heartbeat_at=at,
                last_pass_at=self.last_pass_at,
                next_pass_at=at + timedelta(seconds=max(0.0, next_pass - now)) if self.settled else None,
                last_change_at=self.last_change_at,
                queue=self._queue(),
                target=self.target.name,
                target_problem=self.target_problem,
                kinds=self.feed.states(),
                zones={zone: work.problem for zone, work in self.zones.items()},
            )
        )

    def _next_due(self) -> float:
        """When the next thing is to be done; the bell may ring earlier."""
        times = [] if self.config.dry_run else [self.heartbeat_due, self.poll_due]
        if self.settled:
            blocked = self.target_trouble.not_before if self.target_problem else 0.0
            times += [max(due, blocked) for due in (self.probe_due, *map(self._zone_due, self.zones.values()))]
        else:
            times.append(self.clock() + 0.1)
        return max(min(times), self.trouble.not_before)

    def _zone_due(self, work: ZoneWork) -> float:
        times = [work.full_due, *(trouble.not_before for trouble in work.retries.values())]
        if work.names:
            times.append(self.batch_at + WINDOW)
        if work.backlog:
            times.append(self.clock())
        if work.going:
            times.append(work.going_due())
        return max(min(times), work.trouble.not_before)


def _say_plan(planned: Sequence[Change], said: set[str], *, whole: bool) -> set[str]:
    """What would be changed, once for as long as it stays so; returns what is said by now."""
    plan = {f"{change.op.value} {change.after or (change.before and change.before.rrset)}" for change in planned}
    for line in sorted(plan - said):
        log.info("Would %s", line)
    return plan if whole else said | plan
