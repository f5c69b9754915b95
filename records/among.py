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


@CharField.register_lookup
class Among(Lookup):
    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s)", (*params, list(self.rhs))

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        column, params = self.process_lhs(compiler, connection)
        statement = f"{column} IN (SELECT value FROM json_each(%s))"  # noqa: S608  (a column of ours)
        return statement, (*params, json.dumps(list(self.rhs)))


def at_names(names: Iterable[str]) -> Q:
    """Of a model with a ``name``: what is at one of these."""
    return Q(name__among=frozenset(names))  # of a list, Django would ask about each member
