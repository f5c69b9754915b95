"""Manifests of the usual cast, complete enough for a real API server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.fakes.kubernetes.resources import Manifest

MAIN = {"name": "main"}
WEB = {"name": "web", "port": 80, "protocol": "HTTP"}


def ingress(name: str, *hosts: str, namespace: str = "default", **metadata: object) -> Manifest:
    backend = {"service": {"name": name, "port": {"number": 80}}}
    paths = {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}
    spec = {"rules": [{"host": host, "http": paths} for host in hosts]}
    return _make_manifest("networking.k8s.io/v1", "Ingress", name, namespace, metadata, spec)


def ingress_route(
    name: str, *rules: str, namespace: str = "default", group: str = "traefik.io", **metadata: object
) -> Manifest:
    routes = [{"kind": "Rule", "match": rule, "services": [{"name": name, "port": 80}]} for rule in rules]
    return _make_manifest(f"{group}/v1alpha1", "IngressRoute", name, namespace, metadata, {"routes": routes})


def ingress_route_tcp(
    name: str, *rules: str, namespace: str = "default", group: str = "traefik.io", **metadata: object
) -> Manifest:
    routes = [{"match": rule, "services": [{"name": name, "port": 5432}]} for rule in rules]
    spec = {"routes": routes, "tls": {"passthrough": True}}
    return _make_manifest(f"{group}/v1alpha1", "IngressRouteTCP", name, namespace, metadata, spec)


def ingress_route_udp(name: str, namespace: str = "default", group: str = "traefik.io", **metadata: object) -> Manifest:
    spec = {"entryPoints": ["dns"], "routes": [{"services": [{"name": name, "port": 53}]}]}
    return _make_manifest(f"{group}/v1alpha1", "IngressRouteUDP", name, namespace, metadata, spec)


def http_route(
    name: str, *hosts: str, gateway: str = "main", namespace: str = "default", version: str = "v1", **metadata: object
) -> Manifest:
    spec = {"hostnames": list(hosts), "parentRefs": [{"name": gateway}]}
    return _make_manifest(f"gateway.networking.k8s.io/{version}", "HTTPRoute", name, namespace, metadata, spec)


def route(
    kind: str,
    name: str,
    *hosts: str,
    parent: Mapping[str, str] = MAIN,
    namespace: str = "default",
    version: str = "v1",
    **metadata: object,
) -> Manifest:
    """A GRPCRoute, TLSRoute, TCPRoute or UDPRoute; the last two have no ``hosts``."""
    spec = {"parentRefs": [dict(parent)], "rules": [{"backendRefs": [{"name": name, "port": 80}]}]}
    if hosts:
        spec["hostnames"] = list(hosts)
    return _make_manifest(f"gateway.networking.k8s.io/{version}", kind, name, namespace, metadata, spec)


def gateway(
    name: str = "main",
    *addresses: str,
    namespace: str = "default",
    version: str = "v1",
    listeners: Sequence[Mapping[str, object]] = (WEB,),
    **spec_: object,
) -> Manifest:
    spec = {"gatewayClassName": "traefik", "listeners": [dict(listener) for listener in listeners], **spec_}
    manifest = _make_manifest(f"gateway.networking.k8s.io/{version}", "Gateway", name, namespace, {}, spec)
    if addresses:
        manifest["status"] = {"addresses": [{"type": "IPAddress", "value": address} for address in addresses]}
    return manifest


def listener_set(name: str, gateway: str = "main", namespace: str = "default") -> Manifest:
    """With the status that its Gateway's controller gives it."""
    spec = {"parentRef": {"name": gateway}, "listeners": [dict(WEB)]}
    manifest = _make_manifest("gateway.networking.k8s.io/v1", "ListenerSet", name, namespace, {}, spec)
    accepted = {
        "type": "Accepted",
        "status": "True",
        "reason": "Accepted",
        "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    reported = {"name": WEB["name"], "attachedRoutes": 1, "conditions": [accepted]}
    return {**manifest, "status": {"conditions": [accepted], "listeners": [reported]}}


def service(name: str, *addresses: str, namespace: str = "default", **metadata: object) -> Manifest:
    """A Service of type LoadBalancer that got ``addresses``."""
    spec = {"type": "LoadBalancer", "ports": [{"name": "web", "port": 80}]}
    manifest = _make_manifest("v1", "Service", name, namespace, metadata, spec)
    if addresses:
        manifest["status"] = {"loadBalancer": {"ingress": [{"ip": address} for address in addresses]}}
    return manifest


def dns_endpoint(
    name: str, *endpoints: Mapping[str, object], namespace: str = "default", **metadata: object
) -> Manifest:
    spec = {"endpoints": [dict(endpoint) for endpoint in endpoints]}
    return _make_manifest("externaldns.k8s.io/v1alpha1", "DNSEndpoint", name, namespace, metadata, spec)


def certificate(name: str, namespace: str = "default", issuer: str = "letsencrypt-prod", **status: object) -> Manifest:
    """One of cert-manager's; ``status`` as its controllers write it."""
    spec = {
        "secretName": f"{name}-tls",
        "dnsNames": [f"{name}.talos00"],
        "issuerRef": {"name": issuer, "kind": "ClusterIssuer", "group": "cert-manager.io"},
    }
    return {**_make_manifest("cert-manager.io/v1", "Certificate", name, namespace, {}, spec), "status": status}


def lease(name: str, holder: str, namespace: str = "default") -> Manifest:
    spec = {"holderIdentity": holder, "leaseDurationSeconds": 15}
    return _make_manifest("coordination.k8s.io/v1", "Lease", name, namespace, {}, spec)


def _make_manifest(
    api_version: str, kind: str, name: str, namespace: str, metadata: Manifest, spec: Manifest
) -> Manifest:
    about = {"name": name, "namespace": namespace, **metadata}
    return {"apiVersion": api_version, "kind": kind, "metadata": about, "spec": spec}
