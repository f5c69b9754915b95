"""What happened, pass by pass."""

from __future__ import annotations

import pytest

from records.dashboard.passes import PassSummary, find_cause, group_entries, sort_of
from records.models import AuditEntry


def make_entry(number: int, action: str = "deleted", **columns: str) -> AuditEntry:
    given = {"actor": "syncer", "correlation": "a", "source": f"Ingress/apps/{number}", "zone": "talos00"} | columns
    return AuditEntry(pk=number, action=action, **given)


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        (
            [make_entry(n, reason=f"Ingress/apps/{n} was deleted") for n in range(8)],
            "apps: 8 deleted, their objects went",
        ),
        ([make_entry(1), make_entry(2, "created"), make_entry(3, "created")], "apps: 2 created, 1 deleted"),
        (
            [make_entry(1, reason="Ingress/a/b was deleted; olga approved it", actor="olga")],
            "apps: 1 deleted, approved by olga, by olga",
        ),
        ([make_entry(1, "drifted", reason="someone deleted it")], "apps: 1 drifted, someone deleted them"),
        ([make_entry(1, "taken over")], "apps: 1 taken over, the name passed to another"),
        ([make_entry(1, "approved", source="HeldPlan//1", actor="olga")], "talos00: 1 approved, by olga"),
        ([make_entry(1, "requested", source="", zone="", actor="olga")], "1 requested, by olga"),
        ([make_entry(1, "writes held", source="", actor="olga")], "talos00: writes held, by olga"),
        (
            [make_entry(n, "created", source=f"Ingress/{n}/x") for n in range(5)],
            "0: 1 created; 1: 1 created; 2: 1 created; 3: 1 created and more",
        ),
    ],
)
def test_a_line_says_what_a_pass_did_where_and_why(entries: list[AuditEntry], words: str) -> None:
    (found,) = group_entries(entries)
    assert found.summary.describe() == words


def test_entries_of_a_pass_are_together_and_those_of_none_alone() -> None:
    entries = [make_entry(5), make_entry(4, correlation=""), make_entry(3, correlation="b"), make_entry(2)]
    found = group_entries(entries)
    assert [(each.summary.key, [entry.pk for entry in each.entries]) for each in found] == [
        ("a", [5, 2]),
        ("4", [4]),
        ("b", [3]),
    ]


def test_an_entry_counts_once() -> None:
    summary = PassSummary("a")
    for _ in range(2):
        summary.add_entry(make_entry(1))
    assert summary.describe() == "apps: 1 deleted"


def test_lines_can_be_told_apart_by_what_they_are() -> None:
    assert sort_of(make_entry(1)) == "change"
    assert sort_of(make_entry(1, "failed", actor="olga")) == "trouble person"
    assert sort_of(make_entry(1, "gone")) == ""
    assert find_cause(make_entry(1, "created")) == ""


def test_an_edited_entry_is_no_change_of_dns_and_its_record_is_one() -> None:
    edit = make_entry(2, "created", source="CustomEntry//7", correlation="", actor="olga")
    record = make_entry(3, "created", source="CustomEntry//7")
    assert [sort_of(edit), sort_of(record)] == ["person", "change"]
    told = [each.summary.describe() for each in group_entries([record, edit])]
    assert told == ["talos00: 1 created", "custom entries: 1 created, by olga"]
