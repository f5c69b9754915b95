from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from syncer.core.kinds import GATEWAY, HTTP_ROUTE
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.zone.engine import ADDRESS, Engine
from tests.syncer.zone.routes import SHOP, gateway, route

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


@pytest.fixture
def shop(engine: Engine, technitium: ServerUnderTest) -> Engine:
    """An HTTPRoute on its Gateway, published."""
    engine.put_object(GATEWAY, gateway())
    engine.put_object(HTTP_ROUTE, route(SHOP))
    engine.settle()
    assert technitium.ask(SHOP) == [ADDRESS]
    return engine
