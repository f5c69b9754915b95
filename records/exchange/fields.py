"""Single fields of a backup: what they may hold."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from records.models import CustomEntry
from syncer.core.manifest import clip_text
from syncer.core.origin import Origin

ORIGIN_LIMIT = 600
"""Characters: what the database keeps of a source."""

TEXT_LIMITS: Mapping[str, int] = {
    field.name: field.max_length
    for field in CustomEntry._meta.concrete_fields
    if field.name in ("owner", "description") and field.max_length
}
YEARS = range(1970, 9999)
"""A time at the very ends of the calendar has none in other time zones."""


def read_origin(source: Any) -> str | None:
    """Kind/namespace/name, None for what is no source."""
    if source is None:
        return ""
    if not isinstance(source, dict) or source.keys() - {"kind", "namespace", "name"}:
        return None
    parts = [source.get(key) or "" for key in ("kind", "namespace", "name")]
    if not all(isinstance(part, str) and part.isprintable() for part in parts):
        return None
    origin = str(Origin(*parts)) if any(parts) else ""
    return origin if len(origin) <= ORIGIN_LIMIT else None


def are_texts(values: Any) -> bool:
    return isinstance(values, list) and all(
        isinstance(value, str) and value.isprintable() and len(value) <= ORIGIN_LIMIT for value in values
    )


def check_text(name: str, text: Any) -> str:
    """Why a database does not keep it, or the API would not take it."""
    if not isinstance(text, str):
        return f"{name} is a text, not {clip_text(text)}"
    if len(text) > TEXT_LIMITS[name]:
        return f"{name} has {len(text)} characters: {TEXT_LIMITS[name]} is the most"
    if "\x00" in text or not _is_unicode(text):
        return f"{name} holds a null character or half of a surrogate pair"
    return ""


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def read_moment(text: Any) -> datetime | None:
    """In UTC; raises ``ValueError`` or ``OverflowError`` for what is no time."""
    if text is None:
        return None
    if not isinstance(text, str):
        raise ValueError("no text")
    moment = datetime.fromisoformat(text)
    moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    if moment.year not in YEARS:
        raise ValueError("too far from now")
    return moment
