"""What each kind of route names, and which listeners serve it."""

from __future__ import annotations

from typing import Any

import pytest

from syncer.core.kinds import GATEWAY_ROUTES, GRPC_ROUTE, HTTP_ROUTE, TCP_ROUTE, TLS_ROUTE, UDP_ROUTE, Kind
from syncer.core.source import Ref
from tests.syncer.core.routes import ADDRESS, AUTO, OURS, gateway, http_route, listener, names, read, reasons, values

PROTOCOLS = {HTTP_ROUTE: "HTTP", GRPC_ROUTE: "HTTPS", TLS_ROUTE: "TLS", TCP_ROUTE: "TCP", UDP_ROUTE: "UDP"}
WITH_HOSTS = (HTTP_ROUTE, GRPC_ROUTE, TLS_ROUTE)
WITHOUT_HOSTS = (TCP_ROUTE, UDP_ROUTE)
NAMED = {OURS + "hostname": "b.talos00"}


def edge(kind: Kind, hostname: str = "", **more: Any) -> dict[str, Any]:
    """A Gateway with a listener for the kind."""
    return gateway(listener(hostname, protocol=PROTOCOLS[kind]), **more)


@pytest.mark.parametrize("kind", WITH_HOSTS, ids=str)
def test_host_names_are_those_of_the_route_that_a_listener_has_too(kind: Kind) -> None:
    manifest = http_route("a.talos00", "a.home.lab", annotations=NAMED)
    source = read(manifest, edge(kind, "*.talos00"), kind=kind)
    assert source.ref == Ref(kind.kind, "apps", "grafana", kind.group)
    assert names(source) == ["a.talos00", "b.talos00"]
    assert reasons(source) == {"a.home.lab": "no listener of Gateway infra/edge has this host name"}
    assert source.wants[0].via == ("infra/edge/",)


@pytest.mark.parametrize("kind", WITH_HOSTS, ids=str)
def test_without_host_names_they_are_those_of_the_listeners(kind: Kind) -> None:
    assert names(read(http_route(), edge(kind, "a.talos00"), kind=kind)) == ["a.talos00"]


@pytest.mark.parametrize("kind", WITHOUT_HOSTS, ids=str)
def test_where_the_protocol_has_no_host_names_only_the_annotation_gives_some(kind: Kind) -> None:
    listeners = edge(kind, "c.talos00")
    assert names(read(http_route("a.talos00", annotations=NAMED), listeners, kind=kind)) == ["b.talos00"]
    nameless = read(http_route("a.talos00"), listeners, kind=kind)
    assert (nameless.wants, nameless.skipped, nameless.warnings, nameless.troubles) == ((), (), (), ())


def test_a_tcp_route_on_a_listener_that_ends_the_tls_has_names_that_this_one_has_too() -> None:
    annotations = {OURS + "hostname": "db.talos00,db.home.lab"}
    listeners = gateway(listener("*.talos00", protocol="TLS", tls={"mode": "Terminate"}))
    source = read(http_route(annotations=annotations), listeners, kind=TCP_ROUTE)
    assert (names(source), list(reasons(source))) == (["db.talos00"], ["db.home.lab"])


@pytest.mark.parametrize("kind", GATEWAY_ROUTES, ids=str)
@pytest.mark.parametrize("protocol", ["HTTP", "HTTPS", "TLS", "TCP", "UDP"])
def test_a_listener_of_another_protocol_serves_nothing_and_the_reason_names_the_kind(kind: Kind, protocol: str) -> None:
    served = {
        "HTTP": (HTTP_ROUTE, GRPC_ROUTE),
        "HTTPS": (HTTP_ROUTE, GRPC_ROUTE),
        "TLS": (TLS_ROUTE, TCP_ROUTE),
        "TCP": (TCP_ROUTE,),
        "UDP": (UDP_ROUTE,),
    }
    source = read(http_route("b.talos00", annotations=NAMED), gateway(listener(protocol=protocol)), kind=kind)
    if kind in served[protocol]:
        assert names(source) == ["b.talos00"]
    else:
        assert reasons(source) == {"b.talos00": f"Gateway infra/edge takes no {kind.kind}s on that listener"}


@pytest.mark.parametrize("kind", GATEWAY_ROUTES, ids=str)
def test_addresses_and_namespaces_are_as_for_an_http_route(kind: Kind) -> None:
    manifest = http_route("b.talos00", annotations=NAMED)
    addresses = [{"type": "IPAddress", "value": "10.0.0.7"}]
    assert values(read(manifest, edge(kind), kind=kind)) == {"b.talos00": ADDRESS}
    assert values(read(manifest, edge(kind, addresses=addresses), kind=kind, scope=AUTO)) == {
        "b.talos00": ("10.0.0.7",)
    }
    closed = gateway(listener(protocol=PROTOCOLS[kind], allowedRoutes=None))
    why = f"Gateway infra/edge does not allow {kind.kind}s from namespace apps on that listener"
    assert reasons(read(manifest, closed, kind=kind)) == {"b.talos00": why}
