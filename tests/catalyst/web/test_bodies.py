"""Bodies that are too large, or of unknown size, at a real process."""

from __future__ import annotations

import http.client
import http.cookiejar
import json
import re
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from catalyst.web.bodies import BodyLimits
from tests.catalyst.web.test_health import Web
from tests.processes import ADMIN_PASSWORD, run

MB = 1024 * 1024


def chunks(size: int) -> Iterator[bytes]:
    for _ in range(size // MB):
        yield b"x" * MB


def send(site: Web, path: str, body: Any, **headers: str) -> tuple[int, http.client.HTTPMessage, str]:
    """As a client does that looks for an answer when it has sent everything, or can send no more."""
    connection = http.client.HTTPConnection(urlsplit(site.url).netloc, timeout=30)
    try:
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.request("POST", path, body, headers, encode_chunked="Transfer-Encoding" in headers)
        # What http.client says of itself is that the request is still on its way.
        connection._HTTPConnection__state = "Request-sent"  # type: ignore[attr-defined]
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("path", "size", "limit"),
    [("/api/v1/import", 101, 100), ("/api/v1/preview", 11, 10), ("/api/v1/sync", 6, 5), ("/api/v1/nowhere/", 101, 5)],
)
def test_the_api_answers_a_body_that_is_too_large_in_its_one_form(site: Web, path: str, size: int, limit: int) -> None:
    status, headers, text = send(site, path, chunks(size * MB), **{"Content-Length": str(size * MB)})
    assert (status, headers["Content-Type"], headers["Connection"]) == (413, "application/json", "close")
    error = {"code": "too_large", "detail": f"The body is larger than {limit} MB.", "attr": None}
    assert json.loads(text) == {"type": "client_error", "errors": [error]}


@pytest.mark.parametrize(("path", "size", "limit"), [("/admin/exchange/", 101, "100"), ("/admin/login/", 101, "2.5")])
def test_the_admin_answers_it_with_a_page(site: Web, path: str, size: int, limit: str) -> None:
    status, headers, text = send(site, path, chunks(size * MB), **{"Content-Length": str(size * MB)})
    assert (status, headers["Content-Type"]) == (413, "text/html; charset=utf-8")
    assert f"The body is larger than {limit} MB." in text


@pytest.mark.parametrize("path", ["/api/v1/import", "/admin/exchange/"])
def test_a_body_of_unknown_size_is_asked_for_its_length(site: Web, path: str) -> None:
    status, _, text = send(site, path, chunks(101 * MB), **{"Transfer-Encoding": "chunked"})
    assert status == 411
    assert "Content-Length" in text
    assert text.startswith("{") == path.startswith("/api/")


def say(site: Web, *lines: str) -> str:
    """All that comes back, to the end of the connection."""
    with socket.create_connection(("127.0.0.1", urlsplit(site.url).port or 0), timeout=10) as client:
        client.sendall("\r\n".join((*lines, "")).encode())
        return b"".join(iter(lambda: client.recv(65536), b"")).decode()


def test_a_length_beside_chunks_is_not_believed(site: Web) -> None:
    """They go on for as long as they like."""
    head = ("POST /api/v1/import HTTP/1.1", "Host: localhost", "Content-Length: 5", "Transfer-Encoding: chunked", "")
    assert say(site, *head, "5", "hello", "0", "").startswith("HTTP/1.1 411 ")


def test_who_asks_before_sending_need_not_send(site: Web) -> None:
    head = ("POST /api/v1/import HTTP/1.1", "Host: localhost", f"Content-Length: {101 * MB}", "Expect: 100-continue")
    answer = say(site, *head, "")
    assert answer.startswith("HTTP/1.1 413 ")
    assert "too_large" in answer


@pytest.fixture(scope="module")
def known(site: Web) -> dict[str, str]:
    ended = run(["-m", "catalyst.cli", "create-token", "admin"], site.env)
    return {"Authorization": f"Bearer {ended.out.split()[-1]}"}


def test_a_body_of_the_limit_is_read_of_who_is_known(site: Web, known: dict[str, str]) -> None:
    status, _, text = send(site, "/api/v1/import", b"x" * 10 * MB, **known)
    assert (status, "no backup" in text) == (400, True)
    status, _, text = send(site, "/api/v1/preview", b"#" * 10 * MB, **known)
    assert (status, json.loads(text)["records"]) == (200, [])


def test_a_known_client_that_is_still_sending_sees_why_its_body_is_refused(site: Web, known: dict[str, str]) -> None:
    size = 101 * MB
    connection = http.client.HTTPConnection(urlsplit(site.url).netloc, timeout=30)
    connection.request("POST", "/api/v1/import", chunks(size), {"Content-Length": str(size), **known})
    assert connection.getresponse().status == 413
    connection.close()


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer cds_wrong"}, {"Cookie": "sessionid=wrong"}])
def test_no_more_than_64_kb_are_read_of_who_is_not_known(site: Web, header: dict[str, str]) -> None:
    status, headers, text = send(site, "/api/v1/import", b"x" * 8 * MB, **header)
    assert (status, headers["WWW-Authenticate"], headers["Connection"]) == (401, "Bearer", "close")
    (error,) = json.loads(text)["errors"]
    assert (error["code"], error["detail"].startswith("No more than 64 kB are read")) == ("not_authenticated", True)
    status, _, text = send(site, "/api/v1/import", b"x" * 64 * 1024, **header)
    assert (status, "No more than" in text) == (401, False)
    status, _, text = send(site, "/admin/login/", b"x" * 65 * 1024, **header)
    assert (status, "log in" in text) == (401, True)


def test_a_session_is_known_too(site: Web) -> None:
    cookies = log_in(site)
    form = {"Cookie": cookies, "Content-Type": "application/x-www-form-urlencoded"}
    status, _, text = send(site, "/admin/exchange/", b"x=" + b"y" * MB, **form)
    assert (status, "No more than" in text) == (403, False)


def log_in(site: Web) -> str:
    """The cookies of an admin."""
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    with opener.open(f"{site.url}/admin/login/") as page:
        token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', page.read().decode())
    assert token
    fields = {"csrfmiddlewaretoken": token[1], "username": "admin", "password": ADMIN_PASSWORD, "next": "/admin/"}
    opener.open(f"{site.url}/admin/login/", urlencode(fields).encode()).close()
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


@pytest.mark.parametrize(
    ("path", "size", "status"), [("/admin/exchange/", 100 * MB, None), ("/api/v1/sync", 5 * MB + 1, 413)]
)
def test_the_limit_is_in_bytes(path: str, size: int, status: int | None) -> None:
    request: HttpRequest = RequestFactory().post(path, headers={"Content-Length": str(size)})
    answer = BodyLimits(lambda _: HttpResponse()).process_request(request)
    assert (answer and answer.status_code) == status
