"""What one object asks for at a name: addresses, a host name, or what it had last."""

from __future__ import annotations

from syncer.core.claims import History
from syncer.core.known import Loser
from syncer.core.rrsets import RRset
from tests.syncer.core.cast import (
    BLOG,
    EDGE,
    MARCH,
    NAME,
    ONE,
    SHOP,
    SIX,
    THREE,
    TWO,
    held,
    row,
    settle,
    source,
    values_of,
)


def test_a_source_gets_its_name() -> None:
    decision = settle(source("web/blog", ONE))
    assert decision.rrsets == (RRset(NAME, "A", 300, (ONE,)),)
    assert (decision.origin, decision.claimants) == (BLOG, (BLOG,))


def test_addresses_of_both_families_and_a_host_name_give_their_types() -> None:
    assert values_of(settle(source("web/blog", SIX, TWO, ONE))) == {"A": (ONE, TWO), "AAAA": (SIX,)}
    assert values_of(settle(source("web/blog", EDGE))) == {"CNAME": (EDGE,)}


def test_a_source_without_an_address_waits_and_lets_others_pass() -> None:
    assert settle(source("web/blog")).reason == "no address yet"
    decision = settle(source("web/blog"), source("web/shop", TWO, created=MARCH))
    assert (decision.origin, decision.losers) == (SHOP, (Loser(BLOG, "no address yet"),))


def test_the_load_balancer_answers_for_a_source_without_an_address_of_its_own() -> None:
    decision = settle(source("web/blog"), fallback=(THREE,), history=held(row(BLOG, values=[ONE])))
    assert values_of(decision) == {"A": (THREE,)}


def test_a_fallback_that_the_name_cannot_hold_is_none() -> None:
    assert settle(source("web/blog"), fallback=(NAME,)).reason == "no address yet"


def test_an_object_that_lost_its_address_keeps_its_last_one() -> None:
    history = held(row(BLOG, values=[ONE]), row(BLOG, values=[SIX]))
    assert values_of(settle(source("web/blog"), history=history)) == {"A": (ONE,), "AAAA": (SIX,)}
    joint = held(row(SHOP, BLOG, values=[ONE]))
    assert values_of(settle(source("web/blog"), history=joint)) == {"A": (ONE,)}


def test_what_only_a_mark_tells_is_remembered_too() -> None:
    history = History(marked=[(BLOG, RRset(NAME, "A", 300, (ONE,)))])
    assert values_of(settle(source("web/blog"), history=history)) == {"A": (ONE,)}


def test_neither_the_address_of_another_nor_a_text_of_its_own_is_its_last_address() -> None:
    assert settle(source("web/blog"), history=held(row(SHOP, values=[ONE]))).reason == "no address yet"
    text = held(row(BLOG, values=["hello"], kind="TXT"))
    assert settle(source("web/blog"), history=text).reason == "no address yet"
