"""YAML and JSON text taken apart into Kubernetes objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from syncer.core.kinds import KINDS, NAMESPACE, Kind
from syncer.core.manifest import as_text, read_ref
from syncer.core.source import Ref
from syncer.documents.jsontext import read_json
from syncer.documents.limits import LIMITS, DocumentError

SIZE_LIMIT = LIMITS.size
"""Bytes of a file."""


class ManifestError(ValueError):
    """A text that cannot be read: where and why, as a sentence."""


def read_documents(text: str, place: str = "", most: int = LIMITS.documents) -> list[dict[str, Any]]:
    """The objects in a text of YAML documents or JSON, in their order, with every ``List`` taken apart.

    Times stay text. ``place`` names the text in a ``ManifestError``, which names the line. More than ``most`` documents
    or objects are refused.
    """
    try:
        objects = list(islice(_unpack_lists(_iterate_values(text, most), place), most + 1))
    except DocumentError as error:
        raise ManifestError(_place_reason(place, error.reason, error.line)) from error
    if len(objects) > most:
        raise ManifestError(_place_reason(place, f"more than {most:,} objects"))
    return objects


def kind_of(manifest: Mapping[str, Any]) -> Kind | None:
    """The kind that this program reads, None for every other."""
    group, _, version = as_text(manifest.get("apiVersion")).rpartition("/")
    name = manifest.get("kind")
    return next(
        (kind for kind in KINDS if kind.kind == name and kind.group == group and version in kind.versions), None
    )


def add_namespaces(objects: dict[tuple[Kind, Ref], Mapping[str, Any]]) -> None:
    """A namespace that is in no document exists all the same: its objects must not go with it."""
    for name in {ref.namespace for _, ref in objects} - {""}:
        manifest = {"metadata": {"name": name}}
        objects.setdefault((NAMESPACE, read_ref(NAMESPACE, manifest)), manifest)


def _iterate_values(text: str, most: int) -> Iterator[Any]:
    if text.lstrip()[:1] in ("{", "["):
        try:
            yield read_json(text)
        except DocumentError:
            pass  # it may still be YAML; if not, the reader of YAML says why and in which line
        else:
            return
    # PyYAML is loaded where a text is read: the syncer in a cluster never needs it.
    from syncer.documents.yamltext import iterate_documents

    yield from iterate_documents(text, replace(LIMITS, documents=most))


def _unpack_lists(documents: Iterable[Any], place: str) -> Iterator[dict[str, Any]]:
    for number, document in enumerate(documents, 1):
        waiting = [document]
        while waiting:
            value = waiting.pop()
            if value is None:
                continue
            if not isinstance(value, dict):
                raise ManifestError(_place_reason(place, f"document {number} is no Kubernetes object"))
            kind, items = as_text(value.get("kind")), value.get("items")
            if items is None and (kind == "List" or (kind.endswith("List") and "items" in value)):
                continue
            if kind.endswith("List") and isinstance(items, list):
                # The elements of an IngressList carry no kind of their own, those of a List do.
                element = kind.removesuffix("List")
                shared = {"apiVersion": value.get("apiVersion"), "kind": element} if element else {}
                waiting += ({**shared, **item} if isinstance(item, dict) else item for item in reversed(items))
            else:
                yield value


def _place_reason(place: str, reason: str, line: int = 0) -> str:
    where = f"{place} line {line}" if place and line else place or (f"line {line}" if line else "")
    return f"{where}: {reason}" if where else reason
