"""Services between a cluster and a DNS server, by the process that runs in production."""

from __future__ import annotations

import pytest

from syncer.core.rollouts import CALM
from tests.fakes.kubernetes.cluster import Cluster
from tests.processes import wait_until
from tests.sessions.session import Session
from tests.syncer.core.cast_services import headless, load_balancer, pod, slice_of

PORTS = [{"name": "pg", "port": 5432}]
SRV = {"srv": "true"}


@pytest.mark.double_only
def test_services_and_their_pods_are_published_change_and_go(session: Session, kubernetes: Cluster) -> None:
    space, zone = kubernetes.namespace(), session.zone
    edge = load_balancer("192.0.2.1", name="edge", namespace=space, hostname=f"edge.{zone}", notes=SRV, ports=PORTS)
    db = headless(f"db.{zone}", notes=SRV, ports=PORTS, selector={"app": "db"})
    db["metadata"]["namespace"] = space
    slices = slice_of(pod("10.42.0.1", "db-0"), namespace=space, ports=PORTS)
    for manifest in (edge, db, slices):
        kubernetes.create(manifest)
    syncer = session.start(SERVICE_PODS="true")
    session.answers(f"edge.{zone}", "192.0.2.1")
    session.answers(f"_pg._tcp.edge.{zone}", f"0 0 5432 edge.{zone}", type="SRV")
    session.answers(f"db-0.db.{zone}", "10.42.0.1")
    session.answers(f"_pg._tcp.db.{zone}", f"0 0 5432 db-0.db.{zone}", type="SRV")

    kubernetes.patch(edge, {"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.2"}]}}}, "status")
    kubernetes.patch(slices, {"endpoints": [pod("10.42.0.1", "db-0"), pod("10.42.0.2", "db-1")]})
    session.answers(f"edge.{zone}", "192.0.2.2")
    session.answers(f"db.{zone}", "10.42.0.1", "10.42.0.2", within=CALM)
    session.answers(f"db-1.db.{zone}", "10.42.0.2")

    assert syncer.stop() == 0
    kubernetes.delete(edge)  # while no syncer runs
    session.start(SERVICE_PODS="true")
    for name, kind in ((f"_pg._tcp.edge.{zone}", "SRV"), (f"edge.{zone}", "A")):
        session.answers(name, type=kind)
    session.answers(f"db.{zone}", "10.42.0.1", "10.42.0.2")
    kubernetes.delete(db)
    wait_until(lambda: session.ledger() == session.marked() == [], 10, "an empty ledger, and no record of ours")


@pytest.mark.double_only
def test_without_the_right_to_read_slices_everything_else_works(session: Session, kubernetes: Cluster) -> None:
    space, zone = kubernetes.namespace(), session.zone
    kubernetes.refuse("*", "endpointslices.discovery.k8s.io")
    kubernetes.create(load_balancer("192.0.2.1", name="edge", namespace=space, hostname=f"edge.{zone}"))
    syncer = session.start(SERVICE_PODS="true", ready=False)
    session.answers(f"edge.{zone}", "192.0.2.1", within=30)
    wait_until(lambda: "endpointslices.discovery.k8s.io" in syncer.output, 10, "a line about it")
