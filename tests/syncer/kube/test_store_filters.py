"""Filters that look at other objects than the one that names a host: at its Namespace, and at its Gateways."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from syncer.core.kinds import GATEWAY, GATEWAY_ROUTES, GIVING_NAMES, HTTP_ROUTE, INGRESS, KINDS, NAMESPACE, Kind
from syncer.core.scope import Scope
from syncer.core.tenancy import UNREAD_NAMESPACE
from syncer.kube.store import Store
from tests.syncer.kube.test_store import SCOPE, Sleeper, gateway, http_route, ingress, namespace
from tests.syncer.kube.test_store_tenancy import reasons
from tests.syncer.zone.test_every_kind import OLD, make_object, put_parents

PUBLIC = replace(SCOPE, namespace_selector="dns=public")
NOT_SELECTED = "the labels of its Namespace do not match NAMESPACE_SELECTOR"


def filled(scope: Scope, **labels: str) -> Store:
    """A Namespace with these labels, and in it an Ingress and a route on a Gateway of another one."""
    cluster = Store(scope)
    cluster.put(NAMESPACE, namespace("apps", **labels))
    cluster.put(NAMESPACE, namespace("infra"))
    cluster.put(GATEWAY, gateway())
    cluster.put(INGRESS, ingress("nas"))
    cluster.put(HTTP_ROUTE, http_route())
    return cluster


def test_labels_of_a_namespace_decide_for_all_of_its_objects_and_for_no_gateway() -> None:
    assert sorted(filled(PUBLIC, dns="public").names()) == ["grafana.talos00", "nas.talos00"]
    cluster = filled(PUBLIC)
    assert cluster.names() == []
    assert reasons(cluster) == dict.fromkeys(("nas.talos00", "grafana.talos00"), NOT_SELECTED)


def test_labels_that_change_touch_the_names_and_wake_the_loop() -> None:
    sleeper = Sleeper()
    cluster = Store(PUBLIC, wakeup=sleeper.wakeup)
    cluster.put(INGRESS, ingress("nas"))
    cluster.put(NAMESPACE, namespace("apps", dns="public"))
    cluster.take()
    woken = sleeper.wakeups
    cluster.put(NAMESPACE, namespace("apps", dns="private"))
    assert (cluster.names(), cluster.take().names, sleeper.wakeups) == ([], {"nas.talos00"}, woken + 1)
    cluster.put(NAMESPACE, namespace("apps", dns="private", team="web"))
    assert (cluster.take().names, sleeper.wakeups) == (set(), woken + 1)
    cluster.put(NAMESPACE, namespace("apps", dns="public"))
    assert (cluster.names(), cluster.take().names) == (["nas.talos00"], {"nas.talos00"})


def test_an_object_that_changes_in_a_namespace_that_is_left_out_stays_left_out() -> None:
    cluster = filled(PUBLIC, dns="private")
    cluster.put(INGRESS, ingress("nas", "files.talos00"))
    cluster.put(GATEWAY, gateway("grafana.talos00"))
    assert cluster.names() == []
    cluster.put(NAMESPACE, namespace("apps", dns="public"))
    assert sorted(cluster.names()) == ["files.talos00", "grafana.talos00"]


def test_nothing_is_published_before_the_namespace_is_known() -> None:
    cluster = Store(PUBLIC)
    cluster.put(INGRESS, ingress("nas"))
    assert reasons(cluster) == {"nas.talos00": UNREAD_NAMESPACE}
    assert cluster.asks_namespaces
    cluster.put(NAMESPACE, namespace("apps", dns="public"))
    assert cluster.names() == ["nas.talos00"]


def test_a_namespace_that_is_made_again_without_the_label_takes_its_names_along() -> None:
    cluster = filled(PUBLIC, dns="public")
    cluster.put(NAMESPACE, namespace("apps", "2026-02-01T00:00:00Z", dns="public"))
    cluster.drop(NAMESPACE, "", "apps")
    cluster.put(NAMESPACE, namespace("apps"))
    cluster.put(INGRESS, ingress("nas", creationTimestamp="2026-03-01T00:00:00Z"))
    assert cluster.names() == []
    assert reasons(cluster) == {"nas.talos00": NOT_SELECTED}


def test_a_namespace_of_documents_counts_by_its_labels_once_one_says_them() -> None:
    cluster = Store(PUBLIC, assume_accepted=True)
    cluster.put(INGRESS, ingress("nas"))
    assert cluster.names() == ["nas.talos00"]
    cluster.put(NAMESPACE, namespace("apps"))
    assert cluster.names() == []
    cluster.drop(NAMESPACE, "", "apps")
    assert cluster.names() == ["nas.talos00"]


def test_the_name_of_a_namespace_is_one_of_its_labels() -> None:
    cluster = filled(replace(SCOPE, namespace_selector="kubernetes.io/metadata.name notin (apps)"))
    assert cluster.names() == []


def test_labels_of_a_gateway_that_change_change_its_routes() -> None:
    cluster = filled(replace(SCOPE, gateway_selector="dns=public"))
    assert cluster.names() == ["nas.talos00"]
    reason = "Gateway infra/edge has labels that GATEWAY_SELECTOR does not select"
    assert reasons(cluster) == {"grafana.talos00": reason}
    labelled = gateway()
    labelled["metadata"]["labels"] = {"dns": "public"}
    cluster.put(GATEWAY, labelled)
    assert sorted(cluster.names()) == ["grafana.talos00", "nas.talos00"]
    cluster.take()
    cluster.put(GATEWAY, gateway())
    assert (cluster.names(), cluster.take().names) == (["nas.talos00"], {"grafana.talos00"})


def test_of_a_gateway_that_is_left_out_nothing_needs_to_be_checked() -> None:
    cluster = Store(replace(SCOPE, gateways=("infra/inner",)), assume_accepted=True)
    cluster.put(HTTP_ROUTE, http_route())
    assert cluster.names() == []
    assert cluster.list_unchecked() == []


def test_of_a_gateway_in_no_document_the_labels_are_not_checked_either() -> None:
    cluster = Store(replace(SCOPE, gateway_selector="dns=public"), assume_accepted=True)
    cluster.put(HTTP_ROUTE, http_route())
    assert cluster.names() == ["grafana.talos00"]
    assert [f"{key}: {unchecked}" for key, unchecked in cluster.list_unchecked()] == [
        "Gateway infra/edge: it is in no document: its labels (GATEWAY_SELECTOR) were not checked",
        "Gateway infra/edge: it is in no document: its listeners were not checked",
    ]


def test_kinds_that_sources_does_not_name_are_known_by_their_groups() -> None:
    left_out = Store(replace(SCOPE, kinds=("Ingress", "HTTPRoute"))).left_out
    assert {("traefik.io", "IngressRoute"), ("traefik.containo.us", "IngressRoute")} <= left_out
    assert not left_out & {("networking.k8s.io", "Ingress"), ("", "Namespace"), (GATEWAY.group, "Gateway")}
    assert Store(SCOPE).left_out == set()


# Over all kinds

SOURCES = [kind for kind in KINDS if kind.gives_names]


class Filling:
    """A cluster with one object of a kind, in the namespace ``web``, and what it needs."""

    def __init__(self, kind: Kind, **filters: object) -> None:
        self.cluster = Store(replace(SCOPE, **filters))  # type: ignore[arg-type]
        self.cluster.put(NAMESPACE, namespace("web"))
        put_parents(self)
        self.cluster.put(kind, make_object(kind, OLD))

    def put_object(self, kind: Kind, manifest: dict[str, Any]) -> None:
        self.cluster.put(kind, manifest)

    @property
    def reason(self) -> str:
        """Why the name is not published, "" when it is."""
        assert [source.ref.namespace for source in self.cluster.sources()] == ["web"]
        return "" if self.cluster.names() == [OLD] else reasons(self.cluster)[OLD]


@pytest.mark.parametrize("kind", SOURCES, ids=str)
def test_each_kind_passes_no_filter_that_leaves_it_out_and_says_which(kind: Kind) -> None:
    assert Filling(kind).reason == ""
    others = tuple(other for other in GIVING_NAMES if other != kind.kind)
    assert Filling(kind, kinds=others).reason == f"{kind.kind} is not in SOURCES"
    assert Filling(kind, namespaces=("apps",)).reason == "namespace web is not in WATCH_NAMESPACE"
    assert Filling(kind, namespace_selector="dns=public").reason == NOT_SELECTED
    assert Filling(kind, label_selector="dns").reason == "the object's labels do not match LABEL_SELECTOR"
    assert Filling(kind, annotation_filter="dns").reason == "the object's annotations do not match ANNOTATION_FILTER"
    passed = {"kinds": (kind.kind,), "namespaces": ("web",), "namespace_selector": "!dns", "label_selector": "!dns"}
    assert Filling(kind, annotation_filter="!dns", **passed).reason == ""


@pytest.mark.parametrize("kind", SOURCES, ids=str)
def test_classes_and_gateways_are_asked_of_the_kinds_that_have_them(kind: Kind) -> None:
    has_class = kind.kind.startswith("Ingress")
    assert ("INGRESS_CLASS" in Filling(kind, ingress_classes=("traefik",)).reason) is has_class
    on_gateway = kind in GATEWAY_ROUTES
    assert ("is not in GATEWAY" in Filling(kind, gateways=("infra/inner",)).reason) is on_gateway
    assert ("GATEWAY_SELECTOR" in Filling(kind, gateway_selector="dns=public").reason) is on_gateway
