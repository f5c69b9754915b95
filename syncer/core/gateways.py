"""Gateways and ListenerSets: the part of them that decides names and addresses of routes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from syncer.core.annotations import AnnotationRules, read_annotations, settle_values
from syncer.core.kinds import GATEWAY, LISTENER_SET
from syncer.core.listeners import Admits, Labels, Listener, read_admits, read_listeners, read_refusal
from syncer.core.manifest import as_list, as_mapping, as_text, read_ref
from syncer.core.parents import ParentKey
from syncer.core.selector import SelectorError, asks_more

NOBODY = Admits("None")
ON_GATEWAY = f"{LISTENER_SET.kind}s"


class Endpoint(NamedTuple):
    """Where an Ingress or a Gateway says that it is reached: by its annotation, and by its status. ``refused`` are
    values among them that no source may publish."""

    target: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


class Gateway(NamedTuple):
    """A Gateway; or a ListenerSet as its routes see it, with the addresses of its Gateway. Equal ones need no second
    look at their routes. ``refusal`` is what speaks against all of its listeners, "" when nothing does. ``is_unknown``:
    nothing is known of it, and it may have any listeners. ``is_silent``: nobody has judged it yet. ``left_out`` is
    why a filter of the operator leaves it out, "" when none does; ``unpublished`` is why the target that is read for
    does, where its routes do not pass otherwise."""

    endpoint: Endpoint
    listeners: tuple[Listener, ...]
    warnings: tuple[str, ...] = ()
    refusal: str = ""
    is_unknown: bool = False
    is_silent: bool = False
    takes_sets: Admits = NOBODY
    """Whose ListenerSets may attach."""
    unchecked: ParentKey | None = None
    """The Gateway of a ListenerSet of which more would have to be known."""
    left_out: str = ""
    unpublished: str = ""


UNKNOWN_GATEWAY = Gateway(Endpoint(), (), is_unknown=True)
"""One that is in no document, where there are only documents to tell."""
LEAVING_GATEWAY = Gateway(Endpoint(), (), refusal="is being deleted")


class ListenerSet(NamedTuple):
    """Listeners that are added to those of ``gateway``, None where its parent is none. ``refusal`` is what its own
    status says against it, and ``is_silent`` that it has not been judged."""

    gateway: ParentKey | None
    listeners: tuple[Listener, ...] = ()
    target: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    refusal: str = ""
    is_silent: bool = False
    is_judged: bool = True


LEAVING_SET = ListenerSet(None, refusal=LEAVING_GATEWAY.refusal)


def read_gateway(manifest: Mapping[str, Any], rules: AnnotationRules) -> Gateway:
    key = _read_key(manifest, GATEWAY.kind)
    says = read_annotations(as_mapping(as_mapping(manifest.get("metadata")).get("annotations")), rules)
    addresses = as_list(as_mapping(manifest.get("status")).get("addresses"))
    values, complaints, refused = settle_values(
        tuple(text for item in addresses if (text := as_text(as_mapping(item).get("value")))), rules.targets
    )
    listeners, unusable = read_listeners(manifest)
    warnings = [*says.warnings, *(f"status.addresses: {complaint}" for complaint in complaints), *unusable]
    try:
        takes_sets = read_admits(as_mapping(as_mapping(manifest.get("spec")).get("allowedListeners")), usual="None")
    except SelectorError as error:
        takes_sets = NOBODY
        warnings.append(f"its allowedListeners admit none: {error}")
    return Gateway(
        Endpoint(says.target, values, says.refused + refused),
        listeners,
        tuple(f"{key}: {warning}" for warning in warnings),
        read_refusal(as_mapping(manifest.get("status"))),
        takes_sets=takes_sets,
    )


def read_listener_set(manifest: Mapping[str, Any], rules: AnnotationRules, *, assume_accepted: bool) -> ListenerSet:
    """With ``assume_accepted`` one of which no status says anything counts as accepted: it is from a file, and has no
    controller."""
    key = _read_key(manifest, LISTENER_SET.kind)
    says = read_annotations(as_mapping(as_mapping(manifest.get("metadata")).get("annotations")), rules)
    status = as_mapping(manifest.get("status"))
    is_judged = _is_judged(status)
    unnamed = "" if assume_accepted and not is_judged else "is not accepted: the status does not name it"
    listeners, unusable = read_listeners(manifest, unnamed=unnamed)
    refusal = read_refusal(status)
    is_silent = not refusal and bool(unnamed) and "True" not in _list_acceptance(status)
    gateway = _read_parent(as_mapping(as_mapping(manifest.get("spec")).get("parentRef")), key.namespace)
    return ListenerSet(
        gateway,
        listeners,
        says.target,
        says.refused,
        tuple(f"{key}: {warning}" for warning in (*says.warnings, *unusable)),
        refusal or ("has not been accepted yet" if is_silent else ""),
        is_silent,
        is_judged,
    )


def _read_key(manifest: Mapping[str, Any], kind: str) -> ParentKey:
    ref = read_ref(GATEWAY, manifest)
    return ParentKey(kind, ref.namespace, ref.name)


def _is_judged(status: Mapping[str, Any]) -> bool:
    """The API server itself gives each new one conditions that are Unknown."""
    return bool(as_list(status.get("listeners"))) or any(it != "Unknown" for it in _list_acceptance(status))


def _list_acceptance(status: Mapping[str, Any]) -> list[object]:
    """Whether it is accepted, as far as that is said."""
    conditions = (as_mapping(item) for item in as_list(status.get("conditions")))
    return [condition.get("status") for condition in conditions if condition.get("type") == "Accepted"]


def _read_parent(parent_ref: Mapping[str, Any], namespace: str) -> ParentKey | None:
    group, kind = parent_ref.get("group"), as_text(parent_ref.get("kind")) or GATEWAY.kind
    if (GATEWAY.group if group is None else group) != GATEWAY.group or kind != GATEWAY.kind:
        return None
    return ParentKey(kind, as_text(parent_ref.get("namespace")) or namespace, as_text(parent_ref.get("name")))


def join_gateway(
    own: ParentKey, listener_set: ListenerSet, gateway: Gateway | None, namespaces: Mapping[str, Labels]
) -> Gateway:
    """The ListenerSet as its routes see it. ``own`` is its key; ``namespaces`` has the labels of those that are known.

    A controller that has said nothing yet would let a listener of the Gateway win over an equal one of the set.
    """
    refusal = _refuse_set(own, listener_set, gateway, namespaces) or listener_set.refusal
    endpoint, listeners = gateway.endpoint if gateway else Endpoint(), listener_set.listeners
    if gateway and not listener_set.is_judged:
        listeners = tuple(_yield_place(listener, gateway, f"{listener_set.gateway}") for listener in listeners)
    labels = namespaces.get(own.namespace, {})
    is_unchecked = gateway and (gateway.is_unknown or asks_more(gateway.takes_sets.selector or (), labels))
    return Gateway(
        Endpoint(listener_set.target or endpoint.target, endpoint.addresses, listener_set.refused + endpoint.refused),
        listeners,
        listener_set.warnings + (gateway.warnings if gateway else ()),
        refusal,
        is_silent=listener_set.is_silent,
        unchecked=listener_set.gateway if is_unchecked else None,
    )


def _refuse_set(
    own: ParentKey, listener_set: ListenerSet, gateway: Gateway | None, namespaces: Mapping[str, Labels]
) -> str:
    """What its Gateway says against it."""
    if listener_set.gateway is None:
        return "" if listener_set.refusal else "has a parent that is no Gateway"
    refusal = "is not there"
    if gateway is not None:
        refusal = gateway.refusal
        if not (refusal or gateway.is_unknown):
            takes, there = gateway.takes_sets, listener_set.gateway.namespace
            refusal = takes.refuse_namespace(ON_GATEWAY, there, own.namespace, namespaces)
    return f"has {listener_set.gateway}, which {refusal}" if refusal else ""


def _yield_place(listener: Listener, gateway: Gateway, who: str) -> Listener:
    place = listener.port, listener.protocol, listener.hostname
    if any((other.port, other.protocol, other.hostname) == place for other in gateway.listeners):
        return listener._replace(refusal=f"is in conflict: {who} has a listener with its port, protocol and host name")
    return listener
