"""Services in the store: what is kept of them, and when the loop is woken."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

from syncer.core.kinds import ENDPOINT_SLICE, INGRESS, NAMESPACE, SERVICE, Kind
from syncer.core.rollouts import FIRST
from syncer.core.scope import Scope
from syncer.core.source import Ref
from syncer.kube.store import Store
from tests.fakes.kubernetes.manifests import ingress
from tests.syncer.core.cast_services import headless, load_balancer, pod, service, slice_of
from tests.syncer.kube.test_store import Sleeper
from tests.syncer.kube.work import count_bytes

DB = "db.talos00"
REF = Ref("Service", "data", "db")


def make_store(**scope: Any) -> tuple[Store, Sleeper]:
    sleeper = Sleeper()
    return Store(Scope(zones=("talos00",), **scope), wakeup=sleeper.wakeup, clock=lambda: sleeper.wakeups), sleeper


def test_of_one_without_annotation_nothing_is_kept() -> None:
    store, sleeper = make_store(addresses=("192.168.1.54",))

    def put_all(start: int) -> None:
        # As JSON comes: every object anew, with all that a Service has.
        for number in range(start, start + 5000):
            store.put(SERVICE, service(f"app{number}", selector={"app": f"app{number}"}, clusterIP=f"10.96.0.{number}"))

    put_all(0)
    tracemalloc.start()
    put_all(5000)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 10_000, "not two bytes for each"
    assert (store.sources(), sleeper.wakeups) == ([], 0)


def test_one_without_pods_costs_no_more_than_an_ingress_does() -> None:
    """What it asks for is all that is kept of it: nothing else can change that."""

    def measure_objects(kind: Kind, make: Callable[[int], dict[str, Any]]) -> float:
        store, _ = make_store(addresses=("192.168.1.54",))
        return count_bytes(lambda: [store.put(kind, make(number)) for number in range(1000)]) / 1000

    per_service = measure_objects(SERVICE, lambda n: load_balancer("192.168.1.54", name=f"app{n}", hostname=f"app{n}"))
    per_ingress = measure_objects(INGRESS, lambda n: ingress(f"app{n}", f"app{n}.talos00"))
    assert per_service < per_ingress + 100


def test_what_was_made_in_one_second_has_one_text_for_it() -> None:
    store, _ = make_store()
    for name in ("db", "cache"):
        made = load_balancer("10.0.0.1", name=name, hostname=f"{name}.talos00")
        made["metadata"]["creationTimestamp"] = "".join(list("2026-01-01T00:00:00Z"))  # as JSON comes: every text anew
        store.put(SERVICE, made)
    first, second = store.sources()
    assert first.created is second.created


def test_one_that_takes_its_annotation_back_stays_as_one_that_names_nothing() -> None:
    """What it published is not told to have gone with it."""
    store, _ = make_store()
    store.put(SERVICE, load_balancer("10.0.0.1"))
    assert store.names() == [DB]
    store.put(SERVICE, service())
    source = store.source(REF)
    assert source
    assert (store.names(), source.wants) == ([], ())
    store.drop(SERVICE, "data", "db")
    assert store.source(REF) is None


def test_one_that_takes_it_back_while_its_namespace_is_being_deleted_names_nothing_when_that_is_back() -> None:
    store, _ = make_store()
    store.put(SERVICE, load_balancer("10.0.0.1"))
    store.put(NAMESPACE, {"metadata": {"name": "data", "deletionTimestamp": "2020-01-01T00:00:00Z"}})
    store.put(SERVICE, service())
    store.put(NAMESPACE, {"metadata": {"name": "data"}})
    assert store.names() == []


def test_a_list_drops_what_is_not_in_it_of_traefiks_and_of_all_others() -> None:
    store, _ = make_store(auto=True)
    traefik = load_balancer("10.0.0.9", name="traefik", namespace="traefik", hostname="edge.talos00")
    traefik["metadata"]["labels"] = {"app.kubernetes.io/name": "traefik"}
    silent = service("traefik", "kube-system", type="LoadBalancer", lb=[{"ip": "10.0.0.9"}])
    silent["metadata"]["labels"] = {"app.kubernetes.io/name": "traefik"}
    store.replace(SERVICE, [traefik, silent, load_balancer("10.0.0.1")])
    assert sorted(store.names()) == [DB, "edge.talos00"]
    store.replace(SERVICE, [silent, load_balancer("10.0.0.1")], "traefik")
    assert sorted(store.names()) == [DB]
    assert store.fallback()[0] == ("10.0.0.9",)
    store.replace(SERVICE, [])
    assert (store.names(), store.fallback()[0]) == ([], ())


def test_a_list_of_slices_is_published_at_once() -> None:
    store, _ = make_store(service_pods=True)
    store.put(SERVICE, headless())
    for address in ("10.42.0.1", "10.42.0.2"):
        store.replace(ENDPOINT_SLICE, [slice_of(pod(address))])
        (want,) = store.claimants(DB)[0].wants
        assert want.values == (address,)


def test_slices_wake_the_loop_only_for_a_service_that_publishes_them() -> None:
    store, sleeper = make_store(service_pods=True)
    store.put(SERVICE, headless())
    store.take()
    before = sleeper.wakeups
    store.put(ENDPOINT_SLICE, slice_of(pod("10.42.0.9"), of="other"))
    assert sleeper.wakeups == before
    store.put(ENDPOINT_SLICE, slice_of(pod("10.42.0.1")))
    assert sleeper.wakeups == before + 1
    store.put(ENDPOINT_SLICE, slice_of(pod("10.42.0.2")))
    assert sleeper.wakeups == before + 1, "it knows already when to look"
    assert store.take().names == set()


def test_what_is_due_is_published_by_the_loop() -> None:
    now = [100.0]
    store = Store(Scope(zones=("talos00",), service_pods=True), clock=lambda: now[0])
    store.put(SERVICE, headless())
    store.put(ENDPOINT_SLICE, slice_of(pod("10.42.0.1", "db-0")))
    store.take()
    assert store.settle_pods() == 100.0 + FIRST
    now[0] += FIRST
    store.settle_pods()
    assert store.take().names == {DB, f"db-0.{DB}"}


def test_of_one_that_begins_to_publish_pods_nobody_knows_what_it_asks_for_before_their_slices() -> None:
    store, _ = make_store(service_pods=True)
    store.put(SERVICE, headless(notes={"target": "10.0.0.1"}))
    assert store.read_origins == {str(REF)}
    store.put(SERVICE, headless())
    assert store.read_origins == set()
