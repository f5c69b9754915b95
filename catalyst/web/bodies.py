"""How large a body may be, and the answer to one that is not read to its end."""

from __future__ import annotations

from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

from catalyst.web.refusing import refuse_request
from records.api.parsers import MEGABYTE, BackupParser, DocumentParser, JSONParser
from records.exchange.reading import SIZE_LIMIT

UNKNOWN_LIMIT = 64 * 1024
"""Bytes of a body that are read before it is known who sends it."""
FORM_OVERHEAD = 64 * 1024
"""Bytes of a form besides its file, at most."""
LIMITS = {
    "/api/v1/import": BackupParser.limit,
    "/api/v1/preview": DocumentParser.limit,
    "/admin/exchange": SIZE_LIMIT + FORM_OVERHEAD,
}
PATIENCE = 10
"""Seconds for the first bytes of a body ..."""
SLOWEST = 256 * 1024
"""... and the bytes of it that must come in each second after those."""

REFUSAL = "catalyst.refusal"
"""In the scope of a request whose body was not read: the status that says why."""
REASONS = {
    HTTPStatus.UNAUTHORIZED: (
        "not_authenticated",
        f"No more than {UNKNOWN_LIMIT // 1024} kB are read from someone who has not logged in: "
        "log in, or send a token that is valid, first.",
    ),
    HTTPStatus.REQUEST_TIMEOUT: (
        "timeout",
        f"The body came too slowly: it has {PATIENCE} s, and one more for each {SLOWEST // 1024} kB of its length.",
    ),
    HTTPStatus.LENGTH_REQUIRED: (
        "length_required",
        "The request does not say how large its body is: send it with a Content-Length.",
    ),
    HTTPStatus.SERVICE_UNAVAILABLE: (
        "unavailable",
        "Other large bodies are being read, or the database does not answer: try again in a few seconds.",
    ),
}


def find_limit(path: str) -> int:
    """Bytes."""
    usual: int = JSONParser.limit if path.startswith("/api/") else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    return LIMITS.get(path.rstrip("/"), usual)


def find_refusal(path: str, length: str, transfer_encoding: str) -> HTTPStatus | None:
    """The status with which the body is refused unread, whoever sends it; None for one that may come. ``length`` is the
    header's text, "" without one."""
    if transfer_encoding:  # it counts instead of a length, so the size is unknown
        return HTTPStatus.LENGTH_REQUIRED
    return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if int(length or 0) > find_limit(path) else None


def find_deadline(size: int) -> float:
    """Seconds for a body of so many bytes as a whole."""
    return PATIENCE + size / SLOWEST


class BodyLimits(MiddlewareMixin):
    """Answers the requests whose bodies ``catalyst.web.asgi`` kept away from Django: the API in JSON, pages in HTML."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        length, encoding = (request.META.get(name, "") for name in ("CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING"))
        found = getattr(request, "scope", {}).get(REFUSAL) or find_refusal(request.path_info, length, encoding)
        return _refuse_body(request, found) if found else None


def _refuse_body(request: HttpRequest, status: HTTPStatus) -> HttpResponse:
    oversize = "too_large", f"The body is larger than {find_limit(request.path_info) / MEGABYTE:.3g} MB."
    code, text = REASONS.get(status, oversize)
    answer = refuse_request(request, status, code, text)
    if status == HTTPStatus.UNAUTHORIZED:
        answer["WWW-Authenticate"] = "Bearer"
    elif status == HTTPStatus.SERVICE_UNAVAILABLE:
        answer["Retry-After"] = "5"
    return answer
