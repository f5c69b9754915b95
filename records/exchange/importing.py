"""What an import would do, in words, and the import itself: all of it in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from typing import Any, TypeVar

from django.utils import timezone

from records.audit import make_entry, make_row_entry
from records.bulk import insert_rows, upsert_rows
from records.custom_entries import ENTRY_FIELDS
from records.entry_targets import UNSAID, EntryTargets
from records.entry_values import explain_cname, managed_zones
from records.exchange.shape import PROBLEM_LIMIT, Backup, BackupEntry, BackupError, BackupRecord, Problem
from records.limits import ROWS
from records.locks import editing_entries, exclude_writers
from records.models import AuditEntry, CustomEntry, DeletedRRset, ManagedRecord
from records.neighbours import EntryKey, Neighbours
from records.rows import CONTENT
from records.sync_requests import sync_now
from syncer.core.known import RecordState
from syncer.core.manifest import clip_text
from syncer.core.names import zone_of
from syncer.core.origin import Origin

Action = AuditEntry.Action

T = TypeVar("T")

BATCH = 500
REASON = "imported from a backup, and not compared with DNS yet"

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class ImportPlan:
    """``owned`` become ours again in the ledger; what the ledger knows as ours already stays as it is. ``unchanged``
    counts what is as the backup says. Nothing is taken away: what the backup does not name stays."""

    backup: Backup
    owned: list[BackupRecord] = field(default_factory=list)
    created: list[BackupEntry] = field(default_factory=list)
    updated: list[tuple[BackupEntry, BackupEntry]] = field(default_factory=list)
    """Each as it is, and as it will be."""
    unchanged: int = 0
    _targets: EntryTargets = field(default_factory=EntryTargets)

    def compare_database(self) -> None:
        """Fill the plan by what the database holds now. Raises ``BackupError`` as ``plan_import`` does."""
        self.owned, self.created, self.updated, self.unchanged = [], [], [], 0
        self._targets = EntryTargets()
        for records in _split_batches(self._settle_records()):
            names = {record.name for record in records}
            rows = ManagedRecord.objects.filter(name__in=names, owned=True).order_by()
            ours = set(rows.values_list("zone", "name", "type", "target"))
            new = [record for record in records if (*record[:3], record.target) not in ours]
            self.owned += new
            self.unchanged += len(records) - len(new)
        settled = list(self._settle_entries())
        problems = list(islice(self._find_misplaced(settled), PROBLEM_LIMIT))
        for entries in _split_batches(settled):
            self._compare_entries(entries, problems)
            if len(problems) >= PROBLEM_LIMIT:
                raise BackupError(problems[:PROBLEM_LIMIT], is_cut=True)
        if problems:
            raise BackupError(problems)

    def _settle_records(self) -> Iterator[BackupRecord]:
        """What names no target is of the first that has the zone."""
        named = {(*record[:3], record.target) for record in self.backup.records if record.target != UNSAID}
        homes = {zone: target for target in reversed(self._targets.names) for zone in self._targets.zones_of(target)}
        for record in self.backup.records:
            target = homes[record.zone] if record.target == UNSAID else record.target
            if record.target == UNSAID and (*record[:3], target) in named:
                raise BackupError([Problem(f"{record.name} {record.type}", f"it is there twice, once as on {target}")])
            yield record._replace(target=target)

    def _settle_entries(self) -> Iterator[BackupEntry]:
        """What names no target is for that of the only entry that is there, or for the first that manages the name."""
        named = {_key_of(entry) for entry in self.backup.entries}
        is_one = len(self._targets.names) == 1
        for entries in _split_batches(self.backup.entries):
            found: dict[tuple[str, str], list[str]] = {}
            unsaid = {entry.name for entry in entries if is_one or entry.target == UNSAID}
            rows = CustomEntry.objects.filter(name__in=unsaid).order_by().values_list("name", "type", "target")
            for name, kind, target in rows:
                found.setdefault((name, kind), []).append(target)
            for entry in entries:
                there = found.get((entry.name, entry.type), ())
                guessed = there[0] if len(there) == 1 else self._targets.guess(entry.name)
                target = guessed if is_one or entry.target == UNSAID else entry.target
                if target != entry.target and (entry.name, entry.type, target) in named:
                    raise BackupError([Problem(f"the entry {entry.name} {entry.type}", "it is there twice")])
                yield entry._replace(target=target)

    def _find_misplaced(self, entries: Sequence[BackupEntry]) -> Iterator[Problem]:
        """By what is above and below the names, in the backup and in the database."""
        for target in self._targets.names:
            here = [entry for entry in entries if target in self._targets.find_covered(entry.name, entry.target)]
            saved: dict[str, list[str]] = {}
            for entry in here:
                if entry.enabled:
                    saved.setdefault(entry.name, []).append(entry.type)
            replaced = [(entry.name, entry.type, entry.target) for entry in here]
            neighbours = Neighbours(saved, self._targets.zones_of(target), replaced, target)
            for entry in here:
                if entry.enabled and (problem := neighbours.explain(entry.name, entry.type)):
                    yield Problem(f"the entry {entry.name} {entry.type}", problem)

    def _compare_entries(self, entries: Sequence[BackupEntry], problems: list[Problem]) -> None:
        present: dict[str, list[BackupEntry]] = {}
        for row in CustomEntry.objects.filter(name__in={entry.name for entry in entries}).order_by():
            present.setdefault(row.name, []).append(_read_row(row))
        named = {_key_of(entry) for entry in entries}
        for entry in entries:
            covered = self._targets.find_covered(entry.name, entry.target)
            here = [
                known
                for known in present.get(entry.name, ())
                if known.target == entry.target or covered & self._targets.find_covered(known.name, known.target)
            ]
            others = [known.type for known in here if known.enabled and _key_of(known) not in named]
            if entry.enabled and (problem := explain_cname(entry.type, others)):
                problems.append(Problem(f"the entry {entry.name} {entry.type}", problem))
            same = [known for known in here if known.type == entry.type]
            if other := next((known for known in same if known.target != entry.target), None):
                reason = f"there is one for {other.target or 'each target'} already: change or delete that one first"
                problems.append(Problem(f"the entry {entry.name} {entry.type}", reason))
                continue
            known = next(iter(same), None)
            if known is None:
                self.created.append(entry)
                continue
            entry = entry._replace(created=entry.created or known.created)
            if known == entry:
                self.unchanged += 1
            else:
                self.updated.append((known, entry))

    def list_changes(self) -> Iterator[str]:
        """The difference, for a person."""
        for record in self.owned:
            what = f"{record.name} {record.ttl} {record.type} {_join_values(record.values)}"
            origin = "a custom entry" if Origin.parse(record.origin).is_entry else record.origin
            what += self._name_place(record.target)
            yield f"= {what} (ours again if DNS holds it{', ' if origin else ''}{origin})"
        for entry in self.created:
            yield f"+ {_describe_entry(entry)}{self._name_place(entry.target)}"
        for before, after in self.updated:
            changed = (name for name in BackupEntry._fields if getattr(before, name) != getattr(after, name))
            said = (f"{name} {_describe_change(getattr(before, name), getattr(after, name))}" for name in changed)
            yield f"~ {after.name} {after.type or after.mode}{self._name_place(after.target)}: {', '.join(said)}"

    def _name_place(self, target: str) -> str:
        return f" on {target or 'each target'}" if len(self._targets.names) > 1 else ""

    @property
    def digest(self) -> str:
        """Another one where it would do something else."""
        return sha256("\n".join(self.list_changes()).encode()).hexdigest()

    @property
    def summary(self) -> str:
        counts = self.count_changes()
        nouns = {"records": "record", "entries_created": "entry", "entries_updated": "entry"}
        words = [f"{counts[key]} {_count_word(counts[key], noun)}" for key, noun in nouns.items()]
        return f"{words[0]}, {words[1]} created, {words[2]} updated, {counts['unchanged']} unchanged"

    @property
    def advice(self) -> str:
        """What the counts do not say, "" for nothing."""
        return "The syncer compares each record with DNS before it is ours again." if self.owned else ""

    def count_changes(self) -> dict[str, int]:
        return {
            "records": len(self.owned),
            "entries_created": len(self.created),
            "entries_updated": len(self.updated),
            "unchanged": self.unchanged,
        }


def plan_import(backup: Backup) -> ImportPlan:
    """Raises ``BackupError`` for an alias beside other entries, in the backup or in the database."""
    plan = ImportPlan(backup)
    plan.compare_database()
    return plan


def apply_import(plan: ImportPlan, actor: str, progress: Progress = lambda done, total: None) -> dict[str, int]:
    """The counts of what was written. ``progress`` hears (done, total) after each batch; DNS follows within seconds,
    when the syncer has compared.

    Others may have written since the plan was made: it is compared again where no one else can write, and ``plan`` says
    afterwards what was done. Raises ``BackupError``, with nothing written, when that finds a problem.
    """
    done = total = 0

    def write_batches(items: Sequence[T], write_batch: Callable[[str, Sequence[T]], None]) -> None:
        nonlocal done
        for batch in _split_batches(items):
            write_batch(actor, batch)
            done += len(batch)
            progress(done, total)

    with editing_entries():
        exclude_writers(ManagedRecord)  # what the syncer claims from here on would be overwritten by the backup
        plan.compare_database()
        total = len(plan.owned) + len(plan.created) + len(plan.updated)
        write_batches([(None, entry) for entry in plan.created], _save_entries)
        write_batches(plan.updated, _save_entries)
        write_batches(plan.owned, _own_records)
        if total:
            make_entry(Action.IMPORTED, actor, reason=plan.summary).save()
            sync_now(actor)
    return plan.count_changes()


def _save_entries(actor: str, pairs: Sequence[tuple[BackupEntry | None, BackupEntry]]) -> None:
    now, zones = timezone.now(), managed_zones()
    rows = CustomEntry.objects.bulk_create(
        [
            CustomEntry(
                target=entry.target,
                name=entry.name,
                type=entry.type,
                created_at=entry.created or now,
                **_pick_fields(entry),
            )
            for _, entry in pairs
        ],
        batch_size=ROWS,
        update_conflicts=True,
        unique_fields=["name", "type", "target"],
        update_fields=[*ENTRY_FIELDS, "created_at", "updated_at"],
    )
    audit = [
        make_entry(
            Action.UPDATED if before else Action.CREATED,
            actor,
            target=row.target,
            zone=zone_of(row.name, zones) or "",
            name=row.name,
            kind=row.type,
            before=before and _pick_fields(before),
            after=_pick_fields(entry),
            source=row.origin,
            reason="imported from a backup",
        )
        for row, (before, entry) in zip(rows, pairs, strict=True)
    ]
    insert_rows(AuditEntry, audit)


def _own_records(actor: str, records: Sequence[BackupRecord]) -> None:
    now = timezone.now()
    origins = _find_origins({record.name for record in records if _is_of_entry(record)})
    rows, audit = [], []
    for record in records:
        entry = origins.get((*record[1:3], record.target)) or origins.get((*record[1:3], ""))
        row = ManagedRecord(
            target=record.target,
            zone=record.zone,
            name=record.name,
            type=record.type,
            values=list(record.values),
            ttl=record.ttl,
            owned=True,
            # Not certain until it has been read: the syncer compares it with DNS before it takes the record for ours.
            state=RecordState.PENDING.value,
            reason=REASON,
            origin="".join(_rename_entries([record.origin], entry)),
            claimants=_rename_entries(record.claimants, entry),
            created_at=now,
            changed_at=now,
        )
        rows.append(row)
        audit.append(make_row_entry(row, Action.IMPORTED, actor, after=row.data))
    upsert_rows(ManagedRecord, rows, CONTENT)
    _forget_deletions(rows)
    insert_rows(AuditEntry, audit)


def _forget_deletions(rows: Sequence[ManagedRecord]) -> None:
    """Of what is ours again its deletion is not the last that we know."""
    ours = {(row.target, row.zone, *row.key) for row in rows}
    deletions = DeletedRRset.objects.filter(name__in={row.name for row in rows})
    gone = [row.pk for row in deletions if (row.target, row.zone, row.name, row.type) in ours]
    DeletedRRset.objects.filter(pk__in=gone).delete()


def _find_origins(names: Iterable[str]) -> dict[EntryKey, str]:
    """Of the custom entries at these names."""
    rows = CustomEntry.objects.filter(name__in=set(names)).order_by().only("pk", "name", "type", "target")
    return {(row.name, row.type, row.target): row.origin for row in rows}


def _is_of_entry(record: BackupRecord) -> bool:
    return any(Origin.parse(origin).is_entry for origin in (record.origin, *record.claimants))


def _rename_entries(origins: Iterable[str], entry: str | None) -> list[str]:
    """An entry is called by its key, which was another one where the backup was made: ``entry`` is what it is called
    here, None where there is none."""
    return [name for origin in origins if (name := entry if Origin.parse(origin).is_entry else origin)]


def _pick_fields(entry: BackupEntry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in ENTRY_FIELDS}


def _read_row(row: CustomEntry) -> BackupEntry:
    return BackupEntry(
        row.name,
        row.type,
        tuple(sorted(row.values)),
        row.ttl,
        row.mode,
        row.enabled,
        row.owner,
        row.description,
        row.created_at,
        row.target,
    )


def _key_of(entry: BackupEntry) -> EntryKey:
    return entry.name, entry.type, entry.target


def _describe_entry(entry: BackupEntry) -> str:
    what = f"{entry.type} {_join_values(entry.values)} {entry.mode}" if entry.type else entry.mode
    ttl = f" {entry.ttl}" if entry.ttl else ""
    return f"{entry.name}{ttl} {what}{'' if entry.enabled else ', switched off'}"


def _describe_change(before: object, after: object) -> str:
    return f"{_format_field(before)} -> {_format_field(after)}"


def _format_field(value: object) -> str:
    match value:
        case None:
            return "default"
        case bool():
            return str(value).lower()
        case tuple():
            return _join_values(value)
        case str():
            return f'"{clip_text(value)}"'
    return str(value)


def _join_values(values: Sequence[str]) -> str:
    return clip_text(", ".join(values), 200)


def _split_batches(items: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, BATCH)):
        yield chunk


def _count_word(count: int, noun: str) -> str:
    return noun if count == 1 else f"{noun.removesuffix('y')}ies" if noun.endswith("y") else f"{noun}s"
