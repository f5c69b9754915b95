"""``catalyst-dns-sync web``: the admin and the REST API."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from contextlib import suppress

from django.core.exceptions import ImproperlyConfigured

from catalyst.bootstrap import WEB_SETTINGS, use_settings, wait_for_database
from catalyst.web.listening import format_address, open_sockets
from syncer.httpd import CannotListen

log = logging.getLogger(__name__)


def run_web(argv: Sequence[str]) -> None:
    """Runs until a signal. Raises ``ImproperlyConfigured`` for an address that is taken."""
    options = parse_options(argv)
    use_settings(WEB_SETTINGS)
    serve_web(options.bind)


def serve_web(bind: str | None = None) -> None:
    """By the settings that are in use; ``bind`` is what the option says. Raises ``ImproperlyConfigured``."""
    import uvicorn
    from django.conf import settings

    from catalyst.web.asgi import application
    from catalyst.web.connections import BoundedProtocol
    from catalyst.web.health import hold_visitors

    setting = "--bind" if bind else "WEB_BIND_ADDRESS"
    try:
        if settings.WEB_METRICS_BIND_ADDRESS:
            from catalyst.web.metrics import serve_metrics

            serve_metrics(settings.WEB_METRICS_BIND_ADDRESS)
        sockets = open_sockets(setting, bind or settings.WEB_BIND_ADDRESS)
    except CannotListen as error:
        raise ImproperlyConfigured(str(error)) from error
    hold_visitors(wait_for_database)
    config = uvicorn.Config(
        application,
        http=BoundedProtocol,
        ws="none",
        log_config=None,
        lifespan="off",
        forwarded_allow_ips=settings.FORWARDED_ALLOW_IPS,
        timeout_graceful_shutdown=3,  # without a limit it waits for open streams for ever
    )
    for listening in sockets:
        log.info("Uvicorn running on http://%s", format_address(listening))
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets)


def parse_options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("catalyst-dns-sync web")
    parser.add_argument("--bind", metavar="HOST:PORT", help="instead of WEB_BIND_ADDRESS")
    return parser.parse_args(argv)
