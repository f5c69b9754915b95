"""How each zone was, and how each server answered, in the last twelve hours: a line of cells, as SVG, made here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

from django.db.models import Count, ExpressionWrapper, FloatField, Min, Model, QuerySet, Sum, Value
from django.db.models.functions import ExtractMinute, Floor, TruncHour, TruncMinute
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from records.audit import CHANGES, Action, is_edit
from records.dashboard.charts import HOUR_FORM
from records.models import AuditEntry, DriftFinding, HeldPlan, ManagedRecord, MeasuredCount
from syncer.core.known import RecordState
from syncer.core.names import people_name
from syncer.meters import API, KUBERNETES

R = TypeVar("R", bound=Model)

CELL, CELLS = timedelta(minutes=10), 72
HEIGHT, STEP = 20, 10
WIDTH = CELLS * STEP
WORST = ("bad", "warn", "good")
"""The tones, of which the first one that applies is that of a cell; where none does, there was nothing to tell."""
OF_ZONES: Mapping[str, str] = {"bad": "not in step", "warn": "deletes held", "good": "changes"}
OF_SERVERS: Mapping[str, str] = {"bad": "most calls failed", "warn": "some calls failed", "good": "answered"}
ZonePlace = tuple[str, str]
"""A target and a zone of it."""
MINUTES = CELL // timedelta(minutes=1)
PART = Floor(ExpressionWrapper(ExtractMinute("at") / Value(float(MINUTES)), output_field=FloatField()))
"""Which cell of its hour a moment lies in."""


class Timeline(NamedTuple):
    """``tones`` has one for each cell, the oldest first, "" for none; ``words`` says what they mean."""

    title: str
    starts: Sequence[datetime]
    tones: Sequence[str]
    words: Mapping[str, str]

    def describe(self) -> str:
        """For who cannot see it: what was worse than usual, with the times at which that began."""
        runs = [(start, tone) for start, tone, before in self._pairs() if tone in ("bad", "warn") and tone != before]
        told = "; ".join(f"{self.words[tone]} from {timezone.localtime(at):{HOUR_FORM} %Z} on" for at, tone in runs)
        good = sum(tone == "good" for tone in self.tones)
        return (
            f"{self.title}, the last 12 hours: {told or 'no trouble'}; {self.words['good']} in {good} of {CELLS} cells"
        )

    def _pairs(self) -> Iterable[tuple[datetime, str, str]]:
        return zip(self.starts, self.tones, ("", *self.tones[:-1]), strict=True)


def list_starts(now: datetime) -> list[datetime]:
    """Of the cells, the one that has begun among them."""
    begun = now.replace(minute=now.minute - now.minute % MINUTES, second=0, microsecond=0)
    return [begun - CELL * number for number in range(CELLS - 1, -1, -1)]


def read_timelines(zones: Iterable[ZonePlace], now: datetime | None = None) -> list[Timeline]:
    """First of the servers of which calls were measured, then of the zones. In five questions."""
    starts = list_starts(now or timezone.now())
    calls, marks = _read_calls(starts), _read_zones(starts)
    several = len({target for target, _ in zones}) > 1
    lines = [
        Timeline(target if subject == API else "Kubernetes", starts, tones, OF_SERVERS)
        for (subject, target), tones in sorted(calls.items())
    ]
    for target, zone in zones:
        title = f"{people_name(zone)} on {target}" if several else people_name(zone)
        lines.append(Timeline(title, starts, marks.get((target, zone), [""] * CELLS), OF_ZONES))
    return lines


def _read_calls(starts: Sequence[datetime]) -> dict[tuple[str, str], list[str]]:
    rows = MeasuredCount.objects.filter(subject__in=(API, KUBERNETES), at__gte=starts[0]).order_by()
    found: dict[tuple[str, str], list[str]] = {}
    parted = rows.annotate(hour=TruncHour("at"), part=PART).values_list("subject", "target", "hour", "part")
    for subject, target, hour, part, number, failed in parted.annotate(Sum("number"), Sum("failed")):
        tones = found.setdefault((subject, target), [""] * CELLS)
        if (index := _find_cell(starts, hour + CELL * int(part))) is not None and number:
            tones[index] = "bad" if 2 * failed > number else "warn" if failed else "good"
    return found


def _read_zones(starts: Sequence[datetime]) -> dict[ZonePlace, list[str]]:
    found: dict[ZonePlace, list[str]] = {}
    for tone, place, begin, end in (*_list_events(starts), *_list_states(starts)):
        tones = found.setdefault(place, [""] * CELLS)
        for index, start in enumerate(starts):
            if start < end and begin < start + CELL and _is_worse(tone, tones[index]):
                tones[index] = tone
    return found


Mark = tuple[str, ZonePlace, datetime, datetime]
"""The tone, where, and from when to when."""


def _list_events(starts: Sequence[datetime]) -> Iterator[Mark]:
    """What happened, by the cells in which it did."""
    rows = AuditEntry.objects.filter(~is_edit(), at__gte=starts[0], action__in=CHANGES | {Action.FAILED}).order_by()
    parted = rows.annotate(hour=TruncHour("at"), part=PART).values_list("target", "zone", "action", "hour", "part")
    for target, zone, action, hour, part, _ in parted.annotate(Count("id")):
        start = hour + CELL * int(part)
        yield "bad" if action == Action.FAILED else "good", (target, zone), start, start + CELL


def _list_states(starts: Sequence[datetime]) -> Iterator[Mark]:
    """What lasted: drift, held deletes, and what is refused now. A conflict, which may be there for years, is no part
    of it."""
    end = starts[-1] + CELL
    drift = _of_last_hours(DriftFinding.objects.all(), starts[0]).annotate(begin=TruncMinute("found_at"))
    for target, zone, begin, decided in drift.values_list(
        "target", "zone", "begin", TruncMinute("decided_at")
    ).distinct():
        yield "bad", (target, zone), begin, decided or end
    plans = _of_last_hours(HeldPlan.objects.all(), starts[0])
    for target, zone, begin, decided in plans.values_list("target", "zone", "created_at", "decided_at"):
        yield "warn", (target, zone), begin, decided or end
    stuck = ManagedRecord.objects.filter(state=RecordState.FAILED).order_by()
    for target, zone, begin in stuck.values_list("target", "zone").annotate(Min("changed_at")):
        yield "bad", (target, zone), begin, end


def _of_last_hours(rows: QuerySet[R], since: datetime) -> QuerySet[R]:
    """What had not ended before."""
    return (rows.filter(decided_at=None) | rows.filter(decided_at__gte=since)).order_by()


def _find_cell(starts: Sequence[datetime], moment: datetime) -> int | None:
    index = (moment - starts[0]) // CELL
    return index if 0 <= index < len(starts) else None


def _is_worse(tone: str, than: str) -> bool:
    return than == "" or WORST.index(tone) < WORST.index(than)


def draw_timeline(line: Timeline) -> SafeString:
    """As wide as there is room: its cells are stretched."""
    cells = (
        (tone, index * STEP, STEP - 1, HEIGHT, f"{timezone.localtime(start):{HOUR_FORM} %Z}", line.words[tone])
        for index, (start, tone) in enumerate(zip(line.starts, line.tones, strict=True))
        if tone
    )
    return format_html(
        '<svg class="timeline" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<rect class="nothing" width="{}" height="{}"/>{}</svg>',
        *(WIDTH, HEIGHT, line.describe(), WIDTH, HEIGHT),
        format_html_join("", '<rect class="{}" x="{}" width="{}" height="{}"><title>{}: {}</title></rect>', cells),
    )
