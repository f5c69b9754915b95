"""What the store makes of the objects that the watches bring, and whom it wakes."""

from __future__ import annotations

import gc
import json
import tracemalloc
from collections.abc import Iterator
from threading import Event, Thread
from typing import Any

import pytest

from syncer.core.kinds import GATEWAY, HTTP_ROUTE, INGRESS, INGRESS_ROUTE, NAMESPACE, OLD_INGRESS_ROUTE, SERVICE
from syncer.core.scope import Scope
from syncer.core.selector import SelectorError
from syncer.core.source import Ref
from syncer.kube import admitted, claimants, store
from syncer.kube.store import Store
from tests.syncer.kube.work import count_bytes, count_steps, read_between

ADDRESS = ("192.168.1.54",)
SCOPE = Scope(zones=("talos00", "k8s.example.com"), addresses=ADDRESS)
AUTO = Scope(zones=("talos00",), auto=True)
GRAFANA = Ref("Ingress", "apps", "grafana", "networking.k8s.io")


class Sleeper:
    """Counts how often it is woken."""

    def __init__(self) -> None:
        self.wakeups = 0

    def wakeup(self) -> None:
        self.wakeups += 1


def meta(name: str, namespace: str = "apps", **more: Any) -> dict[str, Any]:
    return {"name": name, "namespace": namespace, "creationTimestamp": "2026-01-01T00:00:00Z", **more}


def ingress(name: str, *hosts: str, ip: str = "", **metadata: Any) -> dict[str, Any]:
    return {
        "metadata": meta(name, **metadata),
        "spec": {"rules": [{"host": host} for host in hosts or (f"{name}.talos00",)]},
        "status": {"loadBalancer": {"ingress": [{"ip": ip}] if ip else []}},
    }


def service(name: str = "traefik", *ips: str, type: str = "LoadBalancer", namespace: str = "traefik") -> dict[str, Any]:
    return {
        "metadata": meta(name, namespace, labels={"app.kubernetes.io/name": "traefik"}),
        "spec": {"type": type, "externalIPs": list(ips)},
        "status": {"loadBalancer": {"ingress": [{"ip": ip} for ip in ips]}} if type == "LoadBalancer" else {},
    }


def gateway(hostname: str = "*.talos00", namespace: str = "infra", allowed: Any = None) -> dict[str, Any]:
    listener = {
        "name": "web",
        "port": 80,
        "protocol": "HTTP",
        "hostname": hostname,
        "allowedRoutes": {"namespaces": allowed or {"from": "All"}},
    }
    return {"metadata": meta("edge", namespace), "spec": {"listeners": [listener]}}


def http_route(name: str = "grafana") -> dict[str, Any]:
    parents = [{"name": "edge", "namespace": "infra"}]
    accepted = [{"parentRef": parents[0], "conditions": [{"type": "Accepted", "status": "True"}]}]
    return {
        "metadata": meta(name),
        "spec": {"parentRefs": parents, "hostnames": [f"{name}.talos00"]},
        "status": {"parents": accepted},
    }


def namespace(name: str = "apps", leaving: str = "", **labels: str) -> dict[str, Any]:
    times = {"deletionTimestamp": leaving} if leaving else {}
    return {"metadata": {"name": name, "labels": labels or None, **times}}


def origins(cluster: Store, name: str) -> list[str]:
    return [str(source.ref) for source in cluster.claimants(name)]


def test_an_object_touches_its_names_and_wakes_the_loop() -> None:
    sleeper = Sleeper()
    cluster = Store(SCOPE, wakeup=sleeper.wakeup)
    cluster.put(INGRESS, ingress("grafana", "grafana.talos00", "metrics.talos00"))
    touched = cluster.take()
    assert sleeper.wakeups == 1
    assert touched.names == {"grafana.talos00", "metrics.talos00"}
    assert touched.sources == {GRAFANA: cluster.source(GRAFANA)}
    assert origins(cluster, "metrics.talos00") == ["Ingress/apps/grafana"]
    assert sorted(cluster.names()) == ["grafana.talos00", "metrics.talos00"]
    assert cluster.take() == (set(), {})


def test_a_status_or_noise_that_changes_nothing_wakes_nobody() -> None:
    sleeper = Sleeper()
    cluster = Store(SCOPE, wakeup=sleeper.wakeup)
    cluster.put(INGRESS, ingress("grafana"))
    cluster.take()
    cluster.put(INGRESS, ingress("grafana", ip="10.0.0.1", resourceVersion="7", annotations={"checksum/config": "1"}))
    cluster.replace(INGRESS, [ingress("grafana", ip="10.0.0.2")])
    cluster.drop(INGRESS, "apps", "nas")
    assert sleeper.wakeups == 1
    assert cluster.take() == (set(), {})


def test_only_the_names_that_differ_are_touched() -> None:
    cluster = Store(SCOPE)
    cluster.put(INGRESS, ingress("grafana", "a.talos00", "b.talos00"))
    cluster.take()
    cluster.put(INGRESS, ingress("grafana", "b.talos00", "c.talos00"))
    assert cluster.take().names == {"a.talos00", "c.talos00"}
    assert origins(cluster, "a.talos00") == []
    assert origins(cluster, "b.talos00") == ["Ingress/apps/grafana"]
    cluster.put(INGRESS, ingress("grafana", "b.talos00", "c.talos00", annotations={"catalyst-dns-sync.io/ttl": "60"}))
    assert cluster.take().names == {"b.talos00", "c.talos00"}
    cluster.put(INGRESS, ingress("grafana", "b.talos00", "c.talos00", annotations={"catalyst-dns-sync.io/owner": "x"}))
    assert cluster.take().names == {"b.talos00", "c.talos00"}
    cluster.put(INGRESS, ingress("grafana", "b.talos00", "c.talos00", annotations={"catalyst-dns-sync.io/owner": "y"}))
    touched = cluster.take()
    assert touched.names == set()
    assert touched.sources.keys() == {GRAFANA}


def test_a_dropped_object_is_gone() -> None:
    cluster = Store(SCOPE)
    cluster.put(INGRESS, ingress("grafana"))
    cluster.take()
    cluster.drop(INGRESS, "apps", "grafana")
    assert cluster.take() == ({"grafana.talos00"}, {GRAFANA: None})
    assert cluster.names() == []
    assert cluster.source(GRAFANA) is None
    assert cluster.sources() == []


def test_two_objects_may_want_one_name() -> None:
    cluster = Store(SCOPE)
    for name in ("blog", "blog-old"):
        cluster.put(INGRESS, ingress(name, "blog.talos00"))
    assert origins(cluster, "blog.talos00") == ["Ingress/apps/blog", "Ingress/apps/blog-old"]
    cluster.drop(INGRESS, "apps", "blog")
    assert origins(cluster, "blog.talos00") == ["Ingress/apps/blog-old"]


def test_the_same_object_in_two_groups_is_two_objects() -> None:
    cluster = Store(SCOPE)
    manifest = {"metadata": meta("grafana"), "spec": {"routes": [{"match": "Host(`grafana.talos00`)"}]}}
    cluster.put(INGRESS_ROUTE, manifest)
    cluster.put(OLD_INGRESS_ROUTE, manifest)
    assert len(cluster.claimants("grafana.talos00")) == 2
    cluster.replace(OLD_INGRESS_ROUTE, [])
    assert [source.ref.group for source in cluster.claimants("grafana.talos00")] == ["traefik.io"]


def test_a_list_drops_what_is_not_in_it() -> None:
    sleeper = Sleeper()
    cluster = Store(SCOPE, wakeup=sleeper.wakeup)
    cluster.replace(INGRESS, [ingress("grafana"), ingress("blog")])
    cluster.put(HTTP_ROUTE, http_route())
    assert sleeper.wakeups == 2
    cluster.take()
    cluster.replace(INGRESS, iter([ingress("blog"), ingress("nas")]))
    assert cluster.take().names == {"grafana.talos00", "nas.talos00"}
    assert sleeper.wakeups == 3
    assert {source.ref.kind for source in cluster.sources()} == {"Ingress", "HTTPRoute"}


def test_a_list_of_one_namespace_drops_nothing_in_another() -> None:
    cluster = Store(SCOPE)
    cluster.replace(INGRESS, [ingress("grafana"), ingress("blog", namespace="web")])
    cluster.replace(INGRESS, [], namespace="apps")
    assert cluster.names() == ["blog.talos00"]


def test_a_list_that_breaks_off_drops_nothing() -> None:
    def pages() -> Iterator[dict[str, Any]]:
        yield ingress("blog")
        raise ConnectionResetError

    sleeper = Sleeper()
    cluster = Store(SCOPE, wakeup=sleeper.wakeup)
    cluster.put(INGRESS, ingress("grafana"))
    with pytest.raises(ConnectionResetError):
        cluster.replace(INGRESS, pages())
    assert sorted(cluster.names()) == ["blog.talos00", "grafana.talos00"]
    assert sleeper.wakeups == 2


def test_nobody_waits_for_the_next_page_of_a_list() -> None:
    asked, answered = Event(), Event()

    def pages() -> Iterator[dict[str, Any]]:
        yield ingress("grafana")
        asked.set()
        answered.wait(5)

    cluster = Store(SCOPE)
    thread = Thread(target=cluster.replace, args=(INGRESS, pages()))
    thread.start()
    try:
        assert asked.wait(5)
        cluster.put(INGRESS_ROUTE, {"metadata": meta("nas"), "spec": {"routes": [{"match": "Host(`nas.talos00`)"}]}})
        assert cluster.take().names == {"grafana.talos00", "nas.talos00"}
    finally:
        answered.set()
        thread.join()


def test_an_object_that_is_being_deleted_is_gone() -> None:
    cluster = Store(SCOPE)
    cluster.put(INGRESS, ingress("grafana"))
    cluster.put(INGRESS, ingress("grafana", deletionTimestamp="2026-01-01T01:00:00Z"))
    assert cluster.names() == []


def test_an_object_outside_the_watched_namespaces_is_known_and_publishes_nothing() -> None:
    cluster = Store(Scope(zones=("talos00",), namespaces=("web",)))
    cluster.put(INGRESS, ingress("grafana"))
    assert cluster.names() == []
    (source,) = cluster.sources()
    assert [skip.reason for skip in source.skipped] == ["namespace apps is not in WATCH_NAMESPACE"]


def test_an_object_without_a_name_is_no_object() -> None:
    cluster = Store(SCOPE)
    cluster.put(INGRESS, {"spec": {"rules": [{"host": "grafana.talos00"}]}})
    assert cluster.sources() == []


def test_a_selector_that_cannot_be_read_is_told_at_once() -> None:
    with pytest.raises(SelectorError):
        Store(Scope(zones=("talos00",), label_selector="app in"))


def test_a_namespace_that_is_being_deleted_takes_its_objects_along_at_once() -> None:
    cluster = Store(SCOPE)
    cluster.put(NAMESPACE, namespace())
    cluster.put(INGRESS, ingress("grafana"))
    cluster.put(INGRESS, ingress("blog", namespace="web"))
    cluster.take()
    cluster.put(NAMESPACE, namespace(leaving="2026-01-01T01:00:00Z"))
    assert cluster.take() == ({"grafana.talos00"}, {GRAFANA: None})
    cluster.put(INGRESS, ingress("grafana", "other.talos00"))
    cluster.put(INGRESS, ingress("late"))
    assert cluster.take() == (set(), {})
    assert cluster.names() == ["blog.talos00"]


def test_a_namespace_that_was_deleted_unseen_takes_its_objects_along() -> None:
    cluster = Store(SCOPE)
    cluster.replace(NAMESPACE, [namespace(), namespace("web")])
    cluster.put(INGRESS, ingress("grafana"))
    cluster.replace(NAMESPACE, [namespace("web")])
    assert cluster.names() == []
    assert cluster.source(GRAFANA) is None


@pytest.mark.parametrize("seen_to_be_gone", [True, False])
def test_a_namespace_that_is_made_again_works_again(seen_to_be_gone: bool) -> None:
    cluster = Store(SCOPE)
    cluster.put(INGRESS, ingress("grafana"))
    cluster.put(NAMESPACE, namespace(leaving="2026-01-01T01:00:00Z"))
    # The watch of Ingresses is ahead of the one of namespaces: the new object is here first.
    cluster.put(INGRESS, ingress("blog", creationTimestamp="2026-01-01T01:00:09Z"))
    if seen_to_be_gone:
        cluster.drop(NAMESPACE, "", "apps")
    cluster.put(NAMESPACE, namespace())
    assert cluster.names() == ["blog.talos00"]
    cluster.drop(INGRESS, "apps", "grafana")
    cluster.put(INGRESS, ingress("nas", creationTimestamp="2026-01-01T01:00:10Z"))
    assert sorted(cluster.names()) == ["blog.talos00", "nas.talos00"]


def test_what_goes_while_its_namespace_is_being_deleted_does_not_come_back_with_it() -> None:
    cluster = Store(SCOPE)
    cluster.put(NAMESPACE, namespace(leaving="2026-01-01T01:00:00Z"))
    for name in ("blog", "nas"):
        cluster.put(INGRESS, ingress(name, creationTimestamp="2026-01-01T01:00:09Z"))
    cluster.drop(INGRESS, "apps", "blog")
    cluster.put(NAMESPACE, namespace())
    assert cluster.names() == ["nas.talos00"]


def test_without_namespaces_every_object_counts() -> None:
    cluster = Store(SCOPE)
    cluster.replace(NAMESPACE, [])
    cluster.put(INGRESS, ingress("grafana"))
    assert cluster.names() == ["grafana.talos00"]


def test_a_gateway_that_comes_changes_or_goes_changes_its_routes() -> None:
    sleeper = Sleeper()
    cluster = Store(SCOPE, wakeup=sleeper.wakeup)
    cluster.put(HTTP_ROUTE, http_route())
    assert cluster.names() == []
    cluster.put(GATEWAY, gateway())
    assert origins(cluster, "grafana.talos00") == ["HTTPRoute/apps/grafana"]
    cluster.take()
    woken = sleeper.wakeups
    cluster.put(GATEWAY, gateway() | {"status": {"listeners": [{"name": "web", "attachedRoutes": 1}]}})
    assert sleeper.wakeups == woken
    cluster.put(GATEWAY, gateway("*.home.lab"))
    assert cluster.take().names == {"grafana.talos00"}
    assert cluster.names() == []
    cluster.put(GATEWAY, gateway("grafana.talos00"))
    assert cluster.names() == ["grafana.talos00"]
    cluster.drop(GATEWAY, "infra", "edge")
    assert cluster.names() == []
    cluster.put(HTTP_ROUTE, http_route("nas"))
    cluster.drop(HTTP_ROUTE, "apps", "grafana")
    cluster.put(GATEWAY, gateway())
    assert cluster.names() == ["nas.talos00"]


def test_the_labels_of_a_namespace_decide_who_may_attach() -> None:
    allowed = {"from": "Selector", "selector": {"matchLabels": {"dns": "on"}}}
    cluster = Store(SCOPE)
    cluster.put(GATEWAY, gateway(allowed=allowed))
    cluster.put(HTTP_ROUTE, http_route())
    assert cluster.names() == []
    cluster.put(NAMESPACE, namespace(dns="on"))
    assert cluster.names() == ["grafana.talos00"]
    cluster.put(NAMESPACE, namespace(dns="off"))
    assert cluster.names() == []


def test_a_gateway_in_a_namespace_that_is_being_deleted_is_gone() -> None:
    cluster = Store(SCOPE)
    cluster.put(GATEWAY, gateway())
    cluster.put(HTTP_ROUTE, http_route())
    cluster.put(NAMESPACE, namespace("infra", leaving="2026-01-01T01:00:00Z"))
    assert cluster.names() == []
    cluster.put(NAMESPACE, namespace("infra"))
    assert cluster.names() == ["grafana.talos00"]


def test_routes_from_files_need_no_status() -> None:
    cluster = Store(SCOPE, assume_accepted=True)
    cluster.put(GATEWAY, gateway())
    cluster.put(HTTP_ROUTE, http_route() | {"status": {}})
    assert cluster.names() == ["grafana.talos00"]


def test_a_service_of_traefik_answers_for_names_without_an_address() -> None:
    sleeper = Sleeper()
    cluster = Store(AUTO, wakeup=sleeper.wakeup)
    cluster.put(INGRESS, ingress("grafana"))
    cluster.put(INGRESS, ingress("nas", ip="10.0.0.9"))
    assert cluster.fallback() == (
        (),
        "no Service labelled app.kubernetes.io/name=traefik in traefik or kube-system has an address yet",
    )
    cluster.take()
    cluster.put(SERVICE, service("traefik", "10.0.0.1"))
    assert sleeper.wakeups == 3
    assert cluster.fallback() == (("10.0.0.1",), "")
    assert cluster.take() == ({"grafana.talos00"}, {})
    cluster.put(SERVICE, service("traefik", "10.0.0.1"))
    assert sleeper.wakeups == 3
    cluster.drop(SERVICE, "traefik", "traefik")
    assert cluster.fallback()[0] == ()
    assert cluster.take().names == {"grafana.talos00"}


def test_only_services_of_traefik_with_addresses_count() -> None:
    cluster = Store(AUTO)
    cluster.put(SERVICE, service("traefik"))
    cluster.put(SERVICE, service("nas", "10.0.0.7") | {"metadata": meta("nas")})
    cluster.put(SERVICE, service("traefik-metrics", type="ClusterIP"))
    assert cluster.fallback()[0] == ()
    cluster.put(SERVICE, service("traefik-inner", "10.0.0.2", type="ClusterIP"))
    assert cluster.fallback() == (("10.0.0.2",), "")


def test_two_services_with_different_addresses_are_none_until_one_is_named() -> None:
    cluster = Store(AUTO)
    cluster.put(SERVICE, service("traefik", "10.0.0.1"))
    cluster.put(SERVICE, service("traefik", "10.0.0.1", namespace="kube-system"))
    assert cluster.fallback() == (("10.0.0.1",), "")
    cluster.put(SERVICE, service("traefik", "10.0.0.2", namespace="kube-system"))
    values, reason = cluster.fallback()
    assert values == ()
    assert "kube-system/traefik and traefik/traefik" in reason
    assert "TRAEFIK_SERVICE" in reason
    cluster.put(NAMESPACE, namespace("kube-system", leaving="2026-01-01T01:00:00Z"))
    assert cluster.fallback() == (("10.0.0.1",), "")
    named = Store(Scope(zones=("talos00",), auto=True, traefik_service="web/nas"))
    named.put(SERVICE, service("traefik", "10.0.0.1"))
    assert "web/nas" in named.fallback()[1]
    named.put(SERVICE, {**service("nas", "10.0.0.2"), "metadata": meta("nas", "web")})
    assert named.fallback() == (("10.0.0.2",), "")


def test_without_auto_no_service_is_asked() -> None:
    cluster = Store(SCOPE)
    cluster.put(SERVICE, service("traefik", "10.0.0.1"))
    assert cluster.fallback() == ((), "no address is configured for the zone")


def test_ten_thousand_ingresses_stay_lean() -> None:
    texts = [
        json.dumps(
            ingress(f"app-{number:05}", f"app-{number:05}.k8s.example.com", uid=f"8d0a31f0-41a2-4c1e-9d5e-{number:012}")
        )
        for number in range(10_000)
    ]
    cluster = Store(SCOPE)
    gc.collect()
    tracemalloc.start()
    cluster.replace(INGRESS, map(json.loads, texts))
    cluster.take()
    gc.collect()
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held / len(texts) < 1_000


def test_a_list_read_again_touches_nothing_and_costs_each_object_the_same() -> None:
    steps = {}
    for count in (250, 1_000):
        manifests = [ingress(f"app-{number}") for number in range(count)]
        cluster = Store(SCOPE)
        cluster.replace(INGRESS, manifests)
        cluster.take()
        steps[count] = count_steps(lambda: cluster.replace(INGRESS, manifests))  # noqa: B023 - it runs at once
        assert cluster.take() == (set(), {})
    assert steps[1_000] < 4.2 * steps[250]


def test_ten_thousand_objects_may_want_one_name_and_one_more_costs_no_more() -> None:
    few, many = Store(SCOPE), Store(SCOPE)
    for cluster, count in ((few, 100), (many, 10_000)):
        cluster.replace(INGRESS, (ingress(f"blog-{number}", "blog.talos00") for number in range(count)))
        assert len(cluster.claimants("blog.talos00")) == count
    late = ingress("late", "blog.talos00")
    edited = ingress("late", "blog.talos00", annotations={"catalyst-dns-sync.io/ttl": "60"})
    for manifest in (late, edited):
        assert count_steps(lambda: many.put(INGRESS, manifest)) == count_steps(lambda: few.put(INGRESS, manifest))  # noqa: B023
    assert count_steps(lambda: many.drop(INGRESS, "apps", "late")) == count_steps(
        lambda: few.drop(INGRESS, "apps", "late")
    )
    # A copy of them all, where no line of Python runs, would be 80,000 bytes.
    more = [ingress(f"late-{number}", "blog.talos00") for number in range(5)]
    assert min(count_bytes(lambda m=manifest: many.put(INGRESS, m)) for manifest in more) < 20_000  # type: ignore[misc]
    many.replace(INGRESS, [])
    assert many.names() == []


def test_a_name_keeps_its_claim_while_its_object_is_edited() -> None:
    cluster = Store(SCOPE)
    hosts = ("grafana.talos00", "metrics.talos00", "charts.talos00")
    cluster.put(INGRESS, ingress("grafana", *hosts))
    edited = ingress("grafana", *hosts, annotations={"catalyst-dns-sync.io/ttl": "60"})
    found = read_between(
        lambda: cluster.put(INGRESS, edited),
        lambda: [len(cluster.claimants(host)) for host in hosts],
        admitted,
        claimants,
        store,
    )
    assert len(found) > 100
    assert all(counts == [1, 1, 1] for counts in found)


def test_of_more_names_than_are_asked_for_a_part_comes_and_the_rest_with_the_next_call() -> None:
    cluster = Store(SCOPE)
    cluster.put(INGRESS, ingress("large", *(f"{host}.talos00" for host in range(50))))
    cluster.put(INGRESS, ingress("next", "next.talos00", "beside.talos00"))
    assert {ref.name for ref in cluster.take(1).sources} == {"large"}
    assert not cluster.is_drained
    assert cluster.take(1).names == {"next.talos00", "beside.talos00"}
    assert cluster.is_drained


def test_it_says_since_when_what_was_taken_has_waited() -> None:
    now = 100.0
    cluster = Store(SCOPE, clock=lambda: now)
    cluster.put(INGRESS, ingress("grafana"))
    now = 105.0
    cluster.put(INGRESS, ingress("nas"))
    assert cluster.taken_since is None
    cluster.take()
    assert cluster.taken_since == 100.0
