"""Routes, and the Gateways that serve them, as manifests; and what is read of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from syncer.core.annotations import AnnotationRules
from syncer.core.gateways import Gateway, join_gateway, read_gateway, read_listener_set
from syncer.core.kinds import HTTP_ROUTE, Kind
from syncer.core.parents import ParentKey
from syncer.core.routes import attach_route, read_route
from syncer.core.scope import Scope
from syncer.core.selection import refuse_gateway, refuse_listener_set
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
    *listeners: dict[str, Any],
    name: str = "edge",
    annotations: Any = None,
    addresses: Any = None,
    admits: Any = None,
    **status: Any,
) -> dict[str, Any]:
    """``admits`` are the namespaces of ListenerSets that it takes."""
    return {
        "metadata": {"namespace": "infra", "name": name, "annotations": annotations},
        "spec": {"listeners": list(listeners) or None, "allowedListeners": {"namespaces": admits}},
        "status": {"addresses": addresses, **status},
    }


def listener_set(
    *listeners: dict[str, Any],
    parent_ref: Any = None,
    annotations: Any = None,
    namespace: str = "apps",
    accepted: str = "True",
    **status: Any,
) -> dict[str, Any]:
    """With a status that names every listener."""
    reported = [report(it["name"], condition("Accepted", "True")) for it in listeners]
    reason = "Accepted" if accepted == "True" else "NotAllowed" if accepted == "False" else "Pending"
    return {
        "metadata": {"namespace": namespace, "name": "team", "annotations": annotations},
        "spec": {"parentRef": parent_ref or parent(), "listeners": list(listeners)},
        "status": {"conditions": [condition("Accepted", accepted, reason)], "listeners": reported, **status},
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


def read_gateways(*manifests: dict[str, Any], scope: Scope = SCOPE) -> dict[ParentKey, Gateway]:
    """As the store holds them."""
    return {
        ParentKey("Gateway", "infra", item["metadata"]["name"]): read_gateway(item, AnnotationRules())._replace(
            left_out=refuse_gateway(item["metadata"].get("labels") or {}, scope)
        )
        for item in manifests
    }


def read(
    manifest: dict[str, Any],
    *gateways: dict[str, Any],
    scope: Scope = SCOPE,
    namespaces: Mapping[str, Mapping[str, object]] = NAMESPACES,
    assume_accepted: bool = False,
    kind: Kind = HTTP_ROUTE,
    sets: Sequence[dict[str, Any]] = (),
) -> SourceObject:
    route = read_route(manifest, scope, kind, assume_accepted=assume_accepted)
    parents = read_gateways(*gateways, scope=scope)
    for item in sets:
        key = ParentKey("ListenerSet", item["metadata"]["namespace"], item["metadata"]["name"])
        held = read_listener_set(item, AnnotationRules(), assume_accepted=assume_accepted)
        gateway_ = parents.get(held.gateway) if held.gateway else None
        left_out = refuse_listener_set(held, gateway_, scope)
        parents[key] = join_gateway(key, held, gateway_, namespaces)._replace(left_out=left_out)
    return attach_route(route, scope, parents, namespaces)


def names(source: SourceObject) -> list[str]:
    return [want.name for want in source.wants]


def values(source: SourceObject) -> dict[str, tuple[str, ...]]:
    return {want.name: want.values for want in source.wants}


def reasons(source: SourceObject) -> dict[str, str]:
    return {skip.name: skip.reason for skip in source.skipped}
