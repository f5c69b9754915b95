from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.postgres import NotInstalled, postgres

from pathlib import Path
pytest_plugins = [f"tests.fakes.{name}" for name in ("fixtures_technitium", "fixtures_kubernetes") if (Path(__file__).parent / "fakes" / f"{name}.py").exists()]


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
