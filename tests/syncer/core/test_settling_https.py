"""HTTPS records that go with the addresses of their object: a silent claim in every question."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from syncer.core.claims import Mention, Mode
from syncer.core.drafts import make_https
from syncer.core.known import Loser
from syncer.core.rrsets import RRset
from syncer.core.source import HIGH, SourceObject, Trouble, Want, WantedRecord, withhold_values
from tests.syncer.core.cast import (
    BLOG,
    EDGE,
    FEBRUARY,
    MARCH,
    NAME,
    ONE,
    RULES,
    SHOP,
    SIX,
    TWO,
    entry,
    held,
    row,
    settle,
    source,
    values_of,
)

NOTES = "Ingress/apps/notes"
H2, H3 = "1 . alpn=h2", "1 . alpn=h2,h3"


def secure(origin: str, *values: str, protocols: str = "h2", **more: Any) -> SourceObject:
    asked = source(origin, *values, **more)
    return replace(asked, wants=(asked.wants[0]._replace(records=make_https(protocols)),))


def explicit(origin: str, value: str, **more: Any) -> SourceObject:
    asked = source(origin, **more)
    return replace(asked, wants=(Want(NAME, own=True, records=(WantedRecord("HTTPS", (value,)),)),))


def test_it_is_beside_the_addresses_with_their_ttl() -> None:
    decision = settle(secure("web/blog", ONE, SIX, ttl=60))
    assert decision.rrsets == (
        RRset(NAME, "A", 60, (ONE,)),
        RRset(NAME, "AAAA", 60, (SIX,)),
        RRset(NAME, "HTTPS", 60, (H2,)),
    )
    assert (decision.beside, decision.claimants) == ({"HTTPS"}, (BLOG,))


def test_no_other_type_shortens_its_ttl() -> None:
    text = entry("1", "x", kind="TXT", mode=Mode.OVERRIDE, ttl=10)
    decision = settle(secure("web/blog", ONE, ttl=60), entries=[text])
    assert {rrset.type: rrset.ttl for rrset in decision.rrsets} == {"A": 60, "HTTPS": 60, "TXT": 10}


def test_it_is_never_at_an_alias_nor_without_an_address() -> None:
    assert values_of(settle(secure("web/blog", EDGE))) == {"CNAME": (EDGE,)}
    assert settle(secure("web/blog")).rrsets == ()


def test_it_is_nowhere_where_another_one_has_the_addresses_and_nobody_is_told() -> None:
    decision = settle(source("web/blog", ONE), secure("web/shop", TWO, created=MARCH))
    assert values_of(decision) == {"A": (ONE,)}
    assert decision.losers == (Loser(SHOP, f"{BLOG} has the name: it is older"),)


def test_it_is_there_when_one_of_those_that_share_the_addresses_asks_for_it() -> None:
    decision = settle(source("web/blog", ONE, ttl=30), secure("web/shop", ONE, created=MARCH))
    assert values_of(decision) == {"A": (ONE,), "HTTPS": (H2,)}
    assert decision.claimants_of("HTTPS") == (SHOP,)
    assert decision.rrsets[1].ttl == 30


def test_the_first_of_them_says_what_is_spoken_and_nobody_is_told() -> None:
    decision = settle(secure("web/blog", ONE), secure("web/shop", ONE, protocols="h2,h3", created=MARCH))
    assert values_of(decision)["HTTPS"] == (H2,)
    assert decision.losers == ()


@pytest.mark.parametrize(("priority", "value"), [(1, H3), (HIGH, H2)])
def test_beside_one_that_is_asked_for_as_such_it_ranks_as_its_object(priority: int, value: str) -> None:
    mine = secure("web/blog", ONE, priority=priority)
    decision = settle(mine, explicit("apps/notes", H3, created=FEBRUARY))
    assert values_of(decision) == {"A": (ONE,), "HTTPS": (value,)}
    assert [loser.origin for loser in decision.losers] == ([NOTES] if priority == HIGH else [])


def test_an_entry_says_otherwise_at_its_own_type() -> None:
    decision = settle(secure("web/blog", ONE), entries=[entry("1", H3, kind="HTTPS", mode=Mode.OVERRIDE)])
    assert values_of(decision) == {"A": (ONE,), "HTTPS": (H3,)}
    assert decision.beside == set()


def test_who_held_the_addresses_holds_it_whatever_was_held_of_it_alone() -> None:
    """The holder of the addresses keeps them against an older object, and with them what is beside."""
    history = held(row(SHOP, values=[TWO]), row(BLOG, values=[H2], kind="HTTPS"))
    decision = settle(secure("web/blog", ONE), secure("apps/shop", TWO, created=MARCH), history=history)
    assert values_of(decision)["A"] == (ONE,)
    assert decision.claimants_of("HTTPS") == (BLOG,)


@pytest.mark.parametrize("value", [ONE, EDGE])
def test_no_takeover_is_told_of_it_beside_that_of_the_addresses(value: str) -> None:
    history = held(row(NOTES, values=[TWO]), row(NOTES, values=[H3], kind="HTTPS"))
    mine = secure("web/blog", value, priority=HIGH)
    decision = settle(mine, secure("apps/notes", TWO, protocols="h2,h3"), history=history)
    assert [(takeover.loser, takeover.winner) for takeover in decision.takeovers] == [(NOTES, BLOG)]


def test_it_is_kept_with_its_addresses_and_goes_with_them() -> None:
    hidden = replace(source("web/blog", ONE), wants=(), troubles=(Trouble(NAME, "its Gateway is gone"),))
    history = held(row(BLOG, values=[ONE]), row(BLOG, values=[H2], kind="HTTPS"), mentions={BLOG: Mention()})
    kept = settle(hidden, history=history)
    assert values_of(kept) == {"A": (ONE,), "HTTPS": (H2,)}
    assert set(kept.kept) == {"A", "HTTPS"}
    taken = settle(hidden, source("apps/notes", TWO), history=history)
    assert values_of(taken) == {"A": (TWO,)}, "nobody comes over TLS to the new one"
    over = history._replace(mentions={BLOG: Mention(seconds=RULES.grace)})
    assert settle(hidden, history=over).rrsets == ()


def test_in_strict_it_follows_the_addresses_too() -> None:
    decision = settle(
        source("web/blog", ONE, created=MARCH),
        secure("apps/notes", TWO),
        rules=RULES._replace(strict=True),
        history=held(row(BLOG, values=[ONE])),
    )
    assert values_of(decision) == {"A": (ONE,)}


def test_one_without_an_address_does_not_speak_for_its_namespace() -> None:
    decision = settle(secure("web/blog"), secure("web/shop", ONE, created=MARCH), rules=RULES._replace(strict=True))
    assert values_of(decision) == {"A": (ONE,), "HTTPS": (H2,)}


def test_it_is_kept_beside_an_address_that_is_no_longer_allowed() -> None:
    asked = secure("web/blog", TWO)
    refused = replace(asked, wants=(asked.wants[0]._replace(withheld=withhold_values((ONE,))),))
    history = held(row(BLOG, values=[ONE]), row(BLOG, values=[H2], kind="HTTPS"), mentions={BLOG: Mention()})
    for strict in (False, True):
        decision = settle(refused, history=history, rules=RULES._replace(strict=strict))
        assert values_of(decision) == {"A": (ONE,), "HTTPS": (H2,)}
