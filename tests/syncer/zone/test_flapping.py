"""A name that changes its mind all the time, from the cluster to DNS."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from records.explain import explain_name
from records.models import CustomEntry
from syncer import metrics
from syncer.core.kinds import INGRESS, NAMESPACE
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.kube.test_store import namespace
from tests.syncer.zone.conftest import Build
from tests.syncer.zone.engine import ADDRESS, ZONE, Engine, ingress, published, writes

A, B = "10.0.0.1", "10.0.0.2"


def flip(engine: Engine, times: int, name: str = "shop") -> None:
    """One wish after another; the last one is the same for an even number."""
    for number in range(times):
        engine.put(name, target=(B, A)[number % 2])
        engine.settle()


@pytest.fixture
def flapping(engine: Engine, technitium: ServerUnderTest) -> Engine:
    """Ten changes were made, and the eleventh waits."""
    engine.put("shop", target=A)
    engine.settle()
    flip(engine, 10)
    assert published(technitium)["shop", "A"] == [A]
    engine.put("shop", target=B)
    engine.settle()
    return engine


def wait(engine: Engine, seconds: float) -> None:
    for _ in range(int(seconds)):
        engine.turn(1)


def count_writes(technitium: ServerUnderTest) -> int:
    return len(list(writes(technitium)))


def test_what_is_in_dns_stays_and_it_is_told(
    flapping: Engine, technitium: ServerUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    flapping.full()
    assert published(technitium)["shop", "A"] == [A]
    assert flapping.state("shop") == "kept"
    reason = flapping.reason("shop")
    assert reason.startswith("flapping (more than 10 changes a minute): what is in DNS stays until ")
    row = flapping.rows()[f"shop.{ZONE}", "A"]
    assert (row.values, row.origin) == ([A], "Ingress/web/shop")
    assert reason in " ".join(explain_name(f"shop.{ZONE}")["sentences"])
    assert metrics.FLAPPING.labels("default", ZONE)._value.get() == 1
    told = [record.getMessage() for record in caplog.get_records("setup")] + caplog.messages
    assert [line for line in told if "Flapping" in line] == [
        "Flapping: it changed more than 10 times within 60 s; what is in DNS stays for 30 s"
    ]


def test_a_quiet_hold_is_the_last_one_and_the_wish_is_written(flapping: Engine, technitium: ServerUnderTest) -> None:
    wait(flapping, 28)
    assert published(technitium)["shop", "A"] == [A]
    wait(flapping, 4)
    assert published(technitium)["shop", "A"] == [B]
    assert (flapping.state("shop"), flapping.reason("shop")) == ("synced", "")
    assert metrics.FLAPPING.labels("default", ZONE)._value.get() == 0
    flapping.put("shop", target=A)
    flapping.settle()
    assert published(technitium)["shop", "A"] == [A]


def test_while_it_goes_on_each_hold_is_twice_as_long_and_ends_with_the_last_wish(
    flapping: Engine, technitium: ServerUnderTest
) -> None:
    technitium.requests.seen.clear()
    start, written = flapping.clock.now, []
    number = 0
    while len(written) < 4:
        before = published(technitium)["shop", "A"]
        flapping.put("shop", target=f"10.0.1.{number % 200}")
        number += 1
        flapping.turn(5)
        if published(technitium)["shop", "A"] != before:
            written.append(flapping.clock.now - start)
    steps = [later - sooner for sooner, later in pairwise(written)]
    assert 20 <= written[0] <= 36
    assert [round(step / 60) for step in steps] == [1, 2, 4]
    assert count_writes(technitium) == 4


def test_a_wish_that_comes_back_to_what_is_there_is_no_pause(flapping: Engine, technitium: ServerUnderTest) -> None:
    for target in (A, B, A, B, A):
        flapping.put("shop", target=target)
        flapping.turn(5)
    wait(flapping, 10)
    assert published(technitium)["shop", "A"] == [A]
    flapping.put("shop", target=B)
    flapping.settle()
    assert published(technitium)["shop", "A"] == [A]
    assert flapping.state("shop") == "kept"


def test_another_name_is_not_held_up(flapping: Engine, technitium: ServerUnderTest) -> None:
    flapping.put("blog", target=A)
    flapping.settle()
    assert published(technitium)["blog", "A"] == [A]


def test_a_name_that_comes_and_goes_stays_away_for_a_while(engine: Engine, technitium: ServerUnderTest) -> None:
    for _ in range(5):
        engine.put("shop")
        engine.settle()
        engine.drop("shop")
        engine.settle(3.5)
    assert published(technitium) == {}
    engine.put("shop")
    engine.settle()
    engine.drop("shop")
    engine.settle(3.5)
    engine.put("shop")
    engine.settle()
    standing = published(technitium)
    engine.drop("shop")
    engine.settle(3.5)
    assert published(technitium) == standing
    wait(engine, 40)
    assert published(technitium) == {}


def test_what_is_not_there_is_skipped_with_the_reason(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put("shop", target=A)
    engine.settle()
    flip(engine, 9)
    engine.drop("shop")
    engine.settle(3.5)
    engine.put("shop")
    engine.settle()
    assert published(technitium) == {}
    assert engine.state("shop") == "skipped"
    assert "flapping" in engine.reason("shop")
    wait(engine, 32)
    assert published(technitium) == {("shop", "A"): [ADDRESS]}


def test_what_a_person_asks_for_does_not_wait(flapping: Engine, technitium: ServerUnderTest) -> None:
    flapping.ask("sync", f"shop.{ZONE}")
    assert published(technitium)["shop", "A"] == [B]
    CustomEntry.objects.create(name=f"shop.{ZONE}", type="A", values=["10.0.0.9"], mode="override")
    flapping.ask("sync", f"shop.{ZONE}")
    assert published(technitium)["shop", "A"] == ["10.0.0.9"]


def test_the_records_of_a_namespace_that_goes_do_not_wait(flapping: Engine, technitium: ServerUnderTest) -> None:
    flapping.put_object(NAMESPACE, namespace("web"))
    flapping.put_object(NAMESPACE, namespace("web", leaving="2026-02-01T00:00:00Z"))
    flapping.settle(3.5)
    assert published(technitium) == {}


def test_many_new_names_are_no_flapping(engine: Engine, technitium: ServerUnderTest) -> None:
    engine.put_many(40)
    engine.settle()
    assert len(published(technitium)) == 40


def test_drift_is_what_others_do(build: Build, technitium: ServerUnderTest) -> None:
    engine = build(auto_remediate=True)
    engine.put("shop", target=A)
    engine.settle()
    for _ in range(15):
        technitium.delete(f"shop.{ZONE}", "A", A)
        engine.full()
    assert published(technitium) == {("shop", "A"): [A]}
    assert engine.state("shop") == "synced"


def test_it_can_be_switched_off(build: Build, technitium: ServerUnderTest) -> None:
    engine = build(flap_limit=0)
    engine.put("shop", target=A)
    engine.settle()
    flip(engine, 21)
    assert published(technitium)["shop", "A"] == [B]


def test_a_name_of_two_namespaces_stays_with_who_has_it(engine: Engine, technitium: ServerUnderTest) -> None:
    """The holder of the ledger is who is in DNS, until something else is written."""

    def claim(namespace: str, **notes: Any) -> None:
        manifest = ingress("shop", **notes)
        engine.put_object(INGRESS, {**manifest, "metadata": {**manifest["metadata"], "namespace": namespace}})

    claim("web", target=A)
    engine.settle()
    for number in range(11):
        claim("evil", target=B, priority=("high", "low")[number % 2])
        engine.settle()
    held = engine.rows()[f"shop.{ZONE}", "A"]
    assert (held.origin, held.values, held.state) == ("Ingress/web/shop", [A], "kept")
    assert published(technitium)["shop", "A"] == [A]
