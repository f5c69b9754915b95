"""What each of two targets makes of the same objects: its filters, and the annotations that name targets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from syncer.core.drafts import EXCLUDED_BY_OBJECT
from syncer.core.kinds import (
    GATEWAY,
    GATEWAY_ROUTES,
    HTTP_ROUTE,
    INGRESS,
    INGRESS_ROUTE,
    LISTENER_SET,
    NAMESPACE,
    SERVICE,
    Kind,
)
from syncer.core.scope import OUTSIDE, PublishFilters, Scope
from syncer.core.source import SkipCause
from syncer.kube.store import Store
from tests.syncer.kube.test_store import gateway, http_route, ingress, namespace, service
from tests.syncer.kube.test_store_filters import SOURCES, Filling
from tests.syncer.kube.test_store_tenancy import OURS, reasons

NAMES = ("lan", "public")
LAN = Scope(zones=("talos00",), addresses=("192.168.1.54",), target_name="lan", target_names=NAMES)
PUBLIC = replace(LAN, addresses=("home.example.com",), target_name="public")
NAS = "nas.talos00"


class TwoTargets:
    """What the watches bring goes to the store of each."""

    def __init__(self, lan: Scope = LAN, public: Scope = PUBLIC) -> None:
        self.stores = {scope.target_name: Store(scope) for scope in (lan, public)}
        self.put(NAMESPACE, namespace("apps"))

    def put(self, kind: Kind, manifest: dict[str, Any]) -> None:
        for store in self.stores.values():
            store.put(kind, manifest)

    def find_values(self, name: str = NAS) -> dict[str, tuple[str, ...]]:
        """By target what the name is to have there, of those that publish it."""
        return {
            target: want.values
            for target, store in self.stores.items()
            for source in store.sources()
            if (want := source.want(name))
        }

    def find_reasons(self, name: str = NAS) -> dict[str, str]:
        """By target why the name is not published there."""
        found = {target: reasons(store) for target, store in self.stores.items()}
        return {target: own[name] for target, own in found.items() if name in own}


def filtered(by_annotation: bool = False, **filters: Any) -> TwoTargets:
    """Of which the second one publishes what passes these."""
    return TwoTargets(public=replace(PUBLIC, publish=PublishFilters(**filters), by_annotation=by_annotation))


def annotated(**words: str) -> dict[str, Any]:
    made = ingress("nas")
    made["metadata"]["annotations"] = {OURS + key.replace("_", "."): text for key, text in words.items()}
    return made


def test_one_ingress_has_two_answers() -> None:
    both = TwoTargets()
    both.put(INGRESS, ingress("nas"))
    assert both.find_values() == {"lan": ("192.168.1.54",), "public": ("home.example.com",)}


def test_what_a_filter_of_a_target_leaves_out_is_published_on_the_others() -> None:
    both = filtered(ingress_classes=("external",))
    both.put(INGRESS, ingress("nas"))
    assert both.find_values() == {"lan": ("192.168.1.54",)}
    (skip,) = (skip for source in both.stores["public"].sources() for skip in source.skipped)
    assert skip.cause is SkipCause.INTENT
    assert skip.reason == "the object has no ingress class, which is not in publish.ingress_classes of target public"


def test_the_class_external_goes_to_both_and_internal_to_one() -> None:
    both = filtered(ingress_classes=("external",))
    for name in ("external", "internal"):
        made = ingress(name)
        made["spec"]["ingressClassName"] = name
        both.put(INGRESS, made)
    assert both.find_values("external.talos00").keys() == {"lan", "public"}
    assert both.find_reasons("internal.talos00") == {
        "public": 'ingress class "internal" is not in publish.ingress_classes of target public'
    }


def test_the_gateway_external_goes_to_both() -> None:
    both = filtered(gateways=("infra/edge",))
    both.put(GATEWAY, gateway())
    both.put(HTTP_ROUTE, http_route("nas"))
    assert both.find_values().keys() == {"lan", "public"}
    other = filtered(gateways=("infra/external",))
    other.put(GATEWAY, gateway())
    other.put(HTTP_ROUTE, http_route("nas"))
    assert other.find_values().keys() == {"lan"}
    assert other.find_reasons() == {"public": "Gateway infra/edge is not in publish.gateways of target public"}


def test_a_route_on_two_gateways_has_the_names_and_addresses_of_the_one_that_is_published() -> None:
    auto = {"addresses": (), "auto": True}
    public = replace(PUBLIC, publish=PublishFilters(gateways=("infra/edge",)), **auto)  # type: ignore[arg-type]
    both = TwoTargets(replace(LAN, **auto), public)  # type: ignore[arg-type]
    for name, host, address in (("edge", "*.talos00", "203.0.113.1"), ("inner", "nas.talos00", "10.0.0.1")):
        made = gateway(host)
        made["metadata"]["name"] = name
        made["status"] = {"addresses": [{"value": address}]}
        both.put(GATEWAY, made)
    route = http_route("nas")
    route["spec"]["parentRefs"].append({"name": "inner", "namespace": "infra"})
    condition = [{"type": "Accepted", "status": "True"}]
    route["status"] = {
        "parents": [{"parentRef": item, "conditions": condition} for item in route["spec"]["parentRefs"]]
    }
    both.put(HTTP_ROUTE, route)
    assert both.find_values() == {"lan": ("10.0.0.1", "203.0.113.1"), "public": ("203.0.113.1",)}


def test_a_listener_set_counts_as_its_gateway_does() -> None:
    for named, targets in (("web/edge", {"lan", "public"}), ("web/other", {"lan"})):
        both = filtered(gateways=(named,))
        put_route_on_set(both)
        assert both.find_values().keys() == targets
    assert both.find_reasons() == {
        "public": "ListenerSet web/edge has Gateway web/edge, which is not in publish.gateways of target public"
    }


def put_route_on_set(both: TwoTargets) -> None:
    made = gateway(namespace="web")
    made["spec"]["allowedListeners"] = {"namespaces": {"from": "All"}}
    both.put(GATEWAY, made)
    accepted = [{"type": "Accepted", "status": "True"}]
    listener = {"name": "own", "port": 81, "protocol": "HTTP", "allowedRoutes": {"namespaces": {"from": "All"}}}
    both.put(
        LISTENER_SET,
        {
            "metadata": {"name": "edge", "namespace": "web"},
            "spec": {"parentRef": {"name": "edge"}, "listeners": [listener]},
            "status": {"conditions": accepted, "listeners": [{"name": "own", "conditions": accepted}]},
        },
    )
    route = http_route("nas")
    route["spec"]["parentRefs"] = [{"kind": "ListenerSet", "name": "edge", "namespace": "web"}]
    route["status"]["parents"] = [{"parentRef": route["spec"]["parentRefs"][0], "conditions": accepted}]
    both.put(HTTP_ROUTE, route)


def test_classes_gateways_and_kinds_are_one_question() -> None:
    both = filtered(ingress_classes=("external",), gateways=("infra/edge",), kinds=("Service",))
    external = ingress("external")
    external["spec"]["ingressClassName"] = "external"
    both.put(INGRESS, external)
    both.put(INGRESS, ingress("nas"))
    both.put(GATEWAY, gateway())
    both.put(HTTP_ROUTE, http_route("grafana"))
    published = service("mail", "203.0.113.9", namespace="apps")
    published["metadata"]["annotations"] = {f"{OURS}hostname": "mail.talos00"}
    both.put(SERVICE, published)
    assert sorted(both.stores["public"].names()) == ["external.talos00", "grafana.talos00", "mail.talos00"]


def test_a_kind_that_is_admitted_needs_no_class_and_no_gateway() -> None:
    both = filtered(ingress_classes=("external",), gateways=("infra/external",), kinds=("Ingress", "HTTPRoute"))
    both.put(GATEWAY, gateway())
    both.put(HTTP_ROUTE, http_route("grafana"))
    both.put(INGRESS, ingress("nas"))
    assert sorted(both.stores["public"].names()) == ["grafana.talos00", "nas.talos00"]


@pytest.mark.parametrize(
    ("filters", "reason"),
    [
        ({"namespaces": ("web",)}, "namespace apps is not in publish.namespaces of target public"),
        ({"label_selector": "dns"}, "the object's labels do not match publish.label_selector of target public"),
        (
            {"annotation_filter": "dns"},
            "the object's annotations do not match publish.annotation_filter of target public",
        ),
    ],
)
def test_all_others_must_pass_whatever_the_kind(filters: dict[str, Any], reason: str) -> None:
    both = filtered(kinds=("Ingress",), **filters)
    both.put(INGRESS, ingress("nas"))
    assert (both.find_values().keys(), both.find_reasons()) == ({"lan"}, {"public": reason})


def test_the_filters_for_all_targets_come_before() -> None:
    both = TwoTargets(LAN, replace(PUBLIC, kinds=("HTTPRoute",), publish=PublishFilters(kinds=("Ingress",))))
    both.put(INGRESS, ingress("nas"))
    assert both.find_reasons() == {"public": "Ingress is not in SOURCES"}


def test_what_a_filter_leaves_out_from_now_on_touches_the_name_there_alone() -> None:
    both = filtered(label_selector="dns=public")
    made = ingress("nas", labels={"dns": "public"})
    both.put(INGRESS, made)
    for store in both.stores.values():
        store.take()
    both.put(INGRESS, ingress("nas"))
    assert {target: store.take().names for target, store in both.stores.items()} == {"lan": set(), "public": {NAS}}
    both.put(INGRESS, made)
    assert both.find_values().keys() == {"lan", "public"}


def test_a_name_in_the_zone_of_another_target_is_no_matter_here() -> None:
    public = replace(PUBLIC, zones=("example.com",), other_zones=frozenset({"talos00"}))
    both = TwoTargets(replace(LAN, other_zones=frozenset({"example.com"})), public)
    made = ingress("nas", NAS, "nas.example.com", "nas.example.org")
    made["metadata"]["annotations"] = {f"{OURS}exclude": "nas.example.com"}
    both.put(INGRESS, made)
    assert both.find_values().keys() == {"lan"}
    assert both.find_reasons() == {}
    assert both.find_reasons("nas.example.com") == {"public": EXCLUDED_BY_OBJECT}
    assert both.find_reasons("nas.example.org") == {"lan": OUTSIDE, "public": OUTSIDE}
    assert [source.warnings for store in both.stores.values() for source in store.sources()] == [(), ()]


# Annotations


def test_an_annotation_narrows_what_the_filters_admit() -> None:
    both = TwoTargets()
    both.put(INGRESS, annotated(targets="lan"))
    assert both.find_values().keys() == {"lan"}
    assert both.find_reasons() == {
        "public": "the object's annotation catalyst-dns-sync.io/targets does not name target public"
    }
    both.put(INGRESS, annotated(targets="lan, public"))
    assert both.find_values().keys() == {"lan", "public"}


@pytest.mark.parametrize("by_annotation", [False, True])
def test_it_widens_only_where_the_target_lets_it(by_annotation: bool) -> None:
    both = filtered(by_annotation, ingress_classes=("external",), label_selector="dns", namespaces=("web",))
    both.put(INGRESS, annotated(targets="public"))
    assert both.find_values().keys() == ({"public"} if by_annotation else set())
    both.put(INGRESS, ingress("nas"))
    assert both.find_values().keys() == {"lan"}


def test_it_widens_routes_and_routers_of_traefik_too() -> None:
    both = filtered(True, ingress_classes=("external",), gateways=("infra/external",))
    both.put(GATEWAY, gateway())
    route = http_route("grafana")
    route["metadata"]["annotations"] = {f"{OURS}targets": "lan,public"}
    both.put(HTTP_ROUTE, route)
    router = annotated(targets="lan,public")
    router["spec"] = {"routes": [{"match": "Host(`nas.talos00`)", "services": [{}]}]}
    both.put(INGRESS_ROUTE, router)
    assert sorted(both.stores["public"].names()) == ["grafana.talos00", "nas.talos00"]


def test_a_target_of_its_own_beats_the_one_for_all() -> None:
    both = TwoTargets()
    both.put(INGRESS, annotated(target="10.0.0.1", target_public="203.0.113.1"))
    assert both.find_values() == {"lan": ("10.0.0.1",), "public": ("203.0.113.1",)}
    both.put(INGRESS, annotated(target_public="www.example.net"))
    assert both.find_values() == {"lan": ("192.168.1.54",), "public": ("www.example.net",)}


def test_a_gateway_may_have_one_for_each_target_and_takes_no_list_of_them() -> None:
    both = TwoTargets()
    made = gateway()
    made["metadata"]["annotations"] = {f"{OURS}target.public": "203.0.113.1", f"{OURS}targets": "lan"}
    both.put(GATEWAY, made)
    both.put(HTTP_ROUTE, http_route("nas"))
    assert both.find_values() == {"lan": ("192.168.1.54",), "public": ("203.0.113.1",)}
    (source,) = both.stores["lan"].sources()
    (warning,) = source.warnings
    assert warning.startswith("Gateway infra/edge: annotation catalyst-dns-sync.io/targets has no effect on what gives")


def test_a_target_that_is_not_there_is_a_warning_on_the_object_and_never_another_one() -> None:
    both = TwoTargets()
    both.put(INGRESS, annotated(targets="lan,pubic", target_pubic="203.0.113.1"))
    (source,) = both.stores["lan"].sources()
    unknown = 'there is no target "pubic" (there are lan, public)'
    assert sorted(source.warnings) == [
        f"annotation {OURS}target.pubic: {unknown}",
        f"annotation {OURS}targets: {unknown}",
    ]
    assert both.find_values() == {"lan": ("192.168.1.54",)}
    both.put(INGRESS, annotated(targets="pubic"))
    assert both.find_values() == {}


def test_an_empty_list_is_passed_over() -> None:
    both = TwoTargets()
    both.put(INGRESS, annotated(targets=" , "))
    assert both.find_values().keys() == {"lan", "public"}
    (source,) = both.stores["lan"].sources()
    assert source.warnings == (f"annotation {OURS}targets names no target: it is passed over",)


def test_without_a_file_of_targets_they_have_no_effect() -> None:
    store = Store(replace(LAN, target_name="", target_names=()))
    store.put(INGRESS, annotated(targets="lan", target_lan="10.0.0.1"))
    (source,) = store.sources()
    assert [want.values for want in source.wants] == [("192.168.1.54",)]
    assert len(source.warnings) == 2
    assert all("has no effect: there is no TARGETS_FILE" in warning for warning in source.warnings)


# A public target


def test_a_public_target_refuses_addresses_of_private_networks_and_says_so() -> None:
    rules = PUBLIC.targets._replace(public=True)
    both = TwoTargets(public=replace(PUBLIC, targets=rules))
    both.put(INGRESS, annotated(target="10.0.0.1,203.0.113.1"))
    assert both.find_values() == {"lan": ("10.0.0.1", "203.0.113.1"), "public": ("203.0.113.1",)}
    (source,) = both.stores["public"].sources()
    assert source.warnings == (f'annotation {OURS}target: "10.0.0.1": private is refused: the target is public',)
    assert source.wants[0].refused == ("10.0.0.1",)


def test_it_takes_no_private_address_of_a_load_balancer() -> None:
    public = replace(PUBLIC, addresses=(), auto=True, targets=PUBLIC.targets._replace(public=True))
    both = TwoTargets(public=public)
    both.put(INGRESS, ingress("nas", ip="192.168.1.60"))
    assert both.find_values()["public"] == ()
    both.put(SERVICE, service("traefik", "192.168.1.54"))
    assert both.stores["public"].fallback() == (
        (),
        "no Service labelled app.kubernetes.io/name=traefik in traefik or kube-system has an address that is not "
        "private (the target is public) yet",
    )
    both.put(SERVICE, service("traefik", "203.0.113.1"))
    assert both.stores["public"].fallback() == (("203.0.113.1",), "")


# Over all kinds


@pytest.mark.parametrize("kind", SOURCES, ids=str)
def test_each_kind_is_asked_what_it_can_answer(kind: Kind) -> None:
    def reason(**filters: Any) -> str:
        scope = {"target_name": "public", "target_names": NAMES}
        return Filling(kind, publish=PublishFilters(**filters), **scope).reason

    not_of_kind = f"{kind.kind} is not in publish.kinds of target public"
    has_class, on_gateway = kind.kind.startswith("Ingress"), kind in GATEWAY_ROUTES
    assert reason() == ""
    assert reason(kinds=(kind.kind,), ingress_classes=("external",), gateways=("infra/external",)) == ""
    assert reason(kinds=tuple({"Ingress", "Service"} - {kind.kind})) == not_of_kind
    by_class = "the object has no ingress class, which is not in publish.ingress_classes of target public"
    assert reason(ingress_classes=("external",)) == (by_class if has_class else not_of_kind)
    by_gateway = "Gateway web/edge is not in publish.gateways of target public"
    assert reason(gateways=("infra/external",)) == (by_gateway if on_gateway else not_of_kind)
    assert (reason(gateways=("web/edge",)) == "") is on_gateway
