"""The search for a source by Kind/namespace/name, as records and audit entries write it."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q


def split_places(words: Iterable[str]) -> tuple[list[str], list[str]]:
    """Those that are parts of a Kind/namespace/name, and the others."""
    places: list[str] = []
    others: list[str] = []
    for word in words:
        (places if "/" in word else others).append(word)
    return places, others


def match_place(place: str) -> Q:
    """The sources with ``place`` in their Kind/namespace/name; by column, so that an index finds a whole one."""
    match place.lower().split("/"):
        case [kind, namespace, name]:
            return Q(kind__iendswith=kind, namespace=namespace, name__startswith=name)
        case [left, right]:
            with_name = Q(namespace__endswith=left, name__startswith=right)
            return with_name | Q(kind__iendswith=left, namespace__startswith=right)
    return Q(pk__in=[])


apart, matching = split_places, match_place
