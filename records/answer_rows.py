"""What DNS servers answer, over all records."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.db.models import Count, Min
from django.db.models.functions import Coalesce

from records.answer_models import RecordAnswer
from records.models import SyncStatus

Result = RecordAnswer.Result


def explain_pause(status: SyncStatus | None) -> str:
    """Why no names are asked, as a sentence part; "" when they are."""
    if not settings.PROPAGATION_RATE:
        return "PROPAGATION_RATE is 0"
    if status is not None and not status.writes_dns:
        return "names go to a hosts file, which no DNS server answers from"
    return ""


class ZoneAnswers(NamedTuple):
    """``oldest`` is when the name was asked that has waited longest."""

    target: str
    zone: str
    counts: dict[str, int]
    oldest: datetime


def sum_answers() -> dict[str, int]:
    """Over all zones, by result."""
    known = RecordAnswer.objects.exclude(result="").order_by().values_list("result")
    return {result.value: 0 for result in Result} | dict(known.annotate(Count("pk")))


def count_answers() -> Iterator[ZoneAnswers]:
    """By zone; every result is counted, and what is not known yet is in none."""
    waits_since = Min(Coalesce("asked_at", "since"))
    groups = RecordAnswer.objects.order_by("target", "zone").values_list("target", "zone", "result")
    zones: dict[tuple[str, str], ZoneAnswers] = {}
    for target, zone, result, count, oldest in groups.annotate(count=Count("pk"), oldest=waits_since):
        nothing = dict.fromkeys((str(each) for each in Result), 0)
        known = zones.get((target, zone)) or ZoneAnswers(target, zone, nothing, oldest)
        counts = known.counts | ({result: count} if result else {})
        zones[target, zone] = ZoneAnswers(target, zone, counts, min(known.oldest, oldest))
    yield from zones.values()
