"""What people call a custom entry: by name and type, and not by the key of its row, as claims and reasons do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from records.audit import is_edit
from records.limits import split_keys
from records.models import AuditEntry, CustomEntry
from syncer.core.claims import Mode
from syncer.core.origin import CUSTOM_ENTRY, Origin

MENTION = re.compile(rf"\b{CUSTOM_ENTRY}//([0-9]{{1,18}})\b")

TEXTS = ("origin", "source", "reason", "cause")
"""Fields of rows that may mention an entry."""


def call_entries(texts: Iterable[str]) -> dict[str, str]:
    """By origin how each entry is called that the texts mention: ``custom entry printer.talos00 A``.

    One that was deleted is called as the history calls it, or by its number where that does not reach so far.
    """
    keys = {int(key) for text in texts for key in MENTION.findall(text)}
    found = {
        entry.origin: f"custom entry {entry}"
        for chunk in split_keys(keys)
        for entry in CustomEntry.objects.filter(pk__in=chunk)
    }
    gone = {str(Origin.of_entry(key)): f"custom entry {key}" for key in keys} | found
    missing = gone.keys() - found.keys()
    return gone | {origin: words for chunk in split_keys(missing) for origin, words in _call_deleted(chunk)}


def _call_deleted(origins: Iterable[str]) -> Iterable[tuple[str, str]]:
    """From what people did to them. What a pass did for them may be of another type."""
    edits = AuditEntry.objects.filter(is_edit(), source__in=list(origins))
    for source, name, kind in edits.order_by("id").values_list("source", "name", "type"):
        yield source, f"custom entry {name} {kind or Mode.BLOCK.value}"


def name_entries(text: str, names: Mapping[str, str] | None = None) -> str:
    """The text with each entry called by ``names``; without them the database is asked where it mentions one."""
    if names is None:
        names = call_entries([text])
    return MENTION.sub(lambda match: names.get(match[0], match[0]), text)


def note_entries(rows: Iterable[Any]) -> None:
    """Tell each row, in one question for all, how the entries are called that it mentions."""
    shown = list(rows)
    names = call_entries(text for row in shown for field in TEXTS if isinstance(text := getattr(row, field, ""), str))
    for row in shown:
        row.entry_names = names
