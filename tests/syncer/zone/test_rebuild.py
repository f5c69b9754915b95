"""A lost ledger, made again from the marks: what goes into it at once, and what stays to be done."""

from __future__ import annotations

import pytest

from syncer.core.claims import Decision
from syncer.core.known import RecordState
from syncer.core.plan import NamePlan, RRsetStatus
from syncer.zone.apply import ChangeWriter
from syncer.zone.passplan import PassPlan
from syncer.zone.rebuild import Rebuild
from tests.syncer.zone.memory import ORIGIN, ZONE, MemoryZoneLedger, ToyTarget, delete, rrset


@pytest.fixture
def rows() -> MemoryZoneLedger:
    return MemoryZoneLedger()


def rebuild_with(rows: MemoryZoneLedger, *, dry_run: bool = False) -> Rebuild:
    writer = ChangeWriter("toy", ToyTarget().zone(ZONE), rows, lambda: False)
    rebuild = Rebuild(ZONE, rows, writer, dry_run=dry_run)
    rebuild.is_on = True
    return rebuild


def wanted(name: str) -> NamePlan:
    """It is there as it shall be."""
    item = rrset(name)
    decision = Decision(item.name, (item,), ORIGIN, (ORIGIN,))
    return NamePlan(decision, statuses=(RRsetStatus(item, RecordState.SYNCED, owned=True),))


def unwanted(name: str) -> NamePlan:
    decision, change = delete(name)
    return NamePlan(decision, [change])


def test_of_the_plan_stays_what_is_still_to_be_done(rows: MemoryZoneLedger) -> None:
    rebuild, plan = rebuild_with(rows), PassPlan(names=[wanted("a"), unwanted("b"), wanted("c")])
    rebuild.take_over(plan)
    assert ([name.name for name in plan.names], plan.settled) == ([f"b.{ZONE}"], 1)
    states = {name: row.state for (name, _), row in rows.known.items()}
    assert states == {f"a.{ZONE}": "synced", f"b.{ZONE}": "pending", f"c.{ZONE}": "synced"}
    assert all(row.owned for row in rows.known.values())
    plan.names.append(wanted("d"))
    rebuild.take_over(plan)
    assert ([name.name for name in plan.names], plan.settled) == ([f"b.{ZONE}"], 1)
    assert f"d.{ZONE}" in {name for name, _ in rows.known}


def test_the_ledger_knows_that_it_is_not_whole_until_the_end(rows: MemoryZoneLedger) -> None:
    rebuild = rebuild_with(rows)
    for name in ("a", "b"):
        rebuild.take_over(PassPlan(names=[wanted(name)]))
    rebuild.end()
    assert rows.log == ["rebuild begun", "record", "record", "rebuild done"]
    assert not rebuild.is_on


def test_it_is_told_how_many_are_ours_again(rows: MemoryZoneLedger, caplog: pytest.LogCaptureFixture) -> None:
    rebuild = rebuild_with(rows)
    rebuild.tell_count()
    rebuild.take_over(PassPlan(names=[wanted("a"), unwanted("b")]))
    rebuild.tell_count()
    rebuild.tell_count()
    rebuild.take_over(PassPlan(names=[wanted("c")]))
    rebuild.tell_count()
    assert caplog.messages == [
        "2 records carry our mark and stood in no ledger: ours again",
        "1 record carries our mark and stood in no ledger: ours again",
    ]


def test_a_dry_run_takes_nothing_over_and_goes_on_seeing_all_as_ours(rows: MemoryZoneLedger) -> None:
    rebuild = rebuild_with(rows, dry_run=True)
    assert not rebuild.settles
    rebuild.end()
    assert (rebuild.is_on, rows.log) == (True, [])
