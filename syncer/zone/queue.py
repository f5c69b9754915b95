"""The names of one zone that wait for a pass."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from enum import Enum
from heapq import heappop, heappush, nsmallest
from itertools import islice

from syncer.pacing import BackOff
from syncer.zone.slices import SliceSize

WINDOW = 0.3
"""Seconds. The first of several changes goes at once, what follows is gathered for so long."""

DELETE_PATIENCE = 3.0
"""Seconds. Names that lost their last claim wait until no more of them come, so that the guard counts them together; at
most so long."""


class Deferred(Enum):
    """What the last pass found at a name that has to wait for its turn; the ledger and the view do not know it."""

    AS_KNOWN = "what the ledger says"
    ABSENT = "nothing"
    UNMARKED = "what the ledger says, without our marks"
    UNSURE = "something else: it must be read again"


class ZoneQueue:
    """All times are of the clock of the loop.

    ``changed`` are names whose claims changed, ``deferred`` those that had no turn yet, in their order: they go when
    nothing newer waits. ``unclaimed`` lost their last claim. ``retries`` gives the time of the next try. ``slice_size``
    bounds the names of one pass, so that the memory of a burst does not grow with it.
    """

    def __init__(self) -> None:
        self.changed: set[str] = set()
        self.deferred: dict[str, Deferred] = {}
        self.unclaimed: set[str] = set()
        self.retries: dict[str, BackOff] = {}
        self.slice_size = SliceSize()
        self._ranked: list[tuple[int, str]] = []
        """A heap of changed names, those that have had their pass among them."""
        self._unranked: set[str] = set()
        """The other changed names."""
        self._first_unclaimed = self._last_unclaimed = 0.0
        self._batch_at = 0.0

    def __len__(self) -> int:
        return len(self.changed) + len(self.deferred) + len(self.unclaimed) + len(self.retries)

    def add(self, name: str, now: float, *, claimed: bool) -> None:
        """The claims on a name have changed; ``claimed`` when there still are any."""
        if claimed:
            self.changed.add(name)
            self._unranked.add(name)
            self.unclaimed.discard(name)
            return
        if not self.unclaimed:
            self._first_unclaimed = now
        self.changed.discard(name)
        self._unranked.discard(name)
        self.unclaimed.add(name)
        self._last_unclaimed = now

    def pop_due(
        self, now: float, rank: Callable[[str], tuple[int, str]], is_claimed: Callable[[str], bool]
    ) -> set[str]:
        """The names of the next pass: what is urgent and new before what had no turn yet. They stay in the queue until
        they are ``done``."""
        most = self.slice_size.names
        due = {name for name, trouble in self.retries.items() if now >= trouble.not_before}
        if now >= self._batch_at + WINDOW:
            claimed = set()
            for name in self._pop_changed(most, rank):
                if is_claimed(name):
                    claimed.add(name)
                else:  # it was claimed when it was added
                    self.add(name, now, claimed=False)
            if claimed:
                self._batch_at = now if len(self.changed) <= most else 0.0
            due |= claimed
        if self.unclaimed and now >= self._unclaimed_due():
            due.update(self.unclaimed if len(self.unclaimed) <= most else nsmallest(most, self.unclaimed))
        # Their passes open no window: one may take less, and what is new would wait for the last of them.
        return due or set(islice(self.deferred, most))

    def _pop_changed(self, most: int, rank: Callable[[str], tuple[int, str]]) -> set[str]:
        """The first of the changed. Each is ranked once: of a hundred thousand that takes longer than a slice."""
        if len(self.changed) <= most:
            self._ranked, self._unranked = [], self.changed.copy()
            return self._unranked.copy()
        for name in self._unranked:
            heappush(self._ranked, rank(name))
        self._unranked = set()
        while self._ranked and len(self._unranked) < most:
            _, name = heappop(self._ranked)
            if name in self.changed:
                self._unranked.add(name)  # until they are done: a pass may fail
        return self._unranked.copy()

    def defer(self, names: Iterable[str]) -> None:
        """Compare these too, when nothing newer waits, with what the ledger says."""
        self.deferred |= {name: Deferred.AS_KNOWN for name in names if name not in self.deferred}

    def list_coming(self, now: float, names: Collection[str]) -> set[str]:
        """Names without a claim that are due and have their turn after ``names``."""
        is_due = self.unclaimed and now >= self._unclaimed_due()
        return self.unclaimed.difference(names) if is_due else set()

    def done(
        self, names: Collection[str] | None, retry: Collection[str], later: Mapping[str, Deferred], now: float
    ) -> None:
        """Names (None: all of them) have had their pass. Those of ``retry`` come back by the clock, those of ``later``
        before what was deferred already."""
        if names is None:
            names = self.changed | self.unclaimed | self.retries.keys()
            self.deferred.clear()
        for waiting in self.changed, self._unranked, self.unclaimed:
            waiting.difference_update(names)
            if not waiting:
                waiting.clear()  # or it keeps the memory of all that it ever held
        for name in names:
            self.deferred.pop(name, None)
            if name not in retry:
                self.retries.pop(name, None)
        for name in retry:
            self.retries.setdefault(name, BackOff()).failed(now)
        if later or not self.deferred:  # a new one: what was emptied keeps its memory
            self.deferred = {**later, **{name: what for name, what in self.deferred.items() if name not in later}}

    def next_due(self, now: float) -> float:
        times = [trouble.not_before for trouble in self.retries.values()]
        if self.changed:
            times.append(self._batch_at + WINDOW)
        if self.deferred:
            times.append(now)
        if self.unclaimed:
            times.append(self._unclaimed_due())
        return min(times, default=float("inf"))

    def _unclaimed_due(self) -> float:
        return min(self._first_unclaimed + DELETE_PATIENCE, self._last_unclaimed + WINDOW)
