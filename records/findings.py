"""What is known of drift: findings are opened, renewed and ended here, inside the ledger's transactions."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from records.among import at_names
from records.audit import SYNCER, Action, make_row_entry
from records.bulk import insert_rows
from records.limits import KEYS, split_keys
from records.models import CURRENT_STATUSES, AuditEntry, DriftFinding, ManagedRecord
from records.rows import ZoneKey, rrset_data
from syncer.core.claims import Decision
from syncer.core.known import RecordState
from syncer.core.plan import Drift, DriftType, Key

Status = DriftFinding.Status


def current_findings(key: ZoneKey, names: Collection[str] | None = None) -> QuerySet[DriftFinding]:
    """Those at ``names``, None: all of the zone."""
    rows = DriftFinding.objects.filter(**key._asdict(), status__in=CURRENT_STATUSES).order_by()
    return rows if names is None or len(names) > KEYS else rows.filter(at_names(names))


def record_findings(
    key: ZoneKey, drifts: Sequence[tuple[Decision, Drift]], names: Collection[str] | None, correlation: str
) -> list[Drift]:
    """See ``ZoneLedger.record_drift``."""
    known = {row.key: row for row in current_findings(key, names)}
    if not (drifts or known):
        return []
    news: list[tuple[Drift, DriftFinding]] = []
    changed: list[tuple[Drift, DriftFinding]] = []
    for decision, drift in drifts:
        row, old = _make_finding(key, decision, drift), known.pop(drift.key, None)
        if old is None:
            news.append((drift, row))
        elif old.status == Status.ACCEPTED and old.drift_type == row.drift_type == DriftType.UNEXPECTED_RECORD:
            pass  # it was given up, whatever its new owner makes of it
        elif (old.drift_type, old.found) != (row.drift_type, row.found):
            # What was accepted was another drift.
            row.pk, row.found_at = old.pk, timezone.now()
            changed.append((drift, row))
    looked_at = [row for row in known.values() if names is None or row.name in names]
    still = _still_drifting(key, [row.name for row in looked_at])
    over = [row.pk for row in looked_at if row.key not in still]
    entries = [describe_finding(row, SYNCER, Action.DRIFTED, correlation) for _, row in news + changed]
    with transaction.atomic():
        insert_rows(DriftFinding, (row for _, row in news))
        for _, row in changed:
            row.save()
        insert_rows(AuditEntry, entries)
        _end_findings(over, Status.OVER, "")
    return [drift for drift, _ in news + changed]


def end_remediated(key: ZoneKey, keys: Collection[Key], actor: str) -> None:
    """What we have just written is as we want it."""
    rows = current_findings(key, {name for name, _ in keys})
    _end_findings([row.pk for row in rows if row.key in keys], Status.REMEDIATED, actor)


def accept_released(key: ZoneKey, released: Sequence[ManagedRecord], actor: str) -> None:
    """They go on carrying our mark, and that is as it should be."""
    current_findings(key).filter(at_names(row.name for row in released)).delete()
    DriftFinding.objects.bulk_create(
        DriftFinding(
            **key._asdict(),
            name=row.name,
            type=row.type,
            drift_type=DriftType.UNEXPECTED_RECORD,
            status=Status.ACCEPTED,
            found=row.data,
            reason=f"released by {actor}",
            origin=row.origin,
            decided_at=timezone.now(),
            decided_by=actor,
        )
        for row in released
    )


def _still_drifting(key: ZoneKey, names: Sequence[str]) -> set[Key]:
    """Where the record itself says so: the pass did not look there, its remediation is held or under way, or our mark
    is gone and a foreign value is there."""
    states = (RecordState.DRIFTED, RecordState.CONFLICT, RecordState.HELD, RecordState.PENDING, RecordState.FAILED)
    still: set[Key] = set()
    for chunk in split_keys(names):
        rows = ManagedRecord.objects.filter(at_names(chunk), **key._asdict(), state__in=states)
        still.update(rows.order_by().values_list("name", "type"))
    return still


def _end_findings(ids: Collection[int], status: Status, actor: str) -> None:
    if ids:
        ended = DriftFinding.objects.filter(pk__in=ids)
        ended.update(status=status, decided_at=timezone.now(), decided_by=actor)


def _make_finding(key: ZoneKey, decision: Decision, drift: Drift) -> DriftFinding:
    name, kind = drift.key
    return DriftFinding(
        **key._asdict(),
        name=name,
        type=kind,
        drift_type=drift.drift.value,
        expected=drift.expected and rrset_data(drift.expected),
        found=drift.found and rrset_data(drift.found),
        reason=drift.reason,
        origin=decision.origin_of(kind),
    )


def describe_finding(finding: DriftFinding, actor: str, action: AuditEntry.Action, correlation: str = "") -> AuditEntry:
    """The audit entry of what happened to a finding."""
    return make_row_entry(
        finding,
        action,
        actor,
        before=finding.expected,
        after=finding.found,
        reason=finding.reason,
        correlation=correlation,
    )
