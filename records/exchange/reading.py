"""A backup read and checked as a whole: every problem in it, with its place."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError

from records.entry_targets import UNSAID, EntryTargets
from records.entry_values import clean_entry, explain_cname, managed_zones
from records.exchange.fields import TEXT_LIMITS, are_texts, check_text, read_moment, read_origin
from records.exchange.shape import (
    API_VERSION,
    BACKUP_LIMITS,
    CSV_COLUMNS,
    EACH,
    IMPORTABLE,
    KIND,
    PROBLEM_LIMIT,
    TARGET_COLUMN,
    Backup,
    BackupEntry,
    BackupError,
    BackupRecord,
    Problem,
)
from syncer.core.claims import Mode
from syncer.core.manifest import clip_text
from syncer.core.names import value_type, zone_of
from syncer.core.origin import Origin
from syncer.documents.jsontext import read_json
from syncer.documents.limits import DocumentError, check_size
from syncer.documents.yamltext import read_plain

SIZE_LIMIT = BACKUP_LIMITS.size
"""Characters of a file."""

TOP = frozenset(("apiVersion", "kind", "metadata", "records", "entries", "end"))
RECORD_FIELDS = frozenset(("hostname", "ip", "ttl", "type", "values", "zone", "source", "claimants", "target"))
ENTRY_FIELDS = frozenset(
    ("hostname", "type", "values", "ttl", "mode", "enabled", "owner", "description", "created", "target")
)

_is_zone_file = re.compile(r"[;$]|(\S+\s+)?([0-9]+\s+)?IN\s+[A-Z]+\s").match


def read_backup(text: str, form: str = "", target: str = "") -> Backup:
    """``form`` is yaml, json or csv; "" finds out. ``target``: of what names none, where it is not to be the first that
    manages the name. Raises ``BackupError`` with what is wrong."""
    form = form or _detect_form(text)
    if form == "bind":
        raise BackupError([Problem("the file", f"zone files can only be exported: give {', '.join(IMPORTABLE)}")])
    if form not in IMPORTABLE:
        raise BackupError([Problem("the file", f"{form} cannot be imported: give {', '.join(IMPORTABLE)}")])
    targets = EntryTargets()
    if target and target not in targets.names:
        raise BackupError([Problem("the target", _explain_unknown(target, targets))])
    reader = _BackupReader(managed_zones(), targets, target)
    try:
        check_size(text, BACKUP_LIMITS)
        if form == "csv":
            _read_csv(text, reader)
        else:
            reader.check_top(_read_json(text, reader) if form == "json" else _read_yaml(text, reader))
    except DocumentError as error:
        raise BackupError.of_document(error) from error
    return reader.finish_backup()


def _detect_form(text: str) -> str:
    start = text[:200].lstrip("\ufeff \t\r\n")
    if start.startswith(("{", "[")):
        return "json"
    if _is_zone_file(start):
        return "bind"
    return "csv" if start.startswith(("kind,", '"kind",')) else "yaml"


def _read_yaml(text: str, reader: _BackupReader) -> Any:
    def read_item(section: str, line: int, item: Any) -> None:
        reader.read_item(section, f"line {line}", item)

    return read_plain(text, BACKUP_LIMITS, read_item)


def _read_json(text: str, reader: _BackupReader) -> Any:
    def read_item(section: str, number: int, item: Any) -> None:
        reader.read_item(section, f"{section} {number}", item)

    return read_json(text, BACKUP_LIMITS, read_item)


def _read_csv(text: str, reader: _BackupReader) -> None:
    csv.field_size_limit(SIZE_LIMIT)  # of the whole process: a record with many claimants needs it, and it harms none
    lines = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    is_begun = is_ended = False
    try:
        header = next(lines, [])
        if unknown := [column for column in header if column not in (*CSV_COLUMNS, TARGET_COLUMN)]:
            reader.add_problems("line 1", f"column {clip_text(unknown[0])} is not known: give {', '.join(CSV_COLUMNS)}")
        if "kind" not in header or "hostname" not in header or len(set(header)) < len(header):
            reader.add_problems("line 1", "the columns kind and hostname must be there, and none twice")
        if reader.problems:
            return
        for cells in lines:
            place = f"line {lines.line_num}"
            if not cells:
                continue
            if is_ended or len(cells) != len(header):
                found = "it is behind the end" if is_ended else f"it has {len(cells)} of {len(header)} cells"
                reader.add_problems(place, found)
                continue
            row = {column: cell.removeprefix("'") for column, cell in zip(header, cells, strict=True)}
            match row.pop("kind"):
                case "begin":
                    is_begun = True
                    if row["hostname"] != API_VERSION:
                        reader.add_problems(
                            place, f"version {clip_text(row['hostname'])} is not known: {API_VERSION} is"
                        )
                case "end":
                    is_ended = True
                case "record":
                    reader.read_item("records", place, _read_cells(row, RECORD_FIELDS))
                case "entry":
                    reader.read_item("entries", place, _read_cells(row, ENTRY_FIELDS))
                case other:
                    reader.add_problems(place, f"kind {clip_text(other)} is not known: give record or entry")
    except csv.Error as error:
        reader.add_problems(f"line {lines.line_num}", f"no CSV: {error}")
    if is_begun and not is_ended:
        reader.add_problems("the file", "its end is missing: it was cut off")


def _read_cells(row: Mapping[str, str], fields: frozenset[str]) -> dict[str, Any]:
    """The cells that are not empty, in their types; what does not fit its type stays text, and is refused later."""
    item: dict[str, Any] = {column: cell for column, cell in row.items() if cell or column == "hostname"}
    for column in ("values", "claimants"):
        if column in item:
            item[column] = item[column].split("\n")
    if item.get("ttl", "").isdecimal():
        item["ttl"] = int(item["ttl"][:20])
    if "enabled" in item:
        item["enabled"] = {"true": True, "false": False}.get(item["enabled"].lower(), item["enabled"])
    if "source" in item and item["source"].count("/") >= 2:
        item["source"] = Origin.parse(item["source"])._asdict()
    return item


class _BackupReader:
    def __init__(self, zones: Sequence[str], targets: EntryTargets, target: str) -> None:
        self.zones = zones
        self.targets = targets
        self.target = target or UNSAID
        self.records: dict[tuple[str, str, str, str], BackupRecord] = {}
        self.entries: dict[tuple[str, str, str], BackupEntry] = {}
        self.problems: list[Problem] = []

    def add_problems(self, place: str, *reasons: str) -> None:
        """Raises ``BackupError`` when they are enough."""
        self.problems += [Problem(place, reason) for reason in reasons]
        if len(self.problems) >= PROBLEM_LIMIT:
            raise BackupError(self.problems[:PROBLEM_LIMIT], is_cut=True)

    def finish_backup(self) -> Backup:
        if not self.problems:
            self._check_aliases()
        if self.problems:
            raise BackupError(self.problems)
        return Backup(tuple(self.records.values()), tuple(self.entries.values()))

    def check_top(self, top: Any) -> None:
        """Check what is beside the lists of records and entries."""
        if top is None:
            raise BackupError([Problem("the file", "it is empty")])
        if not isinstance(top, dict):
            raise BackupError([Problem("the file", "it is no backup: apiVersion, kind and records are missing")])
        version, kind = top.get("apiVersion"), top.get("kind")
        if version is None:
            self.add_problems("apiVersion", f"it is missing: this program reads {API_VERSION}")
        elif version != API_VERSION:
            self.add_problems("apiVersion", f"{clip_text(version)} is not known: this program reads {API_VERSION}")
        if kind is None:
            self.add_problems("kind", f"it is missing: {KIND} is a backup")
        elif kind != KIND:
            self.add_problems("kind", f"{clip_text(kind)} is no backup: {KIND} is")
        for key in sorted(top.keys() - TOP):
            self.add_problems(clip_text(key), "this field is not known")
        for section in ("records", "entries"):
            if top.get(section, ()) not in ((), None):
                self.add_problems(section, "it is no list")
        if "records" not in top and "entries" not in top:
            self.add_problems("the file", "it has neither records nor entries")
        metadata = top.get("metadata")
        if isinstance(metadata, dict) and metadata.get("ends") is True and top.get("end") is not True:
            self.add_problems("the file", "its end is missing: it was cut off")

    def read_item(self, section: str, place: str, item: Any) -> None:
        fields = {"records": RECORD_FIELDS, "entries": ENTRY_FIELDS}.get(section)
        if fields is None:
            self.add_problems(place, f"{clip_text(section)} is no list of a backup")
        elif not isinstance(item, dict):
            self.add_problems(place, f"one of the {section} is no object")
        elif unknown := sorted(item.keys() - fields):
            self.add_problems(place, f"field {clip_text(unknown[0])} is not known")
        elif section == "records":
            self._read_record(place, item)
        else:
            self._read_entry(place, item)

    def _read_record(self, place: str, item: Mapping[str, Any]) -> None:
        values, kind = item.get("values"), item.get("type")
        ip = item.get("ip")
        if ip is not None and not isinstance(ip, str):
            return self.add_problems(place, f"ip is an address as a text, not {clip_text(ip)}")
        if values is None and ip is not None:
            values = [ip]
        if not kind and ip is not None:
            kind = value_type(ip.strip())
        clean = self._clean_item(place, item, kind, values, item.get("ttl"), Mode.PUBLISH)
        if clean is None:
            return
        if clean.ttl is None:
            return self.add_problems(place, "a record needs a TTL")
        target = self._read_target(place, item, clean.name)
        if target is None:
            return None
        target = target or UNSAID
        zones = self.zones if target == UNSAID else self.targets.zones_of(target)
        zone = item.get("zone")
        if zone is None:
            zone = zone_of(clean.name, zones) or ""
        if zone not in zones or zone_of(clean.name, [zone]) is None:
            return self.add_problems(place, f"zone {clip_text(zone)} is not managed here, or {clean.name} is not in it")
        origin, claimants = read_origin(item.get("source")), item.get("claimants")
        if claimants is None:
            claimants = [origin] if origin else []
        if origin is None or not are_texts(claimants):
            return self.add_problems(place, "its source is kind, namespace and name, and its claimants are texts")
        key = zone, clean.name, clean.type
        if (*key, target) in self.records:
            return self.add_problems(place, f"{clean.name} {clean.type} is there twice")
        record = BackupRecord(*key, clean.values, clean.ttl, origin, tuple(claimants), target)
        self.records[*key, target] = record
        return None

    def _read_entry(self, place: str, item: Mapping[str, Any]) -> None:
        mode = item.get("mode", Mode.PUBLISH)
        clean = self._clean_item(place, item, item.get("type"), item.get("values"), item.get("ttl"), mode)
        if clean is None:
            return
        enabled = item.get("enabled", True)
        if not isinstance(enabled, bool):
            return self.add_problems(place, "enabled is true or false")
        owner, text = ("" if item.get(name) is None else item[name] for name in TEXT_LIMITS)
        if problem := check_text("owner", owner) or check_text("description", text):
            return self.add_problems(place, problem)
        try:
            created = read_moment(item.get("created"))
        except (ValueError, OverflowError):
            found = f"created is a time such as 2026-01-01T00:00:00Z, not {clip_text(item['created'])}"
            return self.add_problems(place, found)
        target = self._read_target(place, item, clean.name)
        if target is None:
            return None
        key = clean.name, clean.type
        if (*key, target) in self.entries:
            return self.add_problems(place, f"the entry {clean.name} {clean.type or clean.mode} is there twice")
        self.entries[*key, target] = BackupEntry(
            *key, clean.values, clean.ttl, clean.mode, enabled, owner, text, created, target
        )
        return None

    def _read_target(self, place: str, item: Mapping[str, Any], name: str) -> str | None:
        """``UNSAID`` where neither the file nor the caller says one; None for one that cannot be, which is told."""
        target = item.get("target")
        target = self.target if target in (None, "") else target
        if target in (EACH, UNSAID):
            return "" if target == EACH else UNSAID
        if not isinstance(target, str):
            self.add_problems(place, f"target is a name, not {clip_text(target)}")
        elif target not in self.targets.names:
            self.add_problems(place, _explain_unknown(target, self.targets))
        elif target not in self.targets.list_choices(name):
            self.add_problems(place, f"{name} is not managed on {target}")
        else:
            return target
        return None

    def _clean_item(self, place: str, item: Mapping[str, Any], kind: Any, values: Any, ttl: Any, mode: Any) -> Any:
        name = item.get("hostname")
        kind, values = ("" if kind is None else kind), ([] if values is None else values)
        if not isinstance(name, str) or not isinstance(kind, str) or not isinstance(mode, str):
            self.add_problems(place, "hostname, type and mode are texts")
            return None
        try:
            return clean_entry(name=name, type=kind, values=values, ttl=ttl, mode=mode, zones=self.zones)
        except ValidationError as error:
            where = f"{place}, {clip_text(name)}"
            self.add_problems(where, *(text for texts in error.message_dict.values() for text in texts))
            return None

    def _check_aliases(self) -> None:
        by_name: dict[str, list[BackupEntry]] = {}
        for entry in self.entries.values():
            if entry.enabled:
                by_name.setdefault(entry.name, []).append(entry)
        for name, entries in by_name.items():
            for alias in (entry for entry in entries if entry.type == "CNAME"):
                beside = [
                    entry for entry in entries if entry.target == alias.target or "" in (entry.target, alias.target)
                ]
                if problem := explain_cname("CNAME", [entry.type for entry in beside]):
                    self.add_problems(f"entries for {name}", problem)


def _explain_unknown(target: str, targets: EntryTargets) -> str:
    return f"there is no target {clip_text(target)} here: give one of {', '.join(targets.names)}"
