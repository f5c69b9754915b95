"""How long a reflector waits before it tries again."""

from __future__ import annotations

import math
import random


class GrowingDelay:
    """``first`` seconds, then twice as long with each failure, ``longest`` at most; ``first`` again when the failure
    before is more than ``calm`` seconds old."""

    def __init__(self, first: float, longest: float, calm: float) -> None:
        self._first = first
        self._longest = longest
        self._calm = calm
        self._delay = 0.0
        self._failed_at = -math.inf

    def count_failure(self, now: float) -> float:
        """The seconds to wait."""
        if now - self._failed_at > self._calm:
            self._delay = 0.0
        self._failed_at = now
        self._delay = min(max(2 * self._delay, self._first), self._longest)
        return self._delay

    def reset(self) -> None:
        """What failed so far says nothing about the next try."""
        self._failed_at = -math.inf


def spread_delay(seconds: float) -> float:
    """Between half of it and the whole, so that several reflectors, and several syncers, do not come back at once."""
    return seconds * random.uniform(0.5, 1.0)  # noqa: S311
