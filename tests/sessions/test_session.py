"""A day in the life: objects come, change and go; servers and processes come and go."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable

import pytest
import yaml

from tests.fakes.kubernetes.cluster import Cluster, Refused
from tests.fakes.kubernetes.manifests import (
    WEB,
    dns_endpoint,
    gateway,
    http_route,
    ingress,
    ingress_route,
    ingress_route_tcp,
    ingress_route_udp,
    listener_set,
    route,
)
from tests.fakes.kubernetes.resources import Manifest
from tests.processes import wait_until
from tests.samples import EXHAUSTIVE
from tests.sessions.conftest import Make
from tests.sessions.session import ADDRESS, PREFIX, Session, accepted
from tests.syncer.core.test_dnsendpoints import endpoint

ON_SET = {"kind": "ListenerSet", "name": "team"}
LISTENERS = (
    WEB,
    {"name": "tls", "port": 443, "protocol": "TLS", "tls": {"mode": "Passthrough"}},
    {"name": "tcp", "port": 5432, "protocol": "TCP"},
    {"name": "udp", "port": 53, "protocol": "UDP"},
)


def parents_of_each(space: str) -> list[Manifest]:
    """A Gateway for every kind of route, and a ListenerSet of it."""
    admits = {"namespaces": {"from": "Same"}}
    return [
        gateway(namespace=space, listeners=LISTENERS, allowedListeners=admits),
        listener_set("team", namespace=space),
    ]


def one_of_each(space: str, zone: str, generation: str = "") -> dict[str, Manifest]:
    """By the host that each names."""
    old = "traefik.containo.us"

    def annotated(host: str) -> dict[str, dict[str, str]]:
        return {"annotations": {f"{PREFIX}hostname": host}}

    kinds: dict[str, Callable[[str], Manifest]] = {
        "web": lambda host: ingress("web", host, namespace=space),
        "blog": lambda host: ingress_route("blog", f"Host(`{host}`) && PathPrefix(`/`)", namespace=space),
        "db": lambda host: ingress_route_tcp("db", f"HostSNI(`{host}`)", namespace=space),
        "old-blog": lambda host: ingress_route("old-blog", f"Host(`{host}`)", namespace=space, group=old),
        "old-db": lambda host: ingress_route_tcp("old-db", f"HostSNI(`{host}`)", namespace=space, group=old),
        "udp": lambda host: ingress_route_udp("udp", space, **annotated(host)),
        "old-udp": lambda host: ingress_route_udp("old-udp", space, old, **annotated(host)),
        "shop": lambda host: accepted(http_route("shop", host, namespace=space)),
        "team": lambda host: accepted(route("HTTPRoute", "team", host, parent=ON_SET, namespace=space)),
        "tempo": lambda host: accepted(route("GRPCRoute", "tempo", host, namespace=space)),
        "vault": lambda host: accepted(route("TLSRoute", "vault", host, namespace=space)),
        "mqtt": lambda host: accepted(route("TCPRoute", "mqtt", namespace=space, **annotated(host))),
        "printer": lambda host: dns_endpoint("printer", endpoint("A", ADDRESS, name=host), namespace=space),
        "games": lambda host: accepted(route("UDPRoute", "games", namespace=space, **annotated(host))),
    }
    return {(host := f"{name}{generation}.{zone}"): make(host) for name, make in kinds.items()}


@pytest.fixture
def apply(kubernetes: Cluster) -> Callable[..., None]:
    """As a person would, with kubectl where there is one."""

    def change(manifest: Manifest, verb: str) -> None:
        if verb == "delete":
            kubernetes.delete(manifest)
            return
        try:
            annotations = manifest["metadata"].get("annotations", {})
            kubernetes.patch(manifest, {"spec": manifest["spec"], "metadata": {"annotations": annotations}})
        except Refused:
            kubernetes.create(manifest)

    def run(manifests: list[Manifest], verb: str = "apply") -> None:
        if shutil.which("kubectl"):
            kubernetes.kubectl(verb, "-f", "-", stdin=yaml.safe_dump_all(manifests))
        else:
            for manifest in manifests:
                change(manifest, verb)
        for manifest in manifests:
            if verb == "apply" and "status" in manifest:  # which a Gateway's controller writes
                kubernetes.patch(manifest, {"status": manifest["status"]}, "status")

    return run


def test_each_kind_is_published_moved_and_withdrawn_and_foreign_records_stay(
    session: Session, kubernetes: Cluster, apply: Callable[..., None]
) -> None:
    zone, space, dns = session.zone, kubernetes.namespace(), session.technitium
    dns.add(f"nas.{zone}", "A", "192.0.2.9", ttl=77, comments="by hand")
    dns.add(zone, "TXT", "v=spf1 -all")
    foreign = dns.rows(zone)
    first = one_of_each(space, zone)
    second = one_of_each(space, zone, "-2")
    session.start(MAX_DELETES_UNGUARDED="28")  # all that ever was goes within a minute

    apply([*parents_of_each(space), *first.values()])
    for host in first:
        session.answers(host, ADDRESS)
    apply(list(second.values()))
    for old, new in zip(first, second, strict=True):
        session.answers(new, ADDRESS)
        session.answers(old)
    expected = sorted((host, "A") for host in second)
    wait_until(lambda: session.marked() == session.ledger() == expected, 10, "a ledger in step with the server")
    apply(list(second.values()), "delete")
    for host in second:
        session.answers(host)
    assert dns.rows(zone) == foreign
    wait_until(lambda: session.ledger() == [], 10, "an empty ledger")


def test_a_restart_writes_nothing(session: Session, kubernetes: Cluster) -> None:
    space = kubernetes.namespace()
    hosts = [f"app-{number}.{session.zone}" for number in range(12)]
    for number, host in enumerate(hosts):
        kubernetes.create(ingress(f"app-{number}", host, namespace=space))
    before = session.start()
    for host in hosts:
        session.answers(host, ADDRESS)
    assert before.stop() == 0
    serial, rows, history = (
        session.serial(),
        session.technitium.rows(session.zone),
        "select count(*) from records_auditentry",
    )
    written = session.query(history)
    after = session.start()
    assert (session.serial(), session.technitium.rows(session.zone), session.query(history)) == (serial, rows, written)
    assert after.stop() == 0
    kubernetes.delete(ingress("app-0", namespace=space))  # while no syncer runs
    session.start()
    session.answers(hosts[0])
    session.answers(hosts[1], ADDRESS)


@pytest.mark.double_only
def test_an_api_server_that_is_away_costs_no_record(session: Session, kubernetes: Cluster) -> None:
    space, zone = kubernetes.namespace(), session.zone
    kubernetes.create(ingress("stays", f"stays.{zone}", namespace=space))
    kubernetes.create(ingress("goes", f"goes.{zone}", namespace=space))
    syncer = session.start()
    session.answers(f"goes.{zone}", ADDRESS)
    kubernetes.faults.away()
    wait_until(lambda: not syncer.is_ready(), 10, "being told")
    kubernetes.delete(ingress("goes", namespace=space))
    kubernetes.create(ingress("comes", f"comes.{zone}", namespace=space))
    assert "full pass" in session.ask_for("sync")
    time.sleep(0.5)
    assert session.technitium.ask(f"goes.{zone}") == [ADDRESS]
    kubernetes.faults.back()
    session.answers(f"comes.{zone}", ADDRESS, within=40)
    session.answers(f"goes.{zone}", within=10)
    assert session.technitium.ask(f"stays.{zone}") == [ADDRESS]
    wait_until(syncer.is_ready, 40, "readiness")


@pytest.mark.double_only
def test_a_name_that_moves_while_the_api_server_is_away_is_never_without_an_answer(
    session: Session, kubernetes: Cluster
) -> None:
    """As a real one comes back: it refuses first, and one kind for longer than the others."""
    space, host = kubernetes.namespace(), f"blog.{session.zone}"
    kubernetes.create(gateway(namespace=space))
    old = kubernetes.create(ingress_route("blog", f"Host(`{host}`)", namespace=space))
    kubernetes.create(ingress("goes", f"goes.{session.zone}", namespace=space))
    syncer = session.start()
    session.answers(host, ADDRESS)
    session.answers(f"goes.{session.zone}", ADDRESS)
    kubernetes.faults.away()
    wait_until(lambda: not syncer.is_ready(), 10, "being told")
    kubernetes.delete(old)
    kubernetes.delete(ingress("goes", namespace=space))
    kubernetes.create(accepted(http_route("blog", host, namespace=space)))
    kubernetes.faults.status(403, times=None, seconds=1)
    kubernetes.faults.status(403, times=None, resource="httproutes.gateway.networking.k8s.io", seconds=6)
    kubernetes.faults.back()

    def check() -> bool:
        assert session.technitium.ask(host) == [ADDRESS]
        rows = session.query("select origin from records_managedrecord where name = ?", host)
        return rows == [(f"HTTPRoute/{space}/blog",)]

    wait_until(check, 40, "the other holder")
    session.answers(f"goes.{session.zone}")
    wait_until(syncer.is_ready, 40, "readiness")
    assert session.technitium.ask(host) == [ADDRESS]
    assert syncer.output.count("answers 403") == 1
    assert not session.query("select 1 from records_auditentry where name = ? and action = 'deleted'", host)


@pytest.mark.double_only
def test_a_start_without_an_api_server_deletes_nothing(session: Session, kubernetes: Cluster) -> None:
    host = f"grafana.{session.zone}"
    kubernetes.create(ingress("grafana", host))
    assert session.run("--once").code == 0
    kubernetes.faults.away()
    syncer = session.start(ready=False)
    syncer.says("cannot be reached|refused")
    time.sleep(1)
    assert session.technitium.ask(host) == [ADDRESS]
    assert not syncer.is_ready()
    kubernetes.faults.back()
    syncer.ready(40)
    assert session.technitium.ask(host) == [ADDRESS]


@pytest.mark.double_only
def test_it_catches_up_when_the_dns_server_is_back(session: Session, kubernetes: Cluster) -> None:
    zone, dns = session.zone, session.technitium
    kubernetes.create(ingress("goes", f"goes.{zone}"))
    syncer = session.start()
    session.answers(f"goes.{zone}", ADDRESS)
    dns.stop_listening()
    kubernetes.delete(ingress("goes"))
    kubernetes.create(ingress("comes", f"comes.{zone}"))
    syncer.says(r"WARN  .*cannot be reached: Connection refused; next try in 1 s")
    wait_until(lambda: not syncer.is_ready(), 10, "being told")
    time.sleep(1.5)
    assert syncer.output.count("WARN") == 1, "one line for one outage"
    dns.listen_again()
    session.answers(f"comes.{zone}", ADDRESS, within=20)
    session.answers(f"goes.{zone}", within=10)
    assert "The target answers again" in syncer.output
    wait_until(syncer.is_ready, 10, "readiness")


@pytest.mark.double_only
def test_names_of_a_dying_namespace_go_at_once_although_its_objects_stay(
    kubernetes_double: Callable[..., Cluster], make_session: Make
) -> None:
    kubernetes = kubernetes_double(namespace_delay=30)
    session = make_session(kubernetes)
    zone = session.zone
    for space in ("preview", "live"):
        kubernetes.create(ingress("web", f"{space}.{zone}", namespace=space))
    session.start()
    session.answers(f"preview.{zone}", ADDRESS)
    kubernetes.kubectl("delete", "namespace", "preview", "--wait=false") if shutil.which("kubectl") else (
        kubernetes.delete({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "preview"}})
    )
    session.answers(f"preview.{zone}", within=10)
    assert kubernetes.get(ingress("web", namespace="preview"))["spec"]["rules"]
    assert session.technitium.ask(f"live.{zone}") == [ADDRESS]


@pytest.mark.double_only
@pytest.mark.skipif(not EXHAUSTIVE, reason="takes half a minute: make exhaustive")
def test_a_crd_may_come_later_and_go(kubernetes_double: Callable[..., Cluster], make_session: Make) -> None:
    kubernetes = kubernetes_double(without=["traefik.containo.us", "traefik.io"])
    session = make_session(kubernetes)
    host, other = f"blog.{session.zone}", f"web.{session.zone}"
    kubernetes.create(ingress("web", other))
    syncer = session.start()
    syncer.says(r"INFO +ingressroutes.traefik.io: .*not installed")
    kubernetes.install("traefik.io")
    kubernetes.create(ingress_route("blog", f"Host(`{host}`)"))
    session.answers(host, ADDRESS, within=50)
    kubernetes.remove("traefik.io")  # as the API server does it: its objects are deleted first
    session.answers(host)
    assert session.technitium.ask(other) == [ADDRESS]
    assert syncer.is_ready()
