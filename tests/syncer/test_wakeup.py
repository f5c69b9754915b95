"""What wakes the loop: from any thread, from a signal handler, and as often as it likes."""

from __future__ import annotations

import signal
import threading

import pytest

from syncer.wakeup import Wakeup

LONG = 60.0
"""Seconds that no test waits for: the wakeup comes before, or the test's own time-out."""


@pytest.mark.timeout(20)
def test_who_waits_goes_on_when_another_thread_notifies() -> None:
    wakeup = Wakeup()
    thread = threading.Timer(0.05, wakeup.notify)
    thread.start()
    wakeup.wait(LONG)
    thread.join()
    assert not wakeup.stopping


@pytest.mark.timeout(20)
def test_what_was_notified_before_the_wait_is_not_missed() -> None:
    wakeup = Wakeup()
    wakeup.notify()
    wakeup.wait(LONG)


@pytest.mark.timeout(20)
def test_a_stop_ends_the_wait_and_stays() -> None:
    wakeup = Wakeup()
    wakeup.stop()
    wakeup.wait(LONG)
    assert wakeup.stopping


@pytest.mark.timeout(20)
def test_a_signal_handler_may_notify() -> None:
    wakeup = Wakeup()
    before = signal.signal(signal.SIGUSR1, lambda *_: wakeup.notify())
    try:
        signal.raise_signal(signal.SIGUSR1)
        wakeup.wait(LONG)
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_many_notices_are_one_wakeup() -> None:
    wakeup = Wakeup()
    for _ in range(1000):
        wakeup.notify()
    wakeup.wait(0.0)
    assert wakeup._queue.empty(), "the next wait is not cut short by what was seen already"


def test_a_wait_for_what_is_overdue_is_none() -> None:
    Wakeup().wait(-1.0)
