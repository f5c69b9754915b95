"""Who gets a name: sources and custom entries in, the RRsets that they add up to and the conflicts out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from syncer.core.names import value_type
from syncer.core.rrsets import RRset
from syncer.core.source import NORMAL, Source

YOUNGEST = "9999"
"""Sorts behind every creationTimestamp: an object without one never beats an object that has one."""


class Mode(StrEnum):
    """What a custom entry does at its name."""

    PUBLISH = "publish"
    OVERRIDE = "override"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class EntrySpec:
    """A record that an operator made by hand. ``ttl`` in seconds, None for the default; ``created`` in ISO 8601."""

    key: str
    name: str
    type: str
    values: tuple[str, ...]
    ttl: int | None = None
    mode: Mode = Mode.PUBLISH
    created: str = ""

    @property
    def origin(self) -> str:
        return f"CustomEntry//{self.key}"


class ClaimData(NamedTuple):
    """What a claim wants at its name, for one type."""

    type: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """One party's wish for one name. ``rank`` orders the parties: the lowest wins. ``entries`` are the custom entries
    that speak together, by type: each has a TTL and an origin of its own."""

    origin: str
    data: tuple[ClaimData, ...]
    ttl: int | None
    rank: tuple[int, int, str, str, str, str]
    entries: Mapping[str, EntrySpec] = field(default_factory=dict)

    @property
    def origins(self) -> tuple[str, ...]:
        return tuple(entry.origin for entry in self.entries.values()) or (self.origin,)

    def ttl_of(self, kind: str) -> int | None:
        return self.entries[kind].ttl if kind in self.entries else self.ttl

    def origin_of(self, kind: str) -> str:
        return self.entries[kind].origin if kind in self.entries else self.origin


class Loser(NamedTuple):
    origin: str
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What a name shall hold, and why.

    ``origin`` is the winner, ``claimants`` are the winner and all whose wish is the same; the name lives as long as
    one of them does. Where nothing is published, they are those whose the name was last. ``by_type`` are the claimants
    of a type where they are others than those of the name. ``reason`` says why nothing is published although somebody
    asks for the name, "" otherwise.
    """

    name: str
    rrsets: tuple[RRset, ...] = ()
    origin: str = ""
    claimants: tuple[str, ...] = ()
    losers: tuple[Loser, ...] = ()
    warnings: tuple[str, ...] = ()
    reason: str = ""
    priority: int = NORMAL
    by_type: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def claimants_of(self, kind: str) -> tuple[str, ...]:
        return self.by_type.get(kind, self.claimants)

    def origin_of(self, kind: str) -> str:
        return self.by_type[kind][0] if self.by_type.get(kind) else self.origin


def decide(
    name: str,
    sources: Iterable[Source],
    entries: Iterable[EntrySpec],
    *,
    default_ttl: int,
    fallback: tuple[str, ...] = (),
    remembered: Mapping[str, tuple[str, ...]] | None = None,
) -> Decision:
    """Settle who gets ``name`` (product: "Claims and conflicts").

    ``fallback`` are the values for sources that know no address of their own. ``remembered`` are the last published
    values by origin: a source that has lost its address keeps its last one.
    """
    entries = list(entries)
    claims = [
        claim
        for source in sources
        if (claim := _claim_of_source(name, source, fallback, (remembered or {}).get(str(source.ref), ())))
    ]
    blocks = [entry for entry in entries if entry.mode is Mode.BLOCK]
    if blocks:
        reason = f"blocked by {blocks[0].origin}"
        return Decision(name, reason=reason, losers=tuple(Loser(claim.origin, reason) for claim in claims))
    claims += _claims_of_entries(entries)
    if not claims:
        return Decision(name)
    claims.sort(key=lambda claim: claim.rank)
    return _settle(name, claims, default_ttl)


def _settle(name: str, claims: list[Claim], default_ttl: int) -> Decision:
    able = [claim for claim in claims if claim.data]
    if not able:
        return Decision(name, reason="no address yet", claimants=tuple(claim.origin for claim in claims))
    winner = able[0]
    agreed = [claim for claim in claims if claim.data == winner.data]
    losers = tuple(
        Loser(origin, f"{winner.origin} has the name" if claim.data else "no address yet")
        for claim in claims
        if claim.data != winner.data
        for origin in claim.origins
    )
    rrsets: list[RRset] = []
    warnings: dict[str, None] = {}
    for kind, values in winner.data:
        ttls = {default_ttl if (ttl := claim.ttl_of(kind)) is None else ttl for claim in agreed}
        rrsets.append(RRset(name, kind, min(ttls), values))
        if len(ttls) > 1:
            wishes = ", ".join(map(str, sorted(ttls)))
            warnings[f"{len(agreed)} claims want TTLs of {wishes} s: {min(ttls)} s holds"] = None
    by_type = {}
    if any(len(claim.entries) > 1 for claim in agreed):
        by_type = {kind: tuple(claim.origin_of(kind) for claim in agreed) for kind, _ in winner.data}
    return Decision(
        name,
        rrsets=tuple(rrsets),
        origin=winner.origin,
        claimants=tuple(origin for claim in agreed for origin in claim.origins),
        losers=losers,
        warnings=tuple(warnings),
        priority=winner.rank[1],
        by_type=by_type,
    )


def _claim_of_source(name: str, source: Source, fallback: tuple[str, ...], remembered: tuple[str, ...]) -> Claim | None:
    want = source.want(name)
    if want is None:
        return None
    ref = source.ref
    return Claim(
        origin=str(ref),
        data=by_type(want.values or fallback or remembered),
        ttl=source.ttl,
        rank=(1, source.priority, source.created or YOUNGEST, ref.namespace, ref.name, ref.kind),
    )


def _claims_of_entries(entries: list[EntrySpec]) -> list[Claim]:
    """The entries of one mode at one name speak with one voice: they are one operator's A, TXT and MX."""
    claims = []
    for rank, mode in ((0, Mode.OVERRIDE), (1, Mode.PUBLISH)):
        group = sorted(
            (entry for entry in entries if entry.mode is mode), key=lambda entry: (entry.created, entry.type)
        )
        if group:
            claims.append(
                Claim(
                    origin=group[0].origin,
                    data=tuple(sorted(ClaimData(entry.type, entry.values) for entry in group)),
                    ttl=None,
                    rank=(rank, NORMAL, group[0].created or YOUNGEST, "", group[0].key, "CustomEntry"),
                    entries={entry.type: entry for entry in group},
                )
            )
    return claims


def by_type(values: tuple[str, ...]) -> tuple[ClaimData, ...]:
    """Addresses (IPv4 gives A, IPv6 gives AAAA) or one host name (CNAME), as RRset data."""
    types: dict[str, list[str]] = {}
    for value in values:
        types.setdefault(value_type(value), []).append(value)
    return tuple(ClaimData(kind, tuple(sorted(set(group)))) for kind, group in sorted(types.items()))
