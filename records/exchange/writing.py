"""The database as text, a few rows at a time: a hundred thousand records are never in memory together."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from records.exchange.bind import zone_file
from records.exchange.shape import API_VERSION, CSV_COLUMNS, FORMS, FORMULA, KIND
from records.models import CustomEntry, ManagedRecord
from syncer.config import Managed

Row = dict[str, Any]

CHUNK = 1000

_is_plain = re.compile(r"[A-Za-z*][A-Za-z0-9./_-]*").fullmatch
_is_address = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){3}").fullmatch
_AMBIGUOUS = frozenset(("true", "false", "yes", "no", "on", "off", "null", "y", "n"))
_unsafe = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


Rows = Iterator[tuple[str, Iterator[Row]]]
"""Each section with its rows."""


def export(form: str, records: QuerySet[ManagedRecord] | None = None) -> Iterator[str]:
    """Pieces of text in one of ``FORMS``; with ``records`` only those, and no custom entries.

    Raises ``ValueError`` for another form.
    """
    owned = ManagedRecord.objects.filter(owned=True) if records is None else records.filter(owned=True)
    owned = owned.order_by("zone", "name", "type")
    if form == "bind":
        return zone_file(owned.iterator(chunk_size=CHUNK))
    writers: dict[str, Callable[[Rows], Iterator[str]]] = {"yaml": _yaml, "json": _json, "csv": _csv}
    if form not in writers:
        raise ValueError(f"{form} is no form of export: give {', '.join(FORMS)}")
    entries = CustomEntry.objects.order_by("name", "type") if records is None else CustomEntry.objects.none()
    return writers[form](iter((("records", _records(owned)), ("entries", _entries(entries)))))


def _records(records: QuerySet[ManagedRecord]) -> Iterator[Row]:
    for record in records.iterator(chunk_size=CHUNK):
        kind, _, place = record.origin.partition("/")
        namespace, _, name = place.partition("/")
        row: Row = {"hostname": record.name}
        if record.type in ("A", "AAAA") and record.values:
            row["ip"] = record.values[0]  # the proposal's format has this one alone
        yield row | {
            "ttl": record.ttl,
            "type": record.type,
            "values": record.values,
            "zone": record.zone,
            "source": {"kind": kind, "namespace": namespace, "name": name},
            "claimants": record.claimants,
        }


def _entries(entries: QuerySet[CustomEntry]) -> Iterator[Row]:
    for entry in entries.iterator(chunk_size=CHUNK):
        yield {
            "hostname": entry.name,
            "type": entry.type,
            "values": entry.values,
            "ttl": entry.ttl,
            "mode": entry.mode,
            "enabled": entry.enabled,
            "owner": entry.owner,
            "description": entry.description,
            "created": entry.created_at.isoformat(),
        }


def _metadata() -> Row:
    managed: Managed = settings.MANAGED
    return {
        "ends": True,  # "end: true" closes the file: one that was cut off has none
        "timestamp": timezone.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "zone": managed.scope.zones[0],
        "zones": list(managed.scope.zones),
        "ownerId": managed.owner_id,
        "version": settings.VERSION,
    }


def _yaml(sections: Rows) -> Iterator[str]:
    yield f"apiVersion: {API_VERSION}\nkind: {KIND}\nmetadata:\n"
    yield "".join(_yaml_lines(_metadata(), "  "))
    for section, rows in sections:
        row = next(rows, None)
        yield f"{section}:\n" if row else f"{section}: []\n"
        while row:
            yield "  - " + "".join(_yaml_lines(row, "    "))[4:]
            row = next(rows, None)
    yield "end: true\n"


def _yaml_lines(row: Row, indent: str) -> Iterator[str]:
    for key, value in row.items():
        if isinstance(value, dict):
            yield f"{indent}{key}:\n"
            yield from _yaml_lines(value, indent + "  ")
        elif isinstance(value, list):
            yield f"{indent}{key}: [{', '.join(map(_scalar, value))}]\n"
        else:
            yield f"{indent}{key}: {_scalar(value)}\n"


def _scalar(value: object) -> str:
    """Quoted wherever some reader of YAML might take the text for something else."""
    if not isinstance(value, str):
        return json.dumps(value)
    if _is_address(value) or (_is_plain(value) and "*" not in value and value.lower() not in _AMBIGUOUS):
        return value
    return _unsafe.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))


def _json(sections: Rows) -> Iterator[str]:
    yield f'{{"apiVersion": "{API_VERSION}", "kind": "{KIND}",\n"metadata": {json.dumps(_metadata())}'
    for section, rows in sections:
        separator = f',\n"{section}": ['
        row = next(rows, None)
        if row is None:
            yield separator
        while row:
            yield f"{separator}\n{json.dumps(row)}"
            separator = ","
            row = next(rows, None)
        yield "]"
    yield ',\n"end": true}\n'


def _csv(sections: Rows) -> Iterator[str]:
    yield _csv_line(CSV_COLUMNS)
    yield _csv_line(["begin", API_VERSION, *[""] * (len(CSV_COLUMNS) - 2)])
    for section, rows in sections:
        kind = "record" if section == "records" else "entry"
        for row in rows:
            if source := row.get("source"):
                row["source"] = "/".join(source.values())
            yield _csv_line([kind, *(_cell(row.get(column)) for column in CSV_COLUMNS[1:])])
    yield _csv_line(["end", *[""] * (len(CSV_COLUMNS) - 1)])


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    text = "\n".join(value) if isinstance(value, list) else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def _csv_line(cells: Any) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()
