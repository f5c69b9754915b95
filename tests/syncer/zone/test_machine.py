"""Whatever the sequence of claims, foreign writes, crashes and restarts: all names come right, nothing else moves."""

from __future__ import annotations

import os
import random
from functools import partial

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.histories.world import World
from tests.samples import EXHAUSTIVE

HISTORIES = int(os.environ.get("CATALYST_TEST_HISTORIES", "100" if EXHAUSTIVE else "0"))
"""So many fresh ones, which take a third of a second of CPU each; 0: a few, always the same."""

FEW = 4
STEPS = 30


@pytest.mark.double_only
@pytest.mark.django_db
@pytest.mark.one_database
@pytest.mark.timeout(120 + 3 * HISTORIES)
@pytest.mark.parametrize(
    "auto_remediate", [True, False], ids=["drift remediated at once", "drift remediated by a click"]
)
def test_any_history_ends_well(technitium: ServerUnderTest, auto_remediate: bool) -> None:
    make_world = partial(World, technitium, auto_remediate=auto_remediate)
    if HISTORIES:
        number = int(os.environ.get("CATALYST_TEST_SEED") or random.getrandbits(32))
        print(f"CATALYST_TEST_SEED={number}")
        make_world = seed(number)(make_world)
    run_state_machine_as_test(
        make_world,  # type: ignore[arg-type]
        settings=settings(
            max_examples=-(-HISTORIES // 2) or FEW,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=not HISTORIES,
            database=None,
            phases=[Phase.generate],  # making a failing history short takes minutes: for that, add Phase.shrink
            suppress_health_check=list(HealthCheck),
        ),
    )
