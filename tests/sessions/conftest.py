"""Whole sessions: the syncer as a process of its own between a cluster, a DNS server and a database file."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.fakes.kubernetes.cluster import Cluster
from tests.processes import migrate
from tests.sessions.session import Session, fresh_zone

Make = Callable[..., Session]


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an empty database, to be copied."""
    folder = tmp_path_factory.mktemp("migrated")
    migrate(folder)
    return folder


@pytest.fixture
def make_session(migrated: Path, tmp_path: Path, technitium: ServerUnderTest) -> Iterator[Make]:
    """Makes a session with a cluster (None: manifests only) and a fresh zone of its own."""
    made: list[Session] = []

    def make(kubernetes: Cluster | None = None) -> Session:
        folder = tmp_path / f"data-{len(made)}"
        shutil.copytree(migrated, folder)
        made.append(Session(folder, technitium, kubernetes, technitium.make_zone(fresh_zone())))
        return made[-1]

    yield make
    for session in made:
        session.close()


@pytest.fixture
def session(make_session: Make, kubernetes: Cluster) -> Session:
    return make_session(kubernetes)


@pytest.fixture
def files(make_session: Make) -> Session:
    """A session that reads manifests from the folder ``session.manifests``."""
    return make_session()
