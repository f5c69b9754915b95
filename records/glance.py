"""A look, once a second, for what is hardly ever there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.db.models import QuerySet


class Glance:
    """Whether a query has rows. Its SQL is compiled once, which takes Django longer than the database takes to answer:
    what polls all day would spend most of its time on that."""

    def __init__(self, make_query: Callable[[], QuerySet[Any]]) -> None:
        self._make_query = make_query
        self._statement: tuple[str, tuple[Any, ...]] | None = None

    def has_rows(self) -> bool:
        if self._statement is None:
            self._statement = self._make_query().order_by().values("pk")[:1].query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute(*self._statement)
            return cursor.fetchone() is not None
