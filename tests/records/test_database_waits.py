"""Waiting for PostgreSQL: it ends with the answer, with a signal, or with the limit."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Timer

import psycopg2
import pytest
from psycopg2.extensions import POLL_OK, POLL_READ, POLL_WRITE

from records.database_waits import wait_for_answer


class Connection:
    """What the driver shows of a connection; ``states`` come one after the other, the last one stays."""

    def __init__(self, *states: int) -> None:
        self.here, self.there = socket.socketpair()
        self.states: Sequence[int] = states

    def poll(self) -> int:
        state, *rest = self.states
        self.states = rest or [state]
        return state

    def fileno(self) -> int:
        return self.here.fileno()

    def close(self) -> None:
        self.here.close()
        self.there.close()


@contextmanager
def connected(*states: int) -> Iterator[Connection]:
    connection = Connection(*states)
    try:
        yield connection
    finally:
        connection.close()


def test_it_ends_with_the_answer() -> None:
    with connected(POLL_WRITE, POLL_READ, POLL_OK) as connection:
        connection.there.send(b"an answer")
        wait_for_answer(connection, limit=30)
        assert connection.states == [POLL_OK]


def test_a_server_that_says_nothing_is_given_up() -> None:
    with connected(POLL_READ) as connection, pytest.raises(psycopg2.OperationalError, match="no answer within 0 s"):
        wait_for_answer(connection, limit=0.2)


def test_a_signal_is_heard_meanwhile() -> None:
    class Heard(Exception):
        pass

    def hear(*_: object) -> None:
        raise Heard

    before = signal.signal(signal.SIGUSR1, hear)
    try:
        Timer(0.2, os.kill, (os.getpid(), signal.SIGUSR1)).start()
        with connected(POLL_READ) as connection, pytest.raises(Heard):
            wait_for_answer(connection, limit=30)
    finally:
        signal.signal(signal.SIGUSR1, before)
