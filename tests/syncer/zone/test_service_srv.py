"""SRV records of Services, as a client finds them, beside the names to which they lead."""

from __future__ import annotations

from typing import Any

import pytest

from records.explain import explain_name
from records.models import CustomEntry
from syncer.core.kinds import NAMESPACE
from syncer.core.rollouts import CALM, PATIENCE
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.core.cast_services import headless, load_balancer, pod, service, slice_of
from tests.syncer.zone.conftest import Build
from tests.syncer.zone.engine import Engine, audit, published
from tests.syncer.zone.test_services import DB, answers, drop, put

PORTS = [{"name": "pg", "port": 5432}]
SRV = f"_pg._tcp.{DB}"
NOTES = {"srv": "true"}


def balanced(*ips: str, port: int = 5432, **more: Any) -> dict[str, Any]:
    return load_balancer(*ips, notes=NOTES, ports=[{"name": "pg", "port": port}], **more)


def pod_slice(*pods: dict[str, Any], port: int = 5432) -> dict[str, Any]:
    return slice_of(*pods, ports=[{"name": "pg", "port": port}])


@pytest.fixture
def pods(build: Build) -> Engine:
    return build(scope={"service_pods": True})


def srv(server: ServerUnderTest, name: str = SRV) -> list[str]:
    found = server.ask(name, "SRV")
    return found if isinstance(found, list) else []


def test_of_a_load_balancer_it_comes_changes_and_goes(engine: Engine, technitium: ServerUnderTest) -> None:
    put(engine, balanced("10.0.0.1"))
    engine.settle()
    assert (srv(technitium), answers(technitium)) == ([f"0 0 5432 {DB}"], {"A": ["10.0.0.1"]})
    assert [name for _, name, _ in audit()] == [DB, SRV], "after the name to which it leads"
    put(engine, balanced("10.0.0.2", port=6432))
    engine.settle()
    assert (srv(technitium), answers(technitium)) == ([f"0 0 6432 {DB}"], {"A": ["10.0.0.2"]})
    engine.start()
    engine.full()
    assert srv(technitium) == [f"0 0 6432 {DB}"]
    drop(engine, balanced())
    engine.settle()
    assert published(technitium) == {}
    assert [name for action, name, _ in audit() if action == "deleted"] == [SRV, DB], "before that name"


@pytest.mark.parametrize("after", [load_balancer("10.0.0.1", ports=PORTS), load_balancer("10.0.0.1", notes=NOTES)])
def test_without_the_annotation_or_the_name_of_the_port_it_goes_alone(
    engine: Engine, technitium: ServerUnderTest, after: dict[str, Any]
) -> None:
    put(engine, balanced("10.0.0.1"))
    engine.settle()
    put(engine, after)
    engine.settle()
    assert published(technitium) == {("db", "A"): ["10.0.0.1"]}


def test_what_went_while_the_syncer_was_down_goes_at_the_start(engine: Engine, technitium: ServerUnderTest) -> None:
    put(engine, balanced("10.0.0.1"))
    engine.settle()
    drop(engine, balanced())
    engine.start()
    engine.full()
    assert published(technitium) == {}


def test_it_is_pending_until_its_target_stands(engine: Engine, technitium: ServerUnderTest) -> None:
    put(engine, balanced())
    engine.settle()
    assert published(technitium) == {}
    assert (engine.state("_pg._tcp.db", "SRV"), engine.reason("_pg._tcp.db", "SRV")) == (
        "pending",
        f"it waits until {DB} is written",
    )
    assert f"it waits until {DB} is written" in " ".join(explain_name(SRV)["sentences"])
    put(engine, balanced("10.0.0.1"))
    engine.settle()
    assert srv(technitium) == [f"0 0 5432 {DB}"]


def test_it_never_leads_to_an_alias(engine: Engine, technitium: ServerUnderTest) -> None:
    """Not even to one that a person made of its target."""
    put(
        engine,
        service(type="LoadBalancer", lb=[{"hostname": "lb.example.com"}], notes={**NOTES, "hostname": DB}, ports=PORTS),
    )
    engine.settle()
    assert (srv(technitium), answers(technitium)) == ([], {"CNAME": ["lb.example.com"]})
    assert "an SRV record cannot lead to an alias (RFC 2782)" in " ".join(explain_name(SRV)["sentences"])


def test_beside_an_override_of_its_target_it_stays(engine: Engine, technitium: ServerUnderTest) -> None:
    put(engine, balanced("10.0.0.1"))
    engine.settle()
    CustomEntry.objects.create(name=DB, type="A", values=["10.0.0.9"], mode="override")
    engine.ask("sync", DB)
    assert (srv(technitium), answers(technitium)) == ([f"0 0 5432 {DB}"], {"A": ["10.0.0.9"]})


def test_of_pods_each_has_its_port_and_its_name(pods: Engine, technitium: ServerUnderTest) -> None:
    put(
        pods,
        headless(notes=NOTES, ports=PORTS),
        pod_slice(pod("10.42.0.1", "db-0"), pod("10.42.0.2", "db-1", ready=False)),
    )
    pods.settle()
    assert srv(technitium) == [f"0 0 5432 db-0.{DB}"]
    names = [name for _, name, _ in audit()]
    assert names.index(SRV) > names.index(f"db-0.{DB}")
    pods.turn(2 * CALM)
    put(pods, pod_slice(pod("10.42.0.1", "db-0"), pod("10.42.0.2", "db-1"), port=6432))
    pods.settle()
    assert srv(technitium) == [f"0 0 6432 db-0.{DB}", f"0 0 6432 db-1.{DB}"]
    assert answers(technitium, f"db-1.{DB}") == {"A": ["10.42.0.2"]}


def test_a_pod_that_goes_is_in_no_srv_record_before_its_name_goes(pods: Engine, technitium: ServerUnderTest) -> None:
    put(pods, headless(notes=NOTES, ports=PORTS), pod_slice(pod("10.42.0.1", "db-0"), pod("10.42.0.2", "db-1")))
    pods.settle()
    pods.turn(2 * CALM)
    put(pods, pod_slice(pod("10.42.0.1", "db-0")))
    pods.settle()
    assert srv(technitium) == [f"0 0 5432 db-0.{DB}"]
    assert answers(technitium, f"db-1.{DB}") == {"A": ["10.42.0.2"]}
    pods.turn(PATIENCE)
    pods.settle()
    assert answers(technitium, f"db-1.{DB}") == {}


@pytest.mark.parametrize("restart", [False, True], ids=["at once", "after a restart"])
def test_without_a_ready_pod_the_last_ones_stay(pods: Engine, technitium: ServerUnderTest, restart: bool) -> None:
    put(pods, headless(notes=NOTES, ports=PORTS), pod_slice(pod("10.42.0.1", "db-0")))
    pods.settle()
    before = published(technitium)
    assert srv(technitium) == [f"0 0 5432 db-0.{DB}"]
    put(pods, pod_slice(pod("10.42.0.1", "db-0", ready=False)))
    if restart:
        pods.start()
    pods.settle(CALM)
    pods.full()
    assert published(technitium) == before


def test_a_service_that_goes_takes_all_of_it_along(pods: Engine, technitium: ServerUnderTest) -> None:
    made = headless(notes=NOTES, ports=PORTS)
    put(pods, made, pod_slice(pod("10.42.0.1", "db-0")))
    pods.settle()
    drop(pods, made)
    pods.settle()
    assert published(technitium) == {}
    gone = [name for action, name, _ in audit() if action == "deleted"]
    assert gone[0] == SRV
    assert set(gone) == {SRV, DB, f"db-0.{DB}"}


def test_tenants_lead_to_names_of_their_own_whatever_targets_they_may_have(
    build: Build, technitium: ServerUnderTest
) -> None:
    """Addresses of Services are targets of their own, which the Namespace narrows; names that it publishes are not."""
    engine = build(scope={"strict": True})
    notes = {"catalyst-dns-sync.io/allowed-targets": "10.0.0.0/24"}
    engine.put_object(NAMESPACE, {"metadata": {"name": "data", "annotations": notes}})
    put(engine, balanced("10.0.0.1"), load_balancer("10.9.0.1", name="far", hostname="far.talos00"))
    engine.settle()
    assert published(technitium) == {("db", "A"): ["10.0.0.1"], ("_pg._tcp.db", "SRV"): [f"0 0 5432 {DB}"]}
    (far,) = [source for source in engine.cluster.sources() if source.ref.name == "far"]
    assert far.warnings == ("10.9.0.1: not among the targets that its Namespace allows; nothing is used instead",), (
        "and not the default address, which is the operator's"
    )
