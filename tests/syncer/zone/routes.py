"""Gateways and routes of which names can be hidden, and what became of the names."""

from __future__ import annotations

from typing import Any

from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.zone.engine import ZONE, Engine, published

SHOP = f"shop.{ZONE}"
GRACE = 1800.0
"""Seconds in which a name is kept, where a test waits for their end: as short as may be, for each turn costs."""
MOMENT = GRACE / 60
TURN = 60.0
"""Seconds: the longest turn of which all counts as seen."""


def gateway(*hostnames: str, admits: str = "All", name: str = "edge", status: Any = None) -> dict[str, Any]:
    """With one listener for each host name, "" for any."""
    listeners = [
        {
            "name": f"web-{number}",
            "port": 80,
            "protocol": "HTTP",
            "allowedRoutes": {"namespaces": {"from": admits}},
            **({"hostname": hostname} if hostname else {}),
        }
        for number, hostname in enumerate(hostnames or ("",))
    ]
    return {
        "metadata": {"name": name, "namespace": "infra"},
        "spec": {"listeners": listeners},
        "status": {"listeners": status or []},
    }


def parent_ref(name: str = "edge", section: str = "") -> dict[str, Any]:
    return {"name": name, "namespace": "infra", **({"sectionName": section} if section else {})}


def route(
    *hostnames: str,
    parents: list[dict[str, Any]] | None = None,
    judged: list[dict[str, Any]] | None = None,
    accepted: str = "True",
    name: str = "shop",
    **notes: str,
) -> dict[str, Any]:
    """``judged`` are the parents of which its status says something; by default all that its spec names."""
    parents = [parent_ref()] if parents is None else parents
    condition = {"type": "Accepted", "status": accepted, "reason": "Accepted" if accepted == "True" else "NotAllowed"}
    return {
        "metadata": {
            "name": name,
            "namespace": "web",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "annotations": {f"catalyst-dns-sync.io/{key}": value for key, value in notes.items()},
        },
        "spec": {"parentRefs": parents, "hostnames": list(hostnames)},
        "status": {
            "parents": [
                {"parentRef": parent, "conditions": [condition]} for parent in (parents if judged is None else judged)
            ]
        },
    }


def ingress_route(*rules: str) -> dict[str, Any]:
    return {
        "metadata": {"name": "app", "namespace": "web", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"routes": [{"match": rule, "kind": "Rule"} for rule in rules]},
    }


def is_kept(engine: Engine, technitium: ServerUnderTest, name: str = "shop") -> bool:
    """After a full pass and a while."""
    engine.full()
    engine.settle(5)
    published_now = (name, "A") in published(technitium)
    assert published_now == (engine.state(name) == "kept")
    return published_now


def wait(engine: Engine, seconds: float) -> None:
    """Time in which the syncer runs and sees what there is."""
    while seconds > 0:
        engine.turn(min(seconds, TURN))
        seconds -= TURN
    engine.settle()
