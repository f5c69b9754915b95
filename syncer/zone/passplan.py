"""What a pass is to do, before it is done: values alone, which the planner makes and the zone carries out."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from syncer.core.claims import Decision
from syncer.core.known import Loser
from syncer.core.lost_marks import MarkCount
from syncer.core.names import is_wildcard
from syncer.core.nameset import NameSet
from syncer.core.plan import Change, Key, NamePlan
from syncer.core.rrsets import Found
from syncer.ledger import ObservedRRset
from syncer.zone.queue import Deferred
from syncer.zone.subjects import Look

OTHERS = 10_000
"""Foreign wildcards, and delegations, that are looked at in a zone."""


@dataclass(slots=True)
class UnmarkedNames:
    """What a list shows of ours without our marks, put aside until its end tells whether the zone lost them. ``names``
    are those at which nothing else is; of the others it must be remembered what is there."""

    count: MarkCount = field(default_factory=MarkCount)
    names: list[str] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)


@dataclass(slots=True)
class ForeignNames:
    """Where a list shows records of others: of those ``ours`` at which we have something or want to, the ``wildcards``,
    as many as are looked at, and all the ``rest``, of which there may be any number."""

    ours: set[str] = field(default_factory=set)
    wildcards: set[str] = field(default_factory=set)
    rest: NameSet = field(default_factory=NameSet)

    def add(self, name: str, *, is_ours: bool) -> None:
        if is_ours:
            self.ours.add(name)
        else:
            self.rest.add(name)
        if is_wildcard(name) and len(self.wildcards) < OTHERS:
            self.wildcards.add(name)

    def discard_all(self, names: Collection[str]) -> None:
        """Of ``ours``."""
        self.ours.difference_update(names)
        self.wildcards.difference_update(names)

    def __contains__(self, name: object) -> bool:
        return name in self.ours or name in self.rest


@dataclass(slots=True)
class PassPlan:
    """What is to be done in a pass. ``whole``: the plans cover the whole zone; ``listed``: from a list of it.
    ``found`` says what is at those names of the plan where it is not what the ledger says, ``checked`` are the names
    with a finding of drift that were read, ``unplanned`` are names at which nothing was found and that have to wait.
    ``serial`` is what a reading showed and ``node`` what has the zone then; of a list, ``foreign`` are the names with
    records of others. Of ``names`` the first, as many as ``settled`` says, are in the ledger already.
    ``lost_writes``: what was read shows that the server lost writes of ours in a crash; ``left_node``: another node has
    the zone than this one, on which we wrote last. ``unmarked`` counts what lost our mark with all of the zone, and
    ``marks`` are the changes that write only the marks again; ``are_marks_in_doubt``: something has none, and only a
    list of the zone tells whether a hand did it. ``shadows`` say of which names DNS answers otherwise than one would
    think, where the whole zone was looked at."""

    names: list[NamePlan] = field(default_factory=list)
    whole: bool = False
    listed: bool = False
    serial: int | None = None
    node: str = ""
    foreign: ForeignNames = field(default_factory=ForeignNames)
    settled: int = 0
    lost_writes: bool = False
    left_node: str = ""
    unmarked: int = 0
    marks: dict[Key, Change] = field(default_factory=dict)
    are_marks_in_doubt: bool = False
    found: dict[str, Deferred] = field(default_factory=dict)
    checked: set[str] = field(default_factory=set)
    unplanned: list[str] = field(default_factory=list)
    shadows: dict[str, str] = field(default_factory=dict)
    delegations: set[str] = field(default_factory=set)
    servers: frozenset[str] = frozenset()
    """Of a list, the names of the zone's own name servers."""
    awaited: Collection[str] = frozenset()
    """The kinds that deletes wait for."""
    rivals: list[Found] = field(default_factory=list)
    """What was read of others that is why nothing is written."""
    early: dict[str, frozenset[str]] = field(default_factory=dict)
    """By name the other names of the zone before which something there is not written."""
    losers: list[tuple[Decision, Loser]] = field(default_factory=list)
    """The claims that did not get a name, and of which that is news."""

    @property
    def writes(self) -> int:
        """How many RRsets are to be written that shall be there."""
        return sum(1 for name in self.names for change in name.changes if change.after)

    @property
    def others(self) -> tuple[set[str], set[str]]:
        """Of a list, what answers for names that are not there: the foreign wildcards, and the delegations."""
        return self.foreign.wildcards, self.delegations


def list_observed(names: Iterable[NamePlan]) -> list[ObservedRRset]:
    """What the ledger does not say yet of the names, at which nothing is written."""
    observed: list[ObservedRRset] = []
    for name in names:
        observed += (ObservedRRset(name.decision, status) for status in name.statuses)
        observed += (ObservedRRset(name.decision, forgotten) for forgotten in name.forgotten)
    return observed
