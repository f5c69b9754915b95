"""Queries that are asked time and again: their SQL is compiled once in each process, which takes Django longer than the
database takes to answer. Who polls all day, or asks the same of each zone, would spend most of its time on that."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from records.among import Slot, adapt_names

Value = str | Collection[str]
"""A text, or names (of ``at_names``)."""


class Prepared:
    """``make_query`` makes, of as many values, a query with ``values_list``; it must look the same whatever they are.

    Where a value is compared by something that changes it (``contains``, a number), it cannot be prepared.
    """

    def __init__(self, make_query: Callable[..., QuerySet[Any, Any]]) -> None:
        self._make_query = make_query
        self._compiled: dict[str, Any] = {}
        """By the kind of database: SQL, parameters, and how columns are read."""

    def read_rows(self, *values: Value) -> list[Any]:
        """Their columns, each row as a tuple."""
        statement, params, converters = self._compile_query(len(values))
        with connection.cursor() as cursor:
            cursor.execute(statement, _fill_slots(params, values))
            rows = cursor.fetchall()
        return [_convert_row(row, converters) for row in rows] if converters else rows

    def _compile_query(self, number: int) -> Any:
        if connection.vendor not in self._compiled:
            compiler = self._make_query(*map(Slot, range(number))).query.get_compiler(connection=connection)
            statement, params = compiler.as_sql()
            _check_slots(params, number)
            converters = compiler.get_converters([column for column, *_ in compiler.select[: compiler.col_count]])
            self._compiled[connection.vendor] = statement, params, converters
        return self._compiled[connection.vendor]


class Glance:
    """A look for what is hardly ever there or hardly ever changes: the first row of a query, without its order."""

    def __init__(self, make_query: Callable[..., QuerySet[Any, Any]], *columns: str) -> None:
        """Without ``columns``, of interest is whether there is a row."""
        self._first = Prepared(lambda *values: make_query(*values).order_by().values_list(*columns or ("pk",))[:1])

    def has_rows(self, *values: Value) -> bool:
        return self.read_row(*values) is not None

    def read_row(self, *values: Value) -> tuple[Any, ...] | None:
        rows = self._first.read_rows(*values)
        return rows[0] if rows else None


def _convert_row(row: Sequence[Any], converters: Mapping[int, Any]) -> tuple[Any, ...]:
    """As Django does it. The converters keep the connection of the thread that compiled them; they ask it nothing."""
    columns = list(row)
    for place, (converts, column) in converters.items():
        for convert in converts:
            columns[place] = convert(columns[place], column, connection)
    return tuple(columns)


def _check_slots(params: Collection[Any], number: int) -> None:
    whole = {param.place for param in params if isinstance(param, Slot)}
    is_changed = any(Slot.SIGN in f"{param}" for param in params if not isinstance(param, Slot))
    assert whole == set(range(number)), "a value does not come into the statement"
    assert not is_changed, "a value is changed on its way into the statement"


def _fill_slots(params: Collection[Any], values: Collection[Value]) -> tuple[Any, ...]:
    given = [value if isinstance(value, str) else adapt_names(value, connection.vendor) for value in values]
    return tuple(given[param.place] if isinstance(param, Slot) else param for param in params)
