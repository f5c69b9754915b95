"""The objects of the cluster as rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from records.among import at_names
from records.bulk import upsert_values
from records.glance import Prepared
from records.limits import KEYS, split_keys
from records.mention_rows import save_mentions
from records.models import Source as SourceRow
from records.models import SourceName
from records.source_content import CONTENT, SourceContent, read_content
from syncer.core.source import Ref, SourceObject

NAMES = 5_000
"""Names of objects that are written together, and more only where one object has them."""


def split_sources(
    sources: Mapping[Ref, SourceObject | None],
) -> Iterator[dict[Ref, SourceObject | None]]:
    """As many at a time as go into one question, and of large ones fewer."""
    chunk: dict[Ref, SourceObject | None] = {}
    names = 0
    for ref, source in sources.items():
        chunk[ref] = source
        names += len(source.wants) + len(source.skipped) if source else 1
        if len(chunk) >= KEYS or names >= NAMES:
            yield chunk
            chunk, names = {}, 0
    if chunk:
        yield chunk


def save_chunk(
    target: str,
    sources: Mapping[Ref, SourceObject | None],
    now: datetime,
    writing: Callable[[], AbstractContextManager[None]] = transaction.atomic,
    *,
    is_new_version: bool = False,
) -> set[str]:
    """Write what is new or other than before, and drop what is gone (None); one transaction, which ``writing`` makes.

    Returns the names that were kept for one of them although a trouble hid them, and are not any more.
    ``now`` is the same for all that are saved together: none of them has named a host for longer than the others.
    ``is_new_version``: what differs may differ because our rules do, and not the object.
    """
    known = _find_rows(target, sources)
    contents: dict[Ref, SourceContent] = {}
    for ref, source in sources.items():
        if source is not None:
            content = read_content(source)
            if ref not in known or known[ref].digest != content.digest:
                contents[ref] = content
    gone = [known[ref].pk for ref, source in sources.items() if source is None and ref in known]
    if not contents and not gone:
        return set()
    with writing():
        _write_rows(target, contents, now)
        rows = _find_rows(target, contents)
        saved = {rows[ref].pk: content for ref, content in contents.items()}
        changed = [known[ref].pk for ref in contents if ref in known]
        ended = save_mentions(target, saved, changed, now, is_new_version)
        kept = SourceName.objects.filter(source__in=gone, detached_since__isnull=False)
        ended.update(kept.values_list("name", flat=True))
        SourceRow.objects.filter(pk__in=gone).delete()
    return ended


_NAMESAKES = Prepared(
    lambda target, names: (
        SourceRow.objects.filter(at_names(names), target=target).order_by().values_list("pk", "digest", *Ref._fields)
    )
)


class _KnownSource(NamedTuple):
    pk: int
    digest: str


def _find_rows(target: str, refs: Iterable[Ref]) -> dict[Ref, _KnownSource]:
    """Also those of their namesakes."""
    rows = _NAMESAKES.read_rows(target, {ref.name for ref in refs})
    return {Ref(*place): _KnownSource(pk, digest) for pk, digest, *place in rows}


def _write_rows(target: str, contents: Mapping[Ref, SourceContent], now: datetime) -> None:
    told = (*CONTENT, "digest", "seen_at")
    rows = ((target, *ref, *it.columns, it.digest, now) for ref, it in contents.items())
    upsert_values(SourceRow, ("target", *Ref._fields, *told), rows, told)


def forget_others(target: str, kinds: Collection[tuple[str, str]], known: Collection[Ref]) -> None:
    """Drop the sources of ``kinds`` (group, kind) on the target that are not among ``known``."""
    here, listed = set(known), set(kinds)
    rows = SourceRow.objects.filter(target=target, kind__in={kind for _, kind in listed}).order_by()
    found = ((pk, Ref(*place)) for pk, *place in rows.values_list("pk", *Ref._fields))
    gone = [pk for pk, ref in found if (ref.group, ref.kind) in listed and ref not in here]
    for chunk in split_keys(gone):
        SourceRow.objects.filter(pk__in=chunk).delete()
