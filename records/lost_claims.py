"""Claims that did not get their name: of which object or entry, at which name, and why."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q

from records.entry_names import call_entries, name_entries
from records.limits import split_keys, split_rows
from records.models import CustomEntry, ManagedRecord, Source, SourceName
from syncer.core.claims import Mode
from syncer.core.known import explain_block
from syncer.core.origin import Origin

MANY = 500
"""Objects that are looked for at once."""


class LostClaim(NamedTuple):
    """``origin`` is Kind/namespace/name of who lost; ``reason`` names the winner and why it won; ``since`` is when the
    record changed last, or the block. ``target`` is where it lost, "" for each."""

    name: str
    origin: str
    reason: str
    since: datetime
    target: str


def find_lost(names: Collection[str]) -> dict[str, dict[str, str]]:
    """Why whose claim lost, by name and then by origin, on whichever target."""
    found: dict[str, dict[str, str]] = {}
    for claim in list_lost(names):
        found.setdefault(claim.name, {})[claim.origin] = claim.reason
    return found


def list_lost(names: Collection[str] | None = None) -> Iterator[LostClaim]:
    """``names`` None: of all names. A claim that lost at several types of a name is told once a target."""
    told: set[tuple[str, str, str]] = set()
    for claim in (*_list_beaten(names), *_list_blocked(names)):
        place = claim.target, claim.name, claim.origin
        if place not in told:
            told.add(place)
            yield claim


def note_lost(sources: Iterable[Source]) -> None:
    """Tell each source what it has lost, in a few questions for all."""
    shown = list(sources)
    claims = list_lost({name for source in shown for name, _ in source.wanted_names()})
    lost = {(claim.target, claim.name, claim.origin): claim.reason for claim in claims}
    names = call_entries(lost.values())
    for source in shown:
        reasons = {name: lost.get((source.target, name, str(source)), "") for name, _ in source.wanted_names()}
        source.lost_names = {name: name_entries(reason, names) for name, reason in reasons.items() if reason}


def count_lost() -> int:
    return sum(1 for _ in list_lost())


def match_sources() -> Q:
    """The sources of which a claim lost."""
    places = {(claim.target, Origin.parse(claim.origin)) for claim in list_lost()}
    found = Q(pk__in=[])
    for target, origin in sorted(place for place in places if place[1].namespace)[:MANY]:
        found |= Q(target=target, kind=origin.kind, namespace=origin.namespace, name=origin.name)
    return found


def match_entries() -> Q:
    """The custom entries without effect."""
    origins = (Origin.parse(claim.origin) for claim in list_lost())
    return Q(pk__in=[int(origin.name) for origin in origins if origin.is_entry and origin.name.isdecimal()])


def _list_beaten(names: Collection[str] | None) -> Iterator[LostClaim]:
    contested = ManagedRecord.objects.filter(is_contested=True).order_by("name", "type")
    for rows in split_rows(contested, names):
        for name, losers, since, target in rows.values_list("name", "losers", "changed_at", "target"):
            for origin, reason in losers:
                yield LostClaim(name, origin, reason, since, target)


def _list_blocked(names: Collection[str] | None) -> Iterator[LostClaim]:
    """Of a blocked name nothing is written down but the block."""
    entries = CustomEntry.objects.filter(enabled=True)
    for rows in split_rows(entries.filter(mode=Mode.BLOCK).order_by("name"), names):
        blocks: dict[str, list[CustomEntry]] = {}
        for block in rows:
            blocks.setdefault(block.name, []).append(block)
        for blocked in split_keys(blocks):
            wants = SourceName.objects.filter(name__in=blocked, values__isnull=False).select_related("source")
            for mention in wants.order_by("name", "source"):
                if loses_to := _find_block(blocks[mention.name], mention.source.target):
                    yield _lose_to(loses_to, str(mention.source), mention.source.target)
            for entry in entries.filter(name__in=blocked).exclude(mode=Mode.BLOCK):
                if loses_to := _find_block(blocks[entry.name], entry.target):
                    yield _lose_to(loses_to, entry.origin, entry.target)


def _find_block(blocks: Iterable[CustomEntry], target: str) -> CustomEntry | None:
    """``target`` "": of an entry on each, which has an effect where the block is not."""
    return next((block for block in blocks if block.target in ("", target)), None)


def _lose_to(block: CustomEntry, origin: str, target: str) -> LostClaim:
    return LostClaim(block.name, origin, explain_block(block.origin), block.updated_at, target)
