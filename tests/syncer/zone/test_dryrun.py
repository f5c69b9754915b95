"""What a dry run says: each thing once, and again when it was not so in between."""

from __future__ import annotations

import pytest

from syncer.core.claims import Decision
from syncer.core.known import RecordState
from syncer.core.plan import NamePlan, RRsetStatus
from syncer.zone.dryrun import DryRun
from syncer.zone.passplan import PassPlan
from syncer.zone.result import PassResult
from tests.syncer.zone.memory import ADDRESS, ZONE, create, delete, rrset
from tests.syncer.zone.test_zone import GRAFANA, Case


def test_a_dry_run_says_once_what_it_would_do_and_writes_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    case = Case(dry_run=True)
    case.put("grafana")
    for _ in range(3):
        case.zone.request_pass()
        case.turn()
    assert [line.getMessage() for line in caplog.records] == [f"Would create {GRAFANA} 300 A {ADDRESS}"]
    assert case.published == {}
    assert (case.rows.log, case.rows.known) == ([], {})


def test_a_single_dry_run_gives_its_plan_to_its_caller_and_does_not_log_it_too(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    case = Case(dry_run=True)
    case.put("grafana")
    assert [change.name for change in case.zone.run_once().planned] == [GRAFANA]
    assert not caplog.records


def test_a_dry_run_lists_again_only_what_someone_wrote_to() -> None:
    case = Case(dry_run=True).begun()
    for _ in range(3):
        case.zone.note_serial(case.target.serial[ZONE])
        case.turn()
    assert "list" not in case.take_calls()
    case.target.serial[ZONE] += 1
    case.zone.note_serial(case.target.serial[ZONE])
    case.turn()
    assert "list" in case.take_calls()


def foreign(name: str) -> NamePlan:
    item = rrset(name)
    status = RRsetStatus(item, RecordState.CONFLICT, "someone else has it")
    return NamePlan(Decision(item.name, (item,)), statuses=(status, RRsetStatus(item, RecordState.SYNCED, owned=True)))


def test_the_result_has_what_would_be_done_in_its_order_and_what_would_be_left_alone() -> None:
    result = PassResult(whole=True)
    DryRun().tell_plan(PassPlan(names=[foreign("nas")]), [create("grafana"), delete("blog")], result)
    assert [change.name for change in result.planned] == [f"blog.{ZONE}", GRAFANA]
    assert [(status.rrset.name, status.state) for status in result.left] == [(f"nas.{ZONE}", RecordState.CONFLICT)]


def test_what_was_not_so_in_between_is_said_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    dry_run = DryRun()
    for changes in ([create("grafana")], [create("grafana")], [], [create("grafana")]):
        dry_run.tell_plan(PassPlan(), changes, PassResult(whole=True))
    assert caplog.messages == [f"Would create {GRAFANA} 300 A {ADDRESS}"] * 2


def test_only_the_zone_as_it_was_listed_last_is_told() -> None:
    dry_run = DryRun()
    assert not dry_run.has_told(None, "")
    dry_run.tell_plan(PassPlan(listed=True, serial=7, node="node1"), [], PassResult())
    dry_run.tell_plan(PassPlan(serial=8, node="node1"), [], PassResult())
    assert dry_run.has_told(7, "node1")
    assert not dry_run.has_told(8, "node1")
    assert not dry_run.has_told(7, "node2")


def test_a_target_without_serials_is_never_told() -> None:
    dry_run = DryRun()
    dry_run.tell_plan(PassPlan(listed=True), [], PassResult())
    assert not dry_run.has_told(None, "")
