"""One Event, two spellings: ``events.k8s.io/v1`` is kept, the core ``v1`` is what ``kubectl describe`` reads."""

from __future__ import annotations

from tests.fakes.kubernetes.resources import CORE_EVENTS, EVENT_FIELDS, EVENTS, Manifest, Resource

_NEW_TO_CORE = dict(EVENT_FIELDS)
_CORE_TO_NEW = {core: new for new, core in EVENT_FIELDS}


def stored_resource(resource: Resource) -> Resource:
    return EVENTS if resource == CORE_EVENTS else resource


def to_core(body: Manifest) -> Manifest:
    renamed = {_NEW_TO_CORE.get(field, field): value for field, value in body.items()}
    return {**renamed, "apiVersion": "v1"}


def from_core(body: Manifest) -> Manifest:
    renamed = {_CORE_TO_NEW.get(field, field): value for field, value in body.items()}
    return {**renamed, "apiVersion": "events.k8s.io/v1"}


def stored_field(resource: Resource, label: str) -> str:
    """A field selector of the core spelling, in the spelling that is kept."""
    first, dot, rest = label.partition(".")
    return _CORE_TO_NEW.get(first, first) + dot + rest if resource == CORE_EVENTS else label
