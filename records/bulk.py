"""Many rows in few statements.

``bulk_create`` asks each field of each row four times how its value is to be written, which takes longer than all that
the database does with the rows. Here that is asked once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, groupby, islice
from operator import attrgetter
from typing import Any, TypeAlias

from django.db import connections, models, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.constants import OnConflict
from django.db.models.expressions import DatabaseDefault

from records.limits import ROWS

Model = type[models.Model]
Field: TypeAlias = "models.Field[Any, Any]"
Adapter = Callable[[Any], Any]


def insert_rows(model: Model, rows: Iterable[models.Model]) -> None:
    """Insert the rows, which are not told their keys. What the first of them leaves to a default of the database, all
    of them must. No signal is sent. Raises ``TypeError`` for a kind of field that is not known here."""
    _write_rows(model, list(rows), ())


def upsert_rows(model: Model, rows: Iterable[models.Model], changes: Sequence[str]) -> None:
    """Insert the rows as ``insert_rows`` does; one that is there already, by the unique constraint of the model, gets
    the fields ``changes`` and keeps the rest."""
    _write_rows(model, list(rows), changes)


def upsert_values(model: Model, names: Sequence[str], rows: Iterable[Sequence[Any]], changes: Sequence[str]) -> None:
    """``upsert_rows`` of plain rows, each with the values of the fields ``names``: to make an object of the model takes
    half as long as to write it. What ``names`` leaves out must have a default of the database."""
    fields = [_find_field(model, name) for name in names]
    _write_values(model, fields, rows, changes)


def _write_rows(model: Model, rows: Sequence[models.Model], changes: Sequence[str]) -> None:
    if rows:
        fields = [field for field in model._meta.concrete_fields if _is_written(field, rows[0])]
        read = attrgetter(*(field.attname for field in fields))
        _write_values(model, fields, map(read, rows), changes)


def _write_values(model: Model, fields: Sequence[Field], rows: Iterable[Sequence[Any]], changes: Sequence[str]) -> None:
    connection = connections[router.db_for_write(model)]
    adapters = [_find_adapter(field, connection) for field in fields]
    into, suffix = _write_statement(model, fields, changes, connection)
    one = f"({', '.join(['%s'] * len(fields))})"
    waiting = iter(rows)
    chunks = iter(lambda: list(islice(waiting, ROWS)), [])
    with connection.cursor() as cursor:
        for size, alike in groupby(chunks, key=len):
            statement = f"{into} VALUES {', '.join([one] * size)} {suffix}"  # of our own names alone
            # One statement for each chunk, whose text Django prepares once for all of them.
            cursor.executemany(statement, [_list_values(adapters, chunk) for chunk in alike])


def _list_values(adapters: Sequence[Adapter | None], rows: Sequence[Sequence[Any]]) -> list[Any]:
    """All values of the rows, one after another, as the driver takes them."""
    columns = (
        _adapt_column(adapt, column) if adapt else column
        for adapt, column in zip(adapters, zip(*rows, strict=True), strict=True)
    )
    return list(chain.from_iterable(zip(*columns, strict=True)))


def _adapt_column(adapt: Adapter, column: Iterable[Any]) -> Iterator[Any]:
    """Most rows say in most columns what the row before says: that is spelled once. (No column mixes what is equal and
    spelled otherwise, as 1 and True are.)"""
    said = spelled = None
    for value in column:
        if value != said:
            said, spelled = value, None if value is None else adapt(value)
        yield spelled


def _write_statement(
    model: Model, fields: Sequence[Field], changes: Sequence[str], connection: BaseDatabaseWrapper
) -> tuple[str, str]:
    """What comes before the rows, and after them."""
    quote = connection.ops.quote_name
    into = f"INSERT INTO {quote(model._meta.db_table)} ({', '.join(quote(_name_column(field)) for field in fields)})"
    if not changes:
        return into, ""
    (unique,) = (rule.fields for rule in model._meta.total_unique_constraints)
    suffix = connection.ops.on_conflict_suffix_sql(
        fields,
        OnConflict.UPDATE,
        update_fields=[_name_column(_find_field(model, name)) for name in changes],
        unique_fields=[_name_column(_find_field(model, name)) for name in unique],
    )
    return into, suffix


def _find_field(model: Model, name: str) -> Field:
    field = model._meta.get_field(name)
    assert isinstance(field, models.Field)
    return field


def _name_column(field: Field) -> str:
    assert field.column is not None
    return field.column


def _is_written(field: Field, row: models.Model) -> bool:
    return not (field.primary_key or isinstance(getattr(row, field.attname), DatabaseDefault))


def _find_adapter(field: Field, connection: BaseDatabaseWrapper) -> Adapter | None:
    """None where the value goes to the database as it is."""
    match field:
        case models.CharField() | models.TextField() | models.BooleanField() | models.ForeignKey():
            return None
        case models.IntegerField() | models.FloatField():
            return None
        case models.DateTimeField(auto_now=False, auto_now_add=False):
            return connection.ops.adapt_datetimefield_value
        case models.JSONField(encoder=None):
            return json.dumps
    raise TypeError(f"{field} is written by save() and bulk_create() alone")
