"""Claims that did not get their name: of which object or entry, at which name, and why."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from django.db.models import Q

from records.limits import KEYS
from records.models import CustomEntry, ManagedRecord, Source, SourceName
from syncer.core.claims import Mode
from syncer.core.origin import Origin

MANY = 500
"""Objects that are looked for at once."""


class LostClaim(NamedTuple):
    """``origin`` is Kind/namespace/name of who lost; ``reason`` names the winner and why it won."""

    name: str
    origin: str
    reason: str


def find_lost(names: Collection[str]) -> dict[str, dict[str, str]]:
    """Why whose claim lost, by name and then by origin."""
    found: dict[str, dict[str, str]] = {}
    for claim in list_lost(names):
        found.setdefault(claim.name, {})[claim.origin] = claim.reason
    return found


def list_lost(names: Collection[str] | None = None) -> Iterator[LostClaim]:
    """``names`` None: of all names. A claim that lost at several types of a name is told once."""
    told: set[tuple[str, str]] = set()
    for claim in (*_list_beaten(names), *_list_blocked(names)):
        if (claim.name, claim.origin) not in told:
            told.add((claim.name, claim.origin))
            yield claim


def note_lost(sources: Iterable[Source]) -> None:
    """Tell each source what it has lost, in a few questions for all."""
    shown = list(sources)
    lost = find_lost({name for source in shown for name, _ in source.wanted_names()})
    for source in shown:
        reasons = {name: lost.get(name, {}).get(str(source), "") for name, _ in source.wanted_names()}
        source.lost_names = {name: reason for name, reason in reasons.items() if reason}


def count_lost() -> int:
    return sum(1 for _ in list_lost())


def match_sources() -> Q:
    """The sources of which a claim lost."""
    origins = {Origin.parse(claim.origin) for claim in list_lost()}
    found = Q(pk__in=[])
    for origin in sorted(origin for origin in origins if origin.namespace)[:MANY]:
        found |= Q(kind=origin.kind, namespace=origin.namespace, name=origin.name)
    return found


def match_entries() -> Q:
    """The custom entries without effect."""
    origins = (Origin.parse(claim.origin) for claim in list_lost())
    return Q(pk__in=[int(origin.name) for origin in origins if origin.is_entry and origin.name.isdecimal()])


def _list_beaten(names: Collection[str] | None) -> Iterator[LostClaim]:
    contested = ManagedRecord.objects.filter(is_contested=True).order_by("name", "type").values_list("name", "losers")
    for chunk in _split(names):
        for name, losers in contested if chunk is None else contested.filter(name__in=chunk):
            for origin, reason in losers:
                yield LostClaim(name, origin, reason)


def _list_blocked(names: Collection[str] | None) -> Iterator[LostClaim]:
    """Of a blocked name nothing is written down but the block."""
    rows = CustomEntry.objects.filter(mode=Mode.BLOCK, enabled=True).order_by("name")
    for chunk in _split(names):
        blocks = dict((rows if chunk is None else rows.filter(name__in=chunk)).values_list("name", "pk"))
        yield from _list_claims(blocks)


def _list_claims(blocks: dict[str, int]) -> Iterator[LostClaim]:
    for chunk in _split(blocks):
        wants = SourceName.objects.filter(name__in=chunk or (), values__isnull=False).select_related("source")
        for mention in wants.order_by("name", "source"):
            yield LostClaim(mention.name, str(mention.source), f"blocked by {Origin.of_entry(blocks[mention.name])}")
        for entry in CustomEntry.objects.filter(name__in=chunk or (), enabled=True).exclude(mode=Mode.BLOCK):
            yield LostClaim(entry.name, entry.origin, f"blocked by {Origin.of_entry(blocks[entry.name])}")


def _split(names: Iterable[str] | None) -> Iterator[list[str] | None]:
    if names is None:
        yield None
        return
    ordered = sorted(names)
    for start in range(0, len(ordered), KEYS):
        yield ordered[start : start + KEYS]
