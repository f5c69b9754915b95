"""How Technitium names the parts of a value: in its JSON (rData), in the parameters of its calls, in its zone files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from syncer.core.names import BadName, canonical_address
from syncer.core.rdata import HOST_TYPES, SERVICE_TYPES, SINGLE_TYPES, WORDS, BadValue, format_value, split_value
from syncer.core.rrsets import MARK_LIMIT, RRset
from syncer.targets.technitium.answers import clean_text, make_complaint
from syncer.targets.technitium.words import PARAMETERS, format_words, make_words, read_words

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
    "DNAME": ("dname",),
    **PARAMETERS,
}
"""The types that we can write, with their parameters in presentation order; rData names those up to DNAME alike."""

IMPORTABLE = frozenset({"A", "AAAA", "TLSA", "SSHFP"}) | HOST_TYPES | SERVICE_TYPES
"""Types that the server's zone file parser reads as they were written; it does not unescape what is in quotes. A DS
belongs to DNSSEC, whose types an import passes over in silence: it is written by itself."""

_PLAIN = re.compile(r"[A-Za-z0-9._:*/=, -]+")


def read_value(type_: str, rdata: Mapping[str, Any]) -> str:
    """The value in presentation format; for a type that we do not know, a text that tells two values apart.

    Raises ``BadShape``.
    """
    fields = FIELDS.get(type_)
    if type_ in WORDS:
        try:
            return read_words(type_, rdata)
        except ValueError:  # a record that someone else made, and that we could not have
            fields = None
    if fields is None:
        return clean_text(" ".join(str(part) for part in rdata.values()))
    parts = [rdata.get(field) for field in fields]
    for field, part in zip(fields, parts, strict=True):
        if type(part) not in (str, int):
            raise make_complaint(f"{field} of a record of type {type_}", "a text or a number", part)
    if type_ == "AAAA":
        return _read_address(parts[0])
    text = clean_text(" ".join(map(str, parts)))
    return text.lower() if type_ in HOST_TYPES else text


def _read_address(part: object) -> str:
    try:
        return canonical_address(str(part))
    except BadName:
        raise make_complaint("ipAddress of a record of type AAAA", "an address", part) from None


def make_parameters(type_: str, value: str) -> dict[str, str]:
    """What add, delete and update call the value. TXT goes as one text, which the server cuts at 255 bytes itself.

    Raises ``BadValue``.
    """
    parts = make_words(type_, value) if type_ in WORDS else split_value(type_, value)
    return dict(zip(FIELDS[type_], parts, strict=True))


def explain_unfit(rrset: RRset) -> str:
    """Why the server cannot hold the RRset, "" when it can."""
    if rrset.type not in FIELDS:
        return f"records of type {rrset.type} cannot be written to Technitium"
    if rrset.type in WORDS:
        for value in rrset.values:
            try:
                make_words(rrset.type, value)
            except BadValue as e:
                return str(e)
    return ""


def make_replacement(type_: str, old: str, new: str) -> dict[str, str]:
    """The parameters of an update from one value to another. A CNAME has no old one: ``cname`` is the new target."""
    if type_ in SINGLE_TYPES:
        return make_parameters(type_, new)
    changed = {_name_new(field): part for field, part in make_parameters(type_, new).items()}
    return make_parameters(type_, old) | changed


def fits_update(type_: str, old: str, new: str) -> bool:
    """Whether an update can say the new value: an empty part means the old one to the server."""
    before, after = make_parameters(type_, old), make_parameters(type_, new)
    return all(part or not before[field] for field, part in after.items())


def _name_new(field: str) -> str:
    if field.startswith("naptr"):
        return field.replace("naptr", "naptrNew", 1)
    return f"new{field[0].upper()}{field[1:]}"


def is_storable(mark: str) -> bool:
    """The server takes 255 characters and stores 255 bytes: one more, and it never writes the zone's file again."""
    return len(mark) <= MARK_LIMIT and mark.isascii() and mark.isprintable()


def is_importable(rrset: RRset, mark: str = "") -> bool:
    """Whether the zone file says exactly this. The parser takes a backslash in a comment for an escape, a leading
    ``{`` for JSON, and keeps a leading blank."""
    return (
        rrset.type in IMPORTABLE
        and not explain_unfit(rrset)
        and is_storable(mark)
        and "\\" not in mark
        and mark[:1] not in ("{", " ", ";")
        and all(_PLAIN.fullmatch(text) for text in (rrset.name, *(_format_import(rrset.type, v) for v in rrset.values)))
    )


def format_lines(rrset: RRset, mark: str) -> str:
    """The RRset as lines of a zone file, names absolute, the mark as each line's comment."""
    start = f"{rrset.name}. {rrset.ttl} IN {rrset.type}"
    return "".join(f"{start} {_format_import(rrset.type, value)} ;{mark}\n" for value in rrset.values)


def _format_import(type_: str, value: str) -> str:
    return format_words(type_, value) if type_ in WORDS else format_value(type_, value)
