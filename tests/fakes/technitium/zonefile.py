"""Zone files as the server reads and writes them (its own dialect of RFC 1035 section 5)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from tests.fakes.technitium.dialects import Dialect
from tests.fakes.technitium.rdata import FIELDS, NUMBERS, Rdata, check_rdata, make_rdata, parse_field
from tests.fakes.technitium.refusal import Refusal
from tests.fakes.technitium.special import WORDS, format_params, read_params
from tests.fakes.technitium.spelling import is_inside, parse_address, plain_name, split_name
from tests.fakes.technitium.tree import Record

BLANKS = " \t"
_WORD_END = re.compile(r"[ \t();]")
_COMMENT_LIMIT = 255
_NOT_IMPORTED = ("RRSIG", "NSEC", "DNSKEY", "NSEC3", "NSEC3PARAM")


class ZoneFile:
    """One text to be read. Iterating gives the records; Refusal names the field and the line."""

    def __init__(self, text: str, origin: str, default_ttl: int, dialect: Dialect, now: float) -> None:
        self._lines = iter(text.splitlines())
        self._line = ""
        self._number = 0
        self._in_brackets = False
        self._origin = origin
        self._ttl = default_ttl
        self._dialect = dialect
        self._now = now

    def __iter__(self) -> Iterator[Record]:
        name = ""
        while (first := self._read_first()) is not None:
            if first == "$ORIGIN":
                self._origin = self._complete_name(self._read_word() or "")
            elif first == "$TTL":
                self._ttl = self._read_integer()
            elif first == "$INCLUDE":
                raise Refusal(f"The zone file parser does not support $INCLUDE control entry on line # {self._number}.")
            else:
                name = self._read_owner(first, name)
                record = self._read_record(name)
                if record.type not in _NOT_IMPORTED:
                    yield record

    def _read_owner(self, word: str, last: str) -> str:
        name = self._complete_name(word) if word else last
        if not name:
            raise self._make_refusal("domain")
        try:
            split_name(name, self._dialect)
        except Refusal:
            raise self._make_refusal("domain-name") from None
        return name

    def _read_record(self, name: str) -> Record:
        ttl, type = self._ttl, ""
        ttl_read = class_read = False
        while not type:
            word = self._read_word()
            if word is None:
                raise self._make_refusal("rr")
            if not ttl_read and word.isdigit():
                ttl, ttl_read = int(word), True
            elif not class_read and word.upper() in ("IN", "CH", "HS"):
                class_read = True
            elif word.upper() in NUMBERS:
                type = word.upper()
            else:
                raise self._make_refusal("rr")
        try:
            data = self._read_data(type)
        except Refusal as refusal:
            raise self._make_refusal("rdata", refusal.text) from refusal
        comment = self._read_comment()
        comments, disabled = self._parse_comment(comment) if comment else ("", False)
        modified = self._now if comment and self._dialect.import_keeps_time else None
        return Record(name, ttl, data, comments=comments, disabled=disabled, modified=modified)

    def _read_data(self, type: str) -> Rdata:
        if type == "TXT":
            strings = tuple(iter(self._read_word, None))
            return make_rdata(type, (strings,))
        if type == "SOA":
            server, person = self._read_name(), self._read_name().replace(".", "@", 1)
            return make_rdata(type, (server, person, *(self._read_integer() for _ in range(5))))
        if type not in FIELDS:
            raise Refusal("The record type is not supported.")
        return make_rdata(type, check_rdata(type, [self._read_field(kind, type) for _, kind in FIELDS[type]]))

    def _read_field(self, kind: str, type: str) -> Any:
        if kind in ("name", "place"):
            return self._read_name()
        if kind == "parameters":
            return read_params(list(iter(self._read_word, None)))
        word = self._read_word() or ""
        if kind in WORDS and not word.isdigit():
            raise Refusal(f"The input string '{word}' was not in a correct format.")
        if kind == "address":
            return parse_address(word, type, inner="")
        return parse_field(kind, type, word, self._dialect)

    def _read_integer(self) -> int:
        word = self._read_word() or ""
        if not word.isdigit():
            raise Refusal(f"The input string '{word}' was not in a correct format.")
        return int(word)

    def _read_name(self) -> str:
        name = self._complete_name(self._read_word() or "")
        split_name(name, self._dialect)
        return name

    def _complete_name(self, word: str) -> str:
        if word == "@":
            return self._origin
        if word.endswith("."):
            return plain_name(word[:-1])
        return plain_name(f"{word}.{self._origin}")

    def _parse_comment(self, comment: str) -> tuple[str, bool]:
        """What a comment says: (comments, disabled)."""
        disabled = False
        if self._dialect.json_comments and comment.startswith("{"):
            try:
                state = json.loads(comment)
            except ValueError:
                state = {"comments": comment}
            comment, disabled = state.get("comments") or "", bool(state.get("disabled"))
        comment = comment.replace("\\n", "\n")
        if len(comment) > _COMMENT_LIMIT:
            raise Refusal("Resource record comment text cannot exceed 255 characters. (Parameter 'Comments')")
        return comment, disabled

    def _make_refusal(self, field: str, inner: str = "") -> Refusal:
        return Refusal(f"The zone file parser failed to parse '{field}' field on line # {self._number}.", inner)

    def _go_on(self) -> bool:
        line = next(self._lines, None)
        self._number += line is not None
        self._line = line or ""
        return line is not None

    def _read_first(self) -> str | None:
        """The first word of the next entry: "" when it starts with a blank, None at the end of the text."""
        while self._in_brackets and (self._read_word() is not None):
            pass
        while self._go_on():
            if self._line[:1] in (" ", "\t") and self._line.strip(BLANKS):
                return ""
            line = self._line.lstrip(BLANKS)
            if line and not line.startswith(";"):
                return self._read_word()
        return None

    def _read_word(self) -> str | None:
        """The next word of this entry; None at its end, where a comment may follow."""
        while True:
            self._line = self._line.lstrip(BLANKS)
            if not self._line or self._line.startswith(";"):
                if not self._in_brackets or not self._go_on():
                    return None
            elif self._line[0] in "()":
                self._in_brackets = self._line[0] == "("
                self._line = self._line[1:]
            elif self._line[0] == '"':
                return self._read_quoted()
            else:
                end = _WORD_END.search(self._line)
                at = end.start() if end else len(self._line)
                word, self._line = self._line[:at], self._line[at:]
                return word

    def _read_quoted(self) -> str:
        """Up to the closing quotes; what is escaped stays escaped, as the server has it."""
        at = self._line.find('"', 1)
        while at > 0 and self._line[at - 1] == "\\":
            at = self._line.find('"', at + 1)
        if at < 0:
            raise Refusal("Closing double quotes are missing.")
        word, self._line = self._line[1:at], self._line[at + 1 :]
        return word

    def _read_comment(self) -> str | None:
        while self._read_word() is not None:
            pass
        return self._line[1:] if self._line.startswith(";") else None


def write_zone(zone: str, records: Iterable[Record], dialect: Dialect) -> str:
    """As ``zones/export`` prints it: the SOA, the NS, the rest."""
    kept = list(records)
    parts = ([r for r in kept if r.type == "SOA"], [r for r in kept if r.type == "NS"])
    rest = [r for r in kept if r.type not in ("SOA", "NS")]
    lines = [_format_record(r, zone, dialect) for part in (*parts, rest) for r in part]
    return "\n".join([f"$ORIGIN {zone}.", *lines, ""])


def _format_record(record: Record, zone: str, dialect: Dialect) -> str:
    name, data = _shorten_name(record.name, zone), _format_data(record.data, zone)
    line = f"{name:<21} {record.ttl:<9} IN  {record.type:<13} {data}"
    if record.disabled and dialect.json_comments:
        state = {"disabled": True, "comments": record.comments or None}
        return line + "\t\t\t;" + json.dumps(state, separators=(",", ":"))
    return line + ("\t\t\t;" + record.comments.replace("\n", "\\n") if record.comments else "")


def _shorten_name(name: str, zone: str) -> str:
    if name.lower() == zone.lower():
        return "@"
    return name[: -len(zone) - 1] if zone and is_inside(name, zone) else name + "."


def _format_data(data: Rdata, zone: str) -> str:
    if data.type == "TXT":
        return " ".join(map(_quote_text, data.values[0]))
    words = []
    for (field, kind), value in zip(FIELDS[data.type], data.values, strict=True):
        if kind in ("name", "place") or field == "responsiblePerson":
            words.append(_shorten_name(str(value).replace("@", "."), zone))
        elif kind == "parameters":
            words += format_params(value)
        elif kind in ("ascii", "uri") or (data.type == "CAA" and field == "value"):
            words.append(_quote_text(value))
        else:
            words.append(str(value))
    return " ".join(words)


def _quote_text(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
