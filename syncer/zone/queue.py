"""What waits to be done in a zone, and what wakes the loop to do it."""

from __future__ import annotations

import queue
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from heapq import nsmallest
from itertools import islice

from syncer.pacing import BackOff
from syncer.zone.result import PassResult

WINDOW = 0.3
"""Seconds. The first of several changes goes at once, what follows is gathered for so long."""

DELETE_PATIENCE = 3.0
"""Seconds. Names that lost their last claim wait until no more of them come, so that the guard sees one blow as one;
at most so long."""

SLICE = 250
"""Names of one pass, so that the memory of a burst does not grow with it."""


class Wakeup:
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
    """All times are of the loop's clock.

    ``names`` wait for a pass, ``backlog`` for one in which nothing newer waits (a dict for its order). ``going`` are
    names without a claim: when the first and the latest of them came. ``retries`` gives the number of failures and the
    time of the next try. ``undisturbed_until``: nothing has changed since the last full pass, and until then there is
    no reason for another. ``drift_due``: when the zone is listed although its serial gives no reason to. ``problem``:
    why the zone cannot be used, "" when it can. ``said``: in a dry run, what the log already says.
    """

    full_due: float = 0.0
    drift_due: float = 0.0
    undisturbed_until: float = 0.0
    names: set[str] = field(default_factory=set)
    backlog: dict[str, None] = field(default_factory=dict)
    going: set[str] = field(default_factory=set)
    going_since: float = 0.0
    going_until: float = 0.0
    retries: dict[str, BackOff] = field(default_factory=dict)
    trouble: BackOff = field(default_factory=BackOff)
    batch_at: float = 0.0
    problem: str = ""
    said: set[str] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.names) + len(self.backlog) + len(self.going) + len(self.retries)

    def touch(self, name: str, now: float, *, claimed: bool) -> None:
        """The claims on a name have changed; ``claimed`` when there still are any."""
        self.undisturbed_until = 0.0
        if claimed:
            self.names.add(name)
            self.going.discard(name)
            return
        if not self.going:
            self.going_since = now
        self.names.discard(name)
        self.going.add(name)
        self.going_until = now

    def look_again(self) -> None:
        """Make a full pass, whatever is known."""
        self.full_due = self.undisturbed_until = 0.0

    def take_due(
        self, now: float, urgency: Callable[[str], tuple[int, str]], is_claimed: Callable[[str], bool]
    ) -> set[str]:
        """The names of the next pass: what is urgent and new before what had no turn yet."""
        for name in [name for name in self.names if not is_claimed(name)]:
            self.touch(name, now, claimed=False)  # it was claimed when it was touched
        due = {name for name, trouble in self.retries.items() if now >= trouble.not_before}
        if now >= self.batch_at + WINDOW:
            if len(self.names) <= SLICE:
                due |= self.names
            else:
                due.update(nsmallest(SLICE, self.names, key=urgency))
        if self.going and now >= self._going_due():
            due |= self.going
        due = due or set(islice(self.backlog, SLICE))
        if due:
            self.batch_at = now if len(self.names) <= SLICE else 0.0
        return due

    def cross_off(self, names: Collection[str] | None, outcomes: PassResult, now: float) -> None:
        """Names (None: all of them) have had their pass; some of them come back."""
        if names is None:
            names = self.names | self.going | self.retries.keys()
            self.backlog.clear()
        self.names.difference_update(names)
        self.going.difference_update(names)
        for name in names:
            self.backlog.pop(name, None)
            if name not in outcomes.retry:
                self.retries.pop(name, None)
        for name in outcomes.retry:
            self.retries.setdefault(name, BackOff()).failed(now)
        self.backlog = dict.fromkeys([*outcomes.later, *self.backlog])
        self.trouble.succeeded()

    def next_due(self, now: float) -> float:
        times = [self.full_due, self.drift_due, *(trouble.not_before for trouble in self.retries.values())]
        if self.names:
            times.append(self.batch_at + WINDOW)
        if self.backlog:
            times.append(now)
        if self.going:
            times.append(self._going_due())
        return max(min(times), self.trouble.not_before)

    def _going_due(self) -> float:
        return min(self.going_since + DELETE_PATIENCE, self.going_until + WINDOW)
