"""Whose turn it is, and what is remembered of it."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from records.answer_models import RecordAnswer
from records.models import AuditEntry, Bookmark, DriftFinding, ManagedRecord
from records.propagation.judging import Judgement, Result
from records.propagation.turns import (
    BOOKMARK,
    DELAYS,
    REST,
    SETTLE,
    Turn,
    forget_gone,
    hold_lease,
    match_records,
    notice_records,
    save_turns,
    take_turns,
)
from syncer.core.known import RecordState
from tests.records.propagation.conftest import ZONE, own, report

pytestmark = pytest.mark.django_db

RIGHT, WRONG = Judgement(Result.RIGHT), Judgement(Result.WRONG, "ns answers nothing (NXDOMAIN)")
SILENT, TOO_EARLY = Judgement(Result.UNANSWERED, "ns: no answer within 3 s"), Judgement(None)
SECOND = timedelta(seconds=1)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def take(now: datetime, size: int = 10) -> list[Turn]:
    notice_records("default")
    return take_turns("default", size, now)


def names(turns: Sequence[Turn]) -> list[str]:
    return [turn.record.name.removesuffix(f".{ZONE}") for turn in turns]


def judge(turns: Sequence[Turn], judgement: Judgement, now: datetime) -> list[AuditEntry]:
    return save_turns([(turn, judgement) for turn in turns], now)


def the_answer() -> RecordAnswer:
    return RecordAnswer.objects.get()


def test_every_record_of_ours_is_asked_for_whatever_its_state(now: datetime) -> None:
    for state in RecordState:
        own(f"{state}.{ZONE}", "192.0.2.5", state=state)
    own(f"foreign-too.{ZONE}", "192.0.2.5", owned=False)
    own(f"elsewhere.{ZONE}", "192.0.2.5", target="hosts")
    assert sorted(names(take(now))) == sorted(RecordState)


def test_what_changed_a_moment_ago_is_asked_for_when_it_has_settled(now: datetime) -> None:
    own(f"grafana.{ZONE}", "192.0.2.5", changed_at=now)
    assert names(take(now + SETTLE - SECOND)) == []
    assert names(take(now + SETTLE)) == ["grafana"]


def test_a_change_is_asked_for_before_what_was_right_longest_ago(now: datetime) -> None:
    for name in ("blog", "grafana", "nas"):
        own(f"{name}.{ZONE}", "192.0.2.5", changed_at=now - timedelta(days=1))
    judge(take(now), RIGHT, now)
    ManagedRecord.objects.filter(name=f"nas.{ZONE}").update(values=["192.0.2.9"], changed_at=now)
    later = now + REST
    turns = take(later, size=2)
    assert names(turns)[0] == "nas"
    assert turns[0].expected.values == (frozenset(["192.0.2.9"]),)
    judge(turns, RIGHT, later)
    assert len(take(later + REST)) == 3


def test_what_changed_after_it_was_noticed_waits_until_that_has_settled(now: datetime) -> None:
    own(f"grafana.{ZONE}", "192.0.2.5")
    notice_records("default")
    ManagedRecord.objects.update(changed_at=now)
    assert take_turns("default", 10, now) == []
    assert names(take(now + SETTLE)) == ["grafana"]


def test_a_record_that_changes_is_found_among_those_that_changed_lately(now: datetime) -> None:
    own(f"old.{ZONE}", "192.0.2.5", changed_at=now - timedelta(days=2))
    own(f"new.{ZONE}", "192.0.2.5", changed_at=now - timedelta(hours=2))
    notice_records("default", after=now - timedelta(days=1))
    assert the_answer().record.name == f"new.{ZONE}"


def test_the_oldest_asking_comes_first_and_none_too_often(now: datetime) -> None:
    for name in ("blog", "grafana", "nas"):
        own(f"{name}.{ZONE}", "192.0.2.5")
        judge(take(now), RIGHT, now)
        now += SECOND
    assert take(now) == []
    now += REST
    assert names(take(now, size=2)) == ["blog", "grafana"]
    judge(take(now, size=2), RIGHT, now)
    assert names(take(now)) == ["nas"]


def test_one_miss_is_no_news_and_two_are(now: datetime) -> None:
    grafana = own(f"grafana.{ZONE}", "192.0.2.5", origin="Ingress/web/grafana")
    judge(take(now), RIGHT, now)
    now += REST
    assert judge(take(now), WRONG, now) == []
    assert the_answer().result == Result.RIGHT
    assert take(now + DELAYS[0] - SECOND) == []
    now += DELAYS[0]
    (entry,) = judge(take(now), WRONG, now)
    assert (entry.action, entry.name, entry.after) == ("stale", grafana.name, grafana.data)
    assert (entry.reason, entry.source) == (WRONG.reason, "Ingress/web/grafana")
    assert AuditEntry.objects.count() == 1
    answer = the_answer()
    assert (answer.result, answer.reason, answer.since, answer.asked_at) == (Result.WRONG, WRONG.reason, now, now)


def test_it_is_asked_again_sooner_and_then_less_often(now: datetime) -> None:
    own(f"grafana.{ZONE}", "192.0.2.5")
    waits = []
    for _ in range(len(DELAYS) + 2):
        judge(take(now), SILENT, now)
        waits.append(the_answer().again_at - now)  # type: ignore[operator]
        now += waits[-1]
    assert waits == [*DELAYS, DELAYS[-1], DELAYS[-1]]
    assert AuditEntry.objects.count() == 0, "a silent server is no wrong record"


def test_one_right_answer_ends_it(now: datetime) -> None:
    own(f"grafana.{ZONE}", "192.0.2.5")
    for judgement in (WRONG, WRONG, SILENT, RIGHT):
        start = now
        judge(take(now), judgement, now)
        now += DELAYS[-1]
    answer = the_answer()
    assert (answer.result, answer.reason, answer.since, answer.again_at) == (Result.RIGHT, "", start, None)
    judge(take(now), WRONG, now)
    assert the_answer().result == Result.RIGHT, "it takes two again"


def test_wrong_remains_wrong_since_then_whatever_comes(now: datetime) -> None:
    own(f"grafana.{ZONE}", "192.0.2.5")
    since = now + DELAYS[0]
    for reason in ("x", "y", "z"):
        judge(take(now), Judgement(Result.WRONG, reason), now)
        now = the_answer().again_at  # type: ignore[assignment]
    assert (the_answer().since, the_answer().reason) == (since, "z")
    assert AuditEntry.objects.count() == 1


def test_what_a_cache_may_still_say_is_asked_again_when_it_may_not(now: datetime) -> None:
    own(f"grafana.{ZONE}", "192.0.2.5", ttl=3600, changed_at=now)
    judge(take(now + SETTLE), TOO_EARLY, now + SETTLE)
    assert (the_answer().result, the_answer().misses) == ("", 0)
    assert take(now + timedelta(seconds=3599)) == []
    assert len(take(now + timedelta(seconds=3600))) == 1


def test_names_that_are_wrong_leave_half_of_the_turns_to_others(now: datetime) -> None:
    for number in range(8):
        own(f"bad{number}.{ZONE}", "192.0.2.5")
    judge(take(now), WRONG, now)
    for number in range(8):
        own(f"good{number}.{ZONE}", "192.0.2.5")
    now += REST
    assert names(take(now, size=4)) == ["bad0", "bad1", "good0", "good1"]
    judge(take(now, size=100)[8:], RIGHT, now)
    assert names(take(now, size=4)) == ["bad0", "bad1", "bad2", "bad3"], "no others wait"
    now += REST
    assert names(take(now, size=4)) == ["bad0", "bad1", "good0", "good1"]


def test_what_a_person_accepted_is_expected_too(now: datetime) -> None:
    own(f"grafana.{ZONE}", "192.0.2.5")
    own(f"nas.{ZONE}", "192.0.2.6")
    for name, found in (("grafana", {"ttl": 60, "values": ["192.0.2.9"]}), ("nas", None)):
        DriftFinding.objects.create(
            zone=ZONE,
            name=f"{name}.{ZONE}",
            type="A",
            drift_type="unexpected_ip",
            found=found,
            status="accepted",
            reason="x",
        )
    expected = {turn.record.name: turn.expected.values for turn in take(now)}
    assert expected[f"grafana.{ZONE}"] == (frozenset(["192.0.2.5"]), frozenset(["192.0.2.9"]))
    assert expected[f"nas.{ZONE}"] == (frozenset(["192.0.2.6"]), frozenset())


def test_what_is_gone_or_no_longer_ours_is_not_asked_for_and_forgotten(now: datetime) -> None:
    for name in ("gone", "released", "stays"):
        own(f"{name}.{ZONE}", "192.0.2.5")
    notice_records("default")
    ManagedRecord.objects.filter(name=f"gone.{ZONE}").delete()
    ManagedRecord.objects.filter(name=f"released.{ZONE}").update(owned=False)
    assert names(take_turns("default", 10, now)) == ["stays"]
    assert forget_gone(["default"]) == 2
    assert the_answer().record.name == f"stays.{ZONE}"
    assert forget_gone(["other"]) == 1


def test_a_row_that_went_while_it_was_asked_for_does_not_come_back(now: datetime) -> None:
    own(f"grafana.{ZONE}", "192.0.2.5")
    turns = take(now)
    RecordAnswer.objects.all().delete()
    judge(turns, RIGHT, now)
    assert not RecordAnswer.objects.exists()


def test_many_records_are_noticed_at_once(django_assert_max_num_queries: object) -> None:
    at = timezone.now() - timedelta(hours=1)
    columns = {"zone": ZONE, "type": "A", "ttl": 60, "owned": True, "state": "synced", "changed_at": at}
    ManagedRecord.objects.bulk_create(ManagedRecord(name=f"app{number}.{ZONE}", **columns) for number in range(1200))
    notice_records("default")
    assert RecordAnswer.objects.count() == 1200
    with django_assert_max_num_queries(1):  # type: ignore[operator]
        notice_records("default")


def test_a_batch_that_is_right_as_before_is_one_write(now: datetime, django_assert_max_num_queries: object) -> None:
    for number in range(20):
        own(f"app{number}.{ZONE}", "192.0.2.5")
    judge(take(now, size=20), RIGHT, now)
    now += REST
    turns = take(now, size=20)
    with django_assert_max_num_queries(3):  # type: ignore[operator]
        judge(turns, RIGHT, now)
    assert set(RecordAnswer.objects.values_list("asked_at", flat=True)) == {now}


def test_one_host_asks_at_a_time(now: datetime) -> None:
    until = now + timedelta(seconds=30)
    assert hold_lease(now, until)
    assert hold_lease(now, until), "it goes on after a restart"
    Bookmark.objects.filter(name=BOOKMARK).update(memory={"holder": f"not {socket.gethostname()}"})
    assert not hold_lease(until, until)
    assert hold_lease(until + SECOND, until + REST)


def test_where_no_names_are_asked_nothing_is_remembered_of_them(settings: object) -> None:
    own(f"grafana.{ZONE}", "192.0.2.5")
    status = report()
    assert match_records(status) == "1 names are asked in turn, 0 of before went"
    status.target = "hosts"
    told = match_records(status)
    assert told == "no names are asked: names go to a hosts file, which no DNS server answers from"
    assert not RecordAnswer.objects.exists()
    status.target = "technitium"
    settings.PROPAGATION_RATE = 0.0  # type: ignore[attr-defined]
    assert match_records(status) == "no names are asked: PROPAGATION_RATE is 0"
