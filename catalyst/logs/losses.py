"""Lines of the log that a receiver did not get, and what it was told of them."""

from __future__ import annotations

UNSURE = 60.0
"""Seconds in which a receiver that is told something may still hang, with what it was told in the buffers before it."""

PAUSE = 10.0
"""Seconds between two notices to a receiver that takes less than comes, until it has all the others."""


class Losses:
    """Counted by who drops lines, told by who sends them. Each ``now`` is in seconds of one clock."""

    def __init__(self) -> None:
        self.untold = 0
        self._was_away = False
        self._told: list[tuple[int, float]] = []
        """How many a receiver was told of lately, and when."""

    def note_away(self, now: float) -> None:
        """A receiver that goes soon after it was told of lost lines may never have read that."""
        self.untold += sum(number for number, at in self._told if now < at + UNSURE)
        self._told = []

    def note_back(self) -> None:
        self._was_away = True

    def find_news(self, now: float, *, is_drained: bool) -> tuple[int, str]:
        """What the receiver is to be told now: how many, and in words; 0 for nothing. ``is_drained``: it has all lines
        that were kept."""
        was_away, self._was_away = self._was_away, False
        is_time = was_away or is_drained or not self._told or now >= self._told[-1][1] + PAUSE
        if not self.untold or not is_time:
            return 0, ""
        why = "while this receiver was away" if was_away else "because more came than this receiver took"
        return self.untold, f"{self.untold} log lines were lost {why}"

    def note_told(self, number: int, now: float) -> None:
        """The receiver has what ``find_news`` said; others may have been lost meanwhile."""
        self.untold -= number
        self._told = [*(told for told in self._told if now < told[1] + UNSURE), (number, now)]
