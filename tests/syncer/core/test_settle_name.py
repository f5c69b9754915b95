"""What a name held before, and what cannot be read now, in the decision about who gets it."""

from __future__ import annotations

from collections.abc import Sequence

from syncer.core.claims import ClaimRules, EntrySpec, History, Mode, settle_name
from syncer.core.known import KnownRRset, RecordState
from syncer.core.rrsets import RRset
from syncer.core.source import Ref, SourceObject, Want

NAME, ADDRESS, OTHER = "blog.talos00", "192.168.1.54", "10.0.0.9"
BLOG, SHOP = "Ingress/web/blog", "HTTPRoute/web/shop"
RULES = ClaimRules(("talos00",), default_ttl=300)
WITHOUT_INGRESSES = RULES._replace(unread_kinds=frozenset({"Ingress"}))


class Objects:
    """``Claims`` of the sources at one name."""

    def __init__(self, *sources: SourceObject, fallback: tuple[str, ...] = ()) -> None:
        self._sources = sources
        self._fallback = fallback

    def names(self) -> Sequence[str]:
        return [NAME] if self._sources else []

    def claimants(self, name: str) -> Sequence[SourceObject]:
        return self._sources if name == NAME else ()

    def source(self, ref: Ref) -> SourceObject | None:
        return next((source for source in self._sources if source.ref == ref), None)

    def fallback(self) -> tuple[tuple[str, ...], str]:
        return self._fallback, ""


def source(*values: str, kind: str = "Ingress", name: str = "blog") -> SourceObject:
    return SourceObject(Ref(kind, "web", name), created="2026-01-01T00:00:00Z", wants=(Want(NAME, values),))


def ours(value: str = ADDRESS, origin: str = BLOG, kind: str = "A") -> History:
    rrset = RRset(NAME, kind, 300, (value,))
    return History({kind: KnownRRset(rrset, True, RecordState.SYNCED, "", origin, (origin,))})


def entry(mode: Mode) -> EntrySpec:
    return EntrySpec("7", NAME, "" if mode is Mode.BLOCK else "A", () if mode is Mode.BLOCK else (OTHER,), mode=mode)


def values_of(*rrsets: RRset) -> list[tuple[str, ...]]:
    return [rrset.values for rrset in rrsets]


def test_an_object_that_lost_its_address_keeps_its_last_one() -> None:
    decision = settle_name(NAME, Objects(source()), [], RULES, ours())
    assert values_of(*decision.rrsets) == [(ADDRESS,)]


def test_the_address_of_another_is_not_kept_for_it() -> None:
    decision = settle_name(NAME, Objects(source()), [], RULES, ours(origin=SHOP))
    assert (decision.rrsets, decision.reason) == ((), "no address yet")


def test_what_only_a_mark_tells_is_remembered_too() -> None:
    history = History(marked=[(BLOG, (ADDRESS,))])
    assert values_of(*settle_name(NAME, Objects(source()), [], RULES, history).rrsets) == [(ADDRESS,)]


def test_a_fallback_that_the_name_cannot_hold_is_none() -> None:
    objects = Objects(source(), fallback=(NAME,))
    assert settle_name(NAME, objects, [], RULES).reason == "no address yet"


def test_a_delete_is_attributed_to_those_that_had_the_name() -> None:
    decision = settle_name(NAME, Objects(), [], RULES, ours())
    assert (decision.rrsets, decision.origin, decision.claimants) == ((), BLOG, (BLOG,))


def test_the_delete_of_one_type_is_attributed_to_those_that_had_it() -> None:
    decision = settle_name(NAME, Objects(source(OTHER)), [], RULES, ours("::1", SHOP, "AAAA"))
    assert decision.origin_of("A") == BLOG
    assert decision.origin_of("AAAA") == SHOP


def test_no_other_claim_gets_a_name_while_its_holder_cannot_be_read() -> None:
    shop = source(OTHER, kind="HTTPRoute", name="shop")
    held = settle_name(NAME, Objects(shop), [], WITHOUT_INGRESSES, ours())
    assert (held.origin, values_of(*held.rrsets)) == (BLOG, [(ADDRESS,)])
    read = settle_name(NAME, Objects(shop), [], RULES, ours())
    assert (read.origin, values_of(*read.rrsets)) == (SHOP, [(OTHER,)])


def test_a_holder_that_is_there_needs_no_reading_of_its_kind() -> None:
    decision = settle_name(NAME, Objects(source(OTHER)), [], WITHOUT_INGRESSES, ours())
    assert values_of(*decision.rrsets) == [(OTHER,)]


def test_an_override_and_a_block_count_whatever_cannot_be_read() -> None:
    override = settle_name(NAME, Objects(), [entry(Mode.OVERRIDE)], WITHOUT_INGRESSES, ours())
    assert values_of(*override.rrsets) == [(OTHER,)]
    blocked = settle_name(NAME, Objects(source(OTHER)), [entry(Mode.BLOCK)], WITHOUT_INGRESSES, ours())
    assert (blocked.rrsets, blocked.reason) == ((), "blocked by CustomEntry//7")
