"""/healthz and /readyz of the web: whether it answers, and whether its database is there and up to date."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from inspect import iscoroutinefunction
from threading import Event, Thread

from asgiref.sync import sync_to_async
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from catalyst.invocation import spell_command
from catalyst.web.refusing import refuse_request
from records.database_errors import explain_error, give_advice, is_absent, is_full

View = Callable[[HttpRequest], HttpResponseBase]
AsyncView = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

log = logging.getLogger(__name__)

AGAIN = "5"
"""Seconds after which a visitor is to try again."""

_waiting = Event()
"""Set in a web that was started before its database."""


@sync_and_async_middleware
def answer_probes(get_response: View | AsyncView) -> View | AsyncView:
    """Answers before any other middleware: a kubelet calls by the pod's address, which no ALLOWED_HOSTS knows."""
    if iscoroutinefunction(get_response):

        async def respond_async(request: HttpRequest) -> HttpResponseBase:
            if page := PAGES.get(request.path_info):
                return await sync_to_async(page)()
            if _waiting.is_set() and (answer := await sync_to_async(refuse_visitor)()):
                return answer
            response: HttpResponseBase = await get_response(request)
            return response

        respond_async.process_exception = refuse_while_busy  # type: ignore[attr-defined]
        return respond_async

    def respond_sync(request: HttpRequest) -> HttpResponseBase:
        if page := PAGES.get(request.path_info):
            return page()
        if _waiting.is_set() and (answer := refuse_visitor()):
            return answer
        response = get_response(request)
        assert isinstance(response, HttpResponseBase)
        return response

    respond_sync.process_exception = refuse_while_busy  # type: ignore[attr-defined]
    return respond_sync


def refuse_while_busy(request: HttpRequest, exception: Exception) -> HttpResponse | None:
    """A database that is gone or locked is no fault of the page; a missing table may be one."""
    if not is_absent(exception):
        return None
    log.warning("%s was refused: %s", request.path, give_advice(exception))
    reason = "The disk of the database is full" if is_full(exception) else "The database does not answer, or is busy"
    is_script = request.headers.get("HX-Request")
    if is_script and request.method == "GET":
        return answer_unavailable(f"{reason}.", advice="")
    if is_script or request.path_info.startswith("/api/"):
        return answer_unavailable(f"{reason}: nothing was changed.")
    return show_unavailable(request, f"{reason}.")


def refuse_visitor() -> HttpResponse | None:
    """What a visitor gets instead of a page while there is no database for it; None once there is one."""
    if not find_database_problems():
        _waiting.clear()
        return None
    return answer_unavailable("The database is not there yet, or not up to date; the log says more.")


def answer_unavailable(reason: str, advice: str = " Try again in a few seconds.") -> HttpResponse:
    response = HttpResponse(f"{reason}{advice}\n", content_type="text/plain", status=HTTPStatus.SERVICE_UNAVAILABLE)
    response["Retry-After"] = AGAIN
    return response


def show_unavailable(request: HttpRequest, reason: str) -> HttpResponse:
    """The page on which a visitor waits: what was only looked at comes by itself, as soon as it can."""
    comes = request.method == "GET"
    told = f"{reason} This page is asked for again in a few seconds." if comes else reason
    answer = refuse_request(request, HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", told)
    answer["Retry-After"] = AGAIN
    if comes:
        answer["Refresh"] = AGAIN
    return answer


def hold_visitors(wait: Callable[[], None]) -> None:
    """Visitors are told to come back until ``wait`` returns, which runs in a thread of its own; probes are answered
    from the start."""
    _waiting.set()

    def admit_visitors() -> None:
        wait()
        _waiting.clear()
        connection.close()

    Thread(target=admit_visitors, name="database", daemon=True).start()


def answer_healthz() -> HttpResponse:
    """Alive even without its database: restarting the web would not bring that back."""
    return answer_problems([])


def answer_readyz() -> HttpResponse:
    return answer_problems(find_database_problems())


PAGES: dict[str, Callable[[], HttpResponse]] = {"/healthz": answer_healthz, "/readyz": answer_readyz}


def find_database_problems() -> list[str]:
    """Why the database is of no use, in sentences; empty: nothing is wrong."""
    try:
        missing = list_pending_migrations()
    except Error as error:
        return [explain_error(error)]
    if missing:
        count = f"{len(missing)} migration{'s' if len(missing) > 1 else ''}"
        return [f"the database lacks {count} ({missing[0]} first): run {spell_command()} prepare"]
    return []


_migrated: set[str] = set()


def list_pending_migrations() -> list[str]:
    """Raises ``django.db.Error``. Once none is missing, a query that costs almost nothing tells that the database is
    there."""
    if connection.alias in _migrated:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")
        return []
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if not plan:
        _migrated.add(connection.alias)
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def encode_problems(problems: list[str]) -> bytes:
    return json.dumps({"ok": not problems, "problems": problems}).encode()


def answer_problems(problems: list[str]) -> HttpResponse:
    status = HTTPStatus.SERVICE_UNAVAILABLE if problems else HTTPStatus.OK
    response = HttpResponse(encode_problems(problems), content_type="application/json", status=status)
    response["Cache-Control"] = "no-store"
    return response
