"""``catalyst-dns-sync qcluster``: the background tasks, their health, and the database that they wait for."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from types import FrameType

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import connections

from catalyst.bootstrap import WEB_SETTINGS, use_settings, wait_for_database
from syncer.httpd import CannotListen, PlainAnswer, Server

STALL = 60.0
"""Seconds without a sign of life from the process that guards the others. It gives one every second, and more slowly
while the database hangs."""


def run_tasks(argv: Sequence[str], stall: float = STALL) -> None:
    """Waits for a database that is up to date, then runs until a signal. ``stall`` is in seconds."""
    use_settings(WEB_SETTINGS)

    import django
    from django.conf import settings

    django.setup()
    from records.broker import note_beat

    signal.signal(signal.SIGTERM, exit_quietly)  # as process 1 of a container it would be ignored
    if settings.TASKS_PROBE_ADDRESS:
        try:
            serve_health(settings.TASKS_PROBE_ADDRESS, stall)
        except CannotListen as error:
            raise ImproperlyConfigured(str(error)) from error
    wait_for_database(note_beat)
    connections.close_all()
    execute_from_command_line(["catalyst-dns-sync", *argv])


def serve_health(address: str, stall: float) -> Server:
    """Serve /healthz until the server is closed. Raises ``CannotListen``."""
    from records.broker import note_beat

    note_beat()
    server = Server("TASKS_PROBE_ADDRESS", address, {"/healthz": partial(answer_healthz, stall)})
    os.register_at_fork(after_in_child=server.leave)  # a child that outlives its parent must not keep the port
    return server


def answer_healthz(stall: float) -> PlainAnswer:
    """Alive even without its database: restarting the tasks would not bring that back."""
    from catalyst.web.health import encode_problems
    from records.broker import count_silence

    seconds = count_silence()
    problems = [f"the background tasks have not looked for work for {seconds:.0f} s"] if seconds > stall else []
    status = HTTPStatus.SERVICE_UNAVAILABLE if problems else HTTPStatus.OK
    return PlainAnswer(encode_problems(problems), "application/json", status)


def exit_quietly(number: int, frame: FrameType | None) -> None:
    sys.exit(0)
