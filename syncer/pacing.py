"""How fast we may go. Time is an argument everywhere, so that tests need not wait."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self


class RateLimit:
    """At most ``per_second`` requests in any one second; an idle second's worth may go at once. For one thread.

    ``with limit:`` waits for its turn, then counts the request as of the moment it was answered: whatever the network
    delays, the server never sees more. ``waited`` hears how many seconds that took, ``paused`` is their sum.
    """

    def __init__(
        self,
        per_second: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        waited: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        self.paused = 0.0
        burst = max(1, int(per_second))
        self._answered: deque[float] = deque(maxlen=burst)
        self._window = burst / per_second
        self._clock = clock
        self._sleep = sleep
        self._waited = waited

    def __enter__(self) -> Self:
        if len(self._answered) == self._answered.maxlen:
            wait = self._answered[0] + self._window - self._clock()
            if wait > 0:
                self._sleep(wait)
                self._waited(wait)
                self.paused += wait
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._answered.append(self._clock())


RETRY_DELAYS = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds before each next try; the last one stays."""


class BackOff:
    """When to try again: after each failure a little later, until something succeeds."""

    def __init__(self) -> None:
        self._failures = 0
        self.not_before = 0.0

    def failed(self, now: float) -> float:
        """Count a failure; returns the seconds to wait."""
        delay = RETRY_DELAYS[min(self._failures, len(RETRY_DELAYS) - 1)]
        self._failures += 1
        self.not_before = now + delay
        return delay

    def succeeded(self) -> None:
        self._failures = 0
        self.not_before = 0.0


class AdaptiveInterval:
    """Seconds between full passes: short while much changes, long when nothing does (product: "The loop")."""

    BUSY, BUSY_CHANGES, BUSY_WINDOW = 15.0, 10, 60.0
    IDLE, IDLE_AFTER = 1800.0, 3600.0

    def __init__(self, normal: float, now: float) -> None:
        self._normal = normal
        self._last_change = now
        self._recent: deque[float] = deque(maxlen=self.BUSY_CHANGES + 1)

    def changed(self, count: int, now: float) -> None:
        self._last_change = now
        self._recent.extend([now] * min(count, self.BUSY_CHANGES + 1))

    def seconds(self, now: float) -> float:
        if len(self._recent) > self.BUSY_CHANGES and self._recent[0] > now - self.BUSY_WINDOW:
            return min(self.BUSY, self._normal)
        if now - self._last_change > self.IDLE_AFTER:
            return max(self.IDLE, self._normal)
        return self._normal
