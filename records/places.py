"""The search for sources: by Kind/namespace/name, as records and audit entries write it, and by the names they give."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import reduce
from operator import or_

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


def match_words(words: Iterable[str], columns: Iterable[str], mentioned: Collection[str] = ()) -> list[Q]:
    """For each word the sources that have it in Kind/namespace/name, in one of ``columns`` or in one of the columns
    ``mentioned`` of a name that they mention. The names are looked through once, not once for each source."""
    given, others = split_places(words)
    found = [match_place(place) for place in given]
    for word in others:
        match = _match_any(columns, word)
        if mentioned:
            match |= Q(pk__in=SourceName.objects.filter(_match_any(mentioned, word)).order_by().values("source"))
        found.append(match)
    return found


def _match_any(columns: Iterable[str], word: str) -> Q:
    return reduce(or_, (Q(**{f"{column}__icontains": word}) for column in columns))


def gives_names() -> Q:
    """The sources that give at least one name."""
    return Q(Exists(SourceName.objects.filter(source=OuterRef("pk"), values__isnull=False)))


def is_warned() -> Q:
    """The sources with a warning, be it of the object or of what DNS makes of its names."""
    shadowed = SourceName.objects.filter(source=OuterRef("pk"), values__isnull=False).exclude(shadow="")
    return ~Q(warnings=[]) | Q(Exists(shadowed))


def skips_names() -> Q:
    """The sources that mention a name which is not published."""
    return Q(Exists(SourceName.objects.filter(source=OuterRef("pk"), values__isnull=True)))
