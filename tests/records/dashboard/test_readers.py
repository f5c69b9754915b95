"""A hundred pages that are open at once, at the web as it is deployed."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from operator import le
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.hostile.web import Site
from tests.processes import running, wait_until

pytestmark = pytest.mark.timeout(120)

READERS = 100
MOST_MEMORY = 15.0
"""MB for all of them together; measured: 5."""
COLUMNS = "actor, action, target, zone, name, type, source, reason, correlation"


class Reader:
    def __init__(self, address: str, cookies: str, after: int) -> None:
        host, _, port = address.rpartition(":")
        self.connection = socket.create_connection((host, int(port)), 30)
        self.heard = b""
        asked = f"GET /ui/stream/?after={after} HTTP/1.1\r\nHost: {address}\r\nCookie: {cookies}\r\n\r\n"
        self.connection.sendall(asked.encode())

    def hear(self, words: bytes) -> str:
        """All of it, up to the end of the line that has these words in it."""
        while words not in self.heard or not self.heard.endswith(b"\n\n\r\n"):
            chunk = self.connection.recv(65536)
            assert chunk, self.heard[-500:]
            self.heard += chunk
        return self.heard.decode()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    with running(site.web):
        site.web.says("Uvicorn running", 60)
        yield site


def make_entry(folder: Path, name: str) -> int:
    with closing(sqlite3.connect(folder / "catalyst.sqlite3", timeout=30)) as database, database:
        row = ("syncer", "created", "", "talos00", name, "A", "", "", "")
        made = database.execute(f"INSERT INTO records_auditentry ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        return made.lastrowid or 0


class Taken(NamedTuple):
    """``files`` are those that are open of the database: each connection has its own."""

    threads: int
    files: int


def count_taken(pid: int) -> Taken:
    found = 0
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            found += link.readlink().name == "catalyst.sqlite3"
    return Taken(len(list(Path(f"/proc/{pid}/task").iterdir())), found)


def test_a_hundred_readers_are_told_at_once_by_one_poller(site: Site, tmp_path: Path) -> None:
    cookies, first = site.log_in(), make_entry(tmp_path, "first.talos00")
    with ExitStack() as stay:

        def open_reader() -> Reader:
            reader = Reader(site.address, cookies, first)
            stay.callback(reader.connection.close)
            reader.hear(b": hello")
            return reader

        readers = [open_reader()]
        taken, memory = count_taken(site.web.pid), site.web.rss
        readers += [open_reader() for _ in range(READERS - 1)]
        wait_until(
            lambda: all(map(le, count_taken(site.web.pid), taken)), what="no more threads and connections than for one"
        )
        for name in ("grafana.talos00", "nas.talos00"):
            number = make_entry(tmp_path, name)
            for reader in readers:
                told = reader.hear(f"id: {number}\n".encode())
                assert told.count(f">{name}") == 1, told
        assert site.web.rss - memory < MOST_MEMORY
    wait_until(lambda: count_taken(site.web.pid).files == 0, what="no connection for no reader")
