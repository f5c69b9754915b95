"""What the server holds only in memory: the writes of the last seconds, with the way back."""

from __future__ import annotations

from collections.abc import Callable

SAVE_AFTER = 5.0
"""Seconds. The first write arms a one-shot timer; when it fires, all that was written is on disk."""


class Journal:
    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._undo: list[Callable[[], object]] = []
        self._save_at = 0.0

    def note(self, undo: Callable[[], object]) -> None:
        """Call with the way back of every single change, in order."""
        self._drop_saved()
        if not self._undo:
            self._save_at = self._clock() + SAVE_AFTER
        self._undo.append(undo)

    def save(self) -> None:
        self._undo.clear()

    def lose(self) -> None:
        """Go back to what is on disk."""
        self._drop_saved()
        while self._undo:
            self._undo.pop()()

    def _drop_saved(self) -> None:
        if self._undo and self._clock() >= self._save_at:
            self._undo.clear()
