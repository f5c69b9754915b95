"""What an import would do, in words, and doing it: all of it in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

from django.db import connection
from django.utils import timezone

from records.entry_values import managed_zones
from records.exchange.shape import ENTRY_ORIGIN, PROBLEM_LIMIT, Backup, BackupError, Entry, Problem, Record
from records.exchange.storing import store
from records.models import AuditEntry, CustomEntry, ManagedRecord, alone_problem
from records.operations import ENTRY_FIELDS, editing, sync_now
from syncer.core.manifest import shown
from syncer.core.names import zone_of
from syncer.core.plan import RecordState

T = TypeVar("T")

BATCH = 500
REASON = "imported from a backup, and not compared with DNS yet"

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class ImportPlan:
    """``owned`` become ours again in the ledger; what the ledger knows as ours already stays as it is. ``unchanged``
    counts what is as the backup says. Nothing is taken away: what the backup does not name stays."""

    backup: Backup
    owned: list[Record] = field(default_factory=list)
    created: list[Entry] = field(default_factory=list)
    updated: list[tuple[Entry, Entry]] = field(default_factory=list)
    """Each as it stands, and as it will be."""
    unchanged: int = 0

    def compare(self) -> None:
        """Fill the plan by what the database holds now. Raises ``BackupError`` as ``plan_import`` does."""
        self.owned, self.created, self.updated, self.unchanged = [], [], [], 0
        for records in _chunks(self.backup.records):
            rows = ManagedRecord.objects.filter(name__in={record.name for record in records}, owned=True).order_by()
            ours = set(rows.values_list("zone", "name", "type"))
            new = [record for record in records if record[:3] not in ours]
            self.owned += new
            self.unchanged += len(records) - len(new)
        problems: list[Problem] = []
        for entries in _chunks(self.backup.entries):
            self._compare_entries(entries, problems)
            if len(problems) >= PROBLEM_LIMIT:
                raise BackupError(problems[:PROBLEM_LIMIT], is_cut=True)
        if problems:
            raise BackupError(problems)

    def _compare_entries(self, entries: Sequence[Entry], problems: list[Problem]) -> None:
        standing: dict[str, dict[str, Entry]] = {}
        for row in CustomEntry.objects.filter(name__in={entry.name for entry in entries}).order_by():
            standing.setdefault(row.name, {})[row.type] = _as_entry(row)
        named = {(entry.name, entry.type) for entry in entries}
        for entry in entries:
            here = standing.get(entry.name, {})
            others = {kind for kind, known in here.items() if known.enabled and (entry.name, kind) not in named}
            if entry.enabled and (problem := alone_problem(entry.type, others)):
                problems.append(Problem(f"the entry {entry.name} {entry.type}", problem))
            known = here.get(entry.type)
            if known is None:
                self.created.append(entry)
                continue
            entry = entry._replace(created=entry.created or known.created)
            if known == entry:
                self.unchanged += 1
            else:
                self.updated.append((known, entry))

    def lines(self) -> Iterator[str]:
        """The difference, for a person."""
        for record in self.owned:
            what = f"{record.name} {record.ttl} {record.type} {_list(record.values)}"
            origin = "a custom entry" if record.origin.startswith(ENTRY_ORIGIN) else record.origin
            yield f"= {what} (ours again if DNS holds it{', ' if origin else ''}{origin})"
        for entry in self.created:
            yield f"+ {_words(entry)}"
        for before, after in self.updated:
            changed = (name for name in Entry._fields if getattr(before, name) != getattr(after, name))
            said = (f"{name} {_said(getattr(before, name))} -> {_said(getattr(after, name))}" for name in changed)
            yield f"~ {after.name} {after.type or after.mode}: {', '.join(said)}"

    def summary(self) -> str:
        return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in self.counts().items())

    def advice(self) -> str:
        """What the counts do not say, "" for nothing."""
        return "The syncer compares each record with DNS before it is ours again." if self.owned else ""

    def counts(self) -> dict[str, int]:
        return {
            "records": len(self.owned),
            "entries_created": len(self.created),
            "entries_updated": len(self.updated),
            "unchanged": self.unchanged,
        }


def plan_import(backup: Backup) -> ImportPlan:
    """Raises ``BackupError`` for an alias beside other entries, some of which may stand in the database."""
    plan = ImportPlan(backup)
    plan.compare()
    return plan


def apply_import(plan: ImportPlan, actor: str, progress: Progress = lambda done, total: None) -> dict[str, int]:
    """The counts of what was written. ``progress`` hears (done, total) after each batch; DNS follows within seconds,
    when the syncer has compared.

    Others may have written since the plan was made: it is compared again where nobody else can write, and ``plan`` says
    afterwards what was done. Raises ``BackupError``, with nothing written, when that finds a problem.
    """
    done = total = 0

    def write(items: Sequence[T], writer: Callable[[str, Sequence[T]], None]) -> None:
        nonlocal done
        for chunk in _chunks(items):
            writer(actor, chunk)
            done += len(chunk)
            progress(done, total)

    with editing():
        _keep_the_syncer_out()
        plan.compare()
        total = len(plan.owned) + len(plan.created) + len(plan.updated)
        write([(None, entry) for entry in plan.created], _save)
        write(plan.updated, _save)
        write(plan.owned, _own)
        if total:
            AuditEntry.objects.create(actor=actor, action="imported", reason=plan.summary())
            sync_now(actor)
    return plan.counts()


def _keep_the_syncer_out() -> None:
    """What the syncer claims from here on would be overwritten by what it is in the backup."""
    if connection.vendor == "postgresql":  # SQLite's transactions are alone from their beginning
        table = connection.ops.quote_name(ManagedRecord._meta.db_table)
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")


def _save(actor: str, pairs: Sequence[tuple[Entry | None, Entry]]) -> None:
    now, zones = timezone.now(), managed_zones()
    rows = [
        {
            "name": entry.name,
            "type": entry.type,
            **_data(entry),
            "created_at": entry.created or now,
            "updated_at": now,
        }
        for _, entry in pairs
    ]
    store(CustomEntry, rows, key=("name", "type"))
    origins = _origins({entry.name for _, entry in pairs})
    facts = [
        {
            "actor": actor,
            "action": "updated" if before else "created",
            "zone": zone_of(entry.name, zones) or "",
            "name": entry.name,
            "type": entry.type,
            "before": before and _data(before),
            "after": _data(entry),
            "source": origins[entry.name, entry.type],
            "reason": "imported from a backup",
        }
        for before, entry in pairs
    ]
    store(AuditEntry, facts)


def _own(actor: str, records: Sequence[Record]) -> None:
    now = timezone.now()
    origins = _origins({record.name for record in records if _is_of_entry(record)})
    rows, facts = [], []
    for record in records:
        key = {"zone": record.zone, "name": record.name, "type": record.type}
        data = {"ttl": record.ttl, "values": record.values}
        claimants = _named_here(record.claimants, origins.get((record.name, record.type)))
        origin = "".join(_named_here([record.origin], origins.get((record.name, record.type))))
        # Not certain until it has been read: the syncer asks DNS before it believes a word of the backup.
        state = {"owned": True, "state": RecordState.PENDING.value, "reason": REASON, "changed_at": now}
        rows.append({**key, **data, **state, "origin": origin, "claimants": claimants})
        facts.append({**key, "actor": actor, "action": "imported", "after": data, "source": origin})
    store(ManagedRecord, rows, key=("zone", "name", "type"))
    store(AuditEntry, facts)


def _origins(names: Iterable[str]) -> dict[tuple[str, str], str]:
    """Of the custom entries at these names, by name and type."""
    rows = CustomEntry.objects.filter(name__in=set(names)).order_by().only("pk", "name", "type")
    return {(row.name, row.type): row.origin for row in rows}


def _is_of_entry(record: Record) -> bool:
    return any(origin.startswith(ENTRY_ORIGIN) for origin in (record.origin, *record.claimants))


def _named_here(origins: Iterable[str], entry: str | None) -> list[str]:
    """An entry is called by its key, which was another one where the backup was made: ``entry`` is what it is called
    here, None where there is none."""
    return [name for origin in origins if (name := entry if origin.startswith(ENTRY_ORIGIN) else origin)]


def _data(entry: Entry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in ENTRY_FIELDS}


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


def _words(entry: Entry) -> str:
    what = f"{entry.type} {_list(entry.values)} {entry.mode}" if entry.type else entry.mode
    ttl = f" {entry.ttl}" if entry.ttl else ""
    return f"{entry.name}{ttl} {what}{'' if entry.enabled else ', switched off'}"


def _said(value: object) -> str:
    match value:
        case None:
            return "default"
        case bool():
            return str(value).lower()
        case tuple():
            return _list(value)
        case str():
            return f'"{shown(value)}"'
    return str(value)


def _list(values: Sequence[str]) -> str:
    return shown(", ".join(values), 200)


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, BATCH)):
        yield chunk
