"""How large a body may be, and the answer to one that is larger or does not say how large it is."""

from __future__ import annotations

from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin

from records.api.parsers import MEGABYTE, BackupParser, DocumentParser, JSONParser
from records.exchange.reading import SIZE_LIMIT

FORM_OVERHEAD = 64 * 1024
"""Bytes of a form besides its file, at most."""
LIMITS = {
    "/api/v1/import": BackupParser.limit,
    "/api/v1/preview": DocumentParser.limit,
    "/admin/exchange": SIZE_LIMIT + FORM_OVERHEAD,
}
NO_LENGTH = "The request does not say how large its body is: send it with a Content-Length."


def find_limit(path: str) -> int:
    """Bytes."""
    usual: int = JSONParser.limit if path.startswith("/api/") else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    return LIMITS.get(path.rstrip("/"), usual)


def find_refusal(path: str, length: str, transfer_encoding: str) -> HTTPStatus | None:
    """The status with which the body is refused unread; None for one that may come. ``length`` is the header's text, ""
    without one."""
    if transfer_encoding:  # it counts instead of a length, so the size is unknown
        return HTTPStatus.LENGTH_REQUIRED
    return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if int(length or 0) > find_limit(path) else None


class BodyLimits(MiddlewareMixin):
    """Answers the requests whose bodies ``catalyst.web.asgi`` kept away from Django: the API in JSON, pages in HTML."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        length, encoding = (request.META.get(name, "") for name in ("CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING"))
        match find_refusal(request.path_info, length, encoding):
            case None:
                return None
            case HTTPStatus.LENGTH_REQUIRED as status:
                text, code = NO_LENGTH, "length_required"
            case status:
                text, code = f"The body is larger than {find_limit(request.path_info) / MEGABYTE:.3g} MB.", "too_large"
        if request.path_info.startswith("/api/"):
            error = {"code": code, "detail": text, "attr": None}
            return JsonResponse({"type": "client_error", "errors": [error]}, status=status)
        return render(request, "413.html", {"title": status.phrase, "reason": text}, status=status)
