"""What the tests of the Technitium target share: a zone, our marks, and short words for changes."""

from __future__ import annotations

from typing import Any

from syncer.config import TechnitiumConfig
from syncer.core.plan import Change, Op
from syncer.core.rrsets import Found, Marker, RRset
from syncer.targets.base import Outcome, Result
from syncer.targets.technitium.target import TechnitiumTarget
from tests.fakes.fixtures_technitium import ServerUnderTest

ZONE = "talos00"
MARKER = Marker("default")
MARK = MARKER.mark("Ingress/monitoring/grafana")
OTHER_MARK = MARKER.mark("Ingress/monitoring/blog")


def make_target(technitium: ServerUnderTest, *zones: str, **settings: Any) -> TechnitiumTarget:
    config = TechnitiumConfig(technitium.url, technitium.token, **{"rate_limit": 1000, "timeout": 5, **settings})
    return TechnitiumTarget(config, MARKER, zones or (ZONE,))


def held(target: TechnitiumTarget, zone: str = ZONE) -> dict[tuple[str, str], Found]:
    """All but the apex."""
    found = {(item.rrset.name, item.rrset.type): item for item in target.zone(zone).read().found}
    return {key: item for key, item in found.items() if key[0] != zone}


def create(name: str, *values: str, type_: str = "A", ttl: int = 300, mark: str = MARK) -> Change:
    return Change(Op.CREATE, None, RRset(f"{name}.{ZONE}", type_, ttl, values), mark)


def update(before: Found, *values: str, ttl: int | None = None, mark: str = MARK) -> Change:
    rrset = before.rrset
    return Change(Op.UPDATE, before, RRset(rrset.name, rrset.type, ttl or rrset.ttl, values or rrset.values), mark)


def delete(before: Found) -> Change:
    return Change(Op.DELETE, before, None, "")


def apply(target: TechnitiumTarget, *changes: Change, zone: str = ZONE) -> dict[tuple[str, str], Result]:
    results = list(target.zone(zone).apply(changes))
    assert len(results) == len(changes)
    return {result.change.key: result for result in results}


def apply_well(target: TechnitiumTarget, *changes: Change) -> None:
    results = apply(target, *changes)
    assert {result.outcome for result in results.values()} == {Outcome.DONE}, results


def foreign(technitium: ServerUnderTest, zone: str = ZONE) -> list[str]:
    """Everything that does not carry our mark, as the server tells it; the SOA serial and times are the server's."""
    return sorted(
        repr({key: value for key, value in record.items() if key not in ("lastUsedOn", "lastModified")})
        for record in technitium.records(zone)
        if not MARKER.knows(record.get("comments", "")) and record["type"] != "SOA"
    )
