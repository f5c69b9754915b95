"""The SOA serial tells cheaply whether anyone else wrote, and whether the server lost what we wrote."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from syncer.pacing import AdaptiveInterval
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.targets.hands import foreign
from tests.syncer.zone.conftest import Build
from tests.syncer.zone.engine import ADDRESS, OTHER, ZONE, Engine, published, writes

pytestmark = pytest.mark.double_only

LIST = "/api/zones/records/get"


class Statements:
    """What is asked of the database while this is open."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        self.seen.append(sql)
        return execute(sql, params, many, context)

    @property
    def changes(self) -> list[str]:
        return [sql for sql in self.seen if not sql.startswith(("SELECT", "SAVEPOINT", "RELEASE"))]


TOLD = ("MeasuredCount", "SyncStatus", "TargetStatus")


def everything() -> dict[str, list[dict[str, Any]]]:
    """But what the heartbeat tells anew."""
    models = [model for model in apps.get_app_config("records").get_models() if model.__name__ not in TOLD]
    return {model.__name__: list(model._default_manager.order_by("pk").values()) for model in models}


def test_a_full_pass_with_nothing_to_do_costs_one_request_and_no_write(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    engine.put_many(60)
    technitium.add("nas.talos00", "A", OTHER)
    engine.put("nas")
    engine.settle()
    engine.settle(11)
    technitium.requests.clear()
    statements = Statements()
    before = everything()
    with connection.execute_wrapper(statements):
        outcomes = engine.target_loop.worker.zones[ZONE].run_pass(None)
    assert technitium.requests.counts == {"/api/zones/list": 1}
    assert statements.changes == []
    assert (outcomes.changed, everything()) == (0, before)


def test_a_restart_writes_nothing_and_costs_a_list(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put_many(60)
    engine.put("alias", target="edge.example.com")
    technitium.add("nas.talos00", "A", OTHER)
    engine.put("nas")
    engine.settle()
    serial, before = technitium.serial(ZONE), everything()
    technitium.requests.clear()
    engine.start()
    engine.settle()
    assert (technitium.serial(ZONE), everything()) == (serial, before)
    assert technitium.requests.counts[LIST] == 1
    assert not list(writes(technitium))


def test_what_we_write_ourselves_causes_no_list(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put_many(30)
    engine.settle()
    technitium.requests.clear()
    for number in range(5):
        engine.put(f"app{number:03}", target=OTHER)
        engine.settle(11)
    assert technitium.requests.counts[LIST] == 0


def test_a_record_that_someone_deleted_is_back_at_the_next_probe(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("grafana", **{"auto-remediate": "true"})
    engine.settle()
    technitium.delete("grafana.talos00", "A", ADDRESS)
    engine.turn(5)
    assert technitium.ask("grafana.talos00") == "NXDOMAIN"
    engine.turn(6)
    assert technitium.ask("grafana.talos00") == [ADDRESS]


def test_a_value_that_someone_changed_is_remediated_at_the_next_probe(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    engine.put("grafana", **{"auto-remediate": "true"})
    engine.settle()
    mark = "catalyst-dns-sync/default Ingress/web/grafana"
    changed = {"newIpAddress": OTHER, "ttl": 300, "comments": mark}
    technitium.ok("zones/records/update", {"domain": "grafana.talos00", "type": "A", "ipAddress": ADDRESS} | changed)
    engine.settle(11)
    assert technitium.ask("grafana.talos00") == [ADDRESS]


def test_a_foreign_record_in_the_way_is_reported_at_the_next_probe(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("grafana")
    engine.settle()
    technitium.delete("grafana.talos00", "A", ADDRESS)
    technitium.add("grafana.talos00", "A", OTHER)
    before = foreign(technitium)
    engine.settle(11)
    assert engine.state("grafana") == "conflict"
    assert foreign(technitium) == before


def test_a_change_right_after_a_foreign_write_is_made_on_what_is_there_then(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    engine.put("grafana")
    engine.settle()
    technitium.add("blog.talos00", "A", OTHER)
    engine.put("blog")
    engine.put("grafana", target=OTHER)
    engine.turn(2)
    assert published(technitium) == {("grafana", "A"): [OTHER], ("blog", "A"): [OTHER]}
    assert engine.state("blog") == "conflict"


def test_writes_that_the_server_lost_in_a_crash_are_made_again(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("old")
    engine.put("changed")
    engine.settle()
    technitium.double.save()
    engine.put("new")
    engine.put("changed", target=OTHER)
    engine.drop("old")
    engine.settle()
    technitium.crash()
    assert published(technitium) == {("old", "A"): [ADDRESS], ("changed", "A"): [ADDRESS]}
    engine.settle(11)
    assert published(technitium) == {("new", "A"): [ADDRESS], ("changed", "A"): [OTHER]}
    assert engine.rows().keys() == {("new.talos00", "A"), ("changed.talos00", "A")}


def test_a_loss_is_noticed_although_someone_raised_the_serial_to_where_it_was(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    engine.settle()
    technitium.double.save()
    engine.put("grafana")
    engine.settle()
    serial = technitium.serial(ZONE)
    technitium.crash()
    technitium.add("nas.talos00", "A", OTHER)
    assert technitium.serial(ZONE) == serial
    engine.settle(11)
    assert technitium.ask("grafana.talos00") == [ADDRESS]


def test_a_type_that_a_crash_brought_back_makes_way_again(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("grafana")
    engine.settle()
    technitium.double.save()
    engine.put("grafana", target="edge.example.com")
    engine.settle()
    technitium.crash()
    engine.start()
    engine.settle()
    assert published(technitium) == {("grafana", "CNAME"): ["edge.example.com"]}
    assert engine.state("grafana", "CNAME") == "synced"


def test_full_passes_follow_the_pace_of_the_changes() -> None:
    interval = AdaptiveInterval(300, 0)
    interval.changed(10, 0)
    assert interval.seconds(1) == 300
    interval.changed(1, 2)
    assert interval.seconds(3) == 15
    assert interval.seconds(70) == 300
    assert interval.seconds(3700) == 1800


def test_the_loop_makes_a_full_pass_when_it_is_due(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("grafana")
    engine.settle()
    started = engine.target_loop.last_pass_at
    engine.turn(299)
    assert engine.target_loop.last_pass_at == started
    engine.turn(2)
    assert started
    assert engine.target_loop.last_pass_at
    assert engine.target_loop.last_pass_at > started


class Killed(BaseException):
    """kill -9."""


def test_what_a_killed_syncer_wrote_and_the_server_lost_is_made_again(
    build: Build, technitium: ServerUnderTest
) -> None:
    engine = build(auto_remediate=False)
    engine.put("nas")
    engine.settle()
    technitium.double.save()

    def kill(path: str, *_: object) -> None:
        if path.endswith("records/add"):
            raise Killed

    engine.observe = kill
    engine.put("grafana")
    with pytest.raises(Killed):
        engine.settle(11)
    engine.observe = lambda *_: None
    engine.start()
    engine.settle()
    assert engine.state("grafana") == "synced"
    engine.start()
    technitium.crash()
    engine.settle(11)
    assert published(technitium) == {("grafana", "A"): [ADDRESS], ("nas", "A"): [ADDRESS]}
