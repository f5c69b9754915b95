"""Objects from documents: what is in none of them is unknown, until it is, and again when it is no more."""

from __future__ import annotations

from typing import Any

import pytest

from syncer.core.attachment import ALLOWED_LISTENERS, LISTENERS, Unchecked
from syncer.core.kinds import GATEWAY, HTTP_ROUTE, LISTENER_SET, NAMESPACE
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


TEAM = ParentKey("ListenerSet", "team", "own")


def on_set(name: str = "shop") -> dict[str, Any]:
    manifest = route(name)
    manifest["spec"]["parentRefs"] = [{"kind": "ListenerSet", "namespace": "team", "name": "own"}]
    return manifest


def listener_set(hostname: str = "*.talos00", **meta: str) -> dict[str, Any]:
    listener = gateway(hostname)["spec"]["listeners"][0]
    spec = {"parentRef": {"namespace": "infra", "name": "edge"}, "listeners": [listener]}
    return {"metadata": {"namespace": "team", "name": "own", **meta}, "spec": spec}


def shared(namespaces: dict[str, Any]) -> dict[str, Any]:
    spec = {"listeners": [], "allowedListeners": {"namespaces": namespaces}}
    return {"metadata": {"namespace": "infra", "name": "edge"}, "spec": spec}


def test_a_listener_set_and_its_gateway_count_each_from_when_it_comes() -> None:
    store = Store(SCOPE, assume_accepted=True)
    store.put(HTTP_ROUTE, on_set())
    asks, owns = frozenset(("web",)), frozenset(("team",))
    assert store.names() == ["shop.talos00"]
    assert store.list_unchecked() == [(TEAM, Unchecked(LISTENERS, False, asks))]
    store.put(LISTENER_SET, listener_set("other.talos00"))
    assert (store.names(), store.list_unchecked()) == ([], [(EDGE, Unchecked(ALLOWED_LISTENERS, False, owns))])
    store.put(LISTENER_SET, listener_set())
    assert store.names() == ["shop.talos00"]
    store.put(GATEWAY, shared({"from": "Same"}))
    assert (store.names(), store.list_unchecked()) == ([], [])
    store.put(GATEWAY, shared({"from": "All"}))
    assert (store.names(), store.list_unchecked()) == (["shop.talos00"], [])
    store.drop(GATEWAY, *EDGE[1:])
    store.drop(LISTENER_SET, *TEAM[1:])
    assert store.list_unchecked() == [(TEAM, Unchecked(LISTENERS, False, asks))]


def test_the_labels_of_the_namespace_of_a_listener_set_may_be_unknown_too() -> None:
    store = Store(SCOPE, assume_accepted=True)
    store.put(HTTP_ROUTE, on_set())
    store.put(LISTENER_SET, listener_set())
    store.put(GATEWAY, shared({"from": "Selector", "selector": {"matchLabels": {"listeners": "true"}}}))
    assert store.names() == ["shop.talos00"]
    ((key, unchecked),) = store.list_unchecked()
    assert (key, unchecked) == (EDGE, Unchecked(ALLOWED_LISTENERS, True, frozenset(("team",))))
    told = "its allowedListeners were not checked: they choose by the labels of namespace team, which is in no document"
    assert str(unchecked) == told
    store.put(NAMESPACE, namespace("team"))
    assert (store.names(), store.list_unchecked()) == ([], [])
    store.put(NAMESPACE, namespace("team", labels={"listeners": "true"}))
    assert (store.names(), store.list_unchecked()) == (["shop.talos00"], [])


def test_a_listener_set_that_is_being_deleted_serves_nothing() -> None:
    store = Store(SCOPE, assume_accepted=True)
    store.put(HTTP_ROUTE, on_set())
    store.put(LISTENER_SET, listener_set(deletionTimestamp=DELETED_AT))
    (source,) = store.sources()
    assert [skip.reason for skip in source.skipped] == ["ListenerSet team/own is being deleted"]
