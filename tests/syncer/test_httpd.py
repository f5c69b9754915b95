"""The small HTTP server of metrics and probes."""

from __future__ import annotations

import logging
import socket
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http import HTTPStatus
from threading import Event, Semaphore

import pytest

from syncer.httpd import CannotListen, PlainAnswer, Server, parse_address

SETTING = "METRICS_BIND_ADDRESS"


def fail() -> PlainAnswer:
    raise LookupError("no such thing")


PAGES = {
    "/metrics": lambda: PlainAnswer(b"up 1\n", "text/plain"),
    "/busy": lambda: PlainAnswer(b"{}", "application/json", HTTPStatus.SERVICE_UNAVAILABLE),
    "/broken": fail,
}


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(SETTING, "127.0.0.1:0", PAGES)
    yield server
    server.close()


def get(server: Server, path: str = "/metrics") -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=5) as answer:
        return str(answer.read().decode())


def send(server: Server, request: str) -> str:
    """All that comes back."""
    with socket.create_connection(("127.0.0.1", server.port), 5) as connection:
        connection.sendall(f"{request}\r\n\r\n".encode())
        return connection.makefile(newline="").read()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (":8080", ("", 8080)),
        (" :8080\n", ("", 8080)),
        ("127.0.0.1:9", ("127.0.0.1", 9)),
        ("[::1]:8080", ("::1", 8080)),
        ("localhost:0", ("localhost", 0)),
        (":65535", ("", 65535)),
    ],
)
def test_an_address_is_host_and_port(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize("text", ["", "8080", "::1:8080", ":65536", ":http", "http://x:80", "a b:80", ":٣"])
def test_what_is_no_address_is_said_so(text: str) -> None:
    with pytest.raises(ValueError, match="is no address to listen on"):
        parse_address(text)


def test_a_port_in_use_names_the_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(CannotListen) as caught:
            Server(SETTING, address, PAGES)
    assert str(caught.value) == (
        f"METRICS_BIND_ADDRESS={address}: cannot listen there (Address already in use); set another address"
    )
    assert not caught.value.worth_retrying


def test_a_wrong_address_names_the_setting() -> None:
    with pytest.raises(CannotListen, match="METRICS_BIND_ADDRESS: '8080' is no address"):
        Server(SETTING, "8080", PAGES)


def test_an_empty_host_is_every_interface() -> None:
    server = Server(SETTING, ":0", PAGES)
    try:
        assert get(server) == "up 1\n"
        if socket.has_dualstack_ipv6():
            socket.create_connection(("::1", server.port), 5).close()
    finally:
        server.close()


def test_a_page_comes_whole_with_its_type_and_is_kept_by_no_cache(server: Server) -> None:
    head, _, body = send(server, "GET /metrics?x=1 HTTP/1.0").partition("\r\n\r\n")
    status, *headers = head.split("\r\n")
    assert status == "HTTP/1.0 200 OK"
    assert {"Content-Type: text/plain", "Content-Length: 5", "Cache-Control: no-store"} <= {*headers}
    assert body == "up 1\n"


@pytest.mark.parametrize(
    ("request_line", "status"),
    [("GET /secrets", "404"), ("GET /metrics/", "404"), ("POST /metrics", "501"), ("GET /busy", "503")],
)
def test_a_page_has_its_own_status_and_what_is_no_page_has_one_too(
    server: Server, request_line: str, status: str
) -> None:
    assert send(server, f"{request_line} HTTP/1.0").split()[1] == status


def test_an_unknown_path_is_told_which_ones_there_are(server: Server) -> None:
    assert "There is /metrics, /busy, /broken." in send(server, "GET / HTTP/1.0")


def test_a_page_that_fails_is_logged_and_the_next_one_is_answered(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    assert send(server, "GET /broken HTTP/1.0") == ""
    assert get(server) == "up 1\n"
    (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (logging.ERROR, "an HTTP request could not be answered")


def test_a_page_that_is_answered_is_worth_no_line(server: Server, capfd: pytest.CaptureFixture[str]) -> None:
    assert get(server)
    assert capfd.readouterr() == ("", "")


def test_a_client_that_says_nothing_holds_up_no_one_and_closing_does_not_wait_for_it(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), 5) as silent:
        assert get(server) == "up 1\n"
        server.close()
        silent.setblocking(False)
        with pytest.raises(BlockingIOError):  # its answer, or its end, was not waited for
            silent.recv(1)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), 1)


def test_a_closed_server_gives_its_port_back_at_once() -> None:
    first = Server(SETTING, "127.0.0.1:0", PAGES)
    get(first)
    first.close()
    second = Server(SETTING, f"127.0.0.1:{first.port}", PAGES)
    assert get(second) == "up 1\n"
    second.close()


@pytest.fixture
def tight(server: Server) -> Server:
    """A server with room for three."""
    server._http.most, server._http.head_seconds = 3, 60.0
    return server


def is_ended(connection: socket.socket) -> bool:
    connection.settimeout(5)
    return connection.recv(100) == b""


def is_open(connection: socket.socket) -> bool:
    connection.settimeout(0.05)
    try:
        return bool(connection.recv(100))
    except TimeoutError:
        return True


def test_the_oldest_that_says_nothing_makes_room_for_the_next_one(tight: Server) -> None:
    silent = [socket.create_connection(("127.0.0.1", tight.port), 5) for _ in range(3)]
    silent[1].sendall(b"GET /metrics HTT")
    assert get(tight) == "up 1\n"
    assert is_ended(silent[0])
    assert all(map(is_open, silent[1:]))
    for connection in silent:
        connection.close()


def test_who_is_being_answered_keeps_its_place() -> None:
    is_over, asked = Event(), Semaphore(0)

    def wait() -> PlainAnswer:
        asked.release()
        is_over.wait(10)
        return PlainAnswer(b"at last", "text/plain")

    server = Server(SETTING, "127.0.0.1:0", {"/slow": wait})
    server._http.most = 2
    try:
        with ThreadPoolExecutor(2) as pool:
            slow = [pool.submit(get, server, "/slow") for _ in range(2)]
            assert all(asked.acquire(timeout=5) for _ in slow)
            with socket.create_connection(("127.0.0.1", server.port), 5) as late:
                assert is_ended(late)
            is_over.set()
            assert [answer.result() for answer in slow] == ["at last", "at last"]
        is_over.set()
        assert get(server, "/slow") == "at last"
    finally:
        server.close()


def test_a_request_that_comes_byte_by_byte_is_not_waited_for(server: Server) -> None:
    server._http.head_seconds = 0.3
    with socket.create_connection(("127.0.0.1", server.port), 5) as slow:
        slow.settimeout(0.02)
        with suppress(BrokenPipeError, ConnectionResetError):
            for _ in range(1000):
                slow.sendall(b"x")
                with suppress(TimeoutError):
                    if slow.recv(100) == b"":
                        break
            else:
                pytest.fail("it is still listened to")
    assert get(server) == "up 1\n"
