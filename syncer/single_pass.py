"""One full pass of every zone, as ``runsyncer --once`` makes it: nothing is waited for once that is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from syncer.errors import SyncError
from syncer.kube.feed import Feed
from syncer.target_loop import TargetLoop
from syncer.tenure import Tenure
from syncer.wakeup import Wakeup
from syncer.zone.result import PartialPass, PassResult

PATIENCE = 30.0
"""Seconds that the objects have to be read."""

LOOK = 0.1
"""Seconds between two looks whether everything was read."""


class SinglePass:
    """Of the ``targets``, one after the other. ``feed`` is started and stopped by it."""

    def __init__(
        self, targets: Sequence[TargetLoop], feed: Feed, tenure: Tenure, wakeup: Wakeup, clock: Callable[[], float]
    ) -> None:
        self._targets = targets
        self._feed = feed
        self._tenure = tenure
        self._wakeup = wakeup
        self._clock = clock

    def run_targets(self) -> Mapping[str, Sequence[PassResult]]:
        """The results by target. A target that fails holds up no other.

        Raises ``TimeoutError`` when the objects cannot be read within ``PATIENCE`` seconds, ``PartialPass``, and what
        a single target and the ledger raise.
        """
        self._feed.start()
        results: dict[str, Sequence[PassResult]] = {}
        problems: dict[str, SyncError] = {}
        try:
            self._wait_until_settled()
            self._ask_servers()
            for target in self._targets:
                if self._wakeup.stopping:
                    raise TimeoutError(f"it was stopped before target {target.name} had its pass")
                try:
                    results[target.name] = target.run_once()
                except PartialPass as error:
                    results |= error.results
                    problems[target.name] = error
                except SyncError as error:
                    problems[target.name] = error
        finally:
            self._feed.stop()
        if problems and len(self._targets) > 1:
            raise PartialPass("; ".join(f"{name}: {error}" for name, error in problems.items()), results)
        if problems:
            raise next(iter(problems.values()))
        return results

    def _ask_servers(self) -> None:
        """Before the first of several targets writes it must be known whether another one is on the same server, and
        which of them has written there."""
        for target in self._targets if len(self._targets) > 1 else ():
            target.worker.begin_zones()
            with suppress(SyncError):  # its pass tells it
                target.worker.target.check()

    def _wait_until_settled(self) -> None:
        deadline = self._clock() + PATIENCE
        intakes = [target.intake for target in self._targets]
        while not all(intake.is_settled(self._clock()) for intake in intakes):
            if self._wakeup.stopping or self._clock() > deadline:
                unsettled = intakes[0].unsettled()
                problems = "; ".join(f"{state.kind}: {state.reason or state.state}" for state in unsettled)
                raise TimeoutError(f"not everything could be read: {problems}")
            self._wait_on()
        while intakes[0].deletes_wait() and not self._wakeup.stopping and self._clock() < deadline:
            self._wait_on()

    def _wait_on(self) -> None:
        self._tenure.renew_due()
        self._wakeup.wait(LOOK)
