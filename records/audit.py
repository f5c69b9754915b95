"""The words of the audit, in the lists that pages and messages need, and the one way to make an entry."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from records.bulk import upsert_values
from records.models import AuditEntry, DriftFinding, ManagedRecord

Action = AuditEntry.Action

SYNCER = "syncer"
"""The actor of what the syncer does unasked."""

CHANGES = frozenset({Action.CREATED, Action.UPDATED, Action.DELETED, Action.ADOPTED, Action.RELEASED, Action.UNDONE})
"""Something is other than before because we did it: ``before`` and ``after`` are versions that really followed each
other."""

TROUBLE = frozenset({Action.FAILED, Action.CONFLICT, Action.DRIFTED, Action.HELD, Action.SKIPPED})
"""A record is not as it should be."""

NEWS = CHANGES | {Action.FAILED, Action.CONFLICT, Action.STALE, Action.TAKEN_OVER}
"""What a team wants to hear of its records."""


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
