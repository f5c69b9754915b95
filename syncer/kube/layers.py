"""The IngressRoutes that are child or parent of others, and what is to be read again when one of them changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from syncer.core.kinds import Kind
from syncer.core.layers import NO_PARENTS, Layer, find_parents, list_below
from syncer.core.scope import Scope
from syncer.core.source import Ref, SourceObject
from syncer.core.sources import read_ingress_route


class LayeredRoute(NamedTuple):
    """An IngressRoute in layers, of which there are few: read again when another layer changes."""

    kind: Kind
    layer: Layer
    manifest: Mapping[str, Any]


class LayerIndex:
    """Not thread-safe: the store's lock guards it. ``assume_accepted``: the objects come from documents, and a parent
    that is in none is unknown, rather than not there."""

    def __init__(self, scope: Scope, *, assume_accepted: bool) -> None:
        self._scope = scope
        self._assume_accepted = assume_accepted
        self._routes: dict[Ref, LayeredRoute] = {}

    def set_route(self, ref: Ref, route: LayeredRoute | None) -> list[SourceObject]:
        """None: it is in no layer, or gone. Returns what it and the routes below it ask for from now on, of those that
        have parents."""
        before = self._routes.pop(ref, None)
        if route is not None:
            self._routes[ref] = route
        if before is None and route is None:
            return []
        keys = {other: (other.group, other.namespace, other.name) for other in self._routes}
        layers = {keys[other]: held.layer for other, held in self._routes.items()}
        concerned = list_below((ref.group, ref.namespace, ref.name), layers)
        return [
            self._read_child(held, layers)
            for other, held in self._routes.items()
            if held.layer.parents and keys[other] in concerned
        ]

    def _read_child(self, route: LayeredRoute, layers: Mapping[tuple[str, str, str], Layer]) -> SourceObject:
        parents = find_parents(route.layer, layers)
        if self._assume_accepted and parents.missing and not parents.rule:
            parents = NO_PARENTS
        return read_ingress_route(route.manifest, self._scope, route.kind, parents)
