"""Charts of the last hour and day, as SVG, made here. Changes are counted from the audit; what the syncer measured is
in ``records.dashboard.measures``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Count
from django.db.models.functions import TruncHour, TruncMinute
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from records.admin.columns import ACTION_TONES
from records.audit import CHANGES, Action, is_edit
from records.models import AuditEntry

SERIES: Mapping[str, tuple[str, frozenset[str]]] = {
    "good": ("created", frozenset({Action.CREATED, Action.ADOPTED})),
    "busy": ("updated", frozenset({Action.UPDATED, Action.UNDONE})),
    "warn": ("deleted", frozenset({Action.DELETED, Action.RELEASED})),
    "bad": ("failed", frozenset({Action.FAILED})),
}
"""By tone: what it is called, and the actions that count."""
WIDTH, HEIGHT, FOOT = 600, 120, 18
SPARK_WIDTH, SPARK_HEIGHT = 240, 36
STRIP, STRIP_STEP = 30, 12
MINUTES, HOURS = 60, 24
HOUR_FORM, DAY_FORM = "%H:%M", "%a %H:%M"


class Bar(NamedTuple):
    """``counts`` is by tone, in the order of the chart's ``words``. ``label`` is what is said of it where it is of no
    time."""

    start: datetime | None
    counts: Mapping[str, int]
    label: str = ""

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def name(self, form: str) -> str:
        return f"{timezone.localtime(self.start):{form}}" if self.start else self.label


class Chart(NamedTuple):
    """``words`` says by tone what is counted, ``form`` is of the times below it."""

    title: str
    bars: Sequence[Bar]
    words: Mapping[str, str]
    form: str = ""

    @property
    def totals(self) -> list[tuple[str, str, int]]:
        """Tone, word and number of each series."""
        return [(tone, word, sum(bar.counts.get(tone, 0) for bar in self.bars)) for tone, word in self.words.items()]

    def describe(self) -> str:
        told = ", ".join(f"{number} {word}" for _, word, number in self.totals)
        return f"{self.title}: {told}"


def list_minutes(now: datetime) -> list[datetime]:
    """Of the last hour, the one that has begun among them."""
    minute = now.replace(second=0, microsecond=0)
    return [minute - timedelta(minutes=number) for number in range(MINUTES - 1, -1, -1)]


def list_hours(now: datetime) -> list[datetime]:
    hour = now.replace(minute=0, second=0, microsecond=0)
    return [hour - timedelta(hours=number) for number in range(HOURS - 1, -1, -1)]


def read_charts(now: datetime | None = None) -> list[Chart]:
    """In two questions, by the index of the time."""
    now = now or timezone.now()
    words = {tone: word for tone, (word, _) in SERIES.items()}
    return [
        Chart(
            "Changes in the last hour, by minute",
            _count_changes(list_minutes(now), TruncMinute("at")),
            words,
            form=HOUR_FORM,
        ),
        Chart(
            "Changes in the last day, by hour", _count_changes(list_hours(now), TruncHour("at")), words, form=DAY_FORM
        ),
    ]


def _count_changes(starts: Sequence[datetime], by: TruncMinute | TruncHour) -> list[Bar]:
    counted = CHANGES | {Action.FAILED}
    of_dns = AuditEntry.objects.filter(~is_edit(), at__gte=starts[0], action__in=counted)
    rows = of_dns.order_by().annotate(start=by)
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
        drawn += _draw_bar(chart, bar, round(index * step, 1), round(step * 0.8, 1), highest)
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
        format_html_join("", "{}", ((tick,) for tick in _draw_ticks(chart, step))),
    )


def _draw_ticks(chart: Chart, step: float) -> list[SafeString]:
    """Below the first, the middle and the last bar, or, of what is of no time, below every second one. A script puts
    times into the reader's zone."""
    if chart.bars[0].start:
        bars = chart.bars[0], chart.bars[len(chart.bars) // 2], chart.bars[-1]
        places = list(zip(bars, (0.0, WIDTH / 2, float(WIDTH)), ("start", "middle", "end"), strict=True))
    else:
        middles = (round((index + 0.4) * step, 1) for index in range(0, len(chart.bars), 2))
        places = [(bar, middle, "middle") for bar, middle in zip(chart.bars[::2], middles, strict=True)]
    day = SafeString(' data-day=""') if chart.form == DAY_FORM else ""
    return [
        format_html(
            '<text x="{}" y="{}" text-anchor="{}"{}>{}</text>',
            *(x, HEIGHT + 14, anchor),
            format_html(' data-at="{}"{}', bar.start.isoformat(), day) if bar.start else "",
            bar.name(chart.form),
        )
        for bar, x, anchor in places
    ]


def _draw_bar(chart: Chart, bar: Bar, x: float, width: float, highest: int) -> list[SafeString]:
    """One piece for each series, from below; what is there can be seen, however little it is."""
    drawn, top = [], float(HEIGHT)
    words = ", ".join(f"{number} {chart.words[tone]}" for tone, number in bar.counts.items() if number)
    for tone, number in bar.counts.items():
        if not number:
            continue
        height = round(max(2.0, number / highest * (HEIGHT - 14)), 1)
        top -= height
        drawn.append(
            format_html(
                '<rect class="{}" x="{}" y="{}" width="{}" height="{}"><title>{}: {}</title></rect>',
                *(tone, x, round(top, 1), width, height),
                *(bar.name(HOUR_FORM), words),
            )
        )
    return drawn


def draw_strip(entries: Sequence[AuditEntry]) -> SafeString:
    """The last things that happened to a name, a cell for each, the newest at the right; ``entries`` have that one
    first."""
    shown = entries[:STRIP][::-1]
    cells = (
        (
            ACTION_TONES.get(entry.action, "quiet"),
            index * STRIP_STEP,
            f"{entry.action} {entry.type}".strip(),
            f"{timezone.localtime(entry.at):%d %b %H:%M:%S %Z}",
        )
        for index, entry in enumerate(shown)
    )
    told = ", ".join(f"{entry.action} {entry.type}".strip() for entry in shown)
    return format_html(
        '<svg class="strip" viewBox="0 0 {} 18" width="{}" height="18" role="img" aria-label="the last {} events, the'
        ' oldest first: {}">{}</svg>',
        *(len(shown) * STRIP_STEP, len(shown) * STRIP_STEP, len(shown), told),
        format_html_join(
            "", '<rect class="{}" x="{}" y="1" width="9" height="16" rx="2"><title>{}, {}</title></rect>', cells
        ),
    )


def draw_sparkline(samples: Sequence[tuple[float, bool]], words: str) -> SafeString:
    """How long the last answers took, the newest at the right: a line over milliseconds, and a mark where there was no
    answer. ``words`` says the same."""
    highest = max((milliseconds for milliseconds, is_ok in samples if is_ok), default=0.0) or 1.0
    step = SPARK_WIDTH / max(1, len(samples) - 1)
    line, missing = [], []
    for index, (milliseconds, is_ok) in enumerate(samples):
        x = round(index * step, 1)
        if is_ok:
            line.append(f"{x},{round(SPARK_HEIGHT - 3 - milliseconds / highest * (SPARK_HEIGHT - 6), 1)}")
        else:
            missing.append((x,))
    return format_html(
        '<svg class="spark" viewBox="-3 0 {} {}" role="img" aria-label="{}">'
        '<path class="base" d="M0 {}H{}"/><polyline points="{}"/>{}</svg>',
        *(SPARK_WIDTH + 6, SPARK_HEIGHT, words),
        *(SPARK_HEIGHT - 1, SPARK_WIDTH),
        " ".join(line),
        format_html_join("", '<circle cx="{}" cy="4" r="3"/>', missing),
    )
