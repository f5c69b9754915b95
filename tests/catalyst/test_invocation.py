"""How the program calls itself in what it tells people to type."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from catalyst.invocation import spell_command


def test_a_clone_has_it_in_its_own_environment_and_a_system_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / ".venv" / "bin" / "catalyst-dns-sync"
    script.parent.mkdir(parents=True)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "executable", str(script.with_name("python")))
    monkeypatch.chdir(tmp_path)
    assert spell_command() == "catalyst-dns-sync", "it is not there"
    script.touch(mode=0o755)
    assert spell_command() == ".venv/bin/catalyst-dns-sync"
    monkeypatch.setenv("PATH", str(script.parent))
    assert spell_command() == "catalyst-dns-sync"
    monkeypatch.setenv("PATH", "")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert spell_command() == "catalyst-dns-sync"
