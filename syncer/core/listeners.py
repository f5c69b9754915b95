"""The listeners of a Gateway or a ListenerSet: which routes each of them takes, and what its status says against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from syncer.core.kinds import GATEWAY_ROUTES, GRPC_ROUTE, HTTP_ROUTE, TCP_ROUTE, TLS_ROUTE, UDP_ROUTE
from syncer.core.manifest import as_list, as_mapping, as_text, clip_text
from syncer.core.names import BadName, canonical_name
from syncer.core.selector import Selector, SelectorError, may_match, read_selector

Labels = Mapping[str, object]

ROUTES_OF = {
    "HTTP": (HTTP_ROUTE, GRPC_ROUTE),
    "HTTPS": (HTTP_ROUTE, GRPC_ROUTE),
    "TLS": (TLS_ROUTE, TCP_ROUTE),
    "TCP": (TCP_ROUTE,),
    "UDP": (UDP_ROUTE,),
}
"""By protocol. A TCPRoute needs a listener that ends the TLS: one that passes it through tells by the name in it alone
where a connection goes."""
NAMELESS = frozenset(("TCP", "UDP"))
"""Protocols in which no client says a host name: what a listener says of one is not read."""


class Admits(NamedTuple):
    """Whose objects may attach. ``whom`` is the ``from`` of ``namespaces``; with ``Selector`` a ``selector`` of None
    admits nobody."""

    whom: str
    selector: Selector | None = ()

    def refuse_namespace(
        self, what: str, own: str, namespace: str, namespaces: Mapping[str, Labels], where: str = ""
    ) -> str:
        """Why objects of ``namespace`` may not attach to one of the namespace ``own``, "" when they may. ``what`` are
        these objects, and ``where`` is to what they attach, as the reason says it; ``namespaces`` has the labels of
        those that are known."""
        if self.whom == "All" or (self.whom == "Same" and own == namespace):
            return ""
        if self.whom == "Selector":
            if self.selector is None:
                return "selects namespaces without a selector there, which admits none"
            if namespace not in namespaces:
                return f"selects by the labels of namespace {clip_text(namespace)}, which are not known"
            if may_match(self.selector, namespaces[namespace]):
                return ""
        return f"does not allow {what} from namespace {clip_text(namespace)}{where}"


EVERYBODY = Admits("All")


class Listener(NamedTuple):
    """``hostname`` is "" for any. ``kinds`` are the kinds of routes that it takes. ``refusal`` is what its own status
    says against it, "" when that says nothing."""

    name: str
    port: int
    protocol: str
    hostname: str
    kinds: tuple[str, ...]
    admits: Admits
    refusal: str = ""


ANY_LISTENER = Listener("", 0, "", "", tuple(route.kind for route in GATEWAY_ROUTES), EVERYBODY)


def read_listeners(manifest: Mapping[str, Any], *, unnamed: str = "") -> tuple[tuple[Listener, ...], list[str]]:
    """Those that are usable, and what is wrong with the others. ``unnamed`` is the refusal of a listener of which the
    status says nothing."""
    refusals = _read_refusals(manifest)
    listeners, warnings = [], []
    for item in as_list(as_mapping(manifest.get("spec")).get("listeners")):
        try:
            listener = _read_listener(as_mapping(item))
            listeners.append(listener._replace(refusal=refusals.get(listener.name, unnamed)))
        except (BadName, SelectorError) as error:
            warnings.append(f'listener "{clip_text(as_text(as_mapping(item).get("name")))}" is not usable: {error}')
    return tuple(listeners), warnings


def _read_refusals(manifest: Mapping[str, Any]) -> dict[str, str]:
    """What the status says against a listener, by its name."""
    refusals: dict[str, str] = {}
    for item in as_list(as_mapping(manifest.get("status")).get("listeners")):
        entry = as_mapping(item)
        name = as_text(entry.get("name"))
        refusals[name] = refusals.get(name) or read_refusal(entry)
    return refusals


def read_refusal(status: Mapping[str, Any]) -> str:
    """What the conditions of a Gateway, a ListenerSet or one of their listeners say against it."""
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
    protocol = as_text(listener.get("protocol"))
    hostname = "" if protocol in NAMELESS else as_text(listener.get("hostname"))
    port = listener.get("port")
    return Listener(
        name=as_text(listener.get("name")),
        port=port if isinstance(port, int) else 0,
        protocol=protocol,
        hostname=canonical_name(hostname) if hostname else "",
        kinds=_read_kinds(listener, protocol, as_list(allowed.get("kinds"))),
        admits=read_admits(allowed, usual="Same"),
    )


def _read_kinds(listener: Mapping[str, Any], protocol: str, allowed: Sequence[Any]) -> tuple[str, ...]:
    taken = [route for route in ROUTES_OF.get(protocol, ()) if route != TCP_ROUTE or not _passes_tls(listener)]
    if allowed:
        kinds = [as_mapping(kind) for kind in allowed]
        asked = {(kind.get("group", HTTP_ROUTE.group), kind.get("kind")) for kind in kinds}
        taken = [route for route in taken if (route.group, route.kind) in asked]
    return tuple(route.kind for route in taken)


def _passes_tls(listener: Mapping[str, Any]) -> bool:
    return as_mapping(listener.get("tls")).get("mode") == "Passthrough"


def read_admits(allowed: Mapping[str, Any], *, usual: str) -> Admits:
    """``allowed`` is ``allowedRoutes`` or ``allowedListeners``. Raises ``SelectorError``.

    A null selector matches nothing, an empty one everything (``metav1.LabelSelectorAsSelector``).
    """
    namespaces = as_mapping(allowed.get("namespaces"))
    whom = as_text(namespaces.get("from")) or usual
    if whom != "Selector":
        return Admits(whom)
    selector = namespaces.get("selector")
    return Admits(whom, None if selector is None else read_selector(selector))
