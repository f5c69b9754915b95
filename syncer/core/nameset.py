"""A set of names in bounded memory, for names of which nobody knows how many there are."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable

RUN = 10_000
"""Names that are kept as they are, until they are packed."""


class NameSet:
    """Takes eight bytes a name instead of a hundred and more. Of a name that was never added it says so but for one in
    many millions of millions: good enough where what is in the set is only looked at more closely."""

    __slots__ = ("_new", "_runs")

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._new: set[int] = set()
        self._runs: list[array[int]] = []
        """Each sorted."""
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        self._new.add(hash(name))
        if len(self._new) >= RUN:
            self._runs.append(array("q", sorted(self._new)))
            self._new = set()

    def __contains__(self, name: object) -> bool:
        digest = hash(name)
        return digest in self._new or any(_is_in(run, digest) for run in self._runs)

    def __bool__(self) -> bool:
        return bool(self._new or self._runs)


def _is_in(run: array[int], digest: int) -> bool:
    place = bisect_left(run, digest)
    return place < len(run) and run[place] == digest
