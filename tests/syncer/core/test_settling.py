"""Who gets a name of several claims (product: "Claims and conflicts"), given what it held before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from syncer.core.claims import NO_HISTORY, EntrySpec, History, Mention, Mode, TakeOver, Unread
from syncer.core.known import Loser
from syncer.core.rrsets import RRset
from syncer.core.settling import Claim, ClaimData, Rank, decide_claims
from syncer.core.source import HIGH, LOW, SourceObject, Trouble
from tests.syncer.core.cast import (
    FEBRUARY,
    JANUARY,
    MARCH,
    NAME,
    RULES,
    block,
    entry,
    held,
    row,
    settle,
    since,
    source,
    values_of,
    written,
)

BLOG, SHOP, WIKI = "Ingress/web/blog", "Ingress/web/shop", "Ingress/apps/wiki"
ONE, TWO, THREE = "10.0.0.1", "10.0.0.2", "10.0.0.3"
SIX, EDGE = "2001:db8::1", "edge.talos00"


# One claim


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


# Groups of types


def test_a_text_and_a_mail_server_stand_beside_the_addresses_of_an_ingress() -> None:
    decision = settle(
        source("web/blog", ONE),
        entries=[entry("7", "hello", kind="TXT"), entry("8", "10 mail.talos00", kind="MX", ttl=3600)],
    )
    assert values_of(decision) == {"A": (ONE,), "MX": ("10 mail.talos00",), "TXT": ("hello",)}
    assert {rrset.type: rrset.ttl for rrset in decision.rrsets} == {"A": 300, "MX": 3600, "TXT": 300}
    assert [decision.origin_of(kind) for kind in ("A", "MX", "TXT")] == [BLOG, "CustomEntry//8", "CustomEntry//7"]
    assert [decision.claimants_of(kind) for kind in ("A", "TXT")] == [(BLOG,), ("CustomEntry//7",)]
    assert (decision.origin, decision.losers) == (BLOG, ())


def test_the_addresses_of_a_name_are_settled_together() -> None:
    decision = settle(source("web/blog", ONE), source("web/shop", SIX, created=MARCH))
    assert values_of(decision) == {"A": (ONE,)}
    assert [loser.origin for loser in decision.losers] == [SHOP]


def test_the_entries_of_one_name_and_group_speak_with_one_voice() -> None:
    entries = [entry("7", ONE, ttl=60), entry("8", SIX)]
    decision = settle(entries=entries)
    assert values_of(decision) == {"A": (ONE,), "AAAA": (SIX,)}
    assert {rrset.type: rrset.ttl for rrset in decision.rrsets} == {"A": 60, "AAAA": 300}
    assert decision.claimants == ("CustomEntry//7", "CustomEntry//8")
    lost = settle(source("web/blog", TWO, own=True), entries=entries)
    assert [loser.origin for loser in lost.losers] == ["CustomEntry//7", "CustomEntry//8"]


@pytest.mark.parametrize("mode", [Mode.PUBLISH, Mode.OVERRIDE])
def test_a_text_takes_no_addresses_in_whatever_mode(mode: Mode) -> None:
    decision = settle(source("web/blog", ONE), entries=[entry("7", "hello", kind="TXT", mode=mode)])
    assert values_of(decision) == {"A": (ONE,), "TXT": ("hello",)}
    assert not decision.losers


def test_an_override_beats_others_at_its_own_types_only() -> None:
    entries = [
        entry("7", TWO, mode=Mode.OVERRIDE),
        entry("8", "hello", kind="TXT"),
    ]
    decision = settle(source("web/blog", ONE, SIX, priority=HIGH), entries=entries)
    assert values_of(decision) == {"A": (TWO,), "TXT": ("hello",)}
    assert decision.losers == (Loser(BLOG, "CustomEntry//7 has the name: it is an override"),)


def test_a_cname_competes_with_every_type_and_who_ranks_first_keeps_the_name() -> None:
    text, mail = entry("7", "hello", kind="TXT"), entry("8", "10 mail.talos00", kind="MX")
    older = settle(source("web/blog", EDGE, own=True), entries=[text, mail])
    assert values_of(older) == {"CNAME": (EDGE,)}
    assert [loser.origin for loser in older.losers] == ["CustomEntry//7", "CustomEntry//8"]
    younger = settle(source("web/blog", EDGE, own=True, created=MARCH), entries=[text, mail])
    assert values_of(younger) == {"MX": ("10 mail.talos00",), "TXT": ("hello",)}
    assert younger.losers == (Loser(BLOG, "CustomEntry//7 has the name: it is older"),)


def test_an_override_of_a_text_ranks_before_a_cname_and_an_override_as_cname_before_all() -> None:
    decision = settle(source("web/blog", EDGE), entries=[entry("7", "hello", kind="TXT", mode=Mode.OVERRIDE)])
    assert values_of(decision) == {"TXT": ("hello",)}
    alias = settle(
        source("web/blog", ONE, priority=HIGH),
        entries=[entry("7", EDGE, mode=Mode.OVERRIDE), entry("8", "hello", kind="TXT")],
    )
    assert values_of(alias) == {"CNAME": (EDGE,)}
    assert {loser.origin for loser in alias.losers} == {BLOG, "CustomEntry//8"}


def test_a_block_takes_the_whole_name_and_all_others_hear_of_it() -> None:
    entries = [entry("7", TWO, mode=Mode.OVERRIDE), entry("8", "hello", kind="TXT"), block()]
    decision = settle(source("web/blog", ONE, priority=HIGH), entries=entries)
    assert (decision.rrsets, decision.reason) == ((), "blocked by CustomEntry//9")
    losers = {loser.origin: loser.reason for loser in decision.losers}
    assert losers == dict.fromkeys([BLOG, "CustomEntry//7", "CustomEntry//8"], "blocked by CustomEntry//9")


def test_two_objects_of_one_origin_hold_their_name_as_one() -> None:
    """An origin does not name the API group."""
    old = source("IngressRoute/web/blog", ONE)
    new = replace(old, ref=old.ref._replace(group="traefik.containo.us"))
    decision = settle(old, new, entries=[entry("7", "hello", kind="TXT")])
    assert decision.claimants_of("A") == ("IngressRoute/web/blog",)


# Rank


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


LIVE = held(row(BLOG, values=[ONE]), mentions=since({BLOG: MARCH, WIKI: JANUARY}))
"""Of the blog, which is young and has no target of its own."""


def blog(*values: str, **more: object) -> SourceObject:
    return source("web/blog", *(values or (ONE,)), **{"created": MARCH, **more})


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


# Claims that agree


def test_claims_with_the_values_of_the_winner_merge_and_all_hold_the_name() -> None:
    decision = settle(source("web/blog", ONE), source("web/shop", ONE, created=MARCH), source("apps/wiki", ONE))
    assert decision.claimants == (WIKI, BLOG, SHOP)
    assert (decision.origin, decision.losers) == (WIKI, ())


def test_the_holder_stays_first_and_the_record_goes_when_the_last_goes() -> None:
    both = held(row(SHOP, BLOG, values=[ONE]))
    decision = settle(source("web/blog", ONE), source("web/shop", ONE, created=MARCH), history=both)
    assert decision.claimants == (SHOP, BLOG)
    second = settle(source("web/blog", ONE), history=both)
    assert (second.origin, values_of(second), second.takeovers) == (BLOG, {"A": (ONE,)}, ())
    assert settle(history=both).rrsets == ()


def test_the_next_of_those_that_agreed_holds_the_name_against_the_namespace_of_the_first() -> None:
    both = held(row(BLOG, WIKI, values=[ONE]), mentions=since({SHOP: JANUARY, WIKI: MARCH}))
    shop, wiki = source("web/shop", TWO, own=True), source("apps/wiki", ONE, created=MARCH)
    decision = settle(shop, wiki, history=both)
    assert (decision.origin, decision.takeovers) == (WIKI, (TakeOver("addresses", BLOG, WIKI, (ONE,)),))


def test_so_it_does_where_the_first_is_only_kept() -> None:
    both = held(row(BLOG, WIKI, values=[ONE]), mentions=since({SHOP: JANUARY, WIKI: MARCH}))
    kept = source("web/blog", wants=(), troubles=(Trouble("", "its Gateway is gone"),))
    shop, wiki = source("web/shop", TWO, own=True), source("apps/wiki", ONE, created=MARCH)
    decision = settle(kept, shop, wiki, history=both)
    assert (decision.claimants, decision.kept) == ((WIKI, BLOG), {})


def test_who_agrees_in_one_group_of_types_agrees_there_alone() -> None:
    blog = source("web/blog", ONE, own=True)
    decision = settle(blog, entries=[entry("7", ONE), entry("8", "hello", kind="TXT")])
    assert decision.claimants_of("A") == (BLOG, "CustomEntry//7")
    assert decision.claimants_of("TXT") == ("CustomEntry//8",)


# TTL


@pytest.mark.parametrize(
    ("claims", "entries", "ttl"),
    [
        ([source("web/blog", ONE), source("web/shop", ONE, created=MARCH)], [], 300),
        ([source("web/blog", ONE), source("web/shop", ONE, created=MARCH, ttl=600)], [], 600),
        ([source("web/blog", ONE, ttl=900), source("web/shop", ONE, created=MARCH, ttl=600)], [], 600),
        ([source("web/blog", ONE, ttl=900), source("web/shop", ONE, created=MARCH)], [], 900),
        ([source("web/blog", ONE, ttl=900), source("apps/wiki", ONE, created=MARCH, ttl=60)], [], 900),
        ([source("web/blog", ONE), source("apps/wiki", ONE, created=MARCH, ttl=60)], [], 300),
        ([source("web/blog", ONE, own=True, ttl=900)], [entry("7", ONE, ttl=60)], 60),
        ([source("web/blog", ONE, own=True)], [entry("7", ONE, ttl=60)], 60),
        ([source("web/blog", ONE, own=True, ttl=900)], [entry("7", ONE)], 900),
        ([source("web/blog", ONE, own=True, ttl=60)], [entry("7", ONE, created=JANUARY[:-1])], 300),
    ],
    ids=[
        "nobody says one",
        "a silent claim counts nothing",
        "the lowest of the namespace",
        "the winner's alone",
        "another namespace does not count",
        "nor where the winner is silent",
        "an entry counts",
        "an entry beside a silent winner",
        "a silent entry counts nothing",
        "an object beside a silent entry that won",
    ],
)
def test_the_ttl_is_the_lowest_that_the_winners_namespace_or_an_entry_says(
    claims: Sequence[SourceObject], entries: Sequence[EntrySpec], ttl: int
) -> None:
    decision = settle(*claims, entries=entries)
    assert [rrset.ttl for rrset in decision.rrsets] == [ttl]


def test_claims_that_want_several_ttls_are_told_which_holds() -> None:
    claims = [source("web/a", ONE), source("web/b", ONE, ttl=60), source("web/c", ONE, ttl=120)]
    assert settle(*claims).warnings == ("2 claims want TTLs of 60, 120 s: 60 s holds",)
    assert settle(*claims[:2]).warnings == ()


# Losers


def test_every_loser_has_the_winner_and_the_reason() -> None:
    claims = [source("web/blog", ONE, own=True), source("web/shop", TWO, priority=LOW), source("apps/wiki")]
    assert settle(*claims, entries=[entry("7", THREE)]).losers == (
        Loser("CustomEntry//7", f"{BLOG} has the name: it is older"),
        Loser(WIKI, "no address yet"),
        Loser(SHOP, f"{BLOG} has the name: its priority is higher"),
    )


# Take-overs


def test_a_take_over_has_both_sides_and_what_was_there() -> None:
    both = held(row(BLOG, values=[ONE, TWO]), row(BLOG, values=[SIX]))
    decision = settle(blog(), source("apps/wiki", THREE, priority=HIGH), history=both)
    (takeover,) = decision.takeovers
    assert takeover == TakeOver("addresses", BLOG, WIKI, (ONE, TWO, SIX))
    assert decision.find_takeover("A") == takeover


def test_it_is_told_once_for_addresses_that_pass_together() -> None:
    decision = settle(blog(), source("apps/wiki", THREE, SIX, priority=HIGH), history=LIVE)
    assert decision.find_takeover("A")
    assert decision.find_takeover("AAAA") is None
    assert decision.find_takeover("TXT") is None


def test_the_same_values_in_the_same_namespace_are_no_take_over_and_in_another_one_they_are() -> None:
    assert settle(source("web/shop", ONE), history=LIVE).takeovers == ()
    assert settle(source("HTTPRoute/web/blog", ONE), history=LIVE).takeovers == ()
    assert settle(source("web/shop", TWO), history=LIVE).takeovers != ()
    assert settle(source("apps/wiki", ONE), history=LIVE).takeovers != ()


def test_a_type_that_makes_way_for_a_cname_is_taken_over_too() -> None:
    history = held(row("CustomEntry//7", values=["hello"], kind="TXT"))
    alias = source("web/blog", EDGE, own=True, priority=HIGH)
    decision = settle(alias, entries=[entry("7", "hello", kind="TXT")], history=history)
    assert decision.takeovers == (TakeOver("addresses", "CustomEntry//7", BLOG, ("hello",)),)
    assert decision.find_takeover("CNAME") == decision.takeovers[0]
    assert settle(alias, history=history).takeovers == (), "nobody wants the text any more"


# What it held before


def test_a_delete_is_attributed_to_those_that_had_the_name() -> None:
    decision = settle(history=held(row(BLOG, SHOP, values=[ONE])))
    assert (decision.rrsets, decision.origin, decision.claimants) == ((), BLOG, (BLOG, SHOP))


def test_the_delete_of_one_type_is_attributed_to_those_that_had_it() -> None:
    decision = settle(source("web/blog", ONE), history=held(row(WIKI, values=[SIX])))
    assert (decision.origin_of("A"), decision.origin_of("AAAA")) == (BLOG, WIKI)


def test_what_the_server_brought_back_after_our_delete_holds_no_name() -> None:
    history = held(row(WIKI, values=[TWO]))._replace(resurrected={"A"})
    decision = settle(source("web/blog", ONE), source("apps/wiki", TWO, created=MARCH), history=history)
    assert (decision.origin, decision.takeovers) == (BLOG, ())


# Objects that cannot be read

UNREAD = RULES._replace(unread=Unread({"Ingress": ""}))
ROUTE = "HTTPRoute/web/shop"


def test_no_other_claim_gets_a_name_while_its_holder_cannot_be_read() -> None:
    shop, history = source(ROUTE, TWO, priority=HIGH), held(row(BLOG, values=[ONE]))
    hidden = settle(shop, rules=UNREAD, history=history)
    assert (hidden.origin, values_of(hidden)) == (BLOG, {"A": (ONE,)})
    assert hidden.losers == (Loser(ROUTE, f"{BLOG} has the name: its objects cannot be read now, and it had the name"),)
    read = settle(shop, history=history)
    assert (read.origin, values_of(read)) == (ROUTE, {"A": (TWO,)})


def test_all_that_it_had_stays_as_it_was_with_all_that_had_it() -> None:
    history = held(row(BLOG, WIKI, values=[ONE], ttl=60), row(BLOG, WIKI, values=[SIX], ttl=60))
    decision = settle(source(ROUTE, TWO), rules=UNREAD, history=history)
    assert decision.rrsets == (RRset(NAME, "A", 60, (ONE,)), RRset(NAME, "AAAA", 60, (SIX,)))
    assert (decision.claimants, [loser.origin for loser in decision.losers]) == ((BLOG, WIKI), [ROUTE])


def test_without_a_rival_the_comparison_keeps_it_and_says_why() -> None:
    """``Obstacle.UNREAD``: it is shown as kept."""
    decision = settle(rules=UNREAD, history=held(row(BLOG, WIKI, values=[ONE])))
    assert (decision.rrsets, decision.claimants) == ((), (BLOG, WIKI))


def test_a_holder_that_is_there_needs_no_reading_of_its_kind() -> None:
    decision = settle(source("web/blog", TWO), rules=UNREAD, history=held(row(BLOG, values=[ONE])))
    assert values_of(decision) == {"A": (TWO,)}


def test_what_agreed_with_a_holder_that_can_be_read_does_not_freeze_it() -> None:
    joint = held(row(ROUTE, BLOG, values=[ONE]))
    decision = settle(source(ROUTE, TWO, created=MARCH), rules=UNREAD, history=joint)
    assert (decision.origin, values_of(decision)) == (ROUTE, {"A": (TWO,)})
    gone = settle(source("HTTPRoute/web/other", TWO), rules=UNREAD, history=joint)
    assert (gone.origin, values_of(gone)) == (BLOG, {"A": (ONE,)})


def test_an_entry_beside_what_cannot_be_read_changes_its_own_types() -> None:
    history = held(row(BLOG, values=[ONE]), row("CustomEntry//7", values=["old"], kind="TXT"))
    decision = settle(entries=[entry("7", "new", kind="TXT")], rules=UNREAD, history=history)
    assert values_of(decision) == {"A": (ONE,), "TXT": ("new",)}


def test_an_override_and_a_block_count_whatever_cannot_be_read() -> None:
    history = held(row(BLOG, values=[ONE]))
    override = settle(entries=[entry("7", TWO, mode=Mode.OVERRIDE)], rules=UNREAD, history=history)
    assert values_of(override) == {"A": (TWO,)}
    blocked = settle(source(ROUTE, TWO), entries=[block()], rules=UNREAD, history=history)
    assert (blocked.rrsets, blocked.reason) == ((), "blocked by CustomEntry//9")


def test_an_object_that_cannot_be_read_is_not_kept_besides() -> None:
    kept = source("web/blog", wants=(), troubles=(Trouble("", "its Gateway is gone"),))
    history = held(row(BLOG, values=[ONE]), mentions={BLOG: Mention()})
    decision = settle(kept, source(ROUTE, TWO), rules=UNREAD, history=history)
    assert (decision.claimants_of("A"), decision.kept) == ((BLOG,), {})


def test_what_was_settled_and_written_settles_the_same() -> None:
    claims = [source("web/blog", ONE), source("web/shop", ONE, ttl=60), source("apps/wiki", TWO, own=True)]
    first = settle(*claims, entries=[entry("7", "hello", kind="TXT")])
    again = settle(*claims, entries=[entry("7", "hello", kind="TXT")], history=written(first))
    assert (again.rrsets, again.claimants, again.by_type) == (first.rrsets, first.claimants, first.by_type)
