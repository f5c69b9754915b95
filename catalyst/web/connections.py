"""Uvicorn's protocol with bounds on the connections whose clients send no request, or do not read its answer."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

log = logging.getLogger(__name__)


class BoundedProtocol(H11Protocol):
    """Where there are too many connections, the oldest that has no request under way makes room for the new one, so
    that who holds many of them shuts nobody out."""

    most: ClassVar[int] = 500
    """Connections. Those that come within one turn of the loop are counted when it ends: 1,500 at once were 1,357 open
    files for a moment."""
    head_seconds: ClassVar[float] = 10.0
    """For a request up to its body; between two requests uvicorn waits for 5 s."""
    stall_seconds: ClassVar[float] = 30.0
    """In which a client must read some of an answer that is waiting for it."""
    quiet_seconds: ClassVar[float] = 60.0
    """Between two lines of the log about too many connections."""
    told_at: ClassVar[float] = float("-inf")

    _head_timer: asyncio.TimerHandle | None = None
    _stall_timer: asyncio.TimerHandle | None = None
    opened_at = 0.0

    @property
    def is_half_open(self) -> bool:
        """No request has come, or not the whole of its head."""
        return self.conn.their_state is h11.IDLE

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.opened_at = self.loop.time()
        if len(self.connections) > self.most:
            self._make_room()
        self._watch_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch_head()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall_timer = self.loop.call_later(self.stall_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stall_timer = cancel_timer(self._stall_timer)

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_timer, self._stall_timer = cancel_timer(self._head_timer), cancel_timer(self._stall_timer)
        super().connection_lost(exc)

    def _watch_head(self) -> None:
        """From the first moment of a connection, and from the first byte of each further request."""
        if not self.is_half_open:
            self._head_timer = cancel_timer(self._head_timer)
        elif self._head_timer is None and self.timeout_keep_alive_task is None:
            self._head_timer = self.loop.call_later(self.head_seconds, self.transport.close)

    def _make_room(self) -> None:
        found = [connection for connection in self.connections if getattr(connection, "is_half_open", False)]
        oldest: Any = min(found, key=lambda connection: connection.opened_at, default=self)  # type: ignore[union-attr]
        self.connections.discard(oldest)  # it is lost in the next turn of the loop only
        oldest.transport.abort()
        now = self.loop.time()
        if now - BoundedProtocol.told_at > self.quiet_seconds:
            BoundedProtocol.told_at = now
            log.warning("More than %d connections: the oldest without a request are closed", self.most)


def cancel_timer(timer: asyncio.TimerHandle | None) -> asyncio.TimerHandle | None:
    """Returns what there is of it then: nothing."""
    if timer is not None:
        timer.cancel()
    return None
