"""What every process starts with: its settings, a database that is up to date, and database errors told in sentences.

The syncer starts from here too, so what only the web needs is imported where it is used.
"""

from __future__ import annotations

import gc
import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module

from django.core.exceptions import ImproperlyConfigured

WEB_SETTINGS, WORKER_SETTINGS = "catalyst.settings.web", "catalyst.settings.worker"

WEB_COLLECTIONS = 10_000, 20, 20
"""Nearly all that the web loads stays, and Python's own look through it, at each 700th object, is a tenth of its start.
The syncer, whose memory is the smallest, goes on as Python does."""

RETRY_DELAY = 2.0
"""Seconds between two attempts to reach a database that is not there yet."""
REMINDER_DELAY = 60.0
"""Seconds after which the log says again what is being waited for."""

log = logging.getLogger(__name__)


def use_settings(module: str, argv: Sequence[str] = ()) -> None:
    """Reads the settings at once. Django itself would go on without them and complain about something else later."""
    if "--dev-mode" in argv and not os.environ.get("LOG_FORMAT"):  # noqa: TID251
        os.environ["LOG_FORMAT"] = "text"  # noqa: TID251
    if module == WEB_SETTINGS:
        gc.set_threshold(*WEB_COLLECTIONS)
    import_module(os.environ.setdefault("DJANGO_SETTINGS_MODULE", module))  # noqa: TID251
    from catalyst.logs.formats import log_crashes

    log_crashes()


@contextmanager
def explain_database_errors() -> Iterator[None]:
    """Raises ``ImproperlyConfigured`` for a database that is not there, or lacks its tables."""
    from django.db.utils import Error

    from records.database_errors import advise

    try:
        yield
    except Error as error:
        if text := advise(error):
            raise ImproperlyConfigured(text) from error
        raise


def prepare_database() -> str:
    """Brings the database up to date and makes sure that someone can log in. Returns what the user should be told.

    Safe to run at every start, by several processes at once.
    """
    use_settings(WEB_SETTINGS)

    import django
    from django.core.management import call_command

    django.setup()
    from catalyst.web.first_admin import ensure_admin

    with explain_database_errors():
        call_command("migrate", verbosity=0, interactive=False)
        return ensure_admin()


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
