"""One target's turns: what changed for it is gathered and saved, and each of its zones does what is due."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from threading import Thread
from typing import NamedTuple

from syncer import metrics
from syncer.changed_settings import ChangedSettings
from syncer.config import Config, TargetConfig
from syncer.database_trouble import DatabaseTrouble
from syncer.desk import RequestDesk
from syncer.health import TargetHealth
from syncer.intake import Intake
from syncer.kube.feed import Feed
from syncer.kube.store import Store
from syncer.ledger import Ledger, LedgerError
from syncer.targets.base import Target
from syncer.tenure import GLANCE
from syncer.threads import name_thread
from syncer.wakeup import Wakeup
from syncer.worker import TargetWorker
from syncer.zone.result import PassResult

TAKEN = 1_500
"""Names whose claims have changed that are taken in one turn, and saved with their objects."""

FILE_CHECK = 5.0
"""Seconds between two looks whether a thread's database is still the one that it opened."""


class Setup(NamedTuple):
    """What a target is made of: ``store`` has what the objects ask for there; ``wakeup`` wakes its loop."""

    config: TargetConfig
    store: Store
    target: Target
    wakeup: Wakeup


class Surroundings(NamedTuple):
    """What the loops of all targets share. ``beat`` is called between two steps of what takes long in the main thread;
    ``is_stopping`` tells whether the process is to end."""

    config: Config
    feed: Feed
    changed: ChangedSettings
    desk: RequestDesk
    beat: Callable[[], None]
    is_stopping: Callable[[], bool]
    clock: Callable[[], float]


class TargetLoop:
    """With one target it turns in the main thread, with several each has a thread of its own, which alone touches the
    ledger that it was given, the target and its zones."""

    def __init__(self, setup: Setup, shared: Surroundings, ledger: Ledger, health: TargetHealth) -> None:
        self.last_pass_at: datetime | None = None
        self.wakeup = setup.wakeup
        self.error: BaseException | None = None
        """What ended the thread."""
        self.intake = Intake(shared.feed, setup.store, setup.config.name, shared.clock())
        self.worker = TargetWorker(
            shared.config,
            setup.config,
            setup.target,
            ledger,
            setup.store,
            health,
            find_unread=self.intake.find_unread,
            awaited_kinds=self.intake.awaited_kinds,
            explain_hold=shared.changed.explain,
            answer_requests=self._answer_requests,
            is_stopping=self._is_stopping,
            clock=shared.clock,
        )
        for metric in (metrics.LAST_FULL_PASS, metrics.LAST_CHANGE, metrics.RATE_LIMIT_WAIT):
            metric.labels(self.worker.name)  # shown from the start
        self.health = health
        self._setup = setup
        self._shared = shared
        self._ledger = ledger
        self._clock = shared.clock
        self._dry_run = shared.config.dry_run
        self._grace = setup.config.managed.detached_grace
        self._thread: Thread | None = None
        self._is_ledger_doubted = False

    @property
    def name(self) -> str:
        return self._setup.config.name

    # A thread of its own

    def start(self, ended: Callable[[], None]) -> None:
        """Turn in a thread until the wakeup is stopped, or ``error`` says what went wrong. ``ended`` is called then."""

        def run() -> None:
            try:
                self._run()
            except BaseException as error:  # noqa: BLE001 - the main thread raises it
                self.error = error
            finally:
                self._ledger.close()
                ended()

        self._thread = Thread(target=run, name=name_thread(self.name), daemon=True)
        self._thread.start()

    def join(self) -> None:
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        trouble = DatabaseTrouble(self.health, self._clock, self.name)
        check_due = 0.0
        while not self._is_stopping():
            now = self._clock()
            self.gather_names()
            if now >= trouble.not_before:
                with trouble.watching(self.doubt_ledger):
                    if now >= check_due:
                        check_due = now + FILE_CHECK
                        self._ledger.check_database()
                    self.turn()
            self.wakeup.wait(max(self.next_due(self._clock()), trouble.not_before) - self._clock())

    # A turn

    def gather_names(self) -> None:
        """Hand what the watches brought to the zones."""
        with suppress(LedgerError):  # who needs it to go on says so
            self.intake.settle_limits(self._ledger, self._clock())
        is_first = self.last_pass_at is None  # that pass looks at all of them
        names = self.intake.take_names(None if is_first else TAKEN)
        self.worker.enqueue(names, None if is_first else self.intake.store.taken_since)
        metrics.QUEUE_LENGTH.labels(self.name).set(self.worker.waiting)

    def turn(self) -> None:
        """Do all that is due, if the main loop says that it may. Raises ``LedgerError``."""
        if not self._may_work():
            return
        if self._is_ledger_doubted:
            self._is_ledger_doubted = False
            self.worker.doubt_ledger()
            self.intake.save_all_again()
        now = self._clock()
        self.worker.read_freezes(now)
        requests = [] if self._dry_run else self._shared.desk.list_waiting(self.name)
        if not self.intake.is_settled(now):
            self.worker.answer_requests(requests, asking_target=False)
            return
        if self.last_pass_at is None:
            self.gather_names()  # what was read since this turn began is in the first pass, and must be saved before it
        self.save_sources()
        if not self._dry_run:
            self.worker.enqueue(self.intake.count_trouble(self._ledger, now, self._grace))
        for result in self.worker.run_due(requests):
            if result.whole and self.worker.is_caught_up:
                self.last_pass_at = datetime.now(UTC)
                metrics.LAST_FULL_PASS.labels(self.name).set(time.time())
                self.health.has_passed = True

    def run_once(self) -> list[PassResult]:
        """A full pass of every zone. Raises what the target and the ledger raise."""
        self.worker.read_freezes(self._clock())
        self.gather_names()
        self.save_sources()
        results = self.worker.run_once()
        self.last_pass_at = datetime.now(UTC)
        return results

    def save_sources(self) -> None:
        ledger = None if self._dry_run else self._ledger
        is_new_version = self._shared.changed.is_new_version
        self.worker.enqueue(self.intake.save_sources(ledger, is_new_version=is_new_version, beat=self.beat))

    def doubt_ledger(self) -> None:
        """The database did not answer; it may be another one when it is back. From any thread: the next turn does what
        follows from it."""
        self._is_ledger_doubted = True
        self.wakeup.notify()

    def beat(self) -> None:
        """Between two steps of what takes long, and while the target is waited for: that is no loop that hangs. The
        main loop goes on beating by itself where the target has a thread of its own."""
        self.health.beat()
        if self._thread is None:
            self._shared.beat()

    def next_due(self, now: float) -> float:
        """When the next thing is to be done; something may wake the loop earlier."""
        if not self._may_work():
            return now + GLANCE
        times = [self.intake.next_due]
        is_idle = self.intake.store.is_drained and not (self.worker.is_behind or self._is_ledger_doubted)
        times += [] if is_idle else [now]
        times.append(self.worker.next_due(now) if self.intake.is_settled(now) else now + 0.1)
        return min(times)

    def is_settled(self) -> bool:
        """Whether enough was read to make passes."""
        return self.intake.is_settled(self._clock())

    def _may_work(self) -> bool:
        """Whether the main loop has done what comes before: this is the syncer of the database, or a dry run."""
        return self._shared.changed.is_compared

    def _answer_requests(self, outcomes: Mapping[int, str]) -> None:
        self._shared.desk.answer_requests(self.name, outcomes, self._ledger)

    def _is_stopping(self) -> bool:
        """Asked between two turns, and between two changes, of which a pass may have thousands."""
        self.beat()
        return self.wakeup.stopping or self._shared.is_stopping()
