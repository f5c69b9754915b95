"""A full pass over a zone of many names goes slice by slice, behind what is new."""

from __future__ import annotations

import pytest

from records.models import HeldPlan, ManagedRecord
from syncer.core.claims import Unread
from syncer.ledger import Freeze
from syncer.zone.planning import ZonePlanner
from syncer.zone.queue import Deferred, ZoneQueue
from syncer.zone.schedule import ZoneSchedule
from syncer.zone.shadows import ShadowNotes
from syncer.zone.slices import SMALLEST
from syncer.zone.sweep import Sweep
from syncer.zone.view import ZoneView
from tests.syncer.test_worker import Case
from tests.syncer.zone.conftest import ServerUnderTest
from tests.syncer.zone.engine import ZONE, Engine
from tests.syncer.zone.memory import Cluster, MemoryZoneLedger, ToyTarget, configure

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


HOUR = 3600.0


class Crowd:
    """A zone that is known and holds one name more than a slice, of which the last has lost its claim."""

    def __init__(self) -> None:
        names = [f"app{number:03}" for number in range(SMALLEST + 1)]
        self.unclaimed = f"{names[-1]}.{ZONE}"
        self.claimed = [f"{name}.{ZONE}" for name in names[:-1]]
        self.cluster = Cluster(*names[:-1])
        self.rows = MemoryZoneLedger()
        self.rows.own(*names)
        self.view = ZoneView()
        self.view.replace(1, frozenset())
        self.queue = ZoneQueue()
        self.queue.slice_size.names = SMALLEST
        self.schedule = ZoneSchedule(HOUR, 24 * HOUR, 0.0)
        managed, target = configure().targets[0].managed, ToyTarget()
        zone = target.zone(ZONE)
        planner = ZonePlanner(
            managed, target, zone, self.rows, self.cluster, self.view, self.queue, Unread, frozenset, lambda: None
        )
        shadows = ShadowNotes(ZONE, managed.scope, self.rows)
        self.sweep = Sweep(self.cluster, self.rows, planner, self.queue, self.schedule, shadows)

    def finish_names(self, *names: str) -> bool:
        self.queue.done(names, (), {}, 0.0)
        return self.sweep.end_when_done(whole=False)


@pytest.fixture
def idle() -> Crowd:
    return Crowd()


def test_every_name_waits_for_its_turn_and_what_lost_its_claim_for_its_like(idle: Crowd) -> None:
    assert idle.sweep.begin(100.0, is_ordinary=True)
    assert idle.queue.deferred == dict.fromkeys(idle.claimed, Deferred.AS_KNOWN)
    assert list(idle.queue.deferred) == idle.claimed
    assert idle.queue.unclaimed == {idle.unclaimed}
    assert (idle.schedule.is_behind, idle.schedule.full_due) == (True, 100.0 + HOUR)
    assert len(idle.rows.shadows) == 1, "no slice sees what all names together come to"


def test_a_zone_of_one_slice_has_its_pass_at_once(idle: Crowd) -> None:
    idle.rows.known.popitem()
    assert not idle.sweep.begin(100.0, is_ordinary=True)
    assert (len(idle.queue), idle.schedule.full_due) == (0, 0.0)
    idle.queue.add(f"new.{ZONE}", 100.0, claimed=True)  # what waits counts too
    assert idle.sweep.begin(100.0, is_ordinary=True)


def test_a_zone_of_which_something_is_unknown_has_its_pass_at_once(idle: Crowd) -> None:
    assert not idle.sweep.begin(100.0, is_ordinary=False)
    idle.view.invalidate()
    assert not idle.sweep.begin(100.0, is_ordinary=True)
    assert (len(idle.queue), idle.schedule.is_behind) == (0, False)


def test_one_that_is_under_way_goes_on_whatever_else_is_due(idle: Crowd) -> None:
    idle.sweep.begin(100.0, is_ordinary=True)
    idle.finish_names(*idle.claimed[:50])
    idle.schedule.request_pass()
    assert idle.sweep.begin(200.0, is_ordinary=False)
    assert len(idle.queue.deferred) == len(idle.claimed) - 50, "it does not begin anew"
    assert idle.schedule.full_due == 200.0 + HOUR


def test_it_is_over_once_when_no_name_waits_any_more(idle: Crowd) -> None:
    idle.sweep.begin(100.0, is_ordinary=True)
    assert not idle.finish_names(*idle.claimed[:50])
    assert not idle.finish_names(*idle.claimed)
    assert idle.schedule.is_behind
    assert idle.finish_names(idle.unclaimed)
    assert not idle.schedule.is_behind
    assert not idle.finish_names(idle.unclaimed)


def test_a_pass_over_the_whole_zone_takes_its_place(idle: Crowd) -> None:
    idle.sweep.begin(100.0, is_ordinary=True)
    assert not idle.sweep.end_when_done(whole=True)
    assert not idle.finish_names(*idle.claimed, idle.unclaimed)
    assert not idle.sweep.begin(200.0, is_ordinary=False)


def test_names_that_wait_for_their_turn_without_one_are_told_to_the_schedule(idle: Crowd) -> None:
    idle.queue.defer(idle.claimed)
    assert not idle.sweep.end_when_done(whole=False)
    assert idle.schedule.is_behind
    assert not idle.finish_names(*idle.claimed)
    assert not idle.schedule.is_behind


def test_what_a_person_held_back_is_one_pass_and_no_sweep() -> None:
    case = Case(ZONE)
    case.put(*(f"app{number:03}" for number in range(SMALLEST + 1)))
    case.turn()
    case.turn()
    assert case.worker.waiting == 0
    zone = case.worker.zones[ZONE]
    zone._queue.slice_size.names = SMALLEST
    for frozen in ([Freeze("", None, "olga")], []):
        case.ledger.frozen = frozen
        case.worker.read_freezes(case.clock.now)
        results = case.turn()
    assert [result.whole for result in results] == [True]
    zone.request_pass()
    assert [result.whole for result in case.turn()] == [False], "slice by slice, as ever"
