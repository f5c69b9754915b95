from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.conf import settings
from whitenoise.middleware import WhiteNoiseMiddleware

from syncer.redaction import REDACTION
from tests.postgres import NotInstalled, postgres
from tests.processes import share_patterns
from tests.samples import load_profile

TESTS = Path(__file__).parent
WAITING = ("sessions", "browser", "catalyst", "deploy")
"""Folders whose tests start processes."""
LONGEST = (
    *("sessions/test_session_second.py", "catalyst/test_up.py", "sessions/test_readme.py"),
    *("syncer/test_probes.py", "records/propagation/test_asker.py"),
)
"""Files that would be waited for at the end: of each some tests wait for a quarter of a minute and more."""

pytest_plugins = ["tests.fakes.fixtures_technitium", "tests.fakes.fixtures_kubernetes"]


def pytest_configure(config: pytest.Config) -> None:
    """A fifth of a second for each user and each log-in is for those who guess. Processes hash as they do, with less
    patience (``tests/forkserver.py``)."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    share_static_files()
    load_profile()
    if not hasattr(config, "workerinput"):
        stay = ExitStack()
        stay.enter_context(share_patterns())
        config.add_cleanup(stay.close)


def share_static_files() -> None:
    """Each client of Django's tests loads the middleware anew, and WhiteNoise then looked at all static files again:
    half of what the tests of pages and of the API took."""
    look = WhiteNoiseMiddleware.add_files_from_finders
    found: dict[tuple[str, int | None], dict[str, object]] = {}

    def look_once(middleware: WhiteNoiseMiddleware) -> None:
        place = middleware.static_prefix, middleware.max_age
        if place not in found:
            look(middleware)
            found[place] = dict(middleware.files)
        middleware.files.update(found[place])

    WhiteNoiseMiddleware.add_files_from_finders = look_once


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Nothing of what is collected is garbage: to look for some took a tenth of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits for processes comes first, the longest before all, and what keeps a processor busy fills the time: it
    comes last in small pieces. pytest-django, before, has put what needs its database first."""
    items.sort(key=find_turn)


def find_turn(item: pytest.Item) -> int:
    path = item.path.relative_to(TESTS)
    if path.as_posix() in LONGEST:
        return -1
    folder = path.parts[0]
    return WAITING.index(folder) if folder in WAITING else len(WAITING)


def pytest_collection_finish() -> None:
    """What was collected stays to the end. To look through all of it for garbage again and again took a tenth of the
    time of the tests."""
    gc.freeze()
    gc.set_threshold(10_000, 50, 50)


@pytest.fixture(autouse=True)
def forgotten_tokens() -> Iterator[None]:
    """What one test shows its servers is no secret in what the next one tells."""
    yield
    REDACTION.forget_passing()


@pytest.fixture
def known_secrets() -> Iterator[set[str]]:
    """The secrets that are hidden in this process, for a test to add some."""
    before = {*REDACTION.secrets}
    yield REDACTION.secrets
    REDACTION.secrets.intersection_update(before)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """An empty PostgreSQL server for the tests that start whole processes on it."""
    try:
        with postgres() as url:
            yield url
    except NotInstalled:
        if os.environ.get("CI"):
            raise
        pytest.skip("PostgreSQL is not installed")
