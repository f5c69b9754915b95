"""Which names a Gateway serves of a route, and with which addresses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from syncer.core.attachment import intersect_names
from syncer.core.source import SkipCause, Want
from tests.syncer.core.routes import (
    ADDRESS,
    AUTO,
    OURS,
    SCOPE,
    condition,
    gateway,
    http_route,
    judged,
    listener,
    names,
    parent,
    read,
    read_gateways,
    reasons,
    report,
    values,
)


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
    assert source.wants == (Want("grafana.talos00", ADDRESS, own=False, via=("infra/edge/",)),)
    assert reasons(source) == {"nas.home.lab": "no listener of Gateway infra/edge has this host name"}


def test_a_route_without_host_names_takes_those_of_the_listeners() -> None:
    source = read(http_route(), gateway(listener("a.talos00"), listener("b.talos00"), listener()))
    assert names(source) == ["a.talos00", "b.talos00"]


def test_any_host_on_any_host_names_nothing() -> None:
    source = read(http_route(), gateway(listener()))
    assert (source.wants, source.skipped, source.warnings) == ((), (), ())


def test_a_route_without_host_names_says_why_it_gets_none() -> None:
    source = read(http_route())
    why = "the route has no host names of its own and gets none: Gateway infra/edge is not there"
    assert (source.wants, source.skipped, source.warnings) == ((), (), (why,))


def test_a_wildcard_that_nobody_wrote_into_the_route_is_published_only_where_the_setting_says_so() -> None:
    edge = gateway(listener("*.talos00"), listener("b.talos00"))
    source = read(http_route(), edge)
    assert (names(source), source.warnings) == (["b.talos00"], ())
    assert reasons(source) == {"*.talos00": "wildcard of a listener, and LISTENER_WILDCARDS is off"}
    on = replace(SCOPE, listener_wildcards=True)
    assert names(read(http_route(), edge, scope=on)) == ["*.talos00", "b.talos00"]
    assert names(read(http_route(), edge, scope=replace(on, allow_wildcards=False))) == ["b.talos00"]


def test_a_wildcard_that_stands_in_the_route_is_no_such_one() -> None:
    assert names(read(http_route("*.talos00"), gateway(listener("*.talos00")))) == ["*.talos00"]
    assert names(read(http_route("*.talos00"), gateway(listener()))) == ["*.talos00"]


def test_names_of_the_annotation_must_pass_the_listeners_too() -> None:
    annotations = {OURS + "hostname": "b.talos00,c.home.lab"}
    source = read(http_route("a.talos00", annotations=annotations), gateway(listener("*.talos00")))
    assert names(source) == ["a.talos00", "b.talos00"]
    assert "no listener" in reasons(source)["c.home.lab"]


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
    ("parent_ref", "why"),
    [
        ({"sectionName": "none"}, 'has no listener "none"'),
        ({"port": 443}, "has no listener on port 443"),
        ({"sectionName": "web", "port": 443}, 'has no listener "web" on port 443'),
    ],
)
def test_a_listener_that_is_not_there_is_told_by_its_name_and_its_port(parent_ref: dict[str, Any], why: str) -> None:
    source = read(http_route("a.talos00", parents=[parent(**parent_ref)]), gateway(listener()))
    assert reasons(source) == {"a.talos00": f"Gateway infra/edge {why}"}


def test_a_gateway_without_listeners_says_so() -> None:
    assert reasons(read(http_route("a.talos00"), gateway())) == {
        "a.talos00": "Gateway infra/edge has no listener at all"
    }


BY_LABEL = {"from": "Selector", "selector": {"matchLabels": {"team": "web"}}}
NOT_FROM = "does not allow HTTPRoutes from namespace {} on that listener"
NO_ROUTES = "takes no HTTPRoutes on that listener"
NO_SELECTOR = "selects namespaces without a selector there, which admits none"


@pytest.mark.parametrize(
    ("allowed", "namespace", "refusal"),
    [
        (None, "apps", NOT_FROM),
        (None, "infra", ""),
        ({"namespaces": {"from": "Same"}}, "apps", NOT_FROM),
        ({"namespaces": {"from": "All"}}, "apps", ""),
        ({"namespaces": {"from": "None"}}, "infra", NOT_FROM),
        ({"namespaces": BY_LABEL}, "apps", ""),
        ({"namespaces": BY_LABEL}, "infra", NOT_FROM),
        ({"namespaces": {"from": "Selector", "selector": {}}}, "infra", ""),
        ({"namespaces": {"from": "Selector", "selector": None}}, "infra", NO_SELECTOR),
        ({"namespaces": {"from": "Selector"}}, "infra", NO_SELECTOR),
        ({"namespaces": {"from": "All"}, "kinds": [{"kind": "GRPCRoute"}]}, "apps", NO_ROUTES),
        ({"namespaces": {"from": "All"}, "kinds": [{"kind": "GRPCRoute"}, {"kind": "HTTPRoute"}]}, "apps", ""),
        ({"namespaces": {"from": "All"}, "kinds": [{"kind": "HTTPRoute", "group": "x.io"}]}, "apps", NO_ROUTES),
    ],
)
def test_a_listener_says_whose_routes_it_takes(allowed: Any, namespace: str, refusal: str) -> None:
    source = read(http_route("a.talos00", namespace=namespace), gateway(listener(allowedRoutes=allowed)))
    assert names(source) == ([] if refusal else ["a.talos00"])
    told = {"a.talos00": f"Gateway infra/edge {refusal.format(namespace)}"}
    assert reasons(source) == (told if refusal else {})


def test_a_namespace_whose_labels_are_not_known_is_not_selected() -> None:
    selector = {"namespaces": {"from": "Selector", "selector": {}}}
    source = read(http_route("a.talos00"), gateway(listener(allowedRoutes=selector)), namespaces={})
    assert "labels of namespace apps, which are not known" in reasons(source)["a.talos00"]


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
    assert why in reasons(source)["a.talos00"]


REFUSED_LISTENERS = [
    (condition("Accepted", "False", "PortUnavailable"), "is not accepted: PortUnavailable"),
    (condition("Conflicted", "True", "HostnameConflict"), "is in conflict: HostnameConflict"),
    (condition("Conflicted", "True"), "is in conflict: no reason given"),
]
CALM = [condition("Accepted", "True"), condition("Conflicted", "False"), condition("Programmed", "False")]
PENDING = condition("Accepted", "Unknown", "Pending")


@pytest.mark.parametrize(("bad", "why"), REFUSED_LISTENERS)
def test_a_listener_that_its_own_status_refuses_gives_no_new_names(bad: dict[str, Any], why: str) -> None:
    source = read(http_route("a.talos00"), gateway(listener(), listeners=[report("web", bad)]))
    assert names(source) == []
    assert reasons(source) == {"a.talos00": f'listener "web" of Gateway infra/edge {why}'}


def test_the_others_of_its_gateway_go_on_giving_theirs() -> None:
    listeners = listener("a.talos00"), listener("b.talos00", name="other")
    edge = gateway(*listeners, listeners=[report("web", REFUSED_LISTENERS[0][0]), report("other", *CALM)])
    source = read(http_route("a.talos00", "b.talos00", "c.talos00"), edge)
    assert names(source) == ["b.talos00"]
    assert reasons(source) == {
        "a.talos00": 'listener "web" of Gateway infra/edge is not accepted: PortUnavailable',
        "c.talos00": "no listener of Gateway infra/edge has this host name",
    }


@pytest.mark.parametrize("said", [[], [report("web")], [report("web", *CALM)], [report("web", PENDING)]])
def test_a_listener_of_which_nothing_bad_is_said_gives_names(said: Any) -> None:
    """It need not be programmed; a status that is late is no reason to publish nothing."""
    assert names(read(http_route("a.talos00"), gateway(listener(), listeners=said))) == ["a.talos00"]


def test_a_gateway_that_its_own_status_refuses_gives_no_new_names() -> None:
    bad = [condition("Accepted", "False", "UnsupportedAddress")]
    source = read(http_route("a.talos00"), gateway(listener(), conditions=bad))
    assert reasons(source) == {"a.talos00": "Gateway infra/edge is not accepted: UnsupportedAddress"}
    for said in ([PENDING], [condition("Programmed", "False")], [condition("Accepted", "True", "ListenersNotValid")]):
        assert names(read(http_route("a.talos00"), gateway(listener(), conditions=said))) == ["a.talos00"]


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
    assert "Gateway infra/new has not accepted" in reasons(source)["a.talos00"]


def test_the_default_group_and_kind_and_namespace_of_a_parent_are_filled_in() -> None:
    full = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": "infra", "name": "edge"}
    manifest = http_route("a.talos00", parents=[{"name": "edge"}], status=[judged(full)], namespace="infra")
    assert names(read(manifest, gateway(listener()))) == ["a.talos00"]


def test_a_gateway_that_is_not_there_is_the_reason() -> None:
    assert reasons(read(http_route("a.talos00")))["a.talos00"] == "Gateway infra/edge is not there"


def test_parents_that_are_no_gateways_are_not_read() -> None:
    service = {"group": "", "kind": "Service", "name": "grafana"}
    source = read(http_route("a.talos00", parents=[service]), gateway(listener()))
    assert "kind Service" in reasons(source)["a.talos00"]
    assert names(read(http_route("a.talos00", parents=[service, parent()]), gateway(listener()))) == ["a.talos00"]


def test_a_route_without_parents_is_attached_to_nothing() -> None:
    assert (
        reasons(read(http_route("a.talos00", parents=[]), gateway(listener())))["a.talos00"]
        == "the route has no parents"
    )


def test_a_route_from_a_file_is_taken_as_accepted_where_the_listeners_admit_it() -> None:
    manifest = http_route("a.talos00", "a.home.lab", status=[])
    source = read(manifest, gateway(listener("*.talos00")), assume_accepted=True)
    assert names(source) == ["a.talos00"]
    assert source.warnings == ()
    rejected = http_route("a.talos00", status=[judged(parent(), status="False")])
    assert names(read(rejected, gateway(listener()), assume_accepted=True)) == []


def test_with_auto_a_name_has_the_addresses_of_the_gateways_that_serve_it() -> None:
    inner = gateway(listener("*.home.lab"), name="inner", addresses=[{"value": "10.0.0.2"}])
    outer = gateway(listener(), name="outer", addresses=[{"type": "IPAddress", "value": "10.0.0.1"}])
    manifest = http_route("a.talos00", "a.home.lab", parents=[parent("inner"), parent("outer")])
    assert read(manifest, inner, outer, scope=AUTO).wants == (
        Want("a.talos00", ("10.0.0.1",), via=("infra/outer/",)),
        Want("a.home.lab", ("10.0.0.1", "10.0.0.2"), via=("infra/inner/", "infra/outer/")),
    )


def test_a_name_that_two_host_names_of_the_route_give_has_the_addresses_of_both() -> None:
    """Equal names in one object add up."""
    inner = gateway(listener("a.talos00"), name="inner", addresses=[{"value": "10.0.0.2"}])
    outer = gateway(listener("*.talos00"), name="outer", addresses=[{"value": "10.0.0.1"}])
    for hostnames in (["*.talos00", "a.talos00"], ["a.talos00", "*.talos00"]):
        manifest = http_route(*hostnames, parents=[parent("inner"), parent("outer")])
        assert values(read(manifest, inner, outer, scope=AUTO)) == {
            "a.talos00": ("10.0.0.1", "10.0.0.2"),
            "*.talos00": ("10.0.0.1",),
        }


def test_only_a_target_is_one_of_its_own() -> None:
    """What DNS_IP_ADDRESS leads to is the default, and so is what a load balancer says under auto."""
    plain = gateway(listener(), addresses=[{"value": "10.0.0.1"}])
    target = gateway(listener(), annotations={OURS + "target": "10.1.1.1"})
    own = http_route("a.talos00", annotations={OURS + "target": "10.2.2.2"})
    cases = [(http_route("a.talos00"), plain, SCOPE), (http_route("a.talos00"), plain, AUTO)]
    assert [read(route, edge, scope=scope).wants[0].own for route, edge, scope in cases] == [False, False]
    cases = [(http_route("a.talos00"), target, SCOPE), (own, plain, AUTO)]
    assert [read(route, edge, scope=scope).wants[0].own for route, edge, scope in cases] == [True, True]


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
    assert values(read(http_route("a.talos00"), edge, scope=AUTO)) == {"a.talos00": ("lb.example.org",)}


def test_a_gateway_without_an_address_yet_gives_none() -> None:
    assert values(read(http_route("a.talos00"), gateway(listener()), scope=AUTO)) == {"a.talos00": ()}


def test_a_name_that_the_route_itself_excludes_or_a_setting_forbids_is_intent_and_others_are_trouble() -> None:
    annotations = {OURS + "exclude": "a.talos00"}
    source = read(http_route("a.talos00", "a.elsewhere", "b.talos00", annotations=annotations))
    assert {skip.name: skip.cause for skip in source.skipped} == {
        "a.talos00": SkipCause.INTENT,
        "a.elsewhere": SkipCause.INTENT,
        "b.talos00": SkipCause.TROUBLE,
    }


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
    busy = {**quiet, "status": {**quiet["status"], "listeners": [report("web", *CALM)]}}
    assert read_gateways(quiet) == read_gateways(busy)
