from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from syncer.core.gateways import Gateway, GatewayKey, intersect_names, read_gateway
from syncer.core.scope import Scope
from syncer.core.source import SourceObject, Want
from syncer.core.sources import attach_route, read_route

ADDRESS = ("192.168.1.54",)
SCOPE = Scope(zones=("talos00", "home.lab"), addresses=ADDRESS)
AUTO = replace(SCOPE, addresses=(), auto=True)
OURS = "catalyst-dns-sync.io/"
NAMESPACES: dict[str, dict[str, object]] = {"apps": {"team": "web"}, "infra": {}}


def listener(hostname: str = "", **more: Any) -> dict[str, Any]:
    everywhere = {"namespaces": {"from": "All"}}
    return {
        "name": "web",
        "port": 80,
        "protocol": "HTTP",
        "allowedRoutes": everywhere,
        "hostname": hostname or None,
        **more,
    }


def gateway(
    *listeners: dict[str, Any], name: str = "edge", annotations: Any = None, addresses: Any = None
) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "infra", "name": name, "annotations": annotations},
        "spec": {"listeners": listeners or None} if not listeners else {"listeners": list(listeners)},
        "status": {"addresses": addresses},
    }


def parent(name: str = "edge", **more: Any) -> dict[str, Any]:
    return {"name": name, "namespace": "infra", **more}


def judged(
    parent_ref: dict[str, Any], status: str = "True", observed: int = 1, reason: str = "Accepted"
) -> dict[str, Any]:
    condition = {"type": "Accepted", "status": status, "reason": reason, "observedGeneration": observed}
    return {"parentRef": parent_ref, "controllerName": "traefik.io/gateway-controller", "conditions": [condition]}


def http_route(
    *hostnames: str, parents: Any = None, status: Any = None, annotations: Any = None, namespace: str = "apps"
) -> dict[str, Any]:
    parents = [parent()] if parents is None else parents
    return {
        "metadata": {"namespace": namespace, "name": "grafana", "generation": 1, "annotations": annotations},
        "spec": {"parentRefs": parents, "hostnames": list(hostnames)},
        "status": {"parents": [judged(item) for item in parents] if status is None else status},
    }


def known(*manifests: dict[str, Any]) -> dict[GatewayKey, Gateway]:
    return {("infra", item["metadata"]["name"]): read_gateway(item, external_dns=False) for item in manifests}


def read(
    manifest: dict[str, Any],
    *gateways: dict[str, Any],
    scope: Scope = SCOPE,
    namespaces: Mapping[str, Mapping[str, object]] = NAMESPACES,
    assume_accepted: bool = False,
) -> SourceObject:
    route = read_route(manifest, scope, assume_accepted=assume_accepted)
    return attach_route(route, scope, known(*gateways), namespaces)


def names(source: SourceObject) -> list[str]:
    return [want.name for want in source.wants]


@pytest.mark.parametrize(
    ("hostname", "of_listener", "result"),
    [
        ("a.talos00", "", "a.talos00"),
        ("", "a.talos00", "a.talos00"),
        ("", "", ""),
        ("a.talos00", "a.talos00", "a.talos00"),
        ("a.talos00", "*.talos00", "a.talos00"),
        ("a.b.talos00", "*.talos00", "a.b.talos00"),
        ("*.talos00", "a.talos00", "a.talos00"),
        ("*.b.talos00", "*.talos00", "*.b.talos00"),
        ("*.talos00", "*.b.talos00", "*.b.talos00"),
        ("*.talos00", "*.talos00", "*.talos00"),
        ("talos00", "*.talos00", None),
        ("*.talos00", "talos00", None),
        ("a.talos00", "b.talos00", None),
        ("atalos00", "*.talos00", None),
    ],
)
def test_the_more_specific_name_of_route_and_listener_is_served(
    hostname: str, of_listener: str, result: str | None
) -> None:
    assert intersect_names(hostname, of_listener) == result


def test_names_are_those_of_the_route_that_a_listener_has_too() -> None:
    source = read(http_route("grafana.talos00", "nas.home.lab"), gateway(listener("*.talos00")))
    assert source.wants == (Want("grafana.talos00", ADDRESS),)
    assert dict(source.skipped) == {"nas.home.lab": "no listener of Gateway infra/edge has this host name"}


def test_a_route_without_host_names_takes_those_of_the_listeners() -> None:
    source = read(http_route(), gateway(listener("a.talos00"), listener("b.talos00"), listener()))
    assert names(source) == ["a.talos00", "b.talos00"]


def test_any_host_on_any_host_names_nothing() -> None:
    source = read(http_route(), gateway(listener()))
    assert (source.wants, source.skipped, source.warnings) == ((), (), ())


def test_names_of_the_annotation_must_pass_the_listeners_too() -> None:
    annotations = {OURS + "hostname": "b.talos00,c.home.lab"}
    source = read(http_route("a.talos00", annotations=annotations), gateway(listener("*.talos00")))
    assert names(source) == ["a.talos00", "b.talos00"]
    assert "no listener" in dict(source.skipped)["c.home.lab"]


@pytest.mark.parametrize(
    ("parent_ref", "admitted"),
    [
        ({"sectionName": "web"}, ["a.talos00"]),
        ({"sectionName": "other"}, ["b.talos00"]),
        ({"port": 8080}, ["b.talos00"]),
        ({"sectionName": "web", "port": 80}, ["a.talos00"]),
        ({"sectionName": "web", "port": 8080}, []),
        ({"sectionName": "none"}, []),
        ({"port": 443}, []),
    ],
)
def test_section_and_port_choose_the_listeners(parent_ref: dict[str, Any], admitted: list[str]) -> None:
    edge = gateway(listener("a.talos00"), listener("b.talos00", name="other", port=8080))
    source = read(http_route(parents=[parent(**parent_ref)]), edge)
    assert names(source) == admitted
    assert bool(source.warnings) is not bool(admitted)


@pytest.mark.parametrize(
    ("allowed", "namespace", "admitted"),
    [
        (None, "apps", False),
        (None, "infra", True),
        ({"namespaces": {"from": "Same"}}, "apps", False),
        ({"namespaces": {"from": "All"}}, "apps", True),
        ({"namespaces": {"from": "None"}}, "infra", False),
        ({"namespaces": {"from": "Selector", "selector": {"matchLabels": {"team": "web"}}}}, "apps", True),
        ({"namespaces": {"from": "Selector", "selector": {"matchLabels": {"team": "web"}}}}, "infra", False),
        ({"namespaces": {"from": "All"}, "kinds": [{"kind": "GRPCRoute"}]}, "apps", False),
        ({"namespaces": {"from": "All"}, "kinds": [{"kind": "GRPCRoute"}, {"kind": "HTTPRoute"}]}, "apps", True),
        ({"namespaces": {"from": "All"}, "kinds": [{"kind": "HTTPRoute", "group": "x.io"}]}, "apps", False),
    ],
)
def test_a_listener_says_whose_routes_it_takes(allowed: Any, namespace: str, admitted: bool) -> None:
    source = read(http_route("a.talos00", namespace=namespace), gateway(listener(allowedRoutes=allowed)))
    assert names(source) == (["a.talos00"] if admitted else [])
    if not admitted:
        assert dict(source.skipped)["a.talos00"] == (
            f"Gateway infra/edge does not allow HTTPRoutes from namespace {namespace} on that listener"
        )


def test_a_namespace_whose_labels_are_not_known_is_not_selected() -> None:
    selector = {"namespaces": {"from": "Selector", "selector": {}}}
    source = read(http_route("a.talos00"), gateway(listener(allowedRoutes=selector)), namespaces={})
    assert "labels of namespace apps, which are not known" in dict(source.skipped)["a.talos00"]


@pytest.mark.parametrize("protocol", ["TLS", "TCP", "UDP", None])
def test_only_listeners_for_http_take_an_http_route(protocol: str | None) -> None:
    assert names(read(http_route("a.talos00"), gateway(listener(protocol=protocol)))) == []
    assert names(read(http_route("a.talos00"), gateway(listener(protocol="HTTPS")))) == ["a.talos00"]


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (
            [judged(parent(), status="False", reason="NotAllowedByListeners")],
            "does not accept the route: NotAllowedByList",
        ),
        ([judged(parent(), status="Unknown", reason="Pending")], "Pending"),
        ([{"parentRef": parent()}], "has not accepted the route yet"),
        (
            [{"parentRef": parent(), "conditions": [{"type": "ResolvedRefs", "status": "True"}]}],
            "not accepted the route yet",
        ),
        ([], "has not accepted the route yet"),
        ([judged(parent("other"))], "has not accepted the route yet"),
        ([judged({"name": "edge"})], "has not accepted the route yet"),
    ],
)
def test_a_route_that_is_not_accepted_is_skipped_with_the_reason(status: Any, why: str) -> None:
    source = read(http_route("a.talos00", status=status), gateway(listener()))
    assert names(source) == []
    assert why in dict(source.skipped)["a.talos00"]


def test_one_acceptance_among_several_controllers_is_enough() -> None:
    status = [judged(parent(), status="False"), judged(parent())]
    source = read(http_route("a.talos00", status=status), gateway(listener()))
    assert (names(source), source.skipped) == (["a.talos00"], ())


def test_an_acceptance_of_an_older_generation_counts_with_a_warning() -> None:
    source = read(http_route("a.talos00", status=[judged(parent(), observed=0)]), gateway(listener()))
    assert names(source) == ["a.talos00"]
    assert "older generation" in source.warnings[0]


def test_an_acceptance_counts_only_while_the_parent_is_in_the_spec() -> None:
    manifest = http_route("a.talos00", parents=[parent("new")], status=[judged(parent("edge"))])
    source = read(manifest, gateway(listener()), gateway(listener(), name="new"))
    assert "Gateway infra/new has not accepted" in dict(source.skipped)["a.talos00"]


def test_the_default_group_and_kind_and_namespace_of_a_parent_are_filled_in() -> None:
    full = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": "infra", "name": "edge"}
    manifest = http_route("a.talos00", parents=[{"name": "edge"}], status=[judged(full)], namespace="infra")
    assert names(read(manifest, gateway(listener()))) == ["a.talos00"]


def test_a_gateway_that_is_not_there_is_the_reason() -> None:
    assert dict(read(http_route("a.talos00")).skipped)["a.talos00"] == "Gateway infra/edge is not there"


def test_parents_that_are_no_gateways_are_not_read() -> None:
    service = {"group": "", "kind": "Service", "name": "grafana"}
    source = read(http_route("a.talos00", parents=[service]), gateway(listener()))
    assert "kind Service" in dict(source.skipped)["a.talos00"]
    assert names(read(http_route("a.talos00", parents=[service, parent()]), gateway(listener()))) == ["a.talos00"]


def test_a_route_without_parents_is_attached_to_nothing() -> None:
    assert (
        dict(read(http_route("a.talos00", parents=[]), gateway(listener())).skipped)["a.talos00"]
        == "the route has no parents"
    )


def test_a_route_from_a_file_is_taken_as_accepted_where_the_listeners_admit_it() -> None:
    manifest = http_route("a.talos00", "a.home.lab", status=[])
    source = read(manifest, gateway(listener("*.talos00")), assume_accepted=True)
    assert names(source) == ["a.talos00"]
    assert "taken as accepted" in source.warnings[0]
    rejected = http_route("a.talos00", status=[judged(parent(), status="False")])
    assert names(read(rejected, gateway(listener()), assume_accepted=True)) == []


def test_with_auto_a_name_has_the_addresses_of_the_gateways_that_serve_it() -> None:
    inner = gateway(listener("*.home.lab"), name="inner", addresses=[{"value": "10.0.0.2"}])
    outer = gateway(listener(), name="outer", addresses=[{"type": "IPAddress", "value": "10.0.0.1"}])
    manifest = http_route("a.talos00", "a.home.lab", parents=[parent("inner"), parent("outer")])
    assert read(manifest, inner, outer, scope=AUTO).wants == (
        Want("a.talos00", ("10.0.0.1",)),
        Want("a.home.lab", ("10.0.0.1", "10.0.0.2")),
    )


def test_the_target_of_a_gateway_replaces_only_its_own_addresses() -> None:
    inner = gateway(
        listener(), name="inner", annotations={OURS + "target": "10.1.1.1"}, addresses=[{"value": "10.0.0.2"}]
    )
    outer = gateway(listener(), name="outer", addresses=[{"value": "10.0.0.1"}])
    manifest = http_route("a.talos00", parents=[parent("inner"), parent("outer")])
    assert read(manifest, inner, outer, scope=AUTO).wants[0].values == ("10.0.0.1", "10.1.1.1")
    assert read(manifest, inner, outer).wants[0].values == ("10.1.1.1", *ADDRESS)
    manifest = http_route("a.talos00", parents=[parent("inner")], annotations={OURS + "target": "10.2.2.2"})
    assert read(manifest, inner).wants[0].values == ("10.2.2.2",)
    zoned = replace(SCOPE, zone_addresses={"talos00": ("10.3.3.3",)})
    assert read(manifest | http_route("a.talos00", parents=[parent("outer")]), outer, scope=zoned).wants[0].values == (
        "10.3.3.3",
    )


def test_a_gateway_of_host_names_gives_an_alias() -> None:
    edge = gateway(listener(), addresses=[{"type": "Hostname", "value": "LB.example.org"}])
    assert read(http_route("a.talos00"), edge, scope=AUTO).wants == (Want("a.talos00", ("lb.example.org",)),)


def test_a_gateway_without_an_address_yet_gives_none() -> None:
    assert read(http_route("a.talos00"), gateway(listener()), scope=AUTO).wants == (Want("a.talos00", ()),)


def test_a_broken_listener_stops_no_other_and_is_told_on_the_route() -> None:
    edge = gateway(
        listener("a..b", name="bad"),
        listener(
            allowedRoutes={"namespaces": {"from": "Selector", "selector": {"matchLabels": {"-": ""}}}}, name="worse"
        ),
        listener("*.talos00"),
    )
    source = read(http_route("a.talos00"), edge)
    assert names(source) == ["a.talos00"]
    assert [warning.split(":")[0] for warning in source.warnings] == ["Gateway infra/edge"] * 2


def test_a_class_filter_does_not_reach_an_http_route() -> None:
    scope = replace(SCOPE, ingress_classes=("traefik",))
    assert names(read(http_route("a.talos00"), gateway(listener()), scope=scope)) == ["a.talos00"]


def test_counters_in_the_status_of_a_gateway_make_no_other_gateway() -> None:
    quiet = gateway(listener("*.talos00"), addresses=[{"value": "10.0.0.1"}])
    busy = {**quiet, "status": {**quiet["status"], "listeners": [{"name": "web", "attachedRoutes": 7}]}}
    assert known(quiet) == known(busy)
