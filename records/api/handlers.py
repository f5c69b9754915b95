"""Error pages: Django's own for people, and the API's shape for what fails under ``/api/`` outside of its views."""

from __future__ import annotations

from http import HTTPStatus

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views import defaults


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if answer := _shape_error(request, HTTPStatus.BAD_REQUEST, "bad_request"):
        return answer
    if isinstance(exception, BadRequest) and (reason := str(exception)):  # of ours: others say what is inside
        return render(request, "400.html", {"reason": reason}, status=HTTPStatus.BAD_REQUEST)
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _shape_error(request, HTTPStatus.FORBIDDEN, "permission_denied") or defaults.permission_denied(
        request, exception
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _shape_error(request, HTTPStatus.NOT_FOUND, "not_found") or defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    return _shape_error(request, HTTPStatus.INTERNAL_SERVER_ERROR, "error") or defaults.server_error(request)


def _shape_error(request: HttpRequest, status: HTTPStatus, code: str) -> HttpResponse | None:
    """None outside of the API."""
    if not f"{request.path_info}/".startswith("/api/"):
        return None
    kind = "server_error" if status >= 500 else "client_error"
    errors = [{"code": code, "detail": f"{status.phrase.capitalize()}.", "attr": None}]
    return JsonResponse({"type": kind, "errors": errors}, status=status)
