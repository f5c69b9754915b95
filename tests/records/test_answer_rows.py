"""Which answer belongs to which record, and how many there are of each."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from records.answer_models import RecordAnswer
from records.answer_rows import count_answers, explain_pause, sum_answers
from records.models import ManagedRecord, SyncStatus

pytestmark = pytest.mark.django_db

NAME = "grafana.talos00"


def own(**more: Any) -> ManagedRecord:
    columns = {"zone": "talos00", "name": NAME, "type": "A", "ttl": 60, "owned": True, "state": "synced"}
    return ManagedRecord.objects.create(**columns | more)


def answer(record: ManagedRecord, result: str = "", **more: Any) -> RecordAnswer:
    columns = {"target": record.target, "zone": record.zone, "of_change": record.changed_at}
    return RecordAnswer.objects.create(record=record, result=result, **columns, **more)


def test_a_record_has_its_answer_or_none(django_assert_num_queries: Any) -> None:
    grafana, blog = own(), own(name="blog.talos00")
    row = answer(grafana, "right")
    with django_assert_num_queries(2):
        records = ManagedRecord.objects.order_by("pk").prefetch_related("dns_answer")
        assert [record.answer for record in records] == [row, None]
    assert ManagedRecord.objects.get(pk=grafana.pk).answer == row
    assert ManagedRecord.objects.get(pk=blog.pk).answer is None


def test_a_record_is_deleted_without_a_look_at_its_answer(django_assert_num_queries: Any) -> None:
    answer(own(), "right")
    with django_assert_num_queries(1):
        ManagedRecord.objects.filter(name=NAME).delete()
    assert RecordAnswer.objects.count() == 1, "the background tasks delete it"


def test_every_result_is_counted_by_zone() -> None:
    now = timezone.now()
    for name, zone, result, minutes in (
        ("a.talos00", "talos00", "right", 3),
        ("b.talos00", "talos00", "right", 9),
        ("c.talos00", "talos00", "wrong", 1),
        ("d.talos00", "talos00", "", None),
        ("a.home.lab", "home.lab", "unanswered", 2),
    ):
        asked = minutes and now - timedelta(minutes=minutes)
        answer(own(name=name, zone=zone), result, since=now - timedelta(minutes=7), asked_at=asked)
    zones = {zone.zone: zone for zone in count_answers()}
    assert zones["talos00"].counts == {"right": 2, "wrong": 1, "unanswered": 0, "delegated": 0}
    assert zones["home.lab"].counts == {"right": 0, "wrong": 0, "unanswered": 1, "delegated": 0}
    assert zones["talos00"].oldest == now - timedelta(minutes=9)
    RecordAnswer.objects.filter(record__name="b.talos00").delete()
    zones = {zone.zone: zone for zone in count_answers()}
    assert zones["talos00"].oldest == now - timedelta(minutes=7), "one that was never asked waits too"
    assert sum_answers() == {"right": 1, "wrong": 1, "unanswered": 1, "delegated": 0}


def test_where_no_names_are_asked_there_is_a_reason(settings: Settings) -> None:
    now = timezone.now()
    status = SyncStatus(holder="x", started_at=now, heartbeat_at=now, target="technitium")
    assert explain_pause(status) == explain_pause(None) == ""
    status.target = "hosts"
    assert explain_pause(status) == "names go to a hosts file, which no DNS server answers from"
    settings.PROPAGATION_RATE = 0.0
    assert explain_pause(status) == explain_pause(None) == "PROPAGATION_RATE is 0"
