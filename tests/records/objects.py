"""Objects of the cluster as the syncer stores them: a row, and one for each name that it mentions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from records.models import Source, SourceName


def make_source(kind: str, namespace: str, name: str, **fields: Any) -> Source:
    """``names`` are [name, [values]], ``skipped`` [name, reason]."""
    source = Source.objects.create(kind=kind, namespace=namespace, name=name, **fields)
    note_mentions(source)
    return source


def note_mentions(source: Source) -> None:
    SourceName.objects.filter(source=source).delete()
    wanted: dict[str, Sequence[str]] = dict(source.names)
    mentions = [SourceName(name=name, values=list(values)) for name, values in wanted.items()]
    mentions += [SourceName(name=name, reason=reason) for name, reason in source.skipped if name not in wanted]
    for position, mention in enumerate(mentions):
        mention.source, mention.position, mention.since = source, position, timezone.now()
    SourceName.objects.bulk_create(mentions)
