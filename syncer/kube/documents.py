"""YAML and JSON text taken apart into Kubernetes objects. Nothing in a text can make this slow, big or dangerous."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any

from syncer.core.kinds import KINDS, Kind
from syncer.core.manifest import as_text, shown

SIZE_LIMIT = 10 * 1024 * 1024
"""Bytes of a file, and characters of what its aliases expand to."""
NODE_LIMIT = 1_000_000
"""Nodes of a YAML text, a key and its value being two: each costs microseconds, however small it is."""
OBJECT_NODE_LIMIT = 100_000
"""Nodes of one object: while it is put together each of them takes most of a kilobyte."""
DEPTH_LIMIT = 100
"""Levels of nesting; the C parser of YAML overflows its stack at some thousands."""


class ManifestError(ValueError):
    """A text that cannot be read: where and why, as a sentence."""


def read_documents(text: str, place: str = "", most: int = NODE_LIMIT) -> list[dict[str, Any]]:
    """The objects in a text of YAML documents or JSON, in their order, with every ``List`` taken apart.

    Times stay text. ``place`` names the text in a ``ManifestError``, which names the line. More than ``most`` documents
    or objects are refused.
    """
    if len(text) > SIZE_LIMIT:
        raise ManifestError(f"{_at(place)}more than {SIZE_LIMIT // 1024**2} MB of text")
    try:
        documents = _read_json(text, place) if text.lstrip()[:1] in ("{", "[") else None
        if documents is None:
            documents = _read_yaml(text, place, most)
    except RecursionError as error:
        raise ManifestError(f"{_at(place)}nested deeper than {DEPTH_LIMIT} levels") from error
    objects = list(islice(_objects(documents, place), most + 1))
    if len(objects) > most:
        raise ManifestError(f"{_at(place)}more than {most:,} objects")
    return objects


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
        if items is None and (kind == "List" or (kind.endswith("List") and "items" in document)):
            continue
        if kind.endswith("List") and isinstance(items, list):
            # The elements of an IngressList carry no kind of their own, those of a List do.
            element = kind.removesuffix("List")
            shared = {"apiVersion": document.get("apiVersion"), "kind": element} if element else {}
            queue += ((number, {**shared, **item} if isinstance(item, dict) else item) for item in reversed(items))
        else:
            yield document


def _read_json(text: str, place: str) -> list[Any] | None:
    """None when the text is no JSON; it may still be YAML."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict(pairs)
        if len(fields) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise ManifestError(f"{_at(place)}the key {shown(twice)} is there twice in one object")
        return fields

    try:
        return [json.loads(text, object_pairs_hook=once)]
    except json.JSONDecodeError:
        return None


def _read_yaml(text: str, place: str, most: int) -> list[Any]:
    import yaml

    try:
        if _weigh(text, place, most) <= OBJECT_NODE_LIMIT:
            return list(yaml.load_all(text, Loader=_loader()))
        from syncer.kube.yamlitems import load_by_items

        return list(load_by_items(text, _loader()))
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


def _weigh(text: str, place: str, most: int) -> int:
    """Refuse what would not fit: too many, too deep, a node inside itself, or aliases that expand without measure; and
    a key that is there twice, of which PyYAML would take the last without a word. Returns how many nodes the largest
    document has."""
    import yaml

    weights: dict[str, int] = {}
    stack: list[tuple[str | None, int]] = []
    keys: list[set[str] | None] = []  # of each collection in the stack; None for a sequence
    is_key: list[bool] = []
    weight = nodes = documents = begun = first = largest = 0
    key = ""
    in_items = False
    for event in yaml.parse(text, Loader=_loader()):
        if isinstance(event, yaml.NodeEvent):
            if keys and (known := keys[-1]) is not None:
                if is_key[-1] and isinstance(event, yaml.ScalarEvent) and event.value != "<<":
                    if event.value in known:
                        twice = f"the key {shown(event.value)} is there twice in one object"
                        raise ManifestError(f"{_at(place, event.start_mark)}{twice}")
                    known.add(event.value)
                is_key[-1] = not is_key[-1]
            nodes += 1
            largest = max(largest, nodes - first)
            if in_items and len(stack) == 2:
                begun = nodes
            if nodes > NODE_LIMIT:
                raise ManifestError(f"{_at(place, event.start_mark)}more than {NODE_LIMIT:,} nodes of YAML")
            if nodes - begun > OBJECT_NODE_LIMIT:
                raise ManifestError(
                    f"{_at(place, event.start_mark)}more than {OBJECT_NODE_LIMIT:,} nodes in one object"
                )
        if isinstance(event, yaml.ScalarEvent):
            key = event.value if len(stack) == 1 else key
            added = len(event.value) + 1
            if event.anchor:
                weights[event.anchor] = added
            weight += added
        elif isinstance(event, yaml.CollectionStartEvent):
            if len(stack) == 1:
                in_items = key == "items" and isinstance(event, yaml.SequenceStartEvent) and not event.anchor
            stack.append((event.anchor, weight))
            keys.append(set() if isinstance(event, yaml.MappingStartEvent) else None)
            is_key.append(True)
            if event.anchor:
                weights.pop(event.anchor, None)
            if len(stack) > DEPTH_LIMIT:
                raise ManifestError(f"{_at(place, event.start_mark)}nested deeper than {DEPTH_LIMIT} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = stack.pop()
            keys.pop()
            is_key.pop()
            weight += 1
            if anchor:
                weights[anchor] = weight - before
        elif isinstance(event, yaml.AliasEvent):
            if any(anchor == event.anchor for anchor, _ in stack):
                raise ManifestError(f"{_at(place, event.start_mark)}alias *{shown(event.anchor)} stands inside itself")
            weight += weights.get(event.anchor or "", 0) + 1
        elif isinstance(event, yaml.DocumentStartEvent):
            weights.clear()
            documents += 1
            begun, first, in_items = nodes, nodes, False
            if documents > most:
                raise ManifestError(f"{_at(place, event.start_mark)}more than {most:,} documents")
        if weight > 2 * SIZE_LIMIT:
            raise ManifestError(
                f"{_at(place, event.start_mark)}the aliases expand to more than {SIZE_LIMIT // 1024**2} MB"
            )
    return largest


def _at(place: str, mark: Any = None) -> str:
    where = [place] if place else []
    if mark:
        where.append(f"line {mark.line + 1}")
    return f"{' '.join(where)}: " if where else ""
