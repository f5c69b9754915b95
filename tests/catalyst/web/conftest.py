"""A web that several tests visit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.catalyst.web.test_health import Web, web
from tests.processes import run

PASSWORD = "of-no-worth-anywhere-else"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("web")
    settings = {"HOME": str(folder), "DATA_DIR": str(folder), "ADMIN_PASSWORD": PASSWORD}
    assert run(["-m", "catalyst.cli", "prepare"], settings).code == 0
    return folder


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[Web]:
    with web(folder, LOG_FORMAT="text") as process:
        yield process
