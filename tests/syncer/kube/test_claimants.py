"""Who wants a name, for one claimant and for thousands."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from syncer.core.source import Ref, SourceObject, Want
from syncer.kube import claimants
from syncer.kube.claimants import FEW, ClaimantIndex
from tests.syncer.kube.work import count_bytes, count_steps, read_between

NAME = "blog.talos00"


def make_source(number: int = 0, ttl: int | None = None) -> SourceObject:
    return SourceObject(Ref("Ingress", "web", f"blog-{number}"), wants=(Want(NAME, ("10.0.0.1",)),), ttl=ttl)


def make_index(count: int) -> ClaimantIndex:
    index = ClaimantIndex()
    for number in range(count):
        source = make_source(number)
        index.set_claimant(NAME, source.ref, source)
    return index


@pytest.mark.parametrize("count", [1, 2, FEW, FEW + 1, 3 * FEW])
def test_claimants_come_change_and_go(count: int) -> None:
    index = make_index(count)
    sources = [make_source(number) for number in range(count)]
    assert set(index.list_claimants(NAME)) == set(sources)
    edited = make_source(0, ttl=60)
    index.set_claimant(NAME, edited.ref, edited)
    assert set(index.list_claimants(NAME)) == {edited, *sources[1:]}
    for left, source in enumerate(sources, 1):
        assert index.list_names() == [NAME]
        index.set_claimant(NAME, source.ref, None)
        assert set(index.list_claimants(NAME)) == set(sources[left:])
    assert index.list_names() == []


@pytest.mark.parametrize("count", [0, 1, 3 * FEW])
def test_one_that_never_wanted_the_name_can_be_taken_out(count: int) -> None:
    index = make_index(count)
    index.set_claimant(NAME, Ref("Ingress", "web", "nas"), None)
    assert len(index.list_claimants(NAME)) == count


def test_what_was_read_does_not_change_afterwards() -> None:
    index = make_index(3 * FEW)
    read = index.list_claimants(NAME)
    assert index.list_claimants(NAME) is read
    index.set_claimant(NAME, make_source(0).ref, None)
    assert len(read) == 3 * FEW
    assert len(index.list_claimants(NAME)) == 3 * FEW - 1


CHANGES: dict[str, Callable[[ClaimantIndex, int], None]] = {
    "come": lambda index, n: index.set_claimant(NAME, make_source(100_000 + n).ref, make_source(100_000 + n)),
    "change": lambda index, n: index.set_claimant(NAME, make_source(n).ref, make_source(n, ttl=60)),
    "go": lambda index, n: index.set_claimant(NAME, make_source(n).ref, None),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_change_costs_the_same_however_many_want_the_name(change: Callable[[ClaimantIndex, int], None]) -> None:
    few, many = make_index(2 * FEW), make_index(10_000)
    assert count_steps(lambda: change(many, 1)) == count_steps(lambda: change(few, 1))
    # Of several, as one may be the one for which a dictionary grows. A copy of them all is 80,000 bytes.
    assert min(count_bytes(lambda n=n: change(many, n)) for n in range(2, 7)) < 2_000  # type: ignore[misc]


@pytest.mark.parametrize("before", [1, FEW, 3 * FEW])
def test_a_reader_always_finds_the_one_that_is_edited(before: int) -> None:
    index = make_index(before)
    for number in range(1, before):
        index.set_claimant(NAME, make_source(number).ref, None)
    edited = make_source(0, ttl=60)
    found = read_between(
        lambda: index.set_claimant(NAME, edited.ref, edited), lambda: index.list_claimants(NAME), claimants
    )
    assert set(found) <= {(make_source(0),), (edited,)}
    assert len(found) > 10


def test_a_reader_finds_every_claimant_while_their_number_outgrows_the_tuple() -> None:
    index, late = make_index(FEW), make_source(FEW)
    found = read_between(
        lambda: index.set_claimant(NAME, late.ref, late), lambda: len(index.list_claimants(NAME)), claimants
    )
    assert set(found) == {FEW, FEW + 1}
