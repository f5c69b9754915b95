"""What the syncer measured, as charts: calls and failures, and how long a change takes until DNS has it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import QuerySet, Sum
from django.db.models.functions import TruncHour, TruncMinute
from django.utils import timezone

from records.admin.columns import count_noun
from records.dashboard.charts import DAY_FORM, HOUR_FORM, Bar, Chart, list_hours, list_minutes
from records.models import MeasuredCount
from syncer.meters import API, BOUNDS, CHANGES, KUBERNETES

CALLS = {"good": "answered", "bad": "failed"}
TOOK = {"good": "within a second", "warn": "later"}
QUICK = 1000
"""Milliseconds, beyond which a change was slow."""


class Delays(NamedTuple):
    """From a change of an object to DNS. ``half`` and ``most`` are the times within which half of them, and 99 of 100
    were there, "" where there are none."""

    chart: Chart
    number: int
    half: str
    most: str

    @property
    def changes(self) -> str:
        return count_noun(self.number, ("change", "changes")) if self.number else "no change"


def read_calls(now: datetime | None = None) -> list[Chart]:
    """Of each target, and of the API server: an hour and a day of each. In two questions."""
    now = now or timezone.now()
    minutes, hours = list_minutes(now), list_hours(now)
    rows = MeasuredCount.objects.filter(subject__in=(API, KUBERNETES)).order_by()
    by_minute, by_hour = _sum_calls(rows, minutes, TruncMinute("at")), _sum_calls(rows, hours, TruncHour("at"))
    charts = []
    for subject, target in sorted(by_hour):
        whose = f"to {target}" if subject == API else "to Kubernetes"
        charts += [
            Chart(f"Calls {whose} in the last hour, by minute", by_minute(subject, target), CALLS, form=HOUR_FORM),
            Chart(f"Calls {whose} in the last day, by hour", by_hour(subject, target), CALLS, form=DAY_FORM),
        ]
    return charts


class _Calls(dict[tuple[str, str], dict[datetime, tuple[int, int]]]):
    """By subject and target: what was called and what failed, by the time at which each began."""

    def __init__(self, starts: Sequence[datetime]) -> None:
        super().__init__()
        self._starts = starts

    def __call__(self, subject: str, target: str) -> list[Bar]:
        found = self.get((subject, target), {})
        pairs = ((start, *found.get(start, (0, 0))) for start in self._starts)
        return [Bar(start, {"good": number - failed, "bad": failed}) for start, number, failed in pairs]


def _sum_calls(rows: QuerySet[MeasuredCount], starts: Sequence[datetime], by: TruncHour | TruncMinute) -> _Calls:
    calls = _Calls(starts)
    summed = rows.filter(at__gte=starts[0]).annotate(start=by).values_list("subject", "target", "start")
    for subject, target, start, number, failed in summed.annotate(Sum("number"), Sum("failed")):
        calls.setdefault((subject, target), {})[start] = number, failed
    return calls


def read_delays(now: datetime | None = None) -> list[Delays]:
    """Of the last hour and day, in one question."""
    now = now or timezone.now()
    hour, day = now - timedelta(hours=1), now - timedelta(days=1)
    rows = list(MeasuredCount.objects.filter(subject=CHANGES, at__gte=day).order_by().values_list("at", "buckets"))
    return [
        _tell_delays("in the last hour", [buckets for at, buckets in rows if at >= hour]),
        _tell_delays("in the last day", [buckets for _, buckets in rows]),
    ]


def _tell_delays(when: str, rows: Sequence[Sequence[int]]) -> Delays:
    size = len(BOUNDS) + 1
    # Of a version with other bounds nothing can be said.
    counts = [sum(column) for column in zip(*(row for row in rows if len(row) == size), strict=True)] or [0] * size
    bars = [
        Bar(None, {"good": number, "warn": 0} if bound <= QUICK else {"good": 0, "warn": number}, spell_bound(bound))
        for bound, number in zip((*BOUNDS, BOUNDS[-1] + 1), counts, strict=True)
    ]
    chart = Chart(f"From a change of an object to DNS, {when}", bars, TOOK)
    return Delays(chart, sum(counts), find_percentile(counts, 0.5), find_percentile(counts, 0.99))


def find_percentile(counts: Sequence[int], part: float) -> str:
    """The bound within which that part of what was counted lies; "" where nothing was."""
    total, seen = sum(counts), 0
    for number, bound in zip(counts, BOUNDS, strict=False):
        seen += number
        if total and seen >= total * part:
            return f"within {spell_bound(bound)}"
    return f"later than {spell_bound(BOUNDS[-1])}" if total else ""


def spell_bound(milliseconds: float) -> str:
    if milliseconds > BOUNDS[-1]:
        return "more"
    if milliseconds < QUICK:
        return f"{milliseconds:g} ms"
    return f"{milliseconds / 1000:g} s"
