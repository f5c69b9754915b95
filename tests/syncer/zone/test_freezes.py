"""While a person holds all writes nothing is written; when that ends, what has waited is one plan."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db.models.functions import Now

from records import custom_entries, operations, sync_requests
from records.models import (
    AuditEntry,
    CustomEntry,
    DriftFinding,
    HeldPlan,
    ManagedRecord,
    ManagedZone,
    Source,
    SyncRequest,
    SyncStatus,
    WriteFreeze,
)
from syncer import metrics
from syncer.errors import WritesFrozen
from syncer.ledger import Freeze
from syncer.zone.freezes import WriteFreezes
from syncer.zone.result import PartialPass
from syncer.zone.slices import SMALLEST
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.zone.conftest import Build
from tests.syncer.zone.engine import ADDRESS, OTHER, ZONE, Engine, audit, published, writes
from tests.syncer.zone.memory import MemoryLedger
from tests.syncer.zone.test_lost_marks import strip_marks, unmarked

LAB = "home.lab"
HOUR = timedelta(hours=1)
UNREADY = "no full pass has been completed yet"
WAITS = "all writes to every zone are held by ada until someone ends that"


def hold(engine: Engine, zone: str = "", length: timedelta | None = None, reason: str = "") -> WriteFreeze:
    freeze = operations.hold_writes("ada", length, zone, reason)
    engine.turn()
    return freeze


def run_out(freeze: WriteFreeze) -> None:
    """Its time is over, by the clock of the database."""
    WriteFreeze.objects.filter(pk=freeze.pk).update(until=Now())


def resume(engine: Engine, freeze: WriteFreeze) -> None:
    operations.resume_writes("ada", freeze)
    engine.settle()


@pytest.fixture
def full_house(engine: Engine) -> Engine:
    engine.put_many(50)
    engine.settle()
    return engine


# Nothing is written


def test_nothing_is_written_until_the_hold_ends_and_then_everything(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    engine.put("grafana")
    engine.put("nas")
    engine.settle()
    freeze = hold(engine)
    before = technitium.rows(ZONE)
    engine.put("wiki")
    engine.put("nas", target=OTHER)
    engine.drop("grafana")
    for _ in range(5):
        engine.turn(60)
    assert technitium.rows(ZONE) == before
    assert engine.target_loop.worker.waiting == 3
    assert set(Source.objects.values_list("name", flat=True)) == {"nas", "wiki"}
    resume(engine, freeze)
    assert published(technitium) == {("nas", "A"): [OTHER], ("wiki", "A"): [ADDRESS]}


def test_a_hold_that_comes_while_a_plan_is_made_is_obeyed(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.settle()
    technitium.requests.clear()
    engine.put("grafana")
    operations.hold_writes("ada", None)
    zone = engine.target_loop.worker.zones[ZONE]
    engine.clock.now += 1
    engine.target_loop.gather_names()
    assert not engine.target_loop.worker.freezes.current  # it was not looked for since
    assert zone.run_due(engine.clock.now) is None
    assert zone.freeze
    assert not [*writes(technitium)]
    assert engine.state("grafana") == ""


def test_one_zone_is_held_and_the_other_goes_on(build: Build, technitium: ServerUnderTest) -> None:
    engine = build(ZONE, LAB)
    engine.settle()
    freeze = hold(engine, ZONE)
    engine.put("grafana", f"grafana.{ZONE}", f"grafana.{LAB}")
    engine.turn()
    engine.turn()
    assert published(technitium, LAB) == {("grafana", "A"): [ADDRESS]}
    assert not published(technitium)
    resume(engine, freeze)
    assert published(technitium) == {("grafana", "A"): [ADDRESS]}


def test_drift_is_not_remediated_until_then(build: Build, technitium: ServerUnderTest) -> None:
    engine = build(auto_remediate=True)
    engine.put("grafana")
    engine.settle()
    freeze = hold(engine)
    technitium.delete(f"grafana.{ZONE}", "A", ADDRESS)
    engine.turn(60)
    engine.turn(600)
    assert not published(technitium)
    resume(engine, freeze)
    assert published(technitium) == {("grafana", "A"): [ADDRESS]}
    finding = DriftFinding.objects.get()
    assert (finding.drift_type, finding.status) == ("missing_record", "remediated")


def test_marks_that_a_zone_lost_are_not_written_meanwhile(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put_many(5)
    engine.settle()
    freeze = hold(engine)
    strip_marks(technitium)
    engine.turn(60)
    engine.turn(900)
    assert len(unmarked(technitium)) == 5
    resume(engine, freeze)
    assert not unmarked(technitium)
    assert len(published(technitium)) == 5


def test_a_lost_database_is_read_from_the_marks_when_the_hold_ends(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put_many(5)
    engine.settle()
    ManagedRecord.objects.all().delete()
    ManagedZone.objects.all().delete()
    freeze = hold(engine)
    engine.start()
    before = technitium.rows(ZONE)
    engine.turn()
    engine.turn()
    assert technitium.rows(ZONE) == before
    assert not ManagedRecord.objects.exists()
    resume(engine, freeze)
    assert {row.state for row in engine.rows().values()} == {"synced"}
    assert technitium.rows(ZONE) == before


def test_a_dry_run_says_all_the_same_what_waits(
    build: Build, technitium: ServerUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    operations.hold_writes("ada", None)
    engine = build(dry_run=True)
    engine.put("grafana")
    with caplog.at_level(logging.INFO):
        engine.turn()
    assert f"Would create grafana.{ZONE} 300 A {ADDRESS}" in caplog.text
    assert not published(technitium)
    assert not engine.health.warnings()


def test_one_pass_by_hand_is_refused_in_words(engine: Engine, technitium: ServerUnderTest) -> None:
    operations.hold_writes("ada", None, reason="the server moves")
    engine.put("grafana")
    with pytest.raises(PartialPass, match=rf"^{WAITS} \(the server moves\)$"):
        engine.loop.run_once()
    assert not published(technitium)


def test_a_hosts_file_is_left_alone_too(tmp_path: Path, transactional_db: None) -> None:
    path = tmp_path / "hosts"
    path.touch()
    engine = Engine(str(path))
    engine.settle()
    freeze = hold(engine)
    engine.put("grafana")
    engine.turn()
    engine.turn()
    assert "grafana" not in path.read_text()
    resume(engine, freeze)
    assert f"{ADDRESS} grafana.{ZONE}" in " ".join(path.read_text().split())
    engine.close()


# One plan at the end, guard included


def test_what_waits_is_one_plan_that_the_guard_judges(full_house: Engine, technitium: ServerUnderTest) -> None:
    """Portions that would each pass unguarded, minutes apart, are together too many."""
    before = technitium.rows(ZONE)
    freeze = hold(full_house)
    for start in range(0, 30, 5):
        full_house.drop_many(5, start)
        full_house.turn(120)
    resume(full_house, freeze)
    assert technitium.rows(ZONE) == before
    plan = HeldPlan.objects.get()
    assert plan.deletes.count() == 30
    assert "30 of 50 records would go" in plan.reason


def test_a_request_that_waited_does_not_take_a_portion_past_the_guard(
    full_house: Engine, technitium: ServerUnderTest
) -> None:
    before = technitium.rows(ZONE)
    freeze = hold(full_house)
    full_house.drop_many(30)
    full_house.turn(120)
    operations.resume_writes("ada", freeze)
    sync_requests.sync_names("ada", [f"app{number:03}.{ZONE}" for number in range(5)])
    full_house.settle()
    assert technitium.rows(ZONE) == before
    assert HeldPlan.objects.get().deletes.count() == 30


def test_types_that_names_lost_meanwhile_are_one_plan_whatever_is_asked_for_first(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    names = [f"app{number:03}" for number in range(50)]
    for name in names:
        engine.put(name, target=f"{ADDRESS},2001:db8::1")
    engine.settle()
    before = technitium.rows(ZONE)
    freeze = hold(engine)
    engine.drop(*names[:10])
    for name in names[10:]:
        engine.put(name, target=ADDRESS)
    engine.turn(120)
    operations.resume_writes("ada", freeze)
    sync_requests.sync_names("ada", [f"{name}.{ZONE}" for name in names[10:15]])
    engine.settle()
    assert technitium.rows(ZONE) == before
    assert HeldPlan.objects.get().deletes.count() == 60


def test_a_zone_of_many_slices_is_one_plan_too(engine: Engine, technitium: ServerUnderTest) -> None:
    count = 3 * SMALLEST
    engine.slow_down()
    engine.put_many(count)
    engine.settle()
    before = technitium.rows(ZONE)
    freeze = hold(engine)
    for start in range(0, 2 * SMALLEST, SMALLEST // 2):
        engine.drop_many(SMALLEST // 2, start)
        engine.turn(120)
    resume(engine, freeze)
    assert technitium.rows(ZONE) == before
    assert [plan.deletes.count() for plan in HeldPlan.objects.filter(status="open")] == [2 * SMALLEST]


def test_what_went_and_came_back_meanwhile_is_no_change(full_house: Engine, technitium: ServerUnderTest) -> None:
    freeze = hold(full_house)
    full_house.drop_many(40)
    full_house.turn(60)
    full_house.put_many(40)
    full_house.turn(60)
    technitium.requests.clear()
    resume(full_house, freeze)
    assert not [*writes(technitium)]
    assert not HeldPlan.objects.exists()


# Restarts, and the end by the clock


def test_a_restart_changes_nothing_and_is_ready_with_a_warning(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("grafana")
    engine.settle()
    freeze = hold(engine, reason="the server moves")
    engine.drop("grafana")
    engine.start()  # as after kill -9: nothing was said before
    engine.put("wiki")
    engine.turn()
    engine.turn()
    assert published(technitium) == {("grafana", "A"): [ADDRESS]}
    assert UNREADY not in engine.health.readiness()
    assert engine.health.warnings() == [f"{WAITS} (the server moves)"]
    engine.turn(10)
    status = SyncStatus.objects.get()
    assert status.warnings == [f"{WAITS} (the server moves)"]
    resume(engine, freeze)
    assert published(technitium) == {("wiki", "A"): [ADDRESS]}
    assert engine.health.warnings() == []


def test_a_zone_that_is_not_held_must_be_compared_before_a_start_is_ready(
    build: Build, technitium: ServerUnderTest
) -> None:
    engine = build(ZONE, LAB)
    operations.hold_writes("ada", None, ZONE)
    technitium.disable_zone(LAB)
    engine.turn()
    assert UNREADY in engine.health.readiness()
    technitium.ok("zones/enable", {"zone": LAB})
    engine.turn(60)
    assert UNREADY not in engine.health.readiness()


def test_it_ends_by_the_clock_of_the_database(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.settle()
    freeze = hold(engine, ZONE, HOUR)
    assert freeze.until
    assert timedelta(0) < freeze.until - freeze.set_at - HOUR + timedelta(seconds=1) < timedelta(seconds=2)
    engine.put("grafana")
    engine.turn(7200)  # by the clock of the syncer it would be over
    assert not published(technitium)
    run_out(freeze)
    engine.settle()
    assert published(technitium) == {("grafana", "A"): [ADDRESS]}
    freeze.refresh_from_db()
    assert freeze.ended_by == "syncer"
    told = [entry for entry in audit() if entry[0].startswith("writes")]
    assert told == [("writes held", "", "ada"), ("writes resumed", "", "syncer")]
    assert AuditEntry.objects.filter(action="writes resumed").get().reason == "the time of the hold is over"


def test_one_that_ran_out_while_no_syncer_ran_is_over(engine: Engine, technitium: ServerUnderTest) -> None:
    run_out(operations.hold_writes("ada", HOUR))
    engine.put("grafana")
    engine.settle()
    assert published(technitium) == {("grafana", "A"): [ADDRESS]}


def test_log_and_metric_say_so(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    engine.settle()
    with caplog.at_level(logging.WARNING):
        freeze = hold(engine, ZONE)
        engine.turn()
    assert caplog.text.count(f"From now on all writes to {ZONE} are held by ada until someone ends that") == 1
    assert metrics.WRITES_FROZEN.labels("default", ZONE)._value.get() == 1
    with caplog.at_level(logging.INFO):
        resume(engine, freeze)
    assert f"The hold of ada on all writes to {ZONE} is over" in caplog.messages
    assert metrics.WRITES_FROZEN.labels("default", ZONE)._value.get() == 0


# What people ask for meanwhile


def test_a_sync_is_answered_at_once_and_done_when_the_hold_ends(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.settle()
    freeze = hold(engine)
    custom_entries.save_entry("ada", CustomEntry(name=f"tv.{ZONE}", type="A", values=[OTHER]), created=True)
    sync_requests.sync_now("ada")
    engine.turn()
    outcomes = [request.outcome for request in SyncRequest.objects.order_by("id")]
    assert outcomes == [f"{WAITS}: it is compared when that ends", f"full pass of every zone; {WAITS}"]
    assert not published(technitium)
    resume(engine, freeze)
    assert published(technitium) == {("tv", "A"): [OTHER]}


def test_an_approval_counts_when_the_hold_ends(full_house: Engine, technitium: ServerUnderTest) -> None:
    full_house.drop_many(30)
    full_house.settle()
    freeze = hold(full_house)
    request = operations.approve_plan("ada", HeldPlan.objects.get())
    full_house.turn()
    full_house.turn()
    request.refresh_from_db()
    assert request.outcome == f"30 deletes approved; {WAITS}"
    assert len(published(technitium)) == 50
    resume(full_house, freeze)
    assert len(published(technitium)) == 20


def test_what_was_asked_for_just_before_waits(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("grafana")
    engine.settle()
    request = operations.delete_from_dns("ada", engine.rows()[f"grafana.{ZONE}", "A"])
    freeze = hold(engine)
    engine.turn()
    request.refresh_from_db()
    assert request.done_at is None
    assert published(technitium)
    technitium.requests.clear()
    resume(engine, freeze)
    engine.turn()
    request.refresh_from_db()
    assert request.outcome == "1 record deleted"
    assert ("delete", f"grafana.{ZONE}", "A") in writes(technitium)


# Without a database


def test_of_several_the_one_that_holds_for_longest_is_told() -> None:
    ledger = MemoryLedger()
    freezes = WriteFreezes(ledger, "toy", [ZONE, LAB], is_off=False)
    soon, late = (Freeze("", datetime(2026, 1, 1, hour, tzinfo=UTC), "ada") for hour in (1, 2))
    ledger.frozen = [soon, late._replace(zone=ZONE)]
    freezes.read_due(1.0)
    assert (freezes.find(ZONE), freezes.find(LAB)) == (late._replace(zone=ZONE), soon)
    assert freezes.is_everywhere
    ledger.frozen = [late._replace(zone=ZONE), soon._replace(zone=ZONE, until=None)]
    freezes.read_due(1.5)
    assert freezes.find(LAB)
    with pytest.raises(WritesFrozen, match=f"^all writes to {ZONE} are held by ada until someone ends that$"):
        freezes.check(ZONE)
    assert freezes.find(LAB) is None
    assert not freezes.is_everywhere
