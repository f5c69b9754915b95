"""A backup read and judged as a whole: every problem in it, with its place."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError

from records.entry_values import clean_entry, managed_zones
from records.exchange.fields import TEXT_LIMITS, are_texts, moment_of, origin_of, text_problem
from records.exchange.shape import (
    API_VERSION,
    CSV_COLUMNS,
    IMPORTABLE,
    KIND,
    PROBLEM_LIMIT,
    Backup,
    BackupError,
    Entry,
    Problem,
    Record,
)
from records.exchange.yamltext import read_yaml
from records.models import alone_problem
from syncer.core.claims import Mode
from syncer.core.manifest import shown
from syncer.core.names import value_type, zone_of

SIZE_LIMIT = 100 * 1024 * 1024
"""Characters of a file."""

TOP = frozenset(("apiVersion", "kind", "metadata", "records", "entries", "end"))
RECORD_FIELDS = frozenset(("hostname", "ip", "ttl", "type", "values", "zone", "source", "claimants"))
ENTRY_FIELDS = frozenset(("hostname", "type", "values", "ttl", "mode", "enabled", "owner", "description", "created"))

_is_zone_file = re.compile(r"[;$]|(\S+\s+)?([0-9]+\s+)?IN\s+[A-Z]+\s").match


def read_backup(text: str, form: str = "") -> Backup:
    """``form`` is yaml, json or csv; "" finds out. Raises ``BackupError`` with what is wrong."""
    if len(text) > SIZE_LIMIT:
        raise BackupError([Problem("the file", f"more than {SIZE_LIMIT // 1024**2} MB of text")])
    form = form or _form_of(text)
    if form == "bind":
        raise BackupError([Problem("the file", f"zone files only go out: give {', '.join(IMPORTABLE)}")])
    if form not in IMPORTABLE:
        raise BackupError([Problem("the file", f"{form} cannot be imported: give {', '.join(IMPORTABLE)}")])
    judge = _Judge(managed_zones())
    if form == "csv":
        _read_csv(text, judge)
    else:
        top = _read_json(text, judge) if form == "json" else read_yaml(text, judge.take)
        judge.take_top(top)
    return judge.verdict()


def _form_of(text: str) -> str:
    start = text[:200].lstrip("\ufeff \t\r\n")
    if start.startswith(("{", "[")):
        return "json"
    if _is_zone_file(start):
        return "bind"
    return "csv" if start.startswith(("kind,", '"kind",')) else "yaml"


def _read_json(text: str, judge: _Judge) -> Mapping[str, Any]:
    try:
        top = json.loads(text)
    except json.JSONDecodeError as error:
        raise BackupError([Problem(f"line {error.lineno}", f"no JSON: {error.msg}")]) from error
    except (RecursionError, ValueError) as error:
        raise BackupError([Problem("the file", "nested too deep, or a number too long")]) from error
    if not isinstance(top, dict):
        raise BackupError([Problem("the file", "it is no backup: apiVersion, kind and records are missing")])
    for section in ("records", "entries"):
        if isinstance(top.get(section), list):
            for number, item in enumerate(top.pop(section), 1):
                judge.take(section, f"{section} {number}", item)
            top[section] = ()
    return top


def _read_csv(text: str, judge: _Judge) -> None:
    csv.field_size_limit(SIZE_LIMIT)  # of the whole process: who has many claimants needs it, nobody is hurt by it
    lines = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    is_begun = is_ended = False
    try:
        header = next(lines, [])
        if unknown := [column for column in header if column not in CSV_COLUMNS]:
            judge.complain("line 1", f"column {shown(unknown[0])} is not known: give {', '.join(CSV_COLUMNS)}")
        if "kind" not in header or "hostname" not in header or len(set(header)) < len(header):
            judge.complain("line 1", "the columns kind and hostname must be there, and none twice")
        if judge.problems:
            return
        for cells in lines:
            place = f"line {lines.line_num}"
            if not cells:
                continue
            if is_ended or len(cells) != len(header):
                found = "it stands behind the end" if is_ended else f"it has {len(cells)} of {len(header)} cells"
                judge.complain(place, found)
                continue
            row = {column: cell.removeprefix("'") for column, cell in zip(header, cells, strict=True)}
            match row.pop("kind"):
                case "begin":
                    is_begun = True
                    if row["hostname"] != API_VERSION:
                        judge.complain(place, f"version {shown(row['hostname'])} is not known: {API_VERSION} is")
                case "end":
                    is_ended = True
                case "record":
                    judge.take("records", place, _from_cells(row, RECORD_FIELDS))
                case "entry":
                    judge.take("entries", place, _from_cells(row, ENTRY_FIELDS))
                case other:
                    judge.complain(place, f"kind {shown(other)} is not known: give record or entry")
    except csv.Error as error:
        judge.complain(f"line {lines.line_num}", f"no CSV: {error}")
    if is_begun and not is_ended:
        judge.complain("the file", "its end is missing: it was cut off")


def _from_cells(row: Mapping[str, str], fields: frozenset[str]) -> dict[str, Any]:
    """The cells that say something, in their types; one that does not fit its type stays text, to be complained of."""
    item: dict[str, Any] = {column: cell for column, cell in row.items() if cell or column == "hostname"}
    for column in ("values", "claimants"):
        if column in item:
            item[column] = item[column].split("\n")
    if item.get("ttl", "").isdecimal():
        item["ttl"] = int(item["ttl"][:20])
    if "enabled" in item:
        item["enabled"] = {"true": True, "false": False}.get(item["enabled"].lower(), item["enabled"])
    if "source" in item and item["source"].count("/") >= 2:
        item["source"] = dict(zip(("kind", "namespace", "name"), item["source"].split("/", 2), strict=True))
    return item


class _Judge:
    def __init__(self, zones: Sequence[str]) -> None:
        self.zones = zones
        self.records: dict[tuple[str, str, str], Record] = {}
        self.entries: dict[tuple[str, str], Entry] = {}
        self.problems: list[Problem] = []

    def complain(self, place: str, *reasons: str) -> None:
        """Raises ``BackupError`` when it is enough."""
        self.problems += [Problem(place, reason) for reason in reasons]
        if len(self.problems) >= PROBLEM_LIMIT:
            raise BackupError(self.problems[:PROBLEM_LIMIT], is_cut=True)

    def verdict(self) -> Backup:
        if not self.problems:
            self._check_aliases()
        if self.problems:
            raise BackupError(self.problems)
        return Backup(tuple(self.records.values()), tuple(self.entries.values()))

    def take_top(self, top: Mapping[str, Any]) -> None:
        version, kind = top.get("apiVersion"), top.get("kind")
        if version is None:
            self.complain("apiVersion", f"it is missing: this program reads {API_VERSION}")
        elif version != API_VERSION:
            self.complain("apiVersion", f"{shown(version)} is not known: this program reads {API_VERSION}")
        if kind is None:
            self.complain("kind", f"it is missing: {KIND} is a backup")
        elif kind != KIND:
            self.complain("kind", f"{shown(kind)} is no backup: {KIND} is")
        for key in sorted(top.keys() - TOP):
            self.complain(shown(key), "this field is not known")
        for section in ("records", "entries"):
            if top.get(section, ()) not in ((), None):
                self.complain(section, "it is no list")
        if "records" not in top and "entries" not in top:
            self.complain("the file", "it has neither records nor entries")
        metadata = top.get("metadata")
        if isinstance(metadata, dict) and metadata.get("ends") is True and top.get("end") is not True:
            self.complain("the file", "its end is missing: it was cut off")

    def take(self, section: str, place: str, item: Any) -> None:
        fields = {"records": RECORD_FIELDS, "entries": ENTRY_FIELDS}.get(section)
        if fields is None:
            self.complain(place, f"{shown(section)} is no list of a backup")
        elif not isinstance(item, dict):
            self.complain(place, f"one of the {section} is no object")
        elif unknown := sorted(item.keys() - fields):
            self.complain(place, f"field {shown(unknown[0])} is not known")
        elif section == "records":
            self._take_record(place, item)
        else:
            self._take_entry(place, item)

    def _take_record(self, place: str, item: Mapping[str, Any]) -> None:
        values, kind = item.get("values"), item.get("type")
        ip = item.get("ip")
        if ip is not None and not isinstance(ip, str):
            return self.complain(place, f"ip is an address as a text, not {shown(ip)}")
        if values is None and ip is not None:
            values = [ip]
        if not kind and ip is not None:
            kind = value_type(ip.strip())
        clean = self._clean(place, item, kind, values, item.get("ttl"), Mode.PUBLISH)
        if clean is None:
            return
        if clean.ttl is None:
            return self.complain(place, "a record needs a TTL")
        zone = item.get("zone")
        if zone is None:
            zone = zone_of(clean.name, self.zones) or ""
        if zone not in self.zones or zone_of(clean.name, [zone]) is None:
            return self.complain(place, f"zone {shown(zone)} is not managed here, or {clean.name} is not in it")
        origin, claimants = origin_of(item.get("source")), item.get("claimants")
        if claimants is None:
            claimants = [origin] if origin else []
        if origin is None or not are_texts(claimants):
            return self.complain(place, "its source is kind, namespace and name, and its claimants are texts")
        key = zone, clean.name, clean.type
        if key in self.records:
            return self.complain(place, f"{clean.name} {clean.type} is there twice")
        self.records[key] = Record(*key, clean.values, clean.ttl, origin, tuple(claimants))
        return None

    def _take_entry(self, place: str, item: Mapping[str, Any]) -> None:
        mode = item.get("mode", Mode.PUBLISH)
        clean = self._clean(place, item, item.get("type"), item.get("values"), item.get("ttl"), mode)
        if clean is None:
            return
        enabled = item.get("enabled", True)
        if not isinstance(enabled, bool):
            return self.complain(place, "enabled is true or false")
        owner, text = ("" if item.get(name) is None else item[name] for name in TEXT_LIMITS)
        if problem := text_problem("owner", owner) or text_problem("description", text):
            return self.complain(place, problem)
        try:
            created = moment_of(item.get("created"))
        except (ValueError, OverflowError):
            found = f"created is a time such as 2026-01-01T00:00:00Z, not {shown(item['created'])}"
            return self.complain(place, found)
        key = clean.name, clean.type
        if key in self.entries:
            return self.complain(place, f"the entry {clean.name} {clean.type or clean.mode} is there twice")
        self.entries[key] = Entry(*key, clean.values, clean.ttl, clean.mode, enabled, owner, text, created)
        return None

    def _clean(self, place: str, item: Mapping[str, Any], kind: Any, values: Any, ttl: Any, mode: Any) -> Any:
        name = item.get("hostname")
        kind, values = ("" if kind is None else kind), ([] if values is None else values)
        if not isinstance(name, str) or not isinstance(kind, str) or not isinstance(mode, str):
            self.complain(place, "hostname, type and mode are texts")
            return None
        try:
            return clean_entry(name=name, type=kind, values=values, ttl=ttl, mode=mode, zones=self.zones)
        except ValidationError as error:
            where = f"{place}, {shown(name)}"
            self.complain(where, *(text for texts in error.message_dict.values() for text in texts))
            return None

    def _check_aliases(self) -> None:
        types: dict[str, set[str]] = {}
        for entry in self.entries.values():
            if entry.enabled:
                types.setdefault(entry.name, set()).add(entry.type)
        for name, kinds in types.items():
            if "CNAME" in kinds and (problem := alone_problem("CNAME", kinds)):
                self.complain(f"entries for {name}", problem)
