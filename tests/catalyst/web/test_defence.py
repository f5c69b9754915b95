"""What the web keeps out, asked of real processes: guesses, and bodies that nobody wants."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from catalyst.web.asgi import DRAIN_LIMIT, application
from catalyst.web.bodies import BodyLimits
from tests.catalyst.web.test_health import Web, web
from tests.processes import run

PASSWORD = "of-no-worth-anywhere-else"
MB = 1024 * 1024
POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "object-src 'none'",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("web")
    settings = {"HOME": str(folder), "DATA_DIR": str(folder), "ADMIN_PASSWORD": PASSWORD}
    assert run(["-m", "catalyst.cli", "prepare"], settings).code == 0
    return folder


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[Web]:
    with web(folder, LOG_FORMAT="text") as process:
        yield process


def visitor(site: Web) -> requests.Session:
    session = requests.Session()
    session.headers["Referer"] = f"{site.url}/admin/login/"
    session.get(f"{site.url}/admin/login/", timeout=10)
    return session


def log_in(site: Web, session: requests.Session, password: str) -> int:
    form = {"username": "admin", "password": password, "next": "/admin/"}
    form["csrfmiddlewaretoken"] = session.cookies["csrftoken"]
    return session.post(f"{site.url}/admin/login/", form, timeout=20, allow_redirects=False).status_code


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "status"),
    [("/admin/login/", 200), ("/admin/", 302), ("/nowhere", 404), ("/api/v1/status", 401), ("/api/docs", 302)],
)
def test_every_answer_tells_the_browser_what_a_page_may_do(client: Client, path: str, status: int) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert {part.strip() for part in answer["Content-Security-Policy"].split(";")} == POLICY
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in answer["Permissions-Policy"]


@pytest.mark.django_db
def test_only_who_came_by_https_is_told_to_stay_with_it(client: Client, settings: Any) -> None:
    assert "Strict-Transport-Security" not in client.get("/admin/login/", secure=True), "not unless somebody wants it"
    settings.SECURE_HSTS_SECONDS = 2592000
    client = Client()  # which reads the settings anew
    assert client.get("/admin/login/", secure=True)["Strict-Transport-Security"] == "max-age=2592000"
    assert "Strict-Transport-Security" not in client.get("/admin/login/")


def test_a_page_that_breaks_and_one_that_is_refused_have_the_policy_as_well(site: Web) -> None:
    for answer in (
        requests.get(site.url, headers={"Host": "evil.example"}, timeout=10),
        requests.post(f"{site.url}/admin/login/", b"x" * 3 * MB, timeout=10),
        requests.post(f"{site.url}/admin/login/", {}, timeout=10),
    ):
        assert answer.status_code in (400, 413, 403)
        assert "text/html" in answer.headers["Content-Type"]
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


def test_of_many_guesses_at_once_in_two_processes_five_are_looked_at(folder: Path, site: Web, tmp_path: Path) -> None:
    with web(tmp_path, DATA_DIR=str(folder)) as second, ThreadPoolExecutor(12) as pool:
        guessers = [(process, visitor(process)) for process in (site, second) for _ in range(6)]
        codes = Counter(pool.map(lambda guesser: log_in(*guesser, "a guess"), guessers))
        assert set(codes) == {200, 429}
        assert codes[200] <= 5
        while log_in(*guessers[0], "a guess") != 429:
            pass
        process, session = guessers[-1]
        assert log_in(process, session, PASSWORD) == 429, "what one process saw, the other one knows"
        session.headers["X-Forwarded-For"] = "192.0.2.77"  # as the proxy says that is believed
        assert log_in(process, session, PASSWORD) == 302


def chunks(size: int) -> Iterator[bytes]:
    for _ in range(size // MB):
        yield b"x" * MB


def send(site: Web, path: str, body: Any, **headers: str) -> tuple[int, http.client.HTTPMessage, str]:
    """As a client does that looks for an answer when it has sent everything."""
    connection = http.client.HTTPConnection(urlsplit(site.url).netloc, timeout=30)
    try:
        connection.request("POST", path, body, headers, encode_chunked="Transfer-Encoding" in headers)
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


def test_the_answer_comes_before_the_body_which_is_not_read_for_ever() -> None:
    events: list[Any] = []

    async def receive() -> Any:
        events.append(None)
        return {"type": "http.request", "body": bytes(MB), "more_body": True}

    async def send(message: Any) -> None:
        events.append(message)

    scope = {"type": "http", "method": "POST", "path": "/api/v1/import", "query_string": b"", "http_version": "1.1"}
    scope |= {"headers": [(b"content-length", b"999999999999")]}
    asyncio.run(application(scope, receive, send))
    start, body, *rest, end = events
    assert (start["status"], body["more_body"], end["more_body"]) == (413, True, False)
    assert b"too_large" in body["body"]
    assert rest == [None] * (DRAIN_LIMIT // MB)


def test_a_body_of_the_limit_is_read(site: Web) -> None:
    assert send(site, "/api/v1/import", b"x" * 100 * MB)[0] == 401


@pytest.mark.parametrize(
    ("path", "size", "status"), [("/admin/exchange/", 100 * MB, None), ("/api/v1/sync", 5 * MB + 1, 413)]
)
def test_the_limit_is_in_bytes(path: str, size: int, status: int | None) -> None:
    request: HttpRequest = RequestFactory().post(path, headers={"Content-Length": str(size)})
    answer = BodyLimits(lambda _: HttpResponse()).process_request(request)
    assert (answer and answer.status_code) == status


def test_a_refusal_is_one_line_of_the_log(folder: Path, tmp_path: Path) -> None:
    """Who may not, and who calls us by a name that we do not have."""
    with web(tmp_path, DATA_DIR=str(folder), LOG_FORMAT="text", LOGIN_FAILURE_LIMIT="0") as process:
        session = visitor(process)
        assert log_in(process, session, PASSWORD) == 302
        assert session.get(f"{process.url}/admin/records/managedrecord/add/", timeout=10).status_code == 403
        assert process.get(process.url, host="evil.example")[0] == 400
        process.says("Forbidden")
        process.says("evil.example")
        log = process.output
    assert "Traceback" not in log
    assert len([line for line in log.splitlines() if "Forbidden" in line or "evil.example" in line]) == 2
