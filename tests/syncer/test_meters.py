"""Times and failures, counted by the minute."""

from __future__ import annotations

import pytest

from syncer.meters import BOUNDS, KEPT, LAST, Meter, RecentCount, Sample


class UnixClock:
    now = 1_000_000_020.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> UnixClock:
    return UnixClock()


@pytest.fixture
def meter(clock: UnixClock) -> Meter:
    return Meter(clock)


def test_a_minute_is_told_once_it_is_over_and_not_again_to_who_knows_it(clock: UnixClock, meter: Meter) -> None:
    meter.count(0.004)
    meter.count(0.030)
    meter.count(9.0, is_ok=False)
    assert meter.list_ended() == []
    clock.now += 60
    (minute,) = meter.list_ended()
    assert (minute.start, minute.number, minute.failed, minute.slowest) == (1_000_000_020, 3, 1, 30.0)
    assert minute.milliseconds == pytest.approx(34.0), "what failed took no time that says anything"
    assert dict(zip(BOUNDS, minute.buckets, strict=False)) == {**dict.fromkeys(BOUNDS, 0), 5: 1, 50: 1}
    meter.count(0.001)
    assert meter.list_ended(minute.start) == []
    clock.now += 60
    assert [each.number for each in meter.list_ended(minute.start)] == [1]


def test_what_is_at_a_bound_is_within_it_and_what_is_over_the_last_one_is_counted_too(meter: Meter) -> None:
    meter.count(0.005)
    meter.count(61.0)
    meter._clock.now += 60  # type: ignore[attr-defined]
    assert (meter.list_ended()[0].buckets[0], meter.list_ended()[0].buckets[-1]) == (1, 1)


def test_a_database_that_is_away_for_a_while_loses_nothing_and_what_is_kept_is_bounded(
    clock: UnixClock, meter: Meter
) -> None:
    for _ in range(KEPT + 5):
        meter.count(0.1)
        clock.now += 60
    assert len(meter.list_ended()) == KEPT
    for _ in range(2 * LAST):
        meter.count(0.1)
    assert len(meter.last) == LAST


def test_the_last_ones_and_those_of_five_minutes_are_told(clock: UnixClock, meter: Meter) -> None:
    assert meter.recent == (0, 0)
    meter.count(0.001)
    clock.now += 400
    meter.count(0.002, is_ok=False)
    clock.now += 61
    meter.count(0.003)
    assert meter.recent == RecentCount(2, 1)
    assert meter.last[-1] == Sample(clock.now, 3.0, True)


def test_a_clock_that_goes_back_begins_another_minute(clock: UnixClock, meter: Meter) -> None:
    meter.count(0.1)
    clock.now -= 3600
    meter.count(0.1)
    clock.now += 7200
    assert [each.number for each in meter.list_ended()] == [1, 1]
