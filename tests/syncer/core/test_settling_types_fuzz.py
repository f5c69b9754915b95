"""Whatever objects ask for at a name, of whichever types: what always holds of the decision."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from syncer.core.claims import ADDRESSES, BESIDE, Decision, group_of
from syncer.core.drafts import make_https
from syncer.core.source import HIGH, LOW, NORMAL, SourceObject, Want, WantedRecord
from tests.syncer.core.cast import JANUARY, MARCH, NAME, RULES, settle, source, written

VALUES = {
    "A": ("10.0.0.1", "10.0.0.2"),
    "CNAME": ("edge.talos00", "other.talos00"),
    "MX": ("10 mx.talos00", "20 mx.talos00"),
    "TXT": ("one", "two"),
    "HTTPS": ("1 . alpn=h2", "1 . alpn=h3"),
}
record = st.sampled_from(sorted(VALUES)).flatmap(
    lambda kind: st.builds(
        WantedRecord,
        st.just(kind),
        st.sampled_from(VALUES[kind]).map(lambda value: (value,)),
        st.sampled_from([None, 60]),
    )
)
records = st.lists(record, min_size=1, max_size=3, unique_by=lambda it: it.type).filter(
    lambda found: len(found) == 1 or all(it.type != "CNAME" for it in found)
)
addresses = st.sampled_from([(), ("10.0.0.1",), ("10.0.0.2",), ("2001:db8::1",), ("edge.talos00",)])
want = st.one_of(
    st.builds(Want, st.just(NAME), addresses, st.booleans(), records=st.sampled_from([(), make_https("h2")])),
    records.map(lambda found: Want(NAME, own=True, records=tuple(found))),
)
claims = st.lists(
    st.tuples(want, st.sampled_from([HIGH, NORMAL, LOW]), st.sampled_from([JANUARY, MARCH]), st.sampled_from("ab")),
    min_size=1,
    max_size=5,
)


def make_objects(asked: list[tuple[Want, int, str, str]]) -> list[SourceObject]:
    return [
        replace(source(f"{namespace}/app{number}"), wants=(want,), priority=priority, created=created)
        for number, (want, priority, created, namespace) in enumerate(asked)
    ]


def asks_for(asked: SourceObject, kind: str) -> bool:
    (want,) = asked.wants
    if want.asks_address:
        return group_of(kind) == ADDRESSES or (kind == BESIDE and bool(want.records))
    return any(group_of(it.type) == group_of(kind) for it in want.records)


def check(decision: Decision, objects: list[SourceObject]) -> None:
    by_origin = {str(it.ref): it for it in objects}
    types = [rrset.type for rrset in decision.rrsets]
    assert len(types) == len(set(types)), "one RRset of each type"
    assert types == ["CNAME"] or "CNAME" not in types, "an alias is alone"
    for kind in types:
        for origin in decision.claimants_of(kind):
            assert asks_for(by_origin[origin], kind), "who has a type asks for it"
    if decision.beside:
        having = {origin for kind in ("A", "AAAA") if kind in types for origin in decision.claimants_of(kind)}
        assert having.issuperset(decision.claimants_of(BESIDE)), "HTTPS is beside the addresses of its object"
    for kind in types:
        assert {loser.origin for loser in decision.losers_of(kind)}.isdisjoint(decision.claimants_of(kind))
    everyone = {origin for kind in types for origin in decision.claimants_of(kind)}
    told = {loser.origin for loser in decision.losers}
    assert not types or everyone | told == by_origin.keys(), "who gets nothing is told"
    for loser in decision.losers:
        asked = by_origin[loser.origin]
        groups = {group_of(kind) for kind in VALUES if asks_for(asked, kind)}
        got = {group_of(kind) for kind in types if loser.origin in decision.claimants_of(kind)}
        is_silent = asked.wants[0].asks_address
        assert groups - got - ({BESIDE} if is_silent else set()), "nobody is told of an HTTPS record alone"


@given(asked=claims, strict=st.booleans())
def test_types_never_exclude_each_other_wrongly_and_nobody_is_forgotten(
    asked: list[tuple[Want, int, str, str]], strict: bool
) -> None:
    objects = make_objects(asked)
    rules = RULES._replace(strict=strict)
    decision = settle(*objects, rules=rules)
    check(decision, objects)
    shuffled = settle(*reversed(objects), rules=rules)
    assert shuffled.rrsets == decision.rrsets, "the order in which objects come decides nothing"
    again = settle(*objects, rules=rules, history=written(decision))
    assert again.rrsets == decision.rrsets, "what was decided stays"
    assert again.takeovers == ()
