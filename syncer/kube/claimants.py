"""Which sources want each name: changed by one thread at a time, read by any without waiting for it."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Lock

from syncer.core.source import Ref, SourceObject

FEW = 16
"""Sources of one name that are copied as quickly as they are looked up."""


class ClaimantIndex:
    """A reader never finds a name without a claimant while one of its sources is replaced: each change is one step.

    Most names have one claimant, which is kept as it is, and some have thousands (a host name that every Ingress
    repeats), for which a table keeps the cost of a change the same. A tuple is the smallest for what is between.
    """

    def __init__(self) -> None:
        self._by_name: dict[str, SourceObject | tuple[SourceObject, ...] | ClaimantTable] = {}

    def set_claimant(self, name: str, ref: Ref, source: SourceObject | None) -> None:
        """From now on ``source`` is what the object ``ref`` asks for at ``name``; None: nothing any more."""
        held = self._by_name.get(name, ())
        if isinstance(held, ClaimantTable):
            if not held.set_claimant(ref, source):
                del self._by_name[name]
            return
        others = tuple(claimant for claimant in _list_few(held) if claimant.ref != ref)
        claimants = (*others, source) if source else others
        if len(claimants) > FEW:
            self._by_name[name] = ClaimantTable(claimants)
        elif claimants:
            self._by_name[name] = claimants if len(claimants) > 1 else claimants[0]
        else:
            self._by_name.pop(name, None)

    def list_claimants(self, name: str) -> tuple[SourceObject, ...]:
        held = self._by_name.get(name, ())
        return held.list_claimants() if isinstance(held, ClaimantTable) else _list_few(held)

    def list_names(self) -> list[str]:
        """For the thread that makes the changes."""
        return list(self._by_name)


def _list_few(held: SourceObject | tuple[SourceObject, ...]) -> tuple[SourceObject, ...]:
    return held if isinstance(held, tuple) else (held,)


class ClaimantTable:
    """The many claimants of one name. The tuple of them is made when it is read and kept until the next change.

    Its lock is held only for one step of a change, or while the tuple is made.
    """

    __slots__ = ("_by_ref", "_listed", "_lock")

    def __init__(self, claimants: Iterable[SourceObject]) -> None:
        self._by_ref = {source.ref: source for source in claimants}
        self._listed: tuple[SourceObject, ...] | None = None
        self._lock = Lock()

    def set_claimant(self, ref: Ref, source: SourceObject | None) -> bool:
        """Whether anybody wants the name after that."""
        with self._lock:
            if source:
                self._by_ref[source.ref] = source
            else:
                self._by_ref.pop(ref, None)
            self._listed = None
            return bool(self._by_ref)

    def list_claimants(self) -> tuple[SourceObject, ...]:
        listed = self._listed
        if listed is None:
            with self._lock:
                listed = self._listed = tuple(self._by_ref.values())
        return listed
