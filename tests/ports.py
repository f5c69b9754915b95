from __future__ import annotations

import random
import socket

PORTS = range(15_000, 32_000)
"""Below those that the system gives to whoever connects: one of these may be taken before anybody listens there."""
_CHANCE = random.SystemRandom()


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """Of 127.0.0.1. Raises ``RuntimeError``."""
    for port in _CHANCE.sample(PORTS, 100):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("of 100 ports none is free")
