"""Where our processes listen: the setting that says so and its default, and how this machine reaches what listens."""

from __future__ import annotations

from syncer.httpd import parse_address

WEB = ("WEB_BIND_ADDRESS", "127.0.0.1:8000")
HEALTH = ("HEALTH_PROBE_ADDRESS", ":8081")
METRICS = ("METRICS_BIND_ADDRESS", ":8080")
TASKS = ("TASKS_PROBE_ADDRESS", "")

_REACHED_AT = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
"""The addresses that mean every interface."""


def make_url(address: str, path: str) -> str:
    """Raises ``ValueError`` for what is no address."""
    host, port = parse_address(address)
    host = _REACHED_AT.get(host, host)
    return f"http://[{host}]:{port}{path}" if ":" in host else f"http://{host}:{port}{path}"
