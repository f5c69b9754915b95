"""The main loop: who is at work on the database, what people ask for, the heartbeat, and a turn of each target."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence

from syncer.certificates import FailingCertificates
from syncer.changed_settings import ChangedSettings
from syncer.config import Config
from syncer.database_trouble import DatabaseTrouble
from syncer.desk import RequestDesk
from syncer.health import Health
from syncer.heartbeat import Heartbeat
from syncer.kube.feed import Feed
from syncer.ledger import LastStart, Ledger, TargetPlace
from syncer.single_pass import SinglePass
from syncer.target_loop import Setup, Surroundings, TargetLoop
from syncer.tenure import GLANCE, Tenure
from syncer.vitals import Vitals
from syncer.wakeup import Wakeup
from syncer.zone.result import PassResult

log = logging.getLogger(__name__)

IDLE = 60.0
"""Seconds that the main loop may wait where it has nothing to do of its own: in a dry run."""


class Loop:
    """Runs in the main thread. The loop of a single target turns there too; of several, each has a thread of its own.
    ``health`` has a part for each of the ``setups``."""

    def __init__(
        self,
        config: Config,
        feed: Feed,
        setups: Sequence[Setup],
        ledger: Ledger,
        health: Health,
        wakeup: Wakeup,
        clock: Callable[[], float] = time.monotonic,
        find_failing: Callable[[], FailingCertificates] | None = None,
    ) -> None:
        """``find_failing`` tells of the certificates in the cluster, None where they are not watched."""
        kinds = dict.fromkeys(setup.target.kind for setup in setups)
        self.tenure = Tenure(ledger, ", ".join(kinds), clock)
        self.changed = ChangedSettings(ledger, LastStart(config.version, config.published))
        self.desk = RequestDesk({setup.config.name: setup.config.scope.zones for setup in setups})
        self._are_several = len(setups) > 1
        shared = Surroundings(
            config,
            feed,
            self.changed,
            self.desk,
            beat=self.beat,
            is_stopping=lambda: wakeup.stopping,
            clock=clock,
        )
        self.targets = [
            TargetLoop(setup, shared, ledger.for_thread() if self._are_several else ledger, part)
            for setup, part in zip(setups, health.targets, strict=True)
        ]
        vitals = Vitals([target.worker for target in self.targets], feed, find_failing)
        self.heartbeat = Heartbeat(ledger, self.targets, vitals)
        self._feed = feed
        self._ledger = ledger
        self._health = health
        self._wakeup = wakeup
        self._clock = clock
        self._dry_run = config.dry_run
        self._trouble = DatabaseTrouble(health, clock)
        self._places = [describe_place(setup) for setup in setups]
        self._has_taken_rows = self._dry_run

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
                if self._are_several:
                    self._run_threads()
                else:
                    self._run_alone()
        finally:
            self._feed.stop()

    def _run_alone(self) -> None:
        while not self._wakeup.stopping:
            self.turn()
            self._wakeup.wait(self._next_due() - self._clock())

    def _run_threads(self) -> None:
        """Until the wakeup is stopped, or one of them fails, whose error is raised."""
        for target in self.targets:
            target.start(self._wakeup.notify)
        try:
            while not self._wakeup.stopping:
                self._health.beat()
                self._turn_process()
                if error := next((target.error for target in self.targets if target.error), None):
                    raise error
                self._wakeup.wait(self._next_due() - self._clock())
        finally:
            for target in self.targets:
                target.wakeup.stop()
            for target in self.targets:
                target.join()

    def run_once(self) -> Mapping[str, Sequence[PassResult]]:
        """One full pass of every zone; the results by target. Raises ``TimeoutError`` when it was stopped before it
        began, and what ``SinglePass`` raises."""
        with self.tenure:
            self.take_over()
            if self._wakeup.stopping:
                raise TimeoutError("it was stopped before it began")
            self._take_over_rows()
            self.changed.compare()
            results = SinglePass(self.targets, self._feed, self.tenure, self._wakeup, self._clock).run_targets()
            if not self._wakeup.stopping:
                self._remember_start()
            return results

    def turn(self) -> None:
        """Do all that is due, the targets one after the other."""
        self._health.beat()
        for target in self.targets:
            target.health.beat()
            target.gather_names()
        if self._clock() < self._trouble.not_before:
            return
        with self._trouble.watching(self._doubt_ledger):
            if self._is_in_charge():
                self._do_common()
                for target in self.targets:
                    target.turn()
                self._remember_start()

    def _turn_process(self) -> None:
        """What is due of that which is no target's, while the targets have threads of their own."""
        if self._clock() < self._trouble.not_before:
            return
        with self._trouble.watching(self._doubt_ledger):
            if self._is_in_charge():
                self._do_common()
                self._remember_start()
                self._wake_targets()

    def _do_common(self) -> None:
        self._take_over_rows()
        self.changed.compare()
        now = self._clock()
        if not self._dry_run:
            self.heartbeat.beat_due(now, self._health.report)
            self.desk.poll_due(self._ledger, now)

    def _take_over_rows(self) -> None:
        """Once, before any target is at work: of a target that has a new name."""
        if not self._has_taken_rows:
            for sentence in self._ledger.take_over_rows(self._places):
                log.warning("%s", sentence)
        self._has_taken_rows = True

    def _wake_targets(self) -> None:
        for target in self.targets:
            if self.desk.list_waiting(target.name):
                target.wakeup.notify()

    def _doubt_ledger(self) -> None:
        for target in self.targets:
            target.doubt_ledger()

    def _remember_start(self) -> None:
        """The settings of this start, once all targets had a full pass after which nothing is held."""
        has_passed = all(target.last_pass_at and not target.worker.held for target in self.targets)
        if has_passed and not self._dry_run:
            self.changed.remember()

    def _is_in_charge(self) -> bool:
        """Whether this is the syncer of the database. A dry run writes nothing there, and may go on beside one."""
        return self._dry_run or self.tenure.advance()

    def beat(self) -> None:
        """Between two steps of what takes long, and while the target is waited for: that is no loop that hangs."""
        self._health.beat()
        self.tenure.renew_due()

    def _next_due(self) -> float:
        """When the next thing is to be done; something may wake the loop earlier."""
        now = self._clock()
        if not (self._dry_run or self.tenure.is_held):
            return max(now + GLANCE, self._trouble.not_before)
        times = [now + IDLE] if self._dry_run else [self.heartbeat.due, self.desk.due]
        times += () if self._are_several else (target.next_due(now) for target in self.targets)
        return max(min(times), self._trouble.not_before)


def describe_place(setup: Setup) -> TargetPlace:
    config = setup.config
    places = frozenset(config.settings.places)
    return TargetPlace(config.name, setup.target.kind, places, frozenset(config.scope.zones), config.was)
