from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that other users can enter, other than pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="hosts-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def hosts(folder: Path) -> Path:
    path = folder / "hosts"
    path.write_bytes(b"127.0.0.1 localhost\n")
    return path
