"""Reading what JSON or YAML gave, whatever its types are: a value of the wrong type counts as absent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from sys import intern
from typing import Any

from syncer.core.kinds import Kind
from syncer.core.source import Ref

NOTHING: Mapping[str, Any] = {}


def as_mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else NOTHING


def as_list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def as_text(value: object) -> str:
    return value if isinstance(value, str) else ""


def read_ref(kind: Kind, manifest: Mapping[str, Any]) -> Ref:
    """``name`` is "" for something that has none and so is no object. No namespace means ``default``."""
    metadata = as_mapping(manifest.get("metadata"))
    namespace = (as_text(metadata.get("namespace")) or "default") if kind.namespaced else ""
    return Ref(kind.kind, intern(namespace), as_text(metadata.get("name")), kind.group)


def is_leaving(manifest: Mapping[str, Any]) -> bool:
    """Whether the object has been deleted and only finalizers hold it."""
    return bool(as_mapping(manifest.get("metadata")).get("deletionTimestamp"))


def clip_text(value: object, limit: int = 80) -> str:
    """Foreign text as a reason may show it: of bounded length, and on one line."""
    text = value if isinstance(value, str) else repr(value) if isinstance(value, int | float) else type(value).__name__
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    return text if text.isprintable() else "".join(char if char.isprintable() else "?" for char in text)
