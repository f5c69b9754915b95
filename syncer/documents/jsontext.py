"""JSON with the limits that YAML has: what is too much is refused before anything of it is built."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from syncer.core.manifest import clip_text
from syncer.documents.limits import (
    DEPTH_LIMIT,
    DIGIT_LIMIT,
    LIMITS,
    DocumentError,
    Limits,
    TakeItem,
    TooManyNodes,
    check_size,
)

# A string without an end reaches to the end of the text, or the search would begin anew at each quote in it.
_find_tokens = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]|[^\s",:\[\]{}]++', re.DOTALL).finditer
_match_blanks = re.compile(r"[ \t\n\r]*+").match


def read_json(text: str, limits: Limits = LIMITS, take_item: TakeItem | None = None) -> Any:
    """Raises ``DocumentError``, also for what is no JSON.

    Each item of a list at the top of the document is handed to ``take_item``, if there is one, with its number, and
    forgotten; the list is ``()`` then.
    """
    check_size(text, limits)
    reader = _JsonReader(text, limits)
    try:
        return reader.read_document(take_item)
    except json.JSONDecodeError as error:
        raise DocumentError(f"no JSON: {error.msg}", error.lineno, error.colno) from error


def unique_fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        known: set[str] = set()
        for key, _ in pairs:
            if key in known:
                raise _describe_repetition(key)
            known.add(key)
    return fields


def _describe_repetition(key: str) -> DocumentError:
    return DocumentError(f"the key {clip_text(key)} is there twice in one object")


def _describe_excess(limit: int) -> str:
    return f"more than {limit:,} nodes of JSON in one item"


def _refuse_constant(name: str) -> NoReturn:
    raise DocumentError(f"{name} is no number of JSON")


_decode = json.JSONDecoder(object_pairs_hook=unique_fields, parse_constant=_refuse_constant).raw_decode


class _JsonReader:
    """Positions are those in the text. Each value is looked through by ``check_value`` before it is built."""

    def __init__(self, text: str, limits: Limits) -> None:
        self.text, self.limits = text, limits
        self.nodes = 0

    def read_document(self, take_item: TakeItem | None) -> Any:
        start = self.skip_blanks(0)
        if take_item is not None and self.text.startswith("{", start):
            value, end = self.read_object(start + 1, take_item)
        else:
            value, end = self.read_value(start)
        end = self.skip_blanks(end)
        if end < len(self.text):
            raise json.JSONDecodeError("Extra data", self.text, end)
        return value

    def read_object(self, position: int, take_item: TakeItem) -> tuple[dict[str, Any], int]:
        """The one at the top, which begins before ``position``."""
        fields: dict[str, Any] = {}
        position = self.skip_blanks(position)
        if self.text.startswith("}", position):
            return fields, position + 1
        while True:
            if not self.text.startswith('"', position):
                raise json.JSONDecodeError("Expecting property name enclosed in double quotes", self.text, position)
            key, position = self.read_value(position)
            if key in fields:
                raise _describe_repetition(key)
            if 2 * len(fields) >= self.limits.item:
                raise self.refuse(position, _describe_excess(self.limits.item), TooManyNodes)
            position = self.skip_blanks(self.skip_mark(":", position))
            if self.text.startswith("[", position):
                fields[key], position = (), self.hand_on(key, position + 1, take_item)
            else:
                fields[key], position = self.read_value(position)
            position = self.skip_blanks(position)
            if self.text.startswith("}", position):
                return fields, position + 1
            position = self.skip_blanks(self.skip_mark(",", position))

    def hand_on(self, key: str, position: int, take_item: TakeItem) -> int:
        """The items of a list that begins before ``position``. Returns where it ends."""
        position = self.skip_blanks(position)
        if self.text.startswith("]", position):
            return position + 1
        number = 0
        while True:
            number += 1
            value, position = self.read_value(position)
            take_item(key, number, value)
            position = self.skip_blanks(position)
            if self.text.startswith("]", position):
                return position + 1
            position = self.skip_blanks(self.skip_mark(",", position))

    def read_value(self, position: int) -> tuple[Any, int]:
        self.check_value(position)
        return _decode(self.text, position)

    def skip_blanks(self, position: int) -> int:
        found = _match_blanks(self.text, position)
        return found.end() if found else position

    def skip_mark(self, mark: str, position: int) -> int:
        position = self.skip_blanks(position)
        if not self.text.startswith(mark, position):
            raise json.JSONDecodeError(f"Expecting '{mark}' delimiter", self.text, position)
        return position + 1

    def check_value(self, position: int) -> None:
        """The value that begins there."""
        depth, begun = 0, self.nodes
        for match in _find_tokens(self.text, position):
            start = match.start()
            first = self.text[start]
            if first in "]}":
                depth -= 1
            else:
                self.nodes += 1
                self.check_nodes(begun, start)
                if first in "[{":
                    depth += 1
                    if depth > DEPTH_LIMIT:
                        raise self.refuse(start, f"nested deeper than {DEPTH_LIMIT} levels")
                elif first in "-0123456789" and match.end() - start > DIGIT_LIMIT:
                    raise self.refuse(start, f"a number of more than {DIGIT_LIMIT} digits")
            if depth <= 0:
                return

    def check_nodes(self, begun: int, position: int) -> None:
        if self.nodes > self.limits.nodes:
            raise self.refuse(position, f"more than {self.limits.nodes:,} nodes of JSON", TooManyNodes)
        if self.nodes - begun > self.limits.item:
            raise self.refuse(position, _describe_excess(self.limits.item), TooManyNodes)

    def refuse(self, position: int, reason: str, kind: type[DocumentError] = DocumentError) -> DocumentError:
        before = self.text.rfind("\n", 0, position)
        return kind(reason, self.text.count("\n", 0, position) + 1, position - before)
