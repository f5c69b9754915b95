"""Our RRsets in a zone that lost its marks, all at once (product: "Lost marks"): a promoted node, a zone file, a
restore."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from syncer.core.known import KnownRRset
from syncer.core.rrsets import Found, Marker, RRset

LEAST = 3
"""So many must have lost their mark before it is not a hand that did it."""


@dataclass(slots=True)
class MarkCount:
    """Of one list: how many of our RRsets are as we wrote them, and how many of these carry no mark."""

    written: int = 0
    unmarked: int = 0

    @property
    def are_lost(self) -> bool:
        return self.unmarked >= LEAST and 2 * self.unmarked > self.written

    def add(self, found: Iterable[Found], known: Mapping[str, KnownRRset]) -> None:
        """What was found at one name. A mark that was put back counts as none."""
        for item in found:
            row = known.get(item.rrset.type)
            if row is not None and row.owned and _holds_rrset(item, row.rrset):
                self.written += 1
                self.unmarked += item.is_unmarked or is_bare(item)


def is_bare(item: Found) -> bool:
    """Whether nothing at all is stored beside its values, be it ours or someone else's."""
    return not any(item.marks)


def find_written(item: Found, row: KnownRRset | None) -> RRset | None:
    """What of ours is in a bare RRset as we wrote it, last or before that; None when nothing is."""
    if row is None or not row.owned or not is_bare(item):
        return None
    return next((rrset for rrset in (row.rrset, row.former) if rrset and _holds_rrset(item, rrset)), None)


def put_mark_back(item: Found, written: RRset, origin: str, marker: Marker) -> Found:
    """``item`` as it was before its marks were lost: the values of ``written`` carry ours."""
    mark = marker.mark(origin)
    marks = tuple(mark if value in written.values else "" for value in item.rrset.values)
    return item._replace(marks=marks, is_unmarked=True)


def _holds_rrset(item: Found, rrset: RRset) -> bool:
    """Whether all of ``rrset`` is there and served as we write it; someone may have added values."""
    return item.intact and item.rrset.ttl == rrset.ttl and set(rrset.values) <= set(item.rrset.values)
