"""Which of the claims on a name comes first: the questions by which they are ranked, and their answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from syncer.core.claims import ADDRESSES, NO_TYPES, EntrySpec, History, Holding
from syncer.core.origin import Origin
from syncer.core.source import NORMAL

YOUNGEST = "9999"
"""Sorts behind every time: an object without a creationTimestamp never beats an object that has one."""


class Rank(NamedTuple):
    """The questions by which claims are ranked (product: "Claims and conflicts"), the first one first; the lowest
    answers win."""

    not_override: bool
    kept: bool
    priority: int
    foreign_namespace: int
    default_address: bool
    not_holder: int
    since: str
    created: str
    namespace: str
    name: str
    kind: str


WHY = (
    "it is an override",
    "the other one is only kept",
    "its priority is higher",
    "the name is held by its namespace",
    "it has a target of its own",
    "it holds the name",
    "it has named the host for longer",
    "it is older",
    "its namespace comes first",
    "its name comes first",
    "its kind comes first",
)
"""In the words of a person, why the claim with the lower answer comes first."""


UNREAD = -1
"""Before every priority: no other claim may take the name from objects that cannot be read."""


UNREAD_RANK = Rank(True, False, UNREAD, 0, False, 0, "", "", "", "", "")


class ClaimData(NamedTuple):
    """What a claim asks for at its name, for one type."""

    type: str
    values: tuple[str, ...]


class Speaker(NamedTuple):
    """The claim that speaks for its namespace, with its rank among those of all namespaces."""

    origin: str
    rank: Rank


@dataclass(frozen=True, slots=True)
class Claim:
    """What one object, or the custom entries together, ask for at one name, in one group of types. The claim with the
    lowest ``rank`` gets it. ``entries`` are the custom entries that count as one claim, by type: each has a TTL and an
    origin of its own. ``kept`` says why it stays although its object does not ask for it, "" for a live claim."""

    origin: str
    group: str
    data: tuple[ClaimData, ...]
    ttls: Mapping[str, int]
    rank: Rank
    entries: Mapping[str, EntrySpec] = field(default_factory=dict)
    kept: str = ""
    between: int = NORMAL
    """Its priority between namespaces."""
    speaker: Speaker | None = None
    """Where each namespace settles first who speaks for it, who does for this one's."""
    waits: frozenset[str] = NO_TYPES
    """The types of which no value is published before what it points to."""
    is_silent: bool = False
    """It goes with the addresses of its object: it is nowhere without them, and nobody is told where it loses."""

    @property
    def namespace(self) -> str:
        return Origin.parse(self.origin).namespace

    @property
    def outer_rank(self) -> Rank:
        """Among the claims of all namespaces."""
        return self.rank if self.rank.priority == UNREAD else self.rank._replace(priority=self.between)

    @property
    def origins(self) -> tuple[str, ...]:
        return tuple(entry.origin for entry in self.entries.values()) or (self.origin,)

    @property
    def is_alias(self) -> bool:
        return any(kind == "CNAME" for kind, _ in self.data)

    def origin_of(self, kind: str) -> str:
        return self.entries[kind].origin if kind in self.entries else self.origin

    def explain_rank(self, other: Claim) -> str:
        """Why this claim comes before the other one."""
        if self.rank.priority == UNREAD:
            return "its objects cannot be read now, and it had the name"
        if other.speaker is None or other.namespace == self.namespace:
            return _explain_order(self.rank, other.rank)
        why = _explain_order(self.outer_rank, other.speaker.rank)
        if other.speaker.origin in other.origins:
            return why
        return f"{why} ({other.speaker.origin} speaks for namespace {other.namespace})"


def _explain_order(first: Rank, other: Rank) -> str:
    differing = (why for why, ours, theirs in zip(WHY, first, other, strict=True) if ours != theirs)
    return next(differing, "it comes first")


def make_rank(origin: str, priority: int, created: str, *, own: bool, kept: bool = False, since: str = "") -> Rank:
    kind, namespace, name = Origin.parse(origin)
    return Rank(
        not_override=True,
        kept=kept,
        priority=priority,
        foreign_namespace=0,
        default_address=not own,
        not_holder=0,
        since=since,
        created=created or YOUNGEST,
        namespace=namespace,
        name=name,
        kind=kind,
    )


def rank_claims(claims: Sequence[Claim], history: History) -> list[Claim]:
    """In the order of their ranks; who holds the name can only be told when all claims are known."""
    holdings = history.list_holdings()
    if not holdings or len(claims) == 1:
        return sorted(claims, key=lambda claim: claim.rank)
    held = {
        group: _find_holder(holding, [claim for claim in claims if claim.group == group])
        for group, holding in holdings.items()
    }
    return sorted(_follow_addresses([_add_holder(claim, held) for claim in claims]), key=lambda claim: claim.rank)


def _follow_addresses(claims: Sequence[Claim]) -> list[Claim]:
    """What goes with the addresses of its object has their rank, whoever held it before."""
    ranks = {claim.origin: claim.rank for claim in claims if claim.group == ADDRESSES}
    return [
        replace(claim, rank=ranks[claim.origin]) if claim.is_silent and claim.origin in ranks else claim
        for claim in claims
    ]


def rank_namespaces(ranked: Sequence[Claim]) -> list[Claim]:
    """By who speaks for each namespace, in the order in which the claims of each were ranked. Overrides, live claims
    and what is merely kept are apart: these questions come first."""
    camps: dict[tuple[bool, bool, str, str], list[Claim]] = {}
    for claim in ranked:
        rank = claim.rank
        camps.setdefault((rank.not_override, rank.kept, claim.group, claim.namespace), []).append(claim)
    spoken = []
    for camp in camps.values():
        first = next((claim for claim in camp if claim.data), camp[0])
        speaker = Speaker(first.origin, first.outer_rank)
        spoken.append([replace(claim, speaker=speaker) for claim in camp])
    spoken.sort(key=lambda camp: camp[0].speaker.rank if camp[0].speaker else camp[0].rank)
    return [claim for camp in spoken for claim in camp]


class Held(NamedTuple):
    """A group of types that is held, by whom; and the holder's claim where it still asks for the name."""

    holding: Holding
    holder: str
    claim: Claim | None


def _find_holder(holding: Holding, claims: Sequence[Claim]) -> Held:
    """Of those that had the name together, the first that still asks for it; those that are kept come last."""
    for claim_is_kept in (False, True):
        for origin in holding.origins:
            for claim in claims:
                if origin in claim.origins and bool(claim.kept) is claim_is_kept:
                    return Held(holding, origin, claim)
    return Held(holding, holding.origins[0], None)


def _add_holder(claim: Claim, held: Mapping[str, Held]) -> Claim:
    own = held.get(claim.group)
    rivals = [other for group, other in held.items() if group != claim.group and _would_replace(claim, other)]
    if own is None:
        not_holder = 2 if rivals else 0
    elif own.holder in claim.origins:
        not_holder = 0
    else:
        not_holder = 1 if set(claim.origins) & set(own.holding.origins) else 2
    if own is not None and is_foreign(claim, own.holder):
        foreign = 2
    else:
        # What it has it may go on having, but not at the cost of another type that another namespace has.
        foreign = 1 if any(is_foreign(claim, other.holder) for other in rivals) else 0
    return replace(claim, rank=claim.rank._replace(foreign_namespace=foreign, not_holder=not_holder))


def _would_replace(claim: Claim, held: Held) -> bool:
    """Whether the two exclude each other, and the first three questions do not decide between them."""
    holder = held.claim
    return (
        holder is not None
        and (claim.is_alias or (holder.is_alias and held.holding.is_alias))
        and holder.outer_rank[:3] <= claim.outer_rank[:3]
    )


def is_foreign(claim: Claim, holder: str) -> bool:
    return Origin.parse(holder).namespace != Origin.parse(claim.origin).namespace
