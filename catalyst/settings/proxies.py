"""The proxies that are believed when they say how a request came: by HTTPS or not, and from which address."""

from __future__ import annotations

from ipaddress import ip_network

from catalyst.settings.environment import Environment

LOOPBACK = "127.0.0.1,::1"


def read_proxies(env: Environment) -> list[str]:
    """Addresses and networks, as uvicorn takes them; it would ignore in silence what is neither. ``*`` is any proxy."""
    if env.read_text("FORWARDED_ALLOW_IPS", LOOPBACK) == "*":
        return ["*"]
    right = "give addresses and networks of proxies, such as 10.42.0.0/16, or * alone"
    return list(
        env.parse_list("FORWARDED_ALLOW_IPS", env.read_text("FORWARDED_ALLOW_IPS", LOOPBACK), parse_network, right)
    )


def parse_network(text: str) -> str:
    network = ip_network(text, strict=False)
    return str(network if network.num_addresses > 1 else network.network_address)
