"""A slice is as large as keeps a name that is new meanwhile within a second."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syncer.pacing import AdaptiveInterval
from syncer.zone.slices import AIM, CROWD, LARGEST, SMALLEST, USUAL, SliceSize
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.zone.engine import ADDRESS, OTHER, ZONE, Engine, published


def learned(*passes: tuple[int, float], waiting: int = 100_000) -> int:
    size = SliceSize()
    for names, seconds in passes:
        size.learn(names, seconds, waiting)
    return size.names


@pytest.mark.parametrize(
    ("passes", "names"),
    [
        ([], SMALLEST),
        ([(SMALLEST, AIM / 2)], 2 * SMALLEST),
        ([(SMALLEST, AIM / 1000)], 2 * SMALLEST),
        ([(SMALLEST, 0.0)], 2 * SMALLEST),
        ([(SMALLEST, AIM / 2), (2 * SMALLEST, AIM * 0.625)], 800),
        ([(SMALLEST, AIM / 2), (2 * SMALLEST, AIM * 1.25)], 400),
        ([(SMALLEST, AIM / 2), (2 * SMALLEST, AIM * 100)], SMALLEST),
        ([(2**power * SMALLEST, 0.001) for power in range(5)], LARGEST),
        ([(1, 0.0)], SMALLEST),
        ([(SMALLEST, AIM / 2), (1, AIM / 100)], 2 * SMALLEST),
        ([(SMALLEST, AIM / 2), (100, 2 * AIM)], SMALLEST),
    ],
    ids=str,
)
def test_it_is_what_took_that_long_lately(passes: list[tuple[int, float]], names: int) -> None:
    assert learned(*passes) == names


def test_more_than_usual_go_together_while_a_crowd_waits() -> None:
    crowd = CROWD * SMALLEST
    assert learned((SMALLEST, 0.001), waiting=crowd) == USUAL
    assert learned((SMALLEST, 0.001), waiting=crowd + 1) == 2 * SMALLEST
    assert learned((SMALLEST, 0.001), (2 * SMALLEST, 0.001), waiting=2 * crowd) == 2 * SMALLEST, "of that size"
    size = SliceSize()
    for waiting in (10_000, 10_000, 1):
        size.learn(size.names, 0.001, waiting)
    assert size.names == 4 * SMALLEST, "it stays for the rest of the crowd"
    size.learn(1, 0.001, 0)
    assert size.names == USUAL


def start_first(engine: Engine, technitium: ServerUnderTest, count: int = 4 * SMALLEST) -> list[int]:
    """A syncer finds so many names and an empty zone; how many of them it writes in each turn."""
    engine.put_many(count)
    sizes = []
    while len(published(technitium)) < count:
        before = len(published(technitium))
        engine.turn()
        sizes.append(len(published(technitium)) - before)
    return sizes


def test_the_names_of_a_first_start_go_in_growing_slices(engine: Engine, technitium: ServerUnderTest) -> None:
    assert start_first(engine, technitium) == [SMALLEST, SMALLEST, USUAL, 2 * SMALLEST - USUAL]


def test_those_of_a_crowd_go_in_slices_that_grow_beyond_the_usual(engine: Engine, technitium: ServerUnderTest) -> None:
    twice = 2 * SMALLEST
    sizes = start_first(engine, technitium, (CROWD + 3) * SMALLEST)
    assert sizes == [SMALLEST, SMALLEST, twice, twice, twice, SMALLEST]


def test_a_name_that_comes_meanwhile_is_next_although_the_zone_is_looked_at_as_a_whole(
    engine: Engine, technitium: ServerUnderTest
) -> None:
    engine.slow_down()
    engine.put_many(4 * SMALLEST)
    engine.turn()
    for zone in engine.target_loop.worker.zones.values():
        zone.request_pass()
    engine.turn()
    assert len(published(technitium)) == 2 * SMALLEST
    engine.put("new", target=OTHER)
    engine.turn()
    assert technitium.ask(f"new.{ZONE}") == [OTHER]
    assert len(published(technitium)) == 2 * SMALLEST + 1
    engine.settle()
    assert technitium.ask(f"app{4 * SMALLEST - 1:03}.{ZONE}") == [ADDRESS]


def test_waiting_for_the_rate_limit_makes_no_slice_smaller(engine: Engine, technitium: ServerUnderTest) -> None:
    """Smaller ones would cost more requests, and wait more."""
    engine.start(target=replace(engine.settings["target"], rate_limit=2))
    assert start_first(engine, technitium) == [SMALLEST, SMALLEST, USUAL, 2 * SMALLEST - USUAL]
    assert engine.target is not None
    assert engine.target.paused > 3 * AIM


def test_a_busy_zone_is_looked_at_as_a_whole_when_nothing_waits_any_more(engine: Engine) -> None:
    engine.slow_down()
    engine.put_many(2 * SMALLEST)
    engine.turn()
    zone = engine.target_loop.worker.zones[ZONE]
    assert zone.waiting == SMALLEST
    assert zone.full_pass_due > engine.clock.now + AdaptiveInterval.BUSY
    engine.turn()
    assert zone.waiting == 0
    assert zone.full_pass_due <= engine.clock.now + AdaptiveInterval.BUSY
