"""Export and import over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import islice
from typing import Any, ClassVar

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from records import exchange
from records.api.access import name_actor
from records.api.errors import Unreadable, make_invalid
from records.api.parsers import BackupParser, read_document
from records.api.queries import KnownQuery
from records.exchange.shape import IMPORTABLE

MEDIA_TYPES = {
    "yaml": "application/yaml",
    "json": "application/json",
    "csv": "text/csv",
    "bind": "text/dns",
    "gatus": "application/yaml",
}
FILE_NAMES = {"bind": "dns-backup.zone", "gatus": "gatus.yaml"}
FOR_ADMINS = "auth.change_user"
"""An import gives and takes ownership: not for operators."""

READABLE = tuple(IMPORTABLE)
FORMAT = OpenApiParameter("format", str, enum=list(MEDIA_TYPES), default="yaml")
READ_FORMAT = OpenApiParameter("format", str, enum=READABLE, description="Told from the text when it is left out")
LINES = 1000

ONLY_TARGET = OpenApiParameter("target", str, description="Only what is there, of several; a zone file is of one")
UNNAMED_TARGET = OpenApiParameter(
    "target", str, description="For what the file gives no target; else it is the first that manages the name"
)
DRY_RUN = OpenApiParameter("dry_run", bool, default=False, description="Say what it would do, and do nothing")


def read_form(request: Request, forms: Sequence[str], default: str) -> str:
    form = request.query_params.get("format", default)
    if form not in (*forms, default):
        raise make_invalid("format", f"Give one of {', '.join(forms)}.")
    return form


class Export(KnownQuery, APIView):
    query: ClassVar = ("format", "target")
    rights: ClassVar = {"GET": "records.view_managedrecord"}
    shapes: ClassVar = {
        (200, media_type): OpenApiTypes.STR if form in ("csv", "bind") else OpenApiTypes.OBJECT
        for form, media_type in MEDIA_TYPES.items()
    }

    @extend_schema(operation_id="export", parameters=[FORMAT, ONLY_TARGET], responses=shapes)
    def get(self, request: Request) -> StreamingHttpResponse:
        """Everything that is managed: records, ownership, custom entries. A `bind` zone file and a `gatus` file (checks
        for Gatus) cannot be imported."""
        form = read_form(request, tuple(MEDIA_TYPES), "yaml")
        try:
            parts = exchange.write_export(form, target=request.query_params.get("target", ""))
        except ValueError as error:
            raise make_invalid("target" if "target" in str(error) else "format", f"{error}.") from error
        # Django would collect a synchronous iterator before it sends the first byte.
        body = iterate_parts(parts) if isinstance(request._request, ASGIRequest) else parts
        answer = StreamingHttpResponse(body, content_type=f"{MEDIA_TYPES[form]}; charset=utf-8")
        name = FILE_NAMES.get(form, f"dns-backup.{form}")
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer


async def iterate_parts(parts: Iterator[str]) -> AsyncIterator[str]:
    step = sync_to_async(lambda: next(parts, None))
    while (part := await step()) is not None:
        yield part


class ImportAnswer(serializers.Serializer[Any]):
    dry_run = serializers.BooleanField()
    records = serializers.IntegerField(
        help_text="That are ours again where DNS holds them: the syncer compares each before it believes the backup"
    )
    entries_created = serializers.IntegerField()
    entries_updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    changes = serializers.ListField(child=serializers.CharField(), help_text="The first of them, one line each")


class Import(KnownQuery, APIView):
    query: ClassVar = ("format", "dry_run", "target")
    rights: ClassVar = {"POST": FOR_ADMINS}
    parser_classes = (BackupParser,)
    body: ClassVar = {
        "application/yaml": OpenApiTypes.STR,
        "application/json": OpenApiTypes.OBJECT,
        "text/csv": OpenApiTypes.STR,
    }

    @extend_schema(
        operation_id="import",
        parameters=[READ_FORMAT, DRY_RUN, UNNAMED_TARGET],
        request=body,
        responses=ImportAnswer,
    )
    def post(self, request: Request) -> Response:
        """Bring back what was exported: all of it or, when anything in it is wrong, nothing. What the backup does not
        name stays as it is."""
        form = read_form(request, READABLE, "")
        dry_run = read_flag(request, "dry_run")
        target = request.query_params.get("target", "")
        text = read_document(request.data)
        try:
            plan = exchange.plan_import(exchange.read_backup(text, form, target))
            counts = plan.count_changes() if dry_run else exchange.apply_import(plan, name_actor(request))
        except exchange.BackupError as error:
            raise Unreadable(error.problems) from error
        changes = list(islice(plan.list_changes(), LINES))
        return Response(ImportAnswer({"dry_run": dry_run, "changes": changes, **counts}).data)


def read_flag(request: Request, name: str) -> bool:
    """``?dry_run`` alone is true; what is neither true nor false must not become a real import."""
    text = request.query_params.get(name)
    if text is None or text.lower() in ("false", "0", "no"):
        return False
    if text.lower() in ("", "true", "1", "yes"):
        return True
    raise make_invalid(name, "Give true or false.")
