"""One collection of the API server and the store, in step whatever happens in between."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from syncer.core.kinds import HTTP_ROUTE, INGRESS, INGRESS_ROUTE, NAMESPACE, Kind
from syncer.core.scope import Scope
from syncer.kube.client import ANSWER_LIMIT, ApiServer
from syncer.kube.connect import read_kubeconfig
from syncer.kube.connection import SharedConnection, WatchKey
from syncer.kube.discovery import Discovery
from syncer.kube.feed import KindState, WatchState
from syncer.kube.reflector import FRUITLESS_LIMIT, Pace, Reflector
from syncer.kube.store import Store
from tests.fakes.kubernetes.cluster import Cluster as Kubernetes
from tests.processes import wait_until

FAST = Pace(first_delay=0.02, longest_delay=0.1, calm=60.0, probe=0.1, confirm=0.02, forbidden=0.1, short=0.05, page=2)
INGRESSES = "ingresses.networking.k8s.io"
TRAEFIK = "traefik.io"


class Following:
    """A reflector at work, and what its cluster store then holds."""

    def __init__(self, kubernetes: Kubernetes, kind: Kind, cluster: Store, pace: Pace, **options: Any) -> None:
        self.cluster = cluster
        self.told: list[KindState] = []
        self.server = ApiServer(read_kubeconfig(str(kubernetes.kubeconfig)), timeout=options.pop("timeout", 2.0))
        self.connection = options.pop("connection", None) or SharedConnection(moment=pace.short)
        options.setdefault("on_state", self.told.append)
        shared = {"discovery": Discovery(self.server, shared=pace.probe / 2), "connection": self.connection}
        self.reflector = Reflector(kind, self.server, cluster, **shared, pace=pace, **options)
        self.thread = threading.Thread(target=self.reflector.run, daemon=True)
        self.thread.start()

    @property
    def state(self) -> KindState:
        return self.reflector.state

    @property
    def names(self) -> list[str]:
        return sorted(self.cluster.names())

    def stop(self) -> None:
        self.connection.stop()
        self.server.close()
        self.thread.join(5)


Follow = Callable[..., Following]


@pytest.fixture
def cluster() -> Store:
    return Store(Scope(zones=("talos00",), addresses=("10.0.0.1",)))


@pytest.fixture
def follow(kubernetes: Kubernetes, cluster: Store) -> Iterator[Follow]:
    started: list[Following] = []

    def start(
        kind: Kind = INGRESS, pace: Pace = FAST, until: WatchState | None = WatchState.WATCHING, **options: Any
    ) -> Following:
        watches = kubernetes.requests["watch", str(kind)] if kubernetes.is_double else 0
        following = Following(kubernetes, kind, options.pop("cluster", cluster), pace, **options)
        started.append(following)
        if until:
            wait_until(lambda: following.state.state is until)
        if until is WatchState.WATCHING and kubernetes.is_double:
            # The state is "watching" from the list on; a fault needs a watch that is open.
            wait_until(lambda: kubernetes.requests["watch", str(kind)] > watches)
        return following

    yield start
    for following in started:
        following.stop()


@pytest.fixture
def home(kubernetes: Kubernetes) -> str:
    return kubernetes.namespace()


@pytest.fixture
def ingress(home: str) -> Callable[..., dict[str, Any]]:
    def make(name: str, labels: Mapping[str, str] | None = None, namespace: str = home) -> dict[str, Any]:
        return {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {"name": name, "namespace": namespace, "labels": dict(labels or {})},
            "spec": {"defaultBackend": {"service": {"name": "a", "port": {"number": 80}}}, "rules": [rule(name)]},
        }

    return make


Make = Callable[..., dict[str, Any]]


def make_large(manifest: dict[str, Any], size: int) -> dict[str, Any]:
    """With as many bytes more."""
    manifest["spec"]["rules"][0]["note"] = "x" * size
    return manifest


def rule(name: str) -> dict[str, Any]:
    return {"host": f"{name}.talos00"}


def ingress_route(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "traefik.io/v1alpha1",
        "kind": "IngressRoute",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"routes": [{"kind": "Rule", "match": f"Host(`{name}.talos00`)", "services": []}]},
    }


def test_it_lists_what_is_there_page_by_page(kubernetes: Kubernetes, follow: Follow, ingress: Make, home: str) -> None:
    for number in range(5):
        kubernetes.create(ingress(f"app{number}"))
    following = follow(namespace=home)
    assert following.names == [f"app{number}.talos00" for number in range(5)]
    assert following.state.known
    assert following.state.objects == 5


@pytest.mark.double_only
def test_a_list_is_asked_for_in_pages(kubernetes: Kubernetes, follow: Follow, ingress: Make) -> None:
    for number in range(5):
        kubernetes.create(ingress(f"app{number}"))
    follow()
    assert kubernetes.requests["list", INGRESSES] == 3


def test_it_follows_what_is_made_changed_and_deleted(
    kubernetes: Kubernetes, follow: Follow, ingress: Make, home: str
) -> None:
    following = follow(namespace=home)
    grafana = kubernetes.create(ingress("grafana"))
    wait_until(lambda: following.names == ["grafana.talos00"])
    assert following.state.objects == 1
    kubernetes.patch(grafana, {"spec": {"rules": [rule("charts")]}})
    wait_until(lambda: following.names == ["charts.talos00"])
    kubernetes.delete(grafana)
    wait_until(lambda: following.names == [])
    assert following.state.objects == 0


@pytest.mark.double_only
def test_an_event_wakes_the_loop_without_another_request(kubernetes: Kubernetes, ingress: Make, follow: Follow) -> None:
    woken = threading.Event()
    following = follow(cluster=Store(Scope(zones=("talos00",), addresses=("10.0.0.1",)), wakeup=woken.set))
    asked = kubernetes.requests
    for number in range(20):
        woken.clear()
        kubernetes.create(ingress(f"app{number}"))
        assert woken.wait(5)
    assert kubernetes.requests == asked
    assert following.state.objects == 20


@pytest.mark.double_only
def test_large_objects_are_listed_one_at_a_time(kubernetes: Kubernetes, follow: Follow, ingress: Make) -> None:
    """Two of them in one page would take more than a page may."""
    for number in range(3):
        kubernetes.create(make_large(ingress(f"large{number}"), 1_400_000))
    following = follow()
    assert following.names == [f"large{number}.talos00" for number in range(3)]
    assert following.state.known
    assert kubernetes.requests["list", INGRESSES] > 3


@pytest.mark.double_only
def test_an_object_that_is_larger_than_any_can_be_is_no_list(
    kubernetes: Kubernetes, follow: Follow, ingress: Make
) -> None:
    kubernetes.create(make_large(ingress("endless"), ANSWER_LIMIT))
    following = follow(until=WatchState.UNREACHABLE)
    assert "with more than 16 MB" in following.state.reason
    assert not following.state.known


@pytest.mark.double_only
def test_an_object_of_a_megabyte_arrives(kubernetes: Kubernetes, follow: Follow, ingress: Make) -> None:
    following = follow()
    big = ingress("grafana")
    big["metadata"]["annotations"] = {f"part{number}": "x" * 100_000 for number in range(2)}
    big["spec"]["rules"] += [{"host": f"app{number}.talos00", "note": "x" * 1000} for number in range(999)]
    kubernetes.create(big)
    wait_until(lambda: len(following.names) == 1000)


def test_labels_choose_the_sources(kubernetes: Kubernetes, follow: Follow, ingress: Make, home: str) -> None:
    grafana = kubernetes.create(ingress("grafana", {"dns": "yes"}))
    kubernetes.create(ingress("nas"))
    following = follow(namespace=home, query={"labelSelector": "dns=yes"})
    assert following.names == ["grafana.talos00"]
    kubernetes.create(ingress("blog", {"dns": "yes"}))
    wait_until(lambda: following.names == ["blog.talos00", "grafana.talos00"])
    kubernetes.patch(grafana, {"metadata": {"labels": {"dns": "no"}}})
    wait_until(lambda: following.names == ["blog.talos00"])
    assert following.state.objects == 1


def test_a_namespace_is_watched_alone_and_lists_only_replace_their_own(
    kubernetes: Kubernetes, follow: Follow, ingress: Make, home: str
) -> None:
    other = kubernetes.namespace()
    kubernetes.create(ingress("grafana"))
    kubernetes.create(ingress("blog", namespace=other))
    assert follow(namespace=home).names == ["grafana.talos00"]
    assert follow(namespace=other).names == ["blog.talos00", "grafana.talos00"]


@pytest.mark.double_only
def test_rights_in_one_namespace_are_enough_to_watch_it(
    kubernetes: Kubernetes, follow: Follow, ingress: Make, home: str
) -> None:
    kubernetes.refuse("*", INGRESSES, "")
    kubernetes.create(ingress("grafana"))
    assert follow(namespace=home).names == ["grafana.talos00"]


def test_a_namespace_that_goes_takes_its_sources_with_it(
    kubernetes: Kubernetes, follow: Follow, ingress: Make, home: str
) -> None:
    kubernetes.create(ingress("grafana"))
    following = follow(namespace=home)
    follow(NAMESPACE)
    assert following.names == ["grafana.talos00"]
    kubernetes.delete({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": home}})
    wait_until(lambda: following.names == [])


@pytest.mark.double_only
def test_after_an_orderly_end_it_goes_on_from_where_it_was(
    kubernetes: Kubernetes, follow: Follow, ingress: Make
) -> None:
    following = follow()
    kubernetes.create(ingress("grafana"))
    wait_until(lambda: following.names == ["grafana.talos00"])
    kubernetes.faults.end_watches()
    kubernetes.create(ingress("blog"))
    wait_until(lambda: following.names == ["blog.talos00", "grafana.talos00"])
    assert kubernetes.requests["list", INGRESSES] == 1
    assert [state.state for state in following.told] == [WatchState.WATCHING]


@pytest.mark.double_only
@pytest.mark.parametrize("fault", ["reset_watches", "truncate_watches", "cut_watches", "garbage", "blank", "wrong"])
def test_a_broken_stream_loses_nothing(kubernetes: Kubernetes, follow: Follow, ingress: Make, fault: str) -> None:
    following = follow()
    lines = {"garbage": "<html>", "blank": " ", "wrong": '{"type": "ADDED", "object": ["nothing"]}'}
    if fault in lines:
        kubernetes.faults.write_to_watches(lines[fault])
    else:
        getattr(kubernetes.faults, fault)()
    kubernetes.create(ingress("grafana"))
    wait_until(lambda: following.names == ["grafana.talos00"])
    assert kubernetes.requests["list", INGRESSES] == 1
    assert following.state.state is WatchState.WATCHING


@pytest.mark.double_only
def test_a_silent_watch_is_opened_again_without_a_list(kubernetes: Kubernetes, follow: Follow, ingress: Make) -> None:
    following = follow(silence=0.2)
    kubernetes.faults.silence()
    kubernetes.create(ingress("grafana"))
    wait_until(lambda: following.names == ["grafana.talos00"])
    assert kubernetes.requests["list", INGRESSES] == 1
    assert [state.state for state in following.told] == [WatchState.WATCHING]


@pytest.mark.double_only
def test_a_bookmark_is_a_sign_of_life_and_moves_the_version(
    kubernetes: Kubernetes, follow: Follow, ingress: Make
) -> None:
    following = follow()
    before = following.state.heard_at
    kubernetes.create(ingress_route("elsewhere"))
    kubernetes.faults.bookmark_watches()
    wait_until(lambda: following.state.heard_at > before)
    kubernetes.faults.compact()
    kubernetes.faults.end_watches()
    kubernetes.create(ingress("grafana"))
    wait_until(lambda: following.names == ["grafana.talos00"])
    assert kubernetes.requests["list", INGRESSES] == 1
    assert following.state.objects == 1


@pytest.mark.double_only
def test_a_version_that_is_too_old_leads_to_a_new_list(kubernetes: Kubernetes, follow: Follow, ingress: Make) -> None:
    nas, grafana = ingress("nas"), ingress("grafana")
    kubernetes.create(nas)
    following = follow()
    kubernetes.faults.silence()
    kubernetes.delete(nas)
    kubernetes.create(grafana)
    kubernetes.faults.compact()
    kubernetes.faults.clear()
    wait_until(lambda: following.names == ["grafana.talos00"])
    assert kubernetes.requests["list", INGRESSES] == 2
    assert following.state.objects == 1


@pytest.mark.double_only
@pytest.mark.parametrize("code", [410, 500, 504])
def test_an_error_event_leads_to_a_new_list(kubernetes: Kubernetes, follow: Follow, code: int) -> None:
    following = follow()
    kubernetes.faults.fail_watches(code)
    wait_until(lambda: kubernetes.requests["list", INGRESSES] == 2)
    wait_until(lambda: kubernetes.requests["watch", INGRESSES] == 2)
    wait_until(lambda: following.state.state is WatchState.WATCHING)


@pytest.mark.double_only
def test_a_version_that_the_api_server_cannot_serve_is_given_up(kubernetes: Kubernetes, follow: Follow) -> None:
    following = follow()
    kubernetes.faults.status(504, times=3, verb="watch")
    kubernetes.faults.end_watches()
    wait_until(lambda: kubernetes.requests["list", INGRESSES] == 2)
    wait_until(lambda: following.state.state is WatchState.WATCHING)


@pytest.mark.double_only
@pytest.mark.parametrize("code", [410, 500, 403, 404])
def test_a_list_that_fails_on_its_second_page_drops_nothing(
    kubernetes: Kubernetes, follow: Follow, ingress: Make, code: int
) -> None:
    for name in ("a", "b", "c"):
        kubernetes.create(ingress(name))
    following = follow()
    kubernetes.faults.status(code, times=3, verb="list", later_pages=True)
    kubernetes.faults.fail_watches(410)
    wait_until(lambda: kubernetes.requests["list", INGRESSES] >= 4)
    assert len(following.names) == 3
    wait_until(lambda: following.state.state is WatchState.WATCHING and kubernetes.requests["watch", INGRESSES] == 2)
    assert len(following.names) == 3
    assert following.state.objects == 3


@pytest.mark.double_only
@pytest.mark.parametrize("page", ["{}", '{"kind": "IngressList"}', '{"metadata": {}, "items": []}', "<html>"])
def test_an_answer_that_is_no_list_is_not_an_empty_list(
    kubernetes: Kubernetes, follow: Follow, ingress: Make, page: str
) -> None:
    kubernetes.create(ingress("grafana"))
    following = follow()
    kubernetes.faults.body(page, code=200, times=None, verb="list")
    kubernetes.faults.fail_watches(410)
    wait_until(lambda: following.state.state is WatchState.UNREACHABLE)
    assert "does not answer like an API server" in following.state.reason
    assert following.names == ["grafana.talos00"]


@pytest.mark.double_only
def test_an_api_server_that_goes_away_takes_nothing_with_it(
    kubernetes: Kubernetes, follow: Follow, ingress: Make
) -> None:
    kubernetes.create(ingress("grafana"))
    following = follow()
    kubernetes.faults.away()
    wait_until(lambda: following.state.state is WatchState.UNREACHABLE)
    assert "Connection refused" in following.state.reason
    assert following.state.known
    kubernetes.create(ingress("blog"))
    assert following.names == ["grafana.talos00"]
    kubernetes.faults.back()
    wait_until(lambda: following.names == ["blog.talos00", "grafana.talos00"])
    assert following.state.state is WatchState.WATCHING
    assert following.state.reason == ""
    assert kubernetes.requests["list", INGRESSES] == 1


@pytest.mark.double_only
def test_an_api_server_that_is_away_at_the_start_is_waited_for(
    kubernetes: Kubernetes, follow: Follow, ingress: Make
) -> None:
    kubernetes.create(ingress("grafana"))
    kubernetes.faults.away()
    following = follow(until=WatchState.UNREACHABLE)
    assert not following.state.known
    kubernetes.faults.back()
    wait_until(lambda: following.state.known)
    assert following.names == ["grafana.talos00"]


class Noted(SharedConnection):
    """Remembers each loss that it is told of."""

    def __init__(self, **seconds: float) -> None:
        super().__init__(moment=FAST.short, **seconds)
        self.losses: list[WatchKey] = []

    def note_lost(self, key: WatchKey) -> None:
        self.losses.append(key)
        super().note_lost(key)


@pytest.mark.double_only
def test_a_kind_that_goes_on_where_it_was_has_been_heard_from_after_a_moment(
    kubernetes: Kubernetes, follow: Follow, ingress: Make
) -> None:
    following = follow(pace=replace(FAST, short=1.0))
    kubernetes.faults.away()
    wait_until(following.connection.deletes_wait)
    kubernetes.create(ingress("grafana"))
    kubernetes.faults.back()
    wait_until(lambda: following.names == ["grafana.talos00"])
    assert following.connection.deletes_wait()
    wait_until(lambda: not following.connection.deletes_wait())
    assert kubernetes.requests["list", INGRESSES] == 1


@pytest.mark.double_only
def test_a_kind_that_has_to_be_listed_again_has_been_heard_from_when_it_was(
    kubernetes: Kubernetes, follow: Follow, ingress: Make
) -> None:
    following = follow(pace=replace(FAST, short=3600))
    kubernetes.faults.away()
    wait_until(following.connection.deletes_wait)
    kubernetes.create(ingress("grafana"))
    kubernetes.faults.compact()
    kubernetes.faults.back()
    wait_until(lambda: not following.connection.deletes_wait())
    assert following.names == ["grafana.talos00"]
    assert kubernetes.requests["list", INGRESSES] == 2


@pytest.mark.double_only
def test_until_then_a_watch_that_was_open_for_less_than_a_moment_says_nothing(
    kubernetes: Kubernetes, follow: Follow, ingress: Make
) -> None:
    following = follow()
    kubernetes.faults.away()
    wait_until(following.connection.deletes_wait)
    kubernetes.create(ingress("grafana"))
    kubernetes.faults.compact()
    kubernetes.faults.freeze(verb="list")
    kubernetes.faults.back()
    wait_until(lambda: kubernetes.requests["list", INGRESSES] == 2)
    time.sleep(2 * FAST.short)
    assert following.connection.deletes_wait()
    kubernetes.faults.clear()
    wait_until(lambda: not following.connection.deletes_wait())
    assert following.names == ["grafana.talos00"]


@pytest.mark.double_only
def test_a_bookmark_says_that_nothing_was_missed(kubernetes: Kubernetes, follow: Follow) -> None:
    following = follow(pace=replace(FAST, short=3600))
    kubernetes.faults.away()
    wait_until(following.connection.deletes_wait)
    kubernetes.faults.back()
    wait_until(lambda: following.state.state is WatchState.WATCHING)

    def heard() -> bool:
        kubernetes.faults.bookmark_watches()
        return not following.connection.deletes_wait()

    wait_until(heard)
    assert kubernetes.requests["list", INGRESSES] == 1


@pytest.mark.double_only
@pytest.mark.parametrize(
    ("mishap", "losses"),
    [("end_watches", 0), ("fail_watches", 0), ("reset_watches", 1), ("cut_watches", 1), ("silence", 1)],
)
def test_a_watch_that_ends_in_order_is_no_lost_connection(
    kubernetes: Kubernetes, follow: Follow, ingress: Make, mishap: str, losses: int
) -> None:
    connection = Noted()
    following = follow(connection=connection, silence=0.2 if mishap == "silence" else 75.0)
    before = len(connection.losses)
    getattr(kubernetes.faults, mishap)()
    kubernetes.create(ingress("grafana"))
    wait_until(lambda: following.names == ["grafana.talos00"])
    assert len(connection.losses[before:]) >= losses
    assert bool(connection.losses[before:]) is bool(losses)


@pytest.mark.double_only
def test_the_first_kind_that_hears_wakes_the_others(kubernetes: Kubernetes, follow: Follow) -> None:
    connection = SharedConnection(moment=FAST.short)
    quick = follow(connection=connection)
    slow = follow(INGRESS_ROUTE, replace(FAST, first_delay=3600, longest_delay=3600, short=0), connection=connection)
    kubernetes.faults.away()
    wait_until(lambda: {quick.state.state, slow.state.state} == {WatchState.UNREACHABLE})
    kubernetes.faults.back()
    wait_until(lambda: slow.state.state is WatchState.WATCHING)
    wait_until(lambda: not connection.deletes_wait())


@pytest.mark.double_only
def test_a_refusal_just_after_a_lost_connection_is_trouble(kubernetes: Kubernetes, follow: Follow) -> None:
    following = follow()
    kubernetes.faults.away()
    wait_until(lambda: following.state.state is WatchState.UNREACHABLE)
    kubernetes.faults.status(403, times=2)
    kubernetes.faults.back()
    wait_until(lambda: following.state.state is WatchState.WATCHING)
    assert [state.state for state in following.told[1:]] == [WatchState.UNREACHABLE] * 2 + [WatchState.WATCHING]
    assert "answers 403 just after" in following.told[2].reason
    assert kubernetes.requests["list", INGRESSES] == 1


@pytest.mark.double_only
def test_a_refusal_that_lasts_is_meant_and_holds_up_no_delete(kubernetes: Kubernetes, follow: Follow) -> None:
    connection = Noted(doubt=0.3)
    following = follow(connection=connection)
    kubernetes.faults.status(403, times=None)
    kubernetes.faults.reset_watches()
    wait_until(connection.deletes_wait)
    wait_until(lambda: following.state.state is WatchState.FORBIDDEN)
    assert following.state.reason == "asked for: Forbidden"
    assert not connection.deletes_wait()


@pytest.mark.double_only
def test_what_was_forbidden_before_is_forbidden_after_a_lost_connection(kubernetes: Kubernetes, follow: Follow) -> None:
    kubernetes.refuse("*", INGRESSES)
    connection = SharedConnection(moment=FAST.short)
    forbidden = follow(until=WatchState.FORBIDDEN, connection=connection)
    other = follow(INGRESS_ROUTE, connection=connection)
    kubernetes.faults.reset_watches()
    asked = kubernetes.requests["list", INGRESSES]
    wait_until(lambda: kubernetes.requests["list", INGRESSES] > asked + 1)
    assert other.state.state is WatchState.WATCHING
    assert {state.state for state in forbidden.told} == {WatchState.FORBIDDEN}


@pytest.mark.double_only
def test_a_frozen_api_server_is_noticed(kubernetes: Kubernetes, follow: Follow) -> None:
    following = follow(silence=0.1, timeout=0.1)
    kubernetes.faults.freeze()
    wait_until(lambda: following.state.state is WatchState.UNREACHABLE)
    assert "no answer in time" in following.state.reason


@pytest.mark.double_only
@pytest.mark.parametrize("code", [429, 500, 503])
def test_an_api_server_in_trouble_is_asked_again_without_a_new_list(
    kubernetes: Kubernetes, follow: Follow, code: int
) -> None:
    following = follow()
    kubernetes.faults.status(code, times=2, verb="watch")
    kubernetes.faults.reset_watches()
    wait_until(lambda: [s.state for s in following.told[1:]] == [WatchState.UNREACHABLE, WatchState.WATCHING])
    assert f"with {code}" in following.told[1].reason
    assert kubernetes.requests["list", INGRESSES] == 1


@pytest.mark.double_only
def test_it_waits_as_long_as_the_api_server_asks(kubernetes: Kubernetes, follow: Follow) -> None:
    kubernetes.faults.status(429, verb="list", retry_after=1)
    began = time.monotonic()
    follow()
    assert time.monotonic() - began >= 1


@pytest.mark.double_only
def test_after_a_failure_it_waits(kubernetes: Kubernetes, follow: Follow) -> None:
    kubernetes.faults.status(500, times=None)
    follow(pace=Pace(first_delay=3600, longest_delay=3600), until=WatchState.UNREACHABLE)
    time.sleep(0.2)
    assert sum(kubernetes.requests.values()) == 1


@pytest.mark.double_only
@pytest.mark.parametrize("code", [404, 410])
def test_a_kind_that_is_served_but_cannot_be_listed_says_so(kubernetes: Kubernetes, follow: Follow, code: int) -> None:
    kubernetes.faults.status(code, times=5, verb="list")
    following = follow()
    unreachable = following.told[0]
    assert unreachable.state is WatchState.UNREACHABLE
    assert f"with {code}" in unreachable.reason
    assert not unreachable.known


@pytest.mark.double_only
def test_a_server_that_closes_every_watch_at_once_is_given_time(kubernetes: Kubernetes, follow: Follow) -> None:
    kubernetes.faults.end_at_once(times=FRUITLESS_LIMIT)
    following = follow(pace=replace(FAST, short=60), until=None)
    states = [WatchState.WATCHING, WatchState.UNREACHABLE, WatchState.WATCHING]
    wait_until(lambda: [state.state for state in following.told] == states)
    assert "every watch at" in following.told[1].reason
    # A watch that brought nothing is opened again from the same version; only the last of them leads to a new list.
    assert kubernetes.requests["list", INGRESSES] == 2


@pytest.mark.double_only
def test_each_watch_that_ends_at_once_is_waited_after(kubernetes: Kubernetes, follow: Follow) -> None:
    kubernetes.faults.end_at_once()
    follow(pace=replace(FAST, first_delay=3600, longest_delay=3600, short=60), until=None)
    wait_until(lambda: kubernetes.requests["watch", INGRESSES] == 1)
    time.sleep(0.2)
    assert kubernetes.requests["watch", INGRESSES] == 1


@pytest.mark.double_only
def test_what_is_forbidden_is_said_and_kept_and_tried_again(
    kubernetes: Kubernetes, follow: Follow, ingress: Make
) -> None:
    kubernetes.create(ingress("grafana"))
    following = follow()
    kubernetes.refuse("*", INGRESSES)
    kubernetes.faults.end_watches()
    wait_until(lambda: following.state.state is WatchState.FORBIDDEN)
    assert 'cannot watch resource "ingresses"' in following.state.reason
    assert following.state.known
    assert following.names == ["grafana.talos00"]
    kubernetes.allow()
    wait_until(lambda: following.state.state is WatchState.WATCHING)


@pytest.mark.double_only
def test_a_kind_that_was_forbidden_from_the_start_is_not_known(kubernetes: Kubernetes, follow: Follow) -> None:
    kubernetes.refuse("list", "namespaces")
    following = follow(NAMESPACE, until=WatchState.FORBIDDEN)
    assert not following.state.known
    assert 'cannot list resource "namespaces"' in following.state.reason


@pytest.mark.double_only
def test_a_kind_that_is_not_installed_is_no_error_and_found_when_it_comes(
    kubernetes: Kubernetes, follow: Follow
) -> None:
    kubernetes.remove(TRAEFIK)
    following = follow(INGRESS_ROUTE, until=WatchState.NOT_INSTALLED)
    assert following.state.known
    assert following.state.reason == "ingressroutes.traefik.io is not installed in the cluster"
    time.sleep(0.3)
    assert len(following.told) == 1
    kubernetes.install(TRAEFIK)
    kubernetes.create(ingress_route("argocd"))
    wait_until(lambda: following.names == ["argocd.talos00"])


@pytest.mark.double_only
def test_a_kind_that_is_removed_is_gone_and_comes_back(kubernetes: Kubernetes, follow: Follow) -> None:
    kubernetes.create(ingress_route("argocd"))
    following = follow(INGRESS_ROUTE)
    kubernetes.remove(TRAEFIK)
    wait_until(lambda: following.state.state is WatchState.NOT_INSTALLED)
    assert following.names == []
    assert following.state.objects == 0
    kubernetes.install(TRAEFIK)
    kubernetes.create(ingress_route("argocd"))
    wait_until(lambda: following.names == ["argocd.talos00"])


@pytest.mark.double_only
def test_one_answer_that_a_kind_is_missing_is_not_believed(kubernetes: Kubernetes, follow: Follow) -> None:
    kubernetes.create(ingress_route("argocd"))
    following = follow(INGRESS_ROUTE)
    for resource in ("ingressroutes.traefik.io", "/apis/traefik.io"):
        kubernetes.faults.status(404, resource=resource)
    kubernetes.faults.end_watches()
    wait_until(lambda: kubernetes.requests["list", "ingressroutes.traefik.io"] == 2)
    wait_until(lambda: following.state.state is WatchState.WATCHING)
    assert WatchState.NOT_INSTALLED not in {state.state for state in following.told}
    assert following.names == ["argocd.talos00"]


@pytest.mark.double_only
@pytest.mark.parametrize("page", ["404 page not found", "{}", '{"kind": "APIGroupList"}'])
@pytest.mark.parametrize("code", [200, 404])
def test_a_proxy_that_finds_nothing_is_not_believed(
    kubernetes: Kubernetes, follow: Follow, page: str, code: int
) -> None:
    kubernetes.create(ingress_route("argocd"))
    following = follow(INGRESS_ROUTE)
    kubernetes.faults.body(page, code=code, times=None)
    kubernetes.faults.end_watches()
    wait_until(lambda: following.state.state is WatchState.UNREACHABLE)
    assert following.names == ["argocd.talos00"]


@pytest.mark.double_only
def test_the_first_served_version_of_ours_is_watched(kubernetes: Kubernetes, follow: Follow) -> None:
    kubernetes.remove("gateway.networking.k8s.io")
    kubernetes.install("gateway.networking.k8s.io", ["v1beta1"])
    follow(HTTP_ROUTE)
    assert kubernetes.requests["get", "/apis/gateway.networking.k8s.io/v1beta1"] == 1
    assert kubernetes.requests["watch", "httproutes.gateway.networking.k8s.io"] == 1


@pytest.mark.double_only
def test_a_bug_is_shown_and_survived(kubernetes: Kubernetes, follow: Follow, ingress: Make) -> None:
    class Clumsy(Store):
        falls = 2

        def put(self, kind: Kind, manifest: Mapping[str, Any]) -> None:
            if self.falls:
                self.falls -= 1
                raise ZeroDivisionError("oops")
            super().put(kind, manifest)

    following = follow(cluster=Clumsy(Scope(zones=("talos00",), addresses=("10.0.0.1",))))
    kubernetes.create(ingress("grafana"))
    wait_until(lambda: following.names == ["grafana.talos00"])
    bug = next(state for state in following.told if state.state is WatchState.UNREACHABLE)
    assert bug.reason == "internal error: ZeroDivisionError: oops"
    assert following.thread.is_alive()


@pytest.mark.double_only
def test_a_failure_that_lasts_is_told_once_in_ten(kubernetes: Kubernetes, follow: Follow) -> None:
    kubernetes.faults.status(500, times=25)
    following = follow(pace=Pace(first_delay=0.001, longest_delay=0.001), until=WatchState.WATCHING)
    assert [state.state for state in following.told] == [WatchState.UNREACHABLE] * 3 + [WatchState.WATCHING]


@pytest.mark.double_only
@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_happens_in_between_it_ends_up_in_step(
    kubernetes: Kubernetes, follow: Follow, ingress: Make, seed: int
) -> None:
    following = follow(pace=replace(FAST, longest_delay=0.05), silence=0.2)
    faults = kubernetes.faults
    mishaps: list[Callable[[], None]] = [
        faults.reset_watches,
        faults.truncate_watches,
        faults.end_watches,
        faults.silence,
        faults.compact,
        lambda: faults.fail_watches(410),
        lambda: faults.write_to_watches("<html>"),
        lambda: faults.status(500, times=2),
        lambda: faults.status(404),
        lambda: faults.body("{}", code=200),
        lambda: faults.end_at_once(times=2),
        lambda: faults.away(0.02),
    ]
    chance = random.Random(seed)
    wanted: set[str] = set()
    for _ in range(300):
        name = f"app{chance.randrange(30)}"
        if name in wanted:
            kubernetes.delete(ingress(name))
        else:
            kubernetes.create(ingress(name))
        wanted ^= {name}
        if chance.random() < 0.1:
            chance.choice(mishaps)()
    wait_until(lambda: following.names == sorted(f"{name}.talos00" for name in wanted))
    wait_until(lambda: following.state.state is WatchState.WATCHING)
    assert following.state.objects == len(wanted)
