"""What must hold, told from the objects alone: which claims there are, which names are kept, and who may not lose one.

Nothing here asks the code under test. Of a published name it is given who published it last: that is what the ledger is
for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import NamedTuple

from syncer.core.kinds import GATEWAY, HTTP_ROUTE, LISTENER_SET, NAMESPACE, Kind
from tests.histories.cast import (
    NAMES,
    PRIORITIES,
    SET,
    SHARED,
    TARGETS,
    Gate,
    GateRoute,
    Key,
    Place,
    Thing,
    Values,
    Website,
    gate_key,
)

GRACE = 60.0
LONG = 11.0
"""Seconds of a turn that is counted whole."""
LEEWAY = 12.0
"""Seconds by which the time in which a name is kept may differ from GRACE: it is counted in portions."""

Via = frozenset[Place]
"""The parents by which a name is served; of what needs none, one that is called nothing."""

NO_PARENT: Via = frozenset({("", "")})


class LiveClaim(NamedTuple):
    origin: str
    values: Values
    own: bool
    priority: int
    ttl: int

    @property
    def namespace(self) -> str:
        return namespace_of(self.origin)


@dataclass
class Memory:
    """Of a name that an object published: by which parents, since when a trouble hides it, and how much of that has
    certainly been counted. ``taken``: the object took it back since; ``forgotten``: it did so by not naming it any
    more, so that nobody knows now by which parents it was."""

    via: Via
    hidden_at: float | None = None
    counted: float = 0.0
    taken: bool = False
    forgotten: bool = False


def namespace_of(origin: str) -> str:
    return origin.split("/")[1]


def kind_of(origin: str) -> str:
    return origin.split("/")[0]


class Model:
    """``seen`` is what the syncer was told of the cluster, ``unread`` are kinds of which a new process was told nothing
    yet, and ``awaited`` those for which deletes wait."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.seen: dict[Key, Thing] = {}
        self.unread: set[Kind] = set()
        self.awaited: set[Kind] = set()
        self.memories: dict[tuple[str, str], Memory] = {}

    # Who asks for what

    def objects(self) -> dict[str, Website | GateRoute]:
        """By origin, without those whose namespace goes."""
        leaving = {name for kind, _, name in self.seen if kind == NAMESPACE}
        return {
            f"{kind.kind}/{namespace}/{name}": thing
            for (kind, namespace, name), thing in self.seen.items()
            if isinstance(thing, Website | GateRoute) and namespace not in leaving
        }

    def claims(self, name: str) -> list[LiveClaim]:
        return [
            LiveClaim(
                origin,
                TARGETS[thing.terms.target],
                bool(thing.terms.target),
                PRIORITIES.index(thing.terms.priority),
                thing.terms.ttl,
            )
            for origin, thing in self.objects().items()
            if self.serve(thing, name)
        ]

    @staticmethod
    def names(thing: Website | GateRoute, name: str) -> bool:
        """Whether its hosts may be why it publishes the name."""
        return not thing.terms.ignore and (name in thing.hosts or (isinstance(thing, GateRoute) and not thing.hosts))

    def serve(self, thing: Website | GateRoute, name: str) -> Via:
        """By what the object publishes the name now; nothing: it does not."""
        if thing.terms.ignore:
            return frozenset()
        if isinstance(thing, Website):
            return NO_PARENT if name in thing.hosts else frozenset()
        if thing.hosts and name not in thing.hosts:
            return frozenset()
        return frozenset(place for place in thing.parents if self._gives(thing, place, name))

    def _gives(self, route: GateRoute, place: Place, name: str) -> bool:
        gate = self.seen.get(gate_key(place[0]))
        if not isinstance(gate, Gate) or not gate.accepted or place[1] in gate.refused:
            return False
        shared = self.seen.get(gate_key(SHARED))
        if place[0] == SET and not (isinstance(shared, Gate) and shared.accepted):
            return False
        hosts = [host for section, host in gate.listeners if section == place[1]]
        serves = name in hosts or (bool(route.hosts) and "" in hosts)
        return serves and any(list_judgements(route, place))

    # What is kept

    def hides(self, thing: Website | GateRoute, name: str, via: Via | None) -> bool:
        """Whether a trouble is why the name is not published, and nothing in the object took it back. ``via`` of None:
        it is not certain by which parents it was."""
        if thing.terms.ignore or self.serve(thing, name):
            return False
        if isinstance(thing, Website):
            return thing.broken
        if thing.hosts and name not in thing.hosts:
            return False
        is_silent = any(not list_judgements(thing, place) for place in thing.parents)
        return bool(thing.parents) and (
            via is None or is_silent or any(self._may_mean(it, via) for it in thing.parents)
        )

    def _may_mean(self, place: Place, via: Via) -> bool:
        """Whether it is one of the parents ``via``: a section that its Gateway does not have may have been renamed."""
        gate = self.seen.get(gate_key(place[0]))
        is_there = isinstance(gate, Gate) and place[1] in dict(gate.listeners)
        return place in via or (not is_there and place[0] in dict(via))

    def note(self) -> None:
        """The syncer has looked at the objects."""
        objects = self.objects()
        unread = self.unread_kinds()
        for origin, name in list(self.memories):
            if origin not in objects and kind_of(origin) not in unread:
                del self.memories[origin, name]
        for origin, thing in objects.items():
            for name in NAMES:
                self._note_name(origin, thing, name)

    def _note_name(self, origin: str, thing: Website | GateRoute, name: str) -> None:
        memory = self.memories.get((origin, name))
        if via := self.serve(thing, name):
            self.memories[origin, name] = Memory(via)
        elif memory and self.hides(thing, name, memory.via):
            memory.hidden_at = self.clock() if memory.hidden_at is None else memory.hidden_at
        elif memory:
            memory.taken, memory.hidden_at, memory.counted = True, None, 0.0
            memory.forgotten = memory.forgotten or not self.names(thing, name)

    def count(self, seconds: float) -> None:
        """So long it has looked on; of what it has only just seen nothing is certain."""
        for memory in self.memories.values():
            if memory.hidden_at is not None and memory.hidden_at < self.clock():
                memory.counted += seconds

    def must_keep(self, origin: str, name: str) -> bool:
        thing, memory = self.objects().get(origin), self.memories.get((origin, name))
        if thing is None or memory is None or memory.taken or not self.hides(thing, name, memory.via):
            return False
        return memory.hidden_at is None or self.clock() - memory.hidden_at < GRACE - LEEWAY

    def may_keep(self, origin: str, name: str) -> bool:
        thing, memory = self.objects().get(origin), self.memories.get((origin, name))
        if thing is None:
            return False
        via = None if memory is None or memory.forgotten else memory.via
        return self.hides(thing, name, via) and (memory is None or memory.counted < GRACE)

    # What is not known now

    def unread_kinds(self) -> set[str]:
        return self._list_concerned(self.unread)

    def awaited_kinds(self) -> set[str]:
        return self._list_concerned(self.awaited)

    def _list_concerned(self, kinds: Collection[Kind]) -> set[str]:
        names = {kind.kind for kind in kinds if kind.gives_names}
        routes = [thing for thing in self.seen.values() if isinstance(thing, GateRoute)]
        on_set = any(place[0] == SET for route in routes for place in route.parents)
        needs_gates = GATEWAY in kinds or (LISTENER_SET in kinds and on_set)
        return names | {HTTP_ROUTE.kind} if needs_gates else names

    # Who has a name

    def find_holder(self, name: str, claimants: Collection[str]) -> str:
        """Of those that published it, the one whose namespace has it; "" where that is not certain."""
        live = {claim.origin for claim in self.claims(name)}
        if holder := next((origin for origin in claimants if origin in live), ""):
            return holder
        return next(iter(claimants), "") if len(set(map(namespace_of, claimants))) == 1 else ""

    def list_best(self, name: str, claimants: Collection[str]) -> list[LiveClaim]:
        """The claims of which one must have the name that those had before; the last questions are left open."""
        holder = self.find_holder(name, claimants)

        def rank(claim: LiveClaim) -> tuple[int, bool, bool, int]:
            is_foreign = bool(holder) and claim.namespace != namespace_of(holder)
            not_holder = 0 if claim.origin == holder else 1 if claim.origin in claimants else 2
            return claim.priority, is_foreign, not claim.own, not_holder

        claims = self.claims(name)
        return [claim for claim in claims if rank(claim) == min(map(rank, claims))]


def list_judgements(route: GateRoute, place: Place) -> list[bool]:
    """What the status says of a parent: of exactly that one, or else of the same Gateway by a section which the spec no
    longer names."""
    exact = [accepted for judged, accepted in route.judged if judged == place]
    return exact or [
        accepted for judged, accepted in route.judged if judged[0] == place[0] and judged not in route.parents
    ]
