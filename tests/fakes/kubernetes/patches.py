"""The four kinds of patches. Each takes an object and gives a new one; the old one stays as it is."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from tests.fakes.kubernetes.errors import ApiError
from tests.fakes.kubernetes.resources import Manifest

# The lists of metadata that a strategic merge patch merges; "" is a list of plain values.
_METADATA_KEYS = {"ownerReferences": "uid", "finalizers": ""}


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result


def merge_strategically(target: Any, patch: Any, keys: Mapping[str, str] = {}) -> Any:
    """A merge patch that also merges the lists in ``keys`` item by item, with the directives that kubectl sends."""
    if not isinstance(patch, dict):
        return patch
    keys = {**_METADATA_KEYS, **keys}
    directive = patch.get("$patch")
    if directive == "delete":
        return {}
    result = dict(target) if isinstance(target, dict) and directive != "replace" else {}
    if retained := patch.get("$retainKeys"):
        result = {key: value for key, value in result.items() if key in retained}
    for key, value in patch.items():
        if key.startswith("$deleteFromPrimitiveList/"):
            field = key.partition("/")[2]
            result[field] = [item for item in result.get(field, ()) if item not in value]
        elif key.startswith("$"):
            continue
        elif value is None:
            result.pop(key, None)
        elif isinstance(value, list) and key in keys:
            result[key] = _merge_list(result.get(key) or [], value, keys[key], keys)
        else:
            result[key] = merge_strategically(result.get(key), value, keys)
    for key, order in patch.items():
        field = key.removeprefix("$setElementOrder/")
        if field != key and field in result:
            result[field] = _in_order(result[field], order, keys.get(field, ""))
    return result


def _merge_list(old: list[Any], patch: list[Any], key: str, keys: Mapping[str, str]) -> list[Any]:
    if not key:
        return list(dict.fromkeys([*old, *patch]))
    if any(item == {"$patch": "replace"} for item in patch):
        return [item for item in patch if item != {"$patch": "replace"}]
    items = {item.get(key): item for item in old}
    for item in patch:
        name = item.get(key)
        if item.get("$patch") == "delete":
            items.pop(name, None)
        else:
            items[name] = merge_strategically(items.get(name), item, keys)
    return list(items.values())


def _in_order(items: list[Any], order: list[Any], key: str) -> list[Any]:
    names = [entry.get(key) if key else entry for entry in order]
    rank = {name: index for index, name in enumerate(names)}
    return sorted(items, key=lambda item: rank.get(item.get(key) if key else item, len(rank)))


def json_patch(target: Manifest, operations: Any) -> Manifest:
    """RFC 6902. A failed test or a path that does not exist is 422, as on a real server."""
    if not isinstance(operations, list):
        raise ApiError(400, "error decoding patch: a JSON patch is a list")
    box: dict[str, Any] = {"": copy.deepcopy(target)}
    for operation in operations:
        try:
            _apply_operation(box, operation)
        except (KeyError, IndexError, ValueError, TypeError, AttributeError) as e:
            name = target.get("metadata", {}).get("name", "")
            raise ApiError(422, f'the server rejected our request due to an error in our request ("{name}")') from e
    result = box[""]
    if not isinstance(result, dict):
        raise ApiError(422, "the patched document is not an object")
    return result


def _apply_operation(box: dict[str, Any], operation: Mapping[str, Any]) -> None:
    name, path = operation["op"], _split_pointer(operation["path"])
    if name == "test":
        if _find_node(box, path) != operation["value"]:
            raise ValueError("test failed")
    elif name == "remove":
        _remove_node(box, path)
    elif name == "replace":
        _remove_node(box, path)
        _add_node(box, path, operation["value"])
    elif name == "add":
        _add_node(box, path, operation["value"])
    elif name in ("move", "copy"):
        source = _split_pointer(operation["from"])
        _add_node(box, path, _remove_node(box, source) if name == "move" else copy.deepcopy(_find_node(box, source)))
    else:
        raise ValueError(name)


def _split_pointer(text: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")]


def _find_node(node: Any, path: list[str]) -> Any:
    for part in path:
        node = node[int(part)] if isinstance(node, list) else node[part]
    return node


def _remove_node(box: Any, path: list[str]) -> Any:
    node = _find_node(box, path[:-1])
    return node.pop(int(path[-1])) if isinstance(node, list) else node.pop(path[-1])


def _add_node(box: Any, path: list[str], value: Any) -> None:
    node, last = _find_node(box, path[:-1]), path[-1]
    if not isinstance(node, list):
        node[last] = value
    elif last == "-":
        node.append(value)
    elif int(last) > len(node):
        raise IndexError(last)
    else:
        node.insert(int(last), value)
