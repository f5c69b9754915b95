"""What an object of the cluster says, as every database takes it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from syncer.core.source import Skip, SkipCause, SourceObject, Want

CONTENT = ("uid", "created", "warnings", "ttl", "priority", "between", "notes", "troubles", "excluded")


class SourceContent(NamedTuple):
    """What a source says, as every database takes it, and the digest of that."""

    source: SourceObject
    wanted: dict[str, Want]
    skipped: dict[str, Skip]
    digest: str

    @property
    def columns(self) -> Iterator[Any]:
        """The values of ``CONTENT``."""
        it = self.source
        yield from (it.uid[:64], it.created[:40], it.warnings, it.ttl, it.priority, it.between)
        yield from (dict(it.notes), it.troubles, it.excluded)


def read_content(source: SourceObject) -> SourceContent:
    text = _spell_content(source)
    if rb"\u0000" in text or not text.isascii():
        source = _make_storable(source)
        text = _spell_content(source)
    wanted = {want.name: want for want in source.wants}
    skipped = {skip.name: skip for skip in source.skipped if skip.name not in wanted}
    return SourceContent(source, wanted, skipped, hashlib.blake2b(text, digest_size=16).hexdigest())


def _spell_content(source: SourceObject) -> bytes:
    content = {
        "uid": source.uid[:64],
        "created": source.created[:40],
        "names": [_list_want(want) for want in source.wants],
        "skipped": source.skipped,
        "warnings": source.warnings,
        "ttl": source.ttl,
        "priority": source.priority,
        "notes": dict(source.notes),
        "troubles": source.troubles,
        "excluded": source.excluded,
    }
    if source.between is not None:  # else as a version wrote it that knew nothing of this
        content["between"] = source.between
    return json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")


def _make_storable(source: SourceObject) -> SourceObject:
    """PostgreSQL takes no NUL and no half of a surrogate pair."""
    texts = ("uid", "created", "wants", "skipped", "warnings", "notes", "troubles", "excluded")
    return replace(source, **{name: _clean_texts(getattr(source, name)) for name in texts})


def _clean_texts(value: Any) -> Any:
    """The same with ``?`` for these, at any depth."""
    match value:
        case SkipCause():
            return value
        case str():
            return value.replace("\0", "?").encode("utf-8", "replace").decode()
        case tuple():
            members = map(_clean_texts, value)
            return value._make(members) if hasattr(value, "_make") else tuple(members)
    return value


def _list_want(want: Want) -> Sequence[Any]:
    """As a version wrote it that refused no target and knew of no records, wherever there are none: then it is not
    written again."""
    if want.records:
        return [*want[:4], want.refused, want.records]
    return [*want[:4], want.refused] if want.refused else want[:4]
