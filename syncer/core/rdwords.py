"""The words of a record value as a zone file has them (RFC 1035 section 5.1): plain, in quotes, with escapes."""

from __future__ import annotations

import re

from syncer.core.manifest import clip_text

NUMBER_LIMIT = 65535
"""Of two bytes."""

STRING_LIMIT = 255
"""Bytes of a character-string, the one kind of text that most types have."""

_read_word = re.compile(r'\s*((?:[^\s"\\]|\\.|"(?:[^"\\]|\\.)*")+)').match
_is_quoted = re.compile(r'"((?:[^"\\]|\\.)*)"').fullmatch
_find_escape = re.compile(r"\\([0-9]{3}|[^0-9])").sub
_is_escaped_well = re.compile(r"(?:[^\\]|\\(?:[01][0-9]{2}|2[0-4][0-9]|25[0-5]|[^0-9]))*").fullmatch
_is_number = re.compile(r"0|[1-9][0-9]{0,4}").fullmatch
_is_hex = re.compile(r"(?:[0-9a-f]{2})+").fullmatch


class BadValue(ValueError):
    """``str(error)`` is the reason, a sentence part."""


def split_words(text: str) -> list[str]:
    """The words as they are, quotes and escapes included; blanks inside quotes part nothing. Raises ``BadValue``."""
    words = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        found = _read_word(text, at)
        if found is None:
            raise BadValue("it has quotes that are not closed, or ends in a backslash")
        words.append(found[1])
        at = found.end()
    return words


def decode_word(word: str) -> bytes:
    """What a word says, without its quotes and escapes. Raises ``BadValue``."""
    quoted = _is_quoted(word)
    text = quoted[1] if quoted else word
    if not text.isprintable():
        raise BadValue("it has a line break or another control character in it")
    if '"' in text and (not quoted) and '"' in _find_escape("", text):
        raise BadValue(f"{clip_text(word)} has quotes in the middle")
    if not _is_escaped_well(text):
        raise BadValue(f"{clip_text(word)} has a backslash that escapes nothing: write two for one")
    return b"".join(_decode_part(part) for part in re.split(r"(\\[0-9]{3}|\\[^0-9])", text))


def quote_word(data: bytes) -> str:
    """The bytes in quotes, as short as it can be said."""
    return '"' + "".join(_escape_byte(byte) for byte in data) + '"'


def clean_string(word: str) -> str:
    """A character-string in its one spelling: in quotes. Raises ``BadValue``."""
    data = decode_word(word)
    if len(data) > STRING_LIMIT:
        raise BadValue(f"{clip_text(word)} has {len(data)} bytes: {STRING_LIMIT} is the most")
    return quote_word(data)


def clean_number(text: str, most: int) -> str:
    """A whole number that is spelled as short as it can be; raises ``BadValue``."""
    if not _is_number(text) or int(text) > most:
        raise BadValue(f"{clip_text(text)} is no number from 0 to {most}")
    return text


def clean_hex(text: str) -> str:
    """Hexadecimal in lower case, which may come with blanks in it; raises ``BadValue``."""
    digits = text.lower()
    if not _is_hex(digits):
        raise BadValue(f"{clip_text(text)} is not hexadecimal, with two digits for each byte")
    return digits


def _decode_part(part: str) -> bytes:
    if part[:1] != "\\":
        return part.encode()
    return bytes([int(part[1:])]) if part[1:].isdigit() else part[1:].encode()


def _escape_byte(byte: int) -> str:
    if byte in b'"\\':
        return f"\\{chr(byte)}"
    return chr(byte) if 32 <= byte < 127 else f"\\{byte:03d}"
