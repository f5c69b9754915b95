"""Claims that did not get their name: of which object or entry, at which name, on which target, and why."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.db.models import Q

from records.entry_names import call_entries, name_entries
from records.entry_targets import EntryTargets
from records.limits import split_keys, split_rows
from records.models import CustomEntry, ManagedRecord, Source, SourceName
from syncer.core.claims import Mode
from syncer.core.known import explain_block
from syncer.core.origin import Origin

MANY = 500
"""Objects that are looked for at once."""


class LostClaim(NamedTuple):
    """``origin`` is Kind/namespace/name of who lost; ``reason`` names the winner and why it won; ``since`` is when the
    record changed last, or the block."""

    name: str
    origin: str
    target: str
    reason: str
    since: datetime


def find_lost(names: Collection[str]) -> dict[tuple[str, str, str], str]:
    """Why whose claim lost, by name, origin and target."""
    return {(claim.name, claim.origin, claim.target): claim.reason for claim in list_lost(names)}


def list_lost(names: Collection[str] | None = None) -> Iterator[LostClaim]:
    """``names`` None: of all names. A claim that lost at several types of a name is told once, of each of the targets
    that there are."""
    told: set[tuple[str, str, str]] = set()
    for claim in (*_list_beaten(names), *_list_blocked(names)):
        key = claim.name, claim.origin, claim.target
        if key not in told and _is_known(claim.target):
            told.add(key)
            yield claim


def note_lost(sources: Iterable[Source]) -> None:
    """Tell each source what it has lost, in a few questions for all."""
    shown = list(sources)
    lost = find_lost({name for source in shown for name, _ in source.wanted_names()})
    names = call_entries(lost.values())
    for source in shown:
        reasons = {name: lost.get((name, str(source), source.target), "") for name, _ in source.wanted_names()}
        source.lost_names = {name: name_entries(reason, names) for name, reason in reasons.items() if reason}


def count_lost() -> int:
    """What lost on several targets counts once."""
    return len({(claim.name, claim.origin) for claim in list_lost()})


def match_sources() -> Q:
    """The sources of which a claim lost."""
    losers = {(Origin.parse(claim.origin), claim.target) for claim in list_lost()}
    found = Q(pk__in=[])
    for origin, target in sorted(loser for loser in losers if loser[0].namespace)[:MANY]:
        found |= Q(target=target, kind=origin.kind, namespace=origin.namespace, name=origin.name)
    return found


def match_entries() -> Q:
    """The custom entries without effect, on one of their targets at least."""
    origins = (Origin.parse(claim.origin) for claim in list_lost())
    return Q(pk__in=[int(origin.name) for origin in origins if origin.is_entry and origin.name.isdecimal()])


def _list_beaten(names: Collection[str] | None) -> Iterator[LostClaim]:
    contested = ManagedRecord.objects.filter(is_contested=True).order_by("name", "type")
    for rows in split_rows(contested, names):
        for name, target, losers, since in rows.values_list("name", "target", "losers", "changed_at"):
            for origin, reason in losers:
                yield LostClaim(name, origin, target, reason, since)


def _is_known(target: str) -> bool:
    """What was lost on a target that is gone is no matter any more."""
    return not settings.MANAGED_TARGETS or target in settings.MANAGED_TARGETS


def _list_blocked(names: Collection[str] | None) -> Iterator[LostClaim]:
    """Of a blocked name nothing is written down but the block."""
    targets = EntryTargets()
    entries = CustomEntry.objects.filter(enabled=True)
    for rows in split_rows(entries.filter(mode=Mode.BLOCK).order_by("name"), names):
        blocks: dict[str, list[CustomEntry]] = {}
        for block in rows:
            blocks.setdefault(block.name, []).append(block)
        for blocked in split_keys(blocks):
            wants = SourceName.objects.filter(name__in=blocked, values__isnull=False).select_related("source")
            for mention in wants.order_by("name", "source"):
                yield from _lose_to(blocks[mention.name], str(mention.source), mention.source.target)
            for entry in entries.filter(name__in=blocked).exclude(mode=Mode.BLOCK):
                for target in targets.list_covered(entry.name, entry.target):
                    yield from _lose_to(blocks[entry.name], entry.origin, target)


def _lose_to(blocks: Iterable[CustomEntry], origin: str, target: str) -> Iterator[LostClaim]:
    """To the block for the target, where there is one."""
    for block in blocks:
        if block.target in ("", target):
            yield LostClaim(block.name, origin, target, explain_block(block.origin), block.updated_at)
            return
