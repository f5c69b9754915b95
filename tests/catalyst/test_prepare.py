"""``prepare`` as ``up`` calls it: the first user is made when all runs, and not before."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO

from catalyst.prepare import PREPARED
from tests.catalyst.test_cli import environment
from tests.processes import Child, start


@contextmanager
def preparing(folder: Path) -> Iterator[tuple[Child, IO[bytes], IO[bytes]]]:
    """The process, its standard input and its output."""
    command = ["-m", "catalyst.cli", "prepare", "--wait"]
    (read, to_it), (from_it, write) = os.pipe(), os.pipe()
    with os.fdopen(to_it, "wb", 0) as stdin, os.fdopen(from_it, "rb") as stdout, (folder / "err").open("wb") as err:
        with os.fdopen(read, "rb") as reader, os.fdopen(write, "wb") as writer:
            child = start(command, environment(folder), (reader, writer, err), folder=folder)
        yield child, stdin, stdout


def list_users(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "var" / "catalyst.sqlite3")) as connection:
        return [name for (name,) in connection.execute("select username from auth_user")]


def test_the_first_user_is_made_once_the_start_has_worked(tmp_path: Path) -> None:
    with preparing(tmp_path) as (failed, stdin, stdout):
        assert stdout.readline().decode() == f"{PREPARED}\n"
        assert list_users(tmp_path) == []
        stdin.close()
        assert (failed.wait(20), stdout.read(), list_users(tmp_path)) == (0, b"", [])

    with preparing(tmp_path) as (worked, stdin, stdout):
        stdin.write(b"\n")
        assert worked.wait(20) == 0
        told = stdout.read().decode()
    assert told.startswith(f"{PREPARED}\n+--")
    assert "|  password  " in told
    assert list_users(tmp_path) == ["admin"]
