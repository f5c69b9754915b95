"""Whose the heartbeat is, and the fence around what a syncer writes: nothing once another one took over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from records.glance import Glance
from records.models import SyncStatus
from syncer.identity import ProcessIdentity
from syncer.ledger import AnotherSyncer, Holder


class DatabaseTenure:
    """Of one syncer, on the row of ``SyncStatus``; before ``take_over`` it is of none, and fences nothing.

    Times are the database's: where that is a server, one clock tells them for all hosts.
    """

    def __init__(self) -> None:
        self._columns: dict[str, Any] = {}

    def read_holder(self) -> Holder | None:
        row = SyncStatus.read()
        return _describe_row(row) if row else None

    def take_over(self, seen: Holder | None, me: ProcessIdentity, target: str) -> bool:
        columns = {"identity": str(me), "holder": me.name, "target": target, "stopped_at": None}
        try:
            with transaction.atomic():
                row = SyncStatus.objects.annotate(now=Now()).select_for_update().first()
                if (_describe_row(row) if row else None) != seen:
                    return False
                _save_row(columns, is_new=row is None)
        except IntegrityError:
            return False  # another one made the row meanwhile
        self._columns = columns
        return True

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction, until whose end no one else takes over. Raises ``AnotherSyncer``."""
        with transaction.atomic():
            self._check()
            yield

    def renew(self) -> None:
        """Moves the heartbeat. Raises ``AnotherSyncer``."""
        with self.writing():
            SyncStatus.objects.update(heartbeat_at=Now())

    def _check(self) -> None:
        if not self._columns:
            return
        ours = _HOLDER.read_row()
        if ours is None:  # a new database, in the place of one that was lost
            _save_row(self._columns, is_new=True)
        elif ours != (self._columns["identity"], self._columns["holder"]):
            raise AnotherSyncer(
                f"another syncer took over this database: {self.read_holder()}; this one ends, so that only one writes:"
                " see to it that one alone is started"
            )

    def release(self) -> None:
        SyncStatus.objects.filter(identity=self._columns["identity"]).update(heartbeat_at=Now(), stopped_at=Now())
        self._columns = {}


def _lock_row() -> QuerySet[SyncStatus]:
    return SyncStatus.objects.select_for_update(no_key=True)


_HOLDER = Glance(_lock_row, "identity", "holder")


def _save_row(columns: dict[str, Any], *, is_new: bool) -> None:
    columns = {**columns, "started_at": Now(), "heartbeat_at": Now()}
    if is_new:
        SyncStatus.objects.create(**columns)
    else:
        SyncStatus.objects.update(**columns)


def _describe_row(row: Any) -> Holder:
    """``row`` has the database's time as ``now``."""
    # A version before, started beside us or after us, writes its name and its heartbeat, and leaves the rest.
    is_its_own = row.identity.startswith(f"{row.holder} ")
    return Holder(
        identity=ProcessIdentity.parse(row.identity if is_its_own else ""),
        name=row.holder,
        since=row.started_at,
        heartbeat_at=row.heartbeat_at,
        has_stopped=row.stopped_at is not None and row.stopped_at >= row.heartbeat_at,
        age=(row.now - row.heartbeat_at).total_seconds(),
        is_exact=connection.vendor != "sqlite",
    )
