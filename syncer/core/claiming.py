"""What objects and custom entries ask for at one name, or published there last, as claims."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from syncer.core.claims import ADDRESSES, EntrySpec, History, Mode, group_of
from syncer.core.names import value_type
from syncer.core.origin import CUSTOM_ENTRY
from syncer.core.ranking import YOUNGEST, Claim, ClaimData, Rank, make_rank
from syncer.core.rrsets import RRset
from syncer.core.source import NORMAL, SourceObject, Want, WantedRecord


def make_source_claims(
    want: Want, source: SourceObject, fallback: tuple[str, ...], history: History
) -> Iterator[Claim]:
    """One for each group of types, all of one rank."""
    origin = str(source.ref)
    since = "" if history.mentions is None else history.find_mention(origin).since or YOUNGEST
    rank = make_rank(origin, source.priority, source.created, own=want.own, since=since)
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


def keep_refused(want: Want, claim: Claim, history: History, grace: float) -> Claim | None:
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
    rank = make_rank(claim.origin, NORMAL, YOUNGEST, kept=True, own=True)
    return make_held_claim(claim.origin, published, rank, explain_refused(refused))


def explain_refused(values: Iterable[str]) -> str:
    return f"its target is not allowed: {', '.join(sorted(values))}"


def group_entries(entries: Sequence[EntrySpec], history: History) -> list[Claim]:
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


def make_held_claim(
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


def group_values(values: tuple[str, ...]) -> tuple[ClaimData, ...]:
    """Addresses (IPv4 gives A, IPv6 gives AAAA) or one host name (CNAME), as RRset data."""
    types: dict[str, list[str]] = {}
    for value in values:
        types.setdefault(value_type(value), []).append(value)
    return tuple(ClaimData(kind, tuple(sorted(set(group)))) for kind, group in sorted(types.items()))
