"""Which host names of an HTTPRoute a Gateway really serves: attachment, acceptance and the listeners' host names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from syncer.core.annotations import AnnotationRules, read_annotations, settle_values
from syncer.core.kinds import GATEWAY, HTTP_ROUTE
from syncer.core.manifest import as_list, as_mapping, as_text, clip_text, read_ref
from syncer.core.names import BadName, canonical, covers_name, is_wildcard
from syncer.core.parents import GatewayKey, Parent
from syncer.core.selector import Selector, SelectorError, asks_more, may_match, read_selector

Labels = Mapping[str, object]


class Endpoint(NamedTuple):
    """Where an Ingress or a Gateway says that it is reached: by its annotation, and by its status. ``refused`` are
    values among them that no source may publish."""

    target: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


class Listener(NamedTuple):
    """``hostname`` is "" for any. ``admits`` is ``allowedRoutes.namespaces.from``, "" when it takes no HTTPRoute; with
    ``Selector`` a ``selector`` of None admits nobody. ``refusal`` is what its own status says against it, "" when that
    says nothing."""

    name: str
    port: int
    hostname: str
    admits: str
    selector: Selector | None = ()
    refusal: str = ""


class Gateway(NamedTuple):
    """The part of a Gateway that decides names and addresses; equal ones need no second look at their routes.
    ``refusal`` is what its own status says against it, "" when that says nothing. ``is_unknown``: nothing is known of
    it, and it may have any listeners."""

    endpoint: Endpoint
    listeners: tuple[Listener, ...]
    warnings: tuple[str, ...] = ()
    refusal: str = ""
    is_unknown: bool = False


UNKNOWN_GATEWAY = Gateway(Endpoint(), (), is_unknown=True)
"""One that is in no document, where there are only documents to tell."""
LEAVING_GATEWAY = Gateway(Endpoint(), (), refusal="is being deleted")


class Unchecked(NamedTuple):
    """What is taken for granted of a Gateway because no document says it: all of its listeners unless ``is_given``,
    else that they take these ``namespaces``, which they choose by labels."""

    is_given: bool
    namespaces: frozenset[str] = frozenset()

    def __str__(self) -> str:
        if not self.is_given:
            return "it is in no document: its listeners were not checked"
        first, more = sorted(self.namespaces)[:3], len(self.namespaces) - 3
        named = ", ".join(map(clip_text, first)) + (f" and {more} more" if more > 0 else "")
        which = f"namespaces {named}, which are" if len(self.namespaces) > 1 else f"namespace {named}, which is"
        return f"its listeners were not checked: they choose by the labels of {which} in no document"


class ServedBy(NamedTuple):
    """By what a name is served: the Gateways, and the parents that lead to them."""

    gateways: dict[GatewayKey, Gateway]
    parents: dict[str, None]


class Served(NamedTuple):
    """What comes of one host name of a route: names, each with what serves it. ``refusal`` says why a parent does not
    give any; ``wildcards`` are host names of listeners that nobody wrote into the route."""

    names: dict[str, ServedBy]
    refusal: str = ""
    wildcards: tuple[str, ...] = ()


def read_gateway(manifest: Mapping[str, Any], rules: AnnotationRules) -> Gateway:
    ref = read_ref(GATEWAY, manifest)
    says = read_annotations(as_mapping(as_mapping(manifest.get("metadata")).get("annotations")), rules)
    addresses = as_list(as_mapping(manifest.get("status")).get("addresses"))
    values, complaints, refused = settle_values(
        tuple(text for item in addresses if (text := as_text(as_mapping(item).get("value")))), rules.targets
    )
    warnings = [*says.warnings, *(f"status.addresses: {complaint}" for complaint in complaints)]
    refusals = _read_refusals(manifest)
    listeners = []
    for item in as_list(as_mapping(manifest.get("spec")).get("listeners")):
        try:
            listener = _read_listener(as_mapping(item))
            listeners.append(listener._replace(refusal=refusals.get(listener.name, "")))
        except (BadName, SelectorError) as error:
            warnings.append(f'listener "{clip_text(as_text(as_mapping(item).get("name")))}" is not usable: {error}')
    prefix = f"Gateway {ref.namespace}/{ref.name}: "
    return Gateway(
        Endpoint(says.target, values, says.refused + refused),
        tuple(listeners),
        tuple(prefix + warning for warning in warnings),
        _read_refusal(as_mapping(manifest.get("status"))),
    )


def _read_refusals(manifest: Mapping[str, Any]) -> dict[str, str]:
    """What the status says against a listener, by its name."""
    refusals: dict[str, str] = {}
    for item in as_list(as_mapping(manifest.get("status")).get("listeners")):
        entry = as_mapping(item)
        if refusal := _read_refusal(entry):
            refusals.setdefault(as_text(entry.get("name")), refusal)
    return refusals


def _read_refusal(status: Mapping[str, Any]) -> str:
    """What the conditions of a Gateway or of one of its listeners say against it."""
    for item in as_list(status.get("conditions")):
        condition = as_mapping(item)
        words = _REFUSALS.get((as_text(condition.get("type")), as_text(condition.get("status"))))
        if words:
            return f"{words}: {clip_text(as_text(condition.get('reason')) or 'no reason given')}"
    return ""


_REFUSALS = {("Accepted", "False"): "is not accepted", ("Conflicted", "True"): "is in conflict"}
"""By type and status of a condition."""


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
        selector=_read_admitted(namespaces) if admits == "Selector" else (),
    )


def _read_admitted(namespaces: Mapping[str, Any]) -> Selector | None:
    """A null selector matches nothing, an empty one everything (``metav1.LabelSelectorAsSelector``)."""
    selector = namespaces.get("selector")
    return None if selector is None else read_selector(selector)


ANY_LISTENER = Listener("", 0, "", "All")


class _Attached(NamedTuple):
    """A parent with the listeners that it means, each with the reason for which it does not take the route, "" where it
    does. ``refusal`` says why there is none to be asked; ``is_lost``: no such listener is there."""

    parent: Parent
    gateway: Gateway | None = None
    listeners: Sequence[tuple[Listener, str]] = ()
    refusal: str = ""
    is_lost: bool = False
    is_unchecked: bool = False
    """One of the listeners takes the route as far as is known, and more would have to be known."""

    @property
    def key(self) -> str:
        """Of the parent; of its whole Gateway where no listener is the one meant, which may have had another name."""
        return (self.parent._replace(section="", port=None) if self.is_lost else self.parent).key


class Attachment:
    """A route on its Gateways, ready to be asked for one host name after another."""

    def __init__(
        self,
        parents: Sequence[Parent],
        namespace: str,
        gateways: Mapping[GatewayKey, Gateway],
        namespaces: Mapping[str, Labels],
        *,
        listener_wildcards: bool,
    ) -> None:
        self.warnings: list[str] = []
        self.waits = any(parent.silent for parent in parents)
        self._listener_wildcards = listener_wildcards
        self._attached = [_attach_parent(parent, namespace, gateways, namespaces) for parent in parents]
        self.parents = tuple(dict.fromkeys(attached.key for attached in self._attached if attached.parent.is_read))
        self.unchecked = {attached.parent.gateway for attached in self._attached if attached.is_unchecked}
        for parent, gateway, listeners, *_ in self._attached:
            if gateway and any(not refusal for _, refusal in listeners):
                self.warnings += (warning for warning in (parent.warning, *gateway.warnings) if warning)

    def serve_name(self, hostname: str) -> Served:
        """``hostname`` is canonical, or "" for a route without one, which takes the listeners' names."""
        names: dict[str, ServedBy] = {}
        wildcards: dict[str, None] = {}
        refusals: dict[str, None] = {}
        for parent, gateway, listeners, refusal, *_ in self._attached:
            if gateway is None:
                refusals[refusal] = None
                continue
            serves, refused = False, ""
            for listener, reason in listeners:
                name = intersect_names(hostname, listener.hostname)
                if name is None:
                    continue
                if reason:
                    refused = refused or reason
                elif not hostname and is_wildcard(name) and not self._listener_wildcards:
                    wildcards[name] = None
                else:
                    server = names.setdefault(name, ServedBy({}, {}))
                    server.gateways[parent.gateway] = gateway
                    server.parents[parent.key] = None
                    serves = True
            if hostname and not (serves or refused):
                refused = f"no listener of {_describe_gateway(parent.gateway)} has this host name"
            if refused and not serves:
                refusals[refused] = None
        if not self._attached:
            refusals["the route has no parents"] = None
        return Served(names, "; ".join(refusals), tuple(wildcards))


def intersect_names(hostname: str, listener: str) -> str | None:
    """The more specific of the two names when one covers the other; "" means any host. None: nothing in common."""
    if not listener or (hostname and covers_name(listener, hostname)):
        return hostname
    if not hostname or covers_name(hostname, listener):
        return listener
    return None


def _attach_parent(
    parent: Parent, namespace: str, gateways: Mapping[GatewayKey, Gateway], namespaces: Mapping[str, Labels]
) -> _Attached:
    who = _describe_gateway(parent.gateway)
    gateway = gateways.get(parent.gateway)
    named = [
        listener
        for listener in (gateway.listeners if gateway else ())
        if parent.section in ("", listener.name) and parent.port in (None, listener.port)
    ]
    refusal = parent.refusal or _refuse_parent(who, parent, gateway, is_there=bool(named))
    if gateway is None or refusal:
        return _Attached(parent, refusal=refusal, is_lost=not named)
    if gateway.is_unknown:
        return _Attached(parent, gateway, [(ANY_LISTENER, "")], is_unchecked=True)
    listeners = [(listener, _refuse_listener(who, listener, parent, namespace, namespaces)) for listener in named]
    labels = namespaces.get(namespace, {})
    is_unchecked = any(not refusal and asks_more(listener.selector or (), labels) for listener, refusal in listeners)
    return _Attached(parent, gateway, listeners, is_unchecked=is_unchecked)


def _refuse_parent(who: str, parent: Parent, gateway: Gateway | None, *, is_there: bool) -> str:
    """Why none of its listeners is asked, "" when they are. ``is_there``: the Gateway has one that the parent means."""
    if gateway is None:
        return f"{who} is not there"
    if gateway.refusal:
        return f"{who} {gateway.refusal}"
    if is_there or gateway.is_unknown:
        return ""
    section = f' "{clip_text(parent.section)}"' if parent.section else ""
    port = f" on port {parent.port}" if parent.port else ""
    return f"{who} has no listener{f'{section}{port}' or ' at all'}"


def _refuse_listener(
    who: str, listener: Listener, parent: Parent, namespace: str, namespaces: Mapping[str, Labels]
) -> str:
    """Why the listener does not take the route, "" when it does."""
    if listener.refusal:
        return f'listener "{clip_text(listener.name)}" of {who} {listener.refusal}'
    if listener.admits == "All" or (listener.admits == "Same" and parent.gateway[0] == namespace):
        return ""
    if not listener.admits:
        return f"{who} takes no HTTPRoutes on that listener"
    if listener.admits == "Selector":
        if listener.selector is None:
            return f"{who} selects namespaces without a selector there, which admits none"
        if namespace not in namespaces:
            return f"{who} selects by the labels of namespace {clip_text(namespace)}, which are not known"
        if may_match(listener.selector, namespaces[namespace]):
            return ""
    return f"{who} does not allow HTTPRoutes from namespace {clip_text(namespace)} on that listener"


def _describe_gateway(key: GatewayKey) -> str:
    return f"Gateway {clip_text(key[0])}/{clip_text(key[1])}"
