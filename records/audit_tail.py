"""How far the audit can be followed without losing an entry that shows itself late.

On PostgreSQL an entry gets its number when it is written and is there for others when its transaction ends, so that 7
may come after 8. Who follows by number goes on from a number only when no earlier entry can still come. A transaction
that writes entries holds the lock of the table for writers from before its first number to its end. So whoever may
still bring a number up to the highest that is there holds that lock now; when all of these have ended, nothing is
missing. On SQLite one writes after the other, and numbers come in order.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from django.db import connection
from django.db.models import Max

from records.models import AuditEntry

WRITERS = """
SELECT virtualtransaction FROM pg_locks
WHERE locktype = 'relation' AND relation = %s::regclass AND mode = 'RowExclusiveLock'
  AND granted AND pid <> pg_backend_pid()
"""
LOOK_AGAIN = 0.05


class Horizon(NamedTuple):
    """Up to ``last`` all is there once the transactions ``writers`` have ended."""

    last: int
    writers: frozenset[str]


class AuditTail:
    """Tells how far one may go. ``settled`` is the number up to which every entry that will ever be there is there."""

    def __init__(self, settled: int = 0) -> None:
        self.settled = settled
        self._horizon: Horizon | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether entries are there that it may not pass yet."""
        return self._horizon is not None

    def advance(self) -> int:
        """Look again. In two or three short queries, outside every transaction of one's own that writes entries."""
        if self._horizon is None:
            last = AuditEntry.objects.aggregate(last=Max("id"))["last"] or 0
            if last <= self.settled:
                return self.settled
            # In this order: who wrote a lower number and is not among them has ended before.
            self._horizon = Horizon(last, find_writers())
        elif self._horizon.writers:
            self._horizon = self._horizon._replace(writers=self._horizon.writers & find_writers())
        if not self._horizon.writers:
            self.settled, self._horizon = self._horizon.last, None
        return self.settled


def find_writers() -> frozenset[str]:
    """The transactions that hold the table of the audit for writing."""
    if connection.vendor != "postgresql":
        return frozenset()
    with connection.cursor() as cursor:
        cursor.execute(WRITERS, [AuditEntry._meta.db_table])
        return frozenset(row[0] for row in cursor.fetchall())


def wait_settled(after: int, seconds: float, sleep: Callable[[float], None] = time.sleep) -> int:
    """The number up to which all is there, at least ``after``, once it has moved; ``after`` itself where transactions
    that were under way have not ended in so many seconds."""
    tail = AuditTail(after)
    deadline = time.monotonic() + seconds
    while tail.advance() == after and tail.is_waiting and time.monotonic() < deadline:
        sleep(LOOK_AGAIN)
    return tail.settled
