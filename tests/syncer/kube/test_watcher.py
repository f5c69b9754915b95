"""The feed of all kinds: which watches there are, the state of each kind, and how they end."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from syncer.config import KubeConfig
from syncer.core.kinds import (
    ENDPOINT_SLICE,
    GRPC_ROUTE,
    INGRESS_ROUTE_UDP,
    KINDS,
    LISTENER_SET,
    SERVICE,
    TCP_ROUTE,
    TLS_ROUTE,
    UDP_ROUTE,
)
from syncer.core.scope import Scope
from syncer.errors import KubernetesError
from syncer.kube.feed import KindState, WatchState
from syncer.kube.reflector import Pace
from syncer.kube.store import Store
from syncer.kube.watcher import KubeFeed, list_watches
from tests.fakes.kubernetes.cluster import Cluster as Kubernetes
from tests.processes import wait_until

FAST = Pace(first_delay=0.02, longest_delay=0.1, calm=60.0, probe=0.1, confirm=0.02, forbidden=0.1, short=0.05)


class Running:
    def __init__(self, kubernetes: Kubernetes, scope: Scope, pace: Pace) -> None:
        self.cluster = Store(scope)
        self.feed = KubeFeed(KubeConfig(kubeconfig=str(kubernetes.kubeconfig)), scope, self.cluster, pace=pace)
        self.feed.start()

    @property
    def names(self) -> list[str]:
        return sorted(self.cluster.names())

    def state(self, plural: str) -> KindState:
        return next(state for state in self.feed.states() if str(state.kind) == plural)

    def ready(self) -> bool:
        return all(state.state in (WatchState.WATCHING, WatchState.NOT_INSTALLED) for state in self.feed.states())


Run = Callable[..., Running]

HTTP_ROUTES = "httproutes.gateway.networking.k8s.io"


def find_unreachable(running: Running) -> list[str]:
    return [str(state.kind) for state in running.feed.states() if state.state is WatchState.UNREACHABLE]


@pytest.fixture
def run(kubernetes: Kubernetes) -> Iterator[Run]:
    started: list[Running] = []

    def start(wait: bool = True, pace: Pace = FAST, **scope: Any) -> Running:
        running = Running(kubernetes, Scope(zones=("talos00",), **({"addresses": ("10.0.0.1",)} | scope)), pace)
        started.append(running)
        if wait:
            wait_until(running.ready)
        return running

    yield start
    for running in started:
        running.feed.stop()


def ingress(name: str, namespace: str) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "defaultBackend": {"service": {"name": "a", "port": {"number": 80}}},
            "rules": [{"host": f"{name}.talos00"}],
        },
    }


def service(name: str, address: str, namespace: str = "default") -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app.kubernetes.io/name": "traefik"}},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
        "status": {"loadBalancer": {"ingress": [{"ip": address}]}},
    }


def test_every_kind_is_watched_in_the_order_of_the_table(run: Run) -> None:
    states = run().feed.states()
    assert [state.kind for state in states] == [kind for kind in KINDS if kind != ENDPOINT_SLICE]
    assert all(state.known for state in states)


@pytest.mark.double_only
def test_a_gateway_lets_its_route_publish(kubernetes: Kubernetes, run: Run) -> None:
    running = run()
    gateway = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"gatewayClassName": "traefik", "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]},
    }
    parent = {"name": "web"}
    accepted = {"type": "Accepted", "status": "True", "reason": "Accepted", "message": "", "observedGeneration": 1}
    route = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "blog", "namespace": "default"},
        "spec": {"parentRefs": [parent], "hostnames": ["blog.talos00"]},
        "status": {"parents": [{"parentRef": parent, "controllerName": "x/y", "conditions": [accepted]}]},
    }
    kubernetes.create(gateway)
    kubernetes.create(route)
    wait_until(lambda: running.names == ["blog.talos00"])


def test_each_watched_namespace_has_its_watch_and_their_states_are_one(kubernetes: Kubernetes, run: Run) -> None:
    mine, yours, other = (kubernetes.namespace() for _ in range(3))
    for name, namespace in (("grafana", mine), ("blog", yours), ("nas", other)):
        kubernetes.create(ingress(name, namespace))
    running = run(namespaces=(mine, yours))
    assert running.names == ["blog.talos00", "grafana.talos00"]
    assert running.state("ingresses.networking.k8s.io").objects == 2
    assert len(running.feed.states()) == len(KINDS) - 1


@pytest.mark.double_only
def test_one_forbidden_namespace_shows_in_the_state_of_the_kind(kubernetes: Kubernetes, run: Run) -> None:
    kubernetes.create(ingress("grafana", "mine"))
    kubernetes.refuse("*", "ingresses.networking.k8s.io", "yours")
    running = run(wait=False, namespaces=("mine", "yours"))
    wait_until(lambda: running.state("ingresses.networking.k8s.io").state is WatchState.FORBIDDEN)
    wait_until(lambda: running.names == ["grafana.talos00"])
    assert not running.state("ingresses.networking.k8s.io").known


@pytest.mark.double_only
def test_without_rights_on_namespaces_the_rest_works(kubernetes: Kubernetes, run: Run) -> None:
    kubernetes.refuse("*", "namespaces")
    kubernetes.create(ingress("grafana", "default"))
    running = run(wait=False)
    wait_until(lambda: running.state("namespaces").state is WatchState.FORBIDDEN)
    wait_until(lambda: running.names == ["grafana.talos00"])


@pytest.mark.double_only
def test_kinds_that_the_cluster_role_lacks_cost_a_line_each_and_the_rest_works(
    kubernetes: Kubernetes, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """As after an upgrade of the image alone."""
    lacking = (INGRESS_ROUTE_UDP, GRPC_ROUTE, TLS_ROUTE, TCP_ROUTE, UDP_ROUTE, LISTENER_SET)
    for kind in lacking:
        kubernetes.refuse("*", str(kind))
    kubernetes.create(ingress("grafana", "default"))
    with caplog.at_level(logging.WARNING, "syncer.kube"):
        running = run(wait=False, pace=replace(FAST, forbidden=60.0))
        wait_until(lambda: all(running.state(str(kind)).state is WatchState.FORBIDDEN for kind in lacking))
        wait_until(lambda: running.names == ["grafana.talos00"])
        wait_until(lambda: len(caplog.records) >= len(lacking))  # a state is there before its line
    assert sorted(vars(record)["kind"] for record in caplog.records) == sorted(map(str, lacking))


def list_services(**scope: Any) -> list[tuple[str, dict[str, str]]]:
    """The watches of Services, as (namespace, query)."""
    given = Scope(zones=("talos00",), **scope)
    return [(namespace, query) for kind, namespace, query in list_watches(given) if kind == SERVICE]


LABELLED = {"labelSelector": "app.kubernetes.io/name=traefik"}
NAMED = {"fieldSelector": "metadata.name=proxy"}


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ({}, [("", {})]),
        ({"label_selector": "dns=public", "auto": True}, [("", {})]),
        ({"namespaces": ("apps",)}, [("apps", {})]),
        ({"namespaces": ("apps", "traefik"), "auto": True}, [("apps", {}), ("traefik", {}), ("kube-system", LABELLED)]),
        ({"namespaces": ("apps",), "auto": True, "traefik_service": "edge/proxy"}, [("apps", {}), ("edge", NAMED)]),
        ({"kinds": ("Ingress",)}, []),
        ({"kinds": ("Ingress",), "auto": True}, [("traefik", LABELLED), ("kube-system", LABELLED)]),
        ({"kinds": ("Ingress",), "auto": True, "traefik_service": "edge/proxy"}, [("edge", NAMED)]),
    ],
)
def test_no_filter_of_sources_hides_the_service_of_traefik(
    scope: dict[str, Any], expected: list[tuple[str, dict[str, str]]]
) -> None:
    assert list_services(**scope) == expected


def test_the_service_that_the_settings_name_gives_the_address_of_traefik(kubernetes: Kubernetes, run: Run) -> None:
    home, apps = kubernetes.namespace(), kubernetes.namespace()
    running = run(addresses=(), auto=True, namespaces=(apps,), traefik_service=f"{home}/traefik")
    assert running.state("services").state is WatchState.WATCHING
    kubernetes.create(service("other", "10.0.0.8", home))
    kubernetes.create(service("traefik", "10.0.0.9", home))
    wait_until(lambda: running.cluster.fallback()[0] == ("10.0.0.9",))
    assert running.state("services").objects == 1


@pytest.mark.double_only
def test_without_a_name_the_service_is_found_by_its_label(kubernetes: Kubernetes, run: Run) -> None:
    plain = service("nas", "10.0.0.8")
    plain["metadata"]["labels"] = {}
    kubernetes.create(plain)
    kubernetes.create(service("traefik", "10.0.0.9", "kube-system"))
    running = run(addresses=(), auto=True)
    assert running.cluster.fallback()[0] == ("10.0.0.9",)


def test_endpoint_slices_are_watched_only_where_pods_are_published(kubernetes: Kubernetes, run: Run) -> None:
    home = kubernetes.namespace()
    db = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "db",
            "namespace": home,
            "annotations": {"catalyst-dns-sync.io/hostname": f"{home}.talos00"},
        },
        "spec": {"clusterIP": "None", "ports": [{"port": 5432}], "selector": {"app": "db"}},
    }
    kubernetes.create(db)
    without, running = run(namespaces=(home,)), run(namespaces=(home,), service_pods=True)
    assert [state.kind for state in without.feed.states()] == [kind for kind in KINDS if kind != ENDPOINT_SLICE]
    assert [state.kind for state in running.feed.states()] == list(KINDS)
    kubernetes.create(
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {"name": "db-x1", "namespace": home, "labels": {"kubernetes.io/service-name": "db"}},
            "addressType": "IPv4",
            "endpoints": [{"addresses": ["10.42.0.7"], "hostname": "db-0", "conditions": {"ready": True}}],
            "ports": [],
        }
    )
    wait_until(lambda: running.state("endpointslices.discovery.k8s.io").objects == 1)
    wait_until(
        lambda: running.cluster.settle_pods() > 0 and running.names == [f"db-0.{home}.talos00", f"{home}.talos00"]
    )
    assert without.names == []


@pytest.mark.double_only
def test_an_api_server_that_is_away_is_said_once_and_not_by_each_kind(
    kubernetes: Kubernetes, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    kubernetes.faults.away()
    with caplog.at_level(logging.INFO, "syncer.kube"):
        running = run(wait=False)
        wait_until(lambda: all(state.state is WatchState.UNREACHABLE for state in running.feed.states()))
        warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
        assert len(warnings) == 1
        assert "cannot reach the API server" in warnings[0].getMessage()
        assert vars(warnings[0])["kind"] in {str(kind) for kind in KINDS}
        kubernetes.faults.back()
        watching = len(running.feed.states())
        wait_until(lambda: [record.levelno for record in caplog.records].count(logging.INFO) == watching)


def lose_connection(kubernetes: Kubernetes, running: Running) -> None:
    """Until every kind has noticed."""
    kubernetes.faults.away()
    wait_until(lambda: all(state.state is WatchState.UNREACHABLE for state in running.feed.states()))


@pytest.mark.double_only
def test_deletes_wait_until_every_kind_has_been_heard_from_again(kubernetes: Kubernetes, run: Run) -> None:
    running = run()
    assert not running.feed.deletes_wait()
    lose_connection(kubernetes, running)
    assert running.feed.deletes_wait()
    kubernetes.faults.status(503, times=None, resource=HTTP_ROUTES, seconds=2)
    kubernetes.faults.back()
    wait_until(lambda: len(find_unreachable(running)) == 1)
    assert find_unreachable(running) == [HTTP_ROUTES]
    assert running.feed.deletes_wait()
    wait_until(lambda: not running.feed.deletes_wait())
    assert running.ready()


@pytest.mark.double_only
def test_a_kind_that_stays_away_for_longer_holds_up_no_more(kubernetes: Kubernetes, run: Run) -> None:
    running = run(pace=replace(FAST, patience=0.5))
    lose_connection(kubernetes, running)
    kubernetes.faults.status(503, times=None, resource=HTTP_ROUTES)
    kubernetes.faults.back()
    wait_until(lambda: not running.feed.deletes_wait())
    assert find_unreachable(running) == [HTTP_ROUTES]


@pytest.mark.double_only
def test_refusals_just_after_a_lost_connection_are_told_in_one_line(
    kubernetes: Kubernetes, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    running = run(pace=replace(FAST, first_delay=0.1, longest_delay=1.0))
    with caplog.at_level(logging.INFO, "syncer.kube"):
        lose_connection(kubernetes, running)
        kubernetes.faults.status(403, times=None, seconds=1)
        kubernetes.faults.back()
        wait_until(lambda: all("403" in state.reason for state in running.feed.states()))
        wait_until(running.ready)
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    (line,) = [text for text in said if "cannot reach the API server" not in text]
    assert "answers 403 just after its connection was lost" in line


def find_watch_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("watch ")}


def test_stopping_ends_every_thread(run: Run) -> None:
    before = find_watch_threads()
    running = run()
    started = find_watch_threads() - before
    assert len(started) == len(running.feed.states())
    running.feed.stop()
    assert not {thread for thread in started if thread.is_alive()}


@pytest.mark.double_only
def test_stopping_does_not_wait_for_a_frozen_server(kubernetes: Kubernetes, run: Run) -> None:
    kubernetes.faults.freeze(verb="list")
    before = find_watch_threads()
    running = run(wait=False)
    started = find_watch_threads() - before
    wait_until(lambda: [verb for verb, _ in kubernetes.requests].count("list") == len(started))
    running.feed.stop()
    assert all(thread.is_alive() for thread in started)
    kubernetes.faults.clear()
    for thread in started:
        thread.join()


def test_a_feed_that_was_never_started_can_be_stopped(kubernetes: Kubernetes) -> None:
    scope = Scope(zones=("talos00",))
    KubeFeed(KubeConfig(kubeconfig=str(kubernetes.kubeconfig)), scope, Store(scope)).stop()


def test_a_feed_without_a_cluster_to_connect_to_is_refused(tmp_path: Path) -> None:
    scope = Scope(zones=("talos00",))
    with pytest.raises(KubernetesError, match="nowhere"):
        KubeFeed(KubeConfig(kubeconfig=str(tmp_path / "nowhere")), scope, Store(scope))


def test_it_loads_nothing_heavy() -> None:
    heavy = {"pydantic", "requests", "oauthlib", "yaml", "kubernetes", "django", "subprocess"}
    check = f"import sys, syncer.kube.watcher; assert not {heavy!r} & set(sys.modules), {heavy!r} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True, timeout=50)


def watched(**settings: Any) -> list[str]:
    return [str(kind) for kind, _, _ in list_watches(Scope(zones=("talos00",), **settings))]


def test_only_the_kinds_of_sources_are_watched_and_what_they_need() -> None:
    assert watched(kinds=("Ingress",)) == ["ingresses.networking.k8s.io", "namespaces"]
    assert watched(kinds=("IngressRoute",), auto=True) == [
        "ingressroutes.traefik.io",
        "ingressroutes.traefik.containo.us",
        "namespaces",
        *["services"] * 2,
    ]
    routes = watched(kinds=("HTTPRoute",))
    assert routes[0] == "httproutes.gateway.networking.k8s.io"
    assert "gateways.gateway.networking.k8s.io" in routes
    assert "ingresses.networking.k8s.io" not in routes


def test_what_labels_leave_out_is_read_all_the_same_so_that_it_can_be_shown() -> None:
    scope = Scope(zones=("talos00",), label_selector="dns=public", annotation_filter="a", namespace_selector="b")
    assert all(query == {} for kind, _, query in list_watches(scope) if kind.gives_names)
