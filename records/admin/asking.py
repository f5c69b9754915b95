"""What DNS servers say about a name now. Whoever looks at it again is shown the answer of a few seconds ago, with its
age, until something has happened at the name."""

from __future__ import annotations

import time
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from django.core.cache import cache
from django.http import HttpRequest
from rest_framework.request import Request

from records.api.diagnostics import DnsThrottle, TestDnsView
from records.resolve import Answer, Query, ask_all

FRESH = 10.0
"""Seconds for which an answer is shown to who only looks again."""
KEPT = 60.0
"""Seconds for which the last answer is shown to who may not ask."""
TOO_OFTEN = "The DNS servers were asked often by you just now: try again in a minute."


class AskedServers(NamedTuple):
    """``answers`` None: there is none, for the reason in ``refused``. ``age`` is theirs in seconds, 0 of new ones."""

    answers: Sequence[Answer] | None
    age: int = 0
    refused: str = ""


def ask_servers(request: HttpRequest, servers: Sequence[str], query: Query, mark: str) -> AskedServers:
    """``mark`` is another one whenever something happened at the name: an answer of before does not count then. A page
    that was opened, or the link that asks again, always asks; nobody does so more often than the API would let them."""
    key = "asked-" + sha256(repr((servers, query, mark)).encode()).hexdigest()
    asked_at, answers = cache.get(key, (0.0, None))
    age = time.monotonic() - asked_at
    is_looking_again = "HX-Request" in request.headers and request.GET.get("ask") != "again"
    if answers is not None and is_looking_again and age < FRESH:
        return AskedServers(answers, int(age))
    if not _may_ask(request):
        return AskedServers(answers, int(age), TOO_OFTEN)
    answers = ask_all(servers, query)
    cache.set(key, (time.monotonic(), answers), KEPT)
    return AskedServers(answers)


def _may_ask(request: HttpRequest) -> bool:
    asking = Request(request)
    asking.user = request.user  # or it would look for a token, and take the session from its request
    return bool(DnsThrottle().allow_request(asking, TestDnsView()))
