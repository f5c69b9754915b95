"""What can go wrong on purpose, and what was asked. Switched from Python or over the control path."""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import dataclass, field, fields
from threading import Lock
from typing import Any, NamedTuple

KEPT_REQUESTS = 100_000


@dataclass
class Faults:
    """The faults of HTTP hit requests whose path starts with ``only``; with ``times`` they end by themselves."""

    only: str = "/api/"
    times: int | None = None
    invalid_token: bool = False
    not_found: bool = False
    """404 without a body."""
    redirect: str = ""
    """307 to the same path at this base URL, as with the server's own redirect to HTTPS."""
    bad_gateway: str = ""
    """``html`` or ``empty``: 502 as a proxy gives it."""
    delay: float = 0.0
    """Seconds before each answer."""
    hang: bool = False
    """Accept, read, never answer."""
    drop_answer: bool = False
    """Do what was asked, then close the connection without an answer."""
    gzip: bool = True
    """False: no compression, whatever the client accepts."""
    busy_sets: int = 0
    """The next so many changes of an RRset as a whole answer "Cannot set records. Please try again."."""
    ghost_deletes: int = 0
    """The next so many deletes answer "no such record exists", and the record stays."""
    sorry_writes: int = 0
    """The next so many deletes and updates of records are done and answer an error, as 13.4 does now and then."""
    import_stops_after: int | None = None
    """RRsets that an import still takes; the next one is refused."""
    says: str = ""
    """What is answered instead, as JSON, whatever was asked."""
    unpacks_to: int = 0
    """Megabytes of blanks that an answer begins with, gzipped to a thousandth of that."""
    trickle: float = 0.0
    """Seconds between two bytes of an answer, of which the head comes at once."""
    locked_login: bool = False
    cluster_primary: str = ""
    """This node is a secondary of a cluster whose primary has this name: writes need ``node=`` with it."""

    def update(self, **changes: Any) -> None:
        known = {f.name for f in fields(self)}
        if unknown := changes.keys() - known:
            raise ValueError(f"no such fault: {', '.join(sorted(unknown))}")
        for name, value in changes.items():
            setattr(self, name, value)

    def reset(self) -> None:
        self.__init__()  # type: ignore[misc]

    def hits(self, path: str) -> bool:
        """Whether the faults of HTTP apply to this request. Counts ``times`` down when one of them is on."""
        if not path.startswith(self.only) or self.times == 0:
            return False
        switches = (self.invalid_token, self.not_found, self.redirect, self.bad_gateway, self.hang, self.drop_answer)
        if self.times is not None and any(switches):
            self.times -= 1
        return True

    def take(self, name: str) -> bool:
        """Use up one of a counted fault."""
        left: int = getattr(self, name)
        if left:
            setattr(self, name, left - 1)
        return left > 0


class Request(NamedTuple):
    method: str
    path: str
    params: dict[str, str]
    """Without the token."""
    body: int
    """Bytes."""
    at: float
    """Seconds since the epoch."""


@dataclass
class RequestLog:
    """Every request in order, and how many of each path."""

    seen: deque[Request] = field(default_factory=lambda: deque(maxlen=KEPT_REQUESTS))
    counts: Counter[str] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)

    def note(self, method: str, path: str, params: dict[str, str], body: int) -> None:
        shown = {name: value for name, value in params.items() if name != "token"}
        with self._lock:
            self.seen.append(Request(method, path, shown, body, time.time()))
            self.counts[path] += 1

    def copy(self) -> list[Request]:
        """Those that are kept, while more come in."""
        with self._lock:
            return list(self.seen)

    def clear(self) -> None:
        with self._lock:
            self.seen.clear()
            self.counts.clear()
