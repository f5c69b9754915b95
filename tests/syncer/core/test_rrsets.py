"""Marks: who wrote what is there."""

from __future__ import annotations

import pytest

from syncer.core.rrsets import MARK_LIMIT, Found, Marker, RRset

MARKER = Marker("home")
MINE, OTHER = MARKER.mark("Ingress/web/grafana"), Marker("homework").mark("Ingress/web/grafana")
PAIR = RRset("grafana.talos00", "A", 300, ("10.0.0.1", "10.0.0.2"))


def test_a_mark_says_which_installation_wrote_it_and_for_whom() -> None:
    assert MINE == "catalyst-dns-sync/home Ingress/web/grafana"
    assert MARKER.source_of(MINE) == "Ingress/web/grafana"
    assert MARKER.knows(MINE)
    assert not MARKER.knows(OTHER)
    assert not MARKER.knows("")


def test_a_mark_fits_what_a_target_can_store() -> None:
    mark = MARKER.mark("Ingress/" + "ü" * 300)
    assert len(mark.encode()) == MARK_LIMIT
    assert mark.isascii()
    assert MARKER.knows(mark)


@pytest.mark.parametrize(
    ("marks", "own"),
    [((MINE, MINE), PAIR.values), (("", MINE), ("10.0.0.2",)), ((OTHER, ""), ())],
)
def test_values_with_our_mark_are_ours_and_no_others(marks: tuple[str, ...], own: tuple[str, ...]) -> None:
    found = Found(PAIR, marks)
    assert MARKER.own_values(found) == own
    assert MARKER.owns(found) is bool(own)
    if own:
        assert MARKER.origin(found) == "Ingress/web/grafana"


def test_an_rrset_is_printed_as_a_zone_file_would() -> None:
    assert str(PAIR) == "grafana.talos00 300 A 10.0.0.1 10.0.0.2"


# What a target holds


def test_what_is_served_is_what_is_not_disabled() -> None:
    assert Found(PAIR, ("", "")).served == PAIR.values
    assert Found(PAIR, ("", ""), frozenset({"10.0.0.1"})).served == ("10.0.0.2",)
    assert Found(PAIR, ("", ""), frozenset(PAIR.values)).served == ()


@pytest.mark.parametrize(
    ("found", "intact"),
    [
        (Found(PAIR, ("", "")), True),
        (Found(PAIR, ("", ""), frozenset({"10.0.0.1"})), False),
        (Found(PAIR, ("", ""), expires=True), False),
        (Found(PAIR, ("", ""), mixes_ttls=True), False),
        (Found(PAIR, ("", ""), is_damaged=True), False),
    ],
)
def test_what_is_served_as_we_write_it_is_intact(found: Found, intact: bool) -> None:
    assert found.intact is intact


# The owner of before

HEIR = Marker("home", "homework")


def test_the_marks_of_the_owner_of_before_are_ours_until_they_are_written_anew() -> None:
    found = Found(PAIR, (OTHER, ""))
    assert HEIR.knows(OTHER)
    assert HEIR.source_of(OTHER) == "Ingress/web/grafana"
    assert (HEIR.owns(found), HEIR.own_values(found), HEIR.inherits(found)) == (True, ("10.0.0.1",), True)
    assert HEIR.origin(found) == "Ingress/web/grafana"
    assert HEIR.mark("Ingress/web/grafana") == MINE
    assert not HEIR.inherits(Found(PAIR, (MINE, MINE)))


def test_without_one_no_other_owner_and_no_empty_one_is_ours() -> None:
    nameless = Marker("").mark("Ingress/web/grafana")
    for mark in (OTHER, nameless, "homework", ""):
        assert not MARKER.knows(mark)
        assert not MARKER.inherits(Found(PAIR, (mark, "")))
