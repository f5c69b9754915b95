"""Why nothing wants an RRset any more, as the sources and entries that are left tell it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from records.entry_names import call_entries, name_entries
from records.limits import split_keys
from records.models import CustomEntry, RRsetKey, Source, SourceName
from records.targets import find_managed
from syncer.core.origin import Origin
from syncer.core.selection import refuse_place

UNKNOWN = "no object and no custom entry wants it"


def find_causes(target: str, holders: Mapping[RRsetKey, str]) -> dict[RRsetKey, str]:
    """``holders``: who had each RRset on the target last, as Kind/namespace/name; "" where that is not known."""
    origins = {origin: Origin.parse(origin) for origin in holders.values()}
    entries = _find_entries({origin.name for origin in origins.values() if origin.is_entry and origin.name.isdigit()})
    sources = _find_sources(target, {origin.name for origin in origins.values() if origin.namespace})
    mentions = _find_mentions(sources.values(), {name for name, _ in holders})
    names = call_entries(holder for holder in origins if holder)
    causes = {}
    for key, holder in holders.items():
        origin = origins[holder]
        if origin.is_entry:
            causes[key] = _explain_entry(holder, entries.get(origin.name), names)
        elif not origin.namespace:
            causes[key] = UNKNOWN
        elif (source := sources.get(holder)) is None:
            causes[key] = _explain_absence(target, holder, origin)
        else:
            causes[key] = _explain_mention(holder, mentions.get((source, key[0])))
    return causes


def _explain_entry(holder: str, entry: CustomEntry | None, names: Mapping[str, str]) -> str:
    if entry is None:
        return f"{name_entries(holder, names)} was deleted"
    if not entry.enabled:
        return f"custom entry {entry} was disabled"
    return f"its custom entry is {entry} now"


def _explain_absence(target: str, holder: str, origin: Origin) -> str:
    unread = refuse_place(origin.kind, origin.namespace, find_managed(target).scope)
    return f"{holder} is not read any more: {unread}" if unread else f"{holder} was deleted"


def _explain_mention(holder: str, mention: SourceName | None) -> str:
    if mention is None:
        return f"{holder} does not name it any more"
    if mention.values is None:
        return f"{holder} does not publish it any more: {mention.reason}"
    return f"{holder} wants something else at this name"


def _find_entries(keys: Collection[str]) -> dict[str, CustomEntry]:
    chunks = split_keys(map(int, keys))
    return {str(entry.pk): entry for chunk in chunks for entry in CustomEntry.objects.filter(pk__in=chunk)}


def _find_sources(target: str, names: Collection[str]) -> dict[str, int]:
    """The rows of the objects of these names, by Kind/namespace/name."""
    found: dict[str, int] = {}
    for chunk in split_keys(names):
        rows = Source.objects.filter(target=target, name__in=chunk).order_by()
        for pk, *place in rows.values_list("pk", "kind", "namespace", "name"):
            found[str(Origin(*place))] = pk
    return found


def _find_mentions(sources: Collection[int], names: Collection[str]) -> dict[tuple[int, str], SourceName]:
    if not sources:
        return {}
    known = set(sources)
    rows = (row for chunk in split_keys(names) for row in SourceName.objects.filter(name__in=chunk).order_by())
    return {(row.source_id, row.name): row for row in rows if row.source_id in known}
