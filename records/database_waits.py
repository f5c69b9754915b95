"""How the syncer waits for PostgreSQL: where a signal is heard, and with an end.

The driver itself waits in C, for as long as the server's machine keeps the connection open: a server that is frozen
would hold up the loop for good, and SIGTERM with it.
"""

from __future__ import annotations

import select
import time
from typing import Any

LIMIT = 40.0
"""Seconds for one answer. A server that works ends a statement after 30 (``catalyst.settings.worker``)."""

SLICE = 1.0
"""Seconds between two looks at the clock."""


def wait_in_python() -> None:
    """For all connections of this process to PostgreSQL, from now on."""
    from psycopg2.extensions import set_wait_callback

    set_wait_callback(wait_for_answer)


def wait_for_answer(connection: Any, limit: float = LIMIT) -> None:
    """Until the connection has done what it was asked. Raises ``psycopg2.OperationalError`` after ``limit`` seconds,
    which closes it."""
    from psycopg2 import OperationalError
    from psycopg2.extensions import POLL_OK, POLL_READ

    deadline = time.monotonic() + limit
    while (state := connection.poll()) != POLL_OK:
        left = deadline - time.monotonic()
        if left <= 0:
            raise OperationalError(f"no answer within {limit:.0f} s")
        watched = select.poll()
        watched.register(connection.fileno(), select.POLLIN if state == POLL_READ else select.POLLOUT)
        watched.poll(min(left, SLICE) * 1000)
