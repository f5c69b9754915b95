"""The queue in the database, and the heartbeat of the processes that work on it."""

from __future__ import annotations

import time
from multiprocessing import get_context

from django_q.brokers.orm import ORM

# Shared with the children, which are forked: one of them, the guard of the others, writes it.
_turned_at = get_context("fork").Value("d", 0.0, lock=False)


def note_beat() -> None:
    _turned_at.value = time.monotonic()


def count_silence() -> float:
    """Seconds since the last beat of any process of this cluster."""
    return time.monotonic() - float(_turned_at.value)


class Broker(ORM):  # type: ignore[misc]
    def set_stat(self, key: str, value: str, timeout: int) -> None:
        """Called at each turn of the guard. django-q2 would put ``value`` into a cache, and where the cache is memory
        no other process would see it."""
        note_beat()
