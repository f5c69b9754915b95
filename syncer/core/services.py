"""What a Service asks for, which only an annotation makes a source: its own addresses, by its type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from syncer.core.annotations import ACCESS, ENDPOINTS_TYPE, PREFIX, SRV, TARGET_LIMIT, Values, settle_values
from syncer.core.drafts import Draft, ObjectMeta, choose_hosts, read_metadata
from syncer.core.endpointslices import NO_PODS, NamedPort, Pods, read_ports
from syncer.core.kinds import SERVICE
from syncer.core.loadbalancers import read_load_balancer
from syncer.core.manifest import as_list, as_mapping, as_text, clip_text
from syncer.core.names import is_wildcard, value_type
from syncer.core.scope import Scope
from syncer.core.source import SourceObject, WantedRecord

LOAD_BALANCER, CLUSTER_IP, NODE_PORT, EXTERNAL_NAME = "LoadBalancer", "ClusterIP", "NodePort", "ExternalName"
HEADLESS = "None"
"""The ``clusterIP`` of a Service that has none."""
OF_NODES = ("NodeExternalIP", "HostIP")
"""What ``endpoints-type`` asks for instead of the addresses of pods."""

SAY_TARGET = "say them in the annotation target"
ONLY_INSIDE = "a ClusterIP Service is reached within the cluster alone: internal-hostname publishes its cluster IP"
NO_NODES = f"addresses of nodes are not read: {SAY_TARGET}"
PODS_OFF = "a headless Service publishes the addresses of its pods, and SERVICE_PODS is off"


class Offer(NamedTuple):
    """The addresses that a Service has for a name. ``refusal`` says why it gives none, whatever they are; ``where`` is
    where they come from."""

    values: Values = Values()
    refusal: str = ""
    where: str = ""


class Service(NamedTuple):
    """The part of a Service that does not depend on its EndpointSlices. ``outside`` is for the names of ``hostname``,
    ``inside`` for those of ``internal-hostname``. ``has_pods``: it publishes their addresses, and ``all_count``: of
    those, too, that are not ready. ``ports`` are those with a name, ``srv_refusal`` says why they get no SRV records
    although it asks for them."""

    meta: ObjectMeta
    outside: Offer
    inside: Offer
    has_pods: bool = False
    all_count: bool = False
    ports: tuple[NamedPort, ...] = ()
    srv_refusal: str = ""


def read_service(manifest: Mapping[str, Any], scope: Scope) -> Service | None:
    """None for one that asks for nothing, as most do."""
    meta = read_metadata(SERVICE, manifest, scope)
    if not (meta.says.hostnames or meta.says.internal_hostnames or meta.says.warnings):
        return None
    spec = as_mapping(manifest.get("spec"))
    if is_headless(spec):
        offer = Offer(refusal=_refuse_pods(meta, scope), where="pods")
        has_pods = not (offer.refusal or meta.says.target)
        service = Service(meta, offer, offer, has_pods, spec.get("publishNotReadyAddresses") is True)
    else:
        service = Service(meta, *_read_offers(manifest, spec, scope))
    if not meta.says.srv:
        return service
    ports = read_ports(spec.get("ports"))
    return service._replace(ports=ports, srv_refusal=_refuse_srv(spec, meta, ports))


def _refuse_srv(spec: Mapping[str, Any], meta: ObjectMeta, ports: tuple[NamedPort, ...]) -> str:
    if is_headless(spec):
        if meta.says.target:
            return "with target it publishes no pods"
    elif _read_type(spec) != LOAD_BALANCER:
        return "only LoadBalancer and headless Services get SRV records"
    return "" if ports else "none of its ports has a name"


def is_headless(spec: Mapping[str, Any]) -> bool:
    return spec.get("clusterIP") == HEADLESS and _read_type(spec) == CLUSTER_IP


def awaits_address(manifest: Mapping[str, Any]) -> bool:
    """Whether the cluster gives the Service an address that a document does not say."""
    spec = as_mapping(manifest.get("spec"))
    return _read_type(spec) in (LOAD_BALANCER, CLUSTER_IP) and not is_headless(spec)


def publish_service(service: Service, scope: Scope, pods: Pods = NO_PODS) -> SourceObject:
    """``pods`` are those that count, of a headless Service that publishes them."""
    draft = Draft(service.meta, scope)
    for warning in _list_warnings(service):
        draft.add_warning(warning)
    outside = {}
    for text in choose_hosts(draft, "", ()).chosen:
        if name := draft.read_name(text):
            outside[name] = service.outside
    inside = {}
    for text in service.meta.says.internal_hostnames:
        name = draft.read_name(text)
        if name in outside:
            draft.add_warning(f"{clip_text(name)} is in hostname and in internal-hostname: hostname holds")
        elif name:
            inside[name] = service.inside
    for name, offer in (outside | inside).items():
        if service.has_pods:
            _add_pods(draft, name, pods)
        elif offer.refusal and not service.meta.says.target:
            draft.leave_out(name, offer.refusal)
        else:
            _add_addresses(draft, name, offer)
        if service.meta.says.srv and not service.srv_refusal:
            _add_srv(draft, name, service, pods)
    return draft.build_source()


def _add_srv(draft: Draft, name: str, service: Service, pods: Pods) -> None:
    """For each port with a name, to the published name, or to those of the pods: never to one that is not published."""
    want = draft.find_want(name)
    if want is None:
        return
    for port in service.ports:
        at = f"_{port.name}._{port.protocol}.{name}"
        if is_wildcard(name):
            draft.leave_out(at, "an SRV record cannot lead to a wildcard")
        elif want.values and value_type(want.values[0]) == "CNAME":
            draft.leave_out(at, f"an SRV record cannot lead to an alias (RFC 2782), which {name} is")
        else:
            values = _list_pod_values(draft, name, port, pods) if service.has_pods else (f"0 0 {port.port} {name}",)
            draft.add_record(at, WantedRecord("SRV", values, waits=True))


def _list_pod_values(draft: Draft, name: str, port: NamedPort, pods: Pods) -> tuple[str, ...]:
    """Of a headless Service. A port may have another number in another pod."""
    values = [
        f"0 0 {own.port} {host}.{name}"
        for host, ports in pods.ports.items()
        for own in ports
        if own[:2] == port[:2] and draft.find_want(f"{host}.{name}")
    ]
    if len(values) > TARGET_LIMIT:
        draft.add_warning(f"{SRV}: {len(values)} pods: only the first {TARGET_LIMIT} are in SRV records")
    return tuple(sorted(values[:TARGET_LIMIT]))


def _add_pods(draft: Draft, name: str, pods: Pods) -> None:
    """All of them at the name, and each that has a host name below it."""
    _add_addresses(draft, name, _settle_offer("pods", pods.addresses, draft.scope))
    for host, addresses in () if is_wildcard(name) else pods.by_host.items():
        _add_addresses(draft, f"{host}.{name}", _settle_offer("pods", addresses, draft.scope))


def _add_addresses(draft: Draft, name: str, offer: Offer) -> None:
    draft.add_own(name, offer.values)
    for warning in offer.values.warnings:
        draft.add_warning(f"{offer.where}: {warning}")


def _list_warnings(service: Service) -> Iterator[str]:
    says = service.meta.says
    for word, right in ((ACCESS, ("public", "private")), (ENDPOINTS_TYPE, OF_NODES)):
        if (text := says.find_word(word)) and text not in right:
            yield f'annotation {word} of external-dns: "{clip_text(text)}" is neither {right[0]} nor {right[1]}'
    if service.srv_refusal:
        yield f"annotation {PREFIX}{SRV} has no effect: {service.srv_refusal}"


def _refuse_pods(meta: ObjectMeta, scope: Scope) -> str:
    asked = meta.says.find_word(ENDPOINTS_TYPE)
    if asked in OF_NODES:
        return f"{ENDPOINTS_TYPE} asks for {asked}, and {NO_NODES}"
    return "" if scope.service_pods else PODS_OFF


def _read_offers(manifest: Mapping[str, Any], spec: Mapping[str, Any], scope: Scope) -> tuple[Offer, Offer]:
    """For the names of ``hostname``, and for those of ``internal-hostname``."""
    external = _list_texts(spec.get("externalIPs"))
    own = _list_texts(spec.get("clusterIPs")) or _list_texts([spec.get("clusterIP")])
    inside = _settle_offer("spec.clusterIPs", own, scope)
    match _read_type(spec):
        case "LoadBalancer":
            if external:
                return _settle_offer("spec.externalIPs", external, scope), inside
            return _settle_offer("status.loadBalancer", read_load_balancer(manifest), scope), inside
        case "ClusterIP":
            return Offer(refusal=ONLY_INSIDE), inside
        case "NodePort":
            offer = Offer(refusal=f"of a NodePort Service, {NO_NODES}")
        case "ExternalName" if external:
            offer = _settle_offer("spec.externalIPs", external, scope)
        case "ExternalName":
            offer = _settle_offer("spec.externalName", _list_texts([spec.get("externalName")]), scope)
        case kind:
            offer = Offer(refusal=f'Services of type "{clip_text(kind)}" are not known')
    return offer, offer


def _settle_offer(where: str, texts: Iterable[str], scope: Scope) -> Offer:
    return Offer(settle_values(tuple(texts), scope.targets), where=where)


def _read_type(spec: Mapping[str, Any]) -> str:
    return as_text(spec.get("type")) or CLUSTER_IP


def _list_texts(values: object) -> tuple[str, ...]:
    return tuple(text for value in as_list(values) if (text := as_text(value)))
