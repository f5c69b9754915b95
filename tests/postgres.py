"""A throw-away PostgreSQL: ``python -m tests.postgres COMMAND…`` runs a command with DATABASE_URL on it.

Where PostgreSQL is not installed the command is left out, except in CI, which must have it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2

from tests.ports import free_port

NO_TESTS = 5
"""How pytest ends when none of those that were asked for is about the database."""


class NotInstalled(Exception):
    """PostgreSQL's programs are not on this machine."""


def folder_of_programs() -> Path:
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    # Debian keeps them out of the path, one folder for each major version.
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not folders or not (folders[-1] / "initdb").exists():
        raise NotInstalled
    return folders[-1]


def as_other_user() -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of an empty server on a free port of 127.0.0.1, without the safety that makes it slow."""
    programs = folder_of_programs()
    user = as_other_user()
    folder = Path(tempfile.mkdtemp(prefix="catalyst-postgres-"))
    if user:
        shutil.chown(folder, "postgres", "postgres")
    data, port = folder / "data", free_port()
    initdb = [str(programs / "initdb"), "--pgdata", str(data), "--username", "tests", "--auth", "trust", "--no-sync"]
    options = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": folder, "fsync": "off"}
    options["autovacuum"] = "off"  # it would take time, and change plans while a test looks at one
    options |= {"synchronous_commit": "off", "full_page_writes": "off", "max_connections": 300}
    try:
        subprocess.run(
            [*initdb, "--encoding", "UTF8", "--no-locale"], check=True, capture_output=True, cwd=folder, **user
        )
        with (folder.parent / f"{folder.name}.log").open("w+b") as log:
            server = subprocess.Popen(
                [programs / "postgres", "-D", data, *(f"--{name}={value}" for name, value in options.items())],
                stdout=log,
                stderr=log,
                cwd=folder,
                **user,
            )
            try:
                wait_until_ready(programs, server, port, Path(log.name))
                yield f"postgresql://tests@127.0.0.1:{port}/postgres"
            finally:
                server.send_signal(2)  # SIGINT: fast shutdown, without waiting for clients
                server.wait(timeout=20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        Path(f"{folder}.log").unlink(missing_ok=True)


@contextmanager
def make_database(server: str) -> Iterator[str]:
    """The URL of an empty one, which goes in the end whoever is still there. ``server`` is the URL that ``postgres``
    gives."""
    name = f"test_{uuid.uuid4().hex}"
    with open_cursor(server, autocommit=True) as administrator:
        administrator.execute(f"CREATE DATABASE {name}")
    try:
        yield f"{server.rpartition('/')[0]}/{name}"
    finally:
        with open_cursor(server, autocommit=True) as administrator:
            administrator.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextmanager
def open_cursor(url: str, *, autocommit: bool = False) -> Iterator[psycopg2.extensions.cursor]:
    """On a connection of its own, which is closed at the end; what it did is committed unless an exception comes."""
    connection = psycopg2.connect(url)
    connection.autocommit = autocommit
    try:
        with connection.cursor() as cursor:
            yield cursor
        connection.commit()
    finally:
        connection.close()


def wait_until_ready(programs: Path, server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 20
    question = [str(programs / "pg_isready"), "--quiet", "--host", "127.0.0.1", "--port", str(port)]
    while subprocess.run(question, check=False).returncode:
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start: {log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.05)


def main(command: list[str]) -> int:
    try:
        with postgres() as url:
            secret = "the tests' own, of no worth anywhere else"
            ended = subprocess.run(command, env={**os.environ, "DATABASE_URL": url, "SECRET_KEY": secret}, check=False)
            return 0 if ended.returncode == NO_TESTS else ended.returncode
    except NotInstalled:
        print("PostgreSQL is not installed: its tests are left out", file=sys.stderr)
        return 1 if os.environ.get("CI") else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
