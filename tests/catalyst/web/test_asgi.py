"""The application as a server calls it."""

from __future__ import annotations

import asyncio
from typing import Any

from catalyst.web.asgi import DRAIN_LIMIT, application

MB = 1024 * 1024


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
