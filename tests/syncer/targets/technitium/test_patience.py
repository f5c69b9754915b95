"""The time of a call as a whole, over a pair of sockets."""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from syncer.targets.technitium.patience import OutOfPatience, Patience, PatientReader


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def drip(theirs: socket.socket, pause: float, count: int) -> threading.Thread:
    def send() -> None:
        for _ in range(count):
            time.sleep(pause)
            theirs.sendall(b"x")

    thread = threading.Thread(target=send)
    thread.start()
    return thread


def read_all(ours: socket.socket, patience: Patience, size: int) -> bytes:
    with io.BufferedReader(PatientReader(ours, patience)) as reader:
        return reader.read(size)


def test_a_silence_ends_it(pair: tuple[socket.socket, socket.socket]) -> None:
    patience = Patience(0.2, lambda: None)
    patience.begin(5.0)
    with pytest.raises(OutOfPatience, match=r"did not answer within 0.2 s"):
        read_all(pair[0], patience, 1)


def test_a_silence_in_the_middle_is_told_from_one_at_the_beginning(pair: tuple[socket.socket, socket.socket]) -> None:
    patience = Patience(0.2, lambda: None)
    patience.begin(5.0)
    pair[1].sendall(b"x")
    with pytest.raises(OutOfPatience, match=r"fell silent for 0.2 s in the middle"):
        read_all(pair[0], patience, 2)


def test_bytes_that_never_stop_coming_do_not_make_it_longer(pair: tuple[socket.socket, socket.socket]) -> None:
    heard: list[float] = []
    patience = Patience(0.5, lambda: heard.append(time.monotonic()))
    patience.begin(0.6)
    thread = drip(pair[1], 0.05, 20)
    with pytest.raises(OutOfPatience, match=r"did not come to the end of its answer within 0.6 s"):
        read_all(pair[0], patience, 1000)
    thread.join()
    assert len(heard) > 5


def test_the_caller_is_heard_of_while_nothing_comes(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[None] = []
    monkeypatch.setattr("syncer.targets.technitium.patience.GLANCE", 0.05)
    patience = Patience(0.4, lambda: heard.append(None))
    patience.begin(0.4)
    with pytest.raises(OutOfPatience):
        read_all(pair[0], patience, 1)
    assert len(heard) >= 4


def test_the_time_in_which_we_are_busy_ourselves_is_not_the_servers(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    patience = Patience(0.3, lambda: None)
    patience.begin(0.3)
    patience.pause()
    patience.pause()
    time.sleep(0.4)
    patience.go_on()
    pair[1].sendall(b"x")
    assert read_all(pair[0], patience, 1) == b"x"
    time.sleep(0.4)
    with pytest.raises(OutOfPatience):
        patience.limit_step()


def test_the_next_call_begins_anew(pair: tuple[socket.socket, socket.socket]) -> None:
    patience = Patience(0.2, lambda: None)
    patience.begin(0.0)
    time.sleep(0.25)
    with pytest.raises(OutOfPatience):
        patience.limit_step()
    patience.begin(0.0)
    assert 0 < patience.limit_step() <= 0.2
