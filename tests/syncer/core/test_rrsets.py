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
