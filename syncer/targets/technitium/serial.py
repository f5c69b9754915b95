"""What we know of a zone from its SOA serial: every effective write, by anybody, raises it by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

FRESH = 1.0
"""Seconds for which we take it that nobody wrote since we looked."""


@dataclass(slots=True)
class SerialTracker:
    """``serial`` is the one that we saw last, raised by what we wrote since. ``alone``: from the last list of the
    whole zone until now, only we wrote. ``problem``: why the zone cannot be used, in words, "" when it can.

    A serial of the date scheme (yyyymmddNN) is counted in the same way: its jump at the first write of a day looks
    like somebody else's write, which costs one list.
    """

    clock: Callable[[], float]
    serial: int | None = None
    alone: bool = False
    problem: str = ""
    looked: float = float("-inf")
    connection: int = 0
    """Over which connection the zone was listed, 0 before that. After another one the server may have been restarted:
    it may have lost writes, and others may have raised the serial to where it was."""
    restarted: bool = False
    """The server was started anew since the zone was listed."""

    @property
    def is_fresh(self) -> bool:
        return self.clock() - self.looked < FRESH

    def listed(self, serial: int | None, connection: int) -> None:
        """The whole zone was read, and showed ``serial``."""
        self.serial = serial
        self.alone = serial is not None
        self.connection = connection
        self.restarted = False
        self.looked = self.clock()

    def shown(self, serial: int | None) -> bool:
        """An answer showed ``serial``: whether it is what we expected (a lower one: the server lost writes)."""
        expected = serial is not None and serial == self.serial
        self.alone = self.alone and expected
        self.serial = serial
        self.looked = self.clock()
        return expected

    def wrote(self, count: int = 1) -> None:
        """``count`` effective writes of ours, before an answer shows the serial."""
        if self.serial is not None:
            self.serial += count
            self.looked = self.clock()

    def lost_track(self) -> None:
        """A write of ours may or may not have happened."""
        self.alone = False
