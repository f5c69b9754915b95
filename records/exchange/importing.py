"""What an import would do, in words, and doing it: all of it in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

from django.db import transaction
from django.utils import timezone

from records.entries import managed_zones
from records.exchange.shape import Backup, BackupError, Entry, Problem, Record
from records.models import AuditEntry, CustomEntry, ManagedRecord, alone_problem
from records.verbs import ENTRY_FIELDS, sync_now
from syncer.core.names import zone_of
from syncer.core.plan import State

T = TypeVar("T")

BATCH = 500
ROWS = 100
REASON = "imported from a backup, and not compared with DNS yet"

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class ImportPlan:
    """``owned`` become ours again in the ledger; what the ledger knows as ours already stays as it is. ``unchanged``
    counts what is as the backup says. Nothing is taken away: what the backup does not name stays."""

    owned: list[Record] = field(default_factory=list)
    created: list[Entry] = field(default_factory=list)
    updated: list[tuple[CustomEntry, Entry]] = field(default_factory=list)
    unchanged: int = 0

    def lines(self) -> Iterator[str]:
        """The difference, for a person."""
        for record in self.owned:
            yield f"= {record.name} {record.ttl} {record.type} {', '.join(record.values)} (ours again, {record.origin})"
        for entry in self.created:
            yield f"+ {_words(entry)}"
        for row, entry in self.updated:
            yield f"~ {_words(entry)} (was: {_words(_as_entry(row))})"

    def summary(self) -> str:
        return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in self.counts().items())

    def counts(self) -> dict[str, int]:
        return {
            "records": len(self.owned),
            "entries_created": len(self.created),
            "entries_updated": len(self.updated),
            "unchanged": self.unchanged,
        }


def plan_import(backup: Backup) -> ImportPlan:
    """Raises ``BackupError`` for an alias beside other entries, some of which may stand in the database."""
    plan = ImportPlan()
    for chunk in _chunks(backup.records):
        rows = ManagedRecord.objects.filter(name__in={record.name for record in chunk}, owned=True).order_by()
        ours = set(rows.values_list("zone", "name", "type"))
        for record in chunk:
            if record[:3] in ours:
                plan.unchanged += 1
            else:
                plan.owned.append(record)
    problems: list[Problem] = []
    for entries in _chunks(backup.entries):
        standing: dict[str, dict[str, CustomEntry]] = {}
        for row in CustomEntry.objects.filter(name__in={entry.name for entry in entries}).order_by():
            standing.setdefault(row.name, {})[row.type] = row
        named = {(entry.name, entry.type) for entry in entries}
        for entry in entries:
            here = standing.get(entry.name, {})
            others = {kind for kind, row in here.items() if row.enabled and (entry.name, kind) not in named}
            if entry.enabled and (problem := alone_problem(entry.type, others)):
                problems.append(Problem(f"the entry {entry.name} {entry.type}", problem))
            known = here.get(entry.type)
            if known is None:
                plan.created.append(entry)
            elif _same(known, entry):
                plan.unchanged += 1
            else:
                plan.updated.append((known, entry))
    if problems:
        raise BackupError(problems[:100], len(problems))
    return plan


def apply_import(plan: ImportPlan, actor: str, progress: Progress = lambda done, total: None) -> dict[str, int]:
    """The counts of what was written. ``progress`` hears (done, total) after each batch; DNS follows within seconds,
    when the syncer has compared."""
    total = len(plan.owned) + len(plan.created) + len(plan.updated)
    done = 0

    def write(items: Sequence[T], writer: Callable[[str, Sequence[T]], Iterable[AuditEntry]]) -> None:
        nonlocal done
        for chunk in _chunks(items):
            AuditEntry.objects.bulk_create(writer(actor, chunk), batch_size=ROWS)
            done += len(chunk)
            progress(done, total)

    with transaction.atomic():
        write(plan.owned, _own)
        write(plan.created, _create)
        write(plan.updated, _update)
        if total:
            AuditEntry.objects.create(actor=actor, action="imported", reason=plan.summary())
            sync_now(actor)
    return plan.counts()


def _own(actor: str, records: Sequence[Record]) -> Iterable[AuditEntry]:
    now = timezone.now()
    rows = [
        ManagedRecord(
            zone=record.zone,
            name=record.name,
            type=record.type,
            values=list(record.values),
            ttl=record.ttl,
            owned=True,
            # Not certain until it has been read: the syncer asks DNS before it believes a word of the backup.
            state=State.PENDING,
            reason=REASON,
            origin=record.origin,
            claimants=list(record.claimants),
            changed_at=now,
        )
        for record in records
    ]
    ManagedRecord.objects.bulk_create(
        rows,
        batch_size=ROWS,
        update_conflicts=True,
        unique_fields=["zone", "name", "type"],
        update_fields=["values", "ttl", "owned", "state", "reason", "origin", "claimants", "changed_at"],
    )
    return (
        AuditEntry(
            actor=actor,
            action="imported",
            zone=record.zone,
            name=record.name,
            type=record.type,
            after={"ttl": record.ttl, "values": list(record.values)},
            source=record.origin,
        )
        for record in records
    )


def _create(actor: str, entries: Sequence[Entry]) -> Iterable[AuditEntry]:
    rows = []
    for entry in entries:
        row = CustomEntry(name=entry.name, type=entry.type)
        _fill(row, entry)
        row.created_at = entry.created or timezone.now()
        rows.append(row)
    made = CustomEntry.objects.bulk_create(rows, batch_size=ROWS)
    return [_fact(actor, "created", row, None) for row in made]


def _update(actor: str, pairs: Sequence[tuple[CustomEntry, Entry]]) -> Iterable[AuditEntry]:
    facts = []
    for row, entry in pairs:
        before = _data(row)
        _fill(row, entry)
        row.created_at = entry.created or row.created_at
        row.updated_at = timezone.now()
        facts.append(_fact(actor, "updated", row, before))
    fields = ["values", "ttl", "mode", "enabled", "owner", "description", "created_at", "updated_at"]
    CustomEntry.objects.bulk_update([row for row, _ in pairs], fields, batch_size=ROWS)
    return facts


def _fill(row: CustomEntry, entry: Entry) -> None:
    row.values, row.ttl, row.mode, row.enabled = list(entry.values), entry.ttl, entry.mode, entry.enabled
    row.owner, row.description = entry.owner, entry.description


def _fact(actor: str, action: str, row: CustomEntry, before: dict[str, Any] | None) -> AuditEntry:
    return AuditEntry(
        actor=actor,
        action=action,
        zone=zone_of(row.name, managed_zones()) or "",
        name=row.name,
        type=row.type,
        before=before,
        after=_data(row),
        source=row.origin,
        reason="imported from a backup",
    )


def _data(row: CustomEntry) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ENTRY_FIELDS}


def _as_entry(row: CustomEntry) -> Entry:
    return Entry(
        row.name,
        row.type,
        tuple(sorted(row.values)),
        row.ttl,
        row.mode,
        row.enabled,
        row.owner,
        row.description,
        row.created_at,
    )


def _same(row: CustomEntry, entry: Entry) -> bool:
    return _as_entry(row) == entry._replace(created=entry.created or row.created_at)


def _words(entry: Entry) -> str:
    what = f"{entry.type} {', '.join(entry.values)} {entry.mode}" if entry.type else entry.mode
    ttl = f" {entry.ttl}" if entry.ttl else ""
    return f"{entry.name}{ttl} {what}{'' if entry.enabled else ', switched off'}"


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, BATCH)):
        yield chunk
