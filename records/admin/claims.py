"""Who wants the name of a record, who has it, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.db.models import Q
from django.utils.safestring import SafeString

from records.admin.columns import color_word, object_time, origin_link
from records.entry_names import call_entries, name_entries
from records.explain import PRIORITIES, explain_win
from records.models import CustomEntry, ManagedRecord, Source
from syncer.core.known import RecordState
from syncer.core.origin import Origin
from syncer.core.source import NORMAL

MANY = 50
"""Claims that are looked up; of the others only the origin is shown."""


class ClaimRow(NamedTuple):
    status: SafeString
    origin: SafeString
    reason: str
    wants: str
    rank: str


def list_name_claims(records: Sequence[ManagedRecord]) -> list[ClaimRow]:
    """The claims on all records of a name, each once: one that has a type is shown with the types that it has, where
    others have others, whatever it lost besides."""
    types: dict[str, list[str]] = {}
    for record in records:
        if record.owned:
            types.setdefault(record.origin, []).append(record.type)
    having: dict[str, ClaimRow] = {}
    others: dict[str, ClaimRow] = {}
    for record in records:
        origins = [*record.claimants, *(origin for origin, _ in record.losers)]
        for origin, row in zip(origins, list_claims(record), strict=True):
            if origin != record.origin:
                others.setdefault(origin, row)
            elif len(types) > 1 and origin in types:
                word = color_word(f"has {', '.join(types[origin])}", "good")
                having.setdefault(origin, row._replace(status=word))
            else:
                having.setdefault(origin, row)
    return [*having.values(), *(row for origin, row in others.items() if origin not in having)]


def list_claims(record: ManagedRecord) -> list[ClaimRow]:
    """The winner first, then those who agree with it, then the losers."""
    losers = [(origin, reason) for origin, reason in record.losers]
    origins = [*record.claimants, *(origin for origin, _ in losers)]
    known = _find_claims(origins[:MANY])
    names = call_entries([*origins, *(reason for _, reason in losers)])
    rows = []
    for origin in record.claimants:
        if origin == record.origin and record.state == RecordState.HELD:
            status, reason = color_word("had the name", "warn"), "Nothing wants it any more."
        elif origin == record.origin and record.state == RecordState.KEPT:
            status, reason = color_word("has what is kept", "warn"), f"It is kept: {record.reason}."
        elif origin == record.origin:
            status, reason = _winning_word(record), _explain_winner(record)
        else:
            status, reason = color_word("agrees", "quiet"), "It wants the same values."
        rows.append(_describe_claim(status, origin, reason, record.name, known, names))
    for origin, reason in losers:
        words = f"{name_entries(reason, names)}."
        rows.append(_describe_claim(color_word("lost", "bad"), origin, words, record.name, known, names))
    return rows


def _winning_word(record: ManagedRecord) -> SafeString:
    return color_word("has the name", "good") if record.owned else color_word("comes first", "warn")


def _explain_winner(record: ManagedRecord) -> str:
    why = explain_win(record)
    return f"{why[:1].upper()}{why[1:]}." if why else "No other claim wants other values."


def _describe_claim(
    status: SafeString,
    origin: str,
    reason: str,
    name: str,
    known: dict[str, Source | CustomEntry],
    names: dict[str, str],
) -> ClaimRow:
    claim = known.get(origin)
    wants = rank = ""
    if isinstance(claim, Source):
        values = dict(claim.wanted_names()).get(name)
        wants = ", ".join(values) or claim.unsaid if values is not None else "no longer wants it"
        priority = "" if claim.priority == NORMAL else f"{PRIORITIES[claim.priority]} priority, "
        rank = f"{priority}created {object_time(claim.created)}"
    elif isinstance(claim, CustomEntry):
        wants = ", ".join(claim.values)
        rank = claim.mode
    return ClaimRow(status, origin_link(origin, names), reason, wants, rank)


def _find_claims(texts: list[str]) -> dict[str, Source | CustomEntry]:
    places = Q(pk__in=[])
    keys = []
    for origin in map(Origin.parse, texts):
        if origin.is_entry:
            keys += [int(origin.name)] if origin.name.isdecimal() else []
        else:
            places |= Q(**origin._asdict())
    sources = Source.objects.with_mentions().filter(places)
    found: dict[str, Source | CustomEntry] = {str(source): source for source in sources}
    found |= {entry.origin: entry for entry in CustomEntry.objects.filter(pk__in=keys)}
    return found
