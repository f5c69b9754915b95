from __future__ import annotations

from pathlib import Path

import pytest

from catalyst.probe import ADDRESSES
from tests.ports import free_port


@pytest.fixture
def addressed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Settings with a free address for every process, which ``health`` knows as well."""
    addresses = {setting: f"127.0.0.1:{free_port()}" for setting, _ in ADDRESSES.values()}
    for name, address in addresses.items():
        monkeypatch.setenv(name, address)
    metrics = {"METRICS_BIND_ADDRESS": f"127.0.0.1:{free_port()}"}
    return {"HOME": str(tmp_path), "DATA_DIR": str(tmp_path), "LOG_FORMAT": "text", **addresses, **metrics}
