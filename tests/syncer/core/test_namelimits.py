"""How many names the objects of a namespace may have, and which these are."""

from __future__ import annotations

from collections.abc import Sequence

from syncer.core.namelimits import NameLimits, limit_sources
from syncer.core.source import Ref, Skip, SkipCause, SourceObject, Want

JANUARY, FEBRUARY = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"


def source(name: str, *names: str, created: str = JANUARY) -> SourceObject:
    wants = tuple(Want(f"{host}.talos00", ("10.0.0.1",)) for host in names)
    return SourceObject(Ref("Ingress", "web", name), created=created, wants=wants)


def limit(
    *sources: SourceObject, an_object: int = 100, a_namespace: int = 100, longest: Sequence[str] = ()
) -> dict[str, list[str]]:
    """The names that each may have."""
    limits = NameLimits(an_object, a_namespace)
    limited = limit_sources(sources, limits, [f"{name}.talos00" for name in longest])
    return {ref.name: [want.name.removesuffix(".talos00") for want in made.wants] for ref, made in limited.items()}


def test_what_is_within_the_limits_is_left_alone() -> None:
    shop = source("shop", "a", "b")
    assert limit_sources([shop], NameLimits(2, 2)) == {shop.ref: shop}
    assert limit_sources([shop], NameLimits(2, 2))[shop.ref] is shop


def test_of_an_object_the_first_names_come_first() -> None:
    assert limit(source("shop", "c", "a", "b"), an_object=2) == {"shop": ["c", "a"]}


def test_what_is_published_stays_and_then_who_has_claimed_longest() -> None:
    assert limit(source("shop", "c", "a", "b"), an_object=2, longest="ba") == {"shop": ["a", "b"]}
    sources = source("old", "a", "b"), source("new", "c", created=FEBRUARY)
    assert limit(*sources, a_namespace=2, longest="c") == {"old": ["a"], "new": ["c"]}


def test_in_a_namespace_the_older_object_comes_first() -> None:
    sources = source("a-new", "c", "d", created=FEBRUARY), source("old", "a", "b"), source("ageless", "e", created="")
    assert limit(*sources, a_namespace=3) == {"old": ["a", "b"], "a-new": ["c"], "ageless": []}


def test_a_name_that_two_objects_ask_for_counts_once() -> None:
    assert limit(source("one", "a", "b"), source("two", "a", "b"), a_namespace=2) == {
        "one": ["a", "b"],
        "two": ["a", "b"],
    }


def test_nothing_may_be_allowed() -> None:
    assert limit(source("shop", "a"), a_namespace=0) == {"shop": []}


def test_what_is_over_is_skipped_with_the_limit() -> None:
    shop = source("shop", "a", "b", "c")
    (made,) = limit_sources([shop], NameLimits(2, 1)).values()
    assert made.skipped == (
        Skip("c.talos00", "over MAX_NAMES_PER_OBJECT (2)", SkipCause.POLICY),
        Skip("b.talos00", "over MAX_NAMES_PER_NAMESPACE (1)", SkipCause.POLICY),
    )
    (made,) = limit_sources([shop], NameLimits(5, 2, is_own=True)).values()
    assert made.skipped[0].reason == "over the catalyst-dns-sync.io/max-names of its Namespace (2)"
