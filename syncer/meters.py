"""How long something took and how often it failed: by the minute, and what came last. For whoever looks at us."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import NamedTuple

BOUNDS = (5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000)
"""Milliseconds, by which is counted how long it took."""
LAST = 60
MINUTE = 60
KEPT = 15
"""Minutes for which a database may be away before something of what was measured is lost."""
RECENT = 5

API, KUBERNETES, CHANGES = "api", "kubernetes", "changes"
"""What is measured: calls of a target, calls of the API server, and changes of objects until DNS has them."""


class Sample(NamedTuple):
    """``at`` is Unix time."""

    at: float
    milliseconds: float
    is_ok: bool


class MeasuredMinute(NamedTuple):
    """``start`` is Unix time. ``milliseconds`` (of all together), ``slowest`` and ``buckets`` are of what did not fail;
    the buckets are those of ``BOUNDS``, and one of what took longer."""

    start: int
    number: int
    failed: int
    milliseconds: float
    slowest: float
    buckets: tuple[int, ...]


class RecentCount(NamedTuple):
    """Of the last ``RECENT`` minutes."""

    number: int
    failed: int


@dataclass(slots=True)
class _Count:
    start: int
    number: int = 0
    failed: int = 0
    milliseconds: float = 0.0
    slowest: float = 0.0
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))


class Meter:
    """Thread-safe. ``clock`` is Unix time."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = Lock()
        self._last: deque[Sample] = deque(maxlen=LAST)
        self._minutes: deque[_Count] = deque(maxlen=KEPT)

    def count(self, seconds: float, *, is_ok: bool = True) -> None:
        now, milliseconds = self._clock(), seconds * 1000
        start = int(now) // MINUTE * MINUTE
        with self._lock:
            self._last.append(Sample(now, milliseconds, is_ok))
            if not self._minutes or self._minutes[-1].start != start:
                self._minutes.append(_Count(start))
            minute = self._minutes[-1]
            minute.number += 1
            if not is_ok:
                minute.failed += 1
                return
            minute.milliseconds += milliseconds
            minute.slowest = max(minute.slowest, milliseconds)
            minute.buckets[bisect_left(BOUNDS, milliseconds)] += 1

    def list_ended(self, after: int = 0) -> list[MeasuredMinute]:
        """The minutes that are over and began later than ``after``."""
        now = self._clock()
        with self._lock:
            return [
                MeasuredMinute(
                    each.start, each.number, each.failed, each.milliseconds, each.slowest, tuple(each.buckets)
                )
                for each in self._minutes
                if each.start > after and each.start + MINUTE <= now
            ]

    @property
    def last(self) -> list[Sample]:
        with self._lock:
            return list(self._last)

    @property
    def recent(self) -> RecentCount:
        since = self._clock() - RECENT * MINUTE
        with self._lock:
            minutes = [each for each in self._minutes if each.start >= since - MINUTE / 2]
            return RecentCount(sum(each.number for each in minutes), sum(each.failed for each in minutes))
