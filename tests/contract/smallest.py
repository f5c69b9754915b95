"""The smallest target: it keeps records in a dictionary."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, MutableMapping, Sequence
from dataclasses import dataclass

from syncer.core.names import zone_of
from syncer.core.plan import Change, Key
from syncer.core.rrsets import Found, Marker, RRset
from syncer.targets.base import Outcome, Reading, Result, ServerReport
from syncer.targets.shared_servers import ServerUse


@dataclass(frozen=True)
class ShelfConfig:
    shelf: MutableMapping[Key, Found]
    name: str = "shelf"
    places: tuple[str, ...] = ("a dictionary",)


class ShelfTarget:
    kind = "shelf"
    keeps_ttl = True
    is_exclusive = False
    marks_origin = True
    is_bulky = True
    paused = 0.0
    warning = ""

    def __init__(
        self,
        config: ShelfConfig,
        marker: Marker,
        zones: Collection[str],
        observe: Callable[[str, str, str, float], None],
        waited: Callable[[float], None],
        waiting: Callable[[], None],
        use: ServerUse,
    ) -> None:
        self._shelf = config.shelf
        self._zones = {name: ShelfZone(name, config.shelf, marker, zones) for name in zones}

    def check(self) -> None:
        len(self._shelf)

    def serials(self) -> None:
        return None

    def takes_together(self, rrset: RRset) -> bool:
        return True

    def refuses(self, rrset: RRset) -> str:
        return "a shelf holds no PTR" if rrset.type == "PTR" else ""

    def describe(self) -> ServerReport:
        return ServerReport("a dictionary")

    def zone(self, name: str) -> ShelfZone:
        return self._zones[name]

    def close(self) -> None:
        pass


class ShelfZone:
    node = ""
    left_serial = None
    lost_writes = False

    def __init__(self, name: str, shelf: MutableMapping[Key, Found], marker: Marker, zones: Collection[str]) -> None:
        self.name = name
        self._shelf = shelf
        self._marker = marker
        self._zones = zones

    def recall(self, node: str) -> None:
        pass

    def read(self, names: Collection[str] | None = None) -> Reading:
        found = (self._shelf[key] for key in sorted(self._shelf) if zone_of(key[0], self._zones) == self.name)
        return Reading(None, (item for item in found if names is None or item.rrset.name in names))

    def apply(self, changes: Sequence[Change]) -> Iterator[Result]:
        return map(self._write, changes)

    def _write(self, change: Change) -> Result:
        """The RRset as a whole. What is not ours in it survives as it is, unless a person gave it to us."""
        if change.restores:
            self._shelf[change.key] = change.restores
            return Result(change, Outcome.DONE)
        found = self._shelf.get(change.key)
        marks = dict(zip(found.rrset.values, found.marks, strict=True)) if found and not change.adopts else {}
        marks = {value: mark for value, mark in marks.items() if not self._marker.knows(mark)}
        ttl = found.rrset.ttl if found and marks else change.rrset.ttl
        if change.after and change.after.ttl != ttl:
            return Result(change, Outcome.REFUSED, f"someone else's value keeps the TTL at {ttl}", permanent=True)
        if change.after:
            marks = dict.fromkeys(change.after.values, change.mark) | marks
        if marks:
            values = tuple(sorted(marks))
            self._shelf[change.key] = Found(RRset(*change.key, ttl, values), tuple(marks[value] for value in values))
        else:
            self._shelf.pop(change.key, None)
        return Result(change, Outcome.DONE)
