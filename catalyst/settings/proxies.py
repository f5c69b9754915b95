"""Whose word counts on how a request came: by HTTPS or not, and from which address."""

from __future__ import annotations

from ipaddress import ip_network

from catalyst.settings.environment import Environment

NOBODY_ELSE = "127.0.0.1,::1"


def read_proxies(env: Environment) -> list[str]:
    """Addresses and networks, as uvicorn takes them: it passes over in silence what is neither. ``*`` is anybody."""
    if env.text("FORWARDED_ALLOW_IPS", NOBODY_ELSE) == "*":
        return ["*"]
    right = "give addresses and networks of proxies, such as 10.42.0.0/16, or * alone"
    return list(env.each("FORWARDED_ALLOW_IPS", env.text("FORWARDED_ALLOW_IPS", NOBODY_ELSE), proxy, right))


def proxy(text: str) -> str:
    network = ip_network(text, strict=False)
    return str(network if network.num_addresses > 1 else network.network_address)
