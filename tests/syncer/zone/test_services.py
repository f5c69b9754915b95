"""Services from the cluster to DNS: each type through apply, change, delete, restart, and what went meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from records.explain import explain_name
from records.models import Source
from syncer.core.kinds import ENDPOINT_SLICE, INGRESS, NAMESPACE, SERVICE
from syncer.core.rollouts import CALM, PATIENCE
from syncer.kube.feed import WatchState
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.core.cast_services import headless, load_balancer, pod, service, slice_of
from tests.syncer.kube.test_store import namespace
from tests.syncer.zone.conftest import Build
from tests.syncer.zone.engine import ADDRESS, OTHER, Engine, audit, ingress, published

DB = "db.talos00"
NOTES = {"hostname": DB, "internal-hostname": "inner.talos00"}


@pytest.fixture
def pods(build: Build) -> Engine:
    return build(scope={"service_pods": True})


def put(engine: Engine, *manifests: dict[str, Any]) -> None:
    for manifest in manifests:
        engine.put_object(SERVICE if manifest["kind"] == "Service" else ENDPOINT_SLICE, manifest)


def drop(engine: Engine, manifest: dict[str, Any]) -> None:
    kind = SERVICE if manifest["kind"] == "Service" else ENDPOINT_SLICE
    engine.drop_object(kind, manifest["metadata"]["namespace"], manifest["metadata"]["name"])


def answers(server: ServerUnderTest, name: str = DB) -> dict[str, list[str]]:
    """What a client is told, by type."""
    asked = {kind: server.ask(name, kind) for kind in ("A", "AAAA", "CNAME")}
    return {kind: sorted(found) for kind, found in asked.items() if isinstance(found, list) and found}


IPS = {"clusterIP": "10.96.0.7", "clusterIPs": ["10.96.0.7", "fd00::7"]}
LIFE = [
    pytest.param(
        [load_balancer("10.0.0.1", "fd00::1")],
        {"A": ["10.0.0.1"], "AAAA": ["fd00::1"]},
        [load_balancer("10.0.0.2")],
        {"A": ["10.0.0.2"]},
        id="LoadBalancer",
    ),
    pytest.param(
        [load_balancer("10.0.0.1", externalIPs=["10.0.0.9"])],
        {"A": ["10.0.0.9"]},
        [load_balancer("10.0.0.1")],
        {"A": ["10.0.0.1"]},
        id="LoadBalancer with external IPs",
    ),
    pytest.param(
        [service(type="LoadBalancer", lb=[{"hostname": "lb.example.com"}], notes=NOTES)],
        {"CNAME": ["lb.example.com"]},
        [service(type="LoadBalancer", lb=[{"ip": "10.0.0.3"}], notes=NOTES)],
        {"A": ["10.0.0.3"]},
        id="LoadBalancer with a host name",
    ),
    pytest.param(
        [service(notes={"internal-hostname": DB}, **IPS)],
        {"A": ["10.96.0.7"], "AAAA": ["fd00::7"]},
        [service(notes={"internal-hostname": DB}, clusterIP="10.96.0.8", clusterIPs=["10.96.0.8"])],
        {"A": ["10.96.0.8"]},
        id="ClusterIP",
    ),
    pytest.param(
        [service(type="NodePort", notes={"hostname": DB, "target": "192.168.1.21"})],
        {"A": ["192.168.1.21"]},
        [service(type="NodePort", notes={"hostname": DB, "target": "192.168.1.22"})],
        {"A": ["192.168.1.22"]},
        id="NodePort",
    ),
    pytest.param(
        [service(type="ExternalName", externalName="nas.example.com", notes=NOTES)],
        {"CNAME": ["nas.example.com"]},
        [service(type="ExternalName", externalName="box.example.com", notes=NOTES)],
        {"CNAME": ["box.example.com"]},
        id="ExternalName",
    ),
    pytest.param(
        [headless(), slice_of(pod("10.42.0.1"), pod("10.42.0.2"), pod("10.42.0.3", ready=False))],
        {"A": ["10.42.0.1", "10.42.0.2"]},
        [headless(publishNotReadyAddresses=True)],
        {"A": ["10.42.0.1", "10.42.0.2", "10.42.0.3"]},
        id="headless",
    ),
    pytest.param(
        [headless(), slice_of(pod("10.42.0.1")), slice_of(pod("fd00::1"), name="db-x2", family="IPv6")],
        {"A": ["10.42.0.1"], "AAAA": ["fd00::1"]},
        [slice_of(pod("10.42.0.4"))],
        {"A": ["10.42.0.4"], "AAAA": ["fd00::1"]},
        id="headless with two families",
    ),
]


@pytest.mark.parametrize(("first", "answer", "then", "changed"), LIFE)
def test_each_type_is_published_changed_and_deleted(
    pods: Engine, technitium: ServerUnderTest, first: Any, answer: Any, then: Any, changed: Any
) -> None:
    put(pods, *first)
    pods.settle()
    assert answers(technitium) == answer
    assert {row.origin for row in pods.rows().values()} == {"Service/data/db"}
    put(pods, *then)
    pods.settle()
    pods.settle(CALM)
    assert answers(technitium) == changed
    pods.start()
    pods.full()
    assert answers(technitium) == changed
    drop(pods, first[0])
    pods.settle()
    assert answers(technitium) == {}
    assert published(technitium) == {}


@pytest.mark.parametrize(("first", "answer", "then", "changed"), LIFE)
def test_what_changed_or_went_while_the_syncer_was_down_is_made_up_for(
    pods: Engine, technitium: ServerUnderTest, first: Any, answer: Any, then: Any, changed: Any
) -> None:
    put(pods, *first)
    pods.settle()
    put(pods, *then)
    pods.start()
    pods.full()
    assert answers(technitium) == changed
    drop(pods, first[0])
    pods.start()
    pods.full()
    assert published(technitium) == {}


@pytest.mark.parametrize("restart", [False, True], ids=["at once", "after a restart"])
@pytest.mark.parametrize(
    ("first", "then"),
    [
        pytest.param([load_balancer("10.0.0.1")], [load_balancer()], id="load balancer"),
        pytest.param(
            [headless(), slice_of(pod("10.0.0.1", "db-0"))],
            [slice_of(pod("10.0.0.1", "db-0", ready=False))],
            id="pods",
        ),
    ],
)
def test_one_that_lost_its_addresses_keeps_its_last(
    build: Build, technitium: ServerUnderTest, first: Any, then: Any, restart: bool
) -> None:
    """And gets neither the default, nor Traefik's."""
    engine = build(scope={"service_pods": True, "addresses": (), "auto": True})
    traefik = load_balancer(ADDRESS, name="traefik", namespace="traefik", hostname="edge.talos00")
    traefik["metadata"]["labels"] = {"app.kubernetes.io/name": "traefik"}
    put(engine, traefik, *first)
    engine.settle()
    assert answers(technitium, "edge.talos00") == {"A": [ADDRESS]}
    before = published(technitium)
    assert answers(technitium) == {"A": ["10.0.0.1"]}
    put(engine, *then)
    if restart:
        engine.start()
    engine.settle(CALM)
    engine.full()
    assert published(technitium) == before


def test_one_without_an_address_waits_for_its_own(engine: Engine, technitium: ServerUnderTest) -> None:
    """The settings have an address for everything else."""
    put(engine, load_balancer())
    engine.settle()
    assert published(technitium) == {}
    assert "no address yet" in " ".join(explain_name(DB)["sentences"])
    put(engine, load_balancer("10.0.0.1"))
    engine.settle()
    assert answers(technitium) == {"A": ["10.0.0.1"]}


def test_its_own_addresses_count_as_a_target_of_its_own(engine: Engine, technitium: ServerUnderTest) -> None:
    """Both are new in one turn: the older one has the default address."""
    engine.put_object(INGRESS, ingress("db", DB, created="2020-01-01T00:00:00Z"))
    put(engine, load_balancer("10.0.0.1", namespace="web"))
    engine.settle()
    assert answers(technitium) == {"A": ["10.0.0.1"]}
    (loser,) = explain_name(DB)["claims"][1:]
    assert loser["source"] == "Ingress/web/db"


@pytest.mark.parametrize(
    ("after", "why"),
    [
        (service(), "does not name it any more"),
        (service(notes={"hostname": DB}, **IPS), "does not publish it any more: a ClusterIP Service is reached"),
        (load_balancer("10.0.0.1", notes={"ignore": "true"}), "does not publish it any more: the object is ignored"),
    ],
)
def test_what_it_takes_back_goes_and_it_is_told_why(
    build: Build, technitium: ServerUnderTest, after: dict[str, Any], why: str
) -> None:
    engine = build(max_deletes_unguarded=0, max_delete_ratio=0)
    put(engine, load_balancer("10.0.0.1"))
    engine.settle()
    put(engine, after)
    engine.settle()
    assert engine.state("db") == "held"
    assert why in " ".join(explain_name(DB)["sentences"])


def test_a_namespace_takes_its_services_along(pods: Engine, technitium: ServerUnderTest) -> None:
    pods.put_object(NAMESPACE, namespace("data"))
    put(
        pods,
        headless(),
        slice_of(pod("10.42.0.1", "db-0")),
        load_balancer("10.0.0.1", name="lb", hostname="lb.talos00"),
    )
    pods.settle()
    assert set(published(technitium)) == {("db", "A"), ("db-0.db", "A"), ("lb", "A")}
    pods.put_object(NAMESPACE, namespace("data", leaving="2026-01-02T00:00:00Z"))
    pods.settle()
    assert published(technitium) == {}


# Pods


def test_each_pod_of_a_stateful_set_has_a_name(pods: Engine, technitium: ServerUnderTest) -> None:
    put(pods, headless(), slice_of(pod("10.42.0.1", "db-0"), pod("10.42.0.2", "db-1", ready=False)))
    pods.settle()
    assert published(technitium) == {("db", "A"): ["10.42.0.1"], ("db-0.db", "A"): ["10.42.0.1"]}
    pods.turn(2 * CALM)
    put(pods, slice_of(pod("10.42.0.1", "db-0"), pod("10.42.0.2", "db-1")))
    pods.settle()
    assert answers(technitium, f"db-1.{DB}") == {"A": ["10.42.0.2"]}
    assert answers(technitium) == {"A": ["10.42.0.1", "10.42.0.2"]}


def test_the_name_of_a_pod_goes_a_while_after_it(pods: Engine, technitium: ServerUnderTest) -> None:
    put(pods, headless(), slice_of(pod("10.42.0.1", "db-0"), pod("10.42.0.2", "db-1")))
    pods.settle()
    pods.turn(2 * CALM)
    put(pods, slice_of(pod("10.42.0.1", "db-0")))
    pods.settle()
    assert answers(technitium) == {"A": ["10.42.0.1"]}
    assert answers(technitium, f"db-1.{DB}") == {"A": ["10.42.0.2"]}
    pods.turn(PATIENCE)
    pods.settle()
    assert answers(technitium, f"db-1.{DB}") == {}


@pytest.mark.double_only
@pytest.mark.parametrize("pause", [0.1, 1.0, 5.0])
def test_a_roll_out_of_fifty_pods_is_at_most_five_writes(
    pods: Engine, technitium: ServerUnderTest, pause: float
) -> None:
    """Each pod stops being ready, goes, and comes again with another address. The names of the pods change once each,
    and no name is without an answer for a moment."""
    fleet = {f"db-{number}": [pod(f"10.42.0.{number + 1}", f"db-{number}")] for number in range(50)}
    put(pods, headless(), slice_of(*(one for some in fleet.values() for one in some)))
    pods.settle()
    pods.settle(2 * CALM)
    begun = {name for name, _ in published(technitium)}
    for number in range(50):
        host = f"db-{number}"
        for step in ([pod(f"10.42.0.{number + 1}", host, ready=False)], [], [pod(f"10.42.1.{number + 1}", host)]):
            fleet[host] = step
            put(pods, slice_of(*(one for some in fleet.values() for one in some)))
            pods.turn(pause)
    for _ in range(400):
        pods.turn(1.0)
    after = published(technitium)
    assert sorted(after["db", "A"]) == sorted(f"10.42.1.{number + 1}" for number in range(50))
    assert {name for name, _ in after} == begun
    assert all(after[f"db-{number}.db", "A"] == [f"10.42.1.{number + 1}"] for number in range(50))
    assert 1 < changes(DB).count("updated") <= 5
    assert changes(DB).count("created") == 1
    assert "deleted" not in changes(DB)
    assert all(changes(f"db-{number}.{DB}") == ["created", "updated"] for number in range(50))


def changes(name: str) -> list[str]:
    """How the record of the name was written."""
    return [action for action, changed, _ in audit() if changed == name]


def test_while_slices_cannot_be_read_nothing_of_pods_goes(pods: Engine, technitium: ServerUnderTest) -> None:
    slices = slice_of(pod("10.42.0.1", "db-0"))
    put(pods, headless(), slices)
    pods.settle()
    before = published(technitium)
    del pods.objects[ENDPOINT_SLICE, "data", "db-x1"]
    pods.feed.unread[ENDPOINT_SLICE] = WatchState.FORBIDDEN
    pods.start()
    pods.full()
    assert published(technitium) == before
    pods.feed.unread.clear()
    put(pods, slices)
    pods.settle()
    pods.full()
    assert published(technitium) == before


def test_a_service_without_pods_does_not_wait_for_slices_that_cannot_be_read(
    pods: Engine, technitium: ServerUnderTest
) -> None:
    edge, made = load_balancer("10.0.0.1", name="edge", hostname="edge.talos00"), headless()
    put(pods, edge, made, slice_of(pod("10.42.0.1")))
    pods.settle()
    pods.feed.unread[ENDPOINT_SLICE] = WatchState.FORBIDDEN
    pods.start()
    pods.settle()
    drop(pods, edge)
    drop(pods, made)
    pods.settle()
    assert published(technitium) == {("db", "A"): ["10.42.0.1"]}
    assert "objects of its kind cannot be read now" in pods.reason("db")


def test_without_the_setting_the_names_of_pods_go(pods: Engine, technitium: ServerUnderTest) -> None:
    put(pods, headless(), slice_of(pod("10.42.0.1", "db-0")))
    pods.settle()
    assert published(technitium)
    pods.scope["service_pods"] = False
    pods.start()
    pods.full()
    assert published(technitium) == {}


# What is unusual


def test_a_load_balancer_that_flips_all_the_time_stops_nothing_else(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    for number in range(40):
        put(engine, load_balancer(f"10.0.0.{number % 2 + 1}"))
        engine.turn(1.0)
    assert engine.state("db") == "kept"
    assert engine.reason("db").startswith("flapping (more than 10 changes a minute): what is in DNS stays until ")
    engine.put("grafana", target=OTHER)
    engine.settle()
    assert answers(technitium, "grafana.talos00") == {"A": [OTHER]}


def test_a_thousand_pods_stop_nothing_else(pods: Engine, technitium: ServerUnderTest) -> None:
    crowd = [pod(f"10.42.{number // 250}.{number % 250 + 1}") for number in range(1000)]
    slices = [slice_of(*crowd[at : at + 100], name=f"db-x{at}") for at in range(0, 1000, 100)]
    put(pods, headless(), *slices)
    pods.put("grafana")
    pods.settle()
    pods.settle(CALM)
    assert len(published(technitium)["db", "A"]) == 100
    (source,) = [source for source in pods.cluster.sources() if source.ref.kind == "Service"]
    assert source.warnings == ("pods: 1000 values: only the first 100 are read",)
    assert answers(technitium, "grafana.talos00") == {"A": [ADDRESS]}


def test_the_page_of_one_without_an_address_says_that_it_waits_for_its_own(engine: Engine) -> None:
    put(engine, load_balancer())
    engine.settle()
    source = Source.objects.get(kind="Service")
    assert [(name, values or source.unsaid) for name, values in source.wanted_names()] == [
        (DB, "its own address, which it does not have yet")
    ]
