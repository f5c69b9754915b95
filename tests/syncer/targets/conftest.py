from __future__ import annotations

from collections.abc import Iterator

import pytest

from syncer.targets.technitium.target import TechnitiumTarget
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.targets.hands import ZONE, make_target

VERSIONS = ["15.2", *(pytest.param(old, marks=pytest.mark.technitium_version(old)) for old in ("14.3", "13.4"))]


@pytest.fixture(params=VERSIONS)
def target(request: pytest.FixtureRequest, technitium: ServerUnderTest) -> Iterator[TechnitiumTarget]:
    """On an empty zone, of each version of the server that answers differently."""
    technitium.make_zone(ZONE)
    made = make_target(technitium)
    yield made
    made.close()
