"""The search for sources: by Kind/namespace/name, as records and audit entries write it, and by the names they give."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q

from records.models import SourceName


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


def gives_names() -> Q:
    """The sources that give at least one name."""
    return Q(Exists(SourceName.objects.filter(source=OuterRef("pk"), values__isnull=False)))


def skips_names() -> Q:
    """The sources that mention a name which is not published."""
    return Q(Exists(SourceName.objects.filter(source=OuterRef("pk"), values__isnull=True)))
