"""What DNS servers answer, beside the records that they are asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.db.models import Count, Exists, Min, OuterRef, Q
from django.db.models.functions import Coalesce

from records.answer_models import RecordAnswer
from records.limits import KEYS
from records.models import ManagedRecord, SyncStatus

Result = RecordAnswer.Result

KEY = ("target", "zone", "name", "type")
RecordKey = tuple[str, str, str, str]


def explain_pause(status: SyncStatus | None) -> str:
    """Why no names are asked, as a sentence part; "" when they are."""
    if not settings.PROPAGATION_RATE:
        return "PROPAGATION_RATE is 0"
    if status is not None and not status.writes_dns:
        return "names go to a hosts file, which no DNS server answers from"
    return ""


def attach_answers(records: Collection[ManagedRecord]) -> None:
    """To ``answer`` of each, with one query for as many as a page shows."""
    names = sorted({record.name for record in records})
    found: dict[RecordKey, RecordAnswer] = {}
    for start in range(0, len(names), KEYS):
        rows = RecordAnswer.objects.filter(name__in=names[start : start + KEYS])
        found |= {record_key(row): row for row in rows}
    for record in records:
        record.answer = found.get(record_key(record))


def record_key(row: ManagedRecord | RecordAnswer) -> RecordKey:
    return row.target, row.zone, row.name, row.type


def of_record() -> Q:
    """Inside a subquery: the rows of the record or answer that the query outside is about."""
    return Q(**{column: OuterRef(column) for column in KEY})


def answered(*results: str) -> Q:
    """The records with one of these results. Few are not right, so their names are looked up first."""
    rows = RecordAnswer.objects.filter(result__in=results)
    return Q(name__in=rows.values("name")) & Q(Exists(rows.filter(of_record())))


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
