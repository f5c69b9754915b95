"""Deletes that a person must look at first: what is counted, what is held, and what becomes of a decision."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from syncer.core.known import RecordState
from syncer.core.plan import Guard, Key, RRsetStatus
from syncer.ledger import HeldDeletes
from syncer.zone.guarding import (
    DELETION_WINDOW,
    HELD,
    PORTION,
    REJECTED,
    DeleteGuard,
    GuardedChanges,
    PlannedChange,
)
from tests.syncer.zone.memory import ZONE, Clock, MemoryZoneLedger, create, delete, rrset, update


class Case:
    """Twenty records of ours, of which a plan may take two and more than a quarter only with leave."""

    def __init__(self) -> None:
        self.rows = MemoryZoneLedger()
        self.rows.own(*names(20))
        self.clock = Clock()
        self.deferred: set[str] = set()
        guard = Guard(max_ratio=0.25, max_unguarded=2)
        self.beats = 0
        self.guard = DeleteGuard(guard, self.rows, ZONE, self.clock, self.deferred.__contains__, beat=self.beat)

    def beat(self) -> None:
        self.beats += 1

    def guard_changes(
        self,
        *changes: PlannedChange,
        whole: bool = False,
        dry_run: bool = False,
        carried_out: bool = True,
        covered: Collection[str] = (),
        coming: Collection[str] = (),
    ) -> GuardedChanges:
        guarded = self.guard.guard_changes(
            list(changes), whole=whole, dry_run=dry_run, names=spell(covered), coming=spell(coming)
        )
        if carried_out:
            for _, change in guarded.changes:
                if change.after is None:
                    self.rows.known.pop(change.key, None)
        return guarded

    def decide(self, decision: str) -> None:
        """As a person does with the open plan."""
        self.rows.held = HeldDeletes(**{decision: self.rows.held.open})


@pytest.fixture
def case() -> Case:
    return Case()


def names(count: int, start: int = 0) -> list[str]:
    return [f"app{number}" for number in range(start, start + count)]


def spell(some: Collection[str]) -> list[str]:
    return [f"{name}.{ZONE}" for name in some]


def deletes(count: int, start: int = 0) -> list[PlannedChange]:
    return [delete(name) for name in names(count, start)]


def keys(count: int, start: int = 0) -> frozenset[Key]:
    return frozenset((f"{name}.{ZONE}", "A") for name in names(count, start))


def test_as_many_deletes_go_as_the_ratio_allows(case: Case) -> None:
    guarded = case.guard_changes(*deletes(5))
    assert (len(guarded.changes), guarded.kept, guarded.held) == (5, [], 0)
    assert not case.rows.open_plans


def test_more_of_them_are_held_all_together_and_become_a_plan(case: Case) -> None:
    guarded = case.guard_changes(*deletes(6))
    assert (guarded.changes, guarded.held) == ([], 6)
    ((planned, reason),) = case.rows.open_plans
    assert planned == keys(6)
    assert reason.startswith("6 of 20 records would go")


def test_each_that_is_held_is_told_as_ours_with_the_reason(case: Case) -> None:
    guarded = case.guard_changes(*deletes(6))
    expected = RRsetStatus(rrset("app0"), RecordState.HELD, HELD, owned=True)
    assert guarded.kept[0].status == expected
    assert {kept.status.rrset.name for kept in guarded.kept} == {name for name, _ in keys(6)}


def test_what_went_and_is_there_again_is_no_loss(case: Case) -> None:
    case.guard_changes(*deletes(5))
    case.rows.own(*names(5))
    assert len(case.guard_changes(*deletes(5, start=5)).changes) == 5


def test_what_is_still_to_be_deleted_counts_although_it_is_there(case: Case) -> None:
    case.guard_changes(*deletes(5), carried_out=False)
    case.deferred.update(name for name, _ in keys(5))
    assert case.guard_changes(*deletes(5, start=5)).held == 5


def test_what_the_ledger_already_says_is_not_told_again(case: Case) -> None:
    case.rows.own(*names(6), state=RecordState.HELD, reason=HELD)
    assert case.guard_changes(*deletes(6)).kept == []


def test_creates_and_updates_go_on_beside_what_is_held(case: Case) -> None:
    others = [create("new"), update("app19", "10.0.0.9")]
    guarded = case.guard_changes(*deletes(6), *others)
    assert guarded.changes == others


def test_a_few_go_however_large_a_part_they_are() -> None:
    case = Case()
    case.rows.known.clear()
    case.rows.own(*names(2))
    assert len(case.guard_changes(*deletes(2)).changes) == 2


def test_plans_within_the_window_count_as_one(case: Case) -> None:
    assert len(case.guard_changes(*deletes(3)).changes) == 3
    case.clock.now += DELETION_WINDOW - 1
    guarded = case.guard_changes(*deletes(3, start=3))
    assert (guarded.changes, guarded.held) == ([], 3)
    assert case.rows.open_plans[-1][1].startswith("6 of 20 records would go")


def test_what_went_before_the_window_does_not_count(case: Case) -> None:
    case.guard_changes(*deletes(3))
    case.clock.now += DELETION_WINDOW + 1
    assert len(case.guard_changes(*deletes(3, start=3)).changes) == 3


def test_a_delete_that_had_to_wait_for_its_turn_counts_once(case: Case) -> None:
    for _ in range(3):
        assert len(case.guard_changes(*deletes(5), carried_out=False).changes) == 5


def test_a_type_that_makes_way_for_another_is_no_loss(case: Case) -> None:
    changes: list[PlannedChange] = []
    for name in names(20):
        alias = create(name, "edge.example.com", kind="CNAME")
        changes += [delete(name, replaced_by=alias), alias]
    assert case.guard_changes(*changes).changes == changes


def test_approved_deletes_go(case: Case) -> None:
    case.guard_changes(*deletes(6))
    case.decide("approved")
    guarded = case.guard_changes(*deletes(6), whole=True)
    assert (len(guarded.changes), guarded.held) == (6, 0)


def test_rejected_deletes_are_kept_and_not_asked_again(case: Case) -> None:
    case.guard_changes(*deletes(6))
    case.decide("rejected")
    guarded = case.guard_changes(*deletes(6), whole=True)
    assert (guarded.changes, guarded.held) == ([], 0)
    assert guarded.kept[0].status == RRsetStatus(rrset("app0"), RecordState.KEPT, REJECTED, owned=True)
    assert len(guarded.kept) == 6
    assert len(case.rows.open_plans) == 1


def test_what_a_person_approved_leaves_the_others_to_the_guard(case: Case) -> None:
    case.guard_changes(*deletes(6))
    case.decide("approved")
    guarded = case.guard_changes(*deletes(12), whole=True)
    assert {change.key for _, change in guarded.changes} == keys(6)
    assert case.rows.open_plans[-1][0] == keys(6, start=6)


def test_a_pass_over_a_few_names_leaves_the_rest_of_the_open_plan_open(case: Case) -> None:
    case.guard_changes(*deletes(6))
    guarded = case.guard_changes(*deletes(1, start=6))
    assert (guarded.changes, guarded.held) == ([], 7)
    assert case.rows.held.open == keys(7)


def test_a_pass_that_concerns_no_delete_leaves_the_open_plan_alone(case: Case) -> None:
    case.guard_changes(*deletes(6))
    assert case.guard_changes(create("new")).held == 6
    assert len(case.rows.open_plans) == 1


def test_a_pass_over_the_whole_zone_ends_a_plan_whose_names_are_claimed_again(case: Case) -> None:
    case.guard_changes(*deletes(6))
    assert case.guard_changes(whole=True).held == 0
    assert case.rows.open_plans[-1] == (frozenset(), "")


def test_a_dry_run_holds_the_same_and_saves_no_plan(case: Case) -> None:
    guarded = case.guard_changes(*deletes(6), dry_run=True)
    assert (guarded.changes, guarded.held) == ([], 6)
    assert not case.rows.open_plans


def test_a_held_plan_is_said_once_and_again_when_more_joins_it(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    for count in (6, 6, 7):
        case.guard_changes(*deletes(count))
    assert [record.getMessage().partition(";")[0] for record in caplog.records] == [
        "Deletes held: 6 of 20 records would go, more than MAX_DELETES_UNGUARDED (2) and MAX_DELETE_RATIO (0.25) allow",
        "Deletes held: 7 of 20 records would go, more than MAX_DELETES_UNGUARDED (2) and MAX_DELETE_RATIO (0.25) allow",
    ]


def test_what_has_its_turn_later_counts_with_what_goes_now(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    first = case.guard_changes(*deletes(3), coming=names(3, start=3))
    assert (first.changes, first.held) == ([], 3)
    second = case.guard_changes(*deletes(3, start=3))
    assert (second.changes, second.held) == ([], 6)
    assert case.rows.open_plans[-1][0] == keys(6)
    assert case.rows.gathered == [False, True]  # nobody decides half of it
    assert len(caplog.records) == 1
    assert "6 of 20 records would go" in caplog.text


def test_what_comes_and_is_held_already_counts_once(case: Case) -> None:
    case.guard_changes(*deletes(6))
    case.guard_changes(*deletes(2), coming=names(4, start=2))
    assert case.rows.open_plans[-1][1].startswith("6 of 20 records would go")


def test_what_comes_and_had_to_wait_for_its_turn_counts_once(case: Case) -> None:
    case.guard_changes(*deletes(2), carried_out=False)
    case.deferred.update(spell(names(2)))
    assert len(case.guard_changes(*deletes(3, start=2), coming=names(2)).changes) == 3


def test_a_plan_that_was_gathered_is_whole_when_the_rest_is_claimed_again(case: Case) -> None:
    case.guard_changes(*deletes(3), coming=names(3, start=3))
    case.guard_changes(covered=names(3, start=3))
    assert (case.rows.gathered[-1], case.rows.held.open) == (True, keys(3))


def test_a_name_that_is_claimed_again_leaves_the_plan_at_once(case: Case) -> None:
    case.guard_changes(*deletes(6))
    assert case.guard_changes(covered=names(2)).held == 4
    assert case.rows.held.open == keys(4, start=2)


def test_a_large_plan_is_written_in_portions_and_can_be_decided_when_it_is_whole(case: Case) -> None:
    """The loop is heard of in between."""
    all_names = names(2 * PORTION + 5)
    case.rows.own(*all_names)
    case.guard_changes(*(delete(name) for name in all_names), covered=all_names)
    assert [len(held) for held, _ in case.rows.open_plans] == [PORTION, 2 * PORTION, 2 * PORTION + 5]
    assert case.rows.gathered == [False, False, True]
    assert case.beats >= 3
