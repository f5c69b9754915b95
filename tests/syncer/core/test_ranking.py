"""Which of several claims on a name comes first, and what takes a name that someone has."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from syncer.core.claims import NO_HISTORY, EntrySpec, History, Mode, TakeOver
from syncer.core.known import Loser
from syncer.core.ranking import Claim, ClaimData, Rank
from syncer.core.rrsets import RRset
from syncer.core.settling import decide_claims
from syncer.core.source import HIGH, LOW, SourceObject, Trouble
from tests.syncer.core.cast import (
    BLOG,
    EDGE,
    FEBRUARY,
    JANUARY,
    LIVE,
    MARCH,
    NAME,
    ONE,
    SHOP,
    SIX,
    THREE,
    TWO,
    WIKI,
    block,
    blog,
    entry,
    held,
    row,
    settle,
    since,
    source,
    values_of,
)


@pytest.mark.parametrize(
    ("winner", "loser", "history", "why"),
    [
        (
            entry("7", TWO, mode=Mode.OVERRIDE),
            source("web/b", ONE, own=True, priority=HIGH),
            held(row("Ingress/web/b", values=[ONE])),
            "it is an override",
        ),
        (
            source("web/b", TWO, priority=LOW, created=MARCH),
            source("apps/a", own=True, priority=HIGH, wants=(), troubles=(Trouble("", "gone"),)),
            held(row("Ingress/apps/a", values=[ONE])),
            "the other one is only kept",
        ),
        (
            source("web/b", TWO, priority=HIGH, created=MARCH),
            source("apps/a", ONE, own=True),
            held(row("Ingress/apps/a", values=[ONE]), mentions=since({"Ingress/apps/a": JANUARY})),
            "its priority is higher",
        ),
        (
            source("web/b", TWO, created=MARCH),
            source("apps/a", ONE, own=True, priority=LOW),
            held(row("Ingress/apps/a", values=[ONE]), mentions=since({"Ingress/apps/a": JANUARY})),
            "its priority is higher",
        ),
        (
            source("web/b", TWO, created=MARCH),
            source("apps/a", ONE, own=True),
            held(row("Ingress/web/gone", values=[ONE]), mentions=since({"Ingress/apps/a": JANUARY})),
            "the name is held by its namespace",
        ),
        (
            source("web/b", TWO, own=True, created=MARCH),
            source("web/a", ONE),
            held(row("Ingress/web/a", values=[ONE]), mentions=since({"Ingress/web/a": JANUARY})),
            "it has a target of its own",
        ),
        (
            source("web/b", TWO, created=MARCH),
            source("web/a", ONE),
            held(
                row("Ingress/web/b", values=[TWO]),
                mentions=since({"Ingress/web/a": JANUARY, "Ingress/web/b": FEBRUARY}),
            ),
            "it holds the name",
        ),
        (
            source("web/b", TWO, created=MARCH),
            source("web/a", ONE),
            History(mentions=since({"Ingress/web/a": FEBRUARY, "Ingress/web/b": JANUARY})),
            "it has named the host for longer",
        ),
        (source("web/b", TWO), source("apps/a", ONE, created=MARCH), History(), "it is older"),
        (source("web/b", TWO, created=MARCH), source("apps/a", ONE, created=""), History(), "it is older"),
        (source("apps/b", TWO), source("web/a", ONE), History(), "its namespace comes first"),
        (source("web/a", TWO), source("web/b", ONE), History(), "its name comes first"),
        (source("HTTPRoute/web/a", TWO), source("Ingress/web/a", ONE), History(), "its kind comes first"),
    ],
)
def test_a_question_decides_where_those_before_it_do_not(
    winner: SourceObject | EntrySpec, loser: SourceObject | EntrySpec, history: History, why: str
) -> None:
    """Each winner here answers the later questions no better than the loser, and most of them worse."""
    for claims in ([winner, loser], [loser, winner]):
        sources = [claim for claim in claims if isinstance(claim, SourceObject)]
        entries = [claim for claim in claims if isinstance(claim, EntrySpec)]
        decision = settle(*sources, entries=entries, history=history)
        assert decision.rrsets[0].values == (TWO,)
        assert [reason for _, reason in decision.losers] == [f"{decision.origin} has the name: {why}"]


def test_without_a_ledger_nobody_holds_the_name_or_has_named_it_for_longer() -> None:
    """As in a preview."""
    old, young = source("web/b", ONE), source("apps/a", TWO, created=MARCH)
    decision = decide_claims(NAME, [young, old], [], default_ttl=300)
    assert decision.losers == (Loser("Ingress/apps/a", "Ingress/web/b has the name: it is older"),)


def test_losers_too_keep_the_time_for_which_they_have_named_the_host() -> None:
    mentions = since({BLOG: JANUARY, SHOP: MARCH, WIKI: FEBRUARY})
    claims = [source("web/blog", ONE), source("web/shop", TWO), source("apps/wiki", THREE)]
    assert settle(*claims, history=History(mentions=mentions)).origin == BLOG
    assert settle(*claims[1:], history=History(mentions=mentions)).origin == WIKI


def test_an_entry_is_of_a_namespace_of_its_own() -> None:
    mentions = since({BLOG: JANUARY})
    later = entry("7", TWO, created=MARCH)
    holder = held(row("CustomEntry//7", values=[TWO]), mentions=mentions)
    assert settle(source("web/blog", ONE), entries=[later], history=holder).origin == "CustomEntry//7"
    made_anew = held(row("CustomEntry//6", values=[TWO]), mentions=mentions)
    assert settle(source("web/blog", ONE), entries=[later], history=made_anew).origin == "CustomEntry//7"


# What takes a live name


@pytest.mark.parametrize(
    ("newcomers", "entries"),
    [
        ([source("apps/wiki", TWO)], []),
        ([source("apps/wiki", TWO, own=True)], []),
        ([source("apps/wiki", EDGE, own=True)], []),
        ([source("apps/wiki", TWO, own=True), source("apps/docs", TWO, own=True)], []),
        ([], [entry("7", TWO, created=JANUARY)]),
        ([], [entry("7", EDGE, created=JANUARY)]),
    ],
    ids=["a host", "a target", "a host name as target", "two that agree", "an entry", "an entry of a host name"],
)
def test_nobody_takes_a_live_name_of_another_namespace_by_adding_something_or_being_older(
    newcomers: Sequence[SourceObject], entries: Sequence[EntrySpec]
) -> None:
    decision = settle(blog(), *newcomers, entries=entries, history=LIVE)
    assert values_of(decision) == {"A": (ONE,)}
    assert {reason for _, reason in decision.losers} == {f"{BLOG} has the name: the name is held by its namespace"}
    assert not decision.takeovers


def test_nor_does_the_claim_count_for_less_that_changes_its_address_or_its_type() -> None:
    for value in (THREE, EDGE, SIX):
        decision = settle(blog(value), source("apps/wiki", TWO, own=True), history=LIVE)
        assert (decision.origin, decision.takeovers) == (BLOG, ())


def test_nor_one_whose_address_is_lost() -> None:
    decision = settle(source("web/blog", created=MARCH), source("apps/wiki", TWO, own=True), history=LIVE)
    assert (decision.origin, values_of(decision)) == (BLOG, {"A": (ONE,)})


def test_after_a_lost_database_the_mark_says_who_holds_the_name() -> None:
    lost = History(marked=[(BLOG, RRset(NAME, "A", 300, (ONE,)))], mentions={})
    decision = settle(blog(), source("apps/wiki", TWO, own=True), history=lost)
    assert (decision.origin, decision.takeovers) == (BLOG, ())


def test_a_higher_priority_an_override_and_a_block_take_it() -> None:
    wiki = source("apps/wiki", TWO, priority=HIGH)
    assert settle(blog(), wiki, history=LIVE).takeovers == (TakeOver("addresses", BLOG, WIKI, (ONE,)),)
    lowered = settle(blog(priority=LOW), source("apps/wiki", TWO), history=LIVE)
    assert lowered.takeovers == (TakeOver("addresses", BLOG, WIKI, (ONE,)),)
    override = settle(blog(), entries=[entry("7", TWO, mode=Mode.OVERRIDE)], history=LIVE)
    assert override.takeovers == (TakeOver("addresses", BLOG, "CustomEntry//7", (ONE,)),)
    blocked = settle(blog(), entries=[block()], history=LIVE)
    assert (blocked.rrsets, blocked.origin) == ((), BLOG), "the delete is attributed to who had it"


def test_within_a_namespace_a_target_takes_it_and_age_does_not() -> None:
    young = held(row(BLOG, values=[ONE]), mentions=since({BLOG: MARCH, SHOP: JANUARY}))
    assert settle(blog(), source("web/shop", TWO), history=young).origin == BLOG
    taken = settle(blog(), source("web/shop", TWO, own=True), history=young)
    assert taken.takeovers == (TakeOver("addresses", BLOG, SHOP, (ONE,)),)


def test_a_cname_by_a_new_target_takes_no_text_of_another_namespace() -> None:
    text = entry("7", "hello", kind="TXT", created=MARCH)
    history = held(
        row(BLOG, values=[ONE]),
        row("CustomEntry//7", values=["hello"], kind="TXT"),
        mentions=since({BLOG: JANUARY}),
    )
    decision = settle(source("web/blog", EDGE, own=True), entries=[text], history=history)
    assert values_of(decision) == {"TXT": ("hello",)}
    assert decision.losers == (Loser(BLOG, "CustomEntry//7 has the name: the name is held by its namespace"),)
    newcomer = settle(
        source("web/blog", EDGE, own=True),
        entries=[text],
        history=held(row("CustomEntry//7", values=["hello"], kind="TXT"), mentions=since({BLOG: JANUARY})),
    )
    assert values_of(newcomer) == {"TXT": ("hello",)}


def test_a_text_takes_no_live_cname_of_another_namespace() -> None:
    text = entry("7", "hello", kind="TXT", created=JANUARY)
    history = held(row(BLOG, values=[EDGE]), mentions=since({BLOG: MARCH}))
    decision = settle(source("web/blog", EDGE, created=MARCH), entries=[text], history=history)
    assert values_of(decision) == {"CNAME": (EDGE,)}
    assert decision.losers == (Loser("CustomEntry//7", f"{BLOG} has the name: the name is held by its namespace"),)


def test_a_cname_that_displaces_a_text_by_priority_loses_no_name_to_a_rival_of_another_namespace() -> None:
    history = held(
        row(BLOG, values=[ONE]),
        row("CustomEntry//7", values=["hello"], kind="TXT"),
        mentions=since({BLOG: MARCH, WIKI: JANUARY}),
    )
    alias, wiki = source("web/blog", EDGE, own=True, priority=HIGH), source("apps/wiki", TWO, own=True, priority=HIGH)
    decision = settle(alias, wiki, entries=[entry("7", "hello", kind="TXT")], history=history)
    assert values_of(decision) == {"CNAME": (EDGE,)}
    assert decision.takeovers == (TakeOver("addresses", "CustomEntry//7", BLOG, ("hello",)),)


def test_within_a_namespace_it_loses_none_to_a_rival_for_the_sake_of_a_text_that_ranks_lower() -> None:
    history = held(row(BLOG, values=[ONE]), row("CustomEntry//7", values=["hello"], kind="TXT"))
    alias = source("web/blog", EDGE, own=True, priority=HIGH, created=MARCH)
    rival = source("web/shop", TWO, own=True, priority=HIGH)
    decision = settle(alias, rival, entries=[entry("7", "hello", kind="TXT")], history=history)
    assert (decision.origin, values_of(decision)) == (BLOG, {"CNAME": (EDGE,)})


def test_within_a_namespace_a_cname_that_holds_the_name_ranks_before_an_older_text() -> None:
    alias = source("web/blog", EDGE, own=True, created=MARCH)
    rank = Rank(True, False, 1, 0, False, 0, "", JANUARY, "web", "note", "DNSEndpoint")
    text = Claim("DNSEndpoint/web/note", "TXT", (ClaimData("TXT", ("hello",)),), {}, rank)
    for history, kind in ((NO_HISTORY, "TXT"), (held(row(BLOG, values=[EDGE]))._replace(mentions=None), "CNAME")):
        decision = decide_claims(NAME, [alias], [], default_ttl=300, history=history, others=[text])
        assert [rrset.type for rrset in decision.rrsets] == [kind]


def test_a_name_that_its_holder_gives_up_stays_in_its_namespace_where_somebody_there_wants_it() -> None:
    heir, wiki = source("web/shop", TWO, created=MARCH), source("apps/wiki", THREE, own=True)
    assert settle(heir, wiki, history=LIVE).origin == SHOP
    passed = settle(wiki, history=LIVE)
    assert passed.takeovers == (TakeOver("addresses", BLOG, WIKI, (ONE,)),)
