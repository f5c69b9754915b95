"""The objects of the histories: Ingresses and IngressRoutes, HTTPRoutes, and the Gateways and ListenerSets that serve
those."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from syncer.core.kinds import GATEWAY, HTTP_ROUTE, INGRESS, INGRESS_ROUTE, LISTENER_SET, NAMESPACE, Kind
from tests.syncer.zone.engine import ADDRESS, PREFIX, ZONE

NAMES = ("blog", "grafana", "nas", "shop")
"""The last one is asked for by routes alone."""
NAMESPACES = ("web", "team")
SET, SHARED = "added", "edge"
"""The gate that is a ListenerSet, and the Gateway that it belongs to."""
GATES = (SHARED, "inner", SET)
SECTIONS = ("plain", "secure")
KINDS_READ = (INGRESS, INGRESS_ROUTE, HTTP_ROUTE, GATEWAY, LISTENER_SET, NAMESPACE)

Values = dict[str, set[str]]
"""By type."""

TARGETS: dict[str, Values] = {
    "": {"A": {ADDRESS}},
    "10.0.0.1": {"A": {"10.0.0.1"}},
    "10.0.0.2": {"A": {"10.0.0.2"}},
    "10.0.0.1,10.0.0.2": {"A": {"10.0.0.1", "10.0.0.2"}},
    "10.0.0.1,2001:db8::1": {"A": {"10.0.0.1"}, "AAAA": {"2001:db8::1"}},
    "edge.example.com": {"CNAME": {"edge.example.com"}},
    "cdn.example.com": {"CNAME": {"cdn.example.com"}},
}
"""The ``target`` annotation, and what it must give; "": none, so that the default address holds."""

PRIORITIES = ("high", "normal", "low")
CREATED = {"elder": "2020-01-01T00:00:00Z", "younger": "2021-01-01T00:00:00Z"}

Key = tuple[Kind, str, str]
"""Kind, namespace and name of an object."""

Place = tuple[str, str]
"""A Gateway or a ListenerSet, and the name of its listener."""


def gate_key(name: str) -> Key:
    return LISTENER_SET if name == SET else GATEWAY, "infra", name


def fqdn(name: str) -> str:
    return f"{name}.{ZONE}"


@dataclass(frozen=True)
class Terms:
    """What an object says besides its hosts; ``ttl`` of 0: nothing."""

    target: str = ""
    ttl: int = 0
    priority: str = "normal"
    ignore: bool = False

    def annotations(self) -> dict[str, str]:
        says = {"target": self.target, "ttl": str(self.ttl or ""), "priority": self.priority}
        says["ignore"] = "true" if self.ignore else ""
        return {PREFIX + word: value for word, value in says.items() if value}


@dataclass(frozen=True)
class Website:
    """An Ingress or an IngressRoute. ``broken``: a rule of the IngressRoute cannot be read."""

    hosts: tuple[str, ...]
    terms: Terms = Terms()
    broken: bool = False

    def spec(self, kind: Kind) -> dict[str, Any]:
        if kind == INGRESS:
            return {"spec": {"rules": [{"host": fqdn(host)} for host in self.hosts]}}
        rules = [f"Host(`{fqdn(host)}`)" for host in self.hosts] + ["Host(`"] * self.broken
        return {"spec": {"routes": [{"kind": "Rule", "match": rule} for rule in rules]}}


@dataclass(frozen=True)
class GateRoute:
    """An HTTPRoute; without ``hosts`` it takes those of its listeners. ``judged``: of which places its status says
    whether the route is accepted there."""

    hosts: tuple[str, ...]
    parents: tuple[Place, ...]
    judged: tuple[tuple[Place, bool], ...] = ()
    terms: Terms = Terms()

    def spec(self, _: Kind) -> dict[str, Any]:
        return {
            "spec": {
                "hostnames": [fqdn(host) for host in self.hosts],
                "parentRefs": [_parent_ref(place) for place in self.parents],
            },
            "status": {
                "parents": [
                    {
                        "parentRef": _parent_ref(place),
                        "conditions": [{"type": "Accepted", "status": str(accepted), "reason": "Said"}],
                    }
                    for place, accepted in self.judged
                ]
            },
        }


def _parent_ref(place: Place) -> dict[str, str]:
    kind, namespace, name = gate_key(place[0])
    return {"kind": kind.kind, "namespace": namespace, "name": name, "sectionName": place[1]}


@dataclass(frozen=True)
class Gate:
    """A Gateway or a ListenerSet. ``listeners`` are pairs of section and host, "" for any; its status says no to those
    of ``refused``, and, where it is not ``accepted``, to all."""

    listeners: tuple[Place, ...]
    accepted: bool = True
    refused: frozenset[str] = frozenset()
    terms: Terms = field(default=Terms(), init=False)

    def spec(self, kind: Kind) -> dict[str, Any]:
        admits = {"allowedListeners": {"namespaces": {"from": "Same"}}}
        return {
            "spec": {
                **({"parentRef": {"name": SHARED}} if kind == LISTENER_SET else admits),
                "listeners": [
                    {
                        "name": section,
                        "port": 80,
                        "protocol": "HTTP",
                        "allowedRoutes": {"namespaces": {"from": "All"}},
                        **({"hostname": fqdn(host)} if host else {}),
                    }
                    for section, host in self.listeners
                ],
            },
            "status": {
                "conditions": [{"type": "Accepted", "status": str(self.accepted), "reason": "Said"}],
                "listeners": [
                    {"name": section, "conditions": [{"type": "Accepted", "status": status, "reason": "Said"}]}
                    for section, status in sorted(
                        {**dict.fromkeys(dict(self.listeners), "True"), **dict.fromkeys(self.refused, "False")}.items()
                    )
                ],
            },
        }


@dataclass(frozen=True)
class Ending:
    """A Namespace that is being deleted."""

    terms: Terms = field(default=Terms(), init=False)

    def spec(self, _: Kind) -> dict[str, Any]:
        return {}


Thing = Website | GateRoute | Gate | Ending


def manifest(key: Key, thing: Thing) -> dict[str, Any]:
    kind, namespace, name = key
    metadata: dict[str, Any] = {
        "name": name,
        "creationTimestamp": CREATED.get(name, CREATED["elder"]),
        "annotations": thing.terms.annotations(),
    }
    if namespace:
        metadata["namespace"] = namespace
    if isinstance(thing, Ending):
        metadata["deletionTimestamp"] = "2026-02-01T00:00:00Z"
    return {"metadata": metadata, **thing.spec(kind)}
