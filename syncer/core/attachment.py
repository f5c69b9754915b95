"""Which host names of a route its parents really serve: attachment, acceptance and the listeners' host names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Self

from syncer.core.gateways import Gateway
from syncer.core.listeners import ANY_LISTENER, Labels, Listener
from syncer.core.manifest import clip_text
from syncer.core.names import covers_name, is_wildcard
from syncer.core.parents import Parent, ParentKey
from syncer.core.selector import asks_more
from syncer.core.source import Ref

LISTENERS, ALLOWED_LISTENERS, LABELS = "listeners", "allowedListeners", "labels (GATEWAY_SELECTOR)"
"""What of a Gateway may not have been checked."""


class Unchecked(NamedTuple):
    """What is taken for granted of a Gateway or a ListenerSet because no document says it: all of ``what`` unless it
    ``is_given``, else that this takes these ``namespaces``, which it chooses by labels."""

    what: str
    is_given: bool
    namespaces: frozenset[str] = frozenset()

    def __str__(self) -> str:
        if not self.is_given:
            return f"it is in no document: its {self.what} were not checked"
        first, more = sorted(self.namespaces)[:3], len(self.namespaces) - 3
        named = ", ".join(map(clip_text, first)) + (f" and {more} more" if more > 0 else "")
        which = f"namespaces {named}, which are" if len(self.namespaces) > 1 else f"namespace {named}, which is"
        return f"its {self.what} were not checked: they choose by the labels of {which} in no document"


class ServedBy(NamedTuple):
    """By what a name is served: the Gateways and ListenerSets, the parents that lead to them, and the protocols of the
    listeners."""

    gateways: dict[ParentKey, Gateway]
    parents: dict[str, None]
    protocols: dict[str, None]

    @classmethod
    def nothing(cls) -> Self:
        return cls({}, {}, {})


class Served(NamedTuple):
    """What comes of one host name of a route: names, each with what serves it. ``refusal`` says why a parent does not
    give any; ``wildcards`` are host names of listeners that nobody wrote into the route."""

    names: dict[str, ServedBy]
    refusal: str = ""
    wildcards: tuple[str, ...] = ()


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

    @property
    def takes_route(self) -> bool:
        return any(not refusal for _, refusal in self.listeners)

    @property
    def waits(self) -> bool:
        """It may still be said whether the route is taken."""
        return self.parent.silent or (self.parent.is_read and self.gateway is not None and self.gateway.is_silent)

    def list_unchecked(self, namespace: str) -> list[tuple[ParentKey, str, str]]:
        place = self.parent.place
        found = [(place, LISTENERS, namespace)] if self.is_unchecked else []
        if self.gateway and self.gateway.unchecked and self.takes_route:
            found.append((self.gateway.unchecked, ALLOWED_LISTENERS, place.namespace))
        return found


class Attachment:
    """A route on its parents, ready to be asked for one host name after another."""

    def __init__(
        self,
        parents: Sequence[Parent],
        route: Ref,
        gateways: Mapping[ParentKey, Gateway],
        namespaces: Mapping[str, Labels],
        *,
        listener_wildcards: bool,
    ) -> None:
        """``gateways`` are Gateways and ListenerSets; ``namespaces`` has the labels of those that are known."""
        self.warnings: list[str] = []
        self._listener_wildcards = listener_wildcards
        self._attached = [_attach_parent(parent, route, gateways, namespaces) for parent in parents]
        self.waits = any(attached.waits for attached in self._attached)
        self.parents = tuple(dict.fromkeys(attached.key for attached in self._attached if attached.parent.is_read))
        self.unchecked = {what for attached in self._attached for what in attached.list_unchecked(route.namespace)}
        """Each a Gateway or ListenerSet, what of it is not known, and which namespace asks."""
        for attached in self._attached:
            if attached.gateway and attached.takes_route:
                self.warnings += filter(None, (attached.parent.warning, *attached.gateway.warnings))

    def serve_name(self, hostname: str) -> Served:
        """``hostname`` is canonical, or "" for a route without one, which takes the listeners' names."""
        names: dict[str, ServedBy] = {}
        wildcards: dict[str, None] = {}
        refusals: dict[str, None] = {}
        for parent, gateway, listeners, refusal, *_ in self._attached:
            if gateway is None or refusal:
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
                    server = names.setdefault(name, ServedBy.nothing())
                    server.gateways[parent.place] = gateway
                    server.parents[parent.key] = None
                    server.protocols[listener.protocol] = None
                    serves = True
            if hostname and not (serves or refused):
                refused = f"no listener of {parent.place} has this host name"
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
    parent: Parent, route: Ref, gateways: Mapping[ParentKey, Gateway], namespaces: Mapping[str, Labels]
) -> _Attached:
    gateway = gateways.get(parent.place)
    named = [
        listener
        for listener in (gateway.listeners if gateway else ())
        if parent.section in ("", listener.name) and parent.port in (None, listener.port)
    ]
    refusal = parent.refusal or _refuse_parent(parent, gateway, is_there=bool(named))
    if gateway is None or refusal:
        return _Attached(parent, gateway, refusal=refusal, is_lost=not named)
    if gateway.is_unknown:
        return _Attached(parent, gateway, [(ANY_LISTENER, "")], is_unchecked=True)
    listeners = [(listener, _refuse_listener(listener, parent.place, route, namespaces)) for listener in named]
    labels = namespaces.get(route.namespace, {})
    is_unchecked = any(not refusal and asks_more(it.admits.selector or (), labels) for it, refusal in listeners)
    return _Attached(parent, gateway, listeners, is_unchecked=is_unchecked)


def _refuse_parent(parent: Parent, gateway: Gateway | None, *, is_there: bool) -> str:
    """Why none of its listeners is asked, "" when they are. ``is_there``: it has one that the parent means."""
    if gateway is None:
        return f"{parent.place} is not there"
    if gateway.refusal:
        return f"{parent.place} {gateway.refusal}"
    if is_there or gateway.is_unknown:
        return ""
    section = f' "{clip_text(parent.section)}"' if parent.section else ""
    port = f" on port {parent.port}" if parent.port else ""
    return f"{parent.place} has no listener{f'{section}{port}' or ' at all'}"


def _refuse_listener(listener: Listener, who: ParentKey, route: Ref, namespaces: Mapping[str, Labels]) -> str:
    """Why the listener does not take the route, "" when it does."""
    if listener.refusal:
        return f'listener "{clip_text(listener.name)}" of {who} {listener.refusal}'
    if route.kind not in listener.kinds:
        return f"{who} takes no {route.kind}s on that listener"
    what, own, where = f"{route.kind}s", who.namespace, " on that listener"
    refusal = listener.admits.refuse_namespace(what, own, route.namespace, namespaces, where)
    return f"{who} {refusal}" if refusal else ""
