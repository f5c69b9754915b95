"""A look, time and again, for what is hardly ever there or hardly ever changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.db.models import QuerySet


class Glance:
    """The first row of a query, without its order. Its SQL is compiled once, which takes Django longer than the
    database takes to answer: what polls all day would spend most of its time on that."""

    def __init__(self, make_query: Callable[[], QuerySet[Any]], *columns: str) -> None:
        """``columns`` are of kinds whose values the driver gives as they are; none: of interest is whether there is
        a row."""
        self._make_query = make_query
        self._columns = columns or ("pk",)
        self._statement: tuple[str, tuple[Any, ...]] | None = None

    def has_rows(self) -> bool:
        return self.read_row() is not None

    def read_row(self) -> tuple[Any, ...] | None:
        if self._statement is None:
            query = self._make_query().order_by().values_list(*self._columns)[:1]
            self._statement = query.query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute(*self._statement)
            row: tuple[Any, ...] | None = cursor.fetchone()
        return row
