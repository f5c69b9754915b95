"""The headers of ``catalyst.settings.browser`` on every answer."""

from __future__ import annotations

from csp.middleware import CSPMiddleware
from django.http import HttpRequest, HttpResponseBase

from catalyst.settings.browser import PERMISSIONS_POLICY


class BrowserPolicy(CSPMiddleware):
    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response.headers["Permissions-Policy"] = PERMISSIONS_POLICY
        return super().process_response(request, response)
