"""What EndpointSlices say of the pods behind a Service, reduced to what is published of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from sys import intern
from typing import Any, NamedTuple

from syncer.core.manifest import as_list, as_mapping, as_text

SERVICE_LABEL = "kubernetes.io/service-name"
FQDN = "FQDN"
"""The type of addresses that are none."""


class NamedPort(NamedTuple):
    """``protocol`` is in lower case, as names of SRV records have it."""

    name: str
    protocol: str
    port: int


class Pod(NamedTuple):
    """``hostname`` is "" for one that has no name of its own, as only those of a StatefulSet do."""

    addresses: tuple[str, ...]
    hostname: str
    is_ready: bool


class PodSlice(NamedTuple):
    """``service`` is the name of the Service in the namespace of the slice, "" for none."""

    service: str
    pods: tuple[Pod, ...] = ()
    ports: tuple[NamedPort, ...] = ()


class Pods(NamedTuple):
    """Of one Service, those that count. ``addresses`` are of all of them; ``by_host`` has those of each with a host
    name, () where it does not count now; ``ports`` are theirs, where they have a name."""

    addresses: tuple[str, ...] = ()
    by_host: Mapping[str, tuple[str, ...]] = {}
    ports: Mapping[str, tuple[NamedPort, ...]] = {}


NO_PODS = Pods()


def read_slice(manifest: Mapping[str, Any]) -> PodSlice:
    """Without what is no address: slices of host names are outdated, and Kubernetes makes none."""
    labels = as_mapping(as_mapping(manifest.get("metadata")).get("labels"))
    service = intern(as_text(labels.get(SERVICE_LABEL)))
    if manifest.get("addressType") == FQDN:
        return PodSlice(service)
    pods = (_read_pod(as_mapping(item)) for item in as_list(manifest.get("endpoints")))
    return PodSlice(service, tuple(pod for pod in pods if pod.addresses), read_ports(manifest.get("ports")))


def read_ports(ports: object) -> tuple[NamedPort, ...]:
    """Those that have a name, of an EndpointSlice or of the spec of a Service."""
    found = []
    for item in map(as_mapping, as_list(ports)):
        name, port, protocol = as_text(item.get("name")), item.get("port"), as_text(item.get("protocol")) or "TCP"
        if name and isinstance(port, int) and not isinstance(port, bool) and 0 < port < 65536:
            found.append(NamedPort(intern(name.lower()), intern(protocol.lower()), port))
    return tuple(found)


def gather_pods(slices: Iterable[PodSlice], *, all_count: bool) -> Pods:
    """``all_count``: not only those that are ready. A pod may be in several slices, one for each family of addresses,
    and for a moment in two of one family."""
    addresses: set[str] = set()
    by_host: dict[str, set[str]] = {}
    ports: dict[str, dict[NamedPort, None]] = {}
    for slice_ in slices:
        for pod in slice_.pods:
            own = by_host.setdefault(pod.hostname, set())
            if pod.is_ready or all_count:
                own.update(pod.addresses)
                addresses.update(pod.addresses)
                ports.setdefault(pod.hostname, {}).update(dict.fromkeys(slice_.ports))
    by_host.pop("", None)
    ports.pop("", None)
    return Pods(
        tuple(sorted(addresses)),
        {host: tuple(sorted(own)) for host, own in sorted(by_host.items())},
        {host: tuple(sorted(own)) for host, own in sorted(ports.items())},
    )


def _read_pod(endpoint: Mapping[str, Any]) -> Pod:
    """A condition that is not said is true, as the API has it."""
    addresses = tuple(text for address in as_list(endpoint.get("addresses")) if (text := as_text(address)))
    is_ready = as_mapping(endpoint.get("conditions")).get("ready") is not False
    return Pod(addresses, as_text(endpoint.get("hostname")), is_ready)
