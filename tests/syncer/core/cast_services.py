"""Services and the EndpointSlices of their pods, as the API server has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

OURS = "catalyst-dns-sync.io/"


def service(
    name: str = "db", namespace: str = "data", *, lb: Sequence[dict[str, str]] = (), notes: Any = None, **spec: Any
) -> dict[str, Any]:
    """``lb`` is what its load balancer says; ``notes`` are annotations of ours, without their prefix."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "annotations": {OURS + key: value for key, value in (notes or {}).items()},
        },
        "spec": {"ports": [{"port": 80}], **spec},
        "status": {"loadBalancer": {"ingress": list(lb)}},
    }


def load_balancer(*ips: str, name: str = "db", hostname: str = "db.talos00", **more: Any) -> dict[str, Any]:
    notes = {"hostname": hostname, **more.pop("notes", {})}
    return service(name, type="LoadBalancer", lb=[{"ip": ip} for ip in ips], notes=notes, **more)


def headless(hostname: str = "db.talos00", *, notes: Any = None, **spec: Any) -> dict[str, Any]:
    return service(notes={"hostname": hostname, **(notes or {})}, clusterIP="None", **spec)


def pod(address: str, host: str = "", *, ready: bool | None = True) -> dict[str, Any]:
    return {"addresses": [address], "conditions": {"ready": ready}, **({"hostname": host} if host else {})}


def slice_of(
    *pods: dict[str, Any],
    of: str = "db",
    name: str = "",
    family: str = "IPv4",
    ports: Any = (),
    namespace: str = "data",
) -> dict[str, Any]:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": name or f"{of}-x1",
            "namespace": namespace,
            "labels": {"kubernetes.io/service-name": of},
        },
        "addressType": family,
        "endpoints": list(pods),
        "ports": list(ports),
    }
