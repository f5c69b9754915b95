"""Claims that come, change and go at random: what is settled stays, and no name is taken that must not be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from syncer.core.claims import ADDRESSES, Decision, EntrySpec, History, Mention, Mode, group_of
from syncer.core.origin import Origin
from syncer.core.settling import settle_name
from syncer.core.source import HIGH, LOW, NORMAL, SourceObject, Trouble
from tests.syncer.core.cast import NAME, RULES, Objects, block, entry, source, written

TYPES = {"10": "A", "20": "AAAA", "ed": "CNAME", "he": "TXT"}


class Ask(NamedTuple):
    """What one object or entry asks for. ``kept``: a trouble hides what it published."""

    values: tuple[str, ...]
    own: bool = False
    priority: int = NORMAL
    kept: bool = False
    mode: Mode = Mode.PUBLISH

    @property
    def types(self) -> frozenset[str]:
        return frozenset(TYPES[value[:2]] for value in self.values)

    @property
    def group(self) -> str:
        return group_of(next(iter(self.types)))

    @property
    def is_alias(self) -> bool:
        return "CNAME" in self.types

    @property
    def urgency(self) -> tuple[bool, int]:
        """The answers to the questions by which a live name may be taken; the lower one may."""
        return self.mode is not Mode.OVERRIDE, self.priority


Asks = Mapping[str, Ask]
"""By origin."""

ADDRESS_SETS = [("10.0.0.1",), ("10.0.0.2",), ("10.0.0.1", "2001:db8::1"), ("edge.talos00",)]
OBJECTS = ["Ingress/apps/a", "Ingress/web/a", "Ingress/web/b"]
ENTRIES = ["CustomEntry//1", "CustomEntry//2"]

object_asks = st.builds(
    Ask,
    st.sampled_from(ADDRESS_SETS),
    own=st.booleans(),
    priority=st.sampled_from([NORMAL, NORMAL, NORMAL, NORMAL, HIGH, LOW]),
    kept=st.sampled_from([False, False, True]),
    mode=st.just(Mode.PUBLISH),
)
entry_asks = st.builds(
    Ask,
    st.sampled_from([("10.0.0.1",), ("edge.talos00",), ("hello",), ("hello",), ()]),
    own=st.just(True),
    priority=st.just(NORMAL),
    kept=st.just(False),
    mode=st.sampled_from([Mode.PUBLISH, Mode.PUBLISH, Mode.PUBLISH, Mode.OVERRIDE]),
)
edits = st.one_of(
    st.tuples(st.sampled_from(OBJECTS), object_asks),
    st.tuples(st.sampled_from(OBJECTS), object_asks),
    st.tuples(st.sampled_from(ENTRIES), entry_asks),
    st.tuples(st.sampled_from(OBJECTS + ENTRIES), st.none()),
)
losses = st.sampled_from([False, False, False, True])
"""Whether the database is lost."""
histories = st.lists(st.tuples(st.lists(edits, min_size=1, max_size=2), losses), min_size=3, max_size=10)


class World:
    """One name over time. ``at`` counts the turns, which are the time."""

    def __init__(self) -> None:
        self.at = 0
        self.asks: dict[str, Ask] = {}
        self.since: dict[str, int] = {}
        self.decision = Decision(NAME)

    def edit(self, origin: str, ask: Ask | None) -> None:
        if ask is None:
            self.asks.pop(origin, None)
            self.since.pop(origin, None)
        else:
            self.asks[origin] = ask
            self.since.setdefault(origin, self.at)

    def settle(self, *, database_is_lost: bool = False) -> Decision:
        """Decide by what was written last, and write it."""
        mentions = {origin: Mention(f"{at:04}") for origin, at in self.since.items()}
        history = written(self.decision, mentions)
        if database_is_lost:
            marked = [(row.origin, row.rrset) for row in history.known.values()]
            history = History(marked=marked, mentions={})
        sources = [self.make_source(origin, ask) for origin, ask in self.asks.items() if origin in OBJECTS]
        self.decision = settle_name(NAME, Objects(*sources), list(self.list_entries()), RULES, history)
        return self.decision

    def make_source(self, origin: str, ask: Ask) -> SourceObject:
        created = f"{self.since[origin]:04}"
        if ask.kept:
            return source(origin, created=created, wants=(), troubles=(Trouble("", "gone"),))
        return source(origin, *ask.values, own=ask.own, priority=ask.priority, created=created)

    def list_entries(self) -> Iterator[EntrySpec]:
        """There is one for each type at most, and none beside a CNAME."""
        there: set[str] = set()
        for origin in ENTRIES:
            ask = self.asks.get(origin)
            if ask is None or (not ask.values and origin != ENTRIES[0]):
                continue
            key, created = Origin.parse(origin).name, f"{self.since[origin]:04}"
            if not ask.values:
                yield block(key)
            elif not (ask.types | {"CNAME"}) & there and not (ask.is_alias and there):
                there |= ask.types
                (kind,) = ask.types
                yield entry(key, *ask.values, kind=kind, mode=ask.mode, created=created)

    def list_live(self) -> dict[str, Ask]:
        """What is asked for, by origin; entries that are none are not."""
        entries = {item.origin for item in self.list_entries() if item.mode is not Mode.BLOCK}
        return {
            origin: ask
            for origin, ask in self.asks.items()
            if not ask.kept and (origin in entries or origin in OBJECTS)
        }

    @property
    def is_blocked(self) -> bool:
        return any(item.mode is Mode.BLOCK for item in self.list_entries())


def holders_of(decision: Decision) -> dict[str, tuple[str, ...]]:
    """By group of types, who holds it; the first is the holder."""
    return {group_of(rrset.type): decision.claimants_of(rrset.type) for rrset in decision.rrsets}


def summary_of(decision: Decision, live: Asks) -> tuple[object, ...]:
    """What goes into DNS and who is named for it. The order of those that agree with the first is left out, and a name
    that was only kept, which is forgotten when another one takes it."""
    holders = {group: (first, set(others)) for group, (first, *others) in holders_of(decision).items()}
    losers = {loser.origin for loser in decision.losers if loser.origin in live}
    return decision.rrsets, holders, losers, decision.reason, decision.kept


def is_foreign(origin: str, other: str) -> bool:
    return Origin.parse(origin).namespace != Origin.parse(other).namespace


def check_takeovers(before: Decision, after: Decision, world: World, *, database_is_lost: bool) -> None:
    """That a live name passed to another namespace only by priority, by an override or by a block."""
    live, holders = world.list_live(), holders_of(after)
    for group, origins in holders_of(before).items():
        known = origins[:1] if database_is_lost else origins  # a mark names the first
        holder = next((origin for origin in known if origin in live and live[origin].group == group), None)
        if holder is None or world.is_blocked:
            continue
        ask, was_alias = live[holder], "CNAME" in {rrset.type for rrset in before.rrsets}
        if ask.is_alias and not was_alias and holders.keys() - {ADDRESSES}:
            continue  # it gave up its addresses for a CNAME, which may not take the types of others
        # A CNAME goes where any other type stays, and any other type where a CNAME stays.
        rivals = holders.values() if ask.is_alias or group not in holders else [holders[group]]
        winners = [first for first, *_ in rivals]
        assert holder in winners or any(may_take(winner, holder, live) for winner in winners), (holder, winners)


def may_take(winner: str, holder: str, live: Asks) -> bool:
    return not is_foreign(winner, holder) or live[winner].urgency < live[holder].urgency


@settings(max_examples=120, deadline=None)
@given(histories)
def test_claims_that_come_and_go_settle_at_once_and_take_no_live_name_of_another_namespace(
    history: list[tuple[list[tuple[str, Ask | None]], bool]],
) -> None:
    world = World()
    for world.at, (changes, database_is_lost) in enumerate(history):
        before = world.decision
        for origin, ask in changes:
            world.edit(origin, ask)
        after = world.settle(database_is_lost=database_is_lost)
        check_takeovers(before, after, world, database_is_lost=database_is_lost)
        live = world.list_live()
        assert summary_of(world.settle(), live) == summary_of(after, live), "what was settled does not stay"
        settled = world.settle()
        assert world.settle() == settled, "it goes on changing"
        assert not settled.takeovers
        check_shape(settled, world)


def check_shape(decision: Decision, world: World) -> None:
    types = {rrset.type for rrset in decision.rrsets}
    assert types <= {"A", "AAAA", "TXT"} or types == {"CNAME"}
    told = {loser.origin for loser in decision.losers} | set(decision.claimants)
    assert told >= world.list_live().keys(), "everybody who asks holds the name, or hears who does"
    rivals = [ask for ask in world.list_live().values() if ask.group == ADDRESSES]
    excluded = "TXT" in types and all(ask.is_alias for ask in rivals)
    assert not decision.kept or not rivals or excluded, "a kept record holds nothing back"
