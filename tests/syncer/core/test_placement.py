"""Where a DNAME and a DS can be."""

from __future__ import annotations

import pytest

from syncer.core.placement import explain_placement, find_below


@pytest.mark.parametrize(
    ("kind", "types", "below"),
    [
        ("A", {"A", "DNAME"}, "x.old.talos00"),
        ("DS", {"DS", "NS"}, ""),
        ("DNAME", {"DNAME", "A", "TXT"}, ""),
        ("DNAME", {"DNAME", "NS", "SOA"}, ""),
        ("NS", {"NS", "DS"}, ""),
        ("NS", {"NS", "A"}, ""),
    ],
)
def test_what_can_be_there_has_no_reason(kind: str, types: set[str], below: str) -> None:
    assert explain_placement(kind, types, below) == ""


@pytest.mark.parametrize(
    ("kind", "types", "below", "reason"),
    [
        ("DS", {"DS", "A"}, "", "needs the NS records of its delegation"),
        ("DNAME", {"DNAME"}, "x.old.talos00", "x.old.talos00 is one of ours"),
        ("DNAME", {"DNAME", "NS"}, "", "cannot be at one name below the apex"),
        ("NS", {"DNAME", "NS"}, "", "cannot be at one name below the apex"),
    ],
)
def test_what_cannot_be_there_has_a_reason(kind: str, types: set[str], below: str, reason: str) -> None:
    assert reason in explain_placement(kind, types, below)


def test_below_is_what_ends_in_the_name_and_a_dot() -> None:
    names = ["old.talos00", "bold.talos00", "b.old.talos00", "a.x.old.talos00"]
    assert find_below("old.talos00", names) == "a.x.old.talos00"
    assert find_below("b.old.talos00", names) == ""
