"""A web that several tests visit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.catalyst.web.test_health import Web, web
from tests.processes import prepare


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("web")
    prepare(folder)
    return folder


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[Web]:
    with web(folder, LOG_FORMAT="text") as process:
        yield process
