"""Who sends a request, found out by its headers alone: before its body is read, and before Django has it."""

from __future__ import annotations

from collections.abc import MutableMapping
from importlib import import_module
from io import BytesIO
from typing import Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.core.handlers.asgi import ASGIRequest
from django.db import connection
from rest_framework.exceptions import AuthenticationFailed

from records.api.access import BearerAuthentication


async def find_caller(scope: MutableMapping[str, Any]) -> str:
    """The name of the user whom a valid token or session belongs to, "" where there is none. What the user may do is
    left to the views, and so is the check for CSRF. Raises ``django.db.Error``."""
    async with ThreadSensitiveContext():
        return await sync_to_async(_find_user)(scope)


def _find_user(scope: MutableMapping[str, Any]) -> str:
    request = ASGIRequest({**scope, "query_string": b""}, BytesIO())
    try:
        return _find_by_token(request) or _find_by_session(request)
    finally:
        connection.close()  # the thread ends with the question


def _find_by_token(request: ASGIRequest) -> str:
    try:
        found = BearerAuthentication().authenticate(request)
    except AuthenticationFailed:
        return ""
    return str(found[0].get_username()) if found else ""


def _find_by_session(request: ASGIRequest) -> str:
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if not key:
        return ""
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    return str(get_user(request).get_username())
