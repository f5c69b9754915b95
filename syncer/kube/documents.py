"""YAML and JSON text taken apart into Kubernetes objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, NamedTuple

from syncer.core.kinds import KINDS, Kind
from syncer.core.manifest import as_text
from syncer.documents.jsontext import read_json
from syncer.documents.limits import LIMITS, DocumentError, TooManyNodes

SIZE_LIMIT = LIMITS.size
"""Bytes of a file."""


TEMPLATE = "it looks like a template to be rendered first"


class ManifestError(ValueError):
    """A text that cannot be read: where and why, as a sentence."""


class ReadDocument(NamedTuple):
    """``values`` are what is in a document, with every ``List`` taken apart: objects, and whatever else there is.
    ``problem`` says why it cannot be read, "" when it can. ``number`` counts from 1."""

    number: int
    values: Sequence[Any] = ()
    problem: str = ""


def read_documents(text: str, place: str = "", most: int = LIMITS.documents) -> list[dict[str, Any]]:
    """The objects in a text of YAML documents or JSON, in their order, with every ``List`` taken apart. A document that
    is a list, such as a JSON patch, has none; one that is a single word may be the beginning of something.

    Times stay text. ``place`` names the text in a ``ManifestError``, which names the line. More than ``most`` documents
    or objects are refused.
    """
    try:
        objects = list(islice(_iterate_objects(text, place, most), most + 1))
    except DocumentError as error:
        raise ManifestError(_place_reason(place, error.reason, error.line)) from error
    if len(objects) > most:
        raise ManifestError(_place_reason(place, f"more than {most:,} objects"))
    return objects


def read_apart(text: str, most: int = LIMITS.documents) -> Iterator[ReadDocument]:
    """Each document of a text by itself: one that cannot be read stops no other. More than ``most`` are not read."""
    is_template = looks_like_template(text)
    for number, document in enumerate(_iterate_values(text, most, is_apart=True), 1):
        if isinstance(document, DocumentError):
            yield ReadDocument(number, problem=explain_problem(document, is_template))
        else:
            yield ReadDocument(number, list(_unpack_lists(document)))


def looks_like_template(text: str) -> bool:
    return "{{" in text


def explain_problem(error: DocumentError | ManifestError, is_template: bool) -> str:
    """Why a text cannot be read, for who may not know that it is a template."""
    return f"{TEMPLATE} ({error})" if is_template else str(error)


def kind_of(manifest: Mapping[str, Any]) -> Kind | None:
    """The kind that this program reads, None for every other."""
    group, _, version = as_text(manifest.get("apiVersion")).rpartition("/")
    name = manifest.get("kind")
    return next(
        (kind for kind in KINDS if kind.kind == name and kind.group == group and version in kind.versions), None
    )


def _iterate_values(text: str, most: int, *, is_apart: bool = False) -> Iterator[Any]:
    """``is_apart``: what cannot be read is the error about it."""
    if text.lstrip()[:1] in ("{", "["):
        try:
            yield read_json(text)
        except TooManyNodes as error:
            # YAML would take seconds to come to the same end, but where it has several documents.
            if "\n---" not in text:
                if not is_apart:
                    raise
                yield error
                return
        except DocumentError:
            pass  # it may still be YAML; if not, the reader of YAML says why and in which line
        else:
            return
    # PyYAML is loaded where a text is read: the syncer in a cluster never needs it.
    from syncer.documents.yamltext import iterate_apart, iterate_documents

    yield from (iterate_apart if is_apart else iterate_documents)(text, replace(LIMITS, documents=most))


def _iterate_objects(text: str, place: str, most: int) -> Iterator[dict[str, Any]]:
    for number, document in enumerate(_iterate_values(text, most), 1):
        for value in _unpack_lists(document):
            if isinstance(value, dict):
                yield value
            elif not isinstance(value, list):
                raise ManifestError(_place_reason(place, f"document {number} is no Kubernetes object"))


def _unpack_lists(document: Any) -> Iterator[Any]:
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if value is None:
            continue
        if not isinstance(value, dict):
            yield value
            continue
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
