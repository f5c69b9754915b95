"""Claims on one name, and what is known of it from before."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from syncer.core.claims import NO_HISTORY, ClaimRules, Decision, EntrySpec, History, Mention, Mode
from syncer.core.kinds import KINDS
from syncer.core.known import KnownRRset, RecordState
from syncer.core.names import value_type
from syncer.core.rrsets import RRset
from syncer.core.settling import settle_name
from syncer.core.source import Ref, SourceObject, Want

NAME = "blog.talos00"
RULES = ClaimRules(("talos00",), default_ttl=300, grace=86_400)
BLOG, SHOP, WIKI = "Ingress/web/blog", "Ingress/web/shop", "Ingress/apps/wiki"
ONE, TWO, THREE = "10.0.0.1", "10.0.0.2", "10.0.0.3"
SIX, EDGE = "2001:db8::1", "edge.talos00"
JANUARY, FEBRUARY, MARCH = (f"2026-0{month}-01T00:00:00Z" for month in (1, 2, 3))


class Objects:
    """``Claims`` of these objects, of which some may not ask for a name now."""

    def __init__(self, *sources: SourceObject, fallback: tuple[str, ...] = ()) -> None:
        self._sources = sources
        self._fallback = fallback

    def names(self) -> Sequence[str]:
        return sorted({want.name for source in self._sources for want in source.wants})

    def claimants(self, name: str) -> Sequence[SourceObject]:
        return [source for source in self._sources if source.want(name)]

    def source(self, ref: Ref) -> SourceObject | None:
        return next((source for source in self._sources if source.ref == ref), None)

    def note_servers(self, zone: str, names: Collection[str]) -> None: ...

    def is_leaving(self, namespace: str) -> bool:
        return False

    def fallback(self) -> tuple[tuple[str, ...], str]:
        return self._fallback, ""


def source(origin: str, *values: str, own: bool = False, **more: Any) -> SourceObject:
    """An object that asks for the name. ``origin`` is ``namespace/name`` of an Ingress, or with the kind before it."""
    kind, namespace, name = origin.split("/") if origin.count("/") == 2 else ("Ingress", *origin.split("/"))
    group = next(known.group for known in KINDS if known.kind == kind)
    wants = (Want(NAME, values, own),)
    return SourceObject(Ref(kind, namespace, name, group), **{"created": JANUARY, "wants": wants, **more})


def entry(key: str, *values: str, kind: str = "", mode: Mode = Mode.PUBLISH, **more: Any) -> EntrySpec:
    kind = kind or (value_type(values[0]) if values else "")
    return EntrySpec(key, NAME, kind, values, mode=mode, **{"created": FEBRUARY, **more})


def block(key: str = "9") -> EntrySpec:
    return entry(key, mode=Mode.BLOCK)


def settle(
    *sources: SourceObject,
    entries: Sequence[EntrySpec] = (),
    history: History = NO_HISTORY,
    rules: ClaimRules = RULES,
    fallback: tuple[str, ...] = (),
) -> Decision:
    return settle_name(NAME, Objects(*sources, fallback=fallback), entries, rules, history)


def row(*claimants: str, values: Sequence[str], kind: str = "", ttl: int = 300) -> KnownRRset:
    """An RRset of ours in the ledger, the holder of it first."""
    rrset = RRset(NAME, kind or value_type(values[0]), ttl, tuple(sorted(values)))
    return KnownRRset(rrset, True, RecordState.SYNCED, "", claimants[0], claimants)


def held(*rows: KnownRRset, mentions: Mapping[str, Mention] | None = None) -> History:
    return History({row.rrset.type: row for row in rows}, mentions=mentions or {})


def written(decision: Decision, mentions: Mapping[str, Mention] | None = None) -> History:
    """What is known when all that was decided has been written."""
    return held(
        *(
            KnownRRset(
                rrset,
                True,
                RecordState.SYNCED,
                origin=decision.origin_of(rrset.type),
                claimants=decision.claimants_of(rrset.type),
                losers=decision.losers,
            )
            for rrset in decision.rrsets
        ),
        mentions=mentions,
    )


def since(times: Mapping[str, str]) -> dict[str, Mention]:
    """Since when each origin has named the host."""
    return {origin: Mention(time) for origin, time in times.items()}


def values_of(decision: Decision) -> dict[str, tuple[str, ...]]:
    """By type."""
    return {rrset.type: rrset.values for rrset in decision.rrsets}


LIVE = held(row(BLOG, values=[ONE]), mentions=since({BLOG: MARCH, WIKI: JANUARY}))
"""Of the blog, which is young and has no target of its own."""


def blog(*values: str, **more: Any) -> SourceObject:
    return source("web/blog", *(values or (ONE,)), **{"created": MARCH, **more})
