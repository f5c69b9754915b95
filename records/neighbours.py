"""What is round the name of a custom entry, where it matters: above and below a DNAME, and beside a DS."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from django.db.models import Q, QuerySet

from records.limits import split_keys
from records.models import CustomEntry, ManagedRecord, ManagedZone, SourceName
from syncer.core.claims import Mode
from syncer.core.names import zone_of
from syncer.core.origin import CUSTOM_ENTRY
from syncer.core.placement import PLACED, explain_placement, find_below

EntryKey = tuple[str, str, str]
"""The name, the type and the target of an entry, as its row says them."""


class Neighbours:
    """On one target, whose ``zones`` these are. ``saved`` are the names of entries that are to be in force, with their
    types; ``replaced`` are the entries of the database in whose place they come, and those that will no more be."""

    def __init__(
        self,
        saved: Mapping[str, Collection[str]],
        zones: Collection[str],
        replaced: Collection[EntryKey] = (),
        target: str = "default",
    ) -> None:
        self._saved = saved
        self._zones = zones
        self._replaced = frozenset(replaced)
        self._target = target
        self._redirects = self._find_redirects()

    def explain(self, name: str, kind: str) -> str:
        """Why an entry of that type cannot be at the name, as a sentence, "" when it can."""
        below = self._find_below(name) if kind == "DNAME" else ""
        reason = explain_placement(kind, self._list_types(name, kind) if kind in PLACED else (), below)
        if not reason and kind:
            above = (parent for parent in self._list_parents(name) if parent in self._redirects)
            if redirect := next(above, ""):
                reason = (
                    f"the DNAME of {redirect} redirects every name below it (RFC 6672): delete or disable that first"
                )
        return f"{reason[0].upper()}{reason[1:]}." if reason else ""

    def _list_types(self, name: str, kind: str) -> set[str]:
        """Those at the name, of others as far as we know."""
        types = {*self._saved.get(name, ()), *(type_ for _, type_, _ in self._list_entries(Q(name=name)))}
        if name == zone_of(name, self._zones):
            types |= {"SOA", "NS"}
        if kind == "DS" and "NS" not in types and self._is_delegated(name):
            types.add("NS")
        return types

    def _is_delegated(self, name: str) -> bool:
        """By what an object publishes, or by a hand."""
        if self._others_records().filter(name=name, type="NS").exists():
            return True
        listed = ManagedZone.objects.filter(target=self._target, zone=zone_of(name, self._zones)).values_list(
            "delegations", flat=True
        )
        return any(name in (delegations or ()) for delegations in listed)

    def _find_below(self, name: str) -> str:
        end = Q(name__endswith=f".{name}")
        asked = SourceName.objects.filter(end, source__target=self._target).exclude(
            values__isnull=True, records__isnull=True
        )
        return find_below(
            name,
            (
                *(other for other, types in self._saved.items() if any(types)),
                *(other for other, *_ in self._list_entries(end)),
                *_first_name(asked),
                *_first_name(self._others_records().filter(end)),
            ),
        )

    def _find_redirects(self) -> frozenset[str]:
        """The names with a DNAME above those of the entries."""
        above = {parent for name in self._saved for parent in self._list_parents(name)}
        found = {name for name, types in self._saved.items() if "DNAME" in types}
        for names in split_keys(above):
            at = Q(name__in=names, type="DNAME")
            found |= {name for name, *_ in self._list_entries(at)}
            found |= set(self._others_records().filter(at).values_list("name", flat=True))
        return frozenset(found)

    def _list_entries(self, at: Q) -> Iterator[EntryKey]:
        rows = CustomEntry.objects.filter(at, enabled=True, target__in=("", self._target))
        keys = rows.exclude(mode=Mode.BLOCK).order_by().values_list("name", "type", "target")
        return (key for key in keys if key not in self._replaced)

    def _others_records(self) -> QuerySet[ManagedRecord]:
        """What is published that is no entry's: an entry is judged by itself, the moment it is saved."""
        owned = ManagedRecord.objects.filter(target=self._target, owned=True)
        return owned.exclude(origin__startswith=f"{CUSTOM_ENTRY}/").order_by()

    def _list_parents(self, name: str) -> Iterator[str]:
        """The nearest first, up to the apex of the zone."""
        zone = zone_of(name, self._zones)
        while zone and name != zone:
            name = name.partition(".")[2]
            yield name


def _first_name(rows: QuerySet[Any]) -> list[str]:
    return list(rows.order_by("name").values_list("name", flat=True)[:1])
