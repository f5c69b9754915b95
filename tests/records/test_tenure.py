"""The row by which one syncer is in charge, and what is written no more once another one took over."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from records.ledger import DatabaseLedger
from records.models import ManagedRecord, MeasuredCount, Source, SourceName, SyncStatus
from syncer.core.claims import Decision
from syncer.core.kinds import GATEWAY, INGRESS
from syncer.core.known import RecordState
from syncer.core.plan import Change, Drift, DriftType, Op, RRsetStatus
from syncer.core.rrsets import RRset
from syncer.core.source import Ref, SourceObject, Want
from syncer.identity import ProcessIdentity
from syncer.kube.feed import KindState
from syncer.ledger import AnotherSyncer, Holder, LastStart, Measured, ObservedRRset, Request, SyncerStatus, TargetReport
from syncer.meters import MeasuredMinute

ONE = ProcessIdentity("web-1", 1, "11111111", "boot", "pid:[1]", 5)
OTHER = replace(ONE, host="web-2", number="22222222")
REF = Ref("Ingress", "web", "blog")
BLOG = RRset("blog.talos00", "A", 300, ("192.0.2.7",))
DECISION = Decision(BLOG.name, (BLOG,), "Ingress/web/blog", ("Ingress/web/blog",))
TARGET = TargetReport("default", "technitium", ("https://dns.talos00",), "", "", 3, None, None, None, {"talos00": ""})
STATUS = SyncerStatus([TARGET], kinds=[])

pytestmark = pytest.mark.django_db


def take_over(me: ProcessIdentity = ONE) -> DatabaseLedger:
    ledger = DatabaseLedger()
    assert ledger.take_over(ledger.holder(), me, "technitium")
    return ledger


def holder() -> Holder:
    found = DatabaseLedger().holder()
    assert found is not None
    return found


def test_who_takes_over_is_named_and_began_now() -> None:
    assert DatabaseLedger().holder() is None
    take_over()
    found = holder()
    assert (found.identity, found.name, found.has_stopped) == (ONE, "web-1 1", False)
    assert found.since == found.heartbeat_at
    assert found.is_exact is (connection.vendor == "postgresql")
    assert SyncStatus.find_target() == "default"


def test_of_two_that_saw_the_same_one_takes_over() -> None:
    first, second = DatabaseLedger(), DatabaseLedger()
    for seen in (None, take_over(replace(ONE, number="0")).holder()):
        assert first.take_over(seen, ONE, "technitium") is (seen is not None)
        assert not second.take_over(seen, OTHER, "technitium")
    assert holder().identity == ONE


def test_a_heartbeat_that_came_meanwhile_keeps_the_other_out() -> None:
    ledger = take_over()
    seen = ledger.holder()
    SyncStatus.objects.update(heartbeat_at=timezone.now() + timedelta(seconds=1))
    assert not DatabaseLedger().take_over(seen, OTHER, "technitium")


def test_what_was_known_before_stays_known() -> None:
    before = take_over()
    before.save_status(replace(STATUS, targets=[replace(TARGET, last_pass_at=timezone.now())]))
    before.remember_start(LastStart("0.1.0", {"INGRESS_CLASS": "nginx"}))
    after = take_over(OTHER)
    assert after.last_start() == ("0.1.0", {"INGRESS_CLASS": "nginx"})
    status = SyncStatus.objects.get()
    assert (status.holder, status.last_pass_at is not None) == ("web-2 1", True)


def test_nothing_is_known_of_a_start_before_the_first() -> None:
    assert DatabaseLedger().last_start() == ("", {})


def test_each_status_and_each_renewal_is_a_heartbeat() -> None:
    ledger = take_over()
    long_ago = timezone.now() - timedelta(hours=1)
    for beat in (ledger.renew, lambda: ledger.save_status(STATUS)):
        SyncStatus.objects.update(heartbeat_at=long_ago)
        assert holder().age > 3599, "SQLite tells the time in milliseconds"
        beat()
        assert holder().heartbeat_at > long_ago
    assert SyncStatus.objects.get().queue == 3


def test_since_when_there_is_trouble_is_kept_until_it_is_over() -> None:
    ledger = take_over()
    in_trouble = replace(STATUS, problems=["the zone is gone"])
    ledger.save_status(in_trouble)
    since = SyncStatus.objects.get().problems_since
    assert since is not None
    ledger.save_status(replace(in_trouble, problems=["the zone is gone", "so is the cluster"]))
    assert SyncStatus.objects.get().trouble_since == since
    ledger.save_status(replace(STATUS, problems=[]))
    assert SyncStatus.objects.get().trouble_since is None


def test_when_a_watch_was_last_heard_from_is_told_by_the_clock_on_the_wall() -> None:
    ledger = take_over()
    kinds = [KindState(INGRESS, heard_at=time.monotonic() - 60), KindState(GATEWAY)]
    ledger.save_status(replace(STATUS, kinds=kinds))
    heard, never = (kind["heard"] for kind in SyncStatus.objects.get().kinds)
    assert never is None
    assert datetime.fromisoformat(heard) <= timezone.now() - timedelta(seconds=60)


def test_an_end_is_marked_until_a_heartbeat_comes_after_it() -> None:
    ledger = take_over()
    ledger.release()
    assert holder().has_stopped
    SyncStatus.objects.update(heartbeat_at=timezone.now() + timedelta(seconds=1))
    assert not holder().has_stopped, "a version before, which knows no mark, is at work"
    take_over(OTHER)
    assert not holder().has_stopped


def test_what_a_version_before_writes_beside_us_is_taken_for_its_own() -> None:
    ledger = take_over()
    SyncStatus.objects.update(holder="old-1 7", heartbeat_at=Now())
    found = holder()
    assert (found.name, found.identity) == ("old-1 7", ProcessIdentity.parse(""))
    with pytest.raises(AnotherSyncer, match="process 7 on old-1"):
        ledger.save_status(STATUS)


DRIFT = Drift(DriftType.MISSING_RECORD, BLOG, None, "someone deleted it")

WRITES: dict[str, Callable[[DatabaseLedger], object]] = {
    "a claim": lambda ledger: ledger.zone("default", "talos00").claim_changes(
        [(DECISION, Change(Op.CREATE, None, BLOG, "mark"))]
    ),
    "a result": lambda ledger: ledger.zone("default", "talos00").record_pass(
        [], [ObservedRRset(DECISION, RRsetStatus(BLOG, RecordState.FOREIGN, "why"))], "abc", "syncer"
    ),
    "drift": lambda ledger: ledger.zone("default", "talos00").record_drift([(DECISION, DRIFT)], None, "abc"),
    "a hold": lambda ledger: ledger.zone("default", "talos00").hold_deletes({(BLOG.name, "A")}, "too many"),
    "marks": lambda ledger: ledger.zone("default", "talos00").note_marks(3, "syncer"),
    "shadows": lambda ledger: ledger.zone("default", "talos00").save_shadows({}, lambda name: True),
    "an entry": lambda ledger: ledger.zone("default", "talos00").drop_keeping(BLOG.name, "A", "ada"),
    "what else answers": lambda ledger: ledger.zone("default", "talos00").save_others(["*.talos00"], []),
    "a release": lambda ledger: ledger.zone("default", "talos00").release_records([BLOG.name], "", "ada"),
    "an object": lambda ledger: ledger.save_sources("default", {REF: SourceObject(REF)}),
    "objects of before": lambda ledger: ledger.forget_sources("default", [("networking.k8s.io", "Ingress")], []),
    "an answer": lambda ledger: ledger.answer_requests({1: "done"}),
    "a decision": lambda ledger: ledger.decide_hold(Request(0, "approve", "", "", "", "ada"), approve=True),
    "a status": lambda ledger: ledger.save_status(STATUS),
    "a start": lambda ledger: ledger.remember_start(LastStart("0.1.0", {})),
    "a heartbeat": lambda ledger: ledger.renew(),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_who_was_succeeded_writes_nothing_more(write: Callable[[DatabaseLedger], object]) -> None:
    ledger = take_over()
    write(ledger)
    for model in (ManagedRecord, Source):
        model.objects.all().delete()
    take_over(OTHER)
    before = list(SyncStatus.objects.values())
    with pytest.raises(
        AnotherSyncer, match=r"took over this database: process 1 on web-2, since .* UTC; this one ends"
    ):
        write(ledger)
    assert list(SyncStatus.objects.values()) == before
    assert not ManagedRecord.objects.exists()
    assert not Source.objects.exists()


def test_who_was_succeeded_counts_no_time_for_which_names_are_kept() -> None:
    ledger = take_over()
    ledger.save_sources("default", {REF: SourceObject(REF, wants=(Want(BLOG.name, BLOG.values),))})
    SourceName.objects.update(detached_since=timezone.now())
    take_over(OTHER)
    with pytest.raises(AnotherSyncer):
        ledger.count_detached("default", 5.0, 60.0, ())
    assert SourceName.objects.get().detached_seconds == 0.0


def test_its_end_leaves_the_successor_in_charge() -> None:
    ledger = take_over()
    take_over(OTHER)
    ledger.release()
    assert not holder().has_stopped


def test_a_new_database_in_the_place_of_a_lost_one_is_taken_over(transactional_db: None) -> None:
    ledger = take_over()
    SyncStatus.objects.all().delete()
    ledger.save_status(STATUS)
    assert holder().identity == ONE
    assert SyncStatus.objects.get().queue == 3


def test_what_never_took_over_is_not_kept_from_writing() -> None:
    take_over()
    DatabaseLedger().zone("default", "talos00").hold_deletes({(BLOG.name, "A")}, "too many")


def count_minute(start: int, number: int) -> Measured:
    return Measured("api", "lan", "", MeasuredMinute(start, number, 1, 12.5, 9.0, (1, 2)))


def test_what_was_measured_is_written_down_once_and_kept_for_a_day() -> None:
    ledger = take_over()
    now = int(timezone.now().timestamp()) // 60 * 60
    old = timezone.now() - timedelta(hours=26)
    MeasuredCount.objects.create(at=old, subject="api", number=1, failed=0, milliseconds=1, slowest=1, buckets=[])
    ledger.save_status(replace(STATUS, vitals={"targets": []}, measured=[count_minute(now - 60, 3)]))
    ledger.save_status(replace(STATUS, measured=[count_minute(now - 60, 9), count_minute(now, 5)]))
    rows = MeasuredCount.objects.order_by("at")
    assert [(row.at.timestamp(), row.number, row.buckets) for row in rows] == [(now - 60, 3, [1, 2]), (now, 5, [1, 2])]
    assert SyncStatus.objects.get().vitals == {}
