"""Where the limits of a database connection do not hold."""

from __future__ import annotations

from typing import Any

from django.db import connections


def take_time(using: str, **kwargs: Any) -> None:
    """A migration may rewrite a table of any size. Locks of others still end it: it is tried again, and nothing is
    half done."""
    connection = connections[using]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
