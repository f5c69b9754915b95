"""What is remembered of one zone on one target: ownership, states, drift, held deletes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import QuerySet
from django.utils import timezone

from records import zone_queries
from records.among import at_names
from records.audit import SYNCER, Action, insert_entries, leave_out_repeats, make_entry, make_row_entry
from records.bulk import insert_rows, upsert_rows, upsert_values
from records.database_errors import translate_errors
from records.detached_rows import DETACHED, end_detached, forget_detached, forget_refused, note_detached
from records.findings import accept_released, current_findings, end_remediated, record_findings
from records.held_rows import (
    close_finished_plans,
    count_held,
    explain_deletes,
    forget_decisions,
    hold_deletes,
    read_holds,
)
from records.limits import ROWS, split_keys
from records.mention_rows import find_mentions, save_shadows
from records.models import (
    AuditEntry,
    CustomEntry,
    DeletedRRset,
    DriftFinding,
    ManagedRecord,
    ManagedZone,
    Replacement,
)
from records.pass_rows import PassRows
from records.replaced_rows import drop_keeping, find_replaced, undo_replaced
from records.rows import (
    COLUMNS,
    CONTENT,
    RecordRow,
    ZoneKey,
    claim_row,
    deletion_row,
    former_data,
    found_data,
    read_rrset,
    replacement_row,
    spell_value,
    takeover_entries,
)
from syncer.core.claims import Decision, EntrySpec, Mention, Mode
from syncer.core.known import GOING, KnownRRset, Loser, RecordState
from syncer.core.origin import Origin
from syncer.core.plan import Change, Drift, Key, Op
from syncer.core.rrsets import Found, RRset
from syncer.ledger import AppliedChange, Deletion, HeldDeletes, LeftZone, ObservedRRset, Replaced
from syncer.targets.base import Outcome

FEW = 5
"""Up to so many namespaces the database counts by itself, each with a look at all records."""

OTHERS = 1000
"""Foreign wildcards, and delegations, that are remembered of a zone."""


class DatabaseZoneLedger:
    """``syncer.ledger.ZoneLedger`` on Django's models. ``forget_counts`` is called where the number of records in a
    state may change; ``writing`` makes a transaction of the syncer that is at work."""

    def __init__(
        self,
        key: ZoneKey,
        forget_counts: Callable[[], None] = lambda: None,
        writing: Callable[[], AbstractContextManager[None]] = transaction.atomic,
    ) -> None:
        self._key = key
        self._columns = key._asdict()
        self._forget_counts = forget_counts
        self._writing = writing

    @contextmanager
    def _changing_counts(self) -> Iterator[None]:
        """What was counted is old once the transaction is over: before that, others count what was there before."""
        try:
            with self._writing():
                yield
        finally:
            self._forget_counts()

    @translate_errors
    def is_new(self) -> bool:
        zones = zone_queries.ZONES.read_rows(*self._key)
        if any(is_rebuilding for *_, is_rebuilding in zones):
            return True
        return not (zones or zone_queries.RECORDED.has_rows(*self._key))

    @translate_errors
    def names(self) -> list[str]:
        return [name for (name,) in zone_queries.NAMES.read_rows(*self._key)]

    @translate_errors
    def rows(self, names: Collection[str]) -> Mapping[str, Mapping[str, KnownRRset]]:
        known: dict[str, dict[str, KnownRRset]] = {}
        rows = zone_queries.KNOWN.read_rows(names, *self._key)
        for name, kind, ttl, values, owned, state, reason, origin, claimants, losers, former in rows:
            known.setdefault(name, {})[kind] = KnownRRset(
                RRset(name, kind, ttl, tuple(values)),
                owned,
                RecordState(state),
                reason,
                origin,
                tuple(claimants),
                tuple(Loser(loser, why) for loser, why in losers),
                read_rrset(name, kind, former) if former and former["until"] > _an_hour_ago().isoformat() else None,
            )
        return known

    @translate_errors
    def owned_count(self) -> int:
        return self._records().filter(owned=True).count()

    @translate_errors
    def owned_by(self, namespaces: Collection[str]) -> Mapping[str, int]:
        owned = self._records().filter(owned=True)
        if len(namespaces) <= FEW:  # no part of an origin has a slash in it
            return {namespace: owned.filter(origin__contains=f"/{namespace}/").count() for namespace in namespaces}
        counts = Counter(Origin.parse(origin).namespace for origin in owned.values_list("origin", flat=True).iterator())
        return {namespace: counts[namespace] for namespace in namespaces}

    @translate_errors
    def entries(self, names: Collection[str]) -> Mapping[str, list[EntrySpec]]:
        found: dict[str, list[EntrySpec]] = {}
        if not zone_queries.ENTERED.has_rows(self._key.target):
            return found
        for row in self._entries().filter(at_names(names)):
            entry = EntrySpec(
                str(row.pk),
                row.name,
                row.type,
                tuple(sorted({spell_value(row.type, value) for value in row.values})),
                row.ttl,
                Mode(row.mode),
                row.created_at.isoformat(),
            )
            found.setdefault(row.name, []).append(entry)
        return found

    @translate_errors
    def entry_names(self) -> list[str]:
        return [name for (name,) in zone_queries.ENTRY_NAMES.read_rows(self._key.target)]

    @translate_errors
    def mentions(self, names: Collection[str]) -> Mapping[str, Mapping[str, Mention]]:
        return find_mentions(self._key.target, names)

    @translate_errors
    def deleted(self, names: Collection[str]) -> frozenset[Key]:
        return frozenset(zone_queries.DELETED.read_rows(names, *self._key))

    @translate_errors
    def recent_deletions(self, names: Collection[str]) -> Mapping[Key, Deletion]:
        rows = self._recent_deletions().filter(at_names(names)).values_list("name", "type", "data", "origin")
        found = ((name, kind, data, origin) for name, kind, data, origin in rows if data)
        return {(name, kind): Deletion(read_rrset(name, kind, data), origin) for name, kind, data, origin in found}

    @translate_errors
    def recently_deleted(self) -> frozenset[str]:
        return frozenset(self._recent_deletions().values_list("name", flat=True))

    @translate_errors
    def claim_changes(self, changes: Iterable[tuple[Decision, Change]]) -> None:
        now = timezone.now()
        rows, with_former, takeovers = [], [], []
        for decision, change in changes:
            row = claim_row(self._key, decision, change)
            if former := former_data(change):
                with_former.append((*row, now, former))
            else:
                rows.append((*row, now))
            takeovers += takeover_entries(self._key, decision, change.after, SYNCER)
        with self._changing_counts():
            upsert_values(ManagedRecord, COLUMNS, rows, CONTENT)
            upsert_values(ManagedRecord, (*COLUMNS, "former"), with_former, (*CONTENT, "former"))
            insert_entries(takeovers)

    @translate_errors
    def record_pass(
        self,
        applied: Sequence[AppliedChange],
        observed: Sequence[ObservedRRset],
        correlation: str,
        actor: str,
        serial: int | None = None,
        node: str = "",
    ) -> None:
        told = PassRows(self._key, actor, correlation, self._told_refusals(applied))
        causes = explain_deletes(self._key, _list_holders(applied)) if actor == SYNCER else {}
        for item in applied:
            told.add_change(item, causes.get(item.result.change.key, ""))
        told.add_observed(observed)
        done = [item for item in applied if _is_done(item)]
        with self._changing_counts():
            self._save_records(told)
            self._delete_rows(ManagedRecord, told.gone)
            self._note_deletions(told, applied)
            note_detached(self._key.target, told.kept)
            if DETACHED.has_rows(self._key.target):
                forget_refused(self._key.target, {item.result.change.name for item in done if item.result.change.after})
            if told.gone:
                self._forget_kept({name for name, _ in told.gone})
            insert_entries(leave_out_repeats(told.audit))
            Replacement.objects.bulk_create(
                replacement_row(self._key, item.decision, item.result.change, actor)
                for item in done
                if item.result.change.adopts
            )
            if zone_queries.HELD.has_rows(*self._key):
                wanted = {row.key for row in told.records if row.state == RecordState.SYNCED}
                if forget_decisions(self._key, wanted) or told.gone:
                    close_finished_plans(self._key)
            if applied and zone_queries.DRIFTED.has_rows(*self._key):
                end_remediated(self._key, told.made, actor)
            if told.records or told.audit or serial is not None:
                self._note_zone(serial, node)

    def _save_records(self, told: PassRows) -> None:
        now = timezone.now()
        others = [row for row in told.records if row.key not in told.made]
        others += self._confirm_claims([row for row in told.records if row.key in told.made], now)
        values = ((*row, now, told.refusals.get(row.key)) for row in others)
        upsert_values(ManagedRecord, (*COLUMNS, "refusal"), values, (*CONTENT, "refusal"))

    def _confirm_claims(self, rows: Iterable[RecordRow], now: datetime) -> list[RecordRow]:
        """The claims of what was made become what they were for. Returns the rows of those that are not there any
        more: the database may be another one than that of the claims."""
        alike: dict[tuple[str, str, str], list[RecordRow]] = {}
        for row in rows:
            alike.setdefault((row.type, row.state, row.reason), []).append(row)
        missing: list[RecordRow] = []
        for (kind, state, reason), of_kind in alike.items():
            for some in split_keys(of_kind):
                claims = self._records().filter(at_names(row.name for row in some), type=kind)
                found = claims.filter(state=RecordState.PENDING)
                if found.update(state=state, reason=reason, refusal=None, changed_at=now) < len(some):
                    missing += some
        return missing

    def _told_refusals(self, applied: Sequence[AppliedChange]) -> dict[Key, Any]:
        """What was told last of the changes that were not made."""
        keys = [item.result.change.key for item in applied if not _is_done(item)]
        if not keys:
            return {}
        rows = self._records().filter(at_names(name for name, _ in keys), refusal__isnull=False)
        return {(name, kind): refusal for name, kind, refusal in rows.values_list("name", "type", "refusal")}

    @translate_errors
    def left(self) -> LeftZone:
        rows = zone_queries.ZONES.read_rows(*self._key)
        return LeftZone(*rows[0][:3]) if rows else LeftZone()

    @translate_errors
    def note_marks(self, lost: int, actor: str) -> None:
        with self._writing():
            upsert_rows(ManagedZone, [ManagedZone(**self._columns, is_unmarked=lost > 0)], ["is_unmarked"])
            if lost:
                reason = f"{lost} records of ours had lost their marks, all at once: the marks are written again"
                make_entry(Action.MARKED, actor, **self._columns, reason=reason).save()

    @translate_errors
    def note_rebuild(self, *, under_way: bool) -> None:
        with self._writing():
            upsert_rows(ManagedZone, [ManagedZone(**self._columns, is_rebuilding=under_way)], ["is_rebuilding"])

    @translate_errors
    def drifting(self) -> Mapping[Key, bool]:
        if not zone_queries.DRIFTED.has_rows(*self._key):
            return {}
        rows = current_findings(self._key).values_list("name", "type", "status")
        return {(name, kind): status == DriftFinding.Status.ACCEPTED for name, kind, status in rows}

    @translate_errors
    def record_drift(
        self, drifts: Sequence[tuple[Decision, Drift]], names: Collection[str] | None, correlation: str
    ) -> list[Drift]:
        if not (drifts or zone_queries.DRIFTED.has_rows(*self._key)):
            return []
        with self._writing():
            news = record_findings(self._key, drifts, names, correlation)
            if news:
                self._note_zone()
        return news

    @translate_errors
    def save_shadows(self, shadows: Mapping[str, str], manages: Callable[[str], bool]) -> None:
        with self._writing():
            save_shadows(self._key.target, shadows, manages)

    @translate_errors
    def note_rivals(self, rivals: Sequence[Found]) -> None:
        data = {(item.rrset.name, item.rrset.type): found_data(item) for item in rivals}
        for names in split_keys({name for name, _ in data}):
            rows = self._records().filter(at_names(names), owned=False)
            changed = [row for row in rows if row.key in data and row.foreign != data[row.key]]
            for row in changed:
                row.foreign = data[row.key]
            if changed:
                with self._writing():
                    ManagedRecord.objects.bulk_update(changed, ["foreign"], batch_size=ROWS)

    @translate_errors
    def save_others(self, wildcards: Collection[str], delegations: Collection[str]) -> None:
        columns = {"wildcards": sorted(wildcards)[:OTHERS], "delegations": sorted(delegations)[:OTHERS]}
        with self._writing():
            if wildcards or delegations:
                upsert_rows(ManagedZone, [ManagedZone(**self._columns, **columns)], list(columns))
            else:  # of a zone in which nothing is, nothing need be known
                ManagedZone.objects.filter(**self._columns).update(**columns)

    @translate_errors
    def holds(self, names: Collection[str] | None = None) -> HeldDeletes:
        return read_holds(self._key, names) if zone_queries.HELD.has_rows(*self._key) else HeldDeletes()

    @translate_errors
    def count_held(self) -> Mapping[str, int]:
        return count_held(self._key) if zone_queries.HELD.has_rows(*self._key) else {}

    @translate_errors
    def list_namespaces(self, names: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        alike: dict[tuple[str, ...], tuple[str, ...]] = {}
        for some in split_keys(names):
            rows = self._records().filter(at_names(some), owned=True)
            for name, origin in rows.values_list("name", "origin"):
                namespaces = (*found.get(name, ()), Origin.parse(origin).namespace)
                found[name] = alike.setdefault(namespaces, namespaces)
        return found

    @translate_errors
    def hold_deletes(
        self, deletes: Collection[Key], reason: str, names: Collection[str] | None = None, *, are_all: bool = True
    ) -> None:
        with self._writing():
            hold_deletes(self._key, deletes, reason, names, are_all=are_all)

    @translate_errors
    def replacement(self, request_id: int) -> Replaced | None:
        return find_replaced(self._key, request_id)

    @translate_errors
    def record_undo(self, replaced: Replaced, actor: str) -> None:
        with self._changing_counts():
            undo_replaced(self._key, replaced, actor)

    @translate_errors
    def drop_keeping(self, name: str, kind: str, actor: str) -> bool:
        with self._writing():
            return drop_keeping(self._key, name, kind, actor)

    @translate_errors
    def end_keeping(self, names: Collection[str]) -> None:
        with self._writing():
            end_detached(self._key.target, names)

    @translate_errors
    def release_records(self, names: Collection[str], kind: str, actor: str) -> int:
        with self._changing_counts():
            rows = self._records().filter(at_names(names), owned=True)
            if kind:
                rows = rows.filter(type=kind)
            released = list(rows)
            insert_rows(AuditEntry, (make_row_entry(row, Action.RELEASED, actor, before=row.data) for row in released))
            rows.delete()
            if released:
                self._delete_rows(DeletedRRset, [row.key for row in released])
                self._note_zone()
            accept_released(self._key, released, actor)
        return len(released)

    # Rows of this zone

    def _entries(self) -> QuerySet[CustomEntry]:
        return zone_queries.list_entries(self._key.target)

    def _records(self) -> QuerySet[ManagedRecord]:
        return zone_queries.list_records(*self._key)

    def _forget_kept(self, names: set[str]) -> None:
        """Where nothing is published any more, on any target, nothing is kept either."""
        left = ManagedRecord.objects.filter(at_names(names), owned=True).order_by().values_list("name", flat=True)
        forget_detached(self._key.target, names - set(left))

    def _recent_deletions(self) -> QuerySet[DeletedRRset]:
        rows = DeletedRRset.objects.filter(**self._columns, deleted_at__gt=_an_hour_ago(), data__isnull=False)
        return rows.order_by()

    def _note_zone(self, serial: int | None = None, node: str = "") -> None:
        """Something is known of the zone; ``serial`` None leaves serial and node as they are."""
        row = ManagedZone(**self._columns, serial=serial or 0, node=node)
        if serial is None:
            ManagedZone.objects.bulk_create([row], ignore_conflicts=True)
        else:
            upsert_rows(ManagedZone, [row], ["serial", "node"])

    def _note_deletions(self, told: PassRows, applied: Sequence[AppliedChange]) -> None:
        """Of what is asked for again its deletion is not the last that we know."""
        here = {row.key for row in told.records if row.state not in GOING}
        if here and zone_queries.WENT.has_rows(*self._key):
            self._delete_rows(DeletedRRset, here)
        went = {
            (entry.name, entry.type) for entry in told.audit if entry.action in (Action.DELETED, Action.GONE)
        } - here
        ours = {item.result.change.key: item for item in applied if item.result.change.op is Op.DELETE}
        gone = [deletion_row(self._key, name, kind, ours.get((name, kind))) for name, kind in sorted(went)]
        upsert_rows(DeletedRRset, gone, ["deleted_at", "data", "origin"])

    def _delete_rows(self, model: type[models.Model], keys: Iterable[Key]) -> None:
        by_type: dict[str, list[str]] = {}
        for name, kind in keys:
            by_type.setdefault(kind, []).append(name)
        for kind, names in by_type.items():
            for chunk in split_keys(names):
                model._default_manager.filter(at_names(chunk), **self._columns, type=kind).delete()


def _an_hour_ago() -> datetime:
    return timezone.now() - timedelta(hours=1)


def _is_done(item: AppliedChange) -> bool:
    return item.result.outcome is Outcome.DONE


def _list_holders(applied: Sequence[AppliedChange]) -> dict[Key, str]:
    """Whose the RRsets were that are deleted now."""
    deletes = (item for item in applied if item.result.change.op is Op.DELETE and _is_done(item))
    return {item.result.change.key: item.decision.origin_of(item.result.change.key[1]) for item in deletes}
