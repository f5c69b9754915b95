"""Large bodies at once: how many, how many of one user, and how much of the folder for temporary files they fill."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

MOST = 4
"""Bodies at once: what is made of each costs memory."""
MOST_OF_ONE = 2
"""Of one user, so that nobody keeps everyone else out."""
SPACE = 224 * 1024 * 1024
"""Bytes. The shipped manifests give /tmp 256 MiB, which other processes of the pod may share."""
PATIENCE = 10.0
"""Seconds that a body waits for its turn. Its client sends no more meanwhile than the network holds."""


class Busy(Exception):
    """Other bodies are being read, and went on for too long."""


class Upload(NamedTuple):
    """``space`` is what it takes in temporary files, in bytes."""

    caller: str
    space: int


def measure_space(path: str, size: int) -> int:
    """Bytes. A form is written twice: as it came, and the file that is taken out of it."""
    return size if path.startswith("/api/") else 2 * size


class Uploads:
    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._held: list[Upload] = []
        self._freed = asyncio.Event()

    @asynccontextmanager
    async def admit(self, upload: Upload) -> AsyncIterator[None]:
        """Held until the request has been answered, for its files stay until then. Raises ``Busy``."""
        try:
            async with asyncio.timeout(self._patience):
                while not self._has_room(upload):
                    await self._freed.wait()
        except TimeoutError as error:
            raise Busy from error
        self._held.append(upload)
        try:
            yield
        finally:
            self._held.remove(upload)
            self._freed.set()
            self._freed = asyncio.Event()

    def _has_room(self, upload: Upload) -> bool:
        of_one = sum(held.caller == upload.caller for held in self._held)
        space = sum(held.space for held in self._held) + upload.space
        return len(self._held) < MOST and of_one < MOST_OF_ONE and space <= SPACE
