"""Rows by the hundred thousand, without a model for each, which would take three times as long: who writes has a lock,
and the syncer waits for it (docs/decisions.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection, models


def store(model: type[models.Model], rows: Sequence[Mapping[str, Any]], key: Sequence[str] = ()) -> None:
    """Insert ``rows``, which all name the same fields; the others get their default. With ``key``, the fields of a
    unique constraint, a row that is there gets what is named, and keeps the rest."""
    if not rows:
        return
    fields = [field for field in model._meta.concrete_fields if field.name in rows[0] or _needs_a_value(field)]
    columns = [_column(field, rows) for field in fields]
    names = ", ".join(_quoted(str(field.column)) for field in fields)
    insert = f"INSERT INTO {_quoted(model._meta.db_table)} ({names})"
    conflict = _conflict(key, [str(field.column) for field in fields if field.name in rows[0]]) if key else ""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # one statement, without the round trip for each row
            arrays = ", ".join(f"%s::{_array_type(field)}" for field in fields)
            cursor.execute(f"{insert} SELECT * FROM UNNEST({arrays}) {conflict}", columns)  # noqa: S608  (ours alone)
        else:
            places = ", ".join(["%s"] * len(fields))
            cursor.executemany(f"{insert} VALUES ({places}) {conflict}", list(zip(*columns, strict=True)))


def _conflict(key: Sequence[str], columns: Sequence[str]) -> str:
    renewed = ", ".join(f"{_quoted(name)} = excluded.{_quoted(name)}" for name in columns if name not in key)
    return f"ON CONFLICT ({', '.join(map(_quoted, key))}) DO UPDATE SET {renewed}"


def _needs_a_value(field: models.Field[Any, Any]) -> bool:
    return not (field.primary_key or field.has_db_default())


def _column(field: models.Field[Any, Any], rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    """As the database takes them."""
    values = [row[field.name] for row in rows] if field.name in rows[0] else [field.get_default()] * len(rows)
    match field:
        case models.JSONField():
            return [None if value is None else json.dumps(value) for value in values]
        case models.DateTimeField():
            adapted = {value: connection.ops.adapt_datetimefield_value(value) for value in set(values)}
            return [adapted[value] for value in values]
    return values


def _array_type(field: models.Field[Any, Any]) -> str:
    kind, _, _ = str(field.db_type(connection)).partition("(")
    return f"{kind}[]"


def _quoted(name: str) -> str:
    return str(connection.ops.quote_name(name))
