"""How many names the objects of a namespace publish: what is published stays, then who has claimed longest, then the
order of the object (product: "Security", "Who may claim what")."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from syncer.core.annotations import PREFIX
from syncer.core.source import Ref, Skip, SkipCause, SourceObject

UNCOUNTED = "it waits to be counted: its namespace has as many names as it may have"
_YOUNGEST = "9999"
"""Sorts behind every time."""


class NameLimits(NamedTuple):
    """Of one namespace, and of each of its objects. ``is_own``: its Namespace says how many."""

    an_object: int
    a_namespace: int
    is_own: bool = False

    def explain_object(self) -> str:
        return f"over MAX_NAMES_PER_OBJECT ({self.an_object:,})"

    def explain_namespace(self) -> str:
        what = f"the {PREFIX}max-names of its Namespace" if self.is_own else "MAX_NAMES_PER_NAMESPACE"
        return f"over {what} ({self.a_namespace:,})"


def limit_sources(
    sources: Collection[SourceObject], limits: NameLimits, longest: Sequence[str] = ()
) -> dict[Ref, SourceObject]:
    """The objects of one namespace with no more names than they may have. ``longest`` are those that are published, and
    then those that have been claimed for longest; what is not among them comes by the age of its object."""
    ranks = {name: rank for rank, name in enumerate(longest)}
    ordered = sorted(sources, key=lambda source: (source.created or _YOUNGEST, source.ref.name, source.ref))
    limited = {source.ref: _limit_object(source, limits, ranks) for source in ordered}
    names = dict.fromkeys(want.name for source in limited.values() for want in source.wants)
    if len(names) <= limits.a_namespace:
        return limited
    first = set(sorted(names, key=lambda name: ranks.get(name, len(ranks)))[: limits.a_namespace])
    return {ref: cut_names(source, first, limits.explain_namespace()) for ref, source in limited.items()}


def _limit_object(source: SourceObject, limits: NameLimits, ranks: Mapping[str, int]) -> SourceObject:
    if len(source.wants) <= limits.an_object:
        return source
    in_order = sorted((want.name for want in source.wants), key=lambda name: ranks.get(name, len(ranks)))
    return cut_names(source, set(in_order[: limits.an_object]), limits.explain_object())


def cut_names(source: SourceObject, admitted: Collection[str], reason: str) -> SourceObject:
    """Without the names that are not ``admitted``; the object itself where all are."""
    skipped = [Skip(want.name, reason, SkipCause.POLICY) for want in source.wants if want.name not in admitted]
    if not skipped:
        return source
    wants = tuple(want for want in source.wants if want.name in admitted)
    return replace(source, wants=wants, skipped=(*source.skipped, *skipped))
