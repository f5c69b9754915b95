"""When to make a pass, whole or for some names; requests from other processes; pacing."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice

from syncer import metrics
from syncer.config import Config
from syncer.core.names import zone_of
from syncer.errors import ServerRefused, TargetRefused, TargetUnreachable, ZoneUnusable
from syncer.health import Health
from syncer.intake import Intake
from syncer.kube.feed import Feed
from syncer.kube.store import Store
from syncer.ledger import Ledger, LedgerError, SyncerStatus
from syncer.memory import give_back
from syncer.pacing import AdaptiveInterval, BackOff
from syncer.targets.base import Target
from syncer.zone.apply import Reconciler
from syncer.zone.queue import SLICE, Wakeup, ZoneWork
from syncer.zone.requests import WITHOUT_TARGET, RequestHandler, batches
from syncer.zone.result import PassResult, say_plan

log = logging.getLogger(__name__)

POLL = 1.0
"""Seconds between two looks for requests of other processes."""

PATIENCE = 0.5
"""Seconds for requests in one turn; what is left has the next one, after the names that changed meanwhile."""

HEARTBEAT = 5.0
"""Seconds between two writes of the status row."""

MANY = 100
"""Changes of one pass after which memory is given back."""


class Loop:
    """Runs in the main thread, which alone touches the database and the target."""

    def __init__(
        self,
        config: Config,
        feed: Feed,
        cluster: Store,
        target: Target,
        ledger: Ledger,
        health: Health,
        bell: Wakeup,
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
        self.intake = Intake(feed, cluster, clock())
        self.reconciler = Reconciler(
            config, target, ledger, cluster, self.intake.unread_kinds, self._is_stopping, clock
        )
        self.zones = {zone: ZoneWork() for zone in config.scope.zones}
        self.answers = RequestHandler(self.reconciler, ledger, self.zones, self._finish)
        self.begun: set[str] = set()
        self.unmanaged: set[str] = set()
        self.interval = AdaptiveInterval(config.resync_interval, clock())
        self.target_trouble = BackOff()
        self.target_problem = ""
        self.trouble = BackOff()
        self.started_at = datetime.now(UTC)
        self.last_pass_at: datetime | None = None
        self.last_change_at: datetime | None = None
        self.probe_due = self.poll_due = self.heartbeat_due = 0.0

    def run(self) -> None:
        """Turn until the bell is stopped."""
        self.feed.start()
        try:
            while not self.bell.stopping:
                self.turn()
                self.bell.wait(self._next_due() - self.clock())
        finally:
            self.feed.stop()

    def run_once(self, patience: float = 30.0) -> list[PassResult]:
        """One full pass of every zone.

        Raises ``TimeoutError`` when the objects cannot be read within ``patience`` seconds, and what the target and
        the ledger raise.
        """
        self.feed.start()
        try:
            deadline = self.clock() + patience
            while not self.intake.is_settled(self.clock()):
                if self.bell.stopping or self.clock() > deadline:
                    unsettled = self.intake.unsettled()
                    problems = "; ".join(f"{state.kind}: {state.reason or state.state}" for state in unsettled)
                    raise TimeoutError(f"not everything could be read: {problems}")
                self.bell.wait(0.1)
            self._gather()
            self.intake.save(self._writable)
            return self._whole_passes()
        finally:
            self.feed.stop()

    def _whole_passes(self) -> list[PassResult]:
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

    def _whole_pass(self, zone: str) -> PassResult:
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
            settled = self.intake.is_settled(self.clock())
            if settled:
                self.intake.save(self._writable)
            if settled and self.clock() >= self.target_trouble.not_before:
                with self._target_in_words():
                    self._answer_requests()
                    self._probe()
                    for zone in self.zones:
                        self._work(zone)
            else:
                self._answer_requests(asking_target=False)
            self.trouble.succeeded()
            self.health.database_problem = ""
        except LedgerError as error:
            delay = self.trouble.failed(self.clock())
            log.warning("%s; next try in %.0f s", error, delay)
            self.health.database_problem = str(error)
            metrics.RECONCILE_ERRORS.labels("all", "database").inc()
            self._look_again()
            # It may be another, empty one when it is back.
            self.begun.clear()
            self.intake.save_all_again()
        except Exception:  # a mistake of ours in one place must not end the rest, nor a restart meet it again at once
            delay = self.trouble.failed(self.clock())
            log.exception("internal error; next try in %.0f s", delay)
            metrics.RECONCILE_ERRORS.labels("all", "internal").inc()

    @property
    def _writable(self) -> Ledger | None:
        return None if self.config.dry_run else self.ledger

    def _is_stopping(self) -> bool:
        """Asked between two changes: a pass of thousands, at ten a second, is not a loop that hangs."""
        self.health.beat()
        return self.bell.stopping

    # What has changed

    def _gather(self) -> None:
        """Take over what the watches brought, sorted by how urgent it is."""
        now = self.clock()
        for name in self.intake.take():
            if (zone := zone_of(name, self.config.scope.zones)) is not None:
                self.zones[zone].touch(name, now, claimed=self._is_claimed(name))
        metrics.QUEUE_LENGTH.set(self._queue())

    def _is_claimed(self, name: str) -> bool:
        return bool(self.cluster.claimants(name))

    def _queue(self) -> int:
        return sum(map(len, self.zones.values()))

    # Passes

    def _work(self, zone: str) -> None:
        """Make the pass that is due in a zone, if one is."""
        work, now = self.zones[zone], self.clock()
        if self.bell.stopping or now < work.trouble.not_before:
            return
        if now >= work.drift_due:
            self.reconciler.views.pop(zone, None)
            work.look_again()
        if now >= work.full_due:
            if now < work.undisturbed_until:
                work.full_due = min(now + self.interval.seconds(now), work.undisturbed_until)
                return
            with self._zone_in_words(zone):
                self._full_pass(zone)
            return
        due = work.take_due(now, self.reconciler.planner.urgency, self._is_claimed)
        if due:
            with self._zone_in_words(zone):
                self._finish(zone, due, self._timed("names", lambda: self.reconciler.pass_for(zone, due)))

    def _full_pass(self, zone: str) -> PassResult:
        work = self.zones[zone]
        if zone not in self.begun:
            if self.ledger.is_empty(zone):
                self.reconciler.rebuild(zone)
            self.begun.add(zone)
        if zone not in self.reconciler.views:
            work.drift_due = self.clock() + self.config.drift_interval
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

    def _finish(self, zone: str, names: set[str] | None, outcomes: PassResult) -> None:
        """Cross off what a pass dealt with (None: the whole zone), and note what comes back."""
        work, now, whole = self.zones[zone], self.clock(), names is None
        work.cross_off(names, outcomes, now)
        self._zone_is(zone, "")
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
            work.said = say_plan(outcomes, work.said, whole=whole)

    def _timed(self, kind: str, work: Callable[[], PassResult]) -> PassResult:
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
        for batch in batches(self.ledger.requests()):
            if not asking_target and batch[0].action not in WITHOUT_TARGET:
                continue
            if self.clock() > now + PATIENCE:
                self.poll_due = now
                return
            try:
                outcomes = self.answers.answer(batch)
            except TargetRefused as error:
                outcomes = [f"refused: {error}"] * len(batch)
            self.ledger.answer({request.id: outcome for request, outcome in zip(batch, outcomes, strict=True)})
            for request, outcome in zip(batch, outcomes, strict=True):
                log.info("Request answered: %s", outcome, extra={"action": request.action, "actor": request.actor})

    # Trouble

    @contextmanager
    def _target_in_words(self) -> Iterator[None]:
        """One back-off for a dead server; when it is back, everything is compared."""
        try:
            yield
        except (TargetUnreachable, TargetRefused) as error:
            delay = self.target_trouble.failed(self.clock())
            if str(error) != self.target_problem:
                level = logging.ERROR if isinstance(error, TargetRefused) else logging.WARNING
                log.log(level, "%s; next try in %.0f s", error, delay, extra={"target": self.target.name})
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
        counts = self.ledger.counts()
        metrics.MANAGED_RECORDS.show(counts)
        for zone in {zone for zone, _ in counts} - self.zones.keys() - self.unmanaged:
            self.unmanaged.add(zone)
            number = sum(count for (where, _), count in counts.items() if where == zone)
            log.warning(
                "%s is not in DNS_ZONES any more: its %d records stay as they are until it is, or they are released",
                zone,
                number,
                extra={"zone": zone},
            )
        at = datetime.now(UTC)
        next_pass = min((work.full_due for work in self.zones.values()), default=now)
        self.ledger.save_status(
            SyncerStatus(
                holder=f"{socket.gethostname()} {os.getpid()}",
                started_at=self.started_at,
                heartbeat_at=at,
                last_pass_at=self.last_pass_at,
                next_pass_at=at + timedelta(seconds=max(0.0, next_pass - now)) if self.intake.is_settled(now) else None,
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
        now = self.clock()
        times = [] if self.config.dry_run else [self.heartbeat_due, self.poll_due]
        if self.intake.is_settled(now):
            blocked = self.target_trouble.not_before if self.target_problem else 0.0
            dues = [self.probe_due, *(work.next_due(now) for work in self.zones.values())]
            times += [max(due, blocked) for due in dues]
        else:
            times.append(now + 0.1)
        return max(min(times), self.trouble.not_before)
