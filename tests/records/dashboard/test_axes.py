"""How a record is in DNS, and why: two questions, each with its own word."""

from __future__ import annotations

import pytest

from records.dashboard.axes import read_axes
from records.models import ManagedRecord
from syncer.core.known import RecordState

WORDS = {
    "synced": ("in step", ""),
    "pending": ("pending", ""),
    "drifted": ("drifted", ""),
    "failed": ("failed", ""),
    "held": ("delete held", "nobody wants it"),
    "kept": ("in step", "kept"),
    "conflict": ("not written", "conflict"),
    "skipped": ("not written", "skipped"),
    "foreign": ("not ours", "foreign, as wanted"),
}


@pytest.mark.parametrize("state", RecordState)
def test_every_state_is_one_word_of_each(state: RecordState) -> None:
    axes = read_axes(ManagedRecord(state=state, losers=[["x", "y"]]))
    assert (axes.dns.word, axes.why, axes.rivals) == (*WORDS[state], 1)


def test_what_a_newer_version_wrote_is_shown_as_it_is() -> None:
    assert read_axes(ManagedRecord(state="odd")).dns.word == "odd"
