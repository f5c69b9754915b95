"""The routes of the Gateway API, and the Gateways and ListenerSets that they have as parents: who depends on whom."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any

from syncer.core.annotations import TARGETS
from syncer.core.attachment import LABELS, Attachment, Unchecked
from syncer.core.gateways import (
    LEAVING_GATEWAY,
    LEAVING_SET,
    UNKNOWN_GATEWAY,
    Gateway,
    ListenerSet,
    join_gateway,
    read_gateway,
    read_listener_set,
)
from syncer.core.kinds import GATEWAY, LISTENER_SET, Kind
from syncer.core.listeners import Labels
from syncer.core.manifest import as_mapping, is_leaving
from syncer.core.parents import ParentKey
from syncer.core.routes import Route, attach_route
from syncer.core.scope import Scope
from syncer.core.selection import filter_parents, refuse_gateway, refuse_listener_set, refuse_set_for_target
from syncer.core.source import Ref, SourceObject

PARENTS = (GATEWAY, LISTENER_SET)
WITHOUT_EFFECT = {TARGETS: "has no effect on what gives no names: publish.gateways of a target names Gateways"}
"""Annotations of routes."""


def make_key(ref: Ref) -> ParentKey:
    return ParentKey(ref.kind, ref.namespace, ref.name)


class Parentage:
    """Not thread-safe. What changes a parent returns the routes that must be attached anew."""

    def __init__(
        self,
        scope: Scope,
        find_labels: Callable[[str], Labels | None],
        leaving: Container[str],
        *,
        assume_accepted: bool,
    ) -> None:
        """``find_labels`` tells those of a Namespace, None where nothing is known of it; ``leaving`` are the namespaces
        that are being deleted. ``assume_accepted``: the objects come from documents."""
        self._scope = scope
        self._find_labels = find_labels
        self._leaving = leaving
        self._assume_accepted = assume_accepted
        self._routes: dict[Ref, Route] = {}
        self._routes_of: dict[ParentKey, set[Ref]] = {}
        """By Gateway or ListenerSet the routes that name it."""
        self._gateways: dict[ParentKey, Gateway] = {}
        self._listener_sets: dict[ParentKey, ListenerSet] = {}

    def __contains__(self, ref: Ref) -> bool:
        return ref in self._routes

    def read_parent(self, kind: Kind, manifest: Mapping[str, Any]) -> Gateway | ListenerSet | None:
        """None: it counts as gone. Reads nothing that another thread may change."""
        if is_leaving(manifest):
            # In documents one that is not there is unknown, and not gone.
            there = LEAVING_GATEWAY if kind == GATEWAY else LEAVING_SET
            return there if self._assume_accepted else None
        rules = self._scope.annotation_rules._replace(idle=WITHOUT_EFFECT)
        if kind == LISTENER_SET:
            return read_listener_set(manifest, rules, assume_accepted=self._assume_accepted)
        labels = as_mapping(as_mapping(manifest.get("metadata")).get("labels"))
        return read_gateway(manifest, rules)._replace(left_out=refuse_gateway(labels, self._scope))

    def set_parent(self, key: ParentKey, parent: Gateway | ListenerSet | None) -> set[Ref]:
        """None: it is gone."""
        held: dict[ParentKey, Any] = self._gateways if key.kind == GATEWAY.kind else self._listener_sets
        if held.get(key) == parent:
            return set()
        if parent is None:
            del held[key]
        else:
            held[key] = parent
        return self._list_routes([key, *(own for own, item in self._listener_sets.items() if item.gateway == key)])

    def set_route(self, ref: Ref, route: Route | None) -> None:
        """None: it is gone."""
        before = self._routes.pop(ref, None)
        for parent in before.parents if before else ():
            refs = self._routes_of.get(parent.place, set())
            refs.discard(ref)
            if not refs:
                self._routes_of.pop(parent.place, None)
        if route is not None:
            self._routes[ref] = route
        for parent in (parent for parent in route.parents if parent.is_read) if route else ():
            self._routes_of.setdefault(parent.place, set()).add(ref)

    def attach_route(self, ref: Ref) -> SourceObject:
        route = self._routes[ref]
        return attach_route(route, self._scope, self._find_parents(route), self._list_labels(ref.namespace))

    def list_parents(self, kind: Kind) -> list[Ref]:
        return [Ref(*key, kind.group) for key in (self._gateways if kind == GATEWAY else self._listener_sets)]

    def list_dependents(self, namespace: str) -> set[Ref]:
        """The routes that depend on whether the Gateways and ListenerSets of the namespace are there."""
        keys = {key for key in self._routes_of if key.namespace == namespace}
        sets = self._listener_sets.items()
        return self._list_routes(keys | {key for key, it in sets if it.gateway and it.gateway.namespace == namespace})

    def list_labelled(self, namespace: str) -> set[Ref]:
        """The routes on ListenerSets of the namespace, whose labels their Gateways may ask for."""
        return self._list_routes([key for key in self._listener_sets if key.namespace == namespace])

    def asks_for_labels(self) -> bool:
        """Whether some Gateway or ListenerSet chooses what attaches to it by the labels of namespaces."""
        gateways, sets = self._gateways.values(), self._listener_sets.values()
        listeners = [held.listeners for held in gateways] + [held.listeners for held in sets]
        admits = [listener.admits for several in listeners for listener in several]
        return any(it.whom == "Selector" for it in (*admits, *(gateway.takes_sets for gateway in gateways)))

    def find_kinds_on_sets(self) -> set[str]:
        """The kinds of routes of which some have a ListenerSet as a parent."""
        return {ref.kind for key, refs in self._routes_of.items() if key.kind == LISTENER_SET.kind for ref in refs}

    def list_unchecked(self, counting: Container[Ref]) -> list[tuple[ParentKey, Unchecked]]:
        """What the routes that are ``counting`` take for granted of Gateways and ListenerSets because no document says
        it."""
        found: dict[tuple[ParentKey, str], set[str]] = {}
        for ref, route in self._routes.items():
            if ref not in counting or route.meta.refusal:
                continue
            gateways = self._find_parents(route)
            parents = filter_parents(route.parents, gateways, self._scope, passes_target=route.meta.passes_target)
            labels = self._list_labels(ref.namespace)
            attachment = Attachment(parents, ref, gateways, labels, listener_wildcards=False)
            for key, what, namespace in attachment.unchecked:
                found.setdefault((key, what), set()).add(namespace)
        given = self._gateways.keys() | self._listener_sets.keys()
        if self._scope.gateway_selector:
            unknown = {key: routes for (key, _), routes in found.items() if key not in given}
            found.update({(key, LABELS): routes for key, routes in unknown.items() if key.kind == GATEWAY.kind})
        return [
            (key, Unchecked(what, key in given, frozenset(namespaces)))
            for (key, what), namespaces in sorted(found.items())
        ]

    def _list_routes(self, parents: Iterable[ParentKey]) -> set[Ref]:
        return {ref for key in parents for ref in self._routes_of.get(key, ())}

    def _find_parents(self, route: Route) -> dict[ParentKey, Gateway]:
        """With their listeners, those that are there."""
        found = {parent.place: self._find_parent(parent.place) for parent in route.parents}
        return {key: gateway for key, gateway in found.items() if gateway}

    def _find_parent(self, key: ParentKey) -> Gateway | None:
        if key.namespace in self._leaving:
            return None
        unknown = UNKNOWN_GATEWAY if self._assume_accepted else None
        listener_set = self._listener_sets.get(key)
        if listener_set is None:
            return self._gateways.get(key, unknown)
        gateway = self._find_parent(listener_set.gateway) if listener_set.gateway else None
        joined = join_gateway(key, listener_set, gateway, self._list_labels(key.namespace))
        return joined._replace(
            left_out=refuse_listener_set(listener_set, gateway, self._scope),
            unpublished=refuse_set_for_target(listener_set, self._scope),
        )

    def _list_labels(self, namespace: str) -> dict[str, Labels]:
        labels = self._find_labels(namespace)
        return {} if labels is None else {namespace: labels}
