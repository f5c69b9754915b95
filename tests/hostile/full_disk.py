"""The disk of the database fills up, and has room again: what is served meanwhile, and what is told."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.bench.rig import ZONE
from tests.hostile.arena import Arena, Watch, arena
from tests.hostile.web import Site
from tests.processes import DATABASE, migrate, running, wait_until

SIZE = 12
"""Megabytes of the disk."""

FULL = "the disk of the database is full"


class DiskFigures(NamedTuple):
    """``is_served``: DNS answers for what was published before, while the disk is full; ``problems`` are those of
    /readyz then, ``was_red``: /healthz once said that it is not alive. ``names`` of those that came meanwhile are
    published ``recovery`` seconds after there was room again; ``internal`` counts lines about mistakes of ours."""

    is_served: bool
    problems: list[str]
    was_red: bool
    names: int
    recovery: float
    internal: int
    said: str


@contextmanager
def small_disk() -> Iterator[Path]:
    """Raises ``PermissionError`` where it may not be made."""
    with tempfile.TemporaryDirectory() as name:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}m", "catalyst", name]
        if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
            raise PermissionError("no file system can be mounted here")
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", name], check=True)


def fill_disk(disk: Path) -> Path:
    """To the last byte; the file that does."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    return ballast


def run_out_of_space(count: int = 200) -> DiskFigures:
    """``count`` names come while there is none."""
    with small_disk() as disk, arena() as it:
        migrate(disk)
        syncer = it.launch_syncer(DATA_DIR=str(disk)).ready(60)
        with Watch(syncer) as watch:
            it.write_hosts("before", f"before.{ZONE}")
            it.wait_for(f"before.{ZONE}")
            ballast = fill_disk(disk)
            it.write_hosts("flood", *(f"flood-{number}.{ZONE}" for number in range(count)))
            problems = _wait_for_problems(it)
            is_served = it._is_answered(f"before.{ZONE}", *it.dns)
            ballast.unlink()
            room = it.write_hosts("after", f"after.{ZONE}")
            recovery = it.wait_for(f"flood-{count - 1}.{ZONE}") - room
            it.wait_for(f"after.{ZONE}")
            names = sum(it._is_answered(f"flood-{number}.{ZONE}", *it.dns) for number in range(count))
            internal, said = it.sum_up_trouble()
        return DiskFigures(is_served, problems, watch.was_red, names, recovery, internal, said)


ASKED = ("/ui/", "/admin/", "/api/v1/records", "/api/v1/status")


def ask_web(*, beside: bool) -> dict[str, tuple[int, str]]:
    """What a web answers whose disk is full, to someone who had logged in before; ``beside`` another process that has
    the database open, as the syncer has. "change" is what wants to write."""
    with small_disk() as disk:
        site = Site(disk)
        with running(site.web), ExitStack() as stack:
            site.web.says("Uvicorn running", 60)
            known = {**site.known, "Cookie": site.log_in(), "Content-Type": "application/json"}
            if beside:
                database = stack.enter_context(closing(sqlite3.connect(disk / DATABASE)))
                database.execute("select count(*) from records_managedrecord").fetchone()
            fill_disk(disk)
            answers = {path: site.ask("GET", path, **known) for path in ASKED}
            answers["change"] = site.ask("POST", "/api/v1/sync", b"{}", **known)
            return answers


def _wait_for_problems(it: Arena) -> list[str]:
    def read_problems() -> list[str]:
        assert it.syncer
        try:
            with urllib.request.urlopen(f"{it.syncer.health}/readyz", timeout=5):
                return []
        except urllib.error.HTTPError as error:
            found: list[str] = json.load(error)["problems"]
            return [problem for problem in found if FULL in problem]

    problems = wait_until(read_problems, 60, "a problem of the database")
    assert isinstance(problems, list)
    return problems
