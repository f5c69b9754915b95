"""The one line that says how the system is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.models import Schedule

from records.dashboard.headline import judge_system, list_late_tasks
from records.models import SyncStatus


def make_status(**columns: object) -> SyncStatus:
    now = timezone.now()
    return SyncStatus(**{"holder": "here 1", "started_at": now, "heartbeat_at": now, "target": "technitium"} | columns)


def test_what_never_ran_is_told_with_the_command_that_starts_it() -> None:
    line = judge_system(None, {}, 0)
    assert (line.tone, line.words) == ("bad", "No syncer has run yet")
    assert "catalyst-dns-sync runsyncer" in line.advice


@pytest.mark.parametrize(
    ("columns", "words"),
    [({}, "The syncer has fallen silent"), ({"stopped_at": timezone.now()}, "The syncer was stopped")],
)
def test_a_syncer_that_reports_no_more_is_told_before_all_else(columns: dict[str, object], words: str) -> None:
    gone = timezone.now() - timedelta(minutes=5)
    line = judge_system(make_status(heartbeat_at=gone, problems=["x"], **columns), {"failed": 1}, 3)
    assert (line.tone, line.words) == ("bad", words)
    assert line.since == columns.get("stopped_at", gone)


def test_a_heartbeat_from_before_the_clock_was_set_back_is_no_sign_of_life() -> None:
    line = judge_system(make_status(heartbeat_at=timezone.now() + timedelta(hours=1)), {}, 0)
    assert (line.tone, line.words, line.since) == ("bad", "The syncer has fallen silent", None)
    (problem,) = line.problems
    assert problem.endswith(" UTC, which is still to come: the clock was set back")


def test_problems_are_those_of_readyz_with_the_time_since_when() -> None:
    since = timezone.now() - timedelta(hours=1)
    line = judge_system(make_status(problems=["the zone is gone"], problems_since=since, warnings=["w"]), {}, 3)
    assert line[:5] == ("bad", "In trouble", since, ["the zone is gone"], ["w"])


@pytest.mark.parametrize(
    ("states", "needs", "warnings", "tone", "words"),
    [
        ({"synced": 5, "pending": 1}, 1, (), "warn", "1 thing needs you"),
        ({"synced": 5, "failed": 2, "skipped": 1}, 0, (), "warn", "2 records not in step"),
        ({"synced": 5, "skipped": 2}, 0, (), "good", "In step, 2 records skipped"),
        ({"synced": 5, "pending": 1}, 0, (), "busy", "Catching up: 1 record on the way"),
        ({"synced": 5}, 0, ["the clock is wrong"], "warn", "In step, with a warning"),
        ({"synced": 5, "foreign": 1}, 0, (), "good", "In step"),
    ],
)
def test_without_problems_it_says_what_is_most_pressing(
    states: dict[str, int], needs: int, warnings: list[str], tone: str, words: str
) -> None:
    line = judge_system(make_status(warnings=list(warnings)), states, needs)
    assert (line.tone, line.words, list(line.warnings)) == (tone, words, list(warnings))


def test_a_dry_run_tells_nothing_here_and_that_is_said_in_the_place_of_a_silence() -> None:
    gone = make_status(heartbeat_at=timezone.now() - timedelta(days=1))
    for status in (None, gone):
        line = judge_system(status, {}, 0, is_dry=True)
        assert (line.tone, line.words) == ("warn", "A dry run: nothing is written to DNS")
        assert "DRY_RUN" in line.advice
    assert judge_system(make_status(), {}, 0, is_dry=True).words == "In step", "another syncer does write"


@pytest.mark.django_db
def test_background_tasks_that_do_not_run_are_a_warning() -> None:
    now = timezone.now()
    assert list_late_tasks(now) == []
    task = Schedule.objects.create(name="check", func="x.y", next_run=now - timedelta(minutes=4))
    assert list_late_tasks(now) == []
    Schedule.objects.filter(pk=task.pk).update(next_run=now - timedelta(minutes=30))
    warnings = list_late_tasks(now)
    assert warnings == ["the background tasks are late by 30\xa0minutes: start them with catalyst-dns-sync qcluster"]
    line = judge_system(make_status(), {}, 0, warnings)
    assert (line.tone, line.words, list(line.warnings)) == ("warn", "In step, with a warning", warnings)
