"""What the ledger is told of a pass, and when."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import pytest

from syncer.core.claims import Decision
from syncer.core.known import RecordState
from syncer.core.plan import NamePlan, RRsetStatus
from syncer.core.rrsets import Found
from syncer.core.scope import Scope
from syncer.ledger import ObservedRRset
from syncer.zone.apply import SYNCER, ChangeWriter
from syncer.zone.guarding import PlannedChange
from syncer.zone.passplan import PassPlan
from syncer.zone.passwriter import PassWriter
from syncer.zone.recovery import Recovery
from syncer.zone.result import PassResult
from syncer.zone.shadows import ShadowNotes
from tests.syncer.zone.memory import ZONE, MemoryZoneLedger, ToyTarget, create, delete, rrset

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
    """A writer and its parts."""

    def __init__(self) -> None:
        self.target, self.rows = ToyTarget(), TellingLedger()
        self.recovery = Recovery(ZONE, self.rows, dry_run=False)
        changes = ChangeWriter("toy", self.target.zone(ZONE), self.rows, lambda: False)
        shadows = ShadowNotes(ZONE, Scope(zones=(ZONE,)), self.rows)
        self.writer = PassWriter(self.rows, changes, self.recovery, shadows)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def observe(name: str) -> ObservedRRset:
    item = rrset(name)
    return ObservedRRset(Decision(item.name, (item,)), RRsetStatus(item, RecordState.CONFLICT, "not ours"))


def test_marks_are_written_again_without_a_word_to_the_ledger(desk: Desk) -> None:
    result = PassResult()
    desk.writer.write_marks([create("grafana")[1]], result)
    desk.writer.write_marks([], result)
    assert (result.marks, desk.rows.log, desk.target.calls) == (1, [], [f"create grafana.{ZONE}"])


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


@pytest.mark.parametrize("change", [create("lab", f"ns1.{ZONE}", kind="NS"), delete("lab", kind="NS")])
def test_a_delegation_that_comes_or_goes_is_told_once(desk: Desk, change: PlannedChange) -> None:
    desk.writer.write_changes([create("nas")], PassResult(), "", SYNCER)
    assert not desk.writer.pop_delegated()
    desk.writer.write_changes([change], PassResult(), "", SYNCER)
    desk.writer.write_changes([create("grafana")], PassResult(), "", SYNCER)
    assert desk.writer.pop_delegated()
    assert not desk.writer.pop_delegated()
