"""Who has to wait for whom, where locks of single rows do not do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, models, transaction

from records.models import CustomEntry


@contextmanager
def editing_entries() -> Iterator[None]:
    """A transaction in which no one else edits custom entries: what is looked at first still holds when it is written.

    Rules go over several rows (a CNAME must be alone at its name), so that locks of rows do not do.
    """
    with transaction.atomic():
        exclude_writers(CustomEntry)
        yield


def exclude_writers(model: type[models.Model]) -> None:
    """Let no one else write to the table until the transaction ends. Readers do not wait."""
    if connection.vendor == "postgresql":  # SQLite's transactions are alone from their beginning
        table = connection.ops.quote_name(model._meta.db_table)
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")
