"""What of ours stands in a zone without its marks, and when it is the zone that lost them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syncer.core.known import KnownRRset, RecordState
from syncer.core.lost_marks import MarkCount, find_written, is_bare, put_mark_back
from syncer.core.rrsets import Found, Marker, RRset

MARKER = Marker("default")
ORIGIN = "Ingress/web/grafana"
MARK = MARKER.mark(ORIGIN)
GRAFANA = RRset("grafana.talos00", "A", 300, ("10.0.0.1", "10.0.0.2"))
FORMER = replace(GRAFANA, values=("10.0.0.9",))
ROW = KnownRRset(GRAFANA, True, RecordState.SYNCED, "", ORIGIN, (ORIGIN,))


def found(rrset: RRset = GRAFANA, mark: str = "") -> Found:
    return Found(rrset, (mark,) * len(rrset.values))


def test_bare_is_what_has_no_comment_of_anybody() -> None:
    assert is_bare(found())
    assert not is_bare(found(mark=MARK))
    assert not is_bare(found(mark="made by hand"))
    assert not is_bare(Found(GRAFANA, ("", MARK)))


def test_what_stands_as_we_wrote_it_is_found_bare() -> None:
    assert find_written(found(), ROW) == GRAFANA
    more = replace(GRAFANA, values=("10.0.0.1", "10.0.0.2", "10.0.0.3"))
    assert find_written(found(more), ROW) == GRAFANA


@pytest.mark.parametrize(
    "item",
    [
        found(mark=MARK),
        found(replace(GRAFANA, ttl=60)),
        found(replace(GRAFANA, values=("10.0.0.1",))),
        found(FORMER),
        found()._replace(disabled=frozenset({"10.0.0.1"})),
        found()._replace(expires=True),
    ],
)
def test_what_stands_otherwise_is_not(item: Found) -> None:
    assert find_written(item, ROW) is None


def test_what_is_not_ours_by_the_ledger_is_not() -> None:
    assert find_written(found(), None) is None
    assert find_written(found(), ROW._replace(owned=False)) is None


def test_what_we_had_written_until_a_short_while_ago_is_ours_too() -> None:
    assert find_written(found(FORMER), ROW._replace(former=FORMER)) == FORMER
    assert find_written(found(), ROW._replace(former=FORMER)) == GRAFANA


def test_a_mark_is_put_back_on_our_values_alone() -> None:
    more = found(replace(GRAFANA, values=("10.0.0.1", "10.0.0.2", "10.0.0.3")))
    item = put_mark_back(more, GRAFANA, ORIGIN, MARKER)
    assert item.marks == (MARK, MARK, "")
    assert item.is_unmarked
    assert MARKER.own_values(item) == GRAFANA.values


def count(unmarked: int, marked: int) -> MarkCount:
    marks = MarkCount()
    for mark in [""] * unmarked + [MARK] * marked:
        marks.add([found(mark=mark)], {"A": ROW})
    return marks


@pytest.mark.parametrize(
    ("unmarked", "marked", "lost"),
    [(2, 0, False), (3, 0, True), (3, 2, True), (3, 3, False), (4, 3, True), (50, 50, False)],
)
def test_more_than_half_and_at_least_three_must_have_lost_it(unmarked: int, marked: int, lost: bool) -> None:
    assert count(unmarked, marked).are_lost is lost


def test_what_does_not_stand_as_we_wrote_it_counts_neither_way() -> None:
    marks = count(3, 2)
    for item in (found(FORMER), found(FORMER, MARK), found(replace(GRAFANA, ttl=60), MARK)):
        marks.add([item], {"A": ROW})
    marks.add([found(mark=MARK)], {})
    marks.add([found(mark=MARK)], {"A": ROW._replace(owned=False)})
    assert (marks.written, marks.unmarked) == (5, 3)


def test_a_mark_that_was_put_back_counts_as_none() -> None:
    marks = MarkCount()
    marks.add([put_mark_back(found(), GRAFANA, ORIGIN, MARKER)], {"A": ROW})
    assert (marks.written, marks.unmarked) == (1, 1)
