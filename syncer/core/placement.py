"""What a DNAME and a DS need of the names and types round them."""

from __future__ import annotations

from collections.abc import Collection, Iterable

PLACED = frozenset({"DNAME", "DS", "NS"})
"""The types that look at what else there is."""


def explain_placement(kind: str, types: Collection[str], below: str = "") -> str:
    """Why an RRset of this type cannot be where ``types`` are, "" when it can.

    ``below`` is a name of ours below it, "" where there is none.
    """
    if kind == "DS" and "NS" not in types:
        return "a DS needs the NS records of its delegation at the same name (RFC 4035 section 2.4)"
    if kind == "DNAME" and below:
        return f"a DNAME redirects every name below it, and {below} is one of ours (RFC 6672 section 2.4)"
    if kind in ("DNAME", "NS") and "SOA" not in types and {"DNAME", "NS"}.difference([kind]).issubset(types):
        return "a DNAME and NS records cannot be at one name below the apex (RFC 6672 section 2.3)"
    return ""


def find_below(name: str, names: Iterable[str]) -> str:
    """The first in sorted order of ``names`` that lies below, "" where none does."""
    end = f".{name}"
    return min((other for other in names if other.endswith(end)), default="")
