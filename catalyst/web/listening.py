"""The sockets on which the web waits for visitors. It loads nothing of the web itself: ``up`` asks here, too."""

from __future__ import annotations

import socket
from contextlib import suppress

from syncer.httpd import open_listener, parse_address


def open_sockets(setting: str, address: str) -> list[socket.socket]:
    """``setting`` is where the address comes from, for the complaint. Raises ``CannotListen``.

    For every interface one socket of each family: over a common one an IPv4 visitor would come with an IPv6 address,
    which FORWARDED_ALLOW_IPS does not know.
    """
    with suppress(ValueError):
        host, port = parse_address(address)
        if not host:
            four = [open_listener(setting, f"0.0.0.0:{port}")]
            return [*four, open_listener(setting, f"[::]:{port}")] if socket.has_dualstack_ipv6() else four
    return [open_listener(setting, address)]


def format_address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
