"""``prepare`` as ``up`` calls it: the first user is made when all runs, and not before."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from catalyst.prepare import PREPARED
from tests.catalyst.test_cli import environment


def start(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "catalyst.cli", "prepare", "--wait"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment(folder), cwd=folder, stdin=pipe, stdout=pipe, text=True)


def list_users(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "var" / "catalyst.sqlite3")) as connection:
        return [name for (name,) in connection.execute("select username from auth_user")]


def test_the_first_user_is_made_once_the_start_has_worked(tmp_path: Path) -> None:
    failed = start(tmp_path)
    assert failed.stdout
    assert failed.stdout.readline() == f"{PREPARED}\n"
    assert list_users(tmp_path) == []
    assert failed.communicate("", timeout=20) == ("", None)
    assert (failed.returncode, list_users(tmp_path)) == (0, [])

    worked = start(tmp_path)
    told, _ = worked.communicate("\n", timeout=20)
    assert told.startswith(f"{PREPARED}\n+--")
    assert "|  password  " in told
    assert (worked.returncode, list_users(tmp_path)) == (0, ["admin"])
