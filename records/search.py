"""What people type to find something: names as they know them, values, namespaces, objects."""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple
from urllib.parse import urlsplit

from django.db.models import Q, QuerySet

from records import places
from records.models import CustomEntry, ManagedRecord, Source, SourceName
from syncer.core.kinds import KINDS
from syncer.core.names import BadName, canonical_address, canonical_name, zone_of
from syncer.core.origin import Origin

FOUND = 50
"""Of each sort, what is shown."""


class Findings(NamedTuple):
    """``name`` is what the text spells, when that is a host name and no mere word; ``names`` are those that are known
    and have the text in them, ``records`` those with the value, ``sources`` the objects that are called so, or have the
    text in a rule that gives no name."""

    name: str
    names: list[str]
    records: list[ManagedRecord]
    sources: list[Source]

    @property
    def is_name_alone(self) -> bool:
        """Whether the page of the name tells all that there is to tell."""
        others = [name for name in self.names if name != self.name]
        return bool(self.name) and not (others or self.records or self.sources)


def read_number(text: str) -> int | None:
    """The number of a row; None for what is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def host_of(text: str) -> str:
    """The host name in a text that may be a URL, or have a port, a path or a trailing dot."""
    text = text.strip()
    if "://" in text or text.startswith("//"):
        with suppress(ValueError):
            text = urlsplit(text).hostname or text
    host = text.split("/", 1)[0]
    left, colon, port = host.rpartition(":")
    return left if colon and port.isdecimal() and ":" not in left else host


def read_host(text: str) -> str:
    """The name in the spelling of the engine; raises ``BadName``."""
    return canonical_name(host_of(text), symbols=False)


def find_everything(text: str, zones: tuple[str, ...]) -> Findings:
    text = text.strip()
    name = ""
    with suppress(BadName):
        name = read_host(text)
    part = (name or host_of(text) or text).lower()
    values = {text, text.lower(), part, spell_address(part.strip("[]"))}
    names = _find_names(part)
    rules = [rule for rule in names if not _is_host(rule)]
    return Findings(
        name if "." in name or zone_of(name, zones) else "",
        [known for known in names if known not in rules],
        _find_records(values),
        _find_sources(text, rules),
    )


def read_origin(text: str) -> Origin:
    """The object that is spelled out as Kind/namespace/name, in any case."""
    origin = Origin.parse(text.strip())
    kind = next((known.kind for known in KINDS if known.kind.lower() == origin.kind.lower()), origin.kind)
    return Origin(kind, origin.namespace.lower(), origin.name.lower())


def find_source(text: str) -> Source | None:
    origin = read_origin(text)
    return Source.objects.filter(**origin._asdict()).first() if origin.name else None


def find_objects(text: str) -> QuerySet[Source]:
    """Whose Kind/namespace/name has the words in it."""
    matches = places.match_words(text.split()[:10], ("name", "namespace"))
    found = Source.objects.with_mentions().order_by("namespace", "name", "kind")
    return found.filter(*matches) if matches else Source.objects.none()


def _find_sources(text: str, rules: list[str]) -> list[Source]:
    found = list(find_objects(text)[:FOUND])
    if rules:
        having = SourceName.objects.filter(name__in=rules).values("source")
        others = Source.objects.with_mentions().filter(pk__in=having).exclude(pk__in=[source.pk for source in found])
        found += others.order_by("namespace", "name", "kind")[:FOUND]
    return found[:FOUND]


def _is_host(name: str) -> bool:
    """Whether there is a page of it: there is none of a pattern, nor of a rule that cannot be read."""
    with suppress(BadName):
        return read_host(name) == name
    return False


def _find_names(part: str) -> list[str]:
    """The names that contain ``part``, those that begin with it first; patterns, and rules without a name, too."""
    found: set[str] = set()
    for rows in (ManagedRecord.objects, SourceName.objects, CustomEntry.objects):
        names = rows.filter(name__contains=part).order_by("name").values_list("name", flat=True).distinct()
        found.update(names[:FOUND])
    return sorted(found, key=lambda name: (not name.startswith(part), name))[:FOUND]


def _find_records(values: set[str]) -> list[ManagedRecord]:
    """Where one of the values is wanted, or is there because someone else made it."""
    found = ManagedRecord.objects.filter(has_value(values, "values", "foreign")).order_by("name", "type")[: FOUND * 4]
    shown = ((record, (record.foreign or {}).get("values") or ()) for record in found)
    return [record for record, theirs in shown if values & {*record.values, *theirs}][:FOUND]


def spell_address(text: str) -> str:
    """As its column has it, where it is an address."""
    with suppress(BadName):
        return canonical_address(text)
    return text


def has_value(values: set[str], *fields: str) -> Q:
    """A value of a list is in quotes in its column."""
    found = Q(pk__in=[])
    for field in fields or ("values",):
        for value in values:
            found |= Q(**{f"{field}__icontains": f'"{value}"'})
    return found
