"""Objects of each kind come, change and go, while a syncer runs and while none does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import pytest

from syncer.core.kinds import (
    DNS_ENDPOINT,
    GATEWAY,
    GATEWAY_ROUTES,
    GRPC_ROUTE,
    HTTP_ROUTE,
    INGRESS,
    INGRESS_ROUTE,
    INGRESS_ROUTE_TCP,
    INGRESS_ROUTE_UDP,
    KINDS,
    LISTENER_SET,
    OLD_INGRESS_ROUTE,
    OLD_INGRESS_ROUTE_TCP,
    OLD_INGRESS_ROUTE_UDP,
    SERVICE,
    TCP_ROUTE,
    TLS_ROUTE,
    UDP_ROUTE,
    Kind,
)
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.zone.engine import ADDRESS, PREFIX, ZONE, Engine, published

Spec = Callable[[str], dict[str, Any]]

PARENTS = {"parentRefs": [{"name": "edge"}]}
RULES: dict[Kind, Spec] = {
    INGRESS: lambda host: {"rules": [{"host": host}]},
    INGRESS_ROUTE: lambda host: {"routes": [{"kind": "Rule", "match": f"Host(`{host}`)"}]},
    INGRESS_ROUTE_TCP: lambda host: {"routes": [{"match": f"HostSNI(`{host}`)"}], "tls": {}},
    INGRESS_ROUTE_UDP: lambda _: {"routes": [{"services": [{"name": "a", "port": 53}]}]},
}
SPECS: dict[Kind, Spec] = {
    **RULES,
    OLD_INGRESS_ROUTE: RULES[INGRESS_ROUTE],
    OLD_INGRESS_ROUTE_TCP: RULES[INGRESS_ROUTE_TCP],
    OLD_INGRESS_ROUTE_UDP: RULES[INGRESS_ROUTE_UDP],
    **dict.fromkeys((HTTP_ROUTE, GRPC_ROUTE, TLS_ROUTE), lambda host: {**PARENTS, "hostnames": [host]}),
    **dict.fromkeys((TCP_ROUTE, UDP_ROUTE), lambda _: PARENTS),
    DNS_ENDPOINT: lambda host: {"endpoints": [{"dnsName": host, "recordType": "A", "targets": [ADDRESS]}]},
    SERVICE: lambda _: {"type": "LoadBalancer", "externalIPs": [ADDRESS]},
}
"""By the host that it names."""
BY_ANNOTATION = (INGRESS_ROUTE_UDP, OLD_INGRESS_ROUTE_UDP, TCP_ROUTE, UDP_ROUTE, SERVICE)
OLD, NEW = f"old.{ZONE}", f"new.{ZONE}"


def make_object(kind: Kind, host: str, parent: str = "Gateway") -> dict[str, Any]:
    metadata = {"name": "app", "namespace": "web", "creationTimestamp": "2026-01-01T00:00:00Z"}
    if kind in BY_ANNOTATION:
        metadata |= {"annotations": {f"{PREFIX}hostname": host}}  # type: ignore[dict-item]
    spec = {**SPECS[kind](host)}
    if kind not in GATEWAY_ROUTES:
        return {"metadata": metadata, "spec": spec}
    spec["parentRefs"] = [{"kind": parent, "name": "edge"}]
    accepted = [{"type": "Accepted", "status": "True", "reason": "Accepted"}]
    judged = [{"parentRef": parent_ref, "conditions": accepted} for parent_ref in spec["parentRefs"]]
    return {"metadata": metadata, "spec": spec, "status": {"parents": judged}}


class HoldsObjects(Protocol):
    def put_object(self, kind: Kind, manifest: dict[str, Any]) -> None: ...


def put_parents(engine: HoldsObjects) -> None:
    """A Gateway that takes routes of every kind, and a ListenerSet of it that does, too."""
    listeners = [
        {"name": protocol.lower(), "port": port, "protocol": protocol}
        for port, protocol in enumerate(("HTTP", "TLS", "TCP", "UDP"), 1000)
    ]
    metadata = {"name": "edge", "namespace": "web"}
    spec = {"listeners": listeners, "allowedListeners": {"namespaces": {"from": "Same"}}}
    engine.put_object(GATEWAY, {"metadata": metadata, "spec": spec})
    accepted = [{"type": "Accepted", "status": "True", "reason": "Accepted"}]
    own = [{**listener, "port": listener["port"] + 1000} for listener in listeners]  # type: ignore[operator]
    status = {"conditions": accepted, "listeners": [{"name": it["name"], "conditions": accepted} for it in own]}
    engine.put_object(
        LISTENER_SET,
        {"metadata": metadata, "spec": {"parentRef": {"name": "edge"}, "listeners": own}, "status": status},
    )


CASES = [pytest.param(kind, "Gateway", id=str(kind)) for kind in KINDS if kind.gives_names] + [
    pytest.param(kind, "ListenerSet", id=f"{kind} on a ListenerSet") for kind in GATEWAY_ROUTES
]


@pytest.mark.parametrize(("kind", "parent"), CASES)
def test_it_is_published_moved_and_withdrawn_while_a_syncer_runs_and_while_none_does(
    engine: Engine, technitium: ServerUnderTest, kind: Kind, parent: str
) -> None:
    put_parents(engine)
    engine.put_object(kind, make_object(kind, OLD, parent))
    engine.settle()
    assert technitium.ask(OLD) == [ADDRESS]
    engine.put_object(kind, make_object(kind, NEW, parent))
    engine.settle()
    assert (technitium.ask(OLD), technitium.ask(NEW)) == ("NXDOMAIN", [ADDRESS])
    serial = technitium.serial(ZONE)
    engine.start()
    engine.settle()
    assert technitium.serial(ZONE) == serial, "a restart writes nothing"
    engine.drop_object(kind, "web", "app")
    engine.settle()
    assert published(technitium) == {}

    engine.put_object(kind, make_object(kind, OLD, parent))
    engine.settle()
    assert technitium.ask(OLD) == [ADDRESS]
    del engine.objects[kind, "web", "app"]  # while no syncer runs
    engine.start()
    engine.settle()
    assert published(technitium) == {}
