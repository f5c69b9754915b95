"""What happened, as bars."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from records.dashboard.charts import STRIP, draw_chart, draw_strip, read_charts
from records.models import AuditEntry

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 30, 12, 34, 56, tzinfo=UTC)


def note(action: str, count: int = 1, **ago: float) -> None:
    at = NOW - timedelta(**ago)
    AuditEntry.objects.bulk_create(AuditEntry(actor="x", action=action, at=at) for _ in range(count))


def test_changes_and_failures_are_counted_by_minute_and_by_hour(django_assert_num_queries: Any) -> None:
    note("created", 2)
    note("adopted")
    note("failed", 2, minutes=30)
    note("deleted", 4, minutes=90)
    note("updated", 5, hours=23)
    note("created", 9, hours=25)
    note("conflict", 9)
    AuditEntry.objects.create(actor="x", action="created", at=NOW, source="CustomEntry//7")  # and its record is to come
    with django_assert_num_queries(2):
        hour, day = read_charts(NOW)
    assert (len(hour.bars), len(day.bars)) == (60, 24)
    assert hour.bars[-1].counts == {"good": 3, "busy": 0, "warn": 0, "bad": 0}
    assert hour.totals == [("good", "created", 3), ("busy", "updated", 0), ("warn", "deleted", 0), ("bad", "failed", 2)]
    assert [number for _, _, number in day.totals] == [3, 5, 4, 2]
    assert day.bars[0].counts["busy"] == 5


def test_the_picture_has_a_bar_for_each_and_words_for_who_cannot_see_it() -> None:
    note("created", 300)
    note("failed")
    chart = read_charts(NOW)[0]
    drawn = ET.fromstring(draw_chart(chart))
    assert drawn.attrib["aria-label"].endswith(": 300 created, 0 updated, 0 deleted, 1 failed")
    bars = {rect.attrib["class"]: float(rect.attrib["height"]) for rect in drawn.iter("rect")}
    assert bars.keys() == {"good", "bad"}
    assert bars["bad"] >= 2, "one among many can be seen"
    assert all(float(rect.attrib["y"]) >= 0 for rect in drawn.iter("rect"))
    assert [text.text for text in drawn.iter("text")] == ["301", "11:35", "12:05", "12:34"]


def test_where_nothing_happened_there_are_no_bars() -> None:
    assert not list(ET.fromstring(draw_chart(read_charts(NOW)[1])).iter("rect"))


def test_a_strip_shows_the_last_events_of_a_name_the_newest_at_the_right() -> None:
    note("created", minutes=3)
    note("updated", minutes=2)
    note("failed", minutes=1)
    drawn = ET.fromstring(draw_strip(list(AuditEntry.objects.order_by("-at"))))
    assert [rect.attrib["class"] for rect in drawn.iter("rect")] == ["good", "busy", "bad"]
    assert drawn.attrib["aria-label"] == "the last 3 events, the oldest first: created, updated, failed"
    note("updated", 100)
    assert len(list(ET.fromstring(draw_strip(list(AuditEntry.objects.order_by("-at")))).iter("rect"))) == STRIP


def test_times_below_a_chart_are_told_to_scripts_which_know_the_zone_of_the_reader() -> None:
    hour, day = (ET.fromstring(draw_chart(chart)) for chart in read_charts(NOW))
    assert [text.attrib["data-at"] for text in hour.iter("text") if "data-at" in text.attrib] == [
        "2026-11-30T11:35:00+00:00",
        "2026-11-30T12:05:00+00:00",
        "2026-11-30T12:34:00+00:00",
    ]
    assert [("data-day" in text.attrib) for text in day.iter("text") if "data-at" in text.attrib] == [True] * 3
