"""What follows from what a pass wrote: for the ledger, for what is known of the zone, and for when it is looked at."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import pytest

from syncer.core.claims import Decision
from syncer.core.known import RecordState
from syncer.core.plan import NamePlan, RRsetStatus
from syncer.core.rrsets import Found
from syncer.core.scope import Scope
from syncer.ledger import ObservedRRset
from syncer.pacing import AdaptiveInterval
from syncer.zone.apply import SYNCER, ChangeWriter
from syncer.zone.guarding import PlannedChange
from syncer.zone.passplan import PassPlan
from syncer.zone.passwriter import PassWriter
from syncer.zone.recovery import Recovery
from syncer.zone.result import PassResult
from syncer.zone.schedule import ZoneSchedule
from syncer.zone.shadows import ShadowNotes
from syncer.zone.view import ZoneView
from tests.syncer.zone.memory import ZONE, Clock, MemoryZoneLedger, ToyTarget, create, delete, rrset

HOUR = 3600.0


class TellingLedger(MemoryZoneLedger):
    """Also logs what it is told of others."""

    def save_shadows(self, shadows: Mapping[str, str], manages: Callable[[str], bool]) -> None:
        self.log.append("shadows")

    def save_others(self, wildcards: Collection[str], delegations: Collection[str]) -> None:
        self.log.append("others")

    def note_rivals(self, rivals: Collection[Found]) -> None:
        self.log.append(f"{len(rivals)} rivals")


class Desk:
    """A writer and its parts, of a zone that was listed at serial 1 and passed a moment ago."""

    def __init__(self) -> None:
        self.target, self.rows, self.view, self.clock = ToyTarget(), TellingLedger(), ZoneView(), Clock()
        self.view.replace(1, frozenset())
        self.schedule = ZoneSchedule(HOUR, 24 * HOUR, self.clock.now)
        self.schedule.passed(self.clock.now, undisturbed=True)
        self.recovery = Recovery(ZONE, self.rows, dry_run=False)
        zone = self.target.zone(ZONE)
        changes = ChangeWriter("toy", zone, self.rows, lambda: False)
        shadows = ShadowNotes(ZONE, Scope(zones=(ZONE,)), self.rows)
        self.writer = PassWriter(
            "toy", zone, self.rows, changes, self.view, self.schedule, self.recovery, shadows, self.clock
        )


@pytest.fixture
def desk() -> Desk:
    return Desk()


def observe(name: str) -> ObservedRRset:
    item = rrset(name)
    return ObservedRRset(Decision(item.name, (item,)), RRsetStatus(item, RecordState.CONFLICT, "not ours"))


def test_our_writes_move_on_what_is_known(desk: Desk) -> None:
    desk.writer.write_changes([create("grafana"), create("nas")], PassResult(), "", SYNCER)
    assert desk.view.serial == desk.target.serial[ZONE] == 3


def test_a_foreign_write_between_ours_ends_what_is_known(desk: Desk) -> None:
    desk.target.serial[ZONE] += 1
    desk.writer.write_changes([create("grafana")], PassResult(), "", SYNCER)
    assert desk.view.serial is None


def test_a_pass_without_a_change_ends_nothing(desk: Desk) -> None:
    desk.target.serial[ZONE] += 1
    desk.writer.write_changes([], PassResult(), "", SYNCER)
    desk.writer.write_marks([], PassResult())
    assert (desk.view.serial, desk.target.calls) == (1, [])


def test_marks_that_are_written_again_move_on_what_is_known(desk: Desk) -> None:
    result = PassResult()
    desk.writer.write_marks([create("grafana")[1]], result)
    assert (result.marks, desk.view.serial, desk.rows.log) == (1, 2, [])


def test_the_ledger_is_told_what_was_found_before_anything_is_written(desk: Desk) -> None:
    status = RRsetStatus(rrset("blog"), RecordState.CONFLICT, "not ours")
    plan = PassPlan(
        names=[NamePlan(Decision(f"blog.{ZONE}", (rrset("blog"),)), statuses=(status,))],
        whole=True,
        listed=True,
        serial=1,
        rivals=[Found(rrset("blog"), ("by hand",))],
    )
    desk.writer.carry_out(plan, [observe("nas")], [create("grafana")], PassResult(), SYNCER)
    assert desk.rows.log == ["record", "1 rivals", "shadows", "others", "claim", "record"]
    assert [status.rrset.name for _, status in desk.rows.observed] == [f"blog.{ZONE}", f"nas.{ZONE}"]
    assert desk.rows.serials == [1, 2]


def test_a_pass_over_some_names_says_nothing_of_the_others(desk: Desk) -> None:
    desk.writer.carry_out(PassPlan(), [], [create("grafana")], PassResult(), SYNCER)
    assert desk.rows.log == ["claim", "record"]


def test_a_whole_pass_without_a_list_does_not_know_what_others_have(desk: Desk) -> None:
    desk.writer.carry_out(PassPlan(whole=True), [], [], PassResult(), SYNCER)
    assert desk.rows.log == ["shadows"]


def test_until_all_that_was_lost_is_made_again_the_ledger_keeps_the_serial_that_shows_it(desk: Desk) -> None:
    desk.recovery.is_on = True
    plan = PassPlan(whole=True, listed=True, serial=1)
    desk.writer.carry_out(plan, [observe("nas")], [create("grafana")], PassResult(), SYNCER)
    assert desk.rows.serials == [None, None]
    assert desk.view.serial == 2


def test_only_a_change_is_a_change(desk: Desk) -> None:
    due = desk.schedule.full_due
    desk.writer.note_changes(PassResult())
    assert (desk.writer.last_change_at, desk.schedule.full_due) == (None, due)
    result = PassResult()
    many = [create(f"app{number:02}") for number in range(AdaptiveInterval.BUSY_CHANGES + 1)]
    desk.writer.write_changes(many, result, "", SYNCER)
    desk.writer.note_changes(result)
    assert desk.writer.last_change_at
    assert desk.schedule.full_due == desk.clock.now + AdaptiveInterval.BUSY
    assert desk.view.serial == 1 + len(many)


@pytest.mark.parametrize("change", [create("lab", f"ns1.{ZONE}", kind="NS"), delete("lab", kind="NS")])
def test_a_delegation_that_comes_or_goes_has_the_zone_listed_once(desk: Desk, change: PlannedChange) -> None:
    result = PassResult()
    desk.writer.write_changes([change], result, "", SYNCER)
    desk.writer.write_changes([create("grafana")], result, "", SYNCER)
    assert desk.view.serial is not None
    desk.writer.note_changes(result)
    assert (desk.view.serial, desk.schedule.full_due) == (None, 0.0)
    desk.view.replace(9, frozenset())
    desk.schedule.passed(desk.clock.now, undisturbed=False)
    desk.writer.note_changes(PassResult())
    assert desk.view.serial == 9
    assert desk.schedule.full_due > desk.clock.now
