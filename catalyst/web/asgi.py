import asyncio
import os
import warnings
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "catalyst.settings.web")  # noqa: TID251

# whitenoise hands out files by a plain iterator, which is right for files of this size.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

django = get_asgi_application()

from catalyst.web.bodies import refusal  # noqa: E402 - it needs the apps

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

SIZES = (b"content-length", b"transfer-encoding")
READ_OFF = 256 * 1024 * 1024
"""Bytes of a body that nobody wants which are taken from the client all the same ..."""
READ_OFF_SECONDS = 60
"""... and for how long: one that is still sending sees a broken connection, and never the answer."""


async def application(scope: Message, receive: Receive, send: Send) -> None:
    """Keeps a body that is too large, or of unknown size, from Django, which writes it to disk before anything else."""
    if scope["type"] == "http":
        headers = dict(scope["headers"])
        length, encoding = (headers.get(name, b"").decode("latin-1") for name in SIZES)
        if refusal(scope["path"], length, encoding):
            waits = headers.get(b"expect", b"").lower() == b"100-continue"
            return await django(scope, _nothing(), _answer_first(send, None if waits else receive))  # type: ignore[arg-type]
    return await django(scope, receive, send)  # type: ignore[arg-type]


def _nothing() -> Receive:
    """An empty body, and a client that stays."""
    bodies: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        if not bodies:
            await asyncio.Event().wait()
        return bodies.pop()

    return receive


def _answer_first(send: Send, receive: Receive | None) -> Send:
    """The answer goes out at once, and ends when the body was read off. Without ``receive`` there is none to come:
    the client waits for a permission to send it."""

    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            await send({**message, "headers": [*message["headers"], (b"connection", b"close")]})
        elif message.get("more_body") or receive is None:
            await send(message)
        else:
            await send({**message, "more_body": True})
            await _read_off(receive)
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    return answer


async def _read_off(receive: Receive) -> None:
    size = 0
    try:
        async with asyncio.timeout(READ_OFF_SECONDS):
            while size < READ_OFF:
                message = await receive()
                size += len(message.get("body", b""))
                if not message.get("more_body"):
                    return
    except TimeoutError:
        return
