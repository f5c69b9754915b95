"""The database as text, a few rows at a time: a hundred thousand records are never in memory together."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import yaml
from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from records.entry_targets import match_covering
from records.entry_values import managed_zones
from records.exchange.bind import write_zone_file
from records.exchange.gatus import write_gatus_file
from records.exchange.shape import API_VERSION, CSV_COLUMNS, EACH, FORMS, FORMULA, KIND, TARGET_COLUMN
from records.models import CustomEntry, ManagedRecord
from records.targets import find_servers, list_targets
from syncer.config import Managed
from syncer.core.manifest import clip_text
from syncer.core.origin import Origin

Row = dict[str, Any]

CHUNK = 1000
"""Rows that are fetched together."""
BATCH = 100
"""Rows of YAML that are written together: until then each value of them takes most of a kilobyte."""
WIDTH = 2**31 - 1
"""Characters: no text is broken over lines."""

_DUMPER: Any = type("BackupDumper", (getattr(yaml, "CSafeDumper", yaml.SafeDumper),), {})
# Texts that are none to other readers of YAML than PyYAML, and so must be quoted.
_DUMPER.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"[yYnN]\Z"), [*"yYnN"])
_DUMPER.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"[-+]?0o[0-7]+\Z"), [*"-+0"])
_DUMPER.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9.]+[eE][-+]?[0-9]+\Z"), [*"-+.0123456789"]
)

Rows = Iterator[tuple[str, Iterator[Row]]]
"""Each section with its rows."""
Writer = Callable[[Rows, list[str]], Iterator[str]]
"""Of a file that names these targets; none where there is one."""


def write_export(form: str, records: QuerySet[ManagedRecord] | None = None, target: str = "") -> Iterator[str]:
    """Pieces of text in one of ``FORMS``; with ``records`` only those, and no custom entries. ``target``: only what is
    there. The records are those of the targets of the settings; where there are several, the file names that of each.

    Raises ``ValueError`` for another form or target, for Gatus without a DNS server, and for a zone file of several
    targets.
    """
    targets = list(list_targets())
    if target and target not in targets:
        raise ValueError(f"there is no target {clip_text(target)}: give one of {', '.join(targets)}")
    if form == "bind" and not target and len(targets) > 1:
        raise ValueError(f"a zone file is of one target: give one of {', '.join(targets)}")
    owned = ManagedRecord.objects.filter(owned=True) if records is None else records.filter(owned=True)
    owned = owned.filter(target__in=[target] if target else targets).order_by("zone", "name", "type", "target")
    if form == "bind":
        return write_zone_file(owned.iterator(chunk_size=CHUNK))
    if form == "gatus":
        servers = {name: find_servers(name) for name in ([target] if target else targets)}
        return write_gatus_file(owned.iterator(chunk_size=CHUNK), servers)
    writers: dict[str, Writer] = {"yaml": _write_yaml, "json": _write_json, "csv": _write_csv}
    if form not in writers:
        raise ValueError(f"{form} is no form of export: give {', '.join(FORMS)}")
    entries = CustomEntry.objects.order_by("name", "type", "target")
    entries = entries.filter(match_covering(target)) if target else entries
    entries = entries if records is None else CustomEntry.objects.none()
    names = targets if len(targets) > 1 else []
    rows = ("records", _iterate_records(owned)), ("entries", _iterate_entries(entries))
    return writers[form](iter((name, _name_targets(part, bool(names))) for name, part in rows), names)


def _name_targets(rows: Iterator[Row], are_several: bool) -> Iterator[Row]:
    """Of one target a file names none, so that it fits one of another name."""
    for row in rows:
        target = row.pop("target")
        yield row | {"target": target} if are_several else row


def _iterate_records(records: QuerySet[ManagedRecord]) -> Iterator[Row]:
    for record in records.iterator(chunk_size=CHUNK):
        row: Row = {"hostname": record.name}
        if record.type in ("A", "AAAA") and record.values:
            row["ip"] = record.values[0]  # the first form of the file had this one alone
        yield row | {
            "ttl": record.ttl,
            "type": record.type,
            "values": record.values,
            "zone": record.zone,
            "source": Origin.parse(record.origin)._asdict(),
            "claimants": record.claimants,
            "target": record.target,
        }


def _iterate_entries(entries: QuerySet[CustomEntry]) -> Iterator[Row]:
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
            "target": entry.target or EACH,
        }


def _describe_backup(targets: list[str]) -> Row:
    managed: Managed = settings.MANAGED
    return {
        "ends": True,  # "end: true" closes the file: one that was cut off has none
        "timestamp": timezone.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "zone": managed.scope.zones[0],
        "zones": list(managed_zones() if targets else managed.scope.zones),
        **({"targets": targets} if targets else {}),
        "ownerId": managed.owner_id,
        "version": settings.VERSION,
    }


def _write_yaml(sections: Rows, targets: list[str]) -> Iterator[str]:
    yield _dump_yaml({"apiVersion": API_VERSION, "kind": KIND, "metadata": _describe_backup(targets)})
    for section, rows in sections:
        batch = list(islice(rows, BATCH))
        yield f"{section}:\n" if batch else f"{section}: []\n"
        while batch:
            yield _dump_yaml(batch)
            batch = list(islice(rows, BATCH))
    yield "end: true\n"


def _dump_yaml(value: object) -> str:
    """In blocks, with the innermost lists and objects on one line each. No list is there twice, so there are no
    aliases, which an import refuses."""
    text: str = yaml.dump(
        value, Dumper=_DUMPER, sort_keys=False, allow_unicode=True, default_flow_style=None, width=WIDTH
    )
    return text


def _write_json(sections: Rows, targets: list[str]) -> Iterator[str]:
    yield f'{{"apiVersion": "{API_VERSION}", "kind": "{KIND}",\n"metadata": {json.dumps(_describe_backup(targets))}'
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


def _write_csv(sections: Rows, targets: list[str]) -> Iterator[str]:
    columns = (*CSV_COLUMNS, TARGET_COLUMN) if targets else CSV_COLUMNS
    yield _format_line(columns)
    yield _format_line(["begin", API_VERSION, *[""] * (len(columns) - 2)])
    for section, rows in sections:
        kind = "record" if section == "records" else "entry"
        for row in rows:
            if source := row.get("source"):
                row["source"] = "/".join(source.values())
            yield _format_line([kind, *(_format_cell(row.get(column)) for column in columns[1:])])
    yield _format_line(["end", *[""] * (len(columns) - 1)])


def _format_cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    text = "\n".join(value) if isinstance(value, list) else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def _format_line(cells: Any) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()
