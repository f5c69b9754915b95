"""Claims among tenants: each namespace settles first which of its claims speaks for it (``TENANCY=strict``)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from syncer.core.claims import ClaimRules, Decision, Mode
from syncer.core.source import HIGH, LOW, NORMAL, SourceObject
from tests.syncer.core.cast import FEBRUARY, JANUARY, MARCH, RULES, block, entry, held, row, settle, source, values_of

STRICT = RULES._replace(strict=True)
A, B, C = "10.0.0.1", "10.0.0.2", "10.0.0.3"


def tenant(origin: str, *values: str, priority: int = NORMAL, allowed: bool = False, **more: object) -> SourceObject:
    """``allowed``: the Namespace lets priority count between namespaces."""
    return source(origin, *values, priority=priority, between=priority if allowed else NORMAL, **more)


def settle_both(*sources: SourceObject, **more: object) -> tuple[Decision, Decision]:
    """In the two modes."""
    return settle(*sources, **more), settle(*sources, rules=STRICT, **more)  # type: ignore[arg-type]


def losers(decision: Decision) -> dict[str, str]:
    return dict(decision.losers)


def test_priority_is_no_way_to_take_the_name_of_another_namespace() -> None:
    owner, thief = tenant("shop/web", A, created=MARCH), tenant("evil/web", B, priority=HIGH, created=JANUARY)
    history = held(row("Ingress/shop/web", values=[A]))
    strict = settle(owner, thief, rules=STRICT, history=history)
    assert values_of(strict) == {"A": (A,)}
    assert losers(strict) == {"Ingress/evil/web": "Ingress/shop/web has the name: the name is held by its namespace"}
    assert strict.takeovers == ()
    assert strict.priority == NORMAL
    trusted = settle(owner, source("evil/web", B, priority=HIGH), history=history)
    assert values_of(trusted) == {"A": (B,)}


def test_where_its_namespace_allows_it_priority_counts_between_namespaces() -> None:
    owner, other = tenant("shop/web", A), tenant("infra/web", B, priority=HIGH, allowed=True)
    decision = settle(owner, other, rules=STRICT, history=held(row("Ingress/shop/web", values=[A])))
    assert values_of(decision) == {"A": (B,)}
    assert losers(decision) == {"Ingress/shop/web": "Ingress/infra/web has the name: its priority is higher"}


def test_within_a_namespace_priority_says_who_speaks_for_it() -> None:
    first = tenant("shop/old", A, created=JANUARY)
    urgent = tenant("shop/new", B, priority=HIGH, created=MARCH)
    other = tenant("other/web", C, created=FEBRUARY)
    history = held(row("Ingress/shop/old", values=[A]))
    decision = settle(first, urgent, other, rules=STRICT, history=history)
    assert values_of(decision) == {"A": (B,)}
    assert losers(decision) == {
        "Ingress/shop/old": "Ingress/shop/new has the name: its priority is higher",
        "Ingress/other/web": "Ingress/shop/new has the name: the name is held by its namespace",
    }


def test_a_loser_is_told_who_speaks_for_its_namespace() -> None:
    owner = tenant("shop/web", A)
    loud, quiet = tenant("evil/loud", B, priority=HIGH), tenant("evil/quiet", C, priority=LOW)
    decision = settle(owner, loud, quiet, rules=STRICT, history=held(row("Ingress/shop/web", values=[A])))
    assert losers(decision)["Ingress/evil/quiet"] == (
        "Ingress/shop/web has the name: the name is held by its namespace (Ingress/evil/loud speaks for namespace evil)"
    )


def test_who_speaks_for_a_namespace_may_be_the_one_that_would_not_win_for_it() -> None:
    """An own target counts between namespaces only where it is the speaker's."""
    speaker = tenant("evil/first", A, priority=HIGH)
    own = tenant("evil/second", B, own=True)
    other = tenant("shop/web", C, created=MARCH, own=True)
    decision = settle(speaker, own, other, rules=STRICT)
    assert values_of(decision) == {"A": (C,)}
    assert losers(decision)["Ingress/evil/first"].endswith("it has a target of its own")


def test_the_same_values_still_hold_the_name_together() -> None:
    decision = settle(tenant("shop/web", A), tenant("other/web", A, priority=HIGH), rules=STRICT)
    assert set(decision.claimants) == {"Ingress/shop/web", "Ingress/other/web"}


def test_overrides_and_blocks_are_the_operators_in_both_modes() -> None:
    loud = source("evil/web", A, priority=HIGH)
    for decision in settle_both(loud, entries=[entry("1", B, mode=Mode.OVERRIDE)]):
        assert values_of(decision) == {"A": (B,)}
    for decision in settle_both(loud, entries=[block()]):
        assert decision.rrsets == ()


def test_an_entry_of_another_type_stands_beside() -> None:
    for decision in settle_both(source("shop/web", A), entries=[entry("1", "hello", kind="TXT")]):
        assert values_of(decision) == {"A": (A,), "TXT": ("hello",)}


tenants = st.lists(
    st.builds(
        tenant,
        st.sampled_from([f"{namespace}/{name}" for namespace in ("a", "b", "c") for name in ("x", "y", "z")]),
        st.sampled_from([A, B, C]),
        priority=st.sampled_from([HIGH, NORMAL, LOW]),
        own=st.booleans(),
        created=st.sampled_from([JANUARY, FEBRUARY, MARCH]),
    ),
    min_size=1,
    max_size=7,
    unique_by=lambda made: made.ref,
)


@given(tenants, st.sampled_from(["a", "b", "c"]))
def test_no_priority_takes_a_live_name_from_a_namespace_that_holds_it(sources: list[SourceObject], holder: str) -> None:
    holders = [made for made in sources if made.ref.namespace == holder]
    decision = settle(*sources, rules=STRICT, history=held(row(f"Ingress/{holder}/x", values=[A])))
    assert len(decision.rrsets) == 1
    if holders:
        speaker = min(holders, key=lambda made: made.priority).priority
        assert decision.origin.startswith(f"Ingress/{holder}/")
        winner = next(made for made in sources if str(made.ref) == decision.origin)
        assert winner.priority == speaker
    told = {*decision.claimants, *losers(decision)}
    assert told == {str(made.ref) for made in sources}


@given(tenants)
def test_with_one_namespace_the_modes_are_the_same(sources: list[SourceObject]) -> None:
    alone = [made for made in sources if made.ref.namespace == "a"]
    rules = ClaimRules(("talos00",), 300, grace=RULES.grace)
    trusted, strict = settle(*alone, rules=rules), settle(*alone, rules=STRICT)
    assert (trusted.rrsets, trusted.origin, trusted.losers) == (strict.rrsets, strict.origin, strict.losers)
