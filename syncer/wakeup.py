"""What wakes the loop."""

from __future__ import annotations

import queue
from contextlib import suppress


class Wakeup:
    """From any thread or signal handler (``SimpleQueue.put`` is re-entrant, ``Event.set`` is not)."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.stopping = False

    def notify(self) -> None:
        if self._queue.empty():
            self._queue.put(None)

    def stop(self) -> None:
        self.stopping = True
        self._queue.put(None)

    def wait(self, seconds: float) -> None:
        """Until someone notifies, at most so long."""
        with suppress(queue.Empty):
            self._queue.get(timeout=max(0.0, seconds))
