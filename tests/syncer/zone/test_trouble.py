"""Whatever fails: it is said once, it stops nothing else, and nothing is lost."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import pairwise

import pytest
from django.db import connection

from records.models import AuditEntry, ManagedRecord, SyncStatus
from syncer.config import TechnitiumConfig
from syncer.core.kinds import HTTP_ROUTE, INGRESS, KINDS
from syncer.kube.feed import WatchState
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.zone.conftest import Build
from tests.syncer.zone.engine import ADDRESS, OTHER, ZONE, Engine, audit, published, writes

pytestmark = pytest.mark.double_only


def complaints(caplog: pytest.LogCaptureFixture, part: str) -> int:
    return sum(part in record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING)


def limit_to_records(engine: Engine, technitium: ServerUnderTest, *zones: str) -> None:
    """From now on with a token that may write records of these zones and nothing else, imports included."""
    token = technitium.limited_token(*zones or engine.zones)
    settings = engine.target_config.settings
    assert isinstance(settings, TechnitiumConfig)
    engine.start(target=replace(settings, token=token))


@contextmanager
def locked_database() -> Iterator[None]:
    """Someone else holds it for writing, and we have no patience."""
    other = connection.copy("other")
    options = connection.settings_dict["OPTIONS"]
    patience = options.get("options")
    try:
        if connection.vendor == "postgresql":
            options["options"] = "-c lock_timeout=100"
            connection.close()
            other.set_autocommit(False)
            other.cursor().execute("LOCK TABLE records_managedrecord IN SHARE ROW EXCLUSIVE MODE")
        else:
            other.cursor().execute("BEGIN EXCLUSIVE")
        yield
    finally:
        if connection.vendor == "postgresql":
            other.rollback()
            options["options"] = patience
            connection.close()
        else:
            other.cursor().execute("ROLLBACK")
        other.close()


@pytest.mark.parametrize("fault", ["stop_listening", "drop_answer"])
def test_a_server_that_goes_away_in_the_middle_gets_all_when_it_is_back(
    engine: Engine, technitium: ServerUnderTest, fault: str
) -> None:
    limit_to_records(engine, technitium)
    engine.put_many(90)
    for number in range(10):
        engine.put(f"dual{number}", target=f"10.0.1.{number},2001:db8::{number}")
    added = 0

    def away(path: str, *_: object) -> None:
        nonlocal added
        added += path.endswith("add")
        if added == 50:
            if fault == "stop_listening":
                technitium.stop_listening()
            else:
                technitium.faults.update(drop_answer=True)

    engine.observe = away
    for _ in range(5):
        engine.turn()
    assert engine.target_loop.worker.problem
    assert 49 <= ManagedRecord.objects.filter(state="synced").count() <= 50
    engine.observe = lambda *_: None
    technitium.faults.reset()
    if fault == "stop_listening":
        technitium.listen_again()
    engine.settle(31)
    assert len(technitium.rows(ZONE)) == 110
    assert {len(values) for values in published(technitium).values()} == {1}
    assert ManagedRecord.objects.filter(state="synced", owned=True).count() == 110
    assert not engine.target_loop.worker.problem


def test_an_unreachable_server_is_said_once_and_asked_less_and_less(
    engine: Engine, technitium: ServerUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    engine.put("grafana")
    technitium.stop_listening()
    tries = []
    for _ in range(600):
        before = engine.target_loop.worker.trouble.not_before
        engine.turn(0.25)
        if engine.target_loop.worker.trouble.not_before != before:
            tries.append(engine.clock.now)
    gaps = [round(b - a) for a, b in pairwise(tries)]
    assert gaps[:7] == [1, 2, 4, 8, 16, 30, 30]
    assert complaints(caplog, "next try in") == 1
    assert SyncStatus.objects.get().target_problem
    technitium.listen_again()
    engine.settle(31)
    assert technitium.ask("grafana.talos00") == [ADDRESS]


def test_a_hundred_records_do_not_wait_for_one_that_is_refused(engine: Engine, technitium: ServerUnderTest) -> None:
    technitium.add("poison.talos00", "A", OTHER)
    engine.put("poison", target="edge.example.com")
    engine.put("forever", ttl="2000000")
    engine.put_many(98)
    engine.settle()
    assert ManagedRecord.objects.filter(state="synced").count() == 98
    assert engine.state("poison", "CNAME") == "conflict"
    assert engine.reason("poison", "CNAME") == "a foreign A record is at this name"
    assert engine.state("forever") == "failed"
    assert "above the SOA expire time" in engine.reason("forever")
    assert published(technitium)["poison", "A"] == [OTHER]
    technitium.delete("poison.talos00", "A", OTHER)
    engine.put("forever", ttl="200")
    engine.settle(11)
    assert {row.state for row in engine.rows().values()} == {"synced"}


def test_a_refusal_that_lasts_is_written_down_once(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("forever", ttl="2000000")
    engine.settle()
    for _ in range(3):
        engine.full()
    assert audit().count(("failed", "forever.talos00", "syncer")) == 1


def test_a_failing_record_is_tried_again_by_its_own_clock(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("grafana")
    engine.settle()
    tries = []
    engine.observe = lambda path, *_: tries.append(engine.clock.now) if path.endswith("delete") else None
    technitium.faults.update(ghost_deletes=6)
    engine.drop("grafana")
    for _ in range(800):
        engine.turn(0.25)
    assert [round(b - a) for a, b in pairwise(tries)] == [1, 2, 4, 8, 16, 30]
    assert technitium.ask("grafana.talos00") == "NXDOMAIN"
    assert not engine.rows()


def test_no_such_record_is_believed_when_the_next_list_agrees(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("grafana")
    engine.settle()
    technitium.faults.update(ghost_deletes=1)
    engine.drop("grafana")
    engine.turn(2)
    engine.turn(0.5)
    assert engine.state("grafana") == "pending"
    engine.settle(2)
    assert technitium.ask("grafana.talos00") == "NXDOMAIN"
    assert not engine.rows()


@pytest.mark.parametrize(
    ("ruin", "mend", "said"),
    [
        (
            lambda server: server.drop_zone("home.lab"),
            lambda server: server.make_zone("home.lab"),
            "zone home.lab is not on the server",
        ),
        (
            lambda server: server.disable_zone("home.lab"),
            lambda server: server.ok("zones/enable", {"zone": "home.lab"}),
            "zone home.lab is disabled on the server",
        ),
        (
            lambda server: server.double.turn("home.lab", "Secondary"),
            lambda server: server.double.turn("home.lab", "Primary"),
            "zone home.lab is a Secondary zone on this server",
        ),
    ],
    ids=["missing", "disabled", "secondary"],
)
def test_a_zone_that_cannot_be_used_is_its_own_trouble(
    build: Build,
    technitium: ServerUnderTest,
    caplog: pytest.LogCaptureFixture,
    ruin: Callable[[ServerUnderTest], object],
    mend: Callable[[ServerUnderTest], object],
    said: str,
) -> None:
    engine = build("talos00", "home.lab")
    ruin(technitium)
    engine.put("a", "a.talos00", "a.home.lab")
    for _ in range(60):
        engine.turn()
    engine.put("b", "b.talos00", "b.home.lab")
    engine.turn()
    assert published(technitium).keys() == {("a", "A"), ("b", "A")}
    assert complaints(caplog, said) == 1
    engine.turn(6)
    assert said in SyncStatus.objects.get().zones["home.lab"]
    assert SyncStatus.objects.get().zones["talos00"] == ""
    mend(technitium)
    for _ in range(35):
        engine.turn()
    assert published(technitium, "home.lab").keys() == {("a", "A"), ("b", "A")}
    engine.turn(6)
    assert SyncStatus.objects.get().zones["home.lab"] == ""


def test_a_token_without_rights_on_a_zone_is_that_zones_trouble(
    build: Build, technitium: ServerUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    engine = build("talos00", "home.lab")
    limit_to_records(engine, technitium, "talos00")
    engine.put("a", "a.talos00", "a.home.lab")
    for _ in range(20):
        engine.turn()
    assert published(technitium).keys() == {("a", "A")}
    assert complaints(caplog, "zone home.lab is not on the server, or the token has no rights on it") == 1


def test_a_wrong_token_is_said_once_and_loses_nothing(
    engine: Engine, technitium: ServerUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    engine.put("grafana")
    engine.settle()
    technitium.faults.update(invalid_token=True)
    engine.put("blog")
    for _ in range(60):
        engine.turn()
    assert complaints(caplog, "token") == 1
    technitium.faults.reset()
    engine.settle(31)
    assert published(technitium).keys() == {("grafana", "A"), ("blog", "A")}


@pytest.mark.django_db(transaction=True)
def test_a_locked_database_loses_nothing(
    engine: Engine, technitium: ServerUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    engine.put("grafana")
    engine.put("old")
    engine.settle()
    engine.put("blog")
    engine.put("grafana", target=OTHER)
    engine.drop("old")
    with locked_database():
        for _ in range(3):
            engine.turn()
    assert complaints(caplog, "the database does not answer") >= 1
    assert any("the database does not answer" in problem for problem in engine.health.readiness())
    assert published(technitium) == {("grafana", "A"): [ADDRESS], ("old", "A"): [ADDRESS]}  # no claim, no write
    engine.settle(31)
    assert not engine.health.database_problem
    assert published(technitium) == {("grafana", "A"): [OTHER], ("blog", "A"): [ADDRESS]}
    assert {row.state for row in engine.rows().values()} == {"synced"}


@pytest.mark.django_db(transaction=True)
def test_a_database_that_locks_between_writing_and_telling_loses_nothing(
    engine: Engine, technitium: ServerUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    engine.put("grafana")
    engine.put("old")
    engine.settle()
    with locked_database_after(engine, "add"):
        engine.put("blog")
        engine.drop("old")
        for _ in range(3):
            engine.turn()
    assert complaints(caplog, "the database does not answer") >= 1
    assert engine.state("blog") == "pending"
    engine.settle(31)
    assert published(technitium) == {("grafana", "A"): [ADDRESS], ("blog", "A"): [ADDRESS]}
    assert {row.state for row in engine.rows().values()} == {"synced"}


@contextmanager
def locked_database_after(engine: Engine, call: str) -> Iterator[None]:
    """The lock comes while the server answers the first ``call``."""
    is_locked = False
    with ExitStack() as locks:

        def lock(path: str, *_: object) -> None:
            nonlocal is_locked
            if path.endswith(call) and not is_locked:
                is_locked = True
                locks.enter_context(locked_database())

        engine.observe = lock
        try:
            yield
        finally:
            engine.observe = lambda *_: None


def test_it_waits_for_every_kind_but_not_for_ever(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.feed.unread[HTTP_ROUTE] = WatchState.UNREACHABLE
    engine.start()
    engine.put("grafana")
    engine.turn(5)
    assert not published(technitium)
    engine.turn(6)
    assert published(technitium).keys() == {("grafana", "A")}


def test_it_does_not_begin_while_nothing_can_be_read(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("grafana")
    engine.settle()
    engine.objects.clear()
    engine.feed.unread.update(dict.fromkeys(KINDS, WatchState.UNREACHABLE))
    engine.start()
    for _ in range(100):
        engine.turn()
    assert published(technitium).keys() == {("grafana", "A")}
    assert not AuditEntry.objects.filter(action="deleted").exists()


def test_a_kind_that_comes_late_gets_its_own_deletes(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("grafana")
    engine.put("old")
    engine.settle()
    engine.drop("old")
    engine.feed.unread[INGRESS] = WatchState.UNREACHABLE
    engine.start()
    engine.turn(11)
    assert published(technitium).keys() == {("grafana", "A"), ("old", "A")}
    engine.feed.unread.clear()
    engine.full()
    assert published(technitium).keys() == {("grafana", "A")}


def test_a_burst_goes_first_change_at_once_then_in_batches(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.settle(5)
    technitium.requests.clear()
    engine.put("first")
    engine.turn(0.01)
    assert published(technitium).keys() == {("first", "A")}
    engine.put("second")
    engine.put("third")
    engine.turn(0.1)
    assert len(published(technitium)) == 1
    engine.turn(0.25)
    assert len(published(technitium)) == 3


def test_a_status_that_says_nothing_new_causes_no_work(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("grafana")
    engine.settle(5)
    technitium.requests.clear()
    engine.put("grafana")
    engine.turn(1)
    assert not technitium.requests.counts
    assert not list(writes(technitium))
