"""The last twelve hours of zones and servers."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from records.dashboard.timelines import CELLS, Timeline, draw_timeline, read_timelines
from records.models import AuditEntry, DriftFinding, HeldPlan, ManagedRecord, MeasuredCount

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 30, 12, 34, 56, tzinfo=UTC)
ZONES = [("default", "talos00"), ("default", "home.lab")]


def ago(**past: float) -> datetime:
    return NOW - timedelta(**past)


def read() -> dict[str, Timeline]:
    return {line.title: line for line in read_timelines(ZONES, NOW)}


def cells(line: Timeline) -> dict[str, str]:
    """By the time at which each of them begins."""
    return {f"{at:%H:%M}": tone for at, tone in zip(line.starts, line.tones, strict=True) if tone}


def test_what_happened_in_a_zone_is_in_the_cell_in_which_it_did(django_assert_num_queries: Any) -> None:
    for action, at in (
        ("created", NOW),
        ("deleted", ago(hours=3)),
        ("failed", ago(hours=3)),
        ("created", ago(hours=13)),
        ("requested", ago(hours=5)),
    ):
        AuditEntry.objects.create(actor="x", action=action, target="default", zone="talos00", at=at)
    with django_assert_num_queries(5):
        lines = read()
    assert cells(lines["talos00"]) == {"09:30": "bad", "12:30": "good"}
    assert cells(lines["home.lab"]) == {}
    assert lines["talos00"].starts[0] == datetime(2026, 11, 30, 0, 40, tzinfo=UTC)
    assert len(lines["talos00"].tones) == CELLS


def test_what_lasts_is_in_every_cell_until_it_ended() -> None:
    place = {"target": "default", "zone": "talos00"}
    over = DriftFinding.objects.create(
        name="a.talos00",
        type="A",
        drift_type="missing_record",
        status="over",
        decided_at=ago(hours=1, minutes=45),
        **place,
    )
    DriftFinding.objects.filter(pk=over.pk).update(found_at=ago(hours=2))
    plan = HeldPlan.objects.create(reason="too many", target="default", zone="home.lab")
    HeldPlan.objects.filter(pk=plan.pk).update(created_at=ago(minutes=20))
    ManagedRecord.objects.create(name="b.talos00", type="A", ttl=60, state="failed", changed_at=ago(minutes=5), **place)
    lines = read()
    assert cells(lines["talos00"]) == {"10:30": "bad", "10:40": "bad", "12:20": "bad", "12:30": "bad"}
    assert cells(lines["home.lab"]) == {"12:10": "warn", "12:20": "warn", "12:30": "warn"}
    assert "not in step from 10:30 UTC on; not in step from 12:20 UTC on" in lines["talos00"].describe()


def test_of_a_server_it_says_how_it_answered() -> None:
    for minutes, number, failed in ((0, 10, 0), (10, 10, 1), (20, 10, 9), (25, 2, 0), (40, 0, 0)):
        MeasuredCount.objects.create(
            at=ago(minutes=minutes).replace(second=0, microsecond=0),
            subject="api",
            target="lan",
            number=number,
            failed=failed,
            milliseconds=1,
            slowest=1,
            buckets=[],
        )
    lines = read()
    assert cells(lines["lan"]) == {"12:00": "good", "12:10": "bad", "12:20": "warn", "12:30": "good"}
    assert list(lines) == ["lan", "talos00", "home.lab"]


def test_the_picture_has_a_cell_for_each_and_words_for_who_cannot_see_it() -> None:
    AuditEntry.objects.create(actor="x", action="failed", target="default", zone="talos00", at=NOW)
    drawn = ET.fromstring(draw_timeline(read()["talos00"]))
    assert drawn.attrib["role"] == "img"
    assert drawn.attrib["aria-label"].startswith(
        "talos00, the last 12 hours: not in step from 12:30 UTC on; changes in 0"
    )
    assert [rect.attrib["class"] for rect in drawn.iter("rect")] == ["nothing", "bad"]
