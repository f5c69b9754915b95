"""A cluster that external-dns looks after with all of its sources, and what it has written for it into the zone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.fakes.kubernetes.cluster import Cluster
from tests.fakes.kubernetes.manifests import (
    gateway,
    http_route,
    ingress,
    ingress_route,
    ingress_route_tcp,
    ingress_route_udp,
    route,
    service,
)
from tests.fakes.kubernetes.resources import Manifest
from tests.sessions.session import accepted

ZONE = "talos00"
THEIRS, FORMER = "external-dns.kubernetes.io/", "external-dns.alpha.kubernetes.io/"
TTL = 300
BALANCER, EDGE, OTHER = "192.0.2.54", "192.0.2.60", "192.0.2.77"
FULL = "2001:db8::54"
WILDCARD = "any"
"""Its ``--txt-wildcard-replacement``."""


class Written(NamedTuple):
    """One RRset of external-dns; ``values`` as Technitium's records/add takes them."""

    name: str
    type: str
    values: tuple[Mapping[str, object], ...]
    ttl: int = TTL


class Kept(NamedTuple):
    """An object of the cluster, and what external-dns publishes for it."""

    manifest: Manifest
    written: tuple[Written, ...]


def at(name: str, type: str, *values: str, ttl: int = TTL) -> Written:
    """Addresses, or one host name."""
    field = "cname" if type == "CNAME" else "ipAddress"
    return Written(f"{name}.{ZONE}", type, tuple({field: value} for value in values), ttl)


def noted(prefix: str = THEIRS, **words: str) -> dict[str, Any]:
    """Metadata with annotations of external-dns."""
    return {"annotations": {prefix + word.replace("_", "-"): text for word, text in words.items()}}


def balanced(manifest: Manifest, **entry: str) -> Manifest:
    return {**manifest, "status": {"loadBalancer": {"ingress": [entry or {"ip": BALANCER}]}}}


def list_objects() -> list[Kept]:
    """Without the Gateways, which give no names of their own."""
    return [*list_ingresses(), *list_traefik(), *list_routes(), *list_services(), *list_endpoints()]


def list_ingresses() -> Iterator[Kept]:
    for number in range(10):
        name = f"app{number}"
        yield Kept(balanced(ingress(name, f"{name}.{ZONE}")), (at(name, "A", BALANCER),))
    secured = ingress("secured", f"secured.{ZONE}")
    secured["spec"]["tls"] = [{"hosts": [f"secured.{ZONE}", f"vault.{ZONE}"], "secretName": "secured"}]
    yield Kept(balanced(secured), (at("secured", "A", BALANCER), at("vault", "A", BALANCER)))
    media = ingress("media", f"media.{ZONE}", **noted(FORMER, hostname=f"films.{ZONE}, music.{ZONE}", ttl="2m"))
    names = ("media", "films", "music")
    yield Kept(balanced(media), tuple(at(name, "A", BALANCER, ttl=120) for name in names))
    yield Kept(balanced(ingress("wild", f"*.apps.{ZONE}")), (at("*.apps", "A", BALANCER),))
    both = ingress("both", f"both.{ZONE}", **noted(target=f"{OTHER},{FULL}"))
    yield Kept(balanced(both), (at("both", "A", OTHER), at("both", "AAAA", FULL)))
    cloud = balanced(ingress("cloud", f"cloud.{ZONE}"), hostname="lb-1.example.net")
    yield Kept(cloud, (at("cloud", "CNAME", "lb-1.example.net"),))
    only = ingress(
        "only", f"hidden.{ZONE}", **noted(hostname=f"only.{ZONE}", ingress_hostname_source="annotation-only")
    )
    yield Kept(balanced(only), (at("only", "A", BALANCER),))
    yield Kept(balanced(ingress("theirs", f"theirs.{ZONE}", **noted(controller="kops-dns"))), ())


def list_traefik() -> Iterator[Kept]:
    """Which have no address of their own: external-dns wants a target at each."""
    for number in range(6):
        name = f"router{number}"
        rule = f"Host(`{name}.{ZONE}`) && PathPrefix(`/`)"
        yield Kept(ingress_route(name, rule, **noted(FORMER, target=BALANCER)), (at(name, "A", BALANCER),))
    old = ingress_route("old", f"Host(`old.{ZONE}`)", group="traefik.containo.us", **noted(target=OTHER))
    yield Kept(old, (at("old", "A", OTHER),))
    for name in ("db", "broker"):
        manifest = ingress_route_tcp(name, f"HostSNI(`{name}.{ZONE}`)", **noted(target=BALANCER, ttl="60"))
        yield Kept(manifest, (at(name, "A", BALANCER, ttl=60),))
    game = ingress_route_udp("game", **noted(hostname=f"game.{ZONE}", target="gate.example.net"))
    yield Kept(game, (at("game", "CNAME", "gate.example.net"),))


def list_routes() -> Iterator[Kept]:
    for number in range(10):
        name = f"web{number}"
        yield Kept(accepted(http_route(name, f"{name}.{ZONE}")), (at(name, "A", EDGE),))
    alias = http_route("alias", f"alias.{ZONE}", **noted(hostname=f"second.{ZONE}"))
    yield Kept(accepted(alias), (at("alias", "A", EDGE), at("second", "A", EDGE)))
    public = http_route("public", f"public.{ZONE}", gateway="public")
    yield Kept(accepted(public), (at("public", "CNAME", "front.example.net"),))
    for kind in ("GRPCRoute", "TLSRoute"):
        for number in range(2):
            name = f"{kind.lower()}{number}"
            yield Kept(accepted(route(kind, name, f"{name}.{ZONE}")), (at(name, "A", EDGE),))
    for kind in ("TCPRoute", "UDPRoute"):
        name = kind.lower()
        yield Kept(accepted(route(kind, name, **noted(hostname=f"{name}.{ZONE}"))), (at(name, "A", EDGE),))


def list_services() -> Iterator[Kept]:
    for number in range(4):
        name, address = f"lb{number}", f"192.0.2.{100 + number}"
        yield Kept(service(name, address, **noted(hostname=f"{name}.{ZONE}")), (at(name, "A", address),))
    inside = service("inside", **noted(internal_hostname=f"inside.{ZONE}"))
    inside["spec"] |= {"type": "ClusterIP", "clusterIP": "10.43.0.9", "clusterIPs": ["10.43.0.9"]}
    yield Kept(inside, (at("inside", "A", "10.43.0.9"),))
    outside = service("outside", **noted(FORMER, hostname=f"outside.{ZONE}"))
    outside["spec"] = {"type": "ExternalName", "externalName": "nas.example.net"}
    yield Kept(outside, (at("outside", "CNAME", "nas.example.net"),))
    pods = service("pods", **noted(hostname=f"pods.{ZONE}"))
    pods["spec"] |= {"type": "ClusterIP", "clusterIP": "None", "clusterIPs": ["None"]}
    yield Kept(pods, (at("pods", "A", "10.42.0.7", "10.42.1.8"),))
    yield Kept(service("silent", "192.0.2.120"), ())


def list_endpoints() -> Iterator[Kept]:
    def make(name: str, *endpoints: tuple[Written, list[str]]) -> Kept:
        spec = {
            "endpoints": [
                {"dnsName": rrset.name, "recordType": rrset.type, "targets": targets, "recordTTL": rrset.ttl}
                for rrset, targets in endpoints
            ]
        }
        about = {"name": name, "namespace": "default"}
        manifest = {"apiVersion": "externaldns.k8s.io/v1alpha1", "kind": "DNSEndpoint", "metadata": about, "spec": spec}
        return Kept(manifest, tuple(rrset for rrset, _ in endpoints))

    for number in range(4):
        name, address = f"host{number}", f"192.0.2.{150 + number}"
        yield make(name, (at(name, "A", address, ttl=600), [address]))
    yield make("pair", (at("pair", "A", BALANCER, OTHER), [OTHER, BALANCER]), (at("pair", "AAAA", FULL), [FULL]))
    yield make("printer", (at("printer", "CNAME", "hp.example.net"), ["hp.example.net"]))
    mail = Written(f"mail.{ZONE}", "MX", ({"preference": 10, "exchange": "mx.example.net"},))
    text = Written(f"mail.{ZONE}", "TXT", ({"text": "v=spf1 mx -all"},))
    yield make("mail", (mail, ["10 mx.example.net"]), (text, ["v=spf1 mx -all"]))
    phone = {"priority": 0, "weight": 5, "port": 5060, "target": "sip.example.net"}
    yield make("phone", (Written(f"_sip._udp.{ZONE}", "SRV", (phone,)), ["0 5 5060 sip.example.net"]))


def fill_cluster(kubernetes: Cluster, objects: list[Kept]) -> None:
    kubernetes.create(gateway("main", EDGE, listeners=LISTENERS))
    public = gateway("public", "192.0.2.61", listeners=LISTENERS)
    public["metadata"] |= noted(target="front.example.net")
    kubernetes.create(public)
    kubernetes.create(PODS)
    for kept in objects:
        kubernetes.create(kept.manifest)


PODS: Manifest = {
    "apiVersion": "discovery.k8s.io/v1",
    "kind": "EndpointSlice",
    "metadata": {"name": "pods-1", "namespace": "default", "labels": {"kubernetes.io/service-name": "pods"}},
    "addressType": "IPv4",
    "endpoints": [{"addresses": [it], "conditions": {"ready": True}} for it in ("10.42.0.7", "10.42.1.8")],
}

LISTENERS = (
    {"name": "web", "port": 80, "protocol": "HTTP"},
    {"name": "tls", "port": 443, "protocol": "TLS", "tls": {"mode": "Passthrough"}},
    {"name": "tcp", "port": 5432, "protocol": "TCP"},
    {"name": "udp", "port": 53, "protocol": "UDP"},
)


def write_zone(server: ServerUnderTest, objects: list[Kept]) -> None:
    """As external-dns does: each RRset, and beside it a TXT record that says whose it is. In the name of that,
    Technitium takes no star."""
    for manifest, written in objects:
        metadata = manifest["metadata"]
        resource = f"{manifest['kind'].lower()}/{metadata['namespace']}/{metadata['name']}"
        for name, type, values, ttl in written:
            for fields in values:
                server.ok("zones/records/add", {"domain": name, "type": type, "ttl": ttl, **fields})
            text = f"heritage=external-dns,external-dns/owner=default,external-dns/resource={resource}"
            server.add(f"{type.lower()}-{name.replace('*', WILDCARD)}", "TXT", text, ttl=TTL)
