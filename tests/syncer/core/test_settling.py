"""Who gets a name of several claims (product: "Claims and conflicts"), given what it held before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from syncer.core.claims import EntrySpec, Mention, Mode, TakeOver, Unread
from syncer.core.known import Loser
from syncer.core.rrsets import RRset
from syncer.core.source import HIGH, LOW, SourceObject, Trouble
from tests.syncer.core.cast import (
    BLOG,
    EDGE,
    JANUARY,
    LIVE,
    MARCH,
    NAME,
    ONE,
    RULES,
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
    written,
)

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
