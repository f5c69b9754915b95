"""``catalyst-dns-sync web``: the admin and the REST API."""

from __future__ import annotations

import argparse
import logging
import socket
from collections.abc import Sequence
from contextlib import suppress

from django.core.exceptions import ImproperlyConfigured

from syncer.httpd import CannotListen, listen, parse_address

log = logging.getLogger(__name__)


def web(argv: Sequence[str]) -> None:
    """Runs until a signal. Raises ``ImproperlyConfigured`` for an address that somebody else has."""
    parser = argparse.ArgumentParser("catalyst-dns-sync web")
    parser.add_argument("--bind", metavar="HOST:PORT", help="instead of WEB_BIND_ADDRESS")
    options = parser.parse_args(argv)
    from catalyst.cli import use_settings

    use_settings("catalyst.settings.web")

    import uvicorn
    from django.conf import settings

    from catalyst.web.asgi import application
    from catalyst.web.health import wait_in_the_background

    setting = "--bind" if options.bind else "WEB_BIND_ADDRESS"
    try:
        if settings.WEB_METRICS_BIND_ADDRESS:
            from catalyst.web.metrics import serve

            serve(settings.WEB_METRICS_BIND_ADDRESS)
        sockets = listen_for_visitors(setting, options.bind or settings.WEB_BIND_ADDRESS)
    except CannotListen as error:
        raise ImproperlyConfigured(str(error)) from error
    wait_in_the_background()
    config = uvicorn.Config(
        application,
        log_config=None,
        lifespan="off",
        forwarded_allow_ips=settings.FORWARDED_ALLOW_IPS,
        timeout_graceful_shutdown=3,  # without a limit it waits for open streams for ever
    )
    for each in sockets:
        log.info("Uvicorn running on http://%s", at(each))
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets)


def listen_for_visitors(setting: str, address: str) -> list[socket.socket]:
    """Raises ``CannotListen``.

    For every interface one socket of each family: over a common one an IPv4 visitor would come with an IPv6 address,
    which FORWARDED_ALLOW_IPS does not know.
    """
    with suppress(ValueError):
        host, port = parse_address(address)
        if not host:
            four = [listen(setting, f"0.0.0.0:{port}")]
            return [*four, listen(setting, f"[::]:{port}")] if socket.has_dualstack_ipv6() else four
    return [listen(setting, address)]


def at(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
