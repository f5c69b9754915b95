"""How many names one pass takes."""

from __future__ import annotations

SMALLEST, USUAL, LARGEST = 250, 400, 1500
"""More than ``USUAL`` are worth their memory, 2 kB for each name, only while a crowd waits."""

CROWD = 6
"""A crowd is more names than so many slices of the present size have."""

AIM = 0.4
"""Seconds of a pass over one slice, beside waiting for the rate limit: a name that is new meanwhile waits for these."""


class SliceSize:
    """``names`` is what has lately taken ``AIM`` seconds: a large slice spends less of the rate limit, for each costs
    the target the same three or four requests, and how long one takes depends on the machine and on the target."""

    def __init__(self) -> None:
        self.names = SMALLEST

    def learn(self, names: int, seconds: float, waiting: int) -> None:
        """A pass over ``names`` took so long, after which so many are ``waiting``. The time in which the rate limit was
        waited for does not count: smaller slices wait more."""
        if not waiting:
            self.names = min(self.names, USUAL)
        if names < self.names and seconds < AIM:
            return  # whether more would have fitted is not known
        fits = int(names * AIM / seconds) if seconds else LARGEST
        # What has grown stays so for the rest of the crowd.
        most = LARGEST if waiting > CROWD * self.names else max(self.names, USUAL)
        self.names = max(SMALLEST, min(fits, 2 * self.names, most))
