"""The order of changes, what has its turn, and how each is written: claimed first, recorded whatever happens."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from syncer import metrics
from syncer.core.claims import Decision
from syncer.core.known import RecordState
from syncer.core.plan import Op, RRsetStatus
from syncer.core.rrsets import RRset
from syncer.errors import TargetUnreachable, ZoneUnusable
from syncer.ledger import LeftZone, ObservedRRset
from syncer.targets.base import Outcome, Result
from syncer.zone.apply import BATCH, OBSERVED, RECORDED, TURN, TURN_BESIDE, ChangeWriter, sort_changes, take_turn
from syncer.zone.guarding import PlannedChange
from syncer.zone.result import PassResult
from tests.syncer.zone.memory import ZONE, MemoryZoneLedger, ToyTarget, create, delete, ours, rrset, update


def take_together(rrset: RRset) -> bool:
    return True


def take_alone(rrset: RRset) -> bool:
    return False


def order(*changes: PlannedChange) -> list[str]:
    return [f"{change.op} {change.name.removesuffix(f'.{ZONE}')} {change.key[1]}" for _, change in changes]


def many(make: Callable[[str], PlannedChange], count: int, prefix: str = "app") -> list[PlannedChange]:
    return [make(f"{prefix}{number:03}") for number in range(count)]


# The order


def test_deletes_come_before_creates_and_creates_before_updates() -> None:
    changes = [update("c"), create("b"), delete("a")]
    assert order(*sort_changes(changes)) == ["delete a A", "create b A", "update c A"]


def test_urgent_names_come_before_all_others() -> None:
    changes = [delete("a"), update("urgent", priority=0)]
    assert order(*sort_changes(changes)) == ["update urgent A", "delete a A"]


def test_a_name_that_changes_its_type_does_so_in_one_go() -> None:
    alias = create("z", "edge.example.com", kind="CNAME")
    changes = [create("c"), alias, create("d"), delete("z", replaced_by=alias), delete("a")]
    assert order(*sort_changes(changes)) == [
        "delete a A",
        "delete z A",
        "create z CNAME",
        "create c A",
        "create d A",
    ]


# Turns


def test_a_few_changes_all_have_their_turn() -> None:
    changes = [delete("a"), create("b"), update("c")]
    assert take_turn(changes, take_alone) == (changes, [])


def test_one_by_one_only_so_many_go_at_a_time() -> None:
    turn, later = take_turn(many(create, TURN + 3), take_alone)
    assert len(turn) == TURN
    assert later == [f"app{number:03}.{ZONE}" for number in range(TURN, TURN + 3)]


def test_what_a_person_asked_for_never_waits() -> None:
    changes = [*many(delete, 30), create("new")]
    asked = {change.name for _, change in changes[:20]}
    turn, later = take_turn(changes, take_alone, asked=asked)
    assert asked <= {change.name for _, change in turn}
    assert asked.isdisjoint(later)
    assert len(later) == 10


def test_in_bulk_all_creates_and_updates_go() -> None:
    turn, later = take_turn(many(create, 500) + many(update, 500, "old"), take_together)
    assert (len(turn), later) == (1000, [])


def test_of_what_goes_alone_among_others_each_value_counts() -> None:
    texts = [create(f"text{number}", *(f'"{value}"' for value in range(4)), kind="TXT") for number in range(4)]
    turn, later = take_turn([*texts, *many(create, 100)], lambda rrset: rrset.type != "TXT")
    assert later == [f"text2.{ZONE}", f"text3.{ZONE}"]
    assert len(turn) == 102


def test_in_bulk_only_so_many_values_go_at_a_time() -> None:
    heavy = [create(f"app{number}", *(f"10.0.0.{value}" for value in range(100))) for number in range(4)]
    turn, later = take_turn([*heavy, create("light")], take_together, values=250)
    assert order(*turn) == ["create app0 A", "create app1 A"]
    assert later == [f"app2.{ZONE}", f"app3.{ZONE}", f"light.{ZONE}"]
    asked = {f"app3.{ZONE}"}
    turn, later = take_turn(heavy, take_together, asked=asked, values=50)
    assert order(*turn) == ["create app0 A", "create app3 A"]


@pytest.mark.parametrize("takes", [take_together, take_alone])
def test_deletes_go_one_by_one_and_fewer_of_them_where_others_wait(takes: Callable[[RRset], bool]) -> None:
    turn, later = take_turn(many(delete, 30), takes)
    assert (len(turn), len(later)) == (TURN, 30 - TURN)
    turn, later = take_turn([*many(delete, 30), create("new")], takes)
    assert (len(turn), len(later)) == (TURN_BESIDE + 1, 30 - TURN_BESIDE)


def test_a_name_that_waits_waits_with_all_of_its_changes() -> None:
    changes = []
    for number in range(TURN_BESIDE + 1):
        alias = create(f"app{number}", "edge.example.com", kind="CNAME")
        changes += [delete(f"app{number}", replaced_by=alias), alias]
    turn, later = take_turn(changes, take_together)
    assert later == [f"app{TURN_BESIDE}.{ZONE}"]
    assert {change.name for _, change in turn}.isdisjoint(later)
    assert len(turn) == 2 * TURN_BESIDE


# Writing


class Case:
    def __init__(self) -> None:
        self.target = ToyTarget()
        self.rows = MemoryZoneLedger()
        self.stopping_after: int | None = None
        self.result = PassResult()
        self.writer = ChangeWriter("toy", self.target.zone(ZONE), self.rows, self.is_stopping)

    def is_stopping(self) -> bool:
        writes = [call for call in self.target.calls if " " in call]
        return self.stopping_after is not None and len(writes) >= self.stopping_after

    def write(self, *changes: PlannedChange, keeps_serial: bool = False) -> None:
        self.writer.write_changes(changes, self.result, "c0ffee", "syncer", keeps_serial=keeps_serial)

    def outcome(self, name: str) -> Outcome:
        (outcome,) = [item.result.outcome for item in self.rows.applied if item.result.change.name == f"{name}.{ZONE}"]
        return outcome


@pytest.fixture
def case() -> Case:
    return Case()


def test_what_is_written_was_claimed_before_and_is_recorded_after(case: Case) -> None:
    case.write(create("grafana"))
    assert case.rows.log == ["claim", "record"]
    row = case.rows.known[f"grafana.{ZONE}", "A"]
    assert (row.state, row.owned) == (RecordState.SYNCED, True)
    assert case.result.changes == {f"grafana.{ZONE}": 1}
    assert case.rows.left().serial == case.target.serial[ZONE] == 2


def test_thousands_are_claimed_and_recorded_in_batches(case: Case) -> None:
    written = metrics.RECORDS.labels("toy", ZONE, "created")._value
    before = written.get()
    case.write(*many(create, 2 * BATCH + 1))
    assert written.get() - before == 2 * BATCH + 1
    parts = BATCH // RECORDED
    assert case.rows.log == (["claim"] * parts + ["record"] * parts) * 2 + ["claim", "record"]
    assert case.result.changed == 2 * BATCH + 1


def test_the_serial_is_recorded_with_the_last_of_what_was_written_together(case: Case) -> None:
    case.write(*many(create, 2 * RECORDED + 1))
    assert case.rows.serials == [None, None, case.target.serial[ZONE]]


def test_what_is_refused_for_good_is_not_tried_by_the_clock_and_what_is_unclear_is(case: Case) -> None:
    change = create("any")[1]
    case.target.refusals[f"bad.{ZONE}"] = Result(change, Outcome.REFUSED, "no such type", permanent=True)
    case.target.refusals[f"late.{ZONE}"] = Result(change, Outcome.UNKNOWN, "no answer")
    case.write(create("bad"), create("good"), create("late"))
    assert case.result.changes == {f"good.{ZONE}": 1}
    assert (case.result.refused, case.result.retry) == (1, {f"late.{ZONE}"})


def test_a_server_that_goes_away_leaves_recorded_what_was_done_and_claimed_what_was_not(case: Case) -> None:
    case.target.trouble[f"create second.{ZONE}"] = TargetUnreachable("it is away")
    with pytest.raises(TargetUnreachable):
        case.write(create("first"), create("second"))
    states = {name: row.state for (name, _), row in case.rows.known.items()}
    assert states == {f"first.{ZONE}": RecordState.SYNCED, f"second.{ZONE}": RecordState.PENDING}


def test_a_call_that_is_refused_as_a_whole_is_a_refusal_of_each_change_without_a_result(case: Case) -> None:
    case.target.trouble[ZONE] = ZoneUnusable("the zone is disabled")
    with pytest.raises(ZoneUnusable):
        case.write(create("first"), create("second"))
    assert case.outcome("first") is case.outcome("second") is Outcome.REFUSED
    assert case.result.retry == {f"first.{ZONE}", f"second.{ZONE}"}


def test_a_stop_ends_it_between_two_changes(case: Case) -> None:
    case.stopping_after = 2
    case.write(*many(create, 5))
    assert len(case.rows.applied) == len(case.target.shelf) == 2
    assert case.rows.log == ["claim", "record"]


def test_while_lost_writes_are_made_again_the_ledger_keeps_the_serial_that_shows_the_loss(case: Case) -> None:
    case.rows.left_zone = LeftZone(90)
    case.write(create("grafana"), keeps_serial=True)
    assert case.rows.left().serial == 90
    assert case.rows.known[f"grafana.{ZONE}", "A"].state is RecordState.SYNCED


def test_a_delete_leaves_nothing_behind(case: Case) -> None:
    case.rows.own("old")
    case.target.shelf[f"old.{ZONE}", "A"] = ours("old")
    case.write(delete("old"))
    assert not case.rows.known
    assert not case.target.shelf


def test_an_update_is_recorded_with_its_new_values(case: Case) -> None:
    case.rows.own("grafana")
    case.write(update("grafana", "10.0.0.9"))
    assert case.rows.known[f"grafana.{ZONE}", "A"].rrset == rrset("grafana", "10.0.0.9")
    assert [item.result.change.op for item in case.rows.applied] == [Op.UPDATE]


def test_what_is_only_seen_is_recorded_in_portions_and_the_serial_with_the_last_of_them() -> None:
    beats: list[None] = []
    rows = MemoryZoneLedger()
    writer = ChangeWriter("toy", ToyTarget().zone(ZONE), rows, lambda: beats.append(None) or False)
    statuses = [
        ObservedRRset(Decision(f"app{number:04}.{ZONE}"), RRsetStatus(rrset(f"app{number:04}"), RecordState.SYNCED))
        for number in range(2 * OBSERVED + 1)
    ]
    writer.record_observed(statuses, "abc", "syncer", 7, "node1")
    assert rows.observed == statuses
    assert rows.serials == [None, None, 7]
    assert len(beats) == 3
