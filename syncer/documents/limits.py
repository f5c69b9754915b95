"""What a text may ask of us, and the complaint about one that asks for more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from syncer.redaction import REDACTION

DEPTH_LIMIT = 100
"""Levels of nesting."""
DIGIT_LIMIT = 100
"""Characters of a number: the time that Python needs grows with their square."""

_MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """``size`` counts characters, of the text and of what its aliases expand to. ``nodes`` are all values of a text, a
    key and its value being two: each costs microseconds, and a hundred bytes, however small it is. ``item`` are those
    of one item, where items are handed on and forgotten."""

    size: int = 10 * _MEGABYTE
    nodes: int = 1_000_000
    item: int = 1_000_000
    documents: int = 1_000_000


LIMITS = Limits()


TakeItem = Callable[[str, int, Any], None]
"""Is given the key of a list at the top of a document, where in it an item is, and the item."""


class DocumentError(ValueError):
    """A text that cannot be read. ``reason`` is a sentence part; ``line`` and ``column`` count from 1, and are 0 where
    the place is not known."""

    def __init__(self, reason: str, line: int = 0, column: int = 0) -> None:
        # It may quote a key or an alias, and the text a Secret.
        self.reason, self.line, self.column = REDACTION.redact_text(reason), line, column
        super().__init__(f"line {line}: {self.reason}" if line else self.reason)

    def move_down(self, lines: int) -> DocumentError:
        """The same about a text that has so many more lines before."""
        return DocumentError(self.reason, self.line + lines if self.line else 0, self.column)


class TooManyNodes(DocumentError):
    """Of a text that may be right in all else."""


def decode_text(data: bytes, limits: Limits = LIMITS) -> str:
    """The text of a file, without its byte order mark; raises ``DocumentError``."""
    if len(data) > limits.size:
        raise DocumentError(oversize_reason(limits))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError(f"byte {error.start + 1} is not UTF-8") from error


def check_size(text: str, limits: Limits) -> None:
    if len(text) > limits.size:
        raise DocumentError(oversize_reason(limits))


def oversize_reason(limits: Limits) -> str:
    return f"more than {limits.size // _MEGABYTE} MB of text"
