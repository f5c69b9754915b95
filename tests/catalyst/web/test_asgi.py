"""The application as a server calls it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User

from catalyst.web import asgi
from catalyst.web.admission import MOST, Upload, Uploads
from catalyst.web.asgi import DRAIN_LIMIT, TimedBody, application
from catalyst.web.bodies import UNKNOWN_LIMIT
from records.api.access import make_token

MB = 1024 * 1024


def make_scope(size: int, path: str = "/api/v1/import", *headers: tuple[bytes, bytes]) -> dict[str, Any]:
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "http_version": "1.1"}
    return scope | {"headers": [(b"content-length", str(size).encode()), *headers]}


def call(scope: dict[str, Any], body: Callable[[], Any] = lambda: bytes(MB)) -> list[Any]:
    """What the application did: None for each part of the body that it read, and what it sent."""
    events: list[Any] = []

    async def receive() -> Any:
        events.append(None)
        part = body()
        return {"type": "http.request", "body": await part if asyncio.iscoroutine(part) else part, "more_body": True}

    async def send(message: Any) -> None:
        events.append(message)

    asyncio.run(application(scope, receive, send))
    return events


@pytest.fixture
def token(transactional_db: None) -> tuple[bytes, bytes]:
    _, token = make_token(User.objects.create_superuser("admin"), days=1)
    return b"authorization", f"Bearer {token}".encode()


def test_the_answer_comes_before_the_body_which_is_not_read_for_ever(token: tuple[bytes, bytes]) -> None:
    start, body, *rest, end = call(make_scope(999999999999, "/api/v1/import", token))
    assert (start["status"], body["more_body"], end["more_body"]) == (413, True, False)
    assert b"too_large" in body["body"]
    assert rest == [None] * (DRAIN_LIMIT // MB)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("size", "status"), [(999999999999, 413), (UNKNOWN_LIMIT + 1, 401)])
def test_of_who_is_not_known_hardly_any_of_it_is_read(size: int, status: int) -> None:
    start, _, *rest, end = call(make_scope(size), lambda: bytes(UNKNOWN_LIMIT // 4))
    assert (start["status"], end["more_body"]) == (status, False)
    assert rest == [None] * 4


@pytest.mark.django_db(transaction=True)
def test_a_body_that_does_not_come_in_time_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi, "find_deadline", lambda size: 0.05)
    *read, start, body = call(make_scope(1000, "/admin/login/"), lambda: asyncio.sleep(0.02, b"x"))
    assert (start["status"], b"came too slowly" in body["body"]) == (408, True)
    assert (b"connection", b"close") in start["headers"]
    assert set(read) == {None}


def test_the_end_of_a_connection_may_come_long_after_the_body() -> None:
    messages = [{"type": "http.disconnect"}, {"type": "http.request", "body": b"x", "more_body": False}]

    async def receive() -> Any:
        await asyncio.sleep(0.1 if len(messages) == 1 else 0)
        return messages.pop()

    async def read_twice() -> list[str]:
        body = TimedBody(receive, 0.05)
        found = [(await body.receive())["type"] for _ in range(2)]
        assert not body.is_late
        return found

    assert asyncio.run(read_twice()) == ["http.request", "http.disconnect"]


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Others have taken all room."""
    uploads = Uploads(patience=0.05)
    uploads._held = [Upload(f"user{number}", 1) for number in range(MOST)]
    monkeypatch.setattr(asgi, "uploads", uploads)
    return


@pytest.mark.usefixtures("full")
def test_who_cannot_be_served_now_is_told_when_to_come_again(token: tuple[bytes, bytes]) -> None:
    start, body, *_ = call(make_scope(MB, "/api/v1/preview", token))
    assert (start["status"], b"try again" in body["body"]) == (503, True)
    assert (b"Retry-After", b"5") in start["headers"]
