"""The objects of the cluster as rows: each with the names that it mentions, and since when it does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from records.models import Source as SourceRow
from records.models import SourceName
from syncer.core.source import Ref, Source

BATCH = 500
"""Keys in one question: SQLite takes 250,000 parameters, PostgreSQL 65,535."""

ROWS = 100
"""Rows in one insert: what a prepared statement holds in memory grows with them, its speed no longer does."""

CONTENT = ("uid", "created", "names", "skipped", "warnings", "ttl", "priority", "notes")


class SourceRows(NamedTuple):
    """A source as the database keeps it: ``mentions`` lack the key of the source and the time."""

    source: SourceRow
    mentions: list[SourceName]


def source_rows(source: Source) -> SourceRows:
    ref = source.ref
    content: dict[str, Any] = {
        "uid": source.uid[:64],
        "created": source.created[:40],
        "names": [[want.name, list(want.values)] for want in source.wants],
        "skipped": [list(skip) for skip in source.skipped],
        "warnings": list(source.warnings),
        "ttl": source.ttl,
        "priority": source.priority,
        "notes": dict(source.notes),
    }
    content, digest = _make_storable(content)
    wanted: dict[str, list[str]] = dict(content["names"])
    skipped: dict[str, str] = {name: reason for name, reason in content["skipped"] if name not in wanted}
    mentions = [SourceName(name=name, values=values) for name, values in wanted.items()]
    mentions += [SourceName(name=name, reason=reason) for name, reason in skipped.items()]
    for position, mention in enumerate(mentions):
        mention.position = position
    row = SourceRow(
        group=ref.group,
        kind=ref.kind,
        namespace=ref.namespace,
        name=ref.name,
        digest=digest,
        seen_at=timezone.now(),
        **content,
    )
    return SourceRows(row, mentions)


def _make_storable(content: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """What every database takes (PostgreSQL no NUL and no half of a surrogate pair), and its digest."""
    text = json.dumps(content, ensure_ascii=False).encode("utf-8", "replace").replace(b"\\u0000", b"?")
    return json.loads(text), hashlib.blake2b(text, digest_size=16).hexdigest()


def save_chunk(sources: Mapping[Ref, Source | None]) -> None:
    """Write what is new or other than before, and drop what is gone (None); one transaction."""
    namesakes = SourceRow.objects.filter(name__in={ref.name for ref in sources}).order_by()
    columns = namesakes.values_list("pk", "digest", "kind", "namespace", "name", "group")
    known = {Ref(*place): (pk, digest) for pk, digest, *place in columns}
    rows: list[SourceRows] = []
    changed: list[int] = []
    for ref, source in sources.items():
        pk, digest = known.get(ref, (None, ""))
        if source is not None and (found := source_rows(source)).source.digest != digest:
            rows.append(found)
            changed += [pk] if pk is not None else []
    gone = [known[ref][0] for ref, source in sources.items() if source is None and ref in known]
    if not rows and not gone:
        return
    with transaction.atomic():
        SourceRow.objects.bulk_create(
            [row.source for row in rows],
            batch_size=ROWS,
            update_conflicts=True,
            unique_fields=["group", "kind", "namespace", "name"],
            update_fields=[*CONTENT, "digest", "seen_at"],
        )
        _save_mentions(rows, changed)
        SourceRow.objects.filter(pk__in=gone).delete()


def forget_others(kinds: Collection[tuple[str, str]], known: Collection[Ref]) -> None:
    """Drop the sources of ``kinds`` (group, kind) that are not among ``known``."""
    of_kinds = Q(pk__in=[])
    for group, kind in kinds:
        of_kinds |= Q(group=group, kind=kind)
    here = set(known)
    rows = SourceRow.objects.filter(of_kinds).order_by().values_list("pk", "kind", "namespace", "name", "group")
    gone = [pk for pk, *place in rows if Ref(*place) not in here]
    for start in range(0, len(gone), BATCH):
        SourceRow.objects.filter(pk__in=gone[start : start + BATCH]).delete()


def _save_mentions(rows: Sequence[SourceRows], changed: Collection[int]) -> None:
    """``changed`` are the keys of the sources that had a row. A name that an object goes on naming keeps its times."""
    known: dict[int, dict[str, SourceName]] = {}
    for old in SourceName.objects.filter(source__in=changed):
        known.setdefault(old.source_id, {})[old.name] = old
    renewed: list[int] = []
    new: list[SourceName] = []
    for source, mentions in rows:
        before = known.get(source.pk, {})
        if before and list(map(_content_of, before.values())) == list(map(_content_of, mentions)):
            continue
        renewed += [source.pk] if before else []
        for mention in mentions:
            mention.source_id = source.pk
            mention.since = source.seen_at
            if was := before.get(mention.name):
                mention.since = was.since
                mention.detached_since, mention.detached_seconds = was.detached_since, was.detached_seconds
        new += mentions
    SourceName.objects.filter(source__in=renewed).delete()
    SourceName.objects.bulk_create(new, batch_size=ROWS)


def _content_of(mention: SourceName) -> tuple[object, ...]:
    return mention.name, mention.values, mention.reason
