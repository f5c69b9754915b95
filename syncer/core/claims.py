"""Who gets a name: claims, and what is known of the name, in; the RRsets that it shall hold, and the losers, out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple, Protocol

from syncer.core.known import KnownRRset, Loser
from syncer.core.names import misplaced_cname, value_type
from syncer.core.origin import CUSTOM_ENTRY, Origin
from syncer.core.rrsets import RRset
from syncer.core.source import NORMAL, Ref, SourceObject

YOUNGEST = "9999"
"""Sorts behind every creationTimestamp: an object without one never beats an object that has one."""


class Claims(Protocol):
    """The objects of the cluster, by the names that they ask for. Safe to read from any thread."""

    def names(self) -> Iterable[str]:
        """Every name that an object asks for."""

    def claimants(self, name: str) -> Sequence[SourceObject]:
        """The objects that ask for the name."""

    def source(self, ref: Ref) -> SourceObject | None: ...

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


class ClaimData(NamedTuple):
    """What a claim asks for at its name, for one type."""

    type: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """What one object, or the custom entries together, ask for at one name. The claim with the lowest ``rank`` gets it.
    ``entries`` are the custom entries that count as one claim, by type: each has a TTL and an origin of its own."""

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


@dataclass(frozen=True, slots=True)
class Decision:
    """What a name shall hold, and why.

    ``origin`` is the winner, ``claimants`` are the winner and all who ask for the same; the name lives as long as one
    of them does. Where nothing is published, they are those that had the name last. ``by_type`` are the claimants of a
    type where they differ from those of the name. ``reason`` says why nothing is published although a claim asks for
    the name, "" otherwise.
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


class ClaimRules(NamedTuple):
    """``default_ttl`` is in seconds. ``unread_kinds`` are the kinds of objects that cannot be read now, so that the
    absence of one means nothing."""

    zones: tuple[str, ...]
    default_ttl: int
    unread_kinds: frozenset[str] = frozenset()

    def are_unread(self, origins: Iterable[str]) -> bool:
        """Whether one of the origins is of such a kind."""
        return any(Origin.parse(origin).kind in self.unread_kinds for origin in origins)


class History(NamedTuple):
    """What is known of a name from before, by type: the RRsets of the ledger; and by origin the values of RRsets that
    carry our mark although the ledger does not know them (the database was lost, or is an older backup)."""

    known: Mapping[str, KnownRRset] = {}
    marked: Sequence[tuple[str, tuple[str, ...]]] = ()

    @property
    def owned(self) -> dict[str, KnownRRset]:
        return {kind: row for kind, row in self.known.items() if row.owned}


NO_HISTORY = History()


def settle_name(
    name: str, claims: Claims, entries: Sequence[EntrySpec], rules: ClaimRules, history: History = NO_HISTORY
) -> Decision:
    """What the name shall hold (product: "Claims and conflicts"), given what it held before.

    A claim that has lost its address keeps its last one. A delete is attributed to those that had the name. While the
    objects that hold the name cannot be read, the name stays with them.
    """
    values, _ = claims.fallback()
    sources = claims.claimants(name)
    decision = decide_claims(
        name,
        sources,
        entries,
        default_ttl=rules.default_ttl,
        fallback=() if misplaced_cname(name, values, rules.zones) else values,
        remembered=_collect_last_values(history),
    )
    owned = history.owned
    if not owned:
        return decision
    decision = _add_old_types(decision, history.known, owned)
    last = next(iter(owned.values()))
    if not decision.claimants:
        return replace(decision, origin=last.origin, claimants=last.claimants)
    if _is_holder_unread(last, sources, entries, rules):
        rrsets = tuple(row.rrset for row in owned.values())
        return replace(decision, rrsets=rrsets, origin=last.origin, claimants=last.claimants, losers=last.losers)
    return decision


def _collect_last_values(history: History) -> dict[str, tuple[str, ...]]:
    """The values that each origin published last."""
    values: dict[str, tuple[str, ...]] = {}
    for row in history.owned.values():
        for origin in row.claimants:
            values[origin] = values.get(origin, ()) + row.rrset.values
    for origin, marked in history.marked:
        values[origin] = values.get(origin, ()) + marked
    return values


def _add_old_types(decision: Decision, known: Mapping[str, KnownRRset], owned: Mapping[str, KnownRRset]) -> Decision:
    """A type that is no longer asked for is deleted on behalf of those that had it."""
    desired = {rrset.type for rrset in decision.rrsets}
    if desired.issuperset(known):
        return decision
    old = {kind: row.claimants for kind, row in owned.items() if kind not in desired}
    return replace(decision, by_type={**old, **decision.by_type})


def _is_holder_unread(
    last: KnownRRset, sources: Sequence[SourceObject], entries: Sequence[EntrySpec], rules: ClaimRules
) -> bool:
    """Whether the name belongs to objects that cannot be read now, so that no other claim may take it. An override and
    a block are decisions of a person, and take it anyway."""
    if any(entry.mode is not Mode.PUBLISH for entry in entries):
        return False
    read = {str(source.ref) for source in sources}
    return rules.are_unread(origin for origin in last.claimants if origin not in read)


def decide_claims(
    name: str,
    sources: Iterable[SourceObject],
    entries: Iterable[EntrySpec],
    *,
    default_ttl: int,
    fallback: tuple[str, ...] = (),
    remembered: Mapping[str, tuple[str, ...]] | None = None,
) -> Decision:
    """Rank the claims on ``name`` and settle it, whatever it held before.

    ``fallback`` are the values for sources that know no address of their own. ``remembered`` are the last published
    values by origin: a source that has lost its address keeps its last one.
    """
    entries = list(entries)
    claims = [
        claim
        for source in sources
        if (claim := _make_claim(name, source, fallback, (remembered or {}).get(str(source.ref), ())))
    ]
    blocks = [entry for entry in entries if entry.mode is Mode.BLOCK]
    if blocks:
        reason = f"blocked by {blocks[0].origin}"
        return Decision(name, reason=reason, losers=tuple(Loser(claim.origin, reason) for claim in claims))
    claims += _group_entries(entries)
    if not claims:
        return Decision(name)
    claims.sort(key=lambda claim: claim.rank)
    return _settle_claims(name, claims, default_ttl)


def _settle_claims(name: str, claims: list[Claim], default_ttl: int) -> Decision:
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
            asked = ", ".join(map(str, sorted(ttls)))
            warnings[f"{len(agreed)} claims want TTLs of {asked} s: {min(ttls)} s holds"] = None
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


def _make_claim(
    name: str, source: SourceObject, fallback: tuple[str, ...], remembered: tuple[str, ...]
) -> Claim | None:
    want = source.want(name)
    if want is None:
        return None
    ref = source.ref
    return Claim(
        origin=str(ref),
        data=group_values(want.values or fallback or remembered),
        ttl=source.ttl,
        rank=(1, source.priority, source.created or YOUNGEST, ref.namespace, ref.name, ref.kind),
    )


def _group_entries(entries: list[EntrySpec]) -> list[Claim]:
    """The entries of one mode at one name are one claim: they are one operator's A, TXT and MX."""
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
                    rank=(rank, NORMAL, group[0].created or YOUNGEST, "", group[0].key, CUSTOM_ENTRY),
                    entries={entry.type: entry for entry in group},
                )
            )
    return claims


def group_values(values: tuple[str, ...]) -> tuple[ClaimData, ...]:
    """Addresses (IPv4 gives A, IPv6 gives AAAA) or one host name (CNAME), as RRset data."""
    types: dict[str, list[str]] = {}
    for value in values:
        types.setdefault(value_type(value), []).append(value)
    return tuple(ClaimData(kind, tuple(sorted(set(group)))) for kind, group in sorted(types.items()))
