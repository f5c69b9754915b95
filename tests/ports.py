"""Ports for those who listen a moment later, each given once: neither to another test nor to whoever connects."""

from __future__ import annotations

import os
import random
import socket
from itertools import cycle, islice

PORTS = range(15_000, 32_000)
"""Below those that the system gives to whoever connects."""
SHARES = 20
"""Each process that runs tests (pytest-xdist's) has its own part of them."""


def list_share(worker: str) -> range:
    """``worker`` is the name that pytest-xdist gives a process: gw3; "" for one that runs alone."""
    return PORTS[(int(worker[2:]) + 1 if worker else 0) % SHARES :: SHARES]


_share = list_share(os.environ.get("PYTEST_XDIST_WORKER", ""))
_start = random.SystemRandom().randrange(len(_share))  # what another run of the tests was given is elsewhere
_next = cycle((*_share[_start:], *_share[:_start]))


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """Of 127.0.0.1. Raises ``RuntimeError``."""
    for port in islice(_next, len(_share)):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError(f"none of {len(_share)} ports is free")
