"""What is remembered of one zone on one target: ownership, states, drift, held deletes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from records import findings
from records.database_errors import translate_errors
from records.models import AuditEntry, DriftFinding, HeldPlan, ManagedRecord, ZoneSerial
from records.rows import change_fact, record_row, take_result, verdict_fact
from syncer.core.claims import Decision, Loser
from syncer.core.plan import Change, Drift, Owned, RecordState
from syncer.core.rrsets import RRset
from syncer.ledger import AppliedChange, HeldDeletes, Key, ObservedRRset
from syncer.targets.base import Outcome

BATCH = 500
"""Keys in one question: SQLite takes 250,000 parameters, PostgreSQL 65,535."""

ROWS = 100
"""Rows in one insert: what a prepared statement holds in memory grows with them, its speed no longer does."""


class DatabaseZoneLedger:
    """``syncer.ledger.ZoneLedger`` on Django's models. ``forget_counts`` is called where the number of records in a
    state may change."""

    def __init__(self, target: str, zone: str, forget_counts: Callable[[], None] = lambda: None) -> None:
        self.target = target
        self.zone = zone
        self._forget_counts = forget_counts

    @property
    def _records(self) -> QuerySet[ManagedRecord]:
        return ManagedRecord.objects.filter(zone=self.zone).order_by()

    @translate_errors
    def is_new(self) -> bool:
        return not any(model.objects.filter(zone=self.zone).exists() for model in (ManagedRecord, AuditEntry))

    @translate_errors
    def names(self) -> list[str]:
        return list(self._records.values_list("name", flat=True).distinct())

    @translate_errors
    def rows(self, names: Collection[str]) -> Mapping[str, Mapping[str, Owned]]:
        fields = ("name", "type", "ttl", "values", "owned", "state", "reason", "origin", "claimants", "losers")
        known: dict[str, dict[str, Owned]] = {}
        rows = self._records.filter(name__in=names).values_list(*fields)
        for name, kind, ttl, values, owned, state, reason, origin, claimants, losers in rows:
            known.setdefault(name, {})[kind] = Owned(
                RRset(name, kind, ttl, tuple(values)),
                owned,
                RecordState(state),
                reason,
                origin,
                tuple(claimants),
                tuple(Loser(loser, why) for loser, why in losers),
            )
        return known

    @translate_errors
    def owned_count(self) -> int:
        return self._records.filter(owned=True).count()

    @translate_errors
    def deleted(self, names: Collection[str]) -> frozenset[Key]:
        # The end of a custom entry is an entry at that name, too: what we did in DNS belongs to a pass.
        entries = AuditEntry.objects.filter(zone=self.zone, name__in=names).exclude(correlation="", action="deleted")
        entries = entries.order_by("id")
        last = {(name, kind): action for name, kind, action in entries.values_list("name", "type", "action")}
        return frozenset(key for key, action in last.items() if action in ("deleted", "gone"))

    @translate_errors
    def claim_changes(self, changes: Iterable[tuple[Decision, Change]]) -> None:
        rows = []
        for decision, change in changes:
            rrset = change.after or (change.before.rrset if change.before else None)
            assert rrset is not None
            reason = f"{change.op.value} under way"
            rows.append(record_row(self.zone, decision, rrset, RecordState.PENDING, reason, owned=True))
        self._forget_counts()
        with transaction.atomic():
            _upsert(rows)

    @translate_errors
    def record_pass(
        self,
        applied: Sequence[AppliedChange],
        observed: Sequence[ObservedRRset],
        correlation: str,
        actor: str,
        serial: int | None = None,
    ) -> None:
        zone = self.zone
        rows: list[ManagedRecord] = []
        gone: list[Key] = []
        audit: list[AuditEntry] = []
        for item in applied:
            change, outcome, reason, _ = item.result
            take_result(zone, item, rows, gone)
            if outcome is Outcome.DONE:
                audit.append(change_fact(zone, item.decision, change, f"{change.op.value}d", "", actor, correlation))
            elif outcome is Outcome.REFUSED:
                failed = change_fact(zone, item.decision, change, "failed", reason, actor, correlation)
                if not _is_said(failed):
                    audit.append(failed)
        for decision, status in observed:
            if status.state is None:
                gone.append((status.rrset.name, status.rrset.type))
                if status.owned:
                    audit.append(verdict_fact(zone, decision, status, "gone", actor, correlation))
                continue
            rows.append(record_row(zone, decision, status.rrset, status.state, status.reason, owned=status.owned))
            if status.state in (RecordState.CONFLICT, RecordState.FOREIGN, RecordState.SKIPPED, RecordState.HELD):
                audit.append(verdict_fact(zone, decision, status, status.state.value, actor, correlation))
        self._forget_counts()
        with transaction.atomic():
            _upsert(rows)
            _delete(zone, gone)
            AuditEntry.objects.bulk_create(audit, batch_size=ROWS)
            if _spend_decisions(zone, rows) or gone:
                _close_finished_plans(zone)
            if applied:
                done = {item.result.change.key for item in applied if item.result.outcome is Outcome.DONE}
                findings.end(zone, done, actor)
            if serial is not None:
                ZoneSerial.objects.bulk_create(
                    [ZoneSerial(zone=zone, serial=serial)],
                    update_conflicts=True,
                    unique_fields=["zone"],
                    update_fields=["serial"],
                )

    @translate_errors
    def left_serial(self) -> int:
        return ZoneSerial.objects.filter(zone=self.zone).values_list("serial", flat=True).first() or 0

    @translate_errors
    def drifting(self) -> Mapping[Key, bool]:
        rows = findings.standing(self.zone).values_list("name", "type", "status")
        return {(name, kind): status == DriftFinding.Status.ACCEPTED for name, kind, status in rows}

    @translate_errors
    def record_drift(
        self, drifts: Sequence[tuple[Decision, Drift]], names: Collection[str] | None, correlation: str
    ) -> list[Drift]:
        return findings.note(self.zone, drifts, names, correlation)

    @translate_errors
    def holds(self) -> HeldDeletes:
        plans = HeldPlan.objects.filter(zone=self.zone, status__in=["open", "approved", "rejected"])
        keys: dict[str, set[Key]] = {"open": set(), "approved": set(), "rejected": set()}
        for plan in plans:
            keys[plan.status].update((name, kind) for name, kind in plan.deletes)
        return HeldDeletes(frozenset(keys["open"]), frozenset(keys["approved"]), frozenset(keys["rejected"]))

    @translate_errors
    def hold_deletes(self, deletes: Collection[Key], reason: str) -> None:
        with transaction.atomic():
            plan = HeldPlan.objects.select_for_update().filter(zone=self.zone, status=HeldPlan.Status.OPEN).first()
            if not deletes:
                if plan is not None:
                    plan.status = HeldPlan.Status.OBSOLETE
                    plan.decided_at = timezone.now()
                    plan.save()
                return
            if plan is not None and not {(name, kind) for name, kind in plan.deletes}.issuperset(deletes):
                # A person may be looking at it right now: an approval must cover no more than what was shown.
                plan.status, plan.decided_at = HeldPlan.Status.OBSOLETE, timezone.now()
                plan.save()
                plan = None
            plan = plan or HeldPlan(zone=self.zone)
            plan.deletes = sorted(list(key) for key in deletes)
            plan.reason = reason or plan.reason
            plan.save()

    @translate_errors
    def release_records(self, names: Collection[str], kind: str, actor: str) -> int:
        self._forget_counts()
        with transaction.atomic():
            rows = self._records.filter(name__in=names, owned=True)
            if kind:
                rows = rows.filter(type=kind)
            released = list(rows)
            AuditEntry.objects.bulk_create(
                AuditEntry(
                    actor=actor,
                    action="released",
                    zone=self.zone,
                    name=row.name,
                    type=row.type,
                    before={"ttl": row.ttl, "values": row.values},
                    source=row.origin,
                )
                for row in released
            )
            rows.delete()
            findings.accept_released(self.zone, released, actor)
        return len(released)


def _upsert(rows: list[ManagedRecord]) -> None:
    fields = ["values", "ttl", "owned", "state", "reason", "origin", "claimants", "losers", "changed_at"]
    ManagedRecord.objects.bulk_create(
        rows,
        batch_size=ROWS,
        update_conflicts=True,
        unique_fields=["zone", "name", "type"],
        update_fields=fields,
    )


def _delete(zone: str, keys: list[Key]) -> None:
    by_type: dict[str, list[str]] = {}
    for name, kind in keys:
        by_type.setdefault(kind, []).append(name)
    for kind, names in by_type.items():
        for start in range(0, len(names), BATCH):
            chunk = names[start : start + BATCH]
            ManagedRecord.objects.filter(zone=zone, type=kind, name__in=chunk).delete()


def _spend_decisions(zone: str, rows: list[ManagedRecord]) -> bool:
    """What is wanted again leaves the plans that a person decided, so that its next delete is asked for anew."""
    wanted = {(row.name, row.type) for row in rows if row.state == RecordState.SYNCED}
    spent = False
    if wanted:
        for plan in HeldPlan.objects.filter(zone=zone, status__in=["approved", "rejected"]):
            left = [[name, kind] for name, kind in plan.deletes if (name, kind) not in wanted]
            if len(left) < len(plan.deletes):
                spent = True
                plan.deletes = left
                plan.status = plan.status if left else HeldPlan.Status.OBSOLETE
                plan.save()
    return spent


def _close_finished_plans(zone: str) -> None:
    for plan in HeldPlan.objects.filter(zone=zone, status=HeldPlan.Status.APPROVED):
        names = {name for name, _ in plan.deletes}
        left = ManagedRecord.objects.filter(zone=zone, name__in=names, owned=True).values_list("name", "type")
        if not {(name, kind) for name, kind in plan.deletes} & set(left):
            plan.status = HeldPlan.Status.DONE
            plan.save()


def _is_said(entry: AuditEntry) -> bool:
    """Whether it is the last that was said of its RRset: a refusal that stands is tried again on each full pass."""
    last = AuditEntry.objects.filter(zone=entry.zone, name=entry.name, type=entry.type).order_by("-id").first()
    return last is not None and (last.action, last.reason, last.after) == (entry.action, entry.reason, entry.after)
