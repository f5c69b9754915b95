"""What we know of a zone without asking: only as long as the serial is where our own writes left it."""

from __future__ import annotations

import pytest

from syncer.targets.technitium.serial import FRESH, Connection, SerialTracker

HERE = Connection("node1", 0, 1, "monday")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tracker(clock: Clock) -> SerialTracker:
    """Of a zone that was just listed."""
    tracker = SerialTracker(clock)
    tracker.note_listing(7, HERE)
    return tracker


def test_before_the_first_list_nothing_is_known(clock: Clock) -> None:
    tracker = SerialTracker(clock)
    tracker.note_writes()
    assert not tracker.note_serial(8)
    assert tracker.left_serial is None


def test_our_own_writes_are_counted(tracker: SerialTracker) -> None:
    tracker.note_writes(3)
    assert tracker.left_serial == 10
    assert tracker.note_serial(10)
    assert tracker.left_serial == 10


@pytest.mark.parametrize("serial", [9, 7, None])
def test_another_serial_than_ours_is_a_foreign_write_or_a_loss(tracker: SerialTracker, serial: int | None) -> None:
    tracker.note_writes()
    assert not tracker.note_serial(serial)
    assert tracker.left_serial is None


def test_a_doubt_lasts_until_the_zone_is_listed_again(tracker: SerialTracker) -> None:
    tracker.invalidate()
    assert tracker.note_serial(7)
    assert tracker.left_serial is None
    tracker.note_listing(7, HERE)
    assert tracker.left_serial == 7


def test_a_list_without_a_serial_proves_nothing(tracker: SerialTracker) -> None:
    tracker.note_listing(None, HERE)
    assert tracker.left_serial is None


def test_a_new_list_shows_what_a_restart_left(tracker: SerialTracker) -> None:
    tracker.note_connection(HERE._replace(number=2, started_at="tuesday"))
    assert tracker.restarted
    tracker.note_listing(7, HERE)
    assert not tracker.restarted


@pytest.mark.parametrize(
    ("now", "restarted"),
    [
        (HERE._replace(number=2), False),
        (HERE._replace(started_at="tuesday"), True),
        (HERE._replace(number=2, started_at=""), True),
        (HERE._replace(started_at=""), False),
        (HERE._replace(place=1, started_at="tuesday"), False),
        (HERE._replace(node="node2", started_at="tuesday"), False),
    ],
)
def test_over_another_connection_it_may_not_be_the_zone_that_was_listed(
    tracker: SerialTracker, now: Connection, restarted: bool
) -> None:
    tracker.note_connection(HERE)
    before = tracker.left_serial
    tracker.note_connection(now)
    assert (before, tracker.left_serial, tracker.restarted) == (7, None, restarted)


def test_a_look_is_fresh_for_a_moment(tracker: SerialTracker, clock: Clock) -> None:
    fresh = [tracker.is_fresh]
    clock.now += FRESH
    fresh.append(tracker.is_fresh)
    tracker.note_serial(7)
    fresh.append(tracker.is_fresh)
    assert fresh == [True, False, True]
