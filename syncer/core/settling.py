"""Who gets a name: claims, and what is known of the name, in; the RRsets that it shall hold, and the losers, out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from syncer.core.claiming import group_entries, keep_refused, make_held_claim, make_source_claims
from syncer.core.claims import (
    ADDRESSES,
    BESIDE,
    NO_HISTORY,
    NO_TYPES,
    NOTHING,
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
from syncer.core.names import misplaced_cname
from syncer.core.origin import Origin
from syncer.core.ranking import UNREAD_RANK, YOUNGEST, Claim, is_foreign, make_rank, rank_claims, rank_namespaces
from syncer.core.rrsets import RRset
from syncer.core.source import NORMAL, Ref, SourceObject

_GROUPS = {
    kind: tuple(known.group for known in KINDS if known.kind == kind and known.gives_names)
    for kind in {known.kind for known in KINDS}
}
"""The API groups of each kind of object that names hosts."""


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
    for group in _GROUPS.get(kind, ()):
        if source := claims.source(Ref(kind, namespace, name, group)):
            yield source


def _find_hidden(
    name: str, claims: Claims, live: Collection[str], rules: ClaimRules, history: History
) -> Iterator[Claim]:
    """The claims of objects that published the name and are not among the ``live`` ones now."""
    holdings = history.list_holdings()
    kept = dict(find_kept(name, claims, history, rules)) if holdings else {}
    for group, holding in holdings.items():
        # Without a rival there is nothing to settle: the comparison keeps the record, and says why.
        hidden = [origin for origin in holding.origins if origin not in live] if live else []
        unread = [origin for origin in hidden if rules.are_unread([origin])]
        first = next((origin for origin in holding.origins if origin in live or origin in unread), "")
        for origin in holding.origins:
            rrsets = history.list_published(origin, group)
            if origin in unread:
                # Where they hold the name, no other claim may take it meanwhile, but an override and a block, which are
                # a person's.
                rank = UNREAD_RANK if first in unread else make_rank(origin, NORMAL, YOUNGEST, own=False)
                yield make_held_claim(origin, rrsets, rank, is_silent=_was_beside(origin, group, history))
            elif origin in kept and origin not in live:
                rank = make_rank(origin, NORMAL, YOUNGEST, kept=True, own=True)
                is_silent = _was_beside(origin, group, history)
                yield make_held_claim(origin, rrsets, rank, kept[origin], is_silent=is_silent)


def _was_beside(origin: str, group: str, history: History) -> bool:
    """What went with the addresses of its object ends with them."""
    return group == BESIDE and any(rrset.type != "CNAME" for rrset in history.list_published(origin, ADDRESSES))


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
            made = make_source_claims(want, source, fallback, history)
            claims += (keep_refused(want, claim, history, grace) or claim for claim in made)
    # A type of which no value may be published asks for nothing.
    claims = [claim for claim in claims if claim.data or claim.group == ADDRESSES]
    claims += others
    blocks = [entry for entry in entries if entry.mode is Mode.BLOCK]
    claims += group_entries([entry for entry in entries if entry.mode is not Mode.BLOCK], history)
    if blocks:
        reason = explain_block(blocks[0].origin)
        origins = dict.fromkeys(origin for claim in claims for origin in claim.origins)
        return Decision(name, reason=reason, losers=tuple(Loser(origin, reason) for origin in origins))
    if not claims:
        return Decision(name)
    ranked = rank_claims(claims, history)
    return _settle_claims(name, rank_namespaces(ranked) if strict else ranked, default_ttl, history)


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
        by_type={kind: origins for kind, origins in by_type.items() if origins != claimants} or NOTHING,
        kept=kept or NOTHING,
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
        and (claim.entries or not is_foreign(claim, winner.origin))
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
        if values != holding.values or is_foreign(winner, holder):
            yield TakeOver(winner.group, holder, winner.origin, holding.values)


def _find_excluder(
    group: str, holding: Holding, ranked: Sequence[Claim], agreed: Mapping[str, Sequence[Claim]]
) -> Claim | None:
    """Who has the name instead of one that still asks for the types which it had: a CNAME, or what excludes one."""
    holders = (claim for claim in ranked if claim.group == group and set(claim.origins) & set(holding.origins))
    holder = next((claim for claim in holders if claim.data and not (claim.kept or claim.is_silent)), None)
    return None if holder is None else _find_winner(holder, agreed)
