"""How long a server may take for an answer as a whole, however it spreads that over its bytes."""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Callable
from http.client import HTTPResponse
from typing import Any

from urllib3.util import wait_for_read

GLANCE = 1.0
"""Seconds of waiting after which the caller is heard of."""


class OutOfPatience(TimeoutError):
    """``str(error)`` is what the server did, a predicate."""


class Patience:
    """Of one call at a time. Its time does not pass while the ``pause`` lasts in which what has come is made use of:
    that is not the server's. ``waiting`` is called at least every ``GLANCE`` seconds of the rest, so that a caller who
    must show signs of life can. ``silence`` is how many seconds any step may take, to connect and to send being two."""

    def __init__(self, silence: float, waiting: Callable[[], None]) -> None:
        self._silence = silence
        self._waiting = waiting
        self._clock = time.monotonic
        self._total = silence
        self._passed = 0.0
        """Until the time went on last."""
        self._since: float | None = None
        self._was_heard = False

    def begin(self, seconds: float) -> None:
        """A call, for which there are so many ``seconds`` in all, and no less than a silence may take."""
        self._total = max(seconds, self._silence)
        self._passed, self._was_heard = 0.0, False
        self._since = self._clock()
        self._waiting()

    def pause(self) -> None:
        if self._since is not None:
            self._passed += self._clock() - self._since
            self._since = None

    def go_on(self) -> None:
        if self._since is None:
            self._since = self._clock()

    def limit_step(self) -> float:
        """Seconds for what is to be done next. Raises ``OutOfPatience`` when there are none."""
        left = self._total - self._passed - (self._clock() - self._since if self._since is not None else 0.0)
        if left <= 0:
            raise self._make_error()
        return min(self._silence, left)

    def wait_for(self, connection: socket.socket) -> None:
        """Returns when there is something to read. Raises ``OutOfPatience``."""
        until = self._clock() + self.limit_step()
        while not wait_for_read(connection, max(0.0, min(GLANCE, until - self._clock()))):
            self._waiting()
            if self._clock() >= until:
                raise self._make_error()
        self._waiting()
        self._was_heard = True

    def _make_error(self) -> OutOfPatience:
        if not self._was_heard:
            return OutOfPatience(f"did not answer within {self._silence:g} s")
        passed = self._passed + (self._clock() - self._since if self._since is not None else 0.0)
        if passed < self._total:
            return OutOfPatience(f"fell silent for {self._silence:g} s in the middle of its answer")
        return OutOfPatience(f"did not come to the end of its answer within {self._total:g} s")


class PatientReader(io.RawIOBase):
    """What ``connection`` brings, as long as ``patience`` lasts."""

    def __init__(self, connection: socket.socket, patience: Patience) -> None:
        self._raw = connection.makefile("rb", buffering=0)
        self._connection = connection
        self._patience = patience

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if not getattr(self._connection, "pending", int)():  # of TLS: bytes that have come already
            self._patience.wait_for(self._connection)
        self._connection.settimeout(self._patience.limit_step())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class PatientResponse(HTTPResponse):
    def __init__(self, connection: socket.socket, patience: Patience, **more: Any) -> None:
        super().__init__(connection, **more)
        self.fp.close()
        self.fp = io.BufferedReader(PatientReader(connection, patience))
