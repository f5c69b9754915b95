"""Who gets a name: claims, and what is known of the name, in; the RRsets that it shall hold, and the losers, out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from syncer.core.claims import (
    ADDRESSES,
    BESIDE,
    NO_HISTORY,
    NO_TYPES,
    ClaimRules,
    Claims,
    Decision,
    EntrySpec,
    History,
    Holding,
    Mode,
    TakeOver,
    group_of,
)
from syncer.core.kinds import KINDS
from syncer.core.known import KnownRRset, Loser, explain_beaten, explain_block
from syncer.core.names import misplaced_cname, value_type
from syncer.core.origin import CUSTOM_ENTRY, Origin
from syncer.core.rrsets import RRset
from syncer.core.source import NORMAL, Ref, SourceObject, Want, WantedRecord

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


def settle_name(
    name: str, claims: Claims, entries: Sequence[EntrySpec], rules: ClaimRules, history: History = NO_HISTORY
) -> Decision:
    """What the name shall hold (product: "Claims and conflicts"), given what it held before.

    A claim that has lost its address keeps its last one. What an object published and a trouble hides is kept. A delete
    is attributed to those that had the name. While the objects that hold the name cannot be read, the name stays with
    them.
    """
    values, _ = claims.fallback()
    sources = claims.claimants(name)
    fallback = () if misplaced_cname(name, values, rules.zones) else values
    live = {*(str(source.ref) for source in sources), *(entry.origin for entry in entries)}
    decision = decide_claims(
        name,
        sources,
        entries,
        default_ttl=rules.default_ttl,
        fallback=fallback,
        history=history,
        grace=rules.grace,
        strict=rules.strict,
        others=list(_find_hidden(name, claims, live, rules, history)),
    )
    owned = history.owned
    if not owned:
        return decision
    decision = _add_old_types(decision, history.known, owned)
    last = next(iter(owned.values()))
    if not decision.claimants:
        return replace(decision, origin=last.origin, claimants=last.claimants)
    return decision


def find_kept(name: str, claims: Claims, history: History, rules: ClaimRules) -> Iterator[tuple[str, str]]:
    """The origins whose names are kept there although their objects do not want them now, each with the reason."""
    if not rules.grace or rules.refuse_name(name):
        return
    for origin in history.list_origins():
        for source in list_namesakes(origin, claims):
            mention = history.find_mention(origin)
            reason = source.find_trouble(name, mention.via) or (source.want(name) is None and mention.outdated)
            if reason and mention.seconds < rules.grace and not mention.taken_back:
                yield origin, reason
                break


def list_namesakes(origin: str, claims: Claims) -> Iterator[SourceObject]:
    """The objects that an origin may mean: it does not name the API group."""
    kind, namespace, name = Origin.parse(origin)
    for group in {known.group for known in KINDS if known.kind == kind and known.gives_names}:
        if source := claims.source(Ref(kind, namespace, name, group)):
            yield source


def _find_hidden(
    name: str, claims: Claims, live: Collection[str], rules: ClaimRules, history: History
) -> Iterator[Claim]:
    """The claims of objects that published the name and are not among the ``live`` ones now."""
    kept = dict(find_kept(name, claims, history, rules))
    for group, holding in history.list_holdings().items():
        # Without a rival there is nothing to settle: the comparison keeps the record, and says why.
        hidden = [origin for origin in holding.origins if origin not in live] if live else []
        unread = [origin for origin in hidden if rules.are_unread([origin])]
        first = next((origin for origin in holding.origins if origin in live or origin in unread), "")
        for origin in holding.origins:
            rrsets = history.list_published(origin, group)
            if origin in unread:
                # Where they hold the name, no other claim may take it meanwhile, but an override and a block, which are
                # a person's.
                rank = UNREAD_RANK if first in unread else _make_rank(origin, NORMAL, YOUNGEST, own=False)
                yield _make_held_claim(origin, rrsets, rank, is_silent=_was_beside(origin, group, history))
            elif origin in kept and origin not in live:
                rank = _make_rank(origin, NORMAL, YOUNGEST, kept=True, own=True)
                is_silent = _was_beside(origin, group, history)
                yield _make_held_claim(origin, rrsets, rank, kept[origin], is_silent=is_silent)


def _was_beside(origin: str, group: str, history: History) -> bool:
    """What went with the addresses of its object ends with them."""
    return group == BESIDE and any(rrset.type != "CNAME" for rrset in history.list_published(origin, ADDRESSES))


def _make_held_claim(
    origin: str, rrsets: Sequence[RRset], rank: Rank, kept: str = "", *, is_silent: bool = False
) -> Claim:
    return Claim(
        origin,
        group_of(rrsets[0].type),
        tuple(sorted(ClaimData(rrset.type, rrset.values) for rrset in rrsets)),
        {rrset.type: rrset.ttl for rrset in rrsets},
        rank,
        kept=kept,
        is_silent=is_silent,
    )


def _add_old_types(decision: Decision, known: Mapping[str, KnownRRset], owned: Mapping[str, KnownRRset]) -> Decision:
    """A type that is no longer asked for is deleted on behalf of those that had it."""
    desired = {rrset.type for rrset in decision.rrsets}
    if desired.issuperset(known):
        return decision
    old = {kind: row.claimants for kind, row in owned.items() if kind not in desired}
    return replace(decision, by_type={**old, **decision.by_type})


def decide_claims(
    name: str,
    sources: Iterable[SourceObject],
    entries: Sequence[EntrySpec],
    *,
    default_ttl: int,
    fallback: tuple[str, ...] = (),
    history: History = NO_HISTORY,
    grace: float = 0.0,
    strict: bool = False,
    others: Sequence[Claim] = (),
) -> Decision:
    """Rank the claims on ``name`` and settle it.

    ``fallback`` are the values for sources that know no address of their own; a source that has lost its address keeps
    its last one, and one whose target is refused now keeps it for ``grace`` seconds. ``strict``: each namespace settles
    first which of its claims speaks for it. ``others`` are claims of objects that do not ask for the name now.
    """
    claims: list[Claim] = []
    for source in sources:
        want = source.want(name)
        if want is not None:
            made = _make_source_claims(want, source, fallback, history)
            claims += (_keep_refused(want, claim, history, grace) or claim for claim in made)
    # A type of which no value may be published asks for nothing.
    claims = [claim for claim in claims if claim.data or claim.group == ADDRESSES]
    claims += others
    blocks = [entry for entry in entries if entry.mode is Mode.BLOCK]
    claims += _group_entries([entry for entry in entries if entry.mode is not Mode.BLOCK], history)
    if blocks:
        reason = explain_block(blocks[0].origin)
        origins = dict.fromkeys(origin for claim in claims for origin in claim.origins)
        return Decision(name, reason=reason, losers=tuple(Loser(origin, reason) for origin in origins))
    if not claims:
        return Decision(name)
    ranked = _rank_by_holder(claims, history)
    return _settle_claims(name, _rank_namespaces(ranked) if strict else ranked, default_ttl, history)


def _rank_by_holder(claims: Sequence[Claim], history: History) -> list[Claim]:
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


def _rank_namespaces(ranked: Sequence[Claim]) -> list[Claim]:
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
    if own is not None and _is_foreign(claim, own.holder):
        foreign = 2
    else:
        # What it has it may go on having, but not at the cost of another type that another namespace has.
        foreign = 1 if any(_is_foreign(claim, other.holder) for other in rivals) else 0
    return replace(claim, rank=claim.rank._replace(foreign_namespace=foreign, not_holder=not_holder))


def _would_replace(claim: Claim, held: Held) -> bool:
    """Whether the two exclude each other, and the first three questions do not decide between them."""
    holder = held.claim
    return (
        holder is not None
        and (claim.is_alias or (holder.is_alias and held.holding.is_alias))
        and holder.outer_rank[:3] <= claim.outer_rank[:3]
    )


def _is_foreign(claim: Claim, holder: str) -> bool:
    return Origin.parse(holder).namespace != Origin.parse(claim.origin).namespace


def _settle_claims(name: str, claims: Sequence[Claim], default_ttl: int, history: History) -> Decision:
    if not any(claim.data and not claim.is_silent for claim in claims):
        return Decision(name, reason="no address yet", claimants=tuple(dict.fromkeys(claim.origin for claim in claims)))
    agreed: dict[str, list[Claim]] = {}
    losers: dict[Loser, None] = {}
    for claim in claims:
        if claim.is_silent and not _has_addresses(claim, agreed):
            continue
        winner = _find_winner(claim, agreed)
        if not claim.data:
            reason = "no address yet"
        elif winner is None:
            agreed[claim.group] = [claim]
            continue
        elif winner.group == claim.group and winner.data == claim.data:
            agreed[claim.group].append(claim)
            continue
        elif claim.is_silent:
            continue
        else:
            reason = explain_beaten(winner.origin, winner.explain_rank(claim))
        losers |= dict.fromkeys(Loser(origin, reason) for origin in claim.origins)
    return _build_decision(name, claims, agreed, tuple(losers), default_ttl, history)


def _has_addresses(claim: Claim, agreed: Mapping[str, Sequence[Claim]]) -> bool:
    """Whether the object of the claim has the addresses of the name."""
    having = agreed.get(ADDRESSES, ())
    return any(claim.origin in other.origins for other in having)


def _find_winner(claim: Claim, agreed: Mapping[str, Sequence[Claim]]) -> Claim | None:
    """What was settled already and excludes the claim, or has what it asks for. A CNAME excludes every other type."""
    if claim.group in agreed:
        return agreed[claim.group][0]
    for claims in agreed.values():
        if claim.is_alias or claims[0].is_alias:
            return claims[0]
    return None


def _build_decision(
    name: str,
    ranked: Sequence[Claim],
    agreed: Mapping[str, Sequence[Claim]],
    losers: tuple[Loser, ...],
    default_ttl: int,
    history: History,
) -> Decision:
    rrsets: list[RRset] = []
    beside: set[str] = set()
    warnings: dict[str, None] = {}
    by_type: dict[str, tuple[str, ...]] = {}
    kept: dict[str, str] = {}
    for claims in agreed.values():
        winner = claims[0]
        for kind, values in winner.data:
            ttl, warning = _settle_ttl(kind, claims, default_ttl)
            if all(claim.is_silent for claim in claims):
                ttl = min(rrset.ttl for rrset in rrsets if group_of(rrset.type) == ADDRESSES)
                beside.add(kind)
            rrsets.append(RRset(name, kind, ttl, values))
            by_type[kind] = tuple(dict.fromkeys(claim.origin_of(kind) for claim in claims))
            if warning:
                warnings[warning] = None
            if winner.kept:
                kept[kind] = winner.kept
    first = agreed[ADDRESSES][0] if ADDRESSES in agreed else next(iter(agreed.values()))[0]
    everyone = (*agreed[first.group], *(claim for claims in agreed.values() for claim in claims))
    claimants = tuple(dict.fromkeys(origin for claim in everyone for origin in claim.origins))
    return Decision(
        name,
        rrsets=tuple(sorted(rrsets, key=lambda rrset: rrset.type)),
        origin=first.origin,
        claimants=claimants,
        losers=tuple(loser for loser in losers if loser.origin not in claimants or len(agreed) > 1),
        warnings=tuple(warnings),
        priority=max(first.outer_rank.priority, 0),
        by_type={kind: origins for kind, origins in by_type.items() if origins != claimants},
        kept=kept,
        takeovers=tuple(_find_takeovers(ranked, agreed, history)),
        beside=frozenset(beside) or NO_TYPES,
        waits=frozenset(kind for claims in agreed.values() for kind in claims[0].waits) or NO_TYPES,
    )


def _settle_ttl(kind: str, claims: Sequence[Claim], default_ttl: int) -> tuple[int, str]:
    """The lowest that a claim of the winner's namespace, or a custom entry, says, and a warning where they differ."""
    winner = claims[0]
    said = [
        claim.ttls[kind]
        for claim in claims
        if kind in claim.ttls
        and (claim.entries or not _is_foreign(claim, winner.origin))
        and (winner.kept or not claim.kept)
    ]
    ttl = min(said, default=default_ttl)
    asked = ", ".join(map(str, sorted(set(said))))
    return ttl, f"{len(said)} claims want TTLs of {asked} s: {ttl} s holds" if len(set(said)) > 1 else ""


def _find_takeovers(
    ranked: Sequence[Claim], agreed: Mapping[str, Sequence[Claim]], history: History
) -> Iterator[TakeOver]:
    for group, holding in history.list_holdings().items():
        holder = holding.origins[0]
        winner = agreed[group][0] if group in agreed else _find_excluder(group, holding, ranked, agreed)
        if winner is None or winner.is_silent or not holder or holder in winner.origins:
            continue
        values = tuple(sorted(value for data in winner.data for value in data.values))
        if values != holding.values or _is_foreign(winner, holder):
            yield TakeOver(winner.group, holder, winner.origin, holding.values)


def _find_excluder(
    group: str, holding: Holding, ranked: Sequence[Claim], agreed: Mapping[str, Sequence[Claim]]
) -> Claim | None:
    """Who has the name instead of one that still asks for the types which it had: a CNAME, or what excludes one."""
    holders = (claim for claim in ranked if claim.group == group and set(claim.origins) & set(holding.origins))
    holder = next((claim for claim in holders if claim.data and not (claim.kept or claim.is_silent)), None)
    return None if holder is None else _find_winner(holder, agreed)


def _make_rank(origin: str, priority: int, created: str, *, own: bool, kept: bool = False, since: str = "") -> Rank:
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


def _make_source_claims(
    want: Want, source: SourceObject, fallback: tuple[str, ...], history: History
) -> Iterator[Claim]:
    """One for each group of types, all of one rank."""
    origin = str(source.ref)
    since = "" if history.mentions is None else history.find_mention(origin).since or YOUNGEST
    rank = _make_rank(origin, source.priority, source.created, own=want.own, since=since)
    if want.asks_address:
        default = () if want.own else fallback
        data = group_values(want.values or default or history.find_last_values(origin))
        ttls = {} if source.ttl is None else {kind: source.ttl for kind, _ in data}
        yield Claim(origin, ADDRESSES, data, ttls, rank, between=source.urgency)
        if not data:  # nothing is beside what is not there
            return
    groups: dict[str, list[WantedRecord]] = {}
    for record in want.records:
        groups.setdefault(group_of(record.type), []).append(record)
    for group, records in groups.items():
        found = ((record.type, _find_values(record, origin, history)) for record in records)
        said = ((record.type, source.ttl if record.ttl is None else record.ttl) for record in records)
        yield Claim(
            origin,
            group,
            tuple(sorted(ClaimData(kind, values) for kind, values in found if values)),
            {kind: ttl for kind, ttl in said if ttl is not None},
            rank,
            between=source.urgency,
            waits=frozenset(record.type for record in records if record.waits),
            is_silent=want.asks_address,
        )


def _find_values(record: WantedRecord, origin: str, history: History) -> tuple[str, ...]:
    """One that has none now, though nothing is in the way, keeps its last."""
    if record.values or record.skipped:
        return record.values
    published = history.list_published(origin, group_of(record.type))
    return next((rrset.values for rrset in published if rrset.type == record.type), ())


def _keep_refused(want: Want, claim: Claim, history: History, grace: float) -> Claim | None:
    """What the object published last, where its target is one that no source may publish any more."""
    if not want.is_refused:
        return None
    asked = {*want.refused, *(value for record in want.records for value in record.refused)}
    published = history.list_published(claim.origin, claim.group)
    refused = asked.intersection(value for rrset in published for value in rrset.values)
    if not refused or history.find_mention(claim.origin).seconds >= grace:
        return None
    if claim.data == tuple(sorted(ClaimData(rrset.type, rrset.values) for rrset in published)):
        return None  # the default is the same
    rank = _make_rank(claim.origin, NORMAL, YOUNGEST, kept=True, own=True)
    return _make_held_claim(claim.origin, published, rank, explain_refused(refused))


def explain_refused(values: Iterable[str]) -> str:
    return f"its target is not allowed: {', '.join(sorted(values))}"


def _group_entries(entries: Sequence[EntrySpec], history: History) -> list[Claim]:
    """The entries of one mode and one group at one name are one claim: they are one operator's A and AAAA."""
    groups: dict[tuple[Mode, str], list[EntrySpec]] = {}
    for entry in sorted(entries, key=lambda entry: (entry.created, entry.type)):
        groups.setdefault((entry.mode, group_of(entry.type)), []).append(entry)
    claims = []
    for (mode, group), members in groups.items():
        first = members[0]
        since = "" if history.mentions is None else first.created or YOUNGEST
        rank = Rank(
            not_override=mode is not Mode.OVERRIDE,
            kept=False,
            priority=NORMAL,
            foreign_namespace=0,
            default_address=False,
            not_holder=0,
            since=since,
            created=first.created or YOUNGEST,
            namespace="",
            name=first.key,
            kind=CUSTOM_ENTRY,
        )
        claims.append(
            Claim(
                origin=first.origin,
                group=group,
                data=tuple(sorted(ClaimData(entry.type, entry.values) for entry in members)),
                ttls={entry.type: entry.ttl for entry in members if entry.ttl is not None},
                rank=rank,
                entries={entry.type: entry for entry in members},
            )
        )
    return claims


def group_values(values: tuple[str, ...]) -> tuple[ClaimData, ...]:
    """Addresses (IPv4 gives A, IPv6 gives AAAA) or one host name (CNAME), as RRset data."""
    types: dict[str, list[str]] = {}
    for value in values:
        types.setdefault(value_type(value), []).append(value)
    return tuple(ClaimData(kind, tuple(sorted(set(group)))) for kind, group in sorted(types.items()))
