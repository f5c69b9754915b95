"""What every process starts with: its settings, a database that is up to date, and database errors told in sentences.

The syncer starts from here too, so what only the web needs is imported where it is used.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from django.core.exceptions import ImproperlyConfigured

WEB_SETTINGS, WORKER_SETTINGS = "catalyst.settings.web", "catalyst.settings.worker"

WEB_COLLECTIONS = 10_000, 20, 20
"""Nearly all that the web loads stays, and Python's own look through it, at each 700th object, is a tenth of its start.
The syncer begins as Python does, because its memory is the smallest (``syncer.memory``)."""

RETRY_DELAY = 2.0
"""Seconds between two attempts to reach a database that is not there yet."""
REMINDER_DELAY = 60.0
"""Seconds after which the log says again what is being waited for."""

log = logging.getLogger(__name__)


def add_mode_options(parser: argparse.ArgumentParser) -> None:
    """The options of ``runsyncer`` by which it needs other settings: a hosts file, or no cluster."""
    parser.add_argument("--dev-mode", action="store_true", help="as for runsyncer: a hosts file is written")
    parser.add_argument("--hosts-file", default="", metavar="PATH", help="as for runsyncer")
    parser.add_argument("--manifests", default="", metavar="DIR", help="as for runsyncer: no cluster is read")


def pick_mode(options: argparse.Namespace) -> Mapping[str, Any]:
    """What the options say, for ``settings.SYNC``."""
    return {name: getattr(options, name) for name in ("dev_mode", "hosts_file", "manifests")}


def use_settings(module: str, argv: Sequence[str] = ()) -> None:
    """Reads the settings at once. Django itself would go on without them and complain about something else later.
    Raises ``WrongSettings`` with all that is wrong, and with what the syncer lacks when ``argv`` is its command."""
    if "--dev-mode" in argv and not os.environ.get("LOG_FORMAT"):  # noqa: TID251
        os.environ["LOG_FORMAT"] = "text"  # noqa: TID251
    if module == WEB_SETTINGS:
        gc.set_threshold(*WEB_COLLECTIONS)
    from catalyst.settings.environment import Environment  # not before the syncer has restarted itself

    with Environment.gathering() as problems:
        import_module(os.environ.setdefault("DJANGO_SETTINGS_MODULE", module))  # noqa: TID251
        if problems and argv[:1] == ["runsyncer"]:  # else it says itself what it lacks, and can show its --help
            parser = argparse.ArgumentParser(add_help=False)
            add_mode_options(parser)
            check_syncer(pick_mode(parser.parse_known_args(argv[1:])[0]))
    from catalyst.logs.formats import log_crashes

    log_crashes()


def check_syncer(mode: Mapping[str, Any]) -> None:
    """Reads what the syncer alone needs. Raises ``WrongSettings``."""
    from django.conf import settings

    settings.SYNC(**mode, warn=lambda _: None)


@contextmanager
def explain_database_errors() -> Iterator[None]:
    """Raises ``ImproperlyConfigured`` for a database that is not there, or lacks its tables."""
    from django.db.utils import Error

    from catalyst.invocation import spell_command
    from records.database_errors import give_advice

    try:
        yield
    except Error as error:
        if text := give_advice(error, spell_command()):
            raise ImproperlyConfigured(text) from error
        raise


def wait_for_database(report_alive: Callable[[], None] = lambda: None) -> None:
    """Returns when the database is there and up to date; the log says what is missing until then. ``report_alive`` is
    called before each attempt."""
    from django.db import connection

    from catalyst.web.health import find_database_problems

    told, told_at = "", 0.0
    while True:
        report_alive()
        problems = find_database_problems()
        if not problems:
            break
        if problems[0] != told or time.monotonic() - told_at > REMINDER_DELAY:
            told, told_at = problems[0], time.monotonic()
            log.warning("waiting: %s", told)
        connection.close()
        time.sleep(RETRY_DELAY)
    if told:
        log.info("the database is there")
