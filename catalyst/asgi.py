import os
import warnings
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "catalyst.settings")  # noqa: TID251

# whitenoise hands out files by a plain iterator, which is right for files of this size.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

MEGABYTE = 1_000_000
LARGEST = {"/api/v1/import": 100 * MEGABYTE, "/admin/exchange": 101 * MEGABYTE, "/api/v1/preview": 11 * MEGABYTE}
LARGEST_ELSEWHERE = 5 * MEGABYTE

Message = MutableMapping[str, Any]

django = get_asgi_application()


async def application(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """Refuses a body that is too large, or of unknown size: Django writes it to disk before it asks who is there."""
    if scope["type"] == "http":
        headers = dict(scope["headers"])
        largest = LARGEST.get(scope["path"].rstrip("/"), LARGEST_ELSEWHERE)
        if b"transfer-encoding" in headers and b"content-length" not in headers:
            return await _refuse(send, HTTPStatus.LENGTH_REQUIRED)
        if int(headers.get(b"content-length") or 0) > largest:
            return await _refuse(send, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return await django(scope, receive, send)  # type: ignore[arg-type]


async def _refuse(send: Callable[[Message], Awaitable[None]], status: HTTPStatus) -> None:
    body = f"{status.phrase}\n".encode()
    headers = [
        (b"content-type", b"text/plain"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
