"""What happened in the last hour and day, as bars. SVG, made here, from the audit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Count
from django.db.models.functions import TruncHour, TruncMinute
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from records.audit import CHANGES, Action
from records.models import AuditEntry

SERIES: Mapping[str, tuple[str, frozenset[str]]] = {
    "good": ("created", frozenset({Action.CREATED, Action.ADOPTED})),
    "busy": ("updated", frozenset({Action.UPDATED, Action.UNDONE})),
    "warn": ("deleted", frozenset({Action.DELETED, Action.RELEASED})),
    "bad": ("failed", frozenset({Action.FAILED})),
}
"""By tone: what it is called, and the actions that count."""
WIDTH, HEIGHT, FOOT = 600, 120, 18


class Bar(NamedTuple):
    """``counts`` is by tone, in the order of ``SERIES``."""

    start: datetime
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


class Chart(NamedTuple):
    title: str
    bars: Sequence[Bar]
    form: str
    """Of the time below it."""

    @property
    def totals(self) -> list[tuple[str, str, int]]:
        """Tone, word and number of each series."""
        return [(tone, word, sum(bar.counts.get(tone, 0) for bar in self.bars)) for tone, (word, _) in SERIES.items()]

    def describe(self) -> str:
        told = ", ".join(f"{number} {word}" for _, word, number in self.totals)
        return f"{self.title}: {told}"


def read_charts(now: datetime | None = None) -> list[Chart]:
    """In two questions, by the index of the time."""
    now = now or timezone.now()
    minute, hour = now.replace(second=0, microsecond=0), now.replace(minute=0, second=0, microsecond=0)
    minutes = [minute - timedelta(minutes=number) for number in range(59, -1, -1)]
    hours = [hour - timedelta(hours=number) for number in range(23, -1, -1)]
    return [
        Chart("Changes in the last hour, by minute", _count(minutes, TruncMinute("at")), "%H:%M"),
        Chart("Changes in the last day, by hour", _count(hours, TruncHour("at")), "%a %H:%M"),
    ]


def _count(starts: Sequence[datetime], by: TruncMinute | TruncHour) -> list[Bar]:
    counted = CHANGES | {Action.FAILED}
    rows = AuditEntry.objects.filter(at__gte=starts[0], action__in=counted).order_by().annotate(start=by)
    bars: dict[datetime, dict[str, int]] = {start: dict.fromkeys(SERIES, 0) for start in starts}
    tones = {action: tone for tone, (_, actions) in SERIES.items() for action in actions}
    for start, action, number in rows.values_list("start", "action").annotate(number=Count("id")):
        if start in bars:
            bars[start][tones[action]] += number
    return [Bar(start, counts) for start, counts in bars.items()]


def draw_chart(chart: Chart) -> SafeString:
    highest = max((bar.total for bar in chart.bars), default=0) or 1
    step = WIDTH / len(chart.bars)
    drawn: list[SafeString] = []
    for index, bar in enumerate(chart.bars):
        drawn += _draw_bar(bar, round(index * step, 1), round(step * 0.8, 1), highest)
    ticks = (chart.bars[0], chart.bars[len(chart.bars) // 2], chart.bars[-1])
    places = ((0, "start"), (WIDTH // 2, "middle"), (WIDTH, "end"))
    texts = (
        (x, HEIGHT + 14, anchor, f"{timezone.localtime(bar.start):{chart.form}}")
        for bar, (x, anchor) in zip(ticks, places, strict=True)
    )
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">'
        '<path class="base" d="M0 {}H{}"/><text x="{}" y="10" text-anchor="end">{}</text>{}{}</svg>',
        WIDTH,
        HEIGHT + FOOT,
        chart.describe(),
        HEIGHT,
        WIDTH,
        WIDTH,
        highest,
        format_html_join("", "{}", ((part,) for part in drawn)),
        format_html_join("", '<text x="{}" y="{}" text-anchor="{}">{}</text>', texts),
    )


def _draw_bar(bar: Bar, x: float, width: float, highest: int) -> list[SafeString]:
    """One piece for each series, from below; what is there can be seen, however little it is."""
    drawn, top = [], float(HEIGHT)
    words = ", ".join(f"{number} {SERIES[tone][0]}" for tone, number in bar.counts.items() if number)
    for tone, number in bar.counts.items():
        if not number:
            continue
        height = round(max(2.0, number / highest * (HEIGHT - 14)), 1)
        top -= height
        drawn.append(
            format_html(
                '<rect class="{}" x="{}" y="{}" width="{}" height="{}"><title>{}: {}</title></rect>',
                *(tone, x, round(top, 1), width, height),
                *(f"{timezone.localtime(bar.start):%H:%M}", words),
            )
        )
    return drawn
