"""A plan that would delete too much waits for a person; a policy or a dry run forbids without asking."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps

from records.models import AuditEntry, CustomEntry, HeldPlan, ManagedRecord
from syncer import metrics
from syncer.core.kinds import GATEWAY, HTTP_ROUTE, INGRESS, NAMESPACE
from syncer.core.plan import Op, Policy
from syncer.kube.feed import WatchState
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.kube.test_store import gateway, http_route, namespace
from tests.syncer.zone.conftest import Build
from tests.syncer.zone.engine import OTHER, ZONE, Engine, audit, ingress, published, writes


@pytest.fixture
def full_house(engine: Engine) -> Engine:
    engine.put_many(50)
    engine.settle()
    return engine


def everything() -> list[list[dict[str, Any]]]:
    return [
        list(model._default_manager.order_by("pk").values()) for model in apps.get_app_config("records").get_models()
    ]


def names(count: int, start: int = 0) -> set[tuple[str, str]]:
    return {(f"app{number:03}.talos00", "A") for number in range(start, start + count)}


def test_sixty_per_cent_of_the_records_do_not_go_at_once(full_house: Engine, technitium: ServerUnderTest) -> None:
    before = technitium.rows(ZONE)
    full_house.drop_many(30)
    full_house.settle()
    full_house.full()
    assert technitium.rows(ZONE) == before
    plan = HeldPlan.objects.get()
    assert (plan.status, plan.keys) == ("open", names(30))
    assert "30 of 50 records would go" in plan.reason
    assert ManagedRecord.objects.filter(state="held", reason__contains="held").count() == 30


def test_as_many_go_as_the_ratio_allows(full_house: Engine, technitium: ServerUnderTest) -> None:
    full_house.drop_many(25)
    full_house.settle()
    assert len(published(technitium)) == 25
    assert not HeldPlan.objects.exists()


def test_a_few_go_unguarded_whatever_the_ratio(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put_many(10)
    engine.settle()
    engine.drop_many(10)
    engine.settle()
    assert not published(technitium)


def test_an_approved_plan_is_carried_out_and_done(full_house: Engine, technitium: ServerUnderTest) -> None:
    full_house.drop_many(30)
    full_house.settle()
    assert full_house.ask("approve") == "30 deletes approved"
    assert len(published(technitium)) == 20
    plan = HeldPlan.objects.get()
    assert (plan.status, plan.decided_by) == ("done", "ada")
    assert ("approved", "", "ada") in audit()


def test_a_plan_approved_in_part_deletes_that_part_and_names_who_approved(
    full_house: Engine, technitium: ServerUnderTest
) -> None:
    full_house.drop_many(30)
    full_house.settle()
    chosen = [delete.pk for delete in HeldPlan.objects.get().deletes.all()[:12]]
    place = {"plan": HeldPlan.objects.get(), "deletes": chosen, "zone": ZONE}
    assert full_house.ask("approve", **place) == "12 deletes approved"
    full_house.full()
    assert len(published(technitium)) == 38
    assert {plan.status: len(plan.keys) for plan in HeldPlan.objects.all()} == {"open": 18, "done": 12}
    assert full_house.ask("approve", **place) == (
        "0 deletes approved; 12 of 12 are not held any more, or were decided meanwhile"
    )
    deletes = AuditEntry.objects.filter(action="deleted").values_list("actor", "reason")
    assert {*deletes} == {("syncer", f"Ingress/web/app{at:03} was deleted; ada approved it") for at in range(12)}


def test_a_rejected_plan_keeps_the_records_and_is_not_asked_again(
    full_house: Engine, technitium: ServerUnderTest
) -> None:
    full_house.drop_many(30)
    full_house.settle()
    full_house.ask("reject")
    full_house.full()
    full_house.start()
    full_house.full()
    assert len(published(technitium)) == 50
    assert [plan.status for plan in HeldPlan.objects.all()] == ["rejected"]
    assert full_house.state("app000") == "kept"
    assert full_house.reason("app000") == "a person rejected its deletion"


def test_a_plan_is_obsolete_when_the_names_are_wanted_again(full_house: Engine) -> None:
    full_house.drop_many(30)
    full_house.settle()
    full_house.put_many(30)
    full_house.settle()
    full_house.full()
    assert HeldPlan.objects.get().status == "obsolete"
    assert full_house.state("app000") == "synced"


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_a_decision_does_not_outlive_what_it_was_about(
    full_house: Engine, technitium: ServerUnderTest, decision: str
) -> None:
    full_house.drop_many(30)
    full_house.settle()
    full_house.put_many(1)  # one of them is wanted again before someone decides
    full_house.ask(decision)
    full_house.put_many(30)
    full_house.settle()
    assert len(published(technitium)) == 50
    full_house.turn(61)
    full_house.drop_many(30)
    full_house.settle()
    full_house.full()
    full_house.full()
    assert len(published(technitium)) == 50
    assert HeldPlan.objects.get(status="open").keys == names(30)


def test_many_small_plans_within_a_minute_are_one(full_house: Engine, technitium: ServerUnderTest) -> None:
    for start in range(0, 50, 5):
        full_house.drop_many(5, start)
        full_house.settle(3)
    assert len(published(technitium)) == 25
    assert len(HeldPlan.objects.get(status="open").keys) == 25


def test_small_plans_far_apart_are_not_one(full_house: Engine, technitium: ServerUnderTest) -> None:
    for start in range(0, 50, 10):
        full_house.drop_many(10, start)
        full_house.settle(61)
    assert not published(technitium)


def test_a_plan_that_waits_its_turn_is_counted_once(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put_many(100)
    engine.settle()
    engine.drop_many(45)
    engine.turn(0.5)
    engine.turn(0.5)
    assert 50 < len(published(technitium)) < 100  # the first of them are gone, the others have their turn later
    engine.drop_many(20, start=45)
    engine.settle()
    left = len(published(technitium))
    assert 50 <= left <= 80
    assert len(HeldPlan.objects.get(status="open").keys) == left - 35


def test_creates_and_updates_go_on_while_deletes_are_held(full_house: Engine, technitium: ServerUnderTest) -> None:
    full_house.drop_many(30)
    full_house.settle()
    full_house.put("grafana")
    full_house.put("app040", target=OTHER)
    full_house.settle()
    assert technitium.ask("grafana.talos00") != "NXDOMAIN"
    assert technitium.ask("app040.talos00") == [OTHER]
    assert len(HeldPlan.objects.get().keys) == 30
    assert metrics.HELD_DELETES.labels("default", ZONE)._value.get() == 30


def test_more_deletes_join_those_that_wait(full_house: Engine, technitium: ServerUnderTest) -> None:
    full_house.drop_many(30)
    full_house.settle()
    full_house.drop_many(3, start=30)
    full_house.settle()
    assert len(published(technitium)) == 50
    assert HeldPlan.objects.get(status="open").keys == names(33)
    former = HeldPlan.objects.get(status="obsolete")  # whoever saw these has not seen the others
    assert former.successor == HeldPlan.objects.get(status="open")
    full_house.ask("approve")
    assert len(published(technitium)) == 17


def test_the_guard_looks_at_each_zone_by_itself(build: Build, technitium: ServerUnderTest) -> None:
    engine = build("talos00", "home.lab")
    for number in range(20):
        engine.put(f"a{number}", f"a{number}.talos00")
        engine.put(f"b{number}", f"b{number}.home.lab")
    engine.settle()
    engine.drop(*(f"a{number}" for number in range(15)))
    engine.drop("b0")
    engine.settle()
    assert len(published(technitium)) == 20
    assert len(published(technitium, "home.lab")) == 19


def test_an_alias_that_makes_way_for_an_address_is_no_loss(engine: Engine, technitium: ServerUnderTest) -> None:
    for number in range(30):
        engine.put(f"app{number:03}", target="edge.example.com")
    engine.settle()
    engine.put_many(30)
    engine.settle()
    assert {kind for _, kind in published(technitium)} == {"A"}


def test_upsert_only_deletes_nothing(build: Build, technitium: ServerUnderTest) -> None:
    engine = build(policies={ZONE: Policy.UPSERT_ONLY})
    engine.put("nas")
    engine.put("grafana")
    engine.settle()
    engine.put("nas", target=OTHER)
    engine.drop("grafana")
    engine.settle()
    assert technitium.ask("nas.talos00") == [OTHER]
    assert technitium.ask("grafana.talos00") != "NXDOMAIN"
    assert (engine.state("grafana"), engine.reason("grafana")) == ("kept", "the zone's policy is upsert-only")


def test_create_only_neither_changes_nor_deletes(build: Build, technitium: ServerUnderTest) -> None:
    engine = build(policies={ZONE: Policy.CREATE_ONLY})
    engine.put("nas")
    engine.put("grafana")
    engine.settle()
    before = technitium.rows(ZONE)
    engine.put("nas", target=OTHER)
    engine.drop("grafana")
    engine.settle()
    assert technitium.rows(ZONE) == before
    assert (engine.state("nas"), engine.state("grafana")) == ("kept", "kept")


def test_a_kind_that_cannot_be_read_loses_nothing(full_house: Engine, technitium: ServerUnderTest) -> None:
    before = technitium.rows(ZONE)
    full_house.objects.clear()
    full_house.feed.unread[INGRESS] = WatchState.FORBIDDEN
    full_house.start()
    full_house.full()
    assert technitium.rows(ZONE) == before
    assert full_house.reason("app000") == "objects of its kind cannot be read now"
    full_house.feed.unread.clear()
    full_house.put_many(45)
    full_house.full()
    assert len(published(technitium)) == 45


def test_a_loser_gets_nothing_while_the_winner_cannot_be_read(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("grafana", target="10.0.0.1", created="2025-01-01T00:00:00Z")
    engine.put_object(GATEWAY, gateway())
    engine.put_object(HTTP_ROUTE, http_route())
    engine.settle()
    before = technitium.rows(ZONE)
    del engine.objects[INGRESS, "web", "grafana"]
    engine.feed.unread[INGRESS] = WatchState.FORBIDDEN
    engine.start()
    engine.full()
    assert technitium.rows(ZONE) == before
    engine.feed.unread.clear()
    engine.full()
    assert technitium.ask("grafana.talos00") == ["192.168.1.54"]


@pytest.mark.double_only
def test_a_dry_run_writes_nothing_at_all(build: Build, technitium: ServerUnderTest) -> None:
    engine = build()
    engine.put_many(5)
    engine.put("alias", target="edge.example.com")
    engine.settle()
    CustomEntry.objects.create(name="nas.talos00", type="A", values=["10.0.0.5"])
    technitium.requests.clear()
    before = everything()
    serial = technitium.serial(ZONE)
    engine.start(dry_run=True)
    engine.drop("app000", "alias")
    engine.put("app001", target=OTHER)
    engine.put("grafana")
    (outcomes,) = engine.loop.run_once()["default"]
    assert sorted((change.op, change.name) for change in outcomes.planned) == [
        (Op.CREATE, "grafana.talos00"),
        (Op.CREATE, "nas.talos00"),
        (Op.DELETE, "alias.talos00"),
        (Op.DELETE, "app000.talos00"),
        (Op.UPDATE, "app001.talos00"),
    ]
    for _ in range(20):
        engine.turn(5)
    assert not list(writes(technitium))
    assert technitium.serial(ZONE) == serial
    assert everything() == before


def test_a_dry_run_says_what_the_guard_would_hold(full_house: Engine) -> None:
    full_house.start(dry_run=True)
    full_house.drop_many(30)
    (outcomes,) = full_house.loop.run_once()["default"]
    assert (outcomes.held, outcomes.planned) == (30, [])
    assert not HeldPlan.objects.exists()


# By namespace


def of_namespace(namespace: str, name: str) -> dict[str, Any]:
    manifest = ingress(name)
    return {**manifest, "metadata": {**manifest["metadata"], "namespace": namespace}}


def test_a_namespace_that_loses_nearly_all_is_held_and_holds_up_no_other(
    full_house: Engine, technitium: ServerUnderTest
) -> None:
    for number in range(12):
        full_house.put_object(INGRESS, of_namespace("shop", f"shop{number:02}"))
    full_house.settle()
    for number in range(11):
        full_house.drop_object(INGRESS, "shop", f"shop{number:02}")
    full_house.drop_many(3)
    full_house.settle()
    plan = HeldPlan.objects.get()
    assert plan.keys == {(f"shop{number:02}.talos00", "A") for number in range(11)}
    assert plan.reason.startswith("11 of 12 records of namespace shop would go")
    assert len(published(technitium)) == 50 - 3 + 12
    full_house.drop("app003")
    full_house.settle()
    assert ("app003", "A") not in published(technitium)
    assert HeldPlan.objects.get(status="open").keys == plan.keys
    full_house.drop_object(INGRESS, "shop", "shop11")
    full_house.settle()
    assert HeldPlan.objects.get(status="open").reason.startswith("12 of 12 records of namespace shop would go")


def test_what_a_namespace_has_held_does_not_hold_up_the_next_delete_of_another(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    for number in range(40):
        engine.put_object(INGRESS, of_namespace("flood", f"flood{number:02}"))
    engine.put_many(4)
    engine.settle()
    for number in range(40):
        engine.drop_object(INGRESS, "flood", f"flood{number:02}")
    engine.settle()
    assert len(HeldPlan.objects.get().keys) == 40
    engine.drop("app000")
    engine.settle()
    assert ("app000", "A") not in published(technitium)
    assert {row.state for row in engine.rows().values()} == {"held", "synced"}
    assert len(HeldPlan.objects.get(status="open").keys) == 40


def test_deletes_one_by_one_count_for_their_namespace(full_house: Engine, technitium: ServerUnderTest) -> None:
    for number in range(12):
        full_house.put_object(INGRESS, of_namespace("shop", f"shop{number:02}"))
    full_house.settle()
    for number in range(12):
        full_house.drop_object(INGRESS, "shop", f"shop{number:02}")
        full_house.settle(3)
    assert HeldPlan.objects.get(status="open").keys == {("shop10.talos00", "A"), ("shop11.talos00", "A")}


def test_the_records_of_a_namespace_that_goes_are_not_held(full_house: Engine, technitium: ServerUnderTest) -> None:
    for number in range(12):
        full_house.put_object(INGRESS, of_namespace("shop", f"shop{number:02}"))
    full_house.put_object(NAMESPACE, namespace("shop"))
    full_house.settle()
    full_house.put_object(NAMESPACE, namespace("shop", leaving="2026-01-02T00:00:00Z"))
    full_house.settle()
    assert len(published(technitium)) == 50
    assert not HeldPlan.objects.exists()
