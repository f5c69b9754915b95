from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.zone.engine import Engine

Build = Callable[..., Engine]


@pytest.fixture
def build(db: None, technitium: ServerUnderTest) -> Iterator[Build]:
    """Makes a syncer on the Technitium server; each call makes its zones anew."""
    built: list[Engine] = []

    def make(*zones: str, **settings: Any) -> Engine:
        built.append(Engine(technitium, *zones, **settings))
        return built[-1]

    yield make
    for engine in built:
        engine.close()


@pytest.fixture
def engine(build: Build) -> Engine:
    return build()
