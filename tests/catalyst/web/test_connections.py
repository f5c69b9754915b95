"""Connections whose clients say nothing, at a server as the web starts it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import uvicorn

from catalyst.web.connections import BoundedProtocol

LARGE = 64 * 1024 * 1024
asked = threading.Semaphore(0)
"""Released by each slow request that has come."""


async def answer(scope: Any, receive: Any, send: Any) -> None:
    if scope["path"] == "/slow":
        asked.release()
        await asyncio.sleep(1)
    body = b"x" * LARGE if scope["path"] == "/large" else b"hello"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


class Tight(BoundedProtocol):
    most = 3


class Hasty(BoundedProtocol):
    head_seconds = stall_seconds = 0.3


@pytest.fixture
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    """Of a server with the protocol that the test asks for."""
    config = uvicorn.Config(answer, http=request.param, lifespan="off", log_config=None, ws="none")
    server, listening = uvicorn.Server(config), socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join()


def connect(port: int, start: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), 5)
    connection.sendall(start)
    return connection


def get(port: int, path: str = "/") -> bytes:
    with connect(port, f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()) as connection:
        return b"".join(iter(lambda: connection.recv(65536), b""))


def is_ended(connection: socket.socket) -> bool:
    try:
        return connection.recv(100) == b""
    except ConnectionResetError:
        return True


def is_open(connection: socket.socket) -> bool:
    connection.settimeout(0.05)
    try:
        return connection.recv(100) != b""
    except TimeoutError:
        return True


def drip(connection: socket.socket, part: bytes) -> None:
    """Sends it again and again until the other side has had enough."""
    connection.settimeout(0.02)
    with suppress(BrokenPipeError, ConnectionResetError):
        for _ in range(1000):
            connection.sendall(part)
            with suppress(TimeoutError):
                if connection.recv(1000) == b"":
                    return
        pytest.fail("it is still listened to")


@pytest.mark.parametrize("port", [Tight], indirect=True)
def test_the_oldest_without_a_request_makes_room(port: int, caplog: pytest.LogCaptureFixture) -> None:
    silent = [connect(port, start) for start in (b"", b"GET / HTTP/1.1\r\nX: ", b"")]
    assert get(port).endswith(b"hello")
    assert is_ended(silent[0])
    assert all(map(is_open, silent[1:]))
    assert "More than 3 connections" in caplog.text
    for connection in silent:
        connection.close()


@pytest.mark.parametrize("port", [Tight], indirect=True)
def test_a_request_under_way_keeps_its_place(port: int) -> None:
    slow = [connect(port, b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n") for _ in range(3)]
    assert all(asked.acquire(timeout=5) for _ in slow)
    assert is_ended(connect(port))
    assert all(connection.recv(100).startswith(b"HTTP/1.1 200") for connection in slow)
    for connection in slow:
        connection.close()


@pytest.mark.parametrize("port", [Hasty], indirect=True)
@pytest.mark.parametrize("start", [b"", b"GET / HTTP/1.1\r\nX: ", b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTT"])
def test_a_head_that_does_not_come_is_not_waited_for(port: int, start: bytes) -> None:
    with connect(port, start) as connection:
        drip(connection, b"x" if start else b"")
    assert get(port).endswith(b"hello")


@pytest.mark.parametrize("port", [Hasty], indirect=True)
def test_an_answer_that_is_slow_to_make_is_waited_for(port: int) -> None:
    assert get(port, "/slow").endswith(b"hello")


@pytest.mark.parametrize("port", [Hasty], indirect=True)
def test_a_client_that_does_not_read_its_answer_is_left(port: int) -> None:
    with connect(port, b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n") as connection:
        threading.Event().wait(0.8)
        got = 0
        with suppress(ConnectionResetError):
            while part := connection.recv(1 << 20):
                got += len(part)
        assert got < LARGE
