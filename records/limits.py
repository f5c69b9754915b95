"""How much is asked of a database at once, and where the limits of its connection do not hold."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, TypeVar

from django.db import connections
from django.db.models import Model, QuerySet

from records.among import at_names

KEYS = 500
"""Keys or names in one question, and rows in its answer: SQLite takes 250,000 parameters, PostgreSQL 65,535."""

ROWS = 100
"""Rows in one insert: what a prepared statement holds in memory grows with them, its speed no longer does."""

T = TypeVar("T")
M = TypeVar("M", bound=Model)
R = TypeVar("R")


def split_keys(items: Iterable[T]) -> Iterator[list[T]]:
    """As many at a time as go into one question; also of a set, in whatever order it has."""
    left = list(items)
    for start in range(0, len(left), KEYS):
        yield left[start : start + KEYS]


def split_rows(rows: QuerySet[M, R], names: Collection[str] | None) -> Iterator[QuerySet[M, R]]:
    """Those of the rows at ``names``, as many at a time as go into one question; None: all of them."""
    if names is None:
        yield rows
        return
    for some in split_keys(names):
        yield rows.filter(at_names(some))


def take_time(using: str, **kwargs: Any) -> None:
    """A migration may rewrite a table of any size. Locks of others still end it: it is tried again, and nothing is
    half done."""
    connection = connections[using]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
