"""What the SOA serial tells of a zone: every effective write, by anybody, raises it by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

FRESH = 1.0
"""Seconds for which we assume that nobody has written since we looked."""


class Connection(NamedTuple):
    """``node`` is the server that has the zone, ``place`` the address by which it is reached and ``number`` how
    often that was connected to; ``started_at`` says when the server was started, "" where it does not tell."""

    node: str
    place: int
    number: int
    started_at: str = ""

    def shows_restart(self, before: Connection) -> bool:
        """Whether the server was, or may have been, started anew since it was talked to over ``before``."""
        if (self.node, self.place) != (before.node, before.place):
            return False
        if self.started_at and before.started_at:
            return self.started_at != before.started_at
        return self.number != before.number


@dataclass(slots=True)
class SerialTracker:
    """``serial`` is the one that we saw last, raised by what we wrote since. ``undisturbed``: from the last list of the
    whole zone until now, nobody but us wrote.

    A serial of the date scheme (yyyymmddNN) is counted in the same way: its jump at the first write of a day looks
    like a foreign write, which costs one list.
    """

    clock: Callable[[], float]
    serial: int | None = None
    undisturbed: bool = False
    looked_at: float = float("-inf")
    connection: Connection | None = None
    """Over which connection the zone was listed, None before that. After another one the server may be another node of
    its cluster, or may have been restarted: it may have lost writes, and others may have raised the serial to where it
    was."""
    restarted: bool = False
    """The server was started anew since the zone was listed."""

    @property
    def is_fresh(self) -> bool:
        return self.clock() - self.looked_at < FRESH

    @property
    def left_serial(self) -> int | None:
        """The serial that our last write left; None when someone else wrote since the last list, or when we cannot
        tell."""
        return self.serial if self.undisturbed else None

    def note_listing(self, serial: int | None, connection: Connection) -> None:
        """The whole zone was read, and showed ``serial``."""
        self.serial = serial
        self.undisturbed = serial is not None
        self.connection = connection
        self.restarted = False
        self.looked_at = self.clock()

    def note_connection(self, connection: Connection) -> None:
        """We talk to the server over ``connection`` now."""
        if self.connection not in (None, connection):
            self.undisturbed = False
            self.restarted = self.restarted or connection.shows_restart(self.connection)

    def note_serial(self, serial: int | None) -> bool:
        """An answer showed ``serial``: whether it is what we expected (a lower one: the server lost writes)."""
        expected = serial is not None and serial == self.serial
        self.undisturbed = self.undisturbed and expected
        self.serial = serial
        self.looked_at = self.clock()
        return expected

    def note_writes(self, count: int = 1) -> None:
        """``count`` effective writes of ours, before an answer shows the serial."""
        if self.serial is not None:
            self.serial += count
            self.looked_at = self.clock()

    def invalidate(self) -> None:
        """A write of ours may or may not have happened, or the zone may not be the one that was listed."""
        self.undisturbed = False
