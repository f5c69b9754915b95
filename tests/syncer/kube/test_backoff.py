"""How long a reflector waits before it tries again."""

from __future__ import annotations

from syncer.kube.backoff import GrowingDelay, spread_delay


def test_delays_double_up_to_the_longest() -> None:
    delay = GrowingDelay(first=0.5, longest=3.0, calm=60.0)
    assert [delay.count_failure(now) for now in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_delays_start_small_again_after_a_calm_time() -> None:
    delay = GrowingDelay(first=0.5, longest=30.0, calm=60.0)
    assert [delay.count_failure(now) for now in (0, 60, 120, 181, 182)] == [0.5, 1.0, 2.0, 0.5, 1.0]


def test_delays_start_small_again_when_what_failed_says_nothing_about_the_next_try() -> None:
    delay = GrowingDelay(first=0.5, longest=30.0, calm=60.0)
    assert [delay.count_failure(now) for now in (0, 1)] == [0.5, 1.0]
    delay.reset()
    assert [delay.count_failure(now) for now in (2, 3)] == [0.5, 1.0]


def test_two_reflectors_do_not_come_back_at_the_same_moment() -> None:
    delays = {spread_delay(10.0) for _ in range(100)}
    assert len(delays) > 50
    assert all(5.0 <= delay <= 10.0 for delay in delays)
