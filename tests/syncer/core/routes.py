"""Routes, and the Gateways that serve them, as manifests; and what is read of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from syncer.core.annotations import AnnotationRules
from syncer.core.gateways import Gateway, read_gateway
from syncer.core.kinds import HTTP_ROUTE, Kind
from syncer.core.parents import ParentKey
from syncer.core.routes import attach_route, read_route
from syncer.core.scope import Scope
from syncer.core.source import SourceObject

ADDRESS = ("192.168.1.54",)
SCOPE = Scope(zones=("talos00", "home.lab"), addresses=ADDRESS)
AUTO = replace(SCOPE, addresses=(), auto=True)
OURS = "catalyst-dns-sync.io/"
NAMESPACES: dict[str, dict[str, object]] = {"apps": {"team": "web"}, "infra": {}}


def listener(hostname: str = "", **more: Any) -> dict[str, Any]:
    everywhere = {"namespaces": {"from": "All"}}
    return {
        "name": "web",
        "port": 80,
        "protocol": "HTTP",
        "allowedRoutes": everywhere,
        "hostname": hostname or None,
        **more,
    }


def gateway(
    *listeners: dict[str, Any], name: str = "edge", annotations: Any = None, addresses: Any = None, **status: Any
) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "infra", "name": name, "annotations": annotations},
        "spec": {"listeners": list(listeners) or None},
        "status": {"addresses": addresses, **status},
    }


def condition(type_: str, status: str, reason: str = "") -> dict[str, Any]:
    return {"type": type_, "status": status, "reason": reason}


def report(name: str, *conditions: dict[str, Any]) -> dict[str, Any]:
    """What a Gateway's status says of one of its listeners."""
    return {"name": name, "attachedRoutes": 1, "conditions": list(conditions)}


def parent(name: str = "edge", **more: Any) -> dict[str, Any]:
    return {"name": name, "namespace": "infra", **more}


def judged(
    parent_ref: dict[str, Any], status: str = "True", observed: int = 1, reason: str = "Accepted"
) -> dict[str, Any]:
    accepted = {**condition("Accepted", status, reason), "observedGeneration": observed}
    return {"parentRef": parent_ref, "controllerName": "traefik.io/gateway-controller", "conditions": [accepted]}


def http_route(
    *hostnames: str, parents: Any = None, status: Any = None, annotations: Any = None, namespace: str = "apps"
) -> dict[str, Any]:
    parents = [parent()] if parents is None else parents
    return {
        "metadata": {"namespace": namespace, "name": "grafana", "generation": 1, "annotations": annotations},
        "spec": {"parentRefs": parents, "hostnames": list(hostnames)},
        "status": {"parents": [judged(item) for item in parents] if status is None else status},
    }


def read_gateways(*manifests: dict[str, Any]) -> dict[ParentKey, Gateway]:
    return {
        ParentKey("Gateway", "infra", item["metadata"]["name"]): read_gateway(item, AnnotationRules())
        for item in manifests
    }


def read(
    manifest: dict[str, Any],
    *gateways: dict[str, Any],
    scope: Scope = SCOPE,
    namespaces: Mapping[str, Mapping[str, object]] = NAMESPACES,
    assume_accepted: bool = False,
    kind: Kind = HTTP_ROUTE,
) -> SourceObject:
    route = read_route(manifest, scope, kind, assume_accepted=assume_accepted)
    return attach_route(route, scope, read_gateways(*gateways), namespaces)


def names(source: SourceObject) -> list[str]:
    return [want.name for want in source.wants]


def values(source: SourceObject) -> dict[str, tuple[str, ...]]:
    return {want.name: want.values for want in source.wants}


def reasons(source: SourceObject) -> dict[str, str]:
    return {skip.name: skip.reason for skip in source.skipped}
