"""The unit of DNS data, and the mark that says who wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from sys import intern
from typing import NamedTuple

MARK_LIMIT = 255
"""Bytes. Technitium stores a comment in a field with a one-byte length; a longer one breaks the zone file."""

MARK_PROGRAM = "catalyst-dns-sync"


@dataclass(frozen=True, slots=True)
class RRset:
    """All values of one name and type, with one TTL (RFC 2181 section 5).

    ``name`` is lower-case ASCII without a trailing dot. ``ttl`` is in seconds. ``values`` are in presentation
    format, sorted, without duplicates: addresses as RFC 5952 has them, host names like ``name``, SRV as
    ``priority weight port target``, MX as ``preference exchange``, CAA as ``flags tag value``, TXT as the bare text.
    """

    name: str
    type: str
    ttl: int
    values: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name} {self.ttl} {self.type} {' '.join(self.values)}"


class Found(NamedTuple):
    """One RRset as a target holds it.

    ``marks`` has one text for each of ``rrset.values``, in their order: what the target stores beside the value
    (Technitium: the record's comment), "" where there is nothing. ``disabled`` are the values that it holds and does
    not serve; ``expires``: it will drop one of them by itself; ``mixes_ttls``: they have several TTLs, of which the
    RRset shows the lowest; ``is_damaged``: they are not where they belong (a hosts file). ``is_unmarked``: it has none
    of our marks, and those in ``marks`` are put back, because the zone lost all that it had. ``is_cut``: it has more
    values than could be looked at, which survive whatever happens to these.
    """

    rrset: RRset
    marks: tuple[str, ...]
    disabled: frozenset[str] = frozenset()
    expires: bool = False
    mixes_ttls: bool = False
    is_damaged: bool = False
    is_unmarked: bool = False
    is_cut: bool = False

    @property
    def intact(self) -> bool:
        """Whether it is served as we write it: nothing of the above."""
        return not (self.disabled or self.expires or self.mixes_ttls or self.is_damaged or self.is_cut)

    @property
    def served(self) -> tuple[str, ...]:
        """The values that DNS answers."""
        return tuple(value for value in self.rrset.values if value not in self.disabled)


class Marker(NamedTuple):
    """Makes and recognises the marks of one installation (product: "Ownership"). ``owner_id_was`` is the owner of
    before, whose marks count as ours until they are written anew; "" for none."""

    owner_id: str
    owner_id_was: str = ""

    @property
    def prefix(self) -> str:
        return f"{MARK_PROGRAM}/{self.owner_id} "

    def mark(self, source: str) -> str:
        """The mark for a record of ``source`` (``Kind/namespace/name``), cut to what a target can store."""
        text = self.prefix + source.encode("ascii", "replace").decode()
        return text[:MARK_LIMIT]

    @property
    def former_prefix(self) -> str:
        """Of the marks that are taken over; what no mark begins with, where none are."""
        return f"{MARK_PROGRAM}/{self.owner_id_was} "

    def knows(self, mark: str) -> bool:
        return mark.startswith(self.prefix) or (bool(self.owner_id_was) and mark.startswith(self.former_prefix))

    def inherits(self, found: Found) -> bool:
        """Whether the RRset carries a mark of the owner of before."""
        return bool(self.owner_id_was) and any(mark.startswith(self.former_prefix) for mark in found.marks)

    def source_of(self, mark: str) -> str:
        return mark.removeprefix(self.prefix).removeprefix(self.former_prefix)

    def origin(self, found: Found) -> str:
        """What the first of our marks in it says; raises ``StopIteration`` when there is none."""
        return intern(next(self.source_of(mark) for mark in found.marks if self.knows(mark)))

    def owns(self, found: Found) -> bool:
        """Whether any value of the RRset carries our mark."""
        return any(self.knows(mark) for mark in found.marks)

    def own_values(self, found: Found) -> tuple[str, ...]:
        """The values that are ours; what someone added to our RRset by hand is not."""
        return tuple(value for value, mark in zip(found.rrset.values, found.marks, strict=True) if self.knows(mark))
