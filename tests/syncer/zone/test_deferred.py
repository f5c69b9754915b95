"""What a pass found and did not get to in its turn is known in the next one, whatever the zone's serial says."""

from __future__ import annotations

import pytest

from records.models import DriftFinding
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.zone.engine import ADDRESS, OTHER, ZONE, Engine, published
from tests.syncer.zone.test_trouble import limit_to_records

pytestmark = pytest.mark.double_only

UPDATES, DELETES = 24, 12
LAST = f"app{UPDATES + DELETES - 1:03}"


@pytest.fixture(params=["one import", "one call for each record"])
def crashed(engine: Engine, technitium: ServerUnderTest, request: pytest.FixtureRequest) -> Engine:
    """Two dozen updates and a dozen deletes that the server does not remember any more: more than one turn makes."""
    if request.param != "one import":
        limit_to_records(engine, technitium)
    engine.put_many(UPDATES + DELETES)
    engine.settle()
    technitium.double.save()
    for number in range(UPDATES):
        engine.put(f"app{number:03}", target=OTHER)
    engine.drop_many(DELETES, start=UPDATES)
    engine.settle()
    assert published(technitium) == remembered()
    technitium.crash()
    assert len(published(technitium)) == UPDATES + DELETES
    return engine


def remembered() -> dict[tuple[str, str], list[str]]:
    return {(f"app{number:03}", "A"): [OTHER] for number in range(UPDATES)}


def begin_again(engine: Engine) -> None:
    """The first turn after the crash, in which most has to wait."""
    engine.turn(11)
    assert len(engine.target_loop.worker.zones[ZONE]._queue.deferred) >= DELETES - 5


def test_deletes_that_the_server_lost_among_updates_are_all_made_again(
    crashed: Engine, technitium: ServerUnderTest
) -> None:
    crashed.settle(11)
    assert published(technitium) == remembered()
    assert len(crashed.rows()) == UPDATES
    assert not DriftFinding.objects.exists()


def test_a_full_pass_before_their_turn_forgets_none(crashed: Engine, technitium: ServerUnderTest) -> None:
    begin_again(crashed)
    crashed.full()
    assert published(technitium) == remembered()
    assert not DriftFinding.objects.exists()


def test_a_click_on_one_name_before_their_turn_makes_no_drift_of_the_others(
    crashed: Engine, technitium: ServerUnderTest
) -> None:
    begin_again(crashed)
    crashed.ask("sync", f"app{UPDATES - 1:03}.{ZONE}")
    assert published(technitium) == remembered()
    assert not DriftFinding.objects.exists()


def test_a_foreign_write_before_their_turn_makes_no_drift_of_them(crashed: Engine, technitium: ServerUnderTest) -> None:
    begin_again(crashed)
    technitium.add(f"nas.{ZONE}", "A", ADDRESS)
    crashed.settle(11)
    assert published(technitium) == {**remembered(), ("nas", "A"): [ADDRESS]}
    assert not DriftFinding.objects.exists()


def test_a_loss_that_the_serial_does_not_show_any_more_stays_one_until_all_is_made_again(
    crashed: Engine, technitium: ServerUnderTest
) -> None:
    hands = {(f"hand{number}", "A"): [ADDRESS] for number in range(UPDATES + DELETES)}
    for name, _ in hands:
        technitium.add(f"{name}.{ZONE}", "A", ADDRESS)
    begin_again(crashed)
    technitium.add(f"nas.{ZONE}", "A", ADDRESS)
    crashed.settle(11)
    assert published(technitium) == {**remembered(), **hands, ("nas", "A"): [ADDRESS]}
    assert not DriftFinding.objects.exists()


def test_a_new_claim_on_a_name_that_waits_is_written_over_what_is_there(
    crashed: Engine, technitium: ServerUnderTest
) -> None:
    begin_again(crashed)
    crashed.put(LAST, target="10.0.0.9")
    crashed.put("app000", target="10.0.0.9")
    crashed.settle()
    changed = {("app000", "A"): ["10.0.0.9"], (LAST, "A"): ["10.0.0.9"]}
    assert published(technitium) == remembered() | changed
    assert not DriftFinding.objects.exists()


def test_a_restart_before_their_turn_forgets_none(crashed: Engine, technitium: ServerUnderTest) -> None:
    begin_again(crashed)
    crashed.start()
    crashed.settle()
    assert published(technitium) == remembered()
    assert not DriftFinding.objects.exists()


def test_a_server_that_is_away_again_before_their_turn_makes_no_drift_of_them(
    crashed: Engine, technitium: ServerUnderTest
) -> None:
    begin_again(crashed)
    technitium.stop_listening()
    crashed.turn()
    technitium.listen_again()
    crashed.settle(31)
    assert published(technitium) == remembered()
    assert not DriftFinding.objects.exists()


def test_what_someone_changes_once_all_is_made_again_is_drift(crashed: Engine, technitium: ServerUnderTest) -> None:
    crashed.settle(11)
    technitium.delete(f"app000.{ZONE}", "A", OTHER)
    crashed.settle(11)
    assert DriftFinding.objects.get().name == f"app000.{ZONE}"
    crashed.start()
    crashed.settle()
    assert technitium.ask(f"app000.{ZONE}") == "NXDOMAIN"
