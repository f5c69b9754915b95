"""DNSEndpoints between a cluster and a DNS server, by the process that runs in production."""

from __future__ import annotations

from tests.fakes.kubernetes.cluster import Cluster
from tests.fakes.kubernetes.manifests import dns_endpoint, ingress
from tests.processes import wait_until
from tests.sessions.session import ADDRESS, Session
from tests.syncer.core.test_dnsendpoints import endpoint


def test_records_come_change_and_go_beside_an_ingress_also_while_no_syncer_runs(
    session: Session, kubernetes: Cluster
) -> None:
    space, zone = kubernetes.namespace(), session.zone
    shop, mail = f"shop.{zone}", f"mail.{zone}"
    kubernetes.create(ingress("shop", shop, namespace=space))
    beside = dns_endpoint(
        "shop",
        endpoint("TXT", "v=spf1 mx -all", name=shop),
        endpoint("MX", f"10 {mail}", name=shop),
        endpoint("A", "192.0.2.25", "nonsense", name=mail),
        namespace=space,
    )
    kubernetes.create(beside)
    syncer = session.start(DNSENDPOINT_STATUS="true")
    session.answers(shop, ADDRESS)
    session.answers(shop, '"v=spf1 mx -all"', type="TXT")
    session.answers(shop, f"10 {mail}", type="MX")
    session.answers(mail, "192.0.2.25")
    wait_until(lambda: kubernetes.get(beside).get("status") == {"observedGeneration": 1}, 10, "its status")
    wait_until(lambda: f"endpoints[2] ({mail} A): left out" in syncer.output, 10, "a warning")

    changed = dns_endpoint("shop", endpoint("TXT", "else", name=shop), endpoint("CNAME", shop, name=mail))
    kubernetes.patch(beside, {"spec": changed["spec"]})
    session.answers(shop, '"else"', type="TXT")
    session.answers(shop, type="MX")
    session.answers(mail, shop, type="CNAME")
    wait_until(lambda: kubernetes.get(beside).get("status") == {"observedGeneration": 2}, 10, "its status")

    assert syncer.stop() == 0
    serial = session.serial()
    again = session.start()
    assert session.serial() == serial, "a restart writes nothing"
    assert again.stop() == 0
    kubernetes.delete(beside)  # while no syncer runs
    session.start()
    session.answers(shop, type="TXT")
    session.answers(mail, type="CNAME")
    session.answers(shop, ADDRESS)
    wait_until(lambda: session.ledger() == session.marked() == [(shop, "A")], 10, "the Ingress alone")
