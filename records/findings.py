"""What is known of drift: findings are opened, renewed and ended here, inside the ledger's transactions."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from records.models import STANDING, AuditEntry, DriftFinding, ManagedRecord
from records.rows import data_of
from syncer.core.claims import Decision
from syncer.core.plan import Drift, DriftType, RecordState
from syncer.ledger import Key

BATCH = 100
"""Rows in one insert."""

MANY = 500
"""Names in one question."""

Status = DriftFinding.Status


def standing(zone: str, names: Collection[str] | None = None) -> QuerySet[DriftFinding]:
    """Those at ``names``, None: all of the zone."""
    rows = DriftFinding.objects.filter(zone=zone, status__in=STANDING).order_by()
    return rows if names is None or len(names) > MANY else rows.filter(name__in=names)


def note(
    zone: str, drifts: Sequence[tuple[Decision, Drift]], names: Collection[str] | None, correlation: str
) -> list[Drift]:
    """See ``Ledger.drift``."""
    known = {(row.name, row.type): row for row in standing(zone, names)}
    if not (drifts or known):
        return []
    news: list[tuple[Drift, DriftFinding]] = []
    changed: list[tuple[Drift, DriftFinding]] = []
    for decision, drift in drifts:
        row, old = _row(zone, decision, drift), known.pop(drift.key, None)
        if old is None:
            news.append((drift, row))
        elif old.status == Status.ACCEPTED and old.drift_type == row.drift_type == DriftType.UNEXPECTED_RECORD:
            pass  # it was given up, whatever its new owner makes of it
        elif (old.drift_type, old.found) != (row.drift_type, row.found):
            # What was accepted was another state of things.
            row.pk, row.found_at = old.pk, timezone.now()
            changed.append((drift, row))
    looked_at = [row for row in known.values() if names is None or row.name in names]
    still = _still_drifting(zone, [row.name for row in looked_at])
    over = [row.pk for row in looked_at if (row.name, row.type) not in still]
    facts = [drift_fact(row, "syncer", "drifted", correlation) for _, row in news + changed]
    with transaction.atomic():
        DriftFinding.objects.bulk_create([row for _, row in news], batch_size=BATCH)
        for _, row in changed:
            row.save()
        AuditEntry.objects.bulk_create(facts, batch_size=BATCH)
        _end(over, Status.OVER, "")
    return [drift for drift, _ in news + changed]


def end(zone: str, keys: Collection[Key], actor: str) -> None:
    """What we have just written is as we want it."""
    rows = standing(zone, {name for name, _ in keys})
    _end([row.pk for row in rows if (row.name, row.type) in keys], Status.HEALED, actor)


def accept_released(zone: str, released: Sequence[ManagedRecord], actor: str) -> None:
    """They go on carrying our mark, and that is as it should be."""
    standing(zone).filter(name__in=[row.name for row in released]).delete()
    DriftFinding.objects.bulk_create(
        DriftFinding(
            zone=zone,
            name=row.name,
            type=row.type,
            drift_type=DriftType.UNEXPECTED_RECORD,
            status=Status.ACCEPTED,
            found={"ttl": row.ttl, "values": row.values},
            reason=f"released by {actor}",
            origin=row.origin,
            decided_at=timezone.now(),
            decided_by=actor,
        )
        for row in released
    )


def _still_drifting(zone: str, names: Sequence[str]) -> set[Key]:
    """Where the record itself says so: the pass did not look there, what would put it right is held or under way, or
    our mark is gone and somebody else's value stands."""
    states = (RecordState.DRIFTED, RecordState.CONFLICT, RecordState.HELD, RecordState.PENDING, RecordState.FAILED)
    still: set[Key] = set()
    for start in range(0, len(names), MANY):
        rows = ManagedRecord.objects.filter(zone=zone, name__in=names[start : start + MANY], state__in=states)
        still.update(rows.order_by().values_list("name", "type"))
    return still


def _end(ids: Collection[int], status: Status, actor: str) -> None:
    if ids:
        ended = DriftFinding.objects.filter(pk__in=ids)
        ended.update(status=status, decided_at=timezone.now(), decided_by=actor)


def _row(zone: str, decision: Decision, drift: Drift) -> DriftFinding:
    name, kind = drift.key
    return DriftFinding(
        zone=zone,
        name=name,
        type=kind,
        drift_type=drift.drift.value,
        expected=drift.expected and data_of(drift.expected),
        found=drift.found and data_of(drift.found),
        reason=drift.reason,
        origin=decision.origin_of(kind),
    )


def drift_fact(finding: DriftFinding, actor: str, action: str, correlation: str = "") -> AuditEntry:
    return AuditEntry(
        actor=actor,
        action=action,
        zone=finding.zone,
        name=finding.name,
        type=finding.type,
        before=finding.expected,
        after=finding.found,
        source=finding.origin,
        reason=finding.reason,
        correlation=correlation,
    )
