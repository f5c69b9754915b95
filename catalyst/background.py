"""``catalyst-dns-sync qcluster``: the background tasks, their health, and what they wait for."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from http import HTTPStatus
from types import FrameType

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import connections

from syncer.httpd import CannotListen, PlainAnswer, Server

STALL = 60.0
"""Seconds without a turn of the process that guards the others. It turns once a second, and slower where the database
hangs."""


def run_tasks(argv: Sequence[str]) -> None:
    """Runs until a signal. Waits for a database that fits."""
    import django

    django.setup()
    from catalyst.web.health import wait_for_database
    from records.broker import beat

    signal.signal(signal.SIGTERM, _leave)  # as process 1 of a container it would be ignored
    if settings.TASKS_PROBE_ADDRESS:
        try:
            serve(settings.TASKS_PROBE_ADDRESS)
        except CannotListen as error:
            raise ImproperlyConfigured(str(error)) from error
    wait_for_database(beat)
    connections.close_all()
    execute_from_command_line(["catalyst-dns-sync", *argv])


def serve(address: str) -> Server:
    """Serve /healthz until the server is closed. Raises ``CannotListen``."""
    from records.broker import beat

    beat()
    server = Server("TASKS_PROBE_ADDRESS", address, {"/healthz": healthz})
    os.register_at_fork(after_in_child=server.leave)  # a child that outlives its parent must not keep the port
    return server


def healthz() -> PlainAnswer:
    """Alive without its database: to restart the tasks does not bring that back."""
    from catalyst.web.health import report
    from records.broker import silence

    seconds = silence()
    problems = [f"the background tasks have not stirred for {seconds:.0f} s"] if seconds > STALL else []
    status = HTTPStatus.SERVICE_UNAVAILABLE if problems else HTTPStatus.OK
    return PlainAnswer(report(problems), "application/json", status)


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(0)
