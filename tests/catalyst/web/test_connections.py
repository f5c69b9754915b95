"""Connections whose clients say nothing, at a server as the web starts it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import uvicorn

from catalyst.web.connections import BoundedProtocol
from tests.processes import wait_until

LARGE = 64 * 1024 * 1024


class Tight(BoundedProtocol):
    most = 3


class Hasty(BoundedProtocol):
    head_seconds = stall_seconds = 0.3


class Server(uvicorn.Server):
    """On ``port``. ``asked`` is released by each request that has come."""

    def __init__(self, protocol: type[BoundedProtocol]) -> None:
        super().__init__(
            uvicorn.Config(self.answer, interface="asgi3", http=protocol, lifespan="off", log_config=None, ws="none")
        )
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.asked = threading.Semaphore(0)

    async def answer(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked.release()
        if scope["path"] == "/slow":
            await asyncio.sleep(1)
        body = b"x" * LARGE if scope["path"] == "/large" else b"hello"
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=self.run, args=([self._listening],))
        thread.start()
        wait_until(lambda: self.started, what="a server")
        yield
        self.should_exit = True
        thread.join()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """It takes notice of nothing meanwhile: a client that connects and says something has done both before any of
        its time counts, however slow the machine is."""
        is_busy, is_over = threading.Event(), threading.Event()

        def wait() -> None:
            is_busy.set()
            is_over.wait()

        self._loop.call_soon_threadsafe(wait)
        is_busy.wait()
        try:
            yield
        finally:
            is_over.set()

    def is_alone(self) -> bool:
        return not self.server_state.connections


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """With the protocol that the test asks for."""
    found = Server(request.param)
    with found.running():
        yield found


def connect(server: Server, start: bytes = b"") -> socket.socket:
    with server.busy():
        connection = socket.create_connection(("127.0.0.1", server.port), 20)
        connection.sendall(start)
    return connection


def get(server: Server, path: str = "/") -> bytes:
    with connect(server, f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()) as connection:
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


@pytest.mark.parametrize("server", [Tight], indirect=True)
def test_the_oldest_without_a_request_makes_room(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    silent = [connect(server, start) for start in (b"", b"GET / HTTP/1.1\r\nX: ", b"")]
    assert get(server).endswith(b"hello")
    assert is_ended(silent[0])
    assert all(map(is_open, silent[1:]))
    assert "More than 3 connections" in caplog.text
    for connection in silent:
        connection.close()


@pytest.mark.parametrize("server", [Tight], indirect=True)
def test_a_request_under_way_keeps_its_place(server: Server) -> None:
    slow = [connect(server, b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n") for _ in range(3)]
    assert all(server.asked.acquire(timeout=20) for _ in slow)
    assert is_ended(connect(server))
    assert all(connection.recv(100).startswith(b"HTTP/1.1 200") for connection in slow)
    for connection in slow:
        connection.close()


@pytest.mark.parametrize("server", [Hasty], indirect=True)
@pytest.mark.parametrize("start", [b"", b"GET / HTTP/1.1\r\nX: ", b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTT"])
def test_a_head_that_does_not_come_is_not_waited_for(server: Server, start: bytes) -> None:
    with connect(server, start) as connection:
        drip(connection, b"x" if start else b"")
    assert get(server).endswith(b"hello")


@pytest.mark.parametrize("server", [Hasty], indirect=True)
def test_an_answer_that_is_slow_to_make_is_waited_for(server: Server) -> None:
    assert get(server, "/slow").endswith(b"hello")


@pytest.mark.parametrize("server", [Hasty], indirect=True)
def test_a_client_that_does_not_read_its_answer_is_left(server: Server) -> None:
    with connect(server, b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n") as connection:
        assert server.asked.acquire(timeout=20)
        wait_until(server.is_alone, what="an end of the connection")
        got = 0
        with suppress(ConnectionResetError):
            while part := connection.recv(1 << 20):
                got += len(part)
        assert got < LARGE
