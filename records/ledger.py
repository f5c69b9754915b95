"""What outlives the syncer, in the database: the zones, the sources, and the words between the processes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from operator import attrgetter

from django.db import connection, transaction
from django.db.models import Count, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from records.database_errors import translate_errors
from records.detached_rows import DETACHED, count_detached, suspect_detached
from records.freeze_models import WriteFreeze
from records.freezes import end_over, list_freezes
from records.glance import Glance, Prepared
from records.held_rows import decide_plans
from records.limits import KEYS
from records.mention_rows import rank_names
from records.meter_models import KEPT
from records.models import ManagedRecord, MeasuredCount, SyncRequest, SyncStatus
from records.rows import ZoneKey
from records.source_rows import forget_others, save_chunk, split_sources
from records.target_moves import list_former, take_over_rows
from records.target_rows import save_reports, summarize_reports
from records.tenure import DatabaseTenure
from records.zone_ledger import DatabaseZoneLedger
from syncer.core.names import NAME_LIMIT
from syncer.core.source import Ref, SourceObject
from syncer.identity import ProcessIdentity
from syncer.ledger import (
    CountKey,
    DecidedHold,
    Freeze,
    Holder,
    LastStart,
    LedgerError,
    Measured,
    Request,
    SyncerStatus,
    TargetPlace,
)


def tell_time(moment: float) -> str | None:
    """Of ``time.monotonic()``, by the clock on the wall; None for a moment that never was."""
    if not moment:
        return None
    return (timezone.now() - timedelta(seconds=time.monotonic() - moment)).isoformat()


OLD_ACTIONS = {"heal": "remediate"}
"""What a web of the release before still writes, while it is replaced."""


def _save_measured(measured: Sequence[Measured]) -> None:
    """A minute that another process has written down already, which had its part of it, stays as it is."""
    MeasuredCount.objects.filter(at__lt=timezone.now() - KEPT).delete()
    rows = []
    for subject, target, zone, (start, number, failed, milliseconds, slowest, buckets) in measured:
        at = datetime.fromtimestamp(start, UTC)
        rows.append(
            MeasuredCount(
                at=at,
                subject=subject,
                target=target,
                zone=zone,
                number=number,
                failed=failed,
                milliseconds=milliseconds,
                slowest=slowest,
                buckets=list(buckets),
            )
        )
    MeasuredCount.objects.bulk_create(rows, ignore_conflicts=True)


def _list_waiting() -> QuerySet[SyncRequest]:
    return SyncRequest.objects.filter(done_at=None).order_by("id")


_WAITING = Glance(_list_waiting)
_UNENDED = Glance(WriteFreeze.objects.unended)
_LAST_START = Prepared(lambda: SyncStatus.objects.values_list("known_version", "known_settings"))


class DatabaseLedger:
    """``syncer.ledger.Ledger`` on Django's models; works the same on SQLite and PostgreSQL."""

    def __init__(self, parent: DatabaseLedger | None = None) -> None:
        """``parent``: the one of the same syncer in its main thread."""
        self._file: tuple[int, int] | None = None
        self._tenure: DatabaseTenure = parent._tenure if parent else DatabaseTenure()
        self._parent = parent
        self._counts: dict[CountKey, int] = {}
        self._are_counts_old = True
        """Rows were written since they were counted."""
        self._former: Mapping[str, str] = parent._former if parent else {}
        """By target the one whose rows are read in the place of its own."""

    def for_thread(self) -> DatabaseLedger:
        return DatabaseLedger(self)

    def close(self) -> None:
        connection.close()

    @translate_errors
    def take_over_rows(self, targets: Sequence[TargetPlace]) -> list[str]:
        with self._tenure.writing():
            told = take_over_rows(targets)
        self._forget_counts()
        return told

    @translate_errors
    def read_as_moved(self, targets: Sequence[TargetPlace]) -> None:
        """Read what ``take_over_rows`` would move as if it were done: for a dry run, which writes nothing. To be called
        before a zone is asked for."""
        self._former = list_former(targets)

    def check_database(self) -> None:
        """SQLite goes on writing to a file that was removed or replaced, where no one reads it any more."""
        if connection.vendor != "sqlite":
            return
        path = str(connection.settings_dict["NAME"])
        try:
            status = os.stat(path)
        except OSError as error:
            if self._file is None:
                return  # in memory
            connection.close()
            raise LedgerError(
                f"the database {path} is gone ({error.strerror}): put it back, or run 'catalyst-dns-sync prepare' for a"
                " new one, to which the marks on the DNS server bring back what is ours"
            ) from error
        if self._file not in (None, (status.st_dev, status.st_ino)):
            connection.close()
            self._forget_counts()
        self._file = status.st_dev, status.st_ino

    def zone(self, target: str, name: str) -> DatabaseZoneLedger:
        return DatabaseZoneLedger(
            ZoneKey(self._former.get(target, target), name), self._forget_counts, self._tenure.writing
        )

    def _forget_counts(self) -> None:
        (self._parent or self)._are_counts_old = True

    @translate_errors
    def counts(self) -> Mapping[CountKey, int]:
        if self._are_counts_old:
            self._are_counts_old = False  # before they are counted: another thread may write meanwhile
            rows = ManagedRecord.objects.order_by().values_list("target", "zone", "state").annotate(number=Count("pk"))
            self._counts = {CountKey(*key): number for *key, number in rows}
        return self._counts

    @translate_errors
    def save_sources(
        self,
        target: str,
        sources: Mapping[Ref, SourceObject | None],
        *,
        is_new_version: bool = False,
        beat: Callable[[], object] = lambda: None,
    ) -> frozenset[str]:
        refs = [ref for ref in sources if all(len(part) <= NAME_LIMIT and "\0" not in part for part in ref)]
        now = timezone.now()
        ended: set[str] = set()
        for chunk in split_sources({ref: sources[ref] for ref in refs}):
            beat()
            ended |= save_chunk(target, chunk, now, self._tenure.writing, is_new_version=is_new_version)
        if is_new_version:
            with self._tenure.writing():
                suspect_detached(target)
        return frozenset(ended)

    @translate_errors
    def count_detached(self, target: str, seconds: float, grace: float, unread_kinds: Collection[str]) -> list[str]:
        if not DETACHED.has_rows(target):
            return []
        with self._tenure.writing():
            return count_detached(target, seconds, grace, unread_kinds)

    @translate_errors
    def rank_names(self, target: str, namespace: str, most: int) -> list[str]:
        return rank_names(self._former.get(target, target), namespace, most)

    @translate_errors
    def forget_sources(self, target: str, kinds: Collection[tuple[str, str]], known: Collection[Ref]) -> None:
        with self._tenure.writing():
            forget_others(target, kinds, known)

    @translate_errors
    def requests(self) -> list[Request]:
        if not _WAITING.has_rows():
            return []
        waiting = _list_waiting()
        places = waiting.order_by().values_list("target", "zone").distinct()
        rows = [row for target, zone in places for row in waiting.filter(target=target, zone=zone)[:KEYS]]
        return [
            Request(
                row.pk,
                OLD_ACTIONS.get(row.action, row.action),
                row.zone,
                row.name,
                row.type,
                row.requested_by,
                row.target,
            )
            for row in sorted(rows, key=attrgetter("pk"))
        ]

    @translate_errors
    def freezes(self, target: str) -> list[Freeze]:
        if not _UNENDED.has_rows():
            return []
        found = list_freezes()
        if any(row.is_over for row in found):
            with self._tenure.writing():
                end_over()
        return [row.freeze for row in found if row.target in ("", target) and not row.is_over]

    @translate_errors
    def decide_hold(self, request: Request, *, approve: bool) -> DecidedHold:
        with self._tenure.writing():
            return decide_plans(request, approve=approve)

    @translate_errors
    def answer_requests(self, outcomes: Mapping[int, str]) -> None:
        by_text: dict[str, list[int]] = {}
        for key, text in outcomes.items():
            by_text.setdefault(text, []).append(key)
        with self._tenure.writing():
            for text, keys in by_text.items():
                SyncRequest.objects.filter(pk__in=keys).update(done_at=timezone.now(), outcome=text)

    @translate_errors
    def save_status(self, status: SyncerStatus) -> None:
        self.check_database()
        with transaction.atomic():
            self._tenure.renew()
            save_reports(status.targets)
            SyncStatus.objects.update(
                **summarize_reports(status.targets),
                kinds=[
                    {
                        "group": item.kind.group,
                        "kind": item.kind.kind,
                        "state": item.state.value,
                        "reason": item.reason,
                        "objects": item.objects,
                        "heard": tell_time(item.heard_at),
                    }
                    for item in status.kinds
                ],
                problems=list(status.problems),
                problems_since=Coalesce("problems_since", timezone.now()) if status.problems else None,
                warnings=list(status.warnings),
                vitals=dict(status.vitals),
            )
            if status.measured:
                _save_measured(status.measured)

    # Who is at work

    @translate_errors
    def holder(self) -> Holder | None:
        return self._tenure.read_holder()

    @translate_errors
    def take_over(self, seen: Holder | None, me: ProcessIdentity, target: str) -> bool:
        return self._tenure.take_over(seen, me, target)

    @translate_errors
    def renew(self) -> None:
        self._tenure.renew()

    @translate_errors
    def release(self) -> None:
        self._tenure.release()

    @translate_errors
    def last_start(self) -> LastStart:
        rows = _LAST_START.read_rows()
        return LastStart(*rows[0]) if rows else LastStart("", {})

    @translate_errors
    def remember_start(self, start: LastStart) -> None:
        with self._tenure.writing():
            SyncStatus.objects.update(known_version=start.version, known_settings=dict(start.settings))
