"""Whether DNS answers what we wrote: asked once for every record, shortly after it changed."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone

from records.audit import Action, make_row_entry
from records.models import AuditEntry, ManagedRecord, SyncStatus, name_target
from records.resolve import Answer, Query, ask_server
from syncer.core.known import RecordState

log = logging.getLogger(__name__)

NOT_BEFORE = timedelta(seconds=15)
"""Secondaries need a moment."""
NOT_AFTER = timedelta(minutes=5)
"""Twice the schedule, so that a late run misses nothing."""
MOST = 500
PATIENCE = 60.0
"""Seconds for one run."""
ACTOR = "propagation check"


def check_answers(servers: Sequence[str]) -> str:
    """An audit entry for each record that a server does not answer. Names in a hosts file are not asked for, and
    nothing is said of what lies behind a delegation, which no server answers from its zone."""
    status = SyncStatus.objects.first()
    if status is None or not status.writes_dns:
        return "no DNS server is written to"
    now = timezone.now()
    records = list(
        ManagedRecord.objects.filter(
            target=name_target(status),
            owned=True,
            state=RecordState.SYNCED,
            changed_at__gt=now - NOT_AFTER,
            changed_at__lt=now - NOT_BEFORE,
        ).order_by("-changed_at")[:MOST]
    )
    deadline = time.monotonic() + PATIENCE
    asked = 0
    stale: list[AuditEntry] = []
    silent: dict[str, str] = {}
    for record in records:
        if time.monotonic() > deadline:
            break
        asked += 1
        for server in servers:
            if server in silent:
                continue
            answer = ask_server(server, Query(record.name, (record.type,), record.zone))
            if answer.error:
                silent[server] = answer.error
            elif entry := _find_stale(record, server, answer):
                stale.append(entry)
    AuditEntry.objects.bulk_create(stale, batch_size=100)
    for entry in stale:
        log.warning("%s %s: %s", entry.name, entry.type, entry.reason)
    for server, error in silent.items():
        log.warning("DNS server %s: %s", server, error)
    return f"{asked} of {len(records)} changed records asked for, {len(stale)} stale, {len(silent)} servers silent"


def _find_stale(record: ManagedRecord, server: str, answer: Answer) -> AuditEntry | None:
    found = answer.values(record.name, record.type)
    # More than ours is no fault: others may add values of their own.
    if answer.hides(record.name, record.type) or set(record.values) <= found:
        return None
    told = AuditEntry.objects.filter(name=record.name, type=record.type, action=Action.STALE, at__gt=record.changed_at)
    if told.filter(reason__startswith=f"{server} ").exists():
        return None
    said = ", ".join(sorted(found)) or f"nothing ({answer.rcode})"
    return make_row_entry(record, Action.STALE, ACTOR, after=record.data, reason=f"{server} answers {said}")
