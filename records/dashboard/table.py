"""The names, a page at a time: what is asked of the address, and the rows that answer it.

A page begins behind the last row of the one before, and not at a number: the hundredth thousand costs what the first
does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.db.models import Q, QuerySet
from django.http import QueryDict

from records.answer_models import TROUBLE_RESULTS
from records.dashboard.headline import count_trouble
from records.entry_names import note_entries
from records.entry_values import managed_zones
from records.explain import OFF_STATES, count_states
from records.models import ManagedRecord, ManagedZone
from records.search import has_value, host_of, read_host, spell_address
from syncer.core.kinds import GIVING_NAMES
from syncer.core.known import RecordState
from syncer.core.names import BadName
from syncer.core.origin import CUSTOM_ENTRY

PAGE = 50
COUNTED = 1000
"""Rows of a filter that are counted; beyond, it is "more than"."""
ORDER = ("name", "type", "target")
PARAMETERS = ("q", "zone", "target", "state", "kind", "namespace")

ALL, OFF, MISANSWERED = "all", "off", "misanswered"
STATES: Mapping[str, str] = {
    ALL: "any state",
    OFF: "not in step",
    MISANSWERED: "answered wrong or not",
    **{state.value: state.value for state in RecordState},
}
SOURCE_KINDS = (*GIVING_NAMES, CUSTOM_ENTRY)


class Filters(NamedTuple):
    """What the address asks for; "" for all. Of the state it says ``ALL`` where that is meant: an address that asks for
    nothing shows those not in step, where there are any."""

    q: str = ""
    zone: str = ""
    target: str = ""
    state: str = ""
    kind: str = ""
    namespace: str = ""

    @classmethod
    def read(cls, query: QueryDict) -> Filters:
        """Raises ``BadRequest`` for what there is not."""
        filters = cls(*(query.get(name, "").strip()[:300] for name in PARAMETERS))
        if any("\0" in text for text in (*filters, query.get("after", ""), query.get("before", ""))):
            raise BadRequest("There is a NUL in a filter.")
        if filters.state not in ("", *STATES) or filters.kind not in ("", *SOURCE_KINDS):
            raise BadRequest("There is no such state or kind: choose one of those in the list.")
        return filters

    @property
    def is_narrow(self) -> bool:
        return any(self._replace(state="" if self.state == ALL else self.state))

    def spell_query(self, **more: str) -> str:
        """As the address has it."""
        asked = {name: text for name, text in (self._asdict() | more).items() if text}
        return f"?{urlencode(asked)}" if asked else "?"

    def narrow_rows(self) -> QuerySet[ManagedRecord]:
        rows = ManagedRecord.objects.all()
        for column in ("zone", "target"):
            if text := getattr(self, column):
                rows = rows.filter(**{column: text})
        if self.state == OFF:
            rows = rows.filter(state__in=OFF_STATES)
        elif self.state == MISANSWERED:
            rows = rows.filter(dns_answer__result__in=TROUBLE_RESULTS)
        elif self.state not in ("", ALL):
            rows = rows.filter(state=self.state)
        if self.kind and self.namespace:
            rows = rows.filter(origin__startswith=f"{self.kind}/{self.namespace}/")
        elif self.kind:
            rows = rows.filter(origin__startswith=f"{self.kind}/")
        elif self.namespace:
            rows = rows.filter(origin__contains=f"/{self.namespace}/")
        for word in self.q.split()[:10]:
            rows = rows.filter(_match_word(word))
        return rows


def _match_word(word: str) -> Q:
    """Part of a name as people write it, a value, or a part of the object's Kind/namespace/name."""
    part = host_of(word).lower() or word.lower()
    with suppress(BadName):
        part = read_host(word)
    name = Q(name__contains=part)
    with suppress(ValueError):  # no object is called as an address is spelled
        address = spell_address(str(ip_address(word.strip("[]"))))
        return name | has_value({address}, "values", "foreign")
    return name | Q(origin__icontains=word)


class NamesPage(NamedTuple):
    """``number`` counts the rows of the filter, ``is_more`` that there are more of them than were counted. ``total`` is
    of all records, where those not in step are shown without having been asked for; else 0."""

    filters: Filters
    rows: list[ManagedRecord]
    number: int
    is_more: bool
    next_url: str
    previous_url: str
    zones: tuple[str, ...]
    targets: tuple[str, ...]
    total: int = 0

    @property
    def states(self) -> Mapping[str, str]:
        return STATES

    @property
    def any_url(self) -> str:
        """The same filter of any state."""
        return self.filters.spell_query(state=ALL)

    @property
    def kinds(self) -> tuple[str, ...]:
        return SOURCE_KINDS


def read_page(
    query: QueryDict, size: int = PAGE, read_states: Callable[[], Mapping[str, int]] = count_states
) -> NamesPage:
    """``read_states`` counts the records by state."""
    filters, total = Filters.read(query), 0
    if not any((*filters, query.get("after"), query.get("before"))) and count_trouble(states := read_states()):
        filters, total = filters._replace(state=OFF), sum(states.values())
    rows = filters.narrow_rows()
    shown, has_next, has_previous = _cut_page(rows, query.get("after", ""), query.get("before", ""), size)
    note_entries(shown)
    number = len(shown)  # a search that finds few has looked at every row once already
    if has_next or has_previous:
        number = rows.order_by()[: COUNTED + 1].count() if filters.is_narrow else rows.count()
    is_more = filters.is_narrow and number > COUNTED
    targets = tuple(sorted({*ManagedZone.objects.order_by().values_list("target", flat=True).distinct()}))
    return NamesPage(
        filters,
        shown,
        COUNTED if is_more else number,
        is_more,
        filters.spell_query(after=_spell_place(shown[-1])) if has_next else "",
        filters.spell_query(before=_spell_place(shown[0])) if has_previous else "",
        managed_zones(),
        targets,
        total,
    )


def _cut_page(
    rows: QuerySet[ManagedRecord], after: str, before: str, size: int
) -> tuple[list[ManagedRecord], bool, bool]:
    """The rows, and whether there are further ones behind and before them. Where none is left beside the place, those
    of the first page."""
    rows = rows.prefetch_related("dns_answer")
    backwards = [f"-{column}" for column in ORDER]
    if before and (found := list(rows.filter(_rows_beside("lt", before)).order_by(*backwards)[: size + 1])):
        return found[:size][::-1], True, len(found) > size
    if after and (found := list(rows.filter(_rows_beside("gt", after)).order_by(*ORDER)[: size + 1])):
        return found[:size], len(found) > size, True
    found = list(rows.order_by(*ORDER)[: size + 1])
    return found[:size], len(found) > size, False


def _rows_beside(side: str, place: str) -> Q:
    """The rows on this side of the place. An index is followed to the name, which the rest only refines."""
    name, kind, target = (*place.split(" "), "", "")[:3]
    further = Q(**{f"name__{side}": name}) | Q(name=name, **{f"type__{side}": kind})
    further |= Q(name=name, type=kind, **{f"target__{side}": target})
    return Q(**{f"name__{side}e": name}) & further


def _spell_place(record: ManagedRecord) -> str:
    return f"{record.name} {record.type} {record.target}"
