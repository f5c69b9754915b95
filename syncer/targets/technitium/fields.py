"""How Technitium names the parts of a value: in its JSON (rData), in the parameters of its calls, in its zone files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from syncer.core.names import BadName, canonical_address
from syncer.core.rdata import HOST_TYPES, format_value, split_value
from syncer.core.rrsets import MARK_LIMIT, RRset
from syncer.targets.technitium.answers import clean_text, complain

FIELDS: Mapping[str, tuple[str, ...]] = {
    "A": ("ipAddress",),
    "AAAA": ("ipAddress",),
    "CNAME": ("cname",),
    "NS": ("nameServer",),
    "PTR": ("ptrName",),
    "TXT": ("text",),
    "MX": ("preference", "exchange"),
    "SRV": ("priority", "weight", "port", "target"),
    "CAA": ("flags", "tag", "value"),
}
"""The types that we can write, with their fields in presentation order; rData and the calls name them alike."""

IMPORTABLE = frozenset({"A", "AAAA"}) | HOST_TYPES
"""Types that the server's zone file parser reads as they were written; it does not unescape what is in quotes."""

_PLAIN = re.compile(r"[A-Za-z0-9._:*/ -]+")


def read_value(type_: str, rdata: Mapping[str, Any]) -> str:
    """The value in presentation format; for a type that we do not know, a text that tells two values apart.

    Raises ``BadShape``.
    """
    fields = FIELDS.get(type_)
    if fields is None:
        return clean_text(" ".join(str(part) for part in rdata.values()))
    parts = [rdata.get(field) for field in fields]
    for field, part in zip(fields, parts, strict=True):
        if type(part) not in (str, int):
            raise complain(f"{field} of a record of type {type_}", "a text or a number", part)
    if type_ == "AAAA":
        return _read_address(parts[0])
    text = clean_text(" ".join(map(str, parts)))
    return text.lower() if type_ in HOST_TYPES else text


def _read_address(part: object) -> str:
    try:
        return canonical_address(str(part))
    except BadName:
        raise complain("ipAddress of a record of type AAAA", "an address", part) from None


def make_parameters(type_: str, value: str) -> dict[str, str]:
    """What add, delete and update call the value. TXT goes as one text, which the server cuts at 255 bytes itself.

    Raises ``BadValue``.
    """
    return dict(zip(FIELDS[type_], split_value(type_, value), strict=True))


def make_replacement(type_: str, old: str, new: str) -> dict[str, str]:
    """The parameters of an update from one value to another. A CNAME has no old one: ``cname`` is the new target."""
    if type_ == "CNAME":
        return make_parameters(type_, new)
    changed = {f"new{field[0].upper()}{field[1:]}": part for field, part in make_parameters(type_, new).items()}
    return make_parameters(type_, old) | changed


def is_storable(mark: str) -> bool:
    """The server takes 255 characters and stores 255 bytes: one more, and it never writes the zone's file again."""
    return len(mark) <= MARK_LIMIT and mark.isascii() and mark.isprintable()


def is_importable(rrset: RRset, mark: str) -> bool:
    """Whether the zone file says exactly this. The parser takes a backslash in a comment for an escape, a leading
    ``{`` for JSON, and keeps a leading blank."""
    return (
        rrset.type in IMPORTABLE
        and is_storable(mark)
        and "\\" not in mark
        and mark[:1] not in ("{", " ", ";")
        and all(_PLAIN.fullmatch(text) for text in (rrset.name, *rrset.values))
    )


def format_lines(rrset: RRset, mark: str) -> str:
    """The RRset as lines of a zone file, names absolute, the mark as each line's comment."""
    start = f"{rrset.name}. {rrset.ttl} IN {rrset.type}"
    return "".join(f"{start} {format_value(rrset.type, value)} ;{mark}\n" for value in rrset.values)
