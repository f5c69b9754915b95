"""Objects from documents: what is in none of them is unknown, until it is, and again when it is no more."""

from __future__ import annotations

from typing import Any

import pytest

from syncer.core.attachment import LISTENERS, Unchecked
from syncer.core.kinds import GATEWAY, HTTP_ROUTE, NAMESPACE
from syncer.core.parents import ParentKey
from syncer.core.scope import Scope
from syncer.kube.store import Store

SCOPE = Scope(zones=("talos00",), addresses=("192.168.1.54",))
EDGE = ParentKey("Gateway", "infra", "edge")
DELETED_AT = "2026-02-01T00:00:00Z"


def route(name: str = "shop", *, created: str = "2026-01-01T00:00:00Z") -> dict[str, Any]:
    return {
        "metadata": {"namespace": "web", "name": name, "creationTimestamp": created},
        "spec": {"parentRefs": [{"namespace": "infra", "name": "edge"}], "hostnames": [f"{name}.talos00"]},
    }


def gateway(hostname: str, *, labels: dict[str, str] | None = None, **meta: str) -> dict[str, Any]:
    namespaces: dict[str, Any] = {"from": "All"}
    if labels:
        namespaces = {"from": "Selector", "selector": {"matchLabels": labels}}
    listener = {
        "name": "web",
        "port": 80,
        "protocol": "HTTP",
        "hostname": hostname,
        "allowedRoutes": {"namespaces": namespaces},
    }
    return {"metadata": {"namespace": "infra", "name": "edge", **meta}, "spec": {"listeners": [listener]}}


def namespace(name: str, **meta: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, **meta}}


@pytest.fixture
def store() -> Store:
    store = Store(SCOPE, assume_accepted=True)
    store.put(HTTP_ROUTE, route())
    return store


def test_a_gateway_counts_from_when_it_comes_until_it_goes(store: Store) -> None:
    assert store.names() == ["shop.talos00"]
    assert store.list_unchecked() == [(EDGE, Unchecked(LISTENERS, False, frozenset(("web",))))]
    store.put(GATEWAY, gateway("other.talos00"))
    assert (store.names(), store.list_unchecked()) == ([], [])
    store.put(GATEWAY, gateway("*.talos00"))
    assert (store.names(), store.list_unchecked()) == (["shop.talos00"], [])
    store.put(GATEWAY, gateway("other.talos00"))
    store.drop(GATEWAY, *EDGE[1:])
    assert store.names() == ["shop.talos00"]
    assert EDGE in dict(store.list_unchecked())


def test_one_that_is_being_deleted_serves_nothing(store: Store) -> None:
    store.put(GATEWAY, gateway("*.talos00", deletionTimestamp=DELETED_AT))
    assert store.names() == []
    store.drop(GATEWAY, *EDGE[1:])
    store.put(NAMESPACE, namespace("infra", deletionTimestamp=DELETED_AT))
    assert store.names() == []


def test_a_namespace_has_its_labels_while_a_document_says_them(store: Store) -> None:
    store.put(GATEWAY, gateway("*.talos00", labels={"team": "web"}))
    assert store.names() == ["shop.talos00"]
    assert store.list_unchecked() == [(EDGE, Unchecked(LISTENERS, True, frozenset(("web",))))]
    store.put(NAMESPACE, namespace("web"))
    assert (store.names(), store.list_unchecked()) == ([], [])
    store.put(NAMESPACE, namespace("web", labels={"team": "web"}))
    assert (store.names(), store.list_unchecked()) == (["shop.talos00"], [])
    store.put(NAMESPACE, namespace("web", labels={"team": "db"}))
    store.drop(NAMESPACE, "", "web")
    assert store.names() == ["shop.talos00"]


def test_a_namespace_that_is_in_no_document_any_more_takes_nothing_along(store: Store) -> None:
    store.put(NAMESPACE, namespace("web", deletionTimestamp=DELETED_AT))
    assert store.names() == []
    store.drop(NAMESPACE, "", "web")
    assert store.names() == ["shop.talos00"]


def test_it_is_known_what_has_been_read(store: Store) -> None:
    store.put(HTTP_ROUTE, route("blog"))
    store.drop(HTTP_ROUTE, "web", "shop")
    assert store.read_origins == {"HTTPRoute/web/shop", "HTTPRoute/web/blog"}
    cluster = Store(SCOPE)
    cluster.put(HTTP_ROUTE, route())
    assert cluster.read_origins == set()


def test_in_a_cluster_what_is_not_there_is_not_there() -> None:
    store = Store(SCOPE)
    store.put(HTTP_ROUTE, route())
    assert (store.names(), store.list_unchecked()) == ([], [])
