"""What keeps an RRset from its name."""

from __future__ import annotations

import pytest

from syncer.core.fitting import OVERHEAD, RDATA_LIMIT, find_misplacement, list_misfits, measure_texts

NAME, ZONE = "www.talos00", "talos00"


@pytest.mark.parametrize(
    ("kind", "name", "reason"),
    [
        ("CNAME", ZONE, "a CNAME record cannot be at the apex of zone talos00"),
        ("NS", ZONE, "an NS record cannot be at the apex of zone talos00: the zone's own name servers are not ours to"),
        ("DS", ZONE, "a DS record cannot be at the apex of zone talos00: it belongs into the zone above"),
        ("NS", "*.talos00", "an NS record cannot be at a wildcard (RFC 4592 section 4.2)"),
        ("DNAME", "*.talos00", "a DNAME record cannot be at a wildcard (RFC 4592 section 4.4)"),
    ],
)
def test_some_types_cannot_be_everywhere(kind: str, name: str, reason: str) -> None:
    assert find_misplacement(kind, name, ZONE).startswith(reason)
    assert find_misplacement(kind, NAME, ZONE) == ""


@pytest.mark.parametrize(("kind", "name"), [("A", ZONE), ("DNAME", ZONE), ("TXT", "*.talos00"), ("A", "*.talos00")])
def test_the_others_can(kind: str, name: str) -> None:
    assert find_misplacement(kind, name, ZONE) == ""


@pytest.mark.parametrize(
    ("kind", "values", "reason"),
    [
        ("CNAME", ["a.talos00", "b.talos00"], "a CNAME has one value, not 2"),
        ("CNAME", [NAME], "the name would be an alias of itself"),
        ("DNAME", [NAME], "the target of a DNAME cannot be the name itself or lie below it"),
        ("DNAME", [f"below.{NAME}"], "the target of a DNAME cannot be the name itself or lie below it"),
        ("HTTPS", ["0 a.talos00", "1 ."], "an alias, with priority 0, must be the only value"),
    ],
)
def test_values_must_fit_one_another_and_the_name(kind: str, values: list[str], reason: str) -> None:
    (found,) = list_misfits(kind, values, NAME, 0)
    assert found.startswith(reason)


def test_an_answer_must_hold_them_all() -> None:
    texts = ["x" * RDATA_LIMIT]
    assert measure_texts(texts) == RDATA_LIMIT + OVERHEAD
    assert list_misfits("TXT", texts, NAME, measure_texts(texts)) == [
        f"the values take {RDATA_LIMIT + OVERHEAD} bytes: {RDATA_LIMIT} is the most that one answer can hold"
    ]
    assert list_misfits("TXT", texts, NAME, RDATA_LIMIT) == []
