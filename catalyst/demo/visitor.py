"""Who comes to the demo: whoever sits at this machine, without a login, and told so on every page.

No setting leads here. ``catalyst.demo.site`` alone adds these to the middlewares, once it has seen that it is a child
of a running demo, and on a loopback address.
"""

from __future__ import annotations

import re
from ipaddress import ip_address

from django.conf import settings
from django.contrib.auth import get_user_model, login
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.http.request import split_domain_port
from django.utils.deprecation import MiddlewareMixin

BANNER = "This is a demo: no login is asked for"
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
SESSION_COOKIE, CSRF_COOKIE = "catalyst-demo-session", "catalyst-demo-csrf"
"""Not those of a program on another port of this machine, which a browser would take for the same."""
FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_REAL_IP", "HTTP_VIA")
USER = "admin"

_BODY = re.compile(rb"<body[^>]*>")
_HEAD = re.compile(rb"</head>")


class DemoVisitor(MiddlewareMixin):
    """Logs in whoever comes from this machine, under a name of this machine, and not through a proxy."""

    def process_request(self, request: HttpRequest) -> None:
        check_host(request)
        if not request.user.is_authenticated and is_local(request):
            user = get_user_model()._default_manager.filter(username=USER, is_active=True).first()
            if user is not None:  # a reader may have deleted it
                login(request, user, "django.contrib.auth.backends.ModelBackend")


class DemoBanner(MiddlewareMixin):
    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if isinstance(response, StreamingHttpResponse) or not response.get("Content-Type", "").startswith("text/html"):
            return response
        style = f'<link rel="stylesheet" href="{settings.STATIC_URL}records/demo.css"></head>'.encode()
        words = f'<aside class="demo-banner" aria-label="Demo">{BANNER}</aside>'.encode()
        content = _HEAD.sub(style, response.content, count=1)  # type: ignore[attr-defined] # it is no stream
        response.content = _BODY.sub(lambda body: body[0] + words, content, count=1)  # type: ignore[attr-defined]
        if "Content-Length" in response:
            response["Content-Length"] = str(len(response.content))  # type: ignore[attr-defined]
        return response


def check_host(request: HttpRequest) -> None:
    """A page of elsewhere can have its name lead to this machine, and then asks under that name. Raises
    ``DisallowedHost``."""
    host, _ = split_domain_port(request.get_host())
    if host not in LOCAL_HOSTS:
        raise DisallowedHost(f"the demo is called {', '.join(LOCAL_HOSTS)}, not {host}")


def is_local(request: HttpRequest) -> bool:
    here = is_loopback(request.META.get("REMOTE_ADDR", ""))
    return here and not any(name in request.META for name in FORWARDED)


def is_loopback(host: str) -> bool:
    """An address, not a name, which might come to mean another."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
