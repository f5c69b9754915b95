"""What the reflectors of one API server tell one another, on a clock that only tests move."""

from __future__ import annotations

import threading
import time
from math import inf

import pytest

from syncer.core.kinds import CERTIFICATE, HTTP_ROUTE, INGRESS, INGRESS_ROUTE, Kind
from syncer.kube.connection import GAP, SPREAD, SharedConnection, WatchKey
from tests.processes import wait_until

A, B, C = (INGRESS, ""), (INGRESS_ROUTE, ""), (HTTP_ROUTE, "")
MOMENT, PATIENCE, DOUBT = 1.0, 20.0, 30.0


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def connection(clock: Clock) -> SharedConnection:
    """Three kinds have been listed."""
    shared = SharedConnection(moment=MOMENT, patience=PATIENCE, doubt=DOUBT, clock=clock)
    for key in (A, B, C):
        shared.note_heard(key)
    return shared


def lose(connection: SharedConnection, *keys: WatchKey) -> None:
    for key in keys:
        connection.note_lost(key)


# Deletes


def test_no_delete_waits_while_nothing_was_lost(connection: SharedConnection) -> None:
    assert not connection.deletes_wait()


def test_deletes_wait_until_every_kind_that_was_lost_has_been_listed(connection: SharedConnection) -> None:
    lose(connection, A, B, C)
    for key in (A, B):
        connection.note_heard(key)
        assert connection.deletes_wait()
    connection.note_heard(C)
    assert not connection.deletes_wait()


def test_they_wait_for_as_long_as_nobody_hears(connection: SharedConnection, clock: Clock) -> None:
    lose(connection, A, B, C)
    clock.now += 3600
    lose(connection, A)
    assert connection.deletes_wait()


def test_one_that_stays_away_is_waited_for_only_so_long_after_the_first(
    connection: SharedConnection, clock: Clock
) -> None:
    lose(connection, A, B, C)
    clock.now += 100
    connection.note_heard(A)
    clock.now += PATIENCE / 2
    connection.note_heard(B)
    lose(connection, C)
    assert connection.deletes_wait()
    clock.now += PATIENCE / 2
    assert not connection.deletes_wait()


def test_one_that_stayed_away_for_long_does_not_hold_up_deletes_when_another_is_lost(
    connection: SharedConnection, clock: Clock
) -> None:
    lose(connection, C)
    connection.note_heard(A)
    clock.now += PATIENCE
    lose(connection, B, C)
    assert connection.deletes_wait()
    connection.note_heard(B)
    assert not connection.deletes_wait()


def test_when_the_first_is_lost_again_the_wait_begins_anew(connection: SharedConnection, clock: Clock) -> None:
    lose(connection, A, B, C)
    connection.note_heard(A)
    clock.now += PATIENCE
    assert not connection.deletes_wait()
    lose(connection, A)
    clock.now += 100
    assert connection.deletes_wait()
    connection.note_heard(A)
    assert connection.deletes_wait()
    clock.now += PATIENCE
    assert not connection.deletes_wait()


def test_one_alone_is_waited_for_from_the_next_sign_of_life_of_the_others(
    connection: SharedConnection, clock: Clock
) -> None:
    lose(connection, C)
    clock.now += 2 * PATIENCE
    assert connection.deletes_wait()
    connection.note_event(A)
    clock.now += PATIENCE - 1
    assert connection.deletes_wait()
    clock.now += 1
    assert not connection.deletes_wait()


def test_a_kind_that_is_not_there_or_forbidden_is_not_waited_for(connection: SharedConnection) -> None:
    lose(connection, A, B)
    connection.note_heard(A)
    connection.note_absent(B)
    assert not connection.deletes_wait()


def test_each_namespace_of_a_kind_is_waited_for(connection: SharedConnection) -> None:
    mine, yours = (INGRESS, "mine"), (INGRESS, "yours")
    lose(connection, mine, yours)
    connection.note_heard(mine)
    assert connection.deletes_wait()
    connection.note_heard(yours)
    assert not connection.deletes_wait()


@pytest.mark.parametrize(("kind", "waits"), [(CERTIFICATE, False), (INGRESS, True)])
def test_what_does_not_touch_dns_holds_up_no_delete(connection: SharedConnection, kind: Kind, waits: bool) -> None:
    lose(connection, (kind, ""))
    assert connection.deletes_wait() is waits


# Who has been heard from


def test_a_watch_that_goes_on_is_heard_from_when_it_has_been_open_for_a_moment(
    connection: SharedConnection, clock: Clock
) -> None:
    lose(connection, A)
    clock.now += 5
    connection.note_opened(A)
    clock.now += MOMENT / 2
    assert connection.deletes_wait()
    clock.now += MOMENT / 2
    assert not connection.deletes_wait()


def test_a_bookmark_says_at_once_that_all_has_come(connection: SharedConnection) -> None:
    lose(connection, A)
    connection.note_opened(A)
    connection.note_heard(A)
    assert not connection.deletes_wait()


def test_while_what_was_missed_comes_it_has_not_all_come(connection: SharedConnection, clock: Clock) -> None:
    lose(connection, A)
    connection.note_opened(A)
    for _ in range(30):
        clock.now += GAP * MOMENT / 2
        connection.note_event(A)
        assert connection.deletes_wait()
    clock.now += GAP * MOMENT
    assert not connection.deletes_wait()


@pytest.mark.parametrize("end", ["note_closed", "note_lost"])
def test_a_watch_that_ends_before_that_has_not_been_heard_from(
    connection: SharedConnection, clock: Clock, end: str
) -> None:
    lose(connection, A)
    connection.note_opened(A)
    getattr(connection, end)(A)
    clock.now += 10 * MOMENT
    assert connection.deletes_wait()


def test_a_watch_that_ends_in_order_is_not_lost(connection: SharedConnection, clock: Clock) -> None:
    connection.note_opened(A)
    clock.now += 300
    connection.note_closed(A)
    assert not connection.deletes_wait()


# A 403


def test_a_refusal_just_after_a_loss_is_trouble_and_the_kind_stays_lost(
    connection: SharedConnection, clock: Clock
) -> None:
    lose(connection, A, B)
    clock.now += DOUBT - 1
    assert connection.doubt_refusal(A)
    connection.note_heard(B)
    assert connection.deletes_wait()
    clock.now += 1
    assert not connection.doubt_refusal(A)


def test_so_is_that_of_a_kind_that_noticed_no_loss(connection: SharedConnection, clock: Clock) -> None:
    lose(connection, B)
    connection.note_heard(B)
    clock.now += DOUBT - 1
    assert connection.doubt_refusal(A)
    assert connection.deletes_wait()


def test_it_counts_from_the_last_try_that_failed(connection: SharedConnection, clock: Clock) -> None:
    lose(connection, A)
    clock.now += 3600
    lose(connection, A)
    clock.now += DOUBT - 1
    assert connection.doubt_refusal(A)


def test_a_refusal_out_of_the_blue_is_meant(connection: SharedConnection) -> None:
    assert not connection.doubt_refusal(A)
    assert not connection.deletes_wait()


# Who waits for the next try


class Sleeper:
    """A thread in a pause of an hour."""

    def __init__(self, connection: SharedConnection, since: float) -> None:
        self.woken: bool | None = None
        self.ended = 0.0
        self._thread = threading.Thread(target=lambda: self._sleep(connection, since), daemon=True)
        self._thread.start()

    def _sleep(self, connection: SharedConnection, since: float) -> None:
        woken = connection.pause(3600, since)
        self.ended = time.monotonic()
        self.woken = woken


@pytest.fixture
def real() -> SharedConnection:
    """On the clock that threads wait by."""
    return SharedConnection(moment=0.05)


def sleep_after_loss(connection: SharedConnection, *keys: WatchKey) -> list[Sleeper]:
    lose(connection, *keys)
    return [Sleeper(connection, since=0.0) for _ in keys]


@pytest.mark.parametrize("hear", ["note_heard", "note_opened"])
def test_the_first_that_hears_wakes_the_others(real: SharedConnection, hear: str) -> None:
    sleepers = sleep_after_loss(real, A, B, C)
    getattr(real, hear)(A)
    wait_until(lambda: [sleeper.woken for sleeper in sleepers] == [True] * 3)


def test_who_began_to_ask_before_the_first_heard_need_not_wait(real: SharedConnection) -> None:
    lose(real, A, B)
    real.note_heard(A)
    sleeper = Sleeper(real, since=0.0)
    wait_until(lambda: sleeper.woken)


def test_who_failed_since_waits(connection: SharedConnection, clock: Clock) -> None:
    lose(connection, A, B)
    connection.note_heard(A)
    clock.now += 1
    sleeper = Sleeper(connection, since=clock.now)
    connection.note_heard(A)
    clock.now += 3600
    connection.note_opened(A)  # somebody looks at the clock
    wait_until(lambda: sleeper.woken is False)


@pytest.mark.parametrize("since", [0.0, inf])
def test_stopping_ends_every_pause(real: SharedConnection, since: float) -> None:
    sleeper = Sleeper(real, since)
    real.stop()
    wait_until(lambda: sleeper.woken is False)
    assert real.pause(3600) is False
    assert real.is_stopping()


def test_those_that_are_woken_do_not_come_back_at_the_same_moment(real: SharedConnection) -> None:
    sleepers = sleep_after_loss(real, *((INGRESS, f"team-{number}") for number in range(20)))
    real.note_heard(A)
    wait_until(lambda: all(sleeper.woken for sleeper in sleepers))
    ends = [sleeper.ended for sleeper in sleepers]
    assert max(ends) - min(ends) >= SPREAD / 5
