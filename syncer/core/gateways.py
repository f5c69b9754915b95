"""Which host names of an HTTPRoute a Gateway really serves: attachment, acceptance and the listeners' host names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from syncer.core.annotations import read_annotations, settle_values
from syncer.core.kinds import GATEWAY, HTTP_ROUTE
from syncer.core.manifest import as_list, as_mapping, as_text, clip_text, read_ref
from syncer.core.names import BadName, canonical, covers_name
from syncer.core.selector import Selector, SelectorError, match_labels, read_selector

Labels = Mapping[str, object]
GatewayKey = tuple[str, str]
"""(namespace, name)."""


class Endpoint(NamedTuple):
    """Where an Ingress or a Gateway says that it is reached: by its annotation, and by its status."""

    target: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


class Listener(NamedTuple):
    """``hostname`` is "" for any. ``admits`` is ``allowedRoutes.namespaces.from``, "" when it takes no HTTPRoute."""

    name: str
    port: int
    hostname: str
    admits: str
    selector: Selector = ()


class Gateway(NamedTuple):
    """The part of a Gateway that decides names and addresses; equal ones need no second look at their routes."""

    endpoint: Endpoint
    listeners: tuple[Listener, ...]
    warnings: tuple[str, ...] = ()


class Parent(NamedTuple):
    """One Gateway that a route is attached to. ``refusal`` says why it is not, "" when it is."""

    gateway: GatewayKey
    section: str = ""
    port: int | None = None
    refusal: str = ""
    warning: str = ""


class Served(NamedTuple):
    """What comes of one host name of a route: names, each with the Gateways that serve it, or why there are none."""

    names: dict[str, dict[GatewayKey, Gateway]]
    refusal: str = ""


def read_gateway(manifest: Mapping[str, Any], *, external_dns: bool) -> Gateway:
    ref = read_ref(GATEWAY, manifest)
    says = read_annotations(
        as_mapping(as_mapping(manifest.get("metadata")).get("annotations")), external_dns=external_dns
    )
    addresses = as_list(as_mapping(manifest.get("status")).get("addresses"))
    values, complaints = settle_values(
        tuple(text for item in addresses if (text := as_text(as_mapping(item).get("value"))))
    )
    warnings = [*says.warnings, *(f"status.addresses: {complaint}" for complaint in complaints)]
    listeners = []
    for item in as_list(as_mapping(manifest.get("spec")).get("listeners")):
        try:
            listeners.append(_read_listener(as_mapping(item)))
        except (BadName, SelectorError) as error:
            warnings.append(f'listener "{clip_text(as_text(as_mapping(item).get("name")))}" is not usable: {error}')
    prefix = f"Gateway {ref.namespace}/{ref.name}: "
    return Gateway(Endpoint(says.target, values), tuple(listeners), tuple(prefix + warning for warning in warnings))


def _read_listener(listener: Mapping[str, Any]) -> Listener:
    allowed = as_mapping(listener.get("allowedRoutes"))
    namespaces = as_mapping(allowed.get("namespaces"))
    kinds = [as_mapping(kind) for kind in as_list(allowed.get("kinds"))]
    takes_http = listener.get("protocol") in ("HTTP", "HTTPS") and (
        not kinds
        or any(
            kind.get("kind") == HTTP_ROUTE.kind and kind.get("group", HTTP_ROUTE.group) == HTTP_ROUTE.group
            for kind in kinds
        )
    )
    admits = as_text(namespaces.get("from")) or "Same"
    hostname = as_text(listener.get("hostname"))
    port = listener.get("port")
    return Listener(
        name=as_text(listener.get("name")),
        port=port if isinstance(port, int) else 0,
        hostname=canonical(hostname) if hostname else "",
        admits=admits if takes_http else "",
        selector=read_selector(namespaces.get("selector")) if admits == "Selector" else (),
    )


def read_parents(manifest: Mapping[str, Any], namespace: str, *, assume_accepted: bool) -> tuple[Parent, ...]:
    """The parents in ``status`` that ``spec`` still names, and those in ``spec`` that no status mentions.

    With ``assume_accepted`` a route without any status counts as accepted: it is from a file, and has no controller.
    """
    wanted: dict[tuple[str, str, str, str], list[Mapping[str, Any]]] = {}
    for item in as_list(as_mapping(manifest.get("spec")).get("parentRefs")):
        parent_ref = as_mapping(item)
        wanted.setdefault(_identify_parent(parent_ref, namespace), []).append(parent_ref)
    entries = [as_mapping(item) for item in as_list(as_mapping(manifest.get("status")).get("parents"))]
    unjudged = "" if assume_accepted and not entries else "has not accepted the route yet"
    assumed = "the route has no status: taken as accepted" if not unjudged else ""
    generation = as_mapping(manifest.get("metadata")).get("generation")
    judged: dict[tuple[str, str, str, str], list[Parent]] = {}
    for entry in entries:
        parent_ref = as_mapping(entry.get("parentRef"))
        identity = _identify_parent(parent_ref, namespace)
        if identity in wanted:
            judged.setdefault(identity, []).append(_judge_parent(parent_ref, identity, entry, generation))
    parents: list[Parent] = []
    for identity, parent_refs in wanted.items():
        group, kind, *gateway = identity
        if (group, kind) != (GATEWAY.group, GATEWAY.kind):
            parents.append(Parent((gateway[0], gateway[1]), refusal=f"parents of kind {clip_text(kind)} are not read"))
        elif identity in judged:
            parents += judged[identity]
        else:
            parents += (_make_parent(parent_ref, identity, unjudged, assumed) for parent_ref in parent_refs)
    return tuple(dict.fromkeys(parents))


def _identify_parent(parent_ref: Mapping[str, Any], namespace: str) -> tuple[str, str, str, str]:
    group = parent_ref.get("group")
    return (
        GATEWAY.group if group is None else as_text(group),
        as_text(parent_ref.get("kind")) or GATEWAY.kind,
        as_text(parent_ref.get("namespace")) or namespace,
        as_text(parent_ref.get("name")),
    )


def _make_parent(
    parent_ref: Mapping[str, Any], identity: tuple[str, str, str, str], refusal: str, warning: str
) -> Parent:
    port = parent_ref.get("port")
    who = f"Gateway {clip_text(identity[2])}/{clip_text(identity[3])}"
    return Parent(
        identity[2:],
        as_text(parent_ref.get("sectionName")),
        port if isinstance(port, int) else None,
        f"{who} {refusal}" if refusal else "",
        f"{who}: {warning}" if warning else "",
    )


def _judge_parent(
    parent_ref: Mapping[str, Any], identity: tuple[str, str, str, str], entry: Mapping[str, Any], generation: object
) -> Parent:
    conditions = [as_mapping(item) for item in as_list(entry.get("conditions"))]
    accepted = next((condition for condition in conditions if condition.get("type") == "Accepted"), None)
    if accepted is None:
        return _make_parent(parent_ref, identity, "has not accepted the route yet", "")
    if accepted.get("status") != "True":
        reason = clip_text(as_text(accepted.get("reason")) or "no reason given")
        return _make_parent(parent_ref, identity, f"does not accept the route: {reason}", "")
    observed = accepted.get("observedGeneration")
    stale = isinstance(observed, int) and isinstance(generation, int) and observed < generation
    return _make_parent(
        parent_ref, identity, "", "the acceptance is of an older generation of the route" if stale else ""
    )


class Attachment:
    """A route on its Gateways, ready to be asked for one host name after another."""

    def __init__(
        self,
        parents: Sequence[Parent],
        namespace: str,
        gateways: Mapping[GatewayKey, Gateway],
        namespaces: Mapping[str, Labels],
    ) -> None:
        self.warnings: list[str] = []
        self.refusals: list[str] = []
        self._open: list[tuple[GatewayKey, Gateway, tuple[Listener, ...]]] = []
        for parent in parents:
            gateway = gateways.get(parent.gateway)
            if parent.refusal:
                self.refusals.append(parent.refusal)
            elif gateway is None:
                self.refusals.append(f"{_describe_gateway(parent.gateway)} is not there")
            else:
                listeners, refusal = _find_listeners(parent, gateway, namespace, namespaces)
                if refusal:
                    self.refusals.append(refusal)
                else:
                    self._open.append((parent.gateway, gateway, listeners))
                    self.warnings += (warning for warning in (parent.warning, *gateway.warnings) if warning)
        if not parents:
            self.refusals.append("the route has no parents")

    def serve_name(self, hostname: str) -> Served:
        """``hostname`` is canonical, or "" for a route without one, which takes the listeners' names."""
        names: dict[str, dict[GatewayKey, Gateway]] = {}
        for key, gateway, listeners in self._open:
            for listener in listeners:
                if (name := intersect_names(hostname, listener.hostname)) is not None:
                    names.setdefault(name, {})[key] = gateway
        if names:
            return Served(names)
        mismatch = [f"no listener of {_describe_gateway(key)} has this host name" for key, *_ in self._open]
        return Served({}, "; ".join(dict.fromkeys(self.refusals + mismatch)))


def intersect_names(hostname: str, listener: str) -> str | None:
    """The more specific of the two names when one covers the other; "" means any host. None: nothing in common."""
    if not listener or (hostname and covers_name(listener, hostname)):
        return hostname
    if not hostname or covers_name(hostname, listener):
        return listener
    return None


def _find_listeners(
    parent: Parent, gateway: Gateway, namespace: str, namespaces: Mapping[str, Labels]
) -> tuple[tuple[Listener, ...], str]:
    """The listeners that the route may attach to, or why there are none."""
    who = _describe_gateway(parent.gateway)
    named = [
        listener
        for listener in gateway.listeners
        if parent.section in ("", listener.name) and parent.port in (None, listener.port)
    ]
    if not named:
        place = (
            f'"{clip_text(parent.section)}"'
            if parent.section
            else f"on port {parent.port}"
            if parent.port
            else "at all"
        )
        return (), f"{who} has no listener {place}"
    allowed = tuple(
        listener
        for listener in named
        if listener.admits == "All"
        or (listener.admits == "Same" and parent.gateway[0] == namespace)
        or (
            listener.admits == "Selector"
            and namespace in namespaces
            and match_labels(listener.selector, namespaces[namespace])
        )
    )
    if allowed:
        return allowed, ""
    if namespace not in namespaces and any(listener.admits == "Selector" for listener in named):
        return (), f"{who} selects by the labels of namespace {clip_text(namespace)}, which are not known"
    return (), f"{who} does not allow HTTPRoutes from namespace {clip_text(namespace)} on that listener"


def _describe_gateway(key: GatewayKey) -> str:
    return f"Gateway {clip_text(key[0])}/{clip_text(key[1])}"
