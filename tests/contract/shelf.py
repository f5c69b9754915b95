"""The smallest target, held to the contract like any other."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import ClassVar

import pytest

from syncer.core.plan import Key
from syncer.core.rrsets import Found, Marker, RRset
from syncer.errors import TargetUnreachable
from syncer.targets import TARGETS
from tests.contract.smallest import ShelfConfig

MARKER = Marker("default")


@contextmanager
def register_shelf() -> Iterator[None]:
    """The one line, for a while."""
    TARGETS[ShelfConfig] = "tests.contract.smallest:ShelfTarget"
    try:
        yield
    finally:
        del TARGETS[ShelfConfig]


class Shelf(UserDict[Key, Found]):
    """A dictionary that can be away, and is then a server that does not answer. ``is_mute``: after a write."""

    def __init__(self) -> None:
        super().__init__()
        self.is_away = self.is_mute = False
        self.on_step: Callable[[], None] = lambda: None

    def __len__(self) -> int:
        self.look()
        return len(self.data)

    def __iter__(self) -> Iterator[Key]:
        self.look()
        return iter(self.data)

    def __setitem__(self, key: Key, found: Found) -> None:
        self.write(lambda: self.data.update({key: found}))

    def __delitem__(self, key: Key) -> None:
        self.write(lambda: self.data.pop(key))

    def write(self, change: Callable[[], object]) -> None:
        self.look()
        self.on_step()
        change()
        self.on_step()
        if self.is_mute:
            raise TargetUnreachable("the shelf does not answer")

    def look(self) -> None:
        if self.is_away:
            raise TargetUnreachable("the shelf is away")


class ShelfHarness:
    """See ``Harness``."""

    name: ClassVar[str] = "smallest"
    settings_type: ClassVar[type] = ShelfConfig
    refused: ClassVar[Mapping[str, object]] = {}

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._stack = ExitStack()
        self._stack.enter_context(register_shelf())
        self.shelf = Shelf()
        self.settings = ShelfConfig(self.shelf)

    def watch_steps(self, on_step: Callable[[], None]) -> None:
        self.shelf.on_step = on_step

    def put_foreign(self, rrset: RRset) -> None:
        found = self.shelf.data.get((rrset.name, rrset.type))
        marks = dict(zip(found.rrset.values, found.marks, strict=True)) if found else {}
        self._keep(rrset, dict.fromkeys(rrset.values, "by hand") | marks)

    def drop_foreign(self, rrset: RRset) -> None:
        found = self.shelf.data[rrset.name, rrset.type]
        marks = dict(zip(found.rrset.values, found.marks, strict=True))
        self._keep(rrset, {value: mark for value, mark in marks.items() if value not in rrset.values})

    def _keep(self, rrset: RRset, marks: dict[str, str]) -> None:
        values = tuple(sorted(marks))
        self.shelf.data.pop((rrset.name, rrset.type), None)
        if values:
            kept = RRset(rrset.name, rrset.type, rrset.ttl, values)
            self.shelf.data[rrset.name, rrset.type] = Found(kept, tuple(marks[value] for value in values))

    def read_foreign(self) -> object:
        return sorted(
            (key, found.rrset.ttl, value, mark)
            for key, found in self.shelf.data.items()
            for value, mark in zip(found.rrset.values, found.marks, strict=True)
            if not MARKER.knows(mark)
        )

    def read_ours(self) -> dict[Key, RRset]:
        own = {key: MARKER.own_values(found) for key, found in self.shelf.data.items()}
        return {key: RRset(*key, self.shelf.data[key].rrset.ttl, values) for key, values in own.items() if values}

    def ask(self, name: str, kind: str) -> tuple[str, ...]:
        wildcard = f"*.{name.partition('.')[2]}"
        found = self.shelf.data.get((name, kind)) or self.shelf.data.get((wildcard, kind))
        return found.rrset.values if found else ()

    def stop(self) -> None:
        self.shelf.is_away = True

    def mute(self) -> None:
        self.shelf.is_mute = True

    def mend(self) -> None:
        self.shelf.is_away = self.shelf.is_mute = False

    def close(self) -> None:
        self._stack.close()
