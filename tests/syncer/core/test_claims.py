"""What is known of a name from before, and what is read off a decision."""

from __future__ import annotations

import pytest

from syncer.core.claims import (
    ADDRESSES,
    NO_HISTORY,
    UNKNOWN_MENTION,
    ClaimRules,
    Decision,
    History,
    Holding,
    Mention,
    TakeOver,
    Unread,
    group_of,
)
from syncer.core.rrsets import RRset
from tests.syncer.core.cast import BLOG, EDGE, NAME, ONE, SHOP, SIX, TWO, held, row


def test_addresses_and_the_cname_are_one_group_and_every_other_type_is_one_by_itself() -> None:
    assert {group_of(kind) for kind in ("A", "AAAA", "CNAME")} == {ADDRESSES}
    assert [group_of(kind) for kind in ("TXT", "MX", "HTTPS")] == ["TXT", "MX", "HTTPS"]


# History


def test_a_group_is_held_by_all_who_had_any_of_it_with_all_its_values() -> None:
    history = held(
        row(BLOG, SHOP, values=[TWO, ONE]), row(BLOG, values=[SIX]), row("CustomEntry//7", values=["hi"], kind="TXT")
    )
    assert history.list_holdings() == {
        ADDRESSES: Holding((BLOG, SHOP), (ONE, TWO, SIX)),
        "TXT": Holding(("CustomEntry//7",), ("hi",)),
    }
    assert history.list_origins() == (BLOG, SHOP, "CustomEntry//7")
    assert held(row(BLOG, values=[EDGE])).list_holdings()[ADDRESSES].is_alias


def test_the_holder_comes_first_whatever_the_order_of_the_claimants() -> None:
    history = History({"A": row(BLOG, SHOP, values=[ONE])._replace(origin=SHOP)})
    assert history.list_holdings()[ADDRESSES].origins == (SHOP, BLOG)


def test_what_only_a_mark_tells_was_held_too() -> None:
    history = History(marked=[(BLOG, RRset(NAME, "A", 300, (ONE,)))])
    assert history.list_holdings() == {ADDRESSES: Holding((BLOG,), (ONE,))}
    assert history.find_last_values(BLOG) == (ONE,)


def test_what_is_not_ours_and_what_the_server_brought_back_was_not_held() -> None:
    foreign = History({"A": row(BLOG, values=[ONE])._replace(owned=False)})
    resurrected = held(row(BLOG, values=[ONE]))._replace(resurrected={"A"})
    for history in (foreign, resurrected, NO_HISTORY):
        assert (history.list_holdings(), history.list_origins()) == ({}, ())
    assert (foreign.owned, list(resurrected.owned)) == ({}, ["A"])


def test_an_origin_published_what_it_had_or_agreed_with_by_group() -> None:
    both = row(BLOG, SHOP, values=[ONE])
    text = row(SHOP, values=["hi"], kind="TXT")
    history = held(both, row(BLOG, values=[SIX]), text)
    assert history.list_published(SHOP, ADDRESSES) == [both.rrset]
    assert history.list_published(SHOP, "TXT") == [text.rrset]
    assert history.list_published("Ingress/web/other", ADDRESSES) == []
    assert history.find_last_values(BLOG) == (ONE, SIX)


def test_what_is_not_mentioned_is_not_known() -> None:
    mention = Mention("2026-01-01T00:00:00+00:00", ("infra/edge/",), 60.0)
    assert History(mentions={BLOG: mention}).find_mention(BLOG) == mention
    assert History(mentions={}).find_mention(BLOG) == UNKNOWN_MENTION
    assert NO_HISTORY.find_mention(BLOG) == Mention(since="", via=None, seconds=0.0, outdated="")


# Rules


def test_origins_are_unread_where_one_is_of_a_kind_that_is() -> None:
    rules = ClaimRules(("talos00",), 300, Unread({"Ingress": "why"}))
    assert rules.are_unread(["CustomEntry//7", BLOG])
    assert not rules.are_unread(["CustomEntry//7", "IngressRoute/web/blog"])
    assert not rules.are_unread([])
    assert rules.unread.explain(["CustomEntry//7", BLOG]) == "why"
    assert rules.unread.explain(["CustomEntry//7"]) == ""
    assert (rules.grace, rules.refuse_name(NAME)) == (0.0, "")


def test_what_was_read_all_the_same_is_not_unread() -> None:
    unread = Unread({"Ingress": ""}, {BLOG})
    assert unread.find_origin([BLOG]) == ""
    assert unread.find_origin([BLOG, "Ingress/apps/wiki"]) == "Ingress/apps/wiki"


# Decision


def rrset(kind: str, value: str) -> RRset:
    return RRset(NAME, kind, 300, (value,))


def test_claimants_are_those_of_the_name_but_for_a_type_that_has_others() -> None:
    decision = Decision(NAME, (), BLOG, (BLOG, SHOP, "CustomEntry//7"), by_type={"TXT": ("CustomEntry//7",), "MX": ()})
    assert (decision.claimants_of("A"), decision.origin_of("A")) == (decision.claimants, BLOG)
    assert (decision.claimants_of("TXT"), decision.origin_of("TXT")) == (("CustomEntry//7",), "CustomEntry//7")
    assert (decision.claimants_of("MX"), decision.origin_of("MX")) == ((), BLOG)


@pytest.mark.parametrize(("kind", "told"), [("A", True), ("AAAA", False), ("TXT", False), ("MX", False)])
def test_a_take_over_is_told_with_the_first_type_of_its_group(kind: str, told: bool) -> None:
    takeover = TakeOver(ADDRESSES, SHOP, BLOG, (TWO,))
    rrsets = (rrset("A", ONE), rrset("AAAA", SIX), rrset("TXT", "hi"))
    decision = Decision(NAME, rrsets, BLOG, takeovers=(takeover,))
    assert decision.find_takeover(kind) == (takeover if told else None)
