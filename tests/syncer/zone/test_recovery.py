"""When the zone lost writes or marks of ours, how that is told, and when it is over."""

from __future__ import annotations

import pytest

from syncer.ledger import LeftZone
from syncer.zone.passplan import PassPlan
from syncer.zone.recovery import Recovery
from syncer.zone.view import ZoneView
from tests.syncer.zone.memory import ZONE, MemoryZoneLedger

ME = "syncer"


@pytest.fixture
def rows() -> MemoryZoneLedger:
    return MemoryZoneLedger(left_zone=LeftZone(7, "node1"))


@pytest.fixture
def recovery(rows: MemoryZoneLedger) -> Recovery:
    return Recovery(ZONE, rows, dry_run=False)


@pytest.fixture
def view() -> ZoneView:
    """Of a zone that was listed on the other node."""
    view = ZoneView()
    view.replace(9, frozenset(), node="node2")
    return view


def test_a_plan_without_a_loss_begins_nothing(recovery: Recovery, rows: MemoryZoneLedger) -> None:
    recovery.note_plan(PassPlan(listed=True), ME)
    assert (recovery.is_on, recovery.is_unmarked, rows.log) == (False, False, [])


def test_lost_writes_are_no_lost_marks(recovery: Recovery, rows: MemoryZoneLedger) -> None:
    recovery.note_plan(PassPlan(listed=True, lost_writes=True), ME)
    assert (recovery.is_on, recovery.is_unmarked, rows.log) == (True, False, [])


def test_another_node_and_lost_marks_are_told_once(
    recovery: Recovery, rows: MemoryZoneLedger, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        recovery.note_plan(PassPlan(listed=True, node="node2", left_node="node1", unmarked=70), ME)
    assert caplog.messages == [
        "The zone is on node2 now, and was on node1 when we wrote last",
        "70 records of ours have lost their marks, all at once; they are ours still, and the marks are written again",
    ]
    assert rows.log == ["70 marks lost"]
    assert rows.left() == LeftZone(7, "node1", is_unmarked=True)


def test_it_is_over_when_the_zone_was_listed_and_nothing_waits(
    recovery: Recovery, rows: MemoryZoneLedger, view: ZoneView
) -> None:
    recovery.note_plan(PassPlan(node="node2", left_node="node1", unmarked=3), ME)
    recovery.end_when_done(view, ME, listed=False, waiting=False)
    assert recovery.is_on
    recovery.end_when_done(view, ME, listed=True, waiting=True)
    assert recovery.is_on
    recovery.end_when_done(view, ME, listed=False, waiting=False)
    assert (recovery.is_on, recovery.is_unmarked) == (False, False)
    assert rows.left() == LeftZone(9, "node2", is_unmarked=False)


def test_the_ledger_knows_the_other_node_only_when_all_is_done(
    recovery: Recovery, rows: MemoryZoneLedger, view: ZoneView
) -> None:
    recovery.note_plan(PassPlan(node="node2", left_node="node1"), ME)
    assert rows.left().node == "node1"
    recovery.end_when_done(view, ME, listed=True, waiting=False)
    assert rows.left().node == "node2"


def test_after_a_start_it_goes_on_where_it_was(rows: MemoryZoneLedger, view: ZoneView) -> None:
    rows.note_marks(70, ME)
    again = Recovery(ZONE, rows, dry_run=False)
    assert again.resume() == "node1"
    assert (again.is_on, again.is_unmarked) == (True, True)
    again.note_plan(PassPlan(listed=True, unmarked=30), ME)
    again.end_when_done(view, ME, listed=True, waiting=False)
    assert rows.log == ["70 marks lost", "0 marks lost", "record"]


def test_a_dry_run_writes_nothing_down(rows: MemoryZoneLedger, view: ZoneView) -> None:
    recovery = Recovery(ZONE, rows, dry_run=True)
    recovery.note_plan(PassPlan(listed=True, unmarked=70), ME)
    recovery.end_when_done(view, ME, listed=True, waiting=False)
    assert rows.log == []
