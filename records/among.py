"""``name IN (...)`` for hundreds of names, as one parameter of a statement that is always the same.

Django writes a placeholder for each name and asks the field about each, which takes longer than the database takes to
answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, Lookup, Q
from django.db.models.sql.compiler import SQLCompiler


class Slot(str):
    """In the place of a value in a query of which the SQL alone is wanted (``records.glance``), by its number there."""

    SIGN = "\0"
    """No value has it: what was made of a slot is known by it."""
    place: int

    def __new__(cls, place: int) -> Slot:
        slot = super().__new__(cls, f"{cls.SIGN}{place}")
        slot.place = place
        return slot


@CharField.register_lookup
class Among(Lookup):
    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s)", (*params, self._adapt_names(connection))

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        column, params = self.process_lhs(compiler, connection)
        statement = f"{column} IN (SELECT value FROM json_each(%s))"  # noqa: S608  (a column of ours)
        return statement, (*params, self._adapt_names(connection))

    def _adapt_names(self, connection: BaseDatabaseWrapper) -> Any:
        return self.rhs if isinstance(self.rhs, Slot) else adapt_names(self.rhs, connection.vendor)


def adapt_names(names: Iterable[str], vendor: str) -> Any:
    """As the one parameter that they are in a statement."""
    return json.dumps(list(names)) if vendor == "sqlite" else list(names)


def at_names(names: Iterable[str]) -> Q:
    """Of a model with a ``name``: what is at one of these."""
    # Of a list, Django would ask about each member.
    return Q(name__among=names if isinstance(names, Slot) else frozenset(names))
