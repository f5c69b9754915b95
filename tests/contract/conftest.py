from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.contract.harness import Harness
from tests.contract.hosts import HostsHarness
from tests.contract.shelf import ShelfHarness
from tests.contract.technitium import OldTechnitiumHarness, SecondaryHarness, TechnitiumHarness
from tests.contract.trial import Trial
from tests.samples import EXHAUSTIVE

HARNESSES: tuple[type[Harness], ...] = (ShelfHarness, HostsHarness, TechnitiumHarness)
"""Of every target that there is."""

MORE: tuple[type[Harness], ...] = (OldTechnitiumHarness, SecondaryHarness)
"""What else they can be."""

Begin = Callable[..., Trial]


@pytest.fixture(params=HARNESSES + MORE * EXHAUSTIVE, ids=lambda kind: kind.name)
def harness(request: pytest.FixtureRequest) -> Iterator[Harness]:
    made: Harness = request.param(request)
    yield made
    made.close()


@pytest.fixture
def begin(db: None, harness: Harness) -> Iterator[Begin]:
    """Begins a trial, in these zones."""
    begun: list[Trial] = []

    def make(*zones: str) -> Trial:
        begun.append(Trial(harness, *zones))
        return begun[-1]

    yield make
    for trial in begun:
        trial.close()


@pytest.fixture
def trial(begin: Begin) -> Trial:
    return begin()
