"""The loops of two targets: each has a thread of its own, which goes on whatever becomes of the other, and all of them
end together."""

from __future__ import annotations

import threading
from datetime import datetime

import pytest

from syncer.errors import TargetUnreachable
from syncer.heartbeat import INTERVAL
from syncer.ledger import AnotherSyncer, Request
from syncer.tenure import GLANCE
from syncer.threads import find_target
from tests.syncer.two_loops import APPS, Two, published


def running() -> list[str]:
    """The targets that have a thread."""
    return [name for name in map(find_target, (thread.name for thread in threading.enumerate())) if name]


@pytest.fixture
def two() -> Two:
    return Two()


# Threads


def test_each_target_is_asked_in_a_thread_of_its_own_and_all_end_at_the_stop(two: Two) -> None:
    asked_by: dict[str, set[str]] = {"lan": set(), "public": set()}
    full = two.stop_when(lambda: published(two.lan) == published(two.public) == set(APPS))
    for name, target in (("lan", two.lan), ("public", two.public)):

        def look(name: str = name) -> None:
            asked_by[name].add(find_target(threading.current_thread().name))
            full()

        target.takes = look
    two.loop.run()
    assert asked_by == {"lan": {"lan"}, "public": {"public"}}
    assert published(two.lan) == published(two.public) == set(APPS)
    assert running() == []
    assert (two.ledger.threads, two.ledger.checked_in) == (2, {"lan", "public"})
    assert sorted(two.ledger.closed_in) == ["lan", "public"]
    assert two.ledger.at_work is not None
    assert two.ledger.at_work.has_stopped


def test_no_target_is_at_work_before_the_rows_of_former_ones_were_taken_over(two: Two) -> None:
    at_work = threading.Event()
    too_early: list[bool] = []
    two.ledger.before_work = lambda: too_early.append(at_work.wait(3 * GLANCE))
    two.lan.takes = two.public.takes = at_work.set
    two.ledger.on_status = two.wakeup.stop
    two.loop.run()
    assert too_early == [False]


@pytest.mark.parametrize(
    "trouble", [RuntimeError("a mistake"), TargetUnreachable("it is away")], ids=["a mistake of ours", "a dead server"]
)
def test_what_is_wrong_with_one_ends_nothing_of_the_other(two: Two, trouble: Exception) -> None:
    two.lan.trouble[""] = trouble
    two.public.takes = two.stop_when(lambda: published(two.public) == set(APPS[:2]))
    two.loop.run()
    assert len(published(two.public)) == 3
    assert published(two.lan) == set()


def test_another_syncer_that_one_of_them_meets_ends_all(two: Two) -> None:
    def meet() -> None:
        if running():
            raise AnotherSyncer("another one took over")

    two.public.takes = meet
    with pytest.raises(AnotherSyncer, match="another one took over"):
        two.loop.run()
    assert running() == []
    assert two.ledger.at_work is not None
    assert not two.ledger.at_work.has_stopped  # it is the other one's


def test_a_request_is_answered_by_the_thread_of_the_target_that_is_meant() -> None:
    two = Two(interval=3600)

    def ask() -> None:
        if len(two.public.shelf) == 2:  # it makes the last record, and then has nothing to do for an hour
            two.ledger.waiting.append(Request(1, "sync", "", "", "", "ada", "public"))

    two.public.takes = ask
    two.ledger.on_answer = two.wakeup.stop
    two.loop.run()
    assert two.ledger.answers == {1: "full pass of every zone"}


def test_a_thread_that_goes_on_hides_no_main_loop_that_hangs(two: Two) -> None:
    problems: list[str] = []

    def hang() -> None:
        two.ahead += 100
        two.loop.targets[0].beat()
        problems.extend(two.health.liveness())
        two.wakeup.stop()

    two.lan.takes = hang
    two.loop.run()
    assert "the loop has not turned for 100 s" in problems
    assert not any("lan" in problem for problem in problems)


def test_a_database_that_was_away_for_the_main_loop_alone_is_doubted_by_all(two: Two) -> None:
    before: list[datetime | None] = []

    def look() -> None:
        passes = [target.last_pass_at for target in two.loop.targets]
        if None not in passes and not before:
            before.extend(passes)
            two.ledger.fails_at = len(two.ledger.statuses)
            two.ahead = INTERVAL
        elif before and passes[0] != before[0] and passes[1] != before[1]:
            two.wakeup.stop()

    two.public.takes = look
    two.loop.run()
    assert two.ledger.fails_at is None


def test_the_main_loop_beats_by_itself_while_the_targets_have_threads(two: Two) -> None:
    def is_beating() -> bool:
        return not any("the loop has" in problem for problem in two.health.liveness())

    two.public.takes = two.stop_when(lambda: bool(two.ahead) and is_beating())

    def look() -> None:
        two.ahead = 100.0

    two.ledger.on_status = look
    two.loop.run()


# One pass
