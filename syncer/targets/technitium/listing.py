"""Technitium's list of records, read while it arrives: 10,000 records are never in memory at once."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from sys import intern
from typing import Any, NamedTuple

from syncer.core.manifest import clip_text
from syncer.core.plan import Key
from syncer.core.rrsets import MARK_PROGRAM, Found, RRset
from syncer.errors import TargetUnreachable
from syncer.targets.technitium.answers import (
    NAME_LIMIT,
    NUMBER_LIMIT,
    BadShape,
    clean_text,
    make_complaint,
    read_number,
    read_object,
    read_text,
)
from syncer.targets.technitium.fields import read_value

Record = Mapping[str, Any]

PIECE = 32_768
"""Characters that are looked at in one go, at least."""

PART_LIMIT = 1_000_000
"""Characters of one record, and of what comes before and after all of them: rdata has 64 kB, which may be there twice
(a TXT) and be spelled six times as long."""

TYPE_LIMIT = 32
"""Characters of the name of a type."""

TYPES_LIMIT = 100
"""Types at one name."""

VALUES_LIMIT = 1000
"""Values of an RRset that are kept in memory. With four times as many addresses the longest answer of DNS is full."""

NAME_SIZE, COST = 400_000, 150
"""Bytes, about, that all records at one name may take in memory, and how many a record takes beside its texts."""

_ZONE = re.compile(r'"zone"\s*:\s*')
_RECORDS = re.compile(r'"records"\s*:\s*\[\s*')
_GOOD_END = re.compile(r'"status"\s*:\s*"ok"\s*\}\s*$')
_decode = json.JSONDecoder().raw_decode

_SIGNATURES = frozenset({"RRSIG", "NSEC", "NSEC3"})
"""What the server adds to each name of a signed zone; may be beside a CNAME (RFC 4034), so no plan needs them."""

NO_VALUES: frozenset[str] = frozenset()
"""One for all: each that is made takes 216 bytes, though it is empty."""

BAD_ORDER = "the server lists records in an order that cannot be read: the zone must come before them, the status last"


class Listing:
    """``zone`` is the answer's zone object. An answer without records (an error, for one) is read whole: its ``text``
    is for the caller to make sense of.

    The order of keys in the answer matters, of those in a record it does not: whether the zone can be used must be
    known before the first record is, and an answer without its last key, the status, is not whole. Every version has
    kept that order; another one raises ``TargetUnreachable`` and says so.
    """

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = _join_chunks(codecs.iterdecode(chunks, "utf-8", "replace"))
        self.zone: Mapping[str, Any] = {}
        self.text = ""
        self.has_records = False
        for chunk in self._chunks:
            self.text = _lengthen_part(self.text, chunk, "what comes before the records")
            if start := _RECORDS.search(self.text):
                self.zone = _read_zone(self.text, start.start())
                self.text = self.text[start.end() :]
                self.has_records = True
                break

    @property
    def serial(self) -> int | None:
        return read_number(self.zone, "soaSerial")

    def iterate_records(self) -> Iterator[Record]:
        """Raises ``TargetUnreachable`` when the answer ends too early: half a list must not look like a short one."""
        text, at = self.text, 0
        self.text = ""
        while True:
            while text[at : at + 1] in (",", " ", "\n", "\r", "\t"):
                at += 1
            if text[at : at + 1] == "]":
                break
            try:
                record, at = _decode(text, at)
            except ValueError:
                more = next(self._chunks, None)
                if more is None:
                    raise TargetUnreachable("the list of records broke off in the middle") from None
                text, at = _lengthen_part(text[at:], more, "one record"), 0
                continue
            except RecursionError:
                raise BadShape("the list of records has one that is nested too deeply to be read") from None
            if not isinstance(record, dict):
                raise make_complaint("one of records", "an object", record)
            yield record
        text = text[at:]
        for chunk in self._chunks:
            text = _lengthen_part(text, chunk, "what follows the records")
        _check_end(text)


def _join_chunks(chunks: Iterable[str]) -> Iterator[str]:
    """Pieces that are worth looking at, of whatever sizes they come in."""
    waiting: list[str] = []
    length = 0
    for chunk in chunks:
        waiting.append(chunk)
        length += len(chunk)
        if length >= PIECE:
            yield "".join(waiting)
            waiting, length = [], 0
    if waiting:
        yield "".join(waiting)


def _lengthen_part(text: str, chunk: str, what: str) -> str:
    """Raises ``BadShape`` where ``what`` is longer than it can be."""
    if len(text) > PART_LIMIT:
        raise BadShape(f"the list of records is none of Technitium's: {what} has more than {PART_LIMIT:,} characters")
    return text + chunk


def _read_zone(text: str, end: int) -> Mapping[str, Any]:
    """The zone object, which comes before ``end``."""
    start = _ZONE.search(text, 0, end)
    if start is None:
        raise TargetUnreachable(BAD_ORDER)
    try:
        zone = _decode(text, start.end())[0]
    except (ValueError, RecursionError):
        raise BadShape("the list of records begins with a zone that is no JSON") from None
    return read_object({"zone": zone}, "zone")


def _check_end(text: str) -> None:
    """``text`` is what follows the last record."""
    if _GOOD_END.search(text):
        return
    try:
        json.loads('{"response":{"records":[' + text)
    except (ValueError, RecursionError):
        raise TargetUnreachable("the list of records broke off at its end") from None
    raise TargetUnreachable(BAD_ORDER)


class ListedValue(NamedTuple):
    """What a plan needs of one record."""

    value: str
    mark: str
    is_disabled: bool
    ttl: int
    expires: bool


@dataclass(slots=True)
class Gathering:
    """The records at one name, by type, as far as there is room for them; ``cut`` are the types of which there were
    more."""

    name: str = ""
    types: dict[str, dict[str, ListedValue]] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)
    size: int = 0

    def add_record(self, type_: str, member: ListedValue) -> None:
        """That there is something of a type is never left out; room for what may be ours there is twice as much."""
        members = self.types.setdefault(type_, {})
        if len(self.types) > TYPES_LIMIT:
            raise BadShape(f"the list of records has more than {TYPES_LIMIT} types at {clip_text(self.name)}")
        size = self.size + COST + len(member.value) + len(member.mark)
        share = 2 if member.mark.startswith(MARK_PROGRAM) else 1
        has_room = len(members) < share * VALUES_LIMIT and size <= share * NAME_SIZE
        if not has_room:
            self.cut.add(type_)
            if members:
                return
            member = member._replace(value=member.value[:NAME_LIMIT])
        self.size = size
        members[member.value] = member

    def make_rrsets(self) -> Iterator[Found]:
        for type_, members in self.types.items():
            yield _make_rrset(self.name, type_, members, is_cut=type_ in self.cut)


def group_rrsets(records: Iterable[Record]) -> Iterator[Found]:
    """The server sorts by name whatever its case, and keeps the case that each record was made with."""
    here = Gathering()
    for (name, type_), member in iterate_values(records):
        if name != here.name:
            yield from here.make_rrsets()
            here = Gathering(name)
        here.add_record(type_, member)
    yield from here.make_rrsets()


def iterate_values(records: Iterable[Record]) -> Iterator[tuple[Key, ListedValue]]:
    """Raises ``BadShape``."""
    for record in records:
        name, type_ = record.get("name"), record.get("type")
        if not isinstance(name, str) or not isinstance(type_, str) or len(name) > NAME_LIMIT or len(type_) > TYPE_LIMIT:
            raise BadShape("the list of records has one without a name or a type that one could have")
        if type_ not in _SIGNATURES:
            yield (clean_text(name.lower()), intern(type_)), _read_member(type_, record)


def _read_member(type_: str, record: Record) -> ListedValue:
    ttl, disabled, rdata = record.get("ttl"), record.get("disabled"), record.get("rData")
    if type(ttl) is not int or not 0 <= ttl <= NUMBER_LIMIT:
        raise make_complaint(f"the TTL of {clip_text(record['name'])}", "a number of 32 bits", ttl)
    if type(disabled) is not bool or not isinstance(rdata, dict):
        wrong, wanted = (rdata, "an object") if type(disabled) is bool else (disabled, "true or false")
        raise make_complaint(f"a part of {clip_text(record['name'])}", wanted, wrong)
    mark = read_text(record, "comments", PART_LIMIT)[:NAME_LIMIT]
    return ListedValue(read_value(type_, rdata), mark, disabled, ttl, bool(record.get("expiryTtl")))


def _make_rrset(name: str, type_: str, members: Mapping[str, ListedValue], *, is_cut: bool) -> Found:
    values = tuple(map(intern, sorted(members)))
    ttls = {member.ttl for member in members.values()}
    return Found(
        RRset(name, type_, min(ttls), values),
        tuple(intern(members[value].mark) for value in values),
        frozenset(value for value, member in members.items() if member.is_disabled) or NO_VALUES,
        expires=any(member.expires for member in members.values()),
        mixes_ttls=len(ttls) > 1,
        is_cut=is_cut,
    )
