"""The ASGI application. A body that may not come is refused before Django writes it to disk."""

import asyncio
import os
import warnings
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "catalyst.settings.web")  # noqa: TID251

# whitenoise serves files through a plain iterator, which is fine for files of this size.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

django = get_asgi_application()

from catalyst.web.bodies import find_refusal  # noqa: E402 - it needs the apps

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

SIZES = (b"content-length", b"transfer-encoding")
DRAIN_LIMIT = 256 * 1024 * 1024
"""Bytes of a refused body that are read from the client all the same ..."""
DRAIN_SECONDS = 60
"""... and for how long: a client that is still sending would see a broken connection, and never the answer."""


async def application(scope: Message, receive: Receive, send: Send) -> None:
    """Keeps a body that is too large, or of unknown size, from Django, which writes it to disk before anything else."""
    if scope["type"] == "http":
        headers = dict(scope["headers"])
        length, encoding = (headers.get(name, b"").decode("latin-1") for name in SIZES)
        if find_refusal(scope["path"], length, encoding):
            waits = headers.get(b"expect", b"").lower() == b"100-continue"
            return await django(scope, _make_empty_receive(), _answer_first(send, None if waits else receive))  # type: ignore[arg-type]
    return await django(scope, receive, send)  # type: ignore[arg-type]


def _make_empty_receive() -> Receive:
    """An empty body from a client that stays connected."""
    bodies: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive_once() -> Message:
        if not bodies:
            await asyncio.Event().wait()
        return bodies.pop()

    return receive_once


def _answer_first(send: Send, receive: Receive | None) -> Send:
    """The answer goes out at once, and ends when the body has been drained. Without ``receive`` there is nothing to
    drain: the client waits for permission to send its body."""

    async def send_answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            await send({**message, "headers": [*message["headers"], (b"connection", b"close")]})
        elif message.get("more_body") or receive is None:
            await send(message)
        else:
            await send({**message, "more_body": True})
            await _drain_body(receive)
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    return send_answer


async def _drain_body(receive: Receive) -> None:
    size = 0
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            while size < DRAIN_LIMIT:
                message = await receive()
                size += len(message.get("body", b""))
                if not message.get("more_body"):
                    return
    except TimeoutError:
        return
