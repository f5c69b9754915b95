"""Answers to requests that no view has seen: the API in JSON, pages in HTML."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render


def refuse_request(request: HttpRequest, status: HTTPStatus, code: str, reason: str) -> HttpResponse:
    """``reason`` is a sentence, or several."""
    if request.path_info.startswith("/api/"):
        error = {"code": code, "detail": reason, "attr": None}
        kind = "server_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "client_error"
        answer: HttpResponse = JsonResponse({"type": kind, "errors": [error]}, status=status)
    else:
        answer = render(request, "refused.html", {"title": status.phrase, "reason": reason}, status=status)
    answer["Content-Length"] = str(len(answer.content))  # whole to its reader when the connection breaks behind it
    return answer
