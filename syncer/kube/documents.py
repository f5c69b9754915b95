"""YAML and JSON text taken apart into Kubernetes objects. Nothing in a text can make this slow, big or dangerous."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from syncer.core.kinds import KINDS, Kind
from syncer.core.manifest import as_text, shown

SIZE_LIMIT = 10 * 1024 * 1024
"""Bytes of a file, and characters of what its aliases expand to."""
DEPTH_LIMIT = 100
"""Levels of nesting; the C parser of YAML overflows its stack at some thousands."""


class ManifestError(ValueError):
    """A text that cannot be read: where and why, as a sentence."""


def read_documents(text: str, place: str = "") -> list[dict[str, Any]]:
    """The objects in a text of YAML documents or JSON, in their order, with every ``List`` taken apart.

    Times stay text. ``place`` names the text in a ``ManifestError``, which names the line.
    """
    if len(text) > SIZE_LIMIT:
        raise ManifestError(f"{_at(place)}more than {SIZE_LIMIT // 1024**2} MB of text")
    try:
        documents = _read_json(text) if text.lstrip()[:1] in ("{", "[") else None
        if documents is None:
            documents = _read_yaml(text, place)
    except RecursionError as error:
        raise ManifestError(f"{_at(place)}nested deeper than {DEPTH_LIMIT} levels") from error
    return list(_objects(documents, place))


def kind_of(manifest: Mapping[str, Any]) -> Kind | None:
    """The kind that this program reads, None for every other."""
    group, _, version = as_text(manifest.get("apiVersion")).rpartition("/")
    name = manifest.get("kind")
    return next(
        (kind for kind in KINDS if kind.kind == name and kind.group == group and version in kind.versions), None
    )


def _objects(documents: list[Any], place: str) -> Iterator[dict[str, Any]]:
    queue = [(number, document) for number, document in enumerate(documents, 1)]
    queue.reverse()
    while queue:
        number, document = queue.pop()
        if document is None:
            continue
        if not isinstance(document, dict):
            raise ManifestError(f"{_at(place)}document {number} is no Kubernetes object")
        kind, items = as_text(document.get("kind")), document.get("items")
        if kind.endswith("List") and isinstance(items, list):
            # The elements of an IngressList carry no kind of their own, those of a List do.
            element = kind.removesuffix("List")
            shared = {"apiVersion": document.get("apiVersion"), "kind": element} if element else {}
            queue += ((number, {**shared, **item} if isinstance(item, dict) else item) for item in reversed(items))
        else:
            yield document


def _read_json(text: str) -> list[Any] | None:
    """None when the text is no JSON; it may still be YAML."""
    try:
        return [json.loads(text)]
    except json.JSONDecodeError:
        return None


def _read_yaml(text: str, place: str) -> list[Any]:
    import yaml

    try:
        _weigh(text, place)
        return list(yaml.load_all(text, Loader=_loader()))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ManifestError(f"{_at(place, mark)}{shown(error.problem or error.context or 'no YAML', 200)}") from error
    except (yaml.YAMLError, ValueError) as error:
        if isinstance(error, ManifestError):
            raise
        raise ManifestError(f"{_at(place)}{shown(' '.join(str(error).split()), 200)}") from error


@cache
def _loader() -> Any:
    """A safe loader to which times are text, as they are to Kubernetes."""
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    times = "tag:yaml.org,2002:timestamp"
    resolvers = {
        first: [(tag, pattern) for tag, pattern in rules if tag != times]
        for first, rules in base.yaml_implicit_resolvers.items()
    }
    loader = type("ManifestLoader", (base,), {"yaml_implicit_resolvers": resolvers})
    loader.add_constructor(times, base.construct_yaml_str)  # type: ignore[attr-defined]
    return loader


def _weigh(text: str, place: str) -> None:
    """Refuse what would not fit: too deep, a node inside itself, or aliases that expand without measure."""
    import yaml

    weights: dict[str, int] = {}
    stack: list[tuple[str | None, int]] = []
    weight = 0
    for event in yaml.parse(text, Loader=_loader()):
        if isinstance(event, yaml.ScalarEvent):
            added = len(event.value) + 1
            if event.anchor:
                weights[event.anchor] = added
            weight += added
        elif isinstance(event, yaml.CollectionStartEvent):
            stack.append((event.anchor, weight))
            if event.anchor:
                weights.pop(event.anchor, None)
            if len(stack) > DEPTH_LIMIT:
                raise ManifestError(f"{_at(place, event.start_mark)}nested deeper than {DEPTH_LIMIT} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = stack.pop()
            weight += 1
            if anchor:
                weights[anchor] = weight - before
        elif isinstance(event, yaml.AliasEvent):
            if any(anchor == event.anchor for anchor, _ in stack):
                raise ManifestError(f"{_at(place, event.start_mark)}alias *{shown(event.anchor)} stands inside itself")
            weight += weights.get(event.anchor or "", 0) + 1
        elif isinstance(event, yaml.DocumentStartEvent):
            weights.clear()
        if weight > 2 * SIZE_LIMIT:
            raise ManifestError(
                f"{_at(place, event.start_mark)}the aliases expand to more than {SIZE_LIMIT // 1024**2} MB"
            )


def _at(place: str, mark: Any = None) -> str:
    where = [place] if place else []
    if mark:
        where.append(f"line {mark.line + 1}")
    return f"{' '.join(where)}: " if where else ""
