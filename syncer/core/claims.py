"""What a claim is, what is known of a name from before, and what is decided of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from syncer.core.known import KnownRRset, Loser, explain_beaten
from syncer.core.origin import Origin
from syncer.core.rrsets import RRset
from syncer.core.source import NORMAL, Ref, SourceObject

ADDRESSES = "addresses"
"""The group of A, AAAA and CNAME, which are settled together."""


BESIDE = "HTTPS"
"""The type that goes with the addresses of its object."""


def group_of(kind: str) -> str:
    """The group of record types that is settled as one: the addresses together, every other type by itself."""
    return ADDRESSES if kind in ("A", "AAAA", "CNAME") else kind


class Claims(Protocol):
    """The objects of the cluster, by the names that they ask for. Safe to read from any thread."""

    def names(self) -> Iterable[str]:
        """Every name that an object asks for."""

    def claimants(self, name: str) -> Sequence[SourceObject]:
        """The objects that ask for the name."""

    def source(self, ref: Ref) -> SourceObject | None: ...

    def note_servers(self, zone: str, names: Collection[str]) -> None:
        """The names of the zone's own name servers, as the zone itself says them."""

    def is_leaving(self, namespace: str) -> bool:
        """Whether the namespace itself is being deleted, or was; False where that is not known."""

    def fallback(self) -> tuple[tuple[str, ...], str]:
        """The values for claims that know no address of their own; and the reason when there are none."""


class Mode(StrEnum):
    """What a custom entry does at its name."""

    PUBLISH = "publish"
    OVERRIDE = "override"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class EntrySpec:
    """A custom entry. ``ttl`` in seconds, None for the default; ``created`` in ISO 8601."""

    key: str
    name: str
    type: str
    values: tuple[str, ...]
    ttl: int | None = None
    mode: Mode = Mode.PUBLISH
    created: str = ""

    @property
    def origin(self) -> str:
        return str(Origin.of_entry(self.key))


NOTHING: Mapping[str, Any] = MappingProxyType({})
"""One for all decisions that have none of it: a plan may have fifty thousand."""


NO_TYPES: frozenset[str] = frozenset()
"""One for all, too."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a name shall hold, and why.

    ``origin`` is the winner, ``claimants`` are the winner and all who ask for the same; the name lives as long as one
    of them does. Where nothing is published, they are those that had the name last. ``by_type`` are the claimants of a
    type where they differ from those of the name. ``reason`` says why nothing is published although a claim asks for
    the name, "" otherwise. ``kept`` says by type why an RRset stays that no live claim asks for. ``takeovers`` are the
    changes of holder that a person should hear of. ``waits`` are the types of which no value is published before the
    name that it points to; ``pending`` says by type why there is none yet. ``beside`` are the types that are published
    where the addresses are ours, and only there.
    """

    name: str
    rrsets: tuple[RRset, ...] = ()
    origin: str = ""
    claimants: tuple[str, ...] = ()
    losers: tuple[Loser, ...] = ()
    warnings: tuple[str, ...] = ()
    reason: str = ""
    priority: int = NORMAL
    by_type: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: NOTHING)
    kept: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    takeovers: tuple[TakeOver, ...] = ()
    waits: frozenset[str] = NO_TYPES
    pending: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    beside: frozenset[str] = NO_TYPES

    def claimants_of(self, kind: str) -> tuple[str, ...]:
        return self.by_type.get(kind, self.claimants)

    def origin_of(self, kind: str) -> str:
        return self.by_type[kind][0] if self.by_type.get(kind) else self.origin

    def losers_of(self, kind: str) -> tuple[Loser, ...]:
        """Each once, and without those that have this type and lost another one."""
        having = self.claimants_of(kind)
        if not any(loser.origin in having for loser in self.losers) and self._are_losers_single():
            return self.losers
        beaten = explain_beaten(self.origin_of(kind), "")
        told: dict[str, Loser] = {}
        for loser in self.losers:
            if loser.origin not in having and (loser.origin not in told or loser.reason.startswith(beaten)):
                told[loser.origin] = loser
        return tuple(told.values())

    def _are_losers_single(self) -> bool:
        return len(self.losers) < 2 or len({loser.origin for loser in self.losers}) == len(self.losers)

    def find_takeover(self, kind: str) -> TakeOver | None:
        """The one to be told with the RRset of that type: the first of those that pass together."""
        group = group_of(kind)
        first = next((rrset.type for rrset in self.rrsets if group_of(rrset.type) == group), "")
        return next((takeover for takeover in self.takeovers if takeover.group == group and kind == first), None)


class TakeOver(NamedTuple):
    """A change of holder by which the values change or the name passes to another namespace. ``group`` is what the
    winner has; ``before`` are the values that the holder of before had."""

    group: str
    loser: str
    winner: str
    before: tuple[str, ...]


class Mention(NamedTuple):
    """What the ledger knows of a name that an object mentions, or published last.

    ``since`` is in ISO 8601: since when the object names it. ``via`` are the parents by which it was published last,
    None where that is not known. ``seconds`` have been counted of the trouble by which it is not published any more.
    ``outdated`` says why this version of the program does not publish it any more, "" otherwise. ``taken_back``: the
    object did not want it any more, while nothing hid it; what hides it since keeps nothing.
    """

    since: str = ""
    via: tuple[str, ...] | None = None
    seconds: float = 0.0
    outdated: str = ""
    taken_back: bool = False


UNKNOWN_MENTION = Mention()


class Unread(NamedTuple):
    """Of which objects the absence means nothing: those of ``kinds`` that cannot be read now, each with a reason where
    there is one to be told, unless their origins are among ``read``: these were read all the same, and may have gone
    since."""

    kinds: Mapping[str, str] = {}
    read: Collection[str] = frozenset()

    def find_origin(self, origins: Iterable[str]) -> str:
        """The first of such an object, "" where there is none."""
        return next((it for it in origins if Origin.parse(it).kind in self.kinds and it not in self.read), "")

    def explain(self, origins: Iterable[str]) -> str:
        """What is to be told of the first of such an object."""
        origin = self.find_origin(origins)
        return self.kinds[Origin.parse(origin).kind] if origin else ""


class ClaimRules(NamedTuple):
    """``default_ttl`` is in seconds. What an object published and troubles hide is kept for ``grace`` seconds, 0 for
    not at all; ``refuse_name(name)`` says why a filter of the operator does not allow a name, "" when none is against
    it. ``strict``: the claims of each namespace settle among themselves first which of them speaks for it."""

    zones: tuple[str, ...]
    default_ttl: int
    unread: Unread = Unread()
    grace: float = 0.0
    refuse_name: Callable[[str], str] = lambda name: ""
    strict: bool = False

    def are_unread(self, origins: Iterable[str]) -> bool:
        """Whether one of the origins is of an object that may be there and cannot be read."""
        return bool(self.unread.find_origin(origins))


class Holding(NamedTuple):
    """Who had a group of types at a name, the one that the marks name first. ``is_alias``: by a CNAME."""

    origins: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    is_alias: bool = False


class History(NamedTuple):
    """What is known of a name from before. ``known`` are the RRsets of the ledger by type; of those, ``resurrected``
    were deleted, and the server lost the delete. ``marked`` are RRsets that carry our mark although the ledger does not
    know them (the database was lost, or is an older backup), each with the origin that the mark names. ``mentions`` are
    by origin; None: there is no ledger to ask."""

    known: Mapping[str, KnownRRset] = {}
    marked: Sequence[tuple[str, RRset]] = ()
    mentions: Mapping[str, Mention] | None = None
    resurrected: Collection[str] = ()

    @property
    def owned(self) -> dict[str, KnownRRset]:
        return {kind: row for kind, row in self.known.items() if row.owned}

    def find_mention(self, origin: str) -> Mention:
        return (self.mentions or {}).get(origin, UNKNOWN_MENTION)

    def list_holdings(self) -> dict[str, Holding]:
        """By group of types."""
        holdings: dict[str, Holding] = {}
        for origins, rrset in self._list_held():
            group = group_of(rrset.type)
            before = holdings.get(group, Holding())
            holdings[group] = Holding(
                tuple(dict.fromkeys((*before.origins, *origins))),
                tuple(sorted((*before.values, *rrset.values))),
                before.is_alias or rrset.type == "CNAME",
            )
        return holdings

    def find_last_values(self, origin: str) -> tuple[str, ...]:
        """The addresses or the host name that this origin published last."""
        return tuple(value for rrset in self.list_published(origin, ADDRESSES) for value in rrset.values)

    def list_published(self, origin: str, group: str) -> list[RRset]:
        """What this origin published last, of a group of types."""
        held = (rrset for origins, rrset in self._list_held() if origin in origins)
        return [rrset for rrset in held if group_of(rrset.type) == group]

    def list_origins(self) -> tuple[str, ...]:
        """All that published something at the name."""
        return tuple(dict.fromkeys(origin for origins, _ in self._list_held() for origin in origins))

    def _list_held(self) -> Iterator[tuple[tuple[str, ...], RRset]]:
        for kind, row in self.owned.items():
            if kind in self.resurrected:
                continue
            yield tuple(dict.fromkeys((row.origin, *row.claimants))), row.rrset
        for origin, rrset in self.marked:
            yield (origin,), rrset


NO_HISTORY = History()
