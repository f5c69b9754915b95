"""Technitium's list of records, read while it arrives: 10,000 records are never in memory at once."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from sys import intern
from typing import Any

from syncer.core.rrsets import Found, RRset
from syncer.errors import TargetUnreachable
from syncer.targets.technitium.fields import read_value

Record = Mapping[str, Any]

_ZONE = re.compile(r'"zone"\s*:\s*')
_RECORDS = re.compile(r'"records"\s*:\s*\[\s*')
_GOOD_END = re.compile(r'"status"\s*:\s*"ok"\s*\}\s*$')
_decode = json.JSONDecoder().raw_decode

_SIGNATURES = frozenset({"RRSIG", "NSEC", "NSEC3"})
"""What the server adds to each name of a signed zone; may be beside a CNAME (RFC 4034), so no plan needs them."""

BAD_ORDER = "the server lists records in an order that cannot be read: the zone must come before them, the status last"


class Listing:
    """``zone`` is the answer's zone object. An answer without records (an error, for one) is read whole: its ``text``
    is for the caller to make sense of.

    The order of keys in the answer matters, of those in a record it does not: whether the zone can be used must be
    known before the first record is, and an answer without its last key, the status, is not whole. Every version has
    kept that order; another one raises ``TargetUnreachable`` and says so.
    """

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = codecs.iterdecode(chunks, "utf-8", "replace")
        self.zone: Mapping[str, Any] = {}
        self.text = ""
        self.has_records = False
        for chunk in self._chunks:
            self.text += chunk
            if start := _RECORDS.search(self.text):
                zone = _ZONE.search(self.text, 0, start.start())
                if zone is None:
                    raise TargetUnreachable(BAD_ORDER)
                self.zone = _decode(self.text, zone.end())[0]
                self.text = self.text[start.end() :]
                self.has_records = True
                break

    @property
    def serial(self) -> int | None:
        return self.zone.get("soaSerial")

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
                text, at = text[at:] + more, 0
                continue
            yield record
        _check_end(text[at:] + "".join(self._chunks))


def _check_end(text: str) -> None:
    """``text`` is what follows the last record."""
    if _GOOD_END.search(text):
        return
    try:
        json.loads('{"response":{"records":[' + text)
    except ValueError:
        raise TargetUnreachable("the list of records broke off at its end") from None
    raise TargetUnreachable(BAD_ORDER)


def group_rrsets(records: Iterable[Record]) -> Iterator[Found]:
    """The server sorts by name whatever its case, and keeps the case that each record was made with."""
    current = ""
    types: dict[str, list[Record]] = {}
    for record in records:
        name = record["name"].lower()
        if name != current:
            for type_, members in types.items():
                yield _make_rrset(current, type_, members)
            current, types = name, {}
        type_ = intern(str(record["type"]))
        if type_ not in _SIGNATURES:
            types.setdefault(type_, []).append(record)
    for type_, members in types.items():
        yield _make_rrset(current, type_, members)


def _make_rrset(name: str, type_: str, members: list[Record]) -> Found:
    marks: dict[str, str] = {}
    disabled: list[str] = []
    for member in members:
        value = intern(read_value(type_, member["rData"]))
        marks[value] = member.get("comments") or ""
        if member["disabled"]:
            disabled.append(value)
    ttls = {member["ttl"] for member in members}
    values = tuple(sorted(marks))
    return Found(
        RRset(name, type_, min(ttls), values),
        tuple(marks[value] for value in values),
        frozenset(disabled),
        expires=any(member.get("expiryTtl") for member in members),
        mixes_ttls=len(ttls) > 1,
    )
