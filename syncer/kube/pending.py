"""What has changed in the store and was not taken yet, and whether the loop must be woken for it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from syncer.core.source import Ref


class PendingChanges:
    """Not thread-safe: the store's lock guards it. ``clock`` is that of the loop."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._objects: dict[Ref, tuple[str, ...]] = {}
        """Those that have changed, each with the names that this touches."""
        self._names: set[str] = set()
        """Names that were touched by something else than their objects."""
        self._changed = False
        self._since: float | None = None
        """When the first of the objects was brought."""
        self.taken_since: float | None = None
        """And the first of those that were taken last, or with parts before; None where no object has changed."""

    def touch_object(self, ref: Ref, names: set[str]) -> None:
        """It has changed, which may be of no concern to any name."""
        self._objects[ref] = tuple(names.union(self._objects.get(ref, ())))
        if self._since is None:
            self._since = self._clock()
        self._changed = True

    def touch_names(self, names: set[str]) -> None:
        """Something else has changed that their claims depend on."""
        self._names |= names
        self._changed = self._changed or bool(names)

    def note_change(self) -> None:
        """Of what the loop asks for by itself once it is awake."""
        self._changed = True

    def take(self, most: int | None = None) -> tuple[set[str], list[Ref]]:
        """The names that were touched, and the objects that have changed; of more than ``most`` names a part, the rest
        with the next calls."""
        refs = list(self._objects) if most is None else self._pick_objects(most)
        names = self._names.union(*(self._objects.pop(ref) for ref in refs))
        self._names = set()
        self.taken_since = self._since
        if not self._objects:
            self._since = None
        return names, refs

    @property
    def is_drained(self) -> bool:
        """Whether all objects that have changed were taken. Any thread may ask."""
        return not self._objects

    def pop_changed(self) -> bool:
        """Whether anything has changed since the last call."""
        changed, self._changed = self._changed, False
        return changed

    def _pick_objects(self, most: int) -> list[Ref]:
        """The smallest, which are soon done, and the one that has waited for longest."""
        picked: dict[Ref, None] = {}
        count = 0
        for ref in sorted(self._objects, key=lambda ref: len(self._objects[ref])):
            count += len(self._objects[ref])
            if count > most:
                break
            picked[ref] = None
        return list(picked | dict.fromkeys(islice(self._objects, 1)))
