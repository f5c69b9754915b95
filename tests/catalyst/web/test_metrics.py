"""What the web counts of the background tasks, and of what they find."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone
from django_q.models import OrmQ, Schedule, Task

from catalyst.web.metrics import AnswerCollector, TaskCollector
from records.answer_models import RecordAnswer
from records.models import ManagedRecord

pytestmark = pytest.mark.django_db(transaction=True)  # the collector closes the connection


def counted() -> dict[str, float]:
    values = {family.name: family.samples[0].value for family in TaskCollector().collect()}
    return {name.removeprefix("catalyst_dns_sync_tasks_"): value for name, value in values.items()}


def test_all_is_quiet_before_the_first_task() -> None:
    assert counted() == {"waiting": 0, "failed": 0, "overdue_seconds": 0}


def test_what_waits_and_what_failed_is_counted_but_not_what_went_well() -> None:
    now = timezone.now()
    OrmQ.objects.create(key="catalyst", payload="", lock=now)
    for name, success in (("first", False), ("second", False), ("third", True)):
        Task.objects.create(id=name, name=name, func="f", started=now, stopped=now, success=success)
    assert counted() == {"waiting": 1, "failed": 2, "overdue_seconds": 0}


def test_a_schedule_that_nobody_keeps_is_late_by_its_first_date() -> None:
    now = datetime(2026, 11, 29, 12, tzinfo=UTC)
    with time_machine.travel(now, tick=False):
        for minutes in (-10, -5, 60):
            Schedule.objects.create(func="f", next_run=now + timedelta(minutes=minutes))
        assert counted()["overdue_seconds"] == 600
        Schedule.objects.filter(next_run__lt=now).delete()
        assert counted()["overdue_seconds"] == 0


def test_names_are_counted_by_what_dns_answers() -> None:
    assert [family.samples for family in AnswerCollector().collect()] == [[], []]
    now = datetime(2026, 11, 29, 12, tzinfo=UTC)
    with time_machine.travel(now, tick=False):
        for number, (result, minutes) in enumerate((("right", 5), ("right", 50), ("wrong", 1))):
            columns = {"zone": "talos00", "name": f"app{number}.talos00", "type": "A", "ttl": 60, "state": "synced"}
            RecordAnswer.objects.create(
                record=ManagedRecord.objects.create(**columns),
                target="default",
                zone="talos00",
                result=result,
                asked_at=now - timedelta(minutes=minutes),
                of_change=now,
            )
        samples = [sample for family in AnswerCollector().collect() for sample in family.samples]
    zone = {"target": "default", "zone": "talos00"}
    counts = {"right": 2, "wrong": 1, "unanswered": 0, "delegated": 0}
    assert [(sample.name, sample.labels, sample.value) for sample in samples] == [
        *(("catalyst_dns_sync_names_asked", zone | {"result": result}, value) for result, value in counts.items()),
        ("catalyst_dns_sync_names_oldest_asking_seconds", zone, 3000),
    ]
