"""The hosts file, held to the contract."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import ClassVar

import pytest

from syncer.config import HostsConfig
from syncer.core.plan import Key
from syncer.core.rrsets import RRset
from syncer.targets.hosts.block import BEGIN, END

AT_FIRST = b"127.0.0.1 localhost\n# by hand\n\n::1\tlocalhost ip6-localhost  # two names\n"

WATCHED: dict[str, Callable[[], None]] = {}
"""By folder, what to call before something in it is changed."""

CHANGING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@cache
def watch_files() -> None:
    """Python tells of what is done to files before it is done. Such a hook cannot be taken away again."""

    def hear(event: str, args: tuple[object, ...]) -> None:
        if WATCHED and (event in ("os.rename", "os.remove", "os.chmod", "os.chown") or is_opened_to_write(event, args)):
            for folder, on_step in [*WATCHED.items()]:
                if isinstance(args[0], str) and args[0].startswith(folder):
                    on_step()

    sys.addaudithook(hear)


def is_opened_to_write(event: str, args: tuple[object, ...]) -> bool:
    return event == "open" and isinstance(args[2], int) and bool(args[2] & CHANGING)


class HostsHarness:
    """See ``Harness``. Stopped, the file is elsewhere; mute, another program keeps it locked."""

    name: ClassVar[str] = "hosts"
    settings_type: ClassVar[type] = HostsConfig
    refused: ClassVar[Mapping[str, object]] = {}

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self.folder: Path = request.getfixturevalue("tmp_path")
        self.path = self.folder / "hosts"
        self.path.write_bytes(AT_FIRST)
        self.settings = HostsConfig(str(self.path))
        self._lock: int | None = None
        watch_files()

    def watch_steps(self, on_step: Callable[[], None]) -> None:
        WATCHED[str(self.folder)] = on_step

    def put_foreign(self, rrset: RRset) -> None:
        lines = "".join(f"{value}  {rrset.name} # by hand\n" for value in rrset.values)
        with self._by_hand():
            self.path.write_bytes(lines.encode() + self.path.read_bytes())

    def drop_foreign(self, rrset: RRset) -> None:
        lines = {f"{value}  {rrset.name} # by hand\n".encode() for value in rrset.values}
        with self._by_hand():
            kept = (line for line in self.path.read_bytes().splitlines(keepends=True) if line not in lines)
            self.path.write_bytes(b"".join(kept))

    def read_foreign(self) -> object:
        with self._by_hand():
            before, _, rest = self.path.read_bytes().partition(BEGIN)
        return before, rest.partition(END + b"\n")[2]

    def read_ours(self) -> dict[Key, RRset]:
        with self._by_hand():
            block = self.path.read_bytes().partition(BEGIN)[2].partition(END)[0]
        return {key: RRset(*key, 0, values) for key, values in read_lines(block.decode()).items()}

    def ask(self, name: str, kind: str) -> tuple[str, ...]:
        """As a resolver reads the file."""
        with self._by_hand():
            return read_lines(self.path.read_text()).get((name, kind), ())

    def stop(self) -> None:
        with self._by_hand():
            self.path.rename(self.folder / "elsewhere")

    def mute(self) -> None:
        with self._by_hand():
            self._lock = os.open(self.path, os.O_RDONLY)
            fcntl.flock(self._lock, fcntl.LOCK_EX)

    def mend(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
        with self._by_hand():
            if not self.path.exists():
                (self.folder / "elsewhere").rename(self.path)

    def close(self) -> None:
        WATCHED.pop(str(self.folder), None)
        self.mend()

    @contextmanager
    def _by_hand(self) -> Iterator[None]:
        """What is done here is no step of the target."""
        on_step = WATCHED.pop(str(self.folder), None)
        try:
            yield
        finally:
            if on_step:
                WATCHED[str(self.folder)] = on_step


def read_lines(text: str) -> dict[Key, tuple[str, ...]]:
    found: dict[Key, set[str]] = {}
    for line in text.splitlines():
        address, *names = line.partition("#")[0].split() or [""]
        for name in names:
            found.setdefault((name, "AAAA" if ":" in address else "A"), set()).add(address)
    return {key: tuple(sorted(values)) for key, values in found.items()}
