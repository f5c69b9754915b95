"""What an address may ask for: the database is asked one thing for each parameter and each word of a search."""

from __future__ import annotations

import re
from http import HTTPStatus
from urllib.parse import parse_qsl

from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

from catalyst.web.refusing import refuse_request

LENGTH_LIMIT = 8_000
"""Characters of all that comes after the question mark."""
PARAMETER_LIMIT = 100
WORD_LIMIT = 20
"""SQLite takes expressions of a thousand parts, and each word is looked for in several columns."""

SEARCHES = ("q", "search", "term")
"""The parameters that hold words: of the admin, of the API, and of the fields that complete what is typed."""
_split_words = re.compile(r"[\s,]+").split


class QueryLimits(MiddlewareMixin):
    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        reason = find_excess(request.META.get("QUERY_STRING", ""))
        return refuse_request(request, HTTPStatus.BAD_REQUEST, "invalid", reason) if reason else None


def find_excess(query: str) -> str:
    """Why so much is not asked for, as a sentence; "" for what is."""
    if len(query) > LENGTH_LIMIT:
        return f"The address has more than {LENGTH_LIMIT:,} characters after its question mark."
    if query.count("&") >= PARAMETER_LIMIT:
        return f"The address has more than {PARAMETER_LIMIT} parameters."
    for name, text in parse_qsl(query, errors="replace"):
        if name in SEARCHES and len(_split_words(text.strip())) > WORD_LIMIT:
            return f"{name} has more than {WORD_LIMIT} words."
    return ""
