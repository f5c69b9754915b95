"""/healthz and /readyz of the web: whether it answers, and whether it has a database that fits."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from inspect import iscoroutinefunction
from threading import Event, Thread

from asgiref.sync import sync_to_async
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from records.database_errors import advise, describe_error, is_absent

View = Callable[[HttpRequest], HttpResponseBase]
AsyncView = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

log = logging.getLogger(__name__)

AGAIN = 2.0
"""Seconds between two looks for a database that is not there yet."""
REMINDER = 60.0
"""Seconds after which the log says again what is waited for."""

_waiting = Event()
"""Set in a web that was started before its database."""


@sync_and_async_middleware
def probes(get_response: View | AsyncView) -> View | AsyncView:
    """Answers before any other middleware: a kubelet calls by the pod's address, which no ALLOWED_HOSTS knows."""
    if iscoroutinefunction(get_response):

        async def asynchronous(request: HttpRequest) -> HttpResponseBase:
            if page := PAGES.get(request.path_info):
                return await sync_to_async(page)()
            if _waiting.is_set() and (answer := await sync_to_async(closed)()):
                return answer
            response: HttpResponseBase = await get_response(request)
            return response

        asynchronous.process_exception = busy  # type: ignore[attr-defined]
        return asynchronous

    def synchronous(request: HttpRequest) -> HttpResponseBase:
        if page := PAGES.get(request.path_info):
            return page()
        if _waiting.is_set() and (answer := closed()):
            return answer
        response = get_response(request)
        assert isinstance(response, HttpResponseBase)
        return response

    synchronous.process_exception = busy  # type: ignore[attr-defined]
    return synchronous


def busy(request: HttpRequest, exception: Exception) -> HttpResponse | None:
    """A database that is gone or locked is no mistake of the page; a table that is missing may be one."""
    if not is_absent(exception):
        return None
    log.warning("%s was refused, the database does not answer: %s", request.path, describe_error(exception))
    return refusal("The database does not answer, or is busy: nothing was changed. Try again in a few seconds.\n")


def closed() -> HttpResponse | None:
    """What a visitor gets instead of a page for which there is no database."""
    if not database_problems():
        _waiting.clear()
        return None
    return refusal("The database is not there yet, or not up to date. Try again in a few seconds; the log says more.\n")


def refusal(text: str) -> HttpResponse:
    response = HttpResponse(text, content_type="text/plain", status=HTTPStatus.SERVICE_UNAVAILABLE)
    response["Retry-After"] = "5"
    return response


def wait_in_the_background() -> None:
    """The web answers probes from its start on, and visitors once it has a database that fits."""
    _waiting.set()

    def wait() -> None:
        wait_for_database()
        _waiting.clear()
        connection.close()

    Thread(target=wait, name="database", daemon=True).start()


def wait_for_database(beat: Callable[[], None] = lambda: None) -> None:
    """Returns when the database is there and up to date, and says in the log what it waits for. ``beat`` is called
    before each look."""
    said, said_at = "", 0.0
    while True:
        beat()
        problems = database_problems()
        if not problems:
            break
        if problems[0] != said or time.monotonic() - said_at > REMINDER:
            said, said_at = problems[0], time.monotonic()
            log.warning("waiting: %s", said)
        connection.close()
        time.sleep(AGAIN)
    if said:
        log.info("the database is there")


def healthz() -> HttpResponse:
    """Alive without its database: to restart the web does not bring that back."""
    return report_on([])


def readyz() -> HttpResponse:
    return report_on(database_problems())


PAGES: dict[str, Callable[[], HttpResponse]] = {"/healthz": healthz, "/readyz": readyz}


def database_problems() -> list[str]:
    """Why the web is of no use, in sentences; empty: nothing is wrong."""
    try:
        missing = pending_migrations()
    except DatabaseError as error:
        return [advise(error) or f"the database does not do what it should: {describe_error(error)}"]
    if missing:
        return [f"the database lacks {len(missing)} migrations ({missing[0]} first): run catalyst-dns-sync prepare"]
    return []


_all_there: set[str] = set()


def pending_migrations() -> list[str]:
    """Raises ``DatabaseError``. Once none is missing, a question to the database that costs nothing is enough."""
    if connection.alias in _all_there:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")
        return []
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if not plan:
        _all_there.add(connection.alias)
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def report(problems: list[str]) -> bytes:
    return json.dumps({"ok": not problems, "problems": problems}).encode()


def report_on(problems: list[str]) -> HttpResponse:
    status = HTTPStatus.SERVICE_UNAVAILABLE if problems else HTTPStatus.OK
    response = HttpResponse(report(problems), content_type="application/json", status=status)
    response["Cache-Control"] = "no-store"
    return response
