"""A full pass over a zone of many names goes slice by slice, behind what is new."""

from __future__ import annotations

import pytest

from records.models import HeldPlan, ManagedRecord
from syncer.zone.slices import SMALLEST
from tests.syncer.zone.conftest import ServerUnderTest
from tests.syncer.zone.engine import ZONE, Engine

MANY = SMALLEST + 60

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def crowd(engine: Engine) -> Engine:
    engine.put_many(MANY)
    engine.settle()
    zone = engine.target_loop.worker.zones[ZONE]
    zone._queue.slice_size.names = SMALLEST  # as on a machine that takes long
    return engine


def test_a_new_name_does_not_wait_for_a_full_pass(crowd: Engine, technitium: ServerUnderTest) -> None:
    crowd.target_loop.worker.zones[ZONE].request_pass()
    crowd.turn()
    assert crowd.target_loop.worker.waiting > 0
    crowd.put("grafana")
    crowd.turn()
    assert technitium.ask(f"grafana.{ZONE}") != "NXDOMAIN"


def test_what_was_missed_is_found_all_the_same(crowd: Engine, technitium: ServerUnderTest) -> None:
    last = f"app{MANY - 1:03}.{ZONE}"
    ManagedRecord.objects.filter(name=last).update(ttl=77)
    crowd.full()
    crowd.settle()
    assert ManagedRecord.objects.get(name=last).ttl != 77
    assert crowd.target_loop.last_pass_at is not None


def test_deletes_of_many_slices_are_one_plan(crowd: Engine) -> None:
    crowd.drop_many(MANY)
    crowd.settle()
    held = HeldPlan.objects.get(status="open")
    assert len(held.keys) == MANY
    crowd.full()
    crowd.settle()
    assert HeldPlan.objects.get() == held
    crowd.put_many(MANY)
    crowd.settle()
    held.refresh_from_db()
    assert held.status == "obsolete"


def test_it_is_over_when_what_lost_its_claim_has_had_its_turn_too(crowd: Engine) -> None:
    zone, before = crowd.target_loop.worker.zones[ZONE], crowd.target_loop.last_pass_at
    zone.request_pass()
    crowd.drop_many(1)
    for _ in range(4):
        crowd.turn(0.05)  # more of them may come
    assert (set(zone._queue.unclaimed), zone._queue.deferred) == ({f"app000.{ZONE}"}, {})
    assert crowd.target_loop.last_pass_at == before
    crowd.settle()
    assert crowd.target_loop.last_pass_at != before
