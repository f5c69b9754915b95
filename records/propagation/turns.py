"""Whose turn it is to be asked for, and what is remembered of it.

Written in batches: SQLite has one lock for all who write, the syncer among them.
"""

from __future__ import annotations

import socket
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from records.answer_models import TROUBLE_RESULTS, RecordAnswer
from records.answer_rows import explain_pause
from records.audit import Action, make_row_entry
from records.bulk import insert_rows
from records.limits import KEYS, ROWS
from records.models import (
    AuditEntry,
    Bookmark,
    DriftFinding,
    ManagedRecord,
    RRsetKey,
    SyncStatus,
    TargetStatus,
)
from records.propagation.judging import RIGHT, Expected, Judgement, Result
from records.targets import list_targets

SETTLE = timedelta(seconds=15)
"""After a change: a secondary node of a cluster answers up to 10 s behind its primary, others need a moment too."""
REST = timedelta(seconds=30)
"""Between two askings of a name that is right, however few there are."""
CACHED = timedelta(minutes=15)
"""For how long after a change a cache may say that there is no such name."""
DELAYS = tuple(timedelta(seconds=seconds) for seconds in (10, 30, 60, 120, 300))
"""Before the next asking of a name that was not right; the last one stays."""
CERTAIN = 2
"""Askings in a row after which a name counts as not right."""
LEASE = timedelta(seconds=30)
ACTOR = "propagation check"
BOOKMARK = "asking"

MEMORY = ["result", "reason", "since", "asked_at", "again_at", "misses"]


class Turn(NamedTuple):
    row: RecordAnswer
    record: ManagedRecord
    expected: Expected


def hold_lease(now: datetime, until: datetime) -> bool:
    """Whether this host may ask until then: of several that run the background tasks, one asks."""
    holder = socket.gethostname()
    Bookmark.objects.get_or_create(name=BOOKMARK)
    is_free = Q(at=None) | Q(at__lt=now) | Q(memory__holder=holder)
    taken = Bookmark.objects.filter(is_free, name=BOOKMARK).update(at=until, memory={"holder": holder})
    return bool(taken)


def owned_records(target: str) -> QuerySet[ManagedRecord]:
    return ManagedRecord.objects.filter(target=target, owned=True).order_by()


def notice_records(target: str, after: datetime | None = None) -> None:
    """The records that changed since they were last asked for, or are new: those that changed after then, or all of
    them, are looked through."""
    known = RecordAnswer.objects.filter(record=OuterRef("pk"), of_change=OuterRef("changed_at"))
    news = owned_records(target).filter(~Exists(known))
    if after:
        news = news.filter(changed_at__gt=after)
    last = 0
    while records := list(news.filter(pk__gt=last).order_by("pk")[:KEYS]):
        rows = [
            RecordAnswer(
                record=record,
                target=target,
                zone=record.zone,
                since=record.changed_at,
                again_at=record.changed_at + SETTLE,
                of_change=record.changed_at,
            )
            for record in records
        ]
        RecordAnswer.objects.bulk_create(
            rows,
            batch_size=ROWS,
            update_conflicts=True,
            unique_fields=["record"],
            update_fields=["again_at", "of_change", "misses"],
        )
        last = records[-1].pk


def match_records(status: SyncStatus | None) -> str:
    """Forget what has lost its record, and notice what changed unseen. Returns what there is to tell."""
    if pause := explain_pause(status):
        RecordAnswer.objects.all().delete()
        return f"no names are asked: {pause}"
    targets = list_asked(status)
    gone = forget_gone(targets)
    for target in targets:
        notice_records(target)
    return f"{RecordAnswer.objects.count()} names are asked in turn, {gone} of before went"


def list_asked(status: SyncStatus | None) -> list[str]:
    """The targets of which the names are asked for; at least one, where there is no pause."""
    files = set(TargetStatus.objects.filter(kind="hosts").values_list("name", flat=True))
    return [target for target in list_targets(status) if target not in files]


def forget_gone(targets: Sequence[str]) -> int:
    """The rows whose record went, is no longer ours, or is on a target that is not written to."""
    there = ManagedRecord.objects.filter(pk=OuterRef("record"), target__in=targets, owned=True)
    gone = RecordAnswer.objects.filter(~Exists(there)).order_by()
    count = 0
    while keys := list(gone.values_list("pk", flat=True)[:KEYS]):
        count += RecordAnswer.objects.filter(pk__in=keys).delete()[0]
    return count


def take_turns(target: str, size: int, now: datetime) -> list[Turn]:
    """The names to ask for next: those that were not right (half of the turns at most, if others wait), those that
    changed, those that were asked for longest ago."""
    # What changed after it was noticed comes when that has settled.
    chosen = [row for row in choose_rows(target, size, now) if row.record.changed_at == row.of_change]
    accepted = read_accepted(target, {row.record.name for row in chosen})
    return [Turn(row, row.record, expect_record(row, accepted.get(row.record.key))) for row in chosen]


def choose_rows(target: str, size: int, now: datetime) -> list[RecordAnswer]:
    """With their records. One that has lost its record is none of them."""
    rows = RecordAnswer.objects.filter(target=target, record__owned=True).select_related("record")
    due = rows.filter(again_at__lte=now).order_by("again_at")
    troubled = list(due.filter(misses__gt=0)[:size])
    others = list(due.filter(misses=0)[:size])
    if len(others) < size:
        in_turn = rows.filter(again_at=None, asked_at__lte=now - REST).order_by("asked_at")
        others += in_turn[: size - len(others)]
    troubled = troubled[: max(size - len(others), (size + 1) // 2)]
    return troubled + others[: size - len(troubled)]


def read_accepted(target: str, names: Collection[str]) -> dict[RRsetKey, frozenset[str]]:
    """What a person left as it is, in the place of what we wrote."""
    findings = DriftFinding.objects.filter(target=target, status=DriftFinding.Status.ACCEPTED, name__in=names)
    return {finding.key: frozenset((finding.found or {}).get("values", ())) for finding in findings}


def expect_record(row: RecordAnswer, accepted: frozenset[str] | None) -> Expected:
    record = row.record
    values = [frozenset(record.values)] + ([accepted] if accepted is not None else [])
    cached = max(CACHED, timedelta(seconds=record.ttl))
    until = record.changed_at + cached
    return Expected(record.zone, record.name, record.type, tuple(values), until, is_doubtful=row.misses > 0)


def save_turns(judged: Sequence[tuple[Turn, Judgement]], now: datetime) -> list[AuditEntry]:
    """Returns the entries of the names that are wrong from now on."""
    as_before: list[int] = []
    newly_right: list[int] = []
    others: list[RecordAnswer] = []
    entries: list[AuditEntry] = []
    for turn, judgement in judged:
        row, before = turn.row, turn.row.result
        if judgement == (before, row.reason) and before not in TROUBLE_RESULTS:
            as_before.append(row.pk)
        elif judgement == RIGHT:
            newly_right.append(row.pk)
        else:
            note_judgement(turn, judgement, now)
            others.append(row)
            if row.result == Result.WRONG != before:
                data = turn.record.data
                entries.append(make_row_entry(turn.record, Action.STALE, ACTOR, after=data, reason=row.reason))
    asked = {"asked_at": now, "again_at": None, "misses": 0}
    with transaction.atomic():
        RecordAnswer.objects.filter(pk__in=as_before).update(**asked)
        right = {"result": Result.RIGHT, "reason": "", "since": now}
        RecordAnswer.objects.filter(pk__in=newly_right).update(**asked, **right)
        RecordAnswer.objects.bulk_update(others, MEMORY, batch_size=ROWS)
        insert_rows(AuditEntry, entries)
    return entries


def note_judgement(turn: Turn, judgement: Judgement, now: datetime) -> None:
    """In the row, which is not saved. What is wrong or unanswered counts only when it is so again."""
    row, (result, reason) = turn.row, judgement
    row.asked_at = now
    if result is None:
        row.again_at = turn.expected.cached_until
        return
    if result in TROUBLE_RESULTS:
        row.again_at = now + DELAYS[min(row.misses, len(DELAYS) - 1)]
        row.misses = min(row.misses + 1, len(DELAYS))
        if row.misses < CERTAIN:
            return
    else:
        row.again_at, row.misses = None, 0
    if row.result != result:
        row.result, row.since = result, now
    row.reason = reason
