"""The words of the audit, in the lists that pages and messages need, and the one way to make an entry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from django.db.models import Q
from django.utils import timezone

from records.bulk import upsert_values
from records.limits import split_rows
from records.models import AuditEntry, DriftFinding, ManagedRecord
from syncer.core.origin import CUSTOM_ENTRY, Origin

Action = AuditEntry.Action

SYNCER = "syncer"
"""The actor of what the syncer does unasked."""

CHANGES = frozenset({Action.CREATED, Action.UPDATED, Action.DELETED, Action.ADOPTED, Action.RELEASED, Action.UNDONE})
"""Something is other than before because we did it: ``before`` and ``after`` are versions that really followed each
other."""

EDITS = (Action.CREATED, Action.UPDATED, Action.DELETED)

TROUBLE = frozenset({Action.FAILED, Action.CONFLICT, Action.DRIFTED, Action.HELD, Action.SKIPPED})
"""A record is not as it should be."""

NEWS = CHANGES | {Action.FAILED, Action.CONFLICT, Action.STALE, Action.TAKEN_OVER}
"""What a team wants to hear of its records."""


REPEAT = timedelta(hours=1)
"""For so long it is told once that a record's deletion is held, where nothing else has happened to it since."""


def edits_entry(entry: AuditEntry) -> bool:
    """Whether a person edited a custom entry then. What that does to DNS, a pass tells of its own."""
    return entry.action in EDITS and not entry.correlation and Origin.parse(entry.source).is_entry


def is_edit() -> Q:
    """``edits_entry`` for a query."""
    return Q(action__in=EDITS, correlation="", source__startswith=f"{CUSTOM_ENTRY}/")


class EntryRow(NamedTuple):
    """An ``AuditEntry`` by its columns: a pass makes many, and an object of the model is slow to make.

    ``type`` is that of the RRset; ``before`` and ``after`` are {"ttl": seconds, "values": [...]}, for a custom entry
    its fields, for held deletes {"deletes": [[name, type], ...]}; ``source`` is Kind/namespace/name; ``correlation``
    names the pass in which it happened."""

    action: str
    actor: str
    target: str = ""
    zone: str = ""
    name: str = ""
    type: str = ""
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    source: str = ""
    reason: str = ""
    correlation: str = ""


def insert_entries(rows: Iterable[EntryRow]) -> None:
    upsert_values(AuditEntry, EntryRow._fields, rows, ())


def leave_out_repeats(rows: Sequence[EntryRow]) -> Sequence[EntryRow]:
    """Without what was told lately: an object that comes and goes, again and again, has its deletes held each time."""
    names = {row.name for row in rows if row.action == Action.HELD}
    if not names:
        return rows
    recent = AuditEntry.objects.filter(at__gte=timezone.now() - REPEAT).order_by("pk")
    latest = {
        (target, zone, name, kind): action
        for part in split_rows(recent.values_list("target", "zone", "name", "type", "action"), names)
        for target, zone, name, kind, action in part.iterator()
    }
    return [
        row
        for row in rows
        if row.action != Action.HELD or latest.get((row.target, row.zone, row.name, row.type)) != Action.HELD
    ]


def make_entry(action: AuditEntry.Action, actor: str, *, kind: str = "", **columns: Any) -> AuditEntry:
    """Not saved yet. ``columns`` as ``EntryRow`` has them; ``kind`` is its type."""
    return AuditEntry(**EntryRow(action, actor, type=kind, **columns)._asdict())


def make_row_entry(row: ManagedRecord | DriftFinding, action: AuditEntry.Action, actor: str, **more: Any) -> AuditEntry:
    """``make_entry`` of the RRset that ``row`` is about."""
    return make_entry(
        action,
        actor,
        target=row.target,
        zone=row.zone,
        name=row.name,
        kind=row.type,
        source=row.origin,
        **more,
    )
