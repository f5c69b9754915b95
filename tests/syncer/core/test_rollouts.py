from __future__ import annotations

from itertools import pairwise
from math import inf

import pytest

from syncer.core.endpointslices import Pods
from syncer.core.rollouts import CALM, FIRST, GAPS, PATIENCE, QUIET, Rollout


def run(times: list[float], rollout: Rollout | None = None) -> list[float]:
    """When something is published, with changes at these times; until nothing waits."""
    rollout = rollout or Rollout()
    told: list[float] = []
    for at in [*times, inf]:
        while (due := rollout.next_due()) <= at and due < inf:
            rollout.tell(Pods(), due)
            told.append(due)
        if at < inf:
            rollout.note_change(at)
    return told


def test_one_change_is_published_at_once() -> None:
    assert run([100.0]) == [100.0 + FIRST]


def test_changes_apart_are_published_each_at_once() -> None:
    times = [0.0, CALM + 1, 3 * CALM]
    assert run(times) == [at + FIRST for at in times]


def test_what_comes_together_is_published_together() -> None:
    assert run([0.0, 0.01, 0.02]) == [FIRST]


@pytest.mark.parametrize("pause", [0.02, 0.1, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0])
def test_a_roll_out_of_fifty_pods_is_at_most_five_writes(pause: float) -> None:
    """One pod after another, each of which goes and comes: it takes two seconds, or eight minutes."""
    times = [start + step for start in (number * pause for number in range(50)) for step in (0.0, pause / 3)]
    told = run(times)
    assert len(told) <= 5
    assert told[-1] >= times[-1], "the last of them is published too"


def test_the_end_of_a_roll_out_is_published_soon_after_it() -> None:
    times = [float(number) for number in range(50)]
    assert run(times)[-1] - times[-1] <= 3.0


def test_no_change_waits_longer_than_the_longest_gap() -> None:
    """Changes that never end."""
    told = run([float(number) for number in range(3000)])
    assert max(later - before for before, later in pairwise(told)) < GAPS[-1] + 1


def test_after_a_calm_the_next_change_is_the_first_again() -> None:
    rollout = Rollout()
    times = [float(number) for number in range(50)]
    told = run(times, rollout)
    again = told[-1] + CALM + 1
    assert run([again], rollout) == [again + FIRST]


def test_the_second_change_waits_until_it_is_quiet() -> None:
    assert run([0.0, 1.0]) == [FIRST, 1.0 + max(QUIET, 3.0)]


def test_the_name_of_a_pod_outlives_it_for_a_while() -> None:
    rollout = Rollout()
    both, one = Pods(by_host={"db-0": ("10.0.0.1",), "db-1": ("10.0.0.2",)}), Pods(by_host={"db-0": ("10.0.0.1",)})
    assert rollout.tell(both, 0.0) == both
    rollout.note_change(100.0)
    ends = (gone := rollout.next_due()) + PATIENCE
    assert rollout.tell(one, gone).by_host == {"db-0": ("10.0.0.1",), "db-1": ()}
    assert rollout.next_due() == ends
    assert rollout.tell(one, ends - 1).by_host == {"db-0": ("10.0.0.1",), "db-1": ()}
    assert rollout.tell(one, ends) == one
    assert rollout.next_due() == inf


def test_the_end_of_a_name_publishes_nothing_else() -> None:
    rollout = Rollout()
    both, one = Pods(by_host={"db-0": ("10.0.0.1",), "db-1": ("10.0.0.2",)}), Pods(by_host={"db-0": ("10.0.0.1",)})
    rollout.tell(both, 0.0)
    for at in range(100, 160):
        rollout.note_change(float(at))
        rollout.tell(one, at + 0.4)
    later = Pods(("10.0.0.7",), {"db-0": ("10.0.0.7",)})
    rollout.note_change(160.0)
    told = rollout.tell(later, 160.4)
    assert (told.addresses, told.by_host) == ((), {"db-0": ("10.0.0.1",)})
    assert rollout.tell(later, 160.4, at_once=True) == later


def test_a_pod_that_comes_back_in_time_keeps_its_name() -> None:
    rollout = Rollout()
    before, after = Pods(by_host={"db-0": ("10.0.0.1",)}), Pods(by_host={"db-0": ("10.0.0.9",)})
    rollout.tell(before, 0.0)
    rollout.tell(Pods(), 10.0)
    assert rollout.tell(after, 20.0) == after
    assert rollout.next_due() == inf


def test_a_change_that_waits_makes_the_next_one_no_first_however_late_that_comes() -> None:
    """With long pauses between the pods the wait for the end is longer than what is a calm otherwise."""
    late = 150.0 + CALM + 1
    assert run([0.0, 50.0, 100.0, 150.0, late])[-1] > late


def test_a_pod_that_is_back_keeps_its_name_while_its_addresses_wait() -> None:
    rollout = Rollout()
    both, one = Pods(by_host={"db-0": ("10.0.0.1",), "db-1": ("10.0.0.2",)}), Pods(by_host={"db-0": ("10.0.0.1",)})
    rollout.tell(both, 0.0)
    for at in range(100, 160):
        rollout.note_change(float(at))
        rollout.tell(both, float(at))
    rollout.tell(one, 160.0, at_once=True)
    for at in range(161, 161 + int(PATIENCE)):
        rollout.note_change(float(at))
    assert rollout.tell(both, 161.0 + PATIENCE).by_host == {"db-0": ("10.0.0.1",), "db-1": ()}
