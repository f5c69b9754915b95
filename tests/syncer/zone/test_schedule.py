"""When a zone is looked at as a whole: at the start, when asked, for drift, and by the pace of changes."""

from __future__ import annotations

from syncer.pacing import AdaptiveInterval
from syncer.zone.schedule import ZoneSchedule

START = 1000.0
RESYNC, DRIFT = 300.0, 900.0


def started() -> ZoneSchedule:
    return ZoneSchedule(RESYNC, DRIFT, START)


def passed(*, undisturbed: bool) -> ZoneSchedule:
    """After a full pass from a list at the start."""
    schedule = started()
    schedule.listed(START)
    schedule.passed(START, undisturbed=undisturbed)
    return schedule


def test_a_new_zone_is_due_at_once() -> None:
    schedule = started()
    assert schedule.is_list_due(START)
    assert schedule.is_pass_due(START)


def test_the_next_pass_is_due_after_the_interval() -> None:
    schedule = passed(undisturbed=False)
    assert not schedule.is_pass_due(START + RESYNC - 1)
    assert schedule.is_pass_due(START + RESYNC)


def test_a_pass_that_was_asked_for_is_due_at_once_although_nothing_has_happened() -> None:
    schedule = passed(undisturbed=True)
    schedule.request_pass()
    assert schedule.is_pass_due(START + 1)


def test_a_list_is_due_after_the_drift_interval_whatever_passes_were_made() -> None:
    schedule = passed(undisturbed=True)
    schedule.passed(START + 600, undisturbed=True)
    assert not schedule.is_list_due(START + DRIFT - 1)
    assert schedule.is_list_due(START + DRIFT)


def test_many_changes_bring_the_next_pass_forward() -> None:
    schedule = passed(undisturbed=False)
    schedule.changed(AdaptiveInterval.BUSY_CHANGES + 1, START + 1)
    assert schedule.is_pass_due(START + 1 + AdaptiveInterval.BUSY)


def test_a_few_changes_do_not() -> None:
    schedule = passed(undisturbed=False)
    schedule.changed(1, START + 1)
    assert not schedule.is_pass_due(START + RESYNC - 1)


def test_a_pass_that_left_something_to_try_is_followed_by_another_one_soon() -> None:
    schedule = started()
    schedule.changed(AdaptiveInterval.BUSY_CHANGES + 1, START)
    schedule.passed(START, undisturbed=False)
    assert schedule.is_pass_due(START + AdaptiveInterval.BUSY)


def quiet_after_a_burst() -> ZoneSchedule:
    """Eleven changes, a pass that found nothing more to do, and then the short interval is over."""
    schedule = started()
    schedule.changed(AdaptiveInterval.BUSY_CHANGES + 1, START)
    schedule.passed(START, undisturbed=True)
    assert schedule.full_due == START + AdaptiveInterval.BUSY
    return schedule


def test_a_zone_in_which_nothing_happened_since_its_pass_needs_no_other_one() -> None:
    schedule = quiet_after_a_burst()
    schedule.skip_undisturbed(START + AdaptiveInterval.BUSY)
    assert not schedule.is_pass_due(START + AdaptiveInterval.BUSY)
    assert schedule.full_due > START + AdaptiveInterval.BUSY, "the loop does not wake up for it again and again"
    assert schedule.is_pass_due(START + RESYNC)


def test_claims_that_changed_make_it_due_after_all() -> None:
    schedule = quiet_after_a_burst()
    schedule.disturbed()
    schedule.skip_undisturbed(START + AdaptiveInterval.BUSY)
    assert schedule.is_pass_due(START + AdaptiveInterval.BUSY)


def test_changes_of_ours_make_it_due_after_all() -> None:
    schedule = quiet_after_a_burst()
    schedule.changed(1, START + 1)
    schedule.skip_undisturbed(START + 1 + AdaptiveInterval.BUSY)
    assert schedule.is_pass_due(START + 1 + AdaptiveInterval.BUSY)


def test_the_loop_sleeps_until_the_earlier_of_pass_and_list() -> None:
    assert started().next_due() == 0.0
    assert passed(undisturbed=False).next_due() == START + RESYNC
    schedule = passed(undisturbed=False)
    schedule.passed(START + 800, undisturbed=False)
    assert schedule.next_due() == START + DRIFT


def test_a_busy_zone_is_looked_at_more_often_only_when_nothing_waits_for_its_turn() -> None:
    schedule = passed(undisturbed=False)
    schedule.is_behind = True
    schedule.changed(1000, START + 1)
    assert not schedule.is_pass_due(START + AdaptiveInterval.BUSY + 1)
    assert schedule.is_pass_due(START + RESYNC)
    schedule.is_behind = False
    schedule.changed(1, START + 2)
    assert schedule.is_pass_due(START + AdaptiveInterval.BUSY + 2)
