"""The objects of the cluster as rows: each with the names that it mentions, and since when it does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from records.limits import KEYS, ROWS
from records.models import Source as SourceRow
from records.models import SourceName
from syncer.core.source import Ref, SourceObject

UPSERT_MENTION = """
    INSERT INTO records_sourcename (source_id, name, position, "values", reason, since, detached_seconds)
    VALUES {rows}
    ON CONFLICT (source_id, name) DO UPDATE
    SET position = excluded.position, "values" = excluded."values", reason = excluded.reason
"""
"""In SQL: a model for each name would make ten thousand objects half as slow again to save; and in one statement
for many, as PostgreSQL answers each."""

MENTION = "(%s, %s, %s, %s, %s, %s, 0)"

CONTENT = ("uid", "created", "warnings", "ttl", "priority", "notes")


class SourceContent(NamedTuple):
    """What a source says, as every database takes it, and the digest of that."""

    columns: dict[str, Any]
    wanted: dict[str, list[str]]
    skipped: dict[str, str]
    digest: str


def read_content(source: SourceObject) -> SourceContent:
    content = {
        "uid": source.uid[:64],
        "created": source.created[:40],
        "names": [[want.name, list(want.values)] for want in source.wants],
        "skipped": [list(skip) for skip in source.skipped],
        "warnings": list(source.warnings),
        "ttl": source.ttl,
        "priority": source.priority,
        "notes": dict(source.notes),
    }
    # PostgreSQL takes no NUL and no half of a surrogate pair.
    text = json.dumps(content, ensure_ascii=False).encode("utf-8", "replace").replace(b"\\u0000", b"?")
    columns = json.loads(text)
    wanted = dict(columns.pop("names"))
    skipped = {name: reason for name, reason in columns.pop("skipped") if name not in wanted}
    return SourceContent(columns, wanted, skipped, hashlib.blake2b(text, digest_size=16).hexdigest())


def save_chunk(sources: Mapping[Ref, SourceObject | None]) -> None:
    """Write what is new or other than before, and drop what is gone (None); one transaction."""
    namesakes = SourceRow.objects.filter(name__in={ref.name for ref in sources}).order_by()
    columns = namesakes.values_list("pk", "digest", "kind", "namespace", "name", "group")
    known = {Ref(*place): (pk, digest) for pk, digest, *place in columns}
    now = timezone.now()
    rows: list[SourceRow] = []
    contents: list[SourceContent] = []
    changed: list[int] = []
    for ref, source in sources.items():
        pk, digest = known.get(ref, (None, ""))
        if source is None or (content := read_content(source)).digest == digest:
            continue
        rows.append(SourceRow(**ref._asdict(), **content.columns, digest=content.digest, seen_at=now))
        contents.append(content)
        changed += [] if pk is None else [pk]
    gone = [known[ref][0] for ref, source in sources.items() if source is None and ref in known]
    if not rows and not gone:
        return
    with transaction.atomic():
        SourceRow.objects.bulk_create(
            rows,
            batch_size=ROWS,
            update_conflicts=True,
            unique_fields=["group", "kind", "namespace", "name"],
            update_fields=[*CONTENT, "digest", "seen_at"],
        )
        _save_mentions(zip(rows, contents, strict=True), changed)
        SourceRow.objects.filter(pk__in=gone).delete()


def forget_others(kinds: Collection[tuple[str, str]], known: Collection[Ref]) -> None:
    """Drop the sources of ``kinds`` (group, kind) that are not among ``known``."""
    of_kinds = Q(pk__in=[])
    for group, kind in kinds:
        of_kinds |= Q(group=group, kind=kind)
    here = set(known)
    rows = SourceRow.objects.filter(of_kinds).order_by().values_list("pk", "kind", "namespace", "name", "group")
    gone = [pk for pk, *place in rows if Ref(*place) not in here]
    for start in range(0, len(gone), KEYS):
        SourceRow.objects.filter(pk__in=gone[start : start + KEYS]).delete()


def _save_mentions(saved: Iterable[tuple[SourceRow, SourceContent]], changed: Collection[int]) -> None:
    """``changed`` are the keys of the sources that had a row. A name that an object goes on naming keeps its times."""
    mentions: list[Sequence[Any]] = []
    named: set[tuple[int, str]] = set()
    for source, content in saved:
        since = connection.ops.adapt_datetimefield_value(source.seen_at)
        wanted = ((name, json.dumps(values), "") for name, values in content.wanted.items())
        skipped = ((name, None, reason) for name, reason in content.skipped.items())
        for position, (name, values, reason) in enumerate(chain(wanted, skipped)):
            mentions.append((source.pk, name, position, values, reason, since))
            named.add((source.pk, name))
    rows = SourceName.objects.filter(source__in=changed).values_list("pk", "source_id", "name")
    dropped = [pk for pk, *mention in rows if tuple(mention) not in named]
    SourceName.objects.filter(pk__in=dropped).delete()
    with connection.cursor() as cursor:
        for start in range(0, len(mentions), ROWS):
            chunk = mentions[start : start + ROWS]
            statement = UPSERT_MENTION.format(rows=", ".join([MENTION] * len(chunk)))
            cursor.execute(statement, list(chain.from_iterable(chunk)))
