"""The one writer of what a sync did: ownership, results and audit. Reads custom entries and requests."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import ParamSpec, TypeVar

from django.db import DatabaseError, close_old_connections, connection, transaction
from django.db.models import Count, Q
from django.utils import timezone

from records import findings
from records.database_errors import advise, describe_error
from records.models import (
    AuditEntry,
    CustomEntry,
    DriftFinding,
    HeldPlan,
    ManagedRecord,
    SyncRequest,
    SyncStatus,
    ZoneSerial,
)
from records.models import Source as SourceRow
from records.rows import (
    change_fact,
    record_row,
    source_row,
    spelled,
    take_result,
    verdict_fact,
)
from syncer.core.claims import Decision, EntrySpec, Loser, Mode
from syncer.core.names import NAME_LIMIT
from syncer.core.plan import Change, Drift, Owned, RecordState
from syncer.core.rrsets import RRset
from syncer.core.source import Ref, Source
from syncer.ledger import AppliedChange, HeldDeletes, Key, LedgerError, ObservedRRset, Request, SyncerStatus
from syncer.targets.base import Outcome

P = ParamSpec("P")
T = TypeVar("T")

BATCH = 500
"""Keys in one question: SQLite takes 250,000 parameters, PostgreSQL 65,535."""

ROWS = 100
"""Rows in one insert: what a prepared statement holds in memory grows with them, its speed no longer does."""

SOURCE_CONTENT = ("uid", "created", "names", "skipped", "warnings", "ttl", "priority", "notes")


def in_words(method: Callable[P, T]) -> Callable[P, T]:
    """Turn what the database throws into a LedgerError that says what to do; the next call gets a new connection."""

    @functools.wraps(method)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except DatabaseError as error:
            close_old_connections()
            raise LedgerError(advise(error) or f"the database refuses: {describe_error(error)}") from error

    return wrapper


class DatabaseLedger:
    """``syncer.ledger.Ledger`` on Django's models; works the same on SQLite and PostgreSQL."""

    def __init__(self) -> None:
        self._file: tuple[int, int] | None = None
        self._counts: dict[tuple[str, str], int] | None = None
        """None: rows were written since they were counted."""

    def _leave_lost_file(self) -> None:
        """SQLite goes on writing to a file that was removed or replaced, where nobody would read it any more."""
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
                f"the database {path} is gone ({error.strerror}): put it back, or run 'catalyst-dns-sync migrate' for a"
                " new one, to which the marks on the DNS server bring back what is ours"
            ) from error
        if self._file not in (None, (status.st_dev, status.st_ino)):
            connection.close()
            self._counts = None
        self._file = status.st_dev, status.st_ino

    @in_words
    def is_empty(self, zone: str) -> bool:
        return not any(model.objects.filter(zone=zone).exists() for model in (ManagedRecord, AuditEntry))

    @in_words
    def names(self, zone: str) -> list[str]:
        return list(ManagedRecord.objects.filter(zone=zone).order_by().values_list("name", flat=True).distinct())

    @in_words
    def rows(self, zone: str, names: Collection[str]) -> Mapping[str, Mapping[str, Owned]]:
        fields = ("name", "type", "ttl", "values", "owned", "state", "reason", "origin", "claimants", "losers")
        known: dict[str, dict[str, Owned]] = {}
        rows = ManagedRecord.objects.filter(zone=zone, name__in=names).order_by().values_list(*fields)
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

    @in_words
    def owned_count(self, zone: str) -> int:
        return ManagedRecord.objects.filter(zone=zone, owned=True).count()

    @in_words
    def deleted(self, zone: str, names: Collection[str]) -> frozenset[Key]:
        # The end of a custom entry is a fact of that name, too: what we did in DNS belongs to a pass.
        entries = AuditEntry.objects.filter(zone=zone, name__in=names).exclude(correlation="", action="deleted")
        entries = entries.order_by("id")
        last = {(name, kind): action for name, kind, action in entries.values_list("name", "type", "action")}
        return frozenset(key for key, action in last.items() if action in ("deleted", "gone"))

    @in_words
    def counts(self) -> Mapping[tuple[str, str], int]:
        if self._counts is None:
            rows = ManagedRecord.objects.order_by().values_list("zone", "state").annotate(number=Count("pk"))
            self._counts = {(zone, state): number for zone, state, number in rows}
        return self._counts

    @in_words
    def entries(self, names: Collection[str]) -> Mapping[str, list[EntrySpec]]:
        found: dict[str, list[EntrySpec]] = {}
        for row in CustomEntry.objects.filter(enabled=True, name__in=names):
            entry = EntrySpec(
                str(row.pk),
                row.name,
                row.type,
                tuple(sorted({spelled(row.type, value) for value in row.values})),
                row.ttl,
                Mode(row.mode),
                row.created_at.isoformat(),
            )
            found.setdefault(row.name, []).append(entry)
        return found

    @in_words
    def entry_names(self) -> list[str]:
        return list(CustomEntry.objects.filter(enabled=True).order_by().values_list("name", flat=True))

    @in_words
    def claim(self, zone: str, changes: Iterable[tuple[Decision, Change]], correlation: str) -> None:
        rows = []
        for decision, change in changes:
            rrset = change.after or (change.before.rrset if change.before else None)
            assert rrset is not None
            reason = f"{change.op.value} under way"
            rows.append(record_row(zone, decision, rrset, RecordState.PENDING, reason, owned=True))
        self._counts = None
        with transaction.atomic():
            _upsert(rows)

    @in_words
    def record(
        self,
        zone: str,
        done: Sequence[AppliedChange],
        stands: Sequence[ObservedRRset],
        correlation: str,
        actor: str,
        serial: int | None = None,
    ) -> None:
        rows: list[ManagedRecord] = []
        gone: list[Key] = []
        audit: list[AuditEntry] = []
        for item in done:
            change, outcome, reason, _ = item.result
            take_result(zone, item, rows, gone)
            if outcome is Outcome.DONE:
                audit.append(change_fact(zone, item.decision, change, f"{change.op.value}d", "", actor, correlation))
            elif outcome is Outcome.REFUSED:
                failed = change_fact(zone, item.decision, change, "failed", reason, actor, correlation)
                if not _is_said(failed):
                    audit.append(failed)
        for decision, verdict in stands:
            if verdict.state is None:
                gone.append((verdict.rrset.name, verdict.rrset.type))
                if verdict.owned:
                    audit.append(verdict_fact(zone, decision, verdict, "gone", actor, correlation))
                continue
            rows.append(record_row(zone, decision, verdict.rrset, verdict.state, verdict.reason, owned=verdict.owned))
            if verdict.state in (RecordState.CONFLICT, RecordState.FOREIGN, RecordState.SKIPPED, RecordState.HELD):
                audit.append(verdict_fact(zone, decision, verdict, verdict.state.value, actor, correlation))
        self._counts = None
        with transaction.atomic():
            _upsert(rows)
            _delete(zone, gone)
            AuditEntry.objects.bulk_create(audit, batch_size=ROWS)
            if _spend_decisions(zone, rows) or gone:
                _close_finished_plans(zone)
            if done:
                findings.end(
                    zone, {item.result.change.key for item in done if item.result.outcome is Outcome.DONE}, actor
                )
            if serial is not None:
                ZoneSerial.objects.bulk_create(
                    [ZoneSerial(zone=zone, serial=serial)],
                    update_conflicts=True,
                    unique_fields=["zone"],
                    update_fields=["serial"],
                )

    @in_words
    def left_serial(self, zone: str) -> int:
        return ZoneSerial.objects.filter(zone=zone).values_list("serial", flat=True).first() or 0

    @in_words
    def drifting(self, zone: str) -> Mapping[Key, bool]:
        standing = findings.standing(zone).values_list("name", "type", "status")
        return {(name, kind): status == DriftFinding.Status.ACCEPTED for name, kind, status in standing}

    @in_words
    def drift(
        self, zone: str, drifts: Sequence[tuple[Decision, Drift]], names: Collection[str] | None, correlation: str
    ) -> list[Drift]:
        return findings.note(zone, drifts, names, correlation)

    @in_words
    def holds(self, zone: str) -> HeldDeletes:
        plans = HeldPlan.objects.filter(zone=zone, status__in=["open", "approved", "rejected"])
        keys: dict[str, set[Key]] = {"open": set(), "approved": set(), "rejected": set()}
        for plan in plans:
            keys[plan.status].update((name, kind) for name, kind in plan.deletes)
        return HeldDeletes(frozenset(keys["open"]), frozenset(keys["approved"]), frozenset(keys["rejected"]))

    @in_words
    def hold(self, zone: str, deletes: Collection[Key], reason: str) -> None:
        with transaction.atomic():
            plan = HeldPlan.objects.select_for_update().filter(zone=zone, status=HeldPlan.Status.OPEN).first()
            if not deletes:
                if plan is not None:
                    plan.status = HeldPlan.Status.OBSOLETE
                    plan.decided_at = timezone.now()
                    plan.save()
                return
            if plan is not None and not {(name, kind) for name, kind in plan.deletes}.issuperset(deletes):
                # Whoever looked at it has not seen these: what he approves must not grow behind his back.
                plan.status, plan.decided_at = HeldPlan.Status.OBSOLETE, timezone.now()
                plan.save()
                plan = None
            plan = plan or HeldPlan(zone=zone)
            plan.deletes = sorted(list(key) for key in deletes)
            plan.reason = reason or plan.reason
            plan.save()

    @in_words
    def release(self, zone: str, names: Collection[str], kind: str, actor: str) -> int:
        self._counts = None
        with transaction.atomic():
            rows = ManagedRecord.objects.filter(zone=zone, name__in=names, owned=True)
            if kind:
                rows = rows.filter(type=kind)
            released = list(rows)
            AuditEntry.objects.bulk_create(
                AuditEntry(
                    actor=actor,
                    action="released",
                    zone=zone,
                    name=row.name,
                    type=row.type,
                    before={"ttl": row.ttl, "values": row.values},
                    source=row.origin,
                )
                for row in released
            )
            rows.delete()
            findings.accept_released(zone, released, actor)
        return len(released)

    @in_words
    def save_sources(self, sources: Mapping[Ref, Source | None]) -> None:
        refs = [ref for ref in sources if all(len(part) <= NAME_LIMIT and "\0" not in part for part in ref)]
        for start in range(0, len(refs), BATCH):
            chunk = refs[start : start + BATCH]
            namesakes = SourceRow.objects.filter(name__in={ref.name for ref in chunk}).order_by()
            columns = namesakes.values_list("kind", "namespace", "name", "group", "digest")
            known = {Ref(*place): digest for *place, digest in columns}
            rows = []
            for ref in chunk:
                source = sources[ref]
                if source is not None and (row := source_row(source)).digest != known.get(ref):
                    rows.append(row)
            gone = [ref for ref in chunk if sources[ref] is None and ref in known]
            if not rows and not gone:
                continue
            with transaction.atomic():
                SourceRow.objects.bulk_create(
                    rows,
                    batch_size=ROWS,
                    update_conflicts=True,
                    unique_fields=["group", "kind", "namespace", "name"],
                    update_fields=[*SOURCE_CONTENT, "digest", "seen_at"],
                )
                for ref in gone:
                    SourceRow.objects.filter(
                        group=ref.group, kind=ref.kind, namespace=ref.namespace, name=ref.name
                    ).delete()

    @in_words
    def forget_sources(self, kinds: Collection[tuple[str, str]], known: Collection[Ref]) -> None:
        of_kinds = Q(pk__in=[])
        for group, kind in kinds:
            of_kinds |= Q(group=group, kind=kind)
        here = set(known)
        gone = [
            pk
            for pk, group, kind, namespace, name in SourceRow.objects.filter(of_kinds)
            .order_by()
            .values_list("pk", "group", "kind", "namespace", "name")
            if Ref(kind, namespace, name, group) not in here
        ]
        for start in range(0, len(gone), BATCH):
            SourceRow.objects.filter(pk__in=gone[start : start + BATCH]).delete()

    @in_words
    def requests(self) -> list[Request]:
        waiting = SyncRequest.objects.filter(done_at=None).order_by("id")
        return [Request(row.pk, row.action, row.zone, row.name, row.type, row.requested_by) for row in waiting[:BATCH]]

    @in_words
    def decide_hold(self, request: Request, approve: bool) -> int:
        plans = HeldPlan.objects.filter(status=HeldPlan.Status.OPEN)
        plan_id = SyncRequest.objects.values_list("plan_id", flat=True).get(pk=request.id) if request.id else None
        if plan_id is not None:
            plans = plans.filter(pk=plan_id)
        if request.zone:
            plans = plans.filter(zone=request.zone)
        status = HeldPlan.Status.APPROVED if approve else HeldPlan.Status.REJECTED
        count = 0
        with transaction.atomic():
            for plan in plans.select_for_update():
                plan.status, plan.decided_at, plan.decided_by = status, timezone.now(), request.actor
                plan.save()
                count += len(plan.deletes)
                AuditEntry.objects.create(
                    actor=request.actor,
                    action=status.value,
                    zone=plan.zone,
                    reason=f"{len(plan.deletes)} held deletes",
                    before={"deletes": plan.deletes},
                )
        return count

    @in_words
    def answer(self, outcomes: Mapping[int, str]) -> None:
        by_text: dict[str, list[int]] = {}
        for key, text in outcomes.items():
            by_text.setdefault(text, []).append(key)
        with transaction.atomic():
            for text, keys in by_text.items():
                SyncRequest.objects.filter(pk__in=keys).update(done_at=timezone.now(), outcome=text)

    @in_words
    def save_status(self, status: SyncerStatus) -> None:
        self._leave_lost_file()
        SyncStatus.objects.update_or_create(
            pk=1,
            defaults={
                "holder": status.holder,
                "started_at": status.started_at,
                "heartbeat_at": status.heartbeat_at,
                "last_pass_at": status.last_pass_at,
                "next_pass_at": status.next_pass_at,
                "last_change_at": status.last_change_at,
                "queue": status.queue,
                "target": status.target,
                "target_problem": status.target_problem,
                "kinds": [
                    {
                        "group": item.kind.group,
                        "kind": item.kind.kind,
                        "state": item.state.value,
                        "reason": item.reason,
                        "objects": item.objects,
                    }
                    for item in status.kinds
                ],
                "zones": dict(status.zones),
            },
        )


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
    """What is wanted again leaves the plans that somebody decided, so that its next delete is asked for anew."""
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
