"""Which routes a listener takes, by its protocol and by what it says itself."""

from __future__ import annotations

from typing import Any

import pytest

from syncer.core.kinds import GATEWAY_ROUTES, GRPC_ROUTE, HTTP_ROUTE, TCP_ROUTE, TLS_ROUTE, UDP_ROUTE, Kind
from syncer.core.listeners import ANY_LISTENER, Admits, read_listeners
from tests.syncer.core.routes import condition, listener, report

ALL = {kind.kind for kind in GATEWAY_ROUTES}


def taken(**listener_: Any) -> set[str]:
    (only,), warnings = read_listeners({"spec": {"listeners": [listener(**listener_)]}})
    assert not warnings
    return set(only.kinds)


@pytest.mark.parametrize(
    ("protocol", "mode", "kinds"),
    [
        ("HTTP", None, {HTTP_ROUTE, GRPC_ROUTE}),
        ("HTTPS", None, {HTTP_ROUTE, GRPC_ROUTE}),
        ("HTTPS", "Terminate", {HTTP_ROUTE, GRPC_ROUTE}),
        ("TLS", None, {TLS_ROUTE, TCP_ROUTE}),
        ("TLS", "Terminate", {TLS_ROUTE, TCP_ROUTE}),
        ("TLS", "Passthrough", {TLS_ROUTE}),
        ("TCP", None, {TCP_ROUTE}),
        ("UDP", None, {UDP_ROUTE}),
        ("http", None, set()),
        ("example.com/quic", None, set()),
        (None, None, set()),
        (7, None, set()),
    ],
)
def test_the_protocol_says_which_routes_a_listener_takes(protocol: Any, mode: Any, kinds: set[Kind]) -> None:
    tls = {"tls": {"mode": mode}} if mode else {}
    assert taken(protocol=protocol, **tls) == {kind.kind for kind in kinds}


@pytest.mark.parametrize(
    ("allowed", "kinds"),
    [
        ([{"kind": "GRPCRoute"}], {"GRPCRoute"}),
        ([{"kind": "GRPCRoute", "group": "gateway.networking.k8s.io"}], {"GRPCRoute"}),
        ([{"kind": "GRPCRoute", "group": ""}], set()),
        ([{"kind": "GRPCRoute"}, {"kind": "TLSRoute"}], {"GRPCRoute"}),
        ([{"kind": "TLSRoute"}], set()),
        ([], {"HTTPRoute", "GRPCRoute"}),
        ("HTTPRoute", {"HTTPRoute", "GRPCRoute"}),
        ([7, "HTTPRoute"], set()),
    ],
)
def test_its_kinds_narrow_what_the_protocol_allows(allowed: Any, kinds: set[str]) -> None:
    assert taken(protocol="HTTPS", allowedRoutes={"kinds": allowed}) == kinds


@pytest.mark.parametrize(
    ("protocol", "hostname"), [("TCP", ""), ("UDP", ""), ("TLS", "a.talos00"), ("HTTP", "a.talos00")]
)
def test_a_host_name_counts_where_the_protocol_carries_one(protocol: str, hostname: str) -> None:
    (only,), _ = read_listeners({"spec": {"listeners": [listener("a.talos00", protocol=protocol)]}})
    assert only.hostname == hostname


def test_a_listener_that_is_not_usable_is_told_and_stops_no_other() -> None:
    selector = {"matchExpressions": [{"key": "a", "operator": "Like"}]}
    by_label = {"namespaces": {"from": "Selector", "selector": selector}}
    items = [listener("a_b..c", name="bad"), listener(name="odd", allowedRoutes=by_label), listener(name="good")]
    listeners, warnings = read_listeners({"spec": {"listeners": items}})
    assert [it.name for it in listeners] == ["good"]
    assert [warning.partition(":")[0] for warning in warnings] == [
        'listener "bad" is not usable',
        'listener "odd" is not usable',
    ]


def test_what_the_status_does_not_name_has_the_refusal_that_is_given() -> None:
    items = [listener(name="named"), listener(name="refused"), listener(name="unnamed")]
    refused = report("refused", condition("Accepted", "False", "PortUnavailable"))
    status = {"listeners": [report("named", condition("Accepted", "Unknown")), refused]}
    listeners, _ = read_listeners({"spec": {"listeners": items}, "status": status}, unnamed="is not there")
    assert {it.name: it.refusal for it in listeners} == {
        "named": "",
        "refused": "is not accepted: PortUnavailable",
        "unnamed": "is not there",
    }


def test_one_report_against_a_listener_counts_beside_any_for_it() -> None:
    told = [
        report("web", condition("Accepted", "False", "PortUnavailable")),
        report("web", condition("Accepted", "True")),
    ]
    for reports in (told, told[::-1]):
        (only,), _ = read_listeners({"spec": {"listeners": [listener(name="web")]}, "status": {"listeners": reports}})
        assert only.refusal == "is not accepted: PortUnavailable"


@pytest.mark.parametrize(
    ("admits", "namespace", "refusal"),
    [
        (Admits("All"), "apps", ""),
        (Admits("Same"), "infra", ""),
        (Admits("Same"), "apps", "does not allow UDPRoutes from namespace apps at all"),
        (Admits("None"), "infra", "does not allow UDPRoutes from namespace infra at all"),
        (Admits("Selector", None), "infra", "selects namespaces without a selector there, which admits none"),
        (Admits("Selector", ()), "infra", ""),
        (Admits("Selector", ()), "apps", "selects by the labels of namespace apps, which are not known"),
    ],
)
def test_it_says_whose_objects_it_admits(admits: Admits, namespace: str, refusal: str) -> None:
    assert admits.refuse_namespace("UDPRoutes", "infra", namespace, {"infra": {}}, " at all") == refusal


def test_a_listener_that_is_not_known_may_take_anything() -> None:
    assert set(ANY_LISTENER.kinds) == ALL
    assert ANY_LISTENER.admits.refuse_namespace("UDPRoutes", "infra", "apps", {}) == ""
