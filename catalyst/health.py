"""/healthz and /readyz of the web: whether it answers, and whether it has a database that fits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from inspect import iscoroutinefunction

from asgiref.sync import sync_to_async
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.decorators import sync_and_async_middleware

View = Callable[[HttpRequest], HttpResponseBase]
AsyncView = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


@sync_and_async_middleware
def probes(get_response: View | AsyncView) -> View | AsyncView:
    """Answers before any other middleware: a kubelet calls by the pod's address, which no ALLOWED_HOSTS knows."""
    if iscoroutinefunction(get_response):

        async def asynchronous(request: HttpRequest) -> HttpResponseBase:
            if page := PAGES.get(request.path_info):
                return await sync_to_async(page)()
            response: HttpResponseBase = await get_response(request)
            return response

        return asynchronous

    def synchronous(request: HttpRequest) -> HttpResponseBase:
        if page := PAGES.get(request.path_info):
            return page()
        response = get_response(request)
        assert isinstance(response, HttpResponseBase)
        return response

    return synchronous


def healthz() -> JsonResponse:
    """Alive without its database: to restart the web does not bring that back."""
    return answer([])


def readyz() -> JsonResponse:
    return answer(database_problems())


PAGES: dict[str, Callable[[], JsonResponse]] = {"/healthz": healthz, "/readyz": readyz}


def database_problems() -> list[str]:
    """Why the web is of no use, in sentences; empty: nothing is wrong."""
    try:
        missing = pending_migrations()
    except DatabaseError as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        return [f"the database does not answer: {reason} (see DATABASE_URL)"]
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


def answer(problems: list[str]) -> JsonResponse:
    status = HTTPStatus.SERVICE_UNAVAILABLE if problems else HTTPStatus.OK
    response = JsonResponse({"ok": not problems, "problems": problems}, status=status)
    response["Cache-Control"] = "no-store"
    return response
