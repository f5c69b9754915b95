"""IngressRoutes in layers: what a child publishes follows its parents, whichever of them comes first."""

from __future__ import annotations

from typing import Any

import pytest

from syncer.core.kinds import INGRESS_ROUTE
from syncer.core.scope import Scope
from syncer.kube.store import Store

SCOPE = Scope(zones=("talos00",), addresses=("192.168.1.54",))


def ingress_route(name: str, *rules: str, parents: tuple[str, ...] = ()) -> dict[str, Any]:
    services: dict[str, Any] = {"services": [{"name": "app", "port": 80}]} if parents else {}
    return {
        "metadata": {"namespace": "web", "name": name},
        "spec": {
            "parentRefs": [{"name": parent} for parent in parents],
            "routes": [{"kind": "Rule", "match": rule, **services} for rule in rules],
        },
    }


CHILD = ingress_route("child", "Host(`a.talos00`)", "Host(`b.talos00`)", parents=("root",))
HOSTLESS = ingress_route("hostless", "PathPrefix(`/x`)", parents=("root",))
ROOT = ingress_route("root", "Host(`a.talos00`) || Host(`c.talos00`)")


NO_PARENT = "not there, or is none: it has no rule, or services"


def published(store: Store) -> dict[str, list[str]]:
    return {source.ref.name: [want.name for want in source.wants] for source in store.sources()}


@pytest.mark.parametrize("manifests", [(ROOT, CHILD, HOSTLESS), (HOSTLESS, CHILD, ROOT)])
def test_a_child_publishes_what_its_parents_let_through(manifests: tuple[dict[str, Any], ...]) -> None:
    store = Store(SCOPE)
    for manifest in manifests:
        store.put(INGRESS_ROUTE, manifest)
    assert published(store) == {"root": ["a.talos00", "c.talos00"], "child": ["a.talos00"], "hostless": []}
    (child,) = [source for source in store.sources() if source.ref.name == "child"]
    assert [(skip.name, skip.reason) for skip in child.skipped] == [
        ("b.talos00", "the rules of its parents let no request for it through")
    ]
    store.put(INGRESS_ROUTE, ingress_route("root", "PathPrefix(`/`)"))
    assert published(store)["child"] == ["a.talos00", "b.talos00"]


def test_while_a_parent_is_not_there_its_names_are_in_trouble() -> None:
    store = Store(SCOPE)
    store.put(INGRESS_ROUTE, ROOT)
    store.put(INGRESS_ROUTE, CHILD)
    store.drop(INGRESS_ROUTE, "web", "root")
    (child,) = store.sources()
    assert child.wants == ()
    assert child.find_trouble("a.talos00", None) == f"a parent IngressRoute is {NO_PARENT}"
    assert child.warnings == (f"its parent IngressRoute web/root (traefik.io) is {NO_PARENT}",)
    store.put(INGRESS_ROUTE, ROOT)
    assert published(store)["child"] == ["a.talos00"]
    store.drop(INGRESS_ROUTE, "web", "child")
    assert published(store) == {"root": ["a.talos00", "c.talos00"]}


@pytest.mark.parametrize("rules", [(), ("",)])
def test_a_parent_without_a_rule_lets_nothing_through(rules: tuple[str, ...]) -> None:
    store = Store(SCOPE)
    store.put(INGRESS_ROUTE, ROOT)
    store.put(INGRESS_ROUTE, CHILD)
    store.put(INGRESS_ROUTE, ingress_route("root", *rules))
    assert published(store)["child"] == []
    (child,) = [source for source in store.sources() if source.ref.name == "child"]
    assert child.find_trouble("a.talos00", None) == f"a parent IngressRoute is {NO_PARENT}"


def test_a_narrower_parent_narrows_a_wildcard() -> None:
    store = Store(SCOPE)
    store.put(INGRESS_ROUTE, ingress_route("child", "Host(`*.talos00`)", parents=("root",)))
    store.put(INGRESS_ROUTE, ROOT)
    assert published(store)["child"] == ["a.talos00", "c.talos00"]


def test_among_manifests_a_parent_in_no_document_is_not_checked() -> None:
    store = Store(SCOPE, assume_accepted=True)
    store.put(INGRESS_ROUTE, CHILD)
    assert published(store) == {"child": ["a.talos00", "b.talos00"]}
