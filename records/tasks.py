"""What django-q2 runs by the clock. Each task reads how things are and may run again at any time."""

from __future__ import annotations

import logging
import os
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django_q.models import Failure, Schedule

from records import notify
from records.exchange import write_export
from records.exchange.uploads import forget_uploads
from records.models import (
    CURRENT_STATUSES,
    AuditEntry,
    Bookmark,
    CustomEntry,
    DeletedRRset,
    DriftFinding,
    ManagedRecord,
    SourceName,
    SyncRequest,
    SyncStatus,
)
from records.propagation.turns import match_records

log = logging.getLogger(__name__)

HOUR = 60
FAILURE_DAYS = 30
"""django-q2 itself keeps failures for ever."""

DELETIONS = 100_000
"""Deleted RRsets that are remembered, however old: a server that lost writes shows those of its last hours again, and
names that come and go for years would fill the database."""

FIRST_BACKUP = timedelta(minutes=1)
"""From a start with an empty database to the next look."""

BACKUP_PATTERN = "catalyst-dns-sync-*Z.yaml"


def ensure_schedules() -> None:
    """Make the schedules what the settings say. Safe to run at every start, by several processes at once."""
    wanted = {"forget_history": HOUR, "check_propagation": 1}
    if settings.BACKUP_DIR:
        wanted["back_up"] = settings.BACKUP_MINUTES
    if settings.SLACK_WEBHOOK_URL:
        wanted["tell_slack"] = 1
    with transaction.atomic():
        Bookmark.objects.get_or_create(name="schedules")
        Bookmark.objects.select_for_update().get(name="schedules")
        ours = Schedule.objects.filter(func__startswith=f"{__name__}.")
        ours.exclude(name__in=wanted).delete()
        for name, minutes in wanted.items():
            known = ours.filter(name=name, minutes=minutes)
            if known.count() != 1:
                ours.filter(name=name).delete()
                Schedule.objects.create(
                    name=name, func=f"{__name__}.{name}", schedule_type=Schedule.MINUTES, minutes=minutes
                )


def forget_history() -> str:
    """Retention: the history that is older than AUDIT_RETENTION_DAYS or beyond AUDIT_MAX_ROWS goes, and of the
    deletions all but the newest."""
    now = timezone.now()
    forget_uploads()
    failures, _ = Failure.objects.filter(stopped__lt=now - timedelta(days=FAILURE_DAYS)).delete()
    deletions = DeletedRRset.objects.order_by("-deleted_at", "-pk").values("pk")
    DeletedRRset.objects.filter(pk__in=deletions[DELETIONS:]).delete()
    if settings.AUDIT_MAX_ROWS and (
        beyond := AuditEntry.objects.all().forget_beyond(settings.AUDIT_MAX_ROWS, _is_used())
    ):
        log.warning("%d audit entries beyond AUDIT_MAX_ROWS (%d) forgotten", beyond, settings.AUDIT_MAX_ROWS)
    if not settings.AUDIT_RETENTION_DAYS:
        return f"{failures} failed tasks forgotten; the audit is kept for ever"
    oldest = now - timedelta(days=settings.AUDIT_RETENTION_DAYS)
    entries = AuditEntry.objects.all().forget_before(oldest)
    requests, _ = SyncRequest.objects.filter(done_at__lt=oldest).delete()
    DriftFinding.objects.filter(decided_at__lt=oldest).exclude(status__in=CURRENT_STATUSES).delete()
    outcome = f"{entries} audit entries, {requests} requests and {failures} failed tasks forgotten"
    if entries:
        log.info(outcome)
    return outcome


def _is_used() -> Q:
    """Of an audit entry, whether its name is claimed or published now."""
    models = (ManagedRecord, SourceName, CustomEntry)
    records, mentions, entries = (Exists(model.objects.filter(name=OuterRef("name"))) for model in models)
    return Q(records) | Q(mentions) | Q(entries)


def back_up() -> str:
    """A backup in BACKUP_DIR, complete or not there at all; of those that we made the newest BACKUP_KEEP stay."""
    assert settings.BACKUP_DIR is not None  # or there is no such schedule
    if not (ManagedRecord.objects.exists() or CustomEntry.objects.exists()):
        # An empty file would push out a good one from before a loss of the database.
        Schedule.objects.filter(name="back_up").update(next_run=timezone.now() + FIRST_BACKUP)
        log.info("nothing to back up yet")
        return "nothing to back up yet"
    folder: Path = settings.BACKUP_DIR
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"catalyst-dns-sync-{timezone.now():%Y%m%dT%H%M%SZ}.yaml"
    draft = path.with_suffix(f".{os.getpid()}.part")
    try:
        with open(draft, "x", encoding="utf-8", newline="\n", opener=_open_private) as file:
            file.writelines(write_export("yaml"))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    for old in sorted(folder.glob(BACKUP_PATTERN))[: -settings.BACKUP_KEEP]:
        old.unlink(missing_ok=True)
    log.info("backup written to %s", path)
    return str(path)


def tell_slack() -> str:
    return notify.tell_team(settings.SLACK_WEBHOOK_URL)


def check_propagation() -> str:
    """Keeps what is asked for in step with the records. Often, so that a queue without workers shows within minutes."""
    return match_records(SyncStatus.read())


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
