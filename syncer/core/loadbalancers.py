"""Where Ingresses and Traefik's Service are reached, by what their load balancer says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from syncer.core.annotations import settle_values
from syncer.core.manifest import as_list, as_mapping, as_text
from syncer.core.scope import Scope
from syncer.core.source import Ref

TRAEFIK_LABEL = ("app.kubernetes.io/name", "traefik")
TRAEFIK_NAMESPACES = ("traefik", "kube-system")
"""Where a Service counts as Traefik's by its label, which anybody may give to a Service of theirs."""
DISAGREEMENT = "have different addresses"


def read_load_balancer(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """``status.loadBalancer.ingress`` of an Ingress or a Service: every address and host name in it."""
    points = as_list(as_mapping(as_mapping(manifest.get("status")).get("loadBalancer")).get("ingress"))
    return tuple(
        text for point in points for key in ("ip", "hostname") if (text := as_text(as_mapping(point).get(key)))
    )


def is_traefik_service(ref: Ref, manifest: Mapping[str, Any], scope: Scope) -> bool:
    """Whether it is the Service that the settings name; where they name none, whether it looks like Traefik's and is in
    a namespace of Traefik's."""
    if scope.traefik_service:
        return scope.traefik_service == f"{ref.namespace}/{ref.name}"
    if ref.namespace not in TRAEFIK_NAMESPACES:
        return False
    labels = as_mapping(as_mapping(manifest.get("metadata")).get("labels"))
    return labels.get(TRAEFIK_LABEL[0]) == TRAEFIK_LABEL[1]


def read_traefik_addresses(ref: Ref, manifest: Mapping[str, Any], scope: Scope) -> tuple[str, ...]:
    """Where Traefik is reached by this Service, () when it is not Traefik's or has no address."""
    if not is_traefik_service(ref, manifest, scope):
        return ()
    spec = as_mapping(manifest.get("spec"))
    if spec.get("type") == "LoadBalancer":
        return settle_values(read_load_balancer(manifest), scope.targets).values
    addresses = tuple(text for address in as_list(spec.get("externalIPs")) if (text := as_text(address)))
    return settle_values(addresses, scope.targets).values


def settle_traefik_addresses(services: Mapping[Ref, tuple[str, ...]], scope: Scope) -> tuple[tuple[str, ...], str]:
    """The addresses of the Services, when they agree; and the reason when there are none."""
    if not scope.auto:
        return (), "no address is configured for the zone"
    found: dict[tuple[str, ...], str] = {}
    for ref, values in sorted(services.items()):
        found.setdefault(values, f"{ref.namespace}/{ref.name}")
    if len(found) == 1:
        return next(iter(found)), ""
    if found:
        named = " and ".join(list(found.values())[:2])
        return (), f"Services {named} {DISAGREEMENT}: TRAEFIK_SERVICE=namespace/name decides"
    address = "address that is not private (the target is public)" if scope.targets.public else "address"
    if scope.traefik_service:
        return (), f"Service {scope.traefik_service} (TRAEFIK_SERVICE) has no {address} yet"
    where = " or ".join(TRAEFIK_NAMESPACES)
    return (), f"no Service labelled {'='.join(TRAEFIK_LABEL)} in {where} has an {address} yet"
