"""Waiting, gathering what changed, and a turn for each zone."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from syncer import metrics
from syncer.certificates import FailingCertificates
from syncer.changed_settings import ChangedSettings
from syncer.config import Config
from syncer.health import Health
from syncer.heartbeat import Heartbeat
from syncer.intake import Intake
from syncer.kube.feed import Feed
from syncer.kube.store import Store
from syncer.ledger import LastStart, Ledger, LedgerError, Request
from syncer.pacing import BackOff
from syncer.targets.base import Target
from syncer.tenure import GLANCE, Tenure
from syncer.vitals import Vitals
from syncer.wakeup import Wakeup
from syncer.worker import TargetWorker
from syncer.zone.result import PassResult

log = logging.getLogger(__name__)

POLL = 1.0
"""Seconds between two looks for requests of other processes."""

TAKEN = 2_000
"""Names whose claims have changed that are taken in one turn, and saved with their objects: a quarter of a second."""


class Loop:
    """Runs in the main thread, which alone touches the database and the target."""

    def __init__(
        self,
        config: Config,
        feed: Feed,
        store: Store,
        target: Target,
        ledger: Ledger,
        health: Health,
        wakeup: Wakeup,
        clock: Callable[[], float] = time.monotonic,
        find_failing: Callable[[], FailingCertificates] | None = None,
    ) -> None:
        """``find_failing`` tells of the certificates in the cluster, None where they are not watched."""
        self.intake = Intake(feed, store, clock())
        self.tenure = Tenure(ledger, target.kind, clock)
        self.changed = ChangedSettings(ledger, LastStart(config.version, config.published))
        (target_config,) = config.targets
        self.worker = TargetWorker(
            config,
            target_config,
            target,
            ledger,
            store,
            health,
            find_unread=self.intake.find_unread,
            awaited_kinds=self.intake.awaited_kinds,
            explain_hold=self.changed.explain,
            is_stopping=self._is_stopping,
            clock=clock,
        )
        self.heartbeat = Heartbeat(ledger, self.worker, Vitals([self.worker], feed, find_failing))
        self._feed = feed
        self._ledger = ledger
        self._health = health
        self._wakeup = wakeup
        self._clock = clock
        self._dry_run = config.dry_run
        self._grace = target_config.managed.detached_grace
        self._trouble = BackOff()
        self._poll_due = 0.0

    def take_over(self) -> None:
        """Returns when no other syncer is at work on the database, or when the wakeup is stopped. Raises
        ``AnotherSyncer`` and ``LedgerError``."""
        while not (self._wakeup.stopping or self._is_in_charge()):
            self._wakeup.wait(GLANCE)

    def run(self) -> None:
        """Turn until the wakeup is stopped. Raises ``AnotherSyncer``."""
        self._feed.start()
        try:
            with self.tenure:
                while not self._wakeup.stopping:
                    self.turn()
                    self._wakeup.wait(self._next_due() - self._clock())
        finally:
            self._feed.stop()

    def run_once(self, patience: float = 30.0) -> list[PassResult]:
        """One full pass of every zone.

        Raises ``TimeoutError`` when the objects cannot be read within ``patience`` seconds, and what the target and
        the ledger raise.
        """
        with self.tenure:
            self.take_over()
            if self._wakeup.stopping:
                raise TimeoutError("it was stopped before it began")
            self.changed.compare()
            self.worker.read_freezes(self._clock())
            self._feed.start()
            try:
                self._wait_until_settled(patience)
                self._gather_names()
                self._save_sources()
                results = self.worker.run_once()
            finally:
                self._feed.stop()
            if not (self.worker.held or self._dry_run or self._wakeup.stopping):
                self.changed.remember()
            return results

    def _wait_until_settled(self, patience: float) -> None:
        deadline = self._clock() + patience
        while not self.intake.is_settled(self._clock()):
            if self._wakeup.stopping or self._clock() > deadline:
                unsettled = self.intake.unsettled()
                problems = "; ".join(f"{state.kind}: {state.reason or state.state}" for state in unsettled)
                raise TimeoutError(f"not everything could be read: {problems}")
            self.tenure.renew_due()
            self._wakeup.wait(0.1)
        while self.intake.deletes_wait() and not self._wakeup.stopping and self._clock() < deadline:
            self.tenure.renew_due()
            self._wakeup.wait(0.1)

    def turn(self) -> None:
        """Do all that is due."""
        self._health.beat()
        self._gather_names()
        if self._clock() < self._trouble.not_before:
            return
        try:
            self._turn_zones()
            self._trouble.succeeded()
            self._health.database_problem = ""
        except LedgerError as error:
            delay = self._trouble.failed(self._clock())
            log.warning("%s; next try in %.0f s", error, delay)
            self._health.database_problem = str(error)
            metrics.RECONCILE_ERRORS.labels("all", "database").inc()
            self.worker.doubt_ledger()
            self.intake.save_all_again()
        except Exception:  # a mistake of ours in one place must not end the rest, nor a restart meet it again at once
            delay = self._trouble.failed(self._clock())
            log.exception("internal error; next try in %.0f s", delay)
            metrics.RECONCILE_ERRORS.labels("all", "internal").inc()

    def _turn_zones(self) -> None:
        if not self._is_in_charge():
            return
        self.changed.compare()
        now = self._clock()
        settled = self.intake.is_settled(now)
        self.worker.read_freezes(now)
        if not self._dry_run:
            self.heartbeat.beat_due(now, self._health.report, settled=settled)
        requests = self._poll_requests(now)
        if not settled:
            self.worker.answer_requests(requests, asking_target=False)
            return
        self._save_sources()
        if not self._dry_run:
            self.worker.enqueue(self.intake.count_trouble(self._ledger, now, self._grace))
        for result in self.worker.run_due(requests):
            if result.whole and self.worker.is_caught_up:
                self.heartbeat.last_pass_at = datetime.now(UTC)
                metrics.LAST_FULL_PASS.set(time.time())
                self._health.full_pass_done()
                if not (self.worker.held or self._dry_run):
                    self.changed.remember()
        if self.worker.is_behind:
            self._poll_due = now

    def _gather_names(self) -> None:
        """Hand what the watches brought to the zones."""
        with suppress(LedgerError):  # who needs it to go on says so
            self.intake.settle_limits(self._ledger, self._clock())
        is_first = self.heartbeat.last_pass_at is None  # that pass looks at all of them
        names = self.intake.take_names(None if is_first else TAKEN)
        self.worker.enqueue(names, None if is_first else self.intake.store.taken_since)
        metrics.QUEUE_LENGTH.set(self.worker.waiting)

    def _save_sources(self) -> None:
        ledger = None if self._dry_run else self._ledger
        is_new_version = self.changed.is_new_version
        self.worker.enqueue(self.intake.save_sources(ledger, is_new_version=is_new_version, beat=self.beat))

    def _poll_requests(self, now: float) -> list[Request]:
        if now < self._poll_due or self._dry_run:
            return []
        self._poll_due = now + POLL
        return self._ledger.requests()

    def _is_in_charge(self) -> bool:
        """Whether this is the syncer of the database. A dry run writes nothing there, and may go on beside one."""
        return self._dry_run or self.tenure.advance()

    def beat(self) -> None:
        """Between two steps of what takes long, and while the target is waited for: that is no loop that hangs."""
        self._health.beat()
        self.tenure.renew_due()

    def _is_stopping(self) -> bool:
        """Asked between two changes, of which a pass may have thousands."""
        self.beat()
        return self._wakeup.stopping

    def _next_due(self) -> float:
        """When the next thing is to be done; something may wake the loop earlier."""
        now = self._clock()
        if not (self._dry_run or self.tenure.is_held):
            return max(now + GLANCE, self._trouble.not_before)
        times = [] if self._dry_run else [self.heartbeat.due, self._poll_due]
        times.append(self.intake.next_due)
        times += [] if self.intake.store.is_drained else [now]
        times.append(self.worker.next_due(now) if self.intake.is_settled(now) else now + 0.1)
        return max(min(times), self._trouble.not_before)
