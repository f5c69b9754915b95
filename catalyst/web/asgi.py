"""The ASGI application. A body that may not come is refused before Django writes it to disk."""

import asyncio
import os
import warnings
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "catalyst.settings.web")  # noqa: TID251

# whitenoise serves files through a plain iterator, which is fine for files of this size.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

django = get_asgi_application()

from django.db import Error  # noqa: E402 - they need the apps

from catalyst.web.admission import Busy, Upload, Uploads, measure_space  # noqa: E402
from catalyst.web.bodies import REFUSAL, UNKNOWN_LIMIT, find_deadline, find_refusal  # noqa: E402
from catalyst.web.callers import find_caller  # noqa: E402

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

STREAM = "/ui/stream/"
"""Its readers stay for minutes. Django gives each request a thread, for as long as it lasts; these share one, by the
method that its own call wraps."""
SIZES = (b"content-length", b"transfer-encoding")
DRAIN_LIMIT = 256 * 1024 * 1024
"""Bytes of a refused body that are read from a known client all the same ..."""
DRAIN_SECONDS = 60
"""... and for how long: a client that is still sending would see a broken connection, and never the answer."""

uploads = Uploads()


async def application(scope: Message, receive: Receive, send: Send) -> None:
    """Keeps a body from Django, which writes it to disk before anything else, that is too large, of unknown size, large
    and from someone unknown, or too slow."""
    if scope["type"] != "http":
        return await django(scope, receive, send)  # type: ignore[arg-type]
    headers = dict(scope["headers"])
    length, encoding = (headers.get(name, b"").decode("latin-1") for name in SIZES)
    size = int(length or 0)
    refusal = find_refusal(scope["path"], length, encoding)
    if refusal is None and size <= UNKNOWN_LIMIT:
        return await _read_in_time(scope, receive, send, size)
    try:
        caller = await find_caller(scope)
    except Error:
        return await _refuse_body(scope, receive, send, HTTPStatus.SERVICE_UNAVAILABLE, UNKNOWN_LIMIT)
    if refusal or not caller:
        most = DRAIN_LIMIT if caller else UNKNOWN_LIMIT
        return await _refuse_body(scope, receive, send, refusal or HTTPStatus.UNAUTHORIZED, most)
    try:
        async with uploads.admit(Upload(caller, measure_space(scope["path"], size))):
            return await _read_in_time(scope, receive, send, size)
    except Busy:
        return await _refuse_body(scope, receive, send, HTTPStatus.SERVICE_UNAVAILABLE, DRAIN_LIMIT)


async def _read_in_time(scope: Message, receive: Receive, send: Send, size: int) -> None:
    body = TimedBody(receive, find_deadline(size))
    answer = django.handle if scope["path"] == STREAM else django
    await answer(scope, body.receive, send)  # type: ignore[arg-type]
    if body.is_late:
        await _refuse_body(scope, receive, send, HTTPStatus.REQUEST_TIMEOUT, 0)


class TimedBody:
    """What is received, and a client that has left where the body is not whole in so many ``seconds``."""

    def __init__(self, receive: Receive, seconds: float) -> None:
        self.is_late = False
        self._is_whole = False
        self._receive = receive
        self._deadline = asyncio.get_running_loop().time() + seconds

    async def receive(self) -> Message:
        if self._is_whole:  # what comes now is the end of the connection, which may be long after
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            self.is_late = True
            return {"type": "http.disconnect"}
        self._is_whole = not message.get("more_body")
        return message


async def _refuse_body(scope: Message, receive: Receive, send: Send, status: HTTPStatus, most: int) -> None:
    """Django answers, without the body, of which no more than ``most`` bytes are read."""
    waits = dict(scope["headers"]).get(b"expect", b"").lower() == b"100-continue"
    answer = _answer_first(send, None if waits or not most else receive, most)
    await django({**scope, REFUSAL: status}, _make_empty_receive(), answer)  # type: ignore[arg-type]


def _make_empty_receive() -> Receive:
    """An empty body from a client that stays connected."""
    bodies: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive_once() -> Message:
        if not bodies:
            await asyncio.Event().wait()
        return bodies.pop()

    return receive_once


def _answer_first(send: Send, receive: Receive | None, most: int) -> Send:
    """The answer goes out at once, and ends when the body has been drained. Without ``receive`` there is nothing to
    drain: the client waits for permission to send its body."""

    async def send_answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            await send({**message, "headers": [*message["headers"], (b"connection", b"close")]})
        elif message.get("more_body") or receive is None:
            await send(message)
        else:
            await send({**message, "more_body": True})
            await _drain_body(receive, most)
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    return send_answer


async def _drain_body(receive: Receive, most: int) -> None:
    size = 0
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            while size < most:
                message = await receive()
                size += len(message.get("body", b""))
                if not message.get("more_body"):
                    return
    except TimeoutError:
        return
