"""How many names one pass takes."""

from __future__ import annotations

SMALLEST, LARGEST = 250, 1500

AIM = 0.4
"""Seconds of a pass over one slice, beside waiting for the rate limit: a name that is new meanwhile waits for these."""


class SliceSize:
    """``names`` is what has lately taken ``AIM`` seconds: a large slice spends less of the rate limit, for each costs
    the target the same three or four requests, and how long one takes depends on the machine and on the target."""

    def __init__(self) -> None:
        self.names = SMALLEST

    def learn(self, names: int, seconds: float) -> None:
        """A pass over ``names`` took so long. Waiting for the rate limit does not count: smaller slices wait more."""
        if names < self.names and seconds < AIM:
            return  # whether more would have fitted is not known
        fits = int(names * AIM / seconds) if seconds else LARGEST
        self.names = max(SMALLEST, min(fits, 2 * self.names, LARGEST))
