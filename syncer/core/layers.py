"""Routers of Traefik in layers: an IngressRoute whose ``spec.parentRefs`` name others gets only the requests that their
rules let through (multi-layer routing, from Traefik 3.6 on)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from syncer.core.manifest import as_list, as_mapping, as_text
from syncer.core.rules import RULE_LIMIT

LayerKey = tuple[str, str, str]
"""(API group, namespace, name)."""


class Layer(NamedTuple):
    """``rules`` are those of an IngressRoute, any of which lets a request through to its children."""

    rules: tuple[str, ...]
    parents: tuple[LayerKey, ...]


class Parents(NamedTuple):
    """What the parents of an IngressRoute let through: ``rule`` is "" where it has none. ``missing`` are those that
    are not there, or are none."""

    rule: str = ""
    missing: tuple[LayerKey, ...] = ()


NO_PARENTS = Parents()


def read_layer(group: str, namespace: str, manifest: Mapping[str, Any]) -> Layer | None:
    """None for an IngressRoute that can be neither child nor parent: all its routes have services, and it names no
    parents."""
    spec = as_mapping(manifest.get("spec"))
    routes = [as_mapping(route) for route in as_list(spec.get("routes"))]
    parents = [as_mapping(parent) for parent in as_list(spec.get("parentRefs"))]
    if not parents and all(as_list(route.get("services")) for route in routes):
        return None
    keys = ((group, as_text(parent.get("namespace")) or namespace, as_text(parent.get("name"))) for parent in parents)
    return Layer(tuple(as_text(route.get("match")) for route in routes), tuple(dict.fromkeys(keys)))


def find_parents(layer: Layer, layers: Mapping[LayerKey, Layer]) -> Parents:
    """The rules of all layers above as one. A parent in a circle counts as missing: Traefik makes no router of it."""
    return _LayerWalk(layers).read_parents(layer)


def list_below(key: LayerKey, layers: Mapping[LayerKey, Layer]) -> set[LayerKey]:
    """The layer itself, and all that get their requests through it."""
    below = fresh = {key}
    while fresh:
        fresh = {other for other, layer in layers.items() if other not in below and not fresh.isdisjoint(layer.parents)}
        below = below | fresh
    return below


class _LayerWalk:
    """Reads each layer once, however many lead to it."""

    def __init__(self, layers: Mapping[LayerKey, Layer]) -> None:
        self._layers = layers
        self._read: dict[LayerKey, Parents] = {}
        self._under_way: set[LayerKey] = set()

    def read_parents(self, layer: Layer) -> Parents:
        rules: list[str] = []
        missing: list[LayerKey] = []
        for key in layer.parents:
            let_through = self._read_layer(key)
            missing += let_through.missing
            rules.append(let_through.rule)
        rule = join_rules(rules, "||")
        return Parents(rule, tuple(dict.fromkeys(missing))) if len(rule) <= RULE_LIMIT else Parents("", layer.parents)

    def _read_layer(self, key: LayerKey) -> Parents:
        """What a layer and those above it let through."""
        layer = self._layers.get(key)
        own = join_rules(layer.rules, "||") if layer else ""
        if layer is None or not own or key in self._under_way:
            return Parents("", (key,))
        if key not in self._read:
            self._under_way.add(key)
            above = self.read_parents(layer)
            self._under_way.discard(key)
            is_open = bool(above.rule) or not layer.parents
            self._read[key] = Parents(join_rules([own, above.rule], "&&") if is_open else "", above.missing)
        return self._read[key]


def join_rules(rules: Sequence[str], operator: str) -> str:
    given = [rule for rule in rules if rule.strip()]
    return given[0] if len(given) == 1 else f" {operator} ".join(f"({rule})" for rule in given)
