"""Whether an RRset fits its name, and its values one another: the same for custom entries and for objects.

Reasons are sentence parts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from syncer.core.names import is_wildcard
from syncer.core.rdata import SERVICE_TYPES, SINGLE_TYPES

RDATA_LIMIT = 60_000
"""Bytes of one RRset: an answer of 65,535 bytes over TCP must hold it, names and all."""

OVERHEAD = 12
"""Bytes of each value beside its rdata."""

_AT_APEX = {
    "CNAME": "",
    "NS": ": the zone's own name servers are not ours to change",
    "DS": ": it belongs into the zone above, at the delegation",
}
_AT_WILDCARD = {
    "NS": "RFC 4592 section 4.2",
    "DNAME": "RFC 4592 section 4.4",
    "DS": "RFC 4592 section 4.6",
}


def find_misplacement(kind: str, name: str, zone: str) -> str:
    """Why a record of this type cannot be at the name, "" when it can."""
    what = f"{'an' if kind == 'NS' else 'a'} {kind} record cannot be"
    if name == zone and kind in _AT_APEX:
        return f"{what} at the apex of zone {zone}{_AT_APEX[kind]}"
    if kind in _AT_WILDCARD and is_wildcard(name):
        return f"{what} at a wildcard ({_AT_WILDCARD[kind]})"
    return ""


def list_misfits(kind: str, values: Collection[str], name: str, size: int) -> list[str]:
    """What keeps these values from being an RRset. ``name`` is "" where it is not known; ``size`` is what all of them
    take in an answer."""
    found = []
    if kind in SINGLE_TYPES and len(values) > 1:
        found.append(f"a {kind} has one value, not {len(values)}")
    if kind == "CNAME" and name and name in values:
        found.append("the name would be an alias of itself")
    if kind == "DNAME" and name and any(f".{value}".endswith(f".{name}") for value in values):
        found.append("the target of a DNAME cannot be the name itself or lie below it")
    if kind in SERVICE_TYPES and len(values) > 1 and any(value.startswith("0 ") for value in values):
        found.append("an alias, with priority 0, must be the only value: clients ignore those beside it")
    if size > RDATA_LIMIT:
        found.append(f"the values take {size} bytes: {RDATA_LIMIT} is the most that one answer can hold")
    return found


def measure_texts(values: Iterable[str]) -> int:
    """Of values as they are written, which is about what they take in an answer."""
    return sum(len(value.encode()) + OVERHEAD for value in values)
