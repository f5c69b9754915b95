from __future__ import annotations

import gc
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from django.conf import settings
from whitenoise.middleware import WhiteNoiseMiddleware

from syncer.redaction import REDACTION
from tests.postgres import NotInstalled, make_database, postgres
from tests.processes import share_patterns
from tests.samples import load_profile

TESTS = Path(__file__).parent
WAITING = (
    *("sessions/test_session_second.py", "browser/test_demo.py", "browser/test_admin.py", "browser/test_buttons.py"),
    *("browser/test_stream.py", "browser/test_dashboard.py", "catalyst/test_up.py", "sessions/test_readme.py"),
    *("syncer/test_probes.py", "records/propagation/test_asker.py", "sessions", "browser", "catalyst", "deploy"),
)
"""Files and folders whose tests wait for processes; first those that take longest."""
LAST_WAITING = 0.7
"""The part of all other files that has begun when the last of these does."""

POSTGRES = "CATALYST_TEST_POSTGRES"
"""The variable that tells the processes of a run which server they share."""

pytest_plugins = ["tests.fakes.fixtures_technitium", "tests.fakes.fixtures_kubernetes"]


def pytest_configure(config: pytest.Config) -> None:
    """A fifth of a second for each user and each log-in is for those who guess. Processes hash as they do, with less
    patience (``tests/forkserver.py``)."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    share_static_files()
    load_profile()
    if not hasattr(config, "workerinput"):
        stay = ExitStack()
        config.add_cleanup(stay.close)
        stay.enter_context(share_patterns())
        if config.getoption("numprocesses", None):
            stay.enter_context(share_postgres())


@contextmanager
def share_postgres() -> Iterator[None]:
    """One server for all processes of a run: to start it, and to migrate a database there, takes each of them
    seconds."""
    with ExitStack() as stay:
        with suppress(NotInstalled):
            os.environ[POSTGRES] = stay.enter_context(postgres())
        yield
        os.environ.pop(POSTGRES, None)


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
    """What waits for processes lies between what keeps a processor busy, so that at any time there is some of both. The
    longest come first, and last comes what is busy, in small pieces. pytest-django, before, has put what needs its
    database first."""
    files = {item: item.path.relative_to(TESTS).as_posix() for item in items}
    turns = find_turns(dict.fromkeys(files.values()))
    items.sort(key=lambda item: turns[files[item]])


def find_turns(files: Iterable[str]) -> dict[str, float]:
    """By file when its tests begin: from 0 to 1."""
    ranks = {file: next((n for n, place in enumerate(WAITING) if file.startswith(place)), None) for file in files}
    busy = [file for file, rank in ranks.items() if rank is None]
    waiting = sorted(ranks.keys() - busy, key=lambda file: (ranks[file], file))
    turns = {file: LAST_WAITING * number / len(waiting) for number, file in enumerate(waiting)}
    return turns | {file: number / len(busy) for number, file in enumerate(busy)}


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
def postgres_server() -> Iterator[str]:
    """A PostgreSQL server for the tests that start whole processes on it."""
    if shared := os.environ.get(POSTGRES):
        yield shared
        return
    with start_postgres() as url:
        yield url


@pytest.fixture
def own_postgres_server() -> Iterator[str]:
    """One that no other test uses, whose processes may be stopped."""
    with start_postgres() as url:
        yield url


@contextmanager
def start_postgres() -> Iterator[str]:
    try:
        with postgres() as url:
            yield url
    except NotInstalled:
        if os.environ.get("CI"):
            raise
        pytest.skip("PostgreSQL is not installed")


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """An empty database there, of the test's own."""
    with make_database(postgres_server) as url:
        yield url
