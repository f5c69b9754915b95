"""What the reflectors of one API server know together: who has lost it, and who has been heard from again.

They come back seconds apart. What moved from one kind to another meanwhile is seen to go before it is seen to come, so
deletes wait for all of them (product: "The loop").
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from math import inf

from syncer.core.kinds import Kind

WatchKey = tuple[Kind, str]
"""A kind, and the namespace in which it is watched ("" for all)."""

PATIENCE = 20.0
DOUBT = 30.0

SPREAD = 0.5
"""Seconds over which those that are woken together come back."""

GAP = 0.1
"""Of the moment: events that follow one another so closely are those that were missed, still coming."""


class SharedConnection:
    """Thread-safe; all times are in seconds.

    A watch is heard from again when it was listed, brought a bookmark, or has been open for ``moment``. ``patience``:
    how long after the first one the others may hold up deletes. ``doubt``: how long after a loss a 403 says nothing
    about our rights.
    """

    def __init__(
        self,
        *,
        moment: float = 1.0,
        patience: float = PATIENCE,
        doubt: float = DOUBT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._moment = moment
        self._patience = patience
        self._doubt = doubt
        self._clock = clock
        self._changed = threading.Condition()
        self._is_stopping = False
        self._in_touch: set[WatchKey] = set()
        self._failed_at: dict[WatchKey, float] = {}
        """Of those that are lost: when they failed last."""
        self._awaited: dict[WatchKey, float] = {}
        """Those of them for which deletes wait, and until when; for ever while none has been heard from."""
        self._due: dict[WatchKey, float] = {}
        """Of the watches that were opened a moment ago: when they count as heard from."""
        self._lost_at = -inf
        self._woke_at = -inf

    def is_stopping(self) -> bool:
        return self._is_stopping

    def stop(self) -> None:
        """End every pause, now and from now on."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()

    def deletes_wait(self) -> bool:
        """Whether a kind that concerns DNS was lost and is still awaited."""
        with self._changed:
            self._settle_time()
            return any(kind.touches_dns for kind, _ in self._awaited)

    def pause(self, seconds: float, since: float = inf) -> bool:
        """Wait. It ends early, and returns True, when the first of all hears from the API server again, or has done so
        after ``since``: whoever began to ask before that need not wait for its own turn."""
        is_woken = False
        with self._changed:
            end = self._clock() + seconds
            while not self._is_stopping:
                now = self._settle_time()
                if self._woke_at >= since and not is_woken:
                    is_woken, end = True, min(end, now + random.uniform(0.0, SPREAD))  # noqa: S311
                if now >= end:
                    break
                self._changed.wait(min(end, *self._due.values()) - now if self._due else end - now)
        return is_woken

    def note_lost(self, key: WatchKey) -> None:
        """The connection broke, or could not be made, or the answer was none that an API server in order gives."""
        with self._changed:
            now = self._settle_time()
            if key not in self._failed_at:
                self._lost_at = now
            self._lose_watch(key, now)

    def note_opened(self, key: WatchKey) -> None:
        """A watch that goes on from the last version. An API server sends what was missed at once, before anything
        else; but where nothing was missed, it sends nothing for a minute. So a moment without an end says that all
        has come."""
        with self._changed:
            self._due[key] = self._settle_time() + self._moment
            self._changed.notify_all()

    def note_event(self, key: WatchKey) -> None:
        """The first of many events that were missed says nothing about the others."""
        if key in self._due:
            with self._changed:
                now = self._settle_time()
                if key in self._due:
                    self._due[key] = max(self._due[key], now + GAP * self._moment)
        elif self._awaited:
            self.note_heard(key)

    def note_closed(self, key: WatchKey) -> None:
        """The watch ended, in whatever way."""
        with self._changed:
            self._settle_time()
            self._due.pop(key, None)

    def note_heard(self, key: WatchKey) -> None:
        """All that was missed has come: a complete list, or a bookmark."""
        with self._changed:
            self._hear_watch(key, self._settle_time())

    def note_absent(self, key: WatchKey) -> None:
        """The API server says that the kind is not installed, or that we may not read it: there is nothing to wait
        for."""
        with self._changed:
            self._settle_time()
            self._in_touch.discard(key)
            for times in (self._failed_at, self._awaited, self._due):
                times.pop(key, None)

    def doubt_refusal(self, key: WatchKey) -> bool:
        """Whether a 403 is trouble, so that the watch counts as lost: an API server that has just started answers so to
        those who have every right."""
        with self._changed:
            now = self._settle_time()
            lost_at = max(self._lost_at, self._failed_at.get(key, -inf))
            if now >= lost_at + self._doubt:
                return False
            self._lose_watch(key, lost_at)
            return True

    # From here on: with the lock held.

    def _settle_time(self) -> float:
        """What has come with time alone; the time."""
        now = self._clock()
        for key, due in list(self._due.items()):
            if due <= now:
                self._hear_watch(key, due)
        for key, until in list(self._awaited.items()):
            if until <= now:
                del self._awaited[key]
        return now

    def _hear_watch(self, key: WatchKey, at: float) -> None:
        for times in (self._failed_at, self._awaited, self._due):
            times.pop(key, None)
        self._in_touch.add(key)
        if inf in self._awaited.values():
            self._awaited = {other: min(until, at + self._patience) for other, until in self._awaited.items()}
            self._woke_at = at
            self._changed.notify_all()

    def _lose_watch(self, key: WatchKey, failed_at: float) -> None:
        self._in_touch.discard(key)
        self._due.pop(key, None)
        if key not in self._failed_at:
            self._awaited[key] = inf
        self._failed_at[key] = failed_at
        if not self._in_touch:
            # All of them are gone, those too that had stayed away for long before.
            self._awaited = dict.fromkeys(self._failed_at, inf)
