"""The objects of the demo's cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from syncer.core.annotations import PREFIX

Manifest = Mapping[str, Any]

HOME, REVIEWS = "home.example", "reviews.example"
ZONES = HOME, REVIEWS
INGRESS_ADDRESS, GATEWAY_ADDRESS = "192.0.2.10", "192.0.2.30"
APPS = {
    "argocd": "platform",
    "grafana": "monitoring",
    "prometheus": "monitoring",
    "gitea": "platform",
    "harbor": "platform",
    "bookstack": "office",
    "nextcloud": "office",
    "paperless": "office",
    "immich": "media",
    "jellyfin": "media",
}
"""What runs from the first scene to the last, and in which namespace."""
COMERS = {"mealie": "kitchen", "vaultwarden": "office"}
"""What is deployed at the beginning of the story, and retired at its end."""
REVIEWS_NAMESPACE = "reviews"
PULL_REQUESTS = range(101, 114)
"""Each has an environment of its own: more than the guard lets go at once."""


def name_host(name: str) -> str:
    return f"{name}.{HOME}"


def make_object(api_version: str, kind: str, name: str, namespace: str, spec: Manifest, **annotations: str) -> Manifest:
    metadata: dict[str, Any] = {"name": name, "namespace": namespace}
    if annotations:
        metadata["annotations"] = {PREFIX + word: text for word, text in annotations.items()}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}


def make_ingress(name: str, namespace: str, address: str = "", **annotations: str) -> Manifest:
    """``address`` is that of its name, "" for a host of the same name at home."""
    backend = {"service": {"name": name, "port": {"number": 80}}}
    paths = {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}
    spec = {"rules": [{"host": address or name_host(name), "http": paths}]}
    return make_object("networking.k8s.io/v1", "Ingress", name, namespace, spec, **annotations)


def make_route(name: str, rule: str) -> Manifest:
    """One of Traefik's."""
    routes = [{"kind": "Rule", "match": rule, "services": [{"name": name, "port": 80}]}]
    return make_object("traefik.io/v1alpha1", "IngressRoute", name, "monitoring", {"routes": routes})


def make_gateway() -> Manifest:
    spec = {"gatewayClassName": "demo", "listeners": [{"name": "web", "port": 80, "protocol": "HTTP"}]}
    addresses = [{"type": "IPAddress", "value": GATEWAY_ADDRESS}]
    gateway = make_object("gateway.networking.k8s.io/v1", "Gateway", "edge", "shop", spec)
    return {**gateway, "status": {"addresses": addresses}}


def make_shop() -> Manifest:
    """The route behind the Gateway, with the status that the Gateway's controller gives it."""
    parent = {"name": "edge"}
    spec = {
        "hostnames": [name_host("shop")],
        "parentRefs": [parent],
        "rules": [{"backendRefs": [{"name": "shop", "port": 80}]}],
    }
    accepted = {
        "type": "Accepted",
        "status": "True",
        "reason": "Accepted",
        "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    said = {"parentRef": parent, "controllerName": "demo.example/gateway", "conditions": [accepted]}
    route = make_object("gateway.networking.k8s.io/v1", "HTTPRoute", "shop", "shop", spec)
    return {**route, "status": {"parents": [said]}}


def list_reviews() -> Iterator[Manifest]:
    for number in PULL_REQUESTS:
        name = f"pr-{number}"
        yield make_ingress(name, REVIEWS_NAMESPACE, f"{name}.{REVIEWS}")


def list_apps() -> Iterator[Manifest]:
    for name, namespace in APPS.items():
        yield make_ingress(name, namespace)
    yield make_ingress("blog", "web", priority="high")
    yield make_gateway()
    yield make_shop()


def list_comers() -> Iterator[Manifest]:
    for name, namespace in COMERS.items():
        yield make_ingress(name, namespace)
