"""Who gets a name of several claims, whatever it held before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from syncer.core.claims import Decision, EntrySpec, Mode, decide_claims
from syncer.core.known import Loser
from syncer.core.rrsets import RRset
from syncer.core.source import HIGH, NORMAL, Ref, SourceObject, Want

NAME = "blog.talos00"


def source(
    name: str = "blog",
    values: tuple[str, ...] = ("192.168.1.54",),
    created: str = "2026-01-01T00:00:00Z",
    *,
    priority: int = NORMAL,
    ttl: int | None = None,
) -> SourceObject:
    ref = Ref("Ingress", "web", name)
    return SourceObject(ref, created=created, wants=(Want(NAME, values),), priority=priority, ttl=ttl)


def entry(
    values: tuple[str, ...] = ("10.0.0.9",), kind: str = "A", *, mode: Mode = Mode.PUBLISH, ttl: int | None = None
) -> EntrySpec:
    return EntrySpec("7", NAME, kind, values, ttl, mode, created="2026-02-01T00:00:00+00:00")


def settle(
    *sources: SourceObject,
    entries: Sequence[EntrySpec] = (),
    fallback: tuple[str, ...] = (),
    remembered: Mapping[str, tuple[str, ...]] | None = None,
) -> Decision:
    return decide_claims(NAME, sources, entries, default_ttl=300, fallback=fallback, remembered=remembered)


def test_a_source_gets_its_name() -> None:
    decision = settle(source())
    assert decision.rrsets == (RRset(NAME, "A", 300, ("192.168.1.54",)),)
    assert decision.origin == "Ingress/web/blog"


def test_a_name_has_addresses_of_both_families() -> None:
    decision = settle(source(values=("2001:db8::1", "10.0.0.2", "10.0.0.1")))
    assert [(rrset.type, rrset.values) for rrset in decision.rrsets] == [
        ("A", ("10.0.0.1", "10.0.0.2")),
        ("AAAA", ("2001:db8::1",)),
    ]


def test_a_host_name_gives_a_cname() -> None:
    assert settle(source(values=("edge.talos00",))).rrsets[0].type == "CNAME"


def test_the_oldest_of_two_wins_and_the_loser_hears_of_it() -> None:
    old, new = source("old"), source("new", ("10.0.0.2",), created="2026-03-01T00:00:00Z")
    decision = settle(new, old)
    assert decision.origin == "Ingress/web/old"
    assert decision.losers == (Loser("Ingress/web/new", "Ingress/web/old has the name"),)


def test_a_conflict_is_decided_for_the_whole_name() -> None:
    decision = settle(source("old"), source("new", ("2001:db8::1",), created="2026-03-01T00:00:00Z"))
    assert [rrset.type for rrset in decision.rrsets] == ["A"]


def test_priority_beats_age() -> None:
    urgent = source("urgent", ("10.0.0.2",), created="2026-03-01T00:00:00Z", priority=HIGH)
    assert settle(source("old"), urgent).origin == "Ingress/web/urgent"


def test_a_source_without_a_date_is_the_youngest() -> None:
    assert settle(source("a", ("10.0.0.1",), created=""), source("z")).origin == "Ingress/web/z"


def test_equal_claims_merge_under_the_lowest_ttl_with_a_warning() -> None:
    decision = settle(source("a", ttl=60), source("b"))
    assert decision.rrsets[0].ttl == 60
    assert decision.claimants == ("Ingress/web/a", "Ingress/web/b")
    assert decision.warnings == ("2 claims want TTLs of 60, 300 s: 60 s holds",)
    assert not decision.losers


def test_an_override_beats_every_source() -> None:
    decision = settle(source(priority=HIGH), entries=[entry(mode=Mode.OVERRIDE)])
    assert decision.origin == "CustomEntry//7"
    assert decision.losers[0].origin == "Ingress/web/blog"


def test_a_published_entry_is_a_claim_like_others() -> None:
    assert settle(source(), entries=[entry()]).origin == "Ingress/web/blog"
    assert settle(entries=[entry()]).rrsets[0].values == ("10.0.0.9",)


def test_the_entries_of_one_name_speak_with_one_voice() -> None:
    decision = settle(entries=[entry(), entry(("hello",), "TXT")])
    assert [rrset.type for rrset in decision.rrsets] == ["A", "TXT"]


def test_each_entry_of_a_name_keeps_its_own_ttl_and_is_named_for_its_own_type() -> None:
    mail = replace(entry(kind="MX", values=("10 mail.talos00",), ttl=3600), key="8")
    decision = settle(entries=[entry(ttl=60), mail, replace(entry(kind="TXT", values=("x",)), key="9")])
    assert {rrset.type: rrset.ttl for rrset in decision.rrsets} == {"A": 60, "MX": 3600, "TXT": 300}
    assert decision.claimants == ("CustomEntry//7", "CustomEntry//8", "CustomEntry//9")
    assert [decision.origin_of(kind) for kind in ("A", "MX", "TXT")] == list(decision.claimants)
    assert decision.claimants_of("MX") == ("CustomEntry//8",)
    assert decision.warnings == ()


def test_all_entries_of_a_name_hear_that_they_lost() -> None:
    decision = settle(source(), entries=[entry(), replace(entry(kind="MX", values=("10 mail.talos00",)), key="8")])
    assert [loser.origin for loser in decision.losers] == ["CustomEntry//7", "CustomEntry//8"]


def test_a_block_wins_over_everything() -> None:
    decision = settle(source(), entries=[entry(mode=Mode.OVERRIDE), replace(entry((), ""), mode=Mode.BLOCK)])
    assert decision.rrsets == ()
    assert decision.reason == "blocked by CustomEntry//7"


def test_a_source_without_an_address_waits_and_lets_others_pass() -> None:
    assert settle(source(values=())).reason == "no address yet"
    decision = settle(source("first", ()), source("second", created="2026-03-01T00:00:00Z"))
    assert decision.origin == "Ingress/web/second"
    assert decision.losers == (Loser("Ingress/web/first", "no address yet"),)


def test_a_source_that_lost_its_address_keeps_its_last_one() -> None:
    decision = settle(source(values=()), remembered={"Ingress/web/blog": ("10.0.0.1", "2001:db8::1")})
    assert [rrset.values for rrset in decision.rrsets] == [("10.0.0.1",), ("2001:db8::1",)]


def test_the_load_balancer_answers_for_a_source_without_an_address_of_its_own() -> None:
    decision = settle(source(values=()), fallback=("10.0.0.5",), remembered={"Ingress/web/blog": ("10.0.0.1",)})
    assert decision.rrsets[0].values == ("10.0.0.5",)
