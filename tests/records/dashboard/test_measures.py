"""What the syncer measured, as charts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from records.dashboard.charts import draw_chart, draw_sparkline
from records.dashboard.measures import find_percentile, read_calls, read_delays
from records.models import MeasuredCount
from syncer.meters import API, BOUNDS, CHANGES, KUBERNETES

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 30, 12, 34, 56, tzinfo=UTC)


def measure(subject: str, number: int, failed: int = 0, target: str = "", zone: str = "", **ago: float) -> None:
    at = (NOW - timedelta(**ago)).replace(second=0, microsecond=0)
    buckets = [0] * (len(BOUNDS) + 1)
    buckets[BOUNDS.index(50)] = number - failed
    MeasuredCount.objects.create(
        at=at, subject=subject, target=target, zone=zone, number=number, failed=failed, milliseconds=1, slowest=1,
        buckets=buckets,
    )  # fmt: skip


def test_calls_are_counted_by_target_by_minute_and_by_hour(django_assert_num_queries: Any) -> None:
    measure(API, 10, 1, "lan", minutes=1)
    measure(API, 20, 0, "lan", hours=2)
    measure(API, 5, 5, "public", minutes=3)
    measure(KUBERNETES, 7, minutes=1)
    measure(API, 99, 0, "lan", hours=26)
    with django_assert_num_queries(2):
        charts = read_calls(NOW)
    assert [(chart.title, [number for *_, number in chart.totals]) for chart in charts] == [
        ("Calls to lan in the last hour, by minute", [9, 1]),
        ("Calls to lan in the last day, by hour", [29, 1]),
        ("Calls to public in the last hour, by minute", [0, 5]),
        ("Calls to public in the last day, by hour", [0, 5]),
        ("Calls to Kubernetes in the last hour, by minute", [7, 0]),
        ("Calls to Kubernetes in the last day, by hour", [7, 0]),
    ]


def test_changes_of_all_zones_are_told_by_how_long_they_took(django_assert_num_queries: Any) -> None:
    measure(CHANGES, 3, target="lan", zone="talos00", minutes=1)
    measure(CHANGES, 1, target="lan", zone="home.lab", minutes=1)
    measure(CHANGES, 96, target="lan", zone="talos00", hours=3)
    with django_assert_num_queries(1):
        hour, day = read_delays(NOW)
    assert (hour.changes, hour.half, hour.most) == ("4 changes", "within 50 ms", "within 50 ms")
    assert day.number == 100
    drawn = draw_chart(hour.chart)
    assert ">50 ms: 4 within a second<" in drawn
    assert "data-at" not in drawn
    assert read_delays(NOW + timedelta(days=2))[0].changes == "no change"


def test_counts_of_a_version_with_other_bounds_are_left_out() -> None:
    measure(CHANGES, 3, minutes=1)
    MeasuredCount.objects.update(buckets=[1, 2, 3])
    assert read_delays(NOW)[0].number == 0


@pytest.mark.parametrize(
    ("counts", "half", "most"),
    [
        ([1], "within 5 ms", "within 5 ms"),
        ([50, 50], "within 5 ms", "within 10 ms"),
        ([99, 0, 1], "within 5 ms", "within 5 ms"),
        ([0] * 13 + [1], "later than 60 s", "later than 60 s"),
        ([0] * 7 + [1], "within 1 s", "within 1 s"),
        ([0] * 14, "", ""),
    ],
)
def test_a_percentile_is_the_bound_within_which_so_many_are(counts: list[int], half: str, most: str) -> None:
    counts = counts + [0] * (14 - len(counts))
    assert (find_percentile(counts, 0.5), find_percentile(counts, 0.99)) == (half, most)


def test_a_line_over_the_last_answers_marks_those_that_failed() -> None:
    drawn = draw_sparkline([(1.0, True), (2.0, True), (0.0, False)], "2 answers <b>")
    assert drawn.count("<circle") == 1
    assert 'points="0.0,18.0 120.0,3.0"' in drawn
    assert "2 answers &lt;b&gt;" in drawn
    assert "<polyline" in draw_sparkline([], "none")
