"""Tokens of a Traefik rule: as much of Go's lexical grammar as a rule can use (go.dev/ref/spec#Lexical_elements)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple


class RuleError(ValueError):
    """A rule that Traefik would refuse. ``str(error)`` says what is wrong and at which character, counted from 0."""


class Token(NamedTuple):
    """``kind`` is "name", "string", "newline" (where Go inserts a semicolon), "end", or the operator itself.

    ``text`` is the name, or the value of the string. Bytes that an escape such as ``\\xff`` makes and that are no
    UTF-8 are lone surrogates, as ``surrogateescape`` has it.
    """

    kind: str
    text: str
    at: int


# Possessive, so that text which never closes its quote costs one pass.
_match_token = re.compile(
    r"""
      (?P<blank> [ \t\r]++ )
    | (?P<newline> \n )
    | (?P<comment> //[^\n]*+ | /\*(?s:.*?)\*/ )
    | (?P<name> [^\W\d]\w*+ )
    | (?P<string> `[^`]*+` | "[^"\\\n]*+(?:\\.[^"\\\n]*+)*+" )
    | (?P<operator> && | \|\| | [!(),] )
    """,
    re.VERBOSE,
).match

_match_escape = re.compile(
    r"""\\(?:(?P<plain>[abfnrtv\\"])|(?P<octal>[0-7]{3})|x(?P<hex>[0-9a-fA-F]{2})"""
    r"""|u(?P<short>[0-9a-fA-F]{4})|U(?P<long>[0-9a-fA-F]{8}))"""
).match

_PLAIN = dict(zip('abfnrtv\\"', b'\a\b\f\n\r\t\v\\"', strict=True))

# U+FEFF is Go's byte order mark, a surrogate cannot be UTF-8; both are errors in comments and strings too.
_find_illegal = re.compile("[\0\ufeff\ud800-\udfff]").search


def split_tokens(rule: str) -> Iterator[Token]:
    """The tokens of a rule, "end" last; raises RuleError."""
    start = 1 if rule.startswith("\ufeff") else 0
    if found := _find_illegal(rule, start):
        raise RuleError(f"U+{ord(found[0]):04X} at character {found.start()} is not allowed")
    at, ends_line = start, False
    while at < len(rule):
        found = _match_token(rule, at)
        if not found:
            raise RuleError(_describe_character(rule, at))
        kind, text = found.lastgroup, found[0]
        if kind in ("newline", "comment"):
            if ends_line and (kind == "newline" or "\n" in text):
                yield Token("newline", "", at)
                ends_line = False
        elif kind == "name":
            yield Token("name", text, at)
            ends_line = True
        elif kind == "string":
            yield Token("string", _unquote_string(text, at), at)
            ends_line = True
        elif kind == "operator":
            yield Token(text, "", at)
            ends_line = text == ")"
        at = found.end()
    yield Token("end", "", at)


def _describe_character(rule: str, at: int) -> str:
    if rule[at] in '`"':
        return f"string that starts at character {at} is not closed"
    if rule.startswith("/*", at):
        return f"comment that starts at character {at} is not closed"
    return f"unexpected {rule[at]!r} at character {at}"


def _unquote_string(literal: str, at: int) -> str:
    """The value of a Go string literal, by bytes as Go has it: two escapes may make one character."""
    text = literal[1:-1]
    if literal[0] == "`":
        return text.replace("\r", "")
    if "\\" not in text:
        return text
    value = bytearray()
    done = 0
    while (slash := text.find("\\", done)) >= 0:
        value += text[done:slash].encode()
        found = _match_escape(text, slash)
        if not found:
            raise RuleError(f"unknown escape {text[slash : slash + 2]!r} at character {at + 1 + slash}")
        try:
            value += _decode_escape(found)
        except ValueError as e:
            raise RuleError(f"escape {found[0]!r} for no character at character {at + 1 + slash}") from e
        done = found.end()
    value += text[done:].encode()
    return value.decode(errors="surrogateescape")


def _decode_escape(found: re.Match[str]) -> bytes:
    """The bytes of an escape; raises ValueError for a byte over 255, a surrogate, or past the end of Unicode."""
    digits = found[found.lastgroup or 0]
    match found.lastgroup:
        case "plain":
            return bytes((_PLAIN[digits],))
        case "octal":
            return bytes((int(digits, 8),))
        case "hex":
            return bytes((int(digits, 16),))
        case _:
            return chr(int(digits, 16)).encode()
