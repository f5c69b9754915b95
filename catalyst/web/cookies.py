"""Cookies that a browser sends over HTTPS only, for visitors who came by HTTPS.

Django's settings could only say so for every visitor or for none.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction

from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

View = Callable[[HttpRequest], HttpResponseBase]
AsyncView = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


@sync_and_async_middleware
def secure_cookies(get_response: View | AsyncView) -> View | AsyncView:
    if iscoroutinefunction(get_response):

        async def respond_async(request: HttpRequest) -> HttpResponseBase:
            return mark_secure(request, await get_response(request))

        return respond_async

    def respond_sync(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        assert isinstance(response, HttpResponseBase)
        return mark_secure(request, response)

    return respond_sync


def mark_secure(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if request.is_secure():
        for cookie in response.cookies.values():
            cookie["secure"] = True
    return response
