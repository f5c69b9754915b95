from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.fakes.kubernetes.cluster import Cluster
from tests.fakes.kubernetes.manifests import ingress, ingress_route

EVERYWHERE = "/apis/networking.k8s.io/v1/ingresses"
METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


def within(namespace: str) -> str:
    return f"/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses"


def fill(cluster: Cluster, namespace: str, count: int) -> list[str]:
    names = [f"app-{number:03}" for number in range(count)]
    for name in names:
        cluster.create(ingress(name, f"{name}.talos00", namespace=namespace))
    return names


def names(page: dict[str, list[dict[str, dict[str, str]]]]) -> list[str]:
    return [item["metadata"]["name"] for item in page["items"]]


def version(cluster: Cluster, path: str) -> str:
    rv: str = cluster.list(path)["metadata"]["resourceVersion"]
    return rv


def test_a_list_holds_one_namespace_or_all(kubernetes: Cluster) -> None:
    here, there = kubernetes.namespace(), kubernetes.namespace()
    kubernetes.create(ingress("grafana", "grafana.talos00", namespace=here))
    kubernetes.create(ingress("nas", "nas.talos00", namespace=there))
    assert names(kubernetes.list(within(here))) == ["grafana"]
    assert {"grafana", "nas"} <= set(names(kubernetes.list(EVERYWHERE)))


def test_the_items_of_a_list_of_a_built_in_kind_do_not_say_what_they_are(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    kubernetes.create(ingress("grafana", "grafana.talos00", namespace=space))
    kubernetes.create(ingress_route("blog", "Host(`blog.home.lab`)", namespace=space))
    page = kubernetes.list(within(space))
    assert (page["kind"], "kind" in page["items"][0]) == ("IngressList", False)
    custom = kubernetes.list(f"/apis/traefik.io/v1alpha1/namespaces/{space}/ingressroutes")
    assert (custom["kind"], custom["items"][0]["kind"]) == ("IngressRouteList", "IngressRoute")


def test_pages_show_one_moment(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    made = fill(kubernetes, space, 5)
    first = kubernetes.list(within(space), limit=2)
    assert first["metadata"]["remainingItemCount"] == 3
    kubernetes.create(ingress("app-002x", "late.talos00", namespace=space))
    kubernetes.delete(ingress("app-004", namespace=space))
    found, token = names(first), first["metadata"]["continue"]
    while token:
        page = kubernetes.list(within(space), limit=2, **{"continue": token})
        assert page["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
        found += names(page)
        token = page["metadata"].get("continue", "")
    assert found == made


@pytest.mark.double_only
def test_a_continue_token_that_expired_is_gone(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    fill(kubernetes, space, 3)
    token = kubernetes.list(within(space), limit=2)["metadata"]["continue"]
    kubernetes.faults.expire_pages()
    answer = kubernetes.call("GET", f"{within(space)}?limit=2&continue={token}")
    assert (answer.code, answer.body["reason"]) == (410, "Expired")
    assert len(names(kubernetes.list(within(space), limit=9))) == 3


def test_a_continue_token_that_nobody_gave_is_refused(kubernetes: Cluster) -> None:
    assert kubernetes.call("GET", f"{EVERYWHERE}?limit=2&continue=banana").code == 400


def test_a_list_from_the_cache_has_no_pages(kubernetes_double: Callable[..., Cluster]) -> None:
    cluster = kubernetes_double()
    fill(cluster, "default", 3)
    page = cluster.list(EVERYWHERE, limit=2, resourceVersion=0)
    assert (len(page["items"]), "continue" in page["metadata"]) == (3, False)


@pytest.mark.double_only
def test_ten_thousand_objects_come_in_full_pages(kubernetes: Cluster) -> None:
    store, catalog = kubernetes.server.store, kubernetes.server.catalog
    resource = catalog.find("networking.k8s.io", "v1", "ingresses")
    assert resource

    def put() -> None:
        for number in range(10_000):
            store.create(resource, "default", ingress(f"app-{number}", f"app-{number}.talos00"))

    kubernetes.server.call(put)
    sizes: list[int] = []
    token = ""
    while token or not sizes:
        page = kubernetes.list(EVERYWHERE, limit=500, **({"continue": token} if token else {}))
        sizes.append(len(page["items"]))
        token = page["metadata"].get("continue", "")
    assert sizes == [500] * 20


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("app=x", ["a"]),
        ("app==x,tier!=back", ["a"]),
        ("app!=x", ["b", "c"]),
        ("app in (x, y)", ["a", "b"]),
        ("app notin (x,y)", ["c"]),
        ("app", ["a", "b"]),
        ("!app", ["c"]),
        ("home.lab/app=z", ["c"]),
    ],
)
def test_labels_choose(kubernetes: Cluster, selector: str, expected: list[str]) -> None:
    space = kubernetes.namespace()
    for name, labels in (("a", {"app": "x"}), ("b", {"app": "y", "tier": "back"}), ("c", {"home.lab/app": "z"})):
        kubernetes.create(ingress(name, f"{name}.talos00", namespace=space, labels=labels))
    assert names(kubernetes.list(within(space), labelSelector=selector)) == expected


@pytest.mark.parametrize("query", ["labelSelector=a+in+b", "labelSelector=,", "fieldSelector=spec.x%3D1"])
def test_a_selector_that_is_not_understood_is_refused(kubernetes: Cluster, query: str) -> None:
    assert kubernetes.call("GET", f"{EVERYWHERE}?{query}").code == 400


def test_fields_choose(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    fill(kubernetes, space, 2)
    assert names(kubernetes.list(within(space), fieldSelector="metadata.name=app-001")) == ["app-001"]
    both = f"metadata.namespace={space},metadata.name!=app-001"
    assert names(kubernetes.list(EVERYWHERE, fieldSelector=both)) == ["app-000"]


def test_a_watch_tells_what_happens_after_a_list(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    fill(kubernetes, space, 1)
    with kubernetes.watch(within(space), resourceVersion=version(kubernetes, within(space))) as stream:
        made = kubernetes.create(ingress("grafana", "grafana.talos00", namespace=space))
        kind, body = stream.event()
        assert (kind, body["kind"], body["apiVersion"]) == ("ADDED", "Ingress", "networking.k8s.io/v1")
        assert body["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
        kubernetes.patch(made, {"metadata": {"labels": {"a": "b"}}})
        kubernetes.delete(made)
        assert stream.names(1) == [("MODIFIED", "grafana")]
        kind, body = stream.event()
        assert kind == "DELETED"
        assert int(body["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])


def test_a_watch_from_an_older_version_tells_what_was_missed(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    rv = version(kubernetes, within(space))
    made = kubernetes.create(ingress("grafana", "grafana.talos00", namespace=space))
    kubernetes.create(ingress("nas", "nas.talos00", namespace=space))
    kubernetes.delete(made)
    with kubernetes.watch(within(space), resourceVersion=rv) as stream:
        assert stream.names(3) == [("ADDED", "grafana"), ("ADDED", "nas"), ("DELETED", "grafana")]


def test_the_version_of_one_list_is_good_for_the_watch_of_another_kind(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    rv = version(kubernetes, within(space))
    kubernetes.create(ingress("nas", "nas.talos00", namespace=space))
    path = f"/apis/traefik.io/v1alpha1/namespaces/{space}/ingressroutes"
    with kubernetes.watch(path, resourceVersion=rv) as stream:
        kubernetes.create(ingress_route("blog", "Host(`blog.home.lab`)", namespace=space))
        assert stream.names(1) == [("ADDED", "blog")]


@pytest.mark.parametrize("rv", ["", "0"])
def test_a_watch_from_nowhere_begins_with_what_is_there(kubernetes: Cluster, rv: str) -> None:
    space = kubernetes.namespace()
    fill(kubernetes, space, 2)
    with kubernetes.watch(within(space), resourceVersion=rv) as stream:
        assert sorted(stream.names(2)) == [("ADDED", "app-000"), ("ADDED", "app-001")]
        kubernetes.delete(ingress("app-000", namespace=space))
        assert stream.names(1) == [("DELETED", "app-000")]


def test_a_watch_of_one_namespace_does_not_hear_of_another(kubernetes: Cluster) -> None:
    here, there = kubernetes.namespace(), kubernetes.namespace()
    with kubernetes.watch(within(here), resourceVersion=version(kubernetes, within(here))) as stream:
        kubernetes.create(ingress("nas", "nas.talos00", namespace=there))
        kubernetes.create(ingress("grafana", "grafana.talos00", namespace=here))
        assert stream.names(1) == [("ADDED", "grafana")]


def test_a_label_that_comes_or_goes_looks_like_an_object_that_does(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    made = kubernetes.create(ingress("grafana", "grafana.talos00", namespace=space))
    rv = made["metadata"]["resourceVersion"]
    with kubernetes.watch(within(space), resourceVersion=rv, labelSelector="dns=yes") as stream:
        kubernetes.patch(made, {"metadata": {"labels": {"dns": "yes"}}})
        kubernetes.patch(made, {"metadata": {"labels": {"more": "yes"}}})
        after = kubernetes.patch(made, {"metadata": {"labels": {"dns": "no"}}})
        assert stream.names(2) == [("ADDED", "grafana"), ("MODIFIED", "grafana")]
        kind, body = stream.event()
        assert (kind, body["metadata"]["labels"]["dns"]) == ("DELETED", "yes")
        assert body["metadata"]["resourceVersion"] == after["metadata"]["resourceVersion"]


@pytest.mark.double_only
@pytest.mark.parametrize("forget", ["compaction", "a full log"])
def test_a_watch_from_a_forgotten_version_gets_an_error_event(
    kubernetes_double: Callable[..., Cluster], forget: str
) -> None:
    cluster = kubernetes_double(history=2)
    rv = version(cluster, EVERYWHERE)
    fill(cluster, "default", 9)
    if forget == "compaction":
        cluster.faults.compact()
    with cluster.watch(EVERYWHERE, resourceVersion=rv) as stream:
        kind, body = stream.event()
        assert (stream.code, kind, body["code"], body["reason"]) == (200, "ERROR", 410, "Expired")
        assert body["message"].startswith(f"too old resource version: {rv} (")
        assert stream.line() == b""
    with cluster.watch(EVERYWHERE, resourceVersion=version(cluster, EVERYWHERE)) as stream:
        cluster.delete(ingress("app-000"))
        assert stream.names(1) == [("DELETED", "app-000")]


@pytest.mark.double_only
def test_only_the_version_of_the_compaction_is_still_good(kubernetes: Cluster) -> None:
    fill(kubernetes, "default", 2)
    kubernetes.faults.compact()
    now = int(version(kubernetes, EVERYWHERE))
    with kubernetes.watch(EVERYWHERE, resourceVersion=now - 1) as stream:
        assert stream.event()[0] == "ERROR"
    with kubernetes.watch(EVERYWHERE, resourceVersion=now) as stream:
        kubernetes.delete(ingress("app-000"))
        assert stream.names(1) == [("DELETED", "app-000")]


def test_a_list_from_the_future_is_refused(kubernetes: Cluster) -> None:
    rv = int(version(kubernetes, EVERYWHERE)) + 1_000_000
    answer = kubernetes.call("GET", f"{EVERYWHERE}?resourceVersion={rv}&timeoutSeconds=1")
    assert (answer.code, answer.body["reason"]) == (504, "Timeout")


@pytest.mark.double_only
def test_bookmarks_come_to_those_who_ask(kubernetes_double: Callable[..., Cluster]) -> None:
    cluster = kubernetes_double(bookmark_period=0.1)
    rv = version(cluster, EVERYWHERE)
    with (
        cluster.watch(EVERYWHERE, resourceVersion=rv, allowWatchBookmarks="true") as asked,
        cluster.watch(EVERYWHERE, timeout=0.5, resourceVersion=rv) as silent,
    ):
        cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        for _ in range(2):
            kind, body = asked.event()
            assert (kind, body["kind"]) == ("BOOKMARK", "Ingress")
            assert int(body["metadata"]["resourceVersion"]) > int(rv)
        with pytest.raises(TimeoutError):
            silent.line()


def test_a_watch_ends_when_its_time_is_up_with_a_bookmark_before(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    rv = version(kubernetes, within(space))
    started = time.monotonic()
    query: dict[str, Any] = {"resourceVersion": rv, "timeoutSeconds": 3, "allowWatchBookmarks": "true"}
    with kubernetes.watch(within(space), timeout=10, **query) as stream:
        lines = list(iter(stream.line, b""))
    assert time.monotonic() - started > 2.5
    assert {json.loads(line)["type"] for line in lines} == {"BOOKMARK"}


@pytest.mark.double_only
def test_an_event_is_out_before_its_write_is_answered(kubernetes: Cluster) -> None:
    with socket.create_connection(("127.0.0.1", kubernetes.server.port)) as watch:
        path = f"{EVERYWHERE}?watch=1&resourceVersion={version(kubernetes, EVERYWHERE)}"
        watch.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert watch.recv(4096).endswith(b"\r\n\r\n")
        watch.setblocking(False)
        for number in range(50):
            kubernetes.create(ingress(f"app-{number}", f"app-{number}.talos00"))
            assert f'"name":"app-{number}"'.encode() in watch.recv(65536)


def test_metadata_alone_is_enough_for_who_asks_so(kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    made = kubernetes.create(ingress("grafana", "grafana.talos00", namespace=space))
    page = kubernetes.call("GET", within(space), headers={"Accept": METADATA_LIST}).body
    assert (page["kind"], page["apiVersion"]) == ("PartialObjectMetadataList", "meta.k8s.io/v1")
    assert [set(item) & {"metadata", "spec", "status"} for item in page["items"]] == [{"metadata"}]
    one = kubernetes.call("GET", f"{within(space)}/grafana", headers={"Accept": METADATA}).body
    assert (one["kind"], "spec" in one) == ("PartialObjectMetadata", False)
    rv = page["metadata"]["resourceVersion"]
    with kubernetes.watch(within(space), headers={"Accept": METADATA}, resourceVersion=rv) as stream:
        kubernetes.patch(made, {"metadata": {"labels": {"a": "b"}}})
        kind, body = stream.event()
        assert (kind, body["kind"], "spec" in body) == ("MODIFIED", "PartialObjectMetadata", False)


def test_an_unknown_form_is_not_acceptable(kubernetes: Cluster) -> None:
    answer = kubernetes.call("GET", EVERYWHERE, headers={"Accept": "application/xml"})
    assert answer.code == 406


def test_discovery_tells_the_versions_of_a_group(kubernetes: Cluster) -> None:
    group = kubernetes.list("/apis/gateway.networking.k8s.io")
    assert (group["kind"], group["preferredVersion"]["version"]) == ("APIGroup", "v1")
    resources = kubernetes.list("/apis/gateway.networking.k8s.io/v1beta1")["resources"]
    assert {"httproutes", "httproutes/status", "gateways"} <= {resource["name"] for resource in resources}
    assert "gitVersion" in kubernetes.list("/version")
    assert kubernetes.call("GET", "/apis/nothing.home.lab").code == 404


@pytest.mark.double_only
def test_a_group_comes_and_goes(kubernetes_double: Callable[..., Cluster]) -> None:
    cluster = kubernetes_double(without=["traefik.io"])
    path = "/apis/traefik.io/v1alpha1/ingressroutes"
    absent = cluster.call("GET", path)
    assert (absent.code, absent.body) == (404, "404 page not found\n")
    cluster.install("traefik.io")
    made = cluster.create(ingress_route("blog", "Host(`blog.home.lab`)"))
    with cluster.watch(path, resourceVersion=made["metadata"]["resourceVersion"]) as stream:
        cluster.remove("traefik.io")
        assert stream.names(1) == [("DELETED", "blog")]
        assert stream.line() == b""
    assert cluster.call("GET", "/apis/traefik.io").code == 404
    assert cluster.call("GET", path).code == 404
    cluster.install("traefik.io")
    assert cluster.list(path)["items"] == []


@pytest.mark.double_only
def test_a_group_may_be_installed_in_its_older_version_alone(kubernetes_double: Callable[..., Cluster]) -> None:
    cluster = kubernetes_double(without=["gateway.networking.k8s.io"])
    cluster.install("gateway.networking.k8s.io", ["v1beta1"])
    assert cluster.list("/apis/gateway.networking.k8s.io")["preferredVersion"]["version"] == "v1beta1"
    assert cluster.call("GET", "/apis/gateway.networking.k8s.io/v1/httproutes").code == 404
    assert cluster.list("/apis/gateway.networking.k8s.io/v1beta1/httproutes")["items"] == []
