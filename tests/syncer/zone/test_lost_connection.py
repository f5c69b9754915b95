"""The API server was away: what went is seen before what came in its place, so deletes wait."""

from __future__ import annotations

from typing import Any

import pytest

from records.models import CustomEntry, HeldPlan
from syncer.core.kinds import GATEWAY, HTTP_ROUTE, INGRESS_ROUTE
from syncer.zone.zone import POLL
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.kube.test_store import gateway, http_route
from tests.syncer.zone.conftest import Build
from tests.syncer.zone.engine import ADDRESS, OTHER, ZONE, Engine, Lists, audit, published, writes

AWAY = "the API server was away: not every kind has been heard from again"
GRAFANA = {("grafana", "A"): [ADDRESS]}


@pytest.fixture
def away(engine: Engine, technitium: ServerUnderTest) -> Engine:
    """``grafana`` was published, and the connection was lost since."""
    engine.put("grafana")
    engine.settle()
    assert published(technitium) == GRAFANA
    technitium.requests.clear()
    engine.feed.waits = True
    return engine


def ingress_route(name: str) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "web"},
        "spec": {"routes": [{"kind": "Rule", "match": f"Host(`{name}.{ZONE}`)"}]},
    }


def test_a_delete_waits_and_is_made_as_soon_as_all_have_been_heard_from(
    away: Engine, technitium: ServerUnderTest
) -> None:
    away.drop("grafana")
    away.settle(10)
    away.full()
    assert published(technitium) == GRAFANA
    assert (away.state("grafana"), away.reason("grafana")) == ("kept", AWAY)
    away.feed.waits = False
    away.turn()
    assert published(technitium) == {}
    assert audit()[1:] == [("deleted", f"grafana.{ZONE}", "syncer")]


def test_a_name_that_moved_to_another_kind_is_never_without_an_answer(
    away: Engine, technitium: ServerUnderTest
) -> None:
    away.drop("grafana")
    away.settle(10)
    away.put_object(INGRESS_ROUTE, ingress_route("grafana"))
    away.settle()
    away.feed.waits = False
    away.settle(10)
    assert published(technitium) == GRAFANA
    assert away.state("grafana") == "synced"
    assert "delete" not in {verb for verb, _, _ in writes(technitium)}


def test_a_name_that_another_object_claims_goes_to_it_at_once(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("grafana", created="2025-01-01T00:00:00Z")
    engine.put("charts", f"grafana.{ZONE}", target=OTHER)
    engine.settle()
    engine.feed.waits = True
    engine.drop("grafana")
    engine.settle()
    assert published(technitium) == {("grafana", "A"): [OTHER]}


def test_creates_and_updates_go_on(away: Engine, technitium: ServerUnderTest) -> None:
    away.put("grafana", target=OTHER)
    away.put("nas")
    away.settle()
    assert published(technitium) == {("grafana", "A"): [OTHER], ("nas", "A"): [ADDRESS]}


def test_a_kind_that_stays_away_holds_up_only_what_its_own_objects_had(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    engine.put("grafana")
    engine.put_object(INGRESS_ROUTE, ingress_route("blog"))
    engine.settle()
    engine.feed.waits = True
    engine.drop("grafana")
    engine.drop_object(INGRESS_ROUTE, "web", "blog")
    engine.settle(10)
    assert (engine.reason("grafana"), engine.reason("blog")) == (AWAY, AWAY)
    engine.feed.waits, engine.feed.missing = False, {INGRESS_ROUTE}
    engine.settle()
    assert published(technitium) == {("blog", "A"): [ADDRESS]}
    assert engine.reason("blog") == AWAY
    engine.feed.missing = set()
    engine.settle()
    assert published(technitium) == {}


def test_a_route_waits_for_gateways_that_stay_away(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put_object(GATEWAY, gateway())
    engine.put_object(HTTP_ROUTE, http_route())
    engine.settle()
    before = published(technitium)
    assert before
    engine.feed.missing = {GATEWAY}
    (route,) = (key for key in engine.objects if key[0] == HTTP_ROUTE)
    engine.drop_object(*route)
    engine.settle(10)
    assert published(technitium) == before


def test_what_a_person_decides_waits_for_nothing(engine: Engine, technitium: ServerUnderTest) -> None:
    entry = CustomEntry.objects.create(name=f"nas.{ZONE}", type="A", values=["10.0.0.5"])
    for name in ("grafana", "blog", "shop", "wiki"):
        engine.put(name, target=f"{ADDRESS},fd00::1")
    engine.settle()
    engine.feed.waits = True
    entry.delete()
    CustomEntry.objects.create(name=f"grafana.{ZONE}", type="A", mode="block", values=[])
    CustomEntry.objects.create(name=f"blog.{ZONE}", type="A", mode="override", values=[OTHER])
    CustomEntry.objects.create(name=f"wiki.{ZONE}", type="TXT", mode="override", values=["hello"])
    engine.drop("shop", "wiki")
    engine.full()
    assert engine.ask("delete", f"shop.{ZONE}") == "2 records deleted"
    assert published(technitium).keys() == {("blog", "A"), ("wiki", "A"), ("wiki", "AAAA"), ("wiki", "TXT")}


def test_deletes_that_a_person_must_look_at_stay_so_and_go_when_approved(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    engine.put_many(50)
    engine.settle()
    engine.drop_many(30)
    engine.settle()
    engine.feed.waits = True
    engine.full()
    assert [plan.status for plan in HeldPlan.objects.all()] == ["open"]
    assert engine.state("app000") == "held"
    engine.ask("approve")
    assert len(published(technitium)) == 20


def test_many_deletes_that_waited_are_counted_together(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put_many(50)
    engine.settle()
    engine.feed.waits = True
    for number in range(30):
        engine.drop_many(1, start=number)
        engine.settle(4)
    assert not HeldPlan.objects.exists()
    engine.feed.waits = False
    engine.settle()
    assert len(published(technitium)) == 50
    assert len(HeldPlan.objects.get().keys) == 30


def test_nothing_is_told_twice(away: Engine, caplog: pytest.LogCaptureFixture) -> None:
    away.drop("grafana")
    away.settle(10)
    written = away.rows()[f"grafana.{ZONE}", "A"].changed_at
    for _ in range(3):
        away.full()
    assert away.rows()[f"grafana.{ZONE}", "A"].changed_at == written
    assert not [record for record in caplog.records if record.levelname == "WARNING"]


def test_a_lost_ledger_deletes_nothing_meanwhile(away: Engine, technitium: ServerUnderTest) -> None:
    away.drop("grafana")
    away.start()
    away.target_loop.worker.rebuild()
    away.rows()[f"grafana.{ZONE}", "A"].delete()
    for _ in range(2):
        away.full()
    assert published(technitium) == GRAFANA
    assert away.reason("grafana") == AWAY
    away.feed.waits = False
    away.settle()
    assert published(technitium) == {}


def test_a_dry_run_waits_too(build: Build, caplog: pytest.LogCaptureFixture) -> None:
    engine = build()
    engine.put("grafana")
    engine.settle()
    engine.start(dry_run=True)
    engine.full()
    engine.feed.waits = True
    engine.drop("grafana")
    engine.turn(10)
    engine.turn(10)
    caplog.set_level("INFO")
    assert "Would delete" not in caplog.text
    (zone,) = engine.target_loop.worker.zones.values()
    assert zone.next_due(engine.clock.now) <= engine.clock.now + POLL
    engine.feed.waits = False
    engine.turn()
    assert "Would delete" in caplog.text


class Returning(Lists):
    """Waits for the first few times that it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.left = 3

    def deletes_wait(self) -> bool:
        self.left -= 1
        return self.left >= 0


def test_a_single_pass_is_made_when_all_have_been_heard_from(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("grafana")
    engine.settle()
    engine.feed = Returning()
    engine.drop("grafana")
    engine.start()
    engine.loop.run_once()
    assert published(technitium) == {}
