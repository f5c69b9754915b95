"""Custom entries: full CRUD by name and type, with ETags against lost updates."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from records import operations
from records.api.access import actor
from records.api.errors import ChangedMeanwhile, Conflict, invalid
from records.api.filters import EntryFilter
from records.api.serializers import BulkAnswerSerializer, BulkSerializer, EntryBodySerializer, EntrySerializer
from records.entry_values import TYPES
from records.models import CustomEntry
from syncer.core.claims import Mode
from syncer.core.names import BadName, canonical

BLOCK = "BLOCK"
"""The last part of a block's address, which has no type."""

RIGHTS = {
    "GET": "records.view_customentry",
    "POST": "records.add_customentry",
    "PUT": "records.change_customentry",
    "PATCH": "records.change_customentry",
    "DELETE": "records.delete_customentry",
}
IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="Only when the entry still has this ETag; else 412"
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", str, OpenApiParameter.HEADER, description="`*`: only when there is no such entry yet; else 412"
)
ETAG = OpenApiParameter("ETag", str, OpenApiParameter.HEADER, response=[200, 201])
TYPE = OpenApiParameter("type", str, OpenApiParameter.PATH, enum=[*TYPES, BLOCK], description="`BLOCK` for a block")
LOCATION = OpenApiParameter("Location", str, OpenApiParameter.HEADER, response=[201])


def etag(entry: CustomEntry) -> str:
    return f'"{entry.pk}-{entry.updated_at:%Y%m%d%H%M%S%f}"'


def address(entry: CustomEntry) -> str:
    return reverse("entry-detail", args=[entry.name, entry.type or BLOCK])


def answer(entry: CustomEntry, status: int = 200) -> Response:
    headers = {"ETag": etag(entry)}
    if status == 201:
        headers["Location"] = address(entry)
    return Response(EntrySerializer(entry).data, status=status, headers=headers)


def is_named(tags: str, entry: CustomEntry) -> bool:
    """Whether a list of ETags, as the header has it, takes the entry in."""
    return tags.strip() == "*" or etag(entry) in re.findall(r'"[^"]*"', tags)


class Entries(generics.ListAPIView[CustomEntry]):
    """Records that operators made by hand, and names that must not be published."""

    queryset = CustomEntry.objects.all()
    serializer_class = EntrySerializer
    filterset_class = EntryFilter
    search_fields = ("name", "values", "owner", "description")
    ordering_fields = ("name", "type", "created_at", "updated_at")
    rights: ClassVar = RIGHTS

    @extend_schema(responses={201: EntrySerializer}, parameters=[ETAG, LOCATION])
    def post(self, request: Request) -> Response:
        """Make an entry; 409 when there is one for this name and type."""
        given = EntrySerializer(data=request.data)
        given.is_valid(raise_exception=True)
        with operations.editing():
            entry = CustomEntry(**given.validated_data)
            if CustomEntry.objects.filter(name=entry.name, type=entry.type).exists():
                raise Conflict(f"There is an entry for {entry}: change it with PUT {address(entry)}.")
            operations.save_entry(actor(request), entry, created=True)
        return answer(entry, 201)


class Bulk(APIView):
    rights: ClassVar = {"POST": "records.add_customentry"}

    @extend_schema(request=BulkSerializer, responses={201: BulkAnswerSerializer})
    def post(self, request: Request) -> Response:
        """Make up to 1,000 entries, all or none."""
        given = BulkSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        entries = [CustomEntry(**fields) for fields in given.validated_data["entries"]]
        try:
            made = operations.create_entries(actor(request), entries)
        except DjangoValidationError as error:
            raise DjangoValidationError({f"entries.{at}": texts for at, texts in error.message_dict.items()}) from error
        return Response({"created": len(made)}, status=201)


class Entry(APIView):
    """One entry, by its name and type."""

    rights: ClassVar = RIGHTS

    @extend_schema(responses=EntrySerializer, parameters=[TYPE, ETAG])
    def get(self, request: Request, name: str, type: str) -> Response:
        return answer(self._find(name, type))

    @extend_schema(
        request=EntryBodySerializer,
        responses={200: EntrySerializer, 201: OpenApiResponse(EntrySerializer, "Made")},
        parameters=[TYPE, IF_MATCH, IF_NONE_MATCH, ETAG, LOCATION],
    )
    def put(self, request: Request, name: str, type: str) -> Response:
        """Make the entry so, or make it. Idempotent: the same once more changes nothing and is no fact in the audit.

        What the body leaves out gets its default. `name` and `type` may be left out of it.
        """
        name, type = key(name, type)
        with operations.editing():
            entry = CustomEntry.objects.filter(name=name, type=type).first()
            self._check_preconditions(request, entry)
            fields = self._validated(request, name, type)
            if entry is None:
                if not request.user.has_perm("records.add_customentry"):
                    self.permission_denied(request)
                entry = CustomEntry(**fields)
                operations.save_entry(actor(request), entry, created=True)
                return answer(entry, 201)
            return self._update(request, entry, DEFAULTS | fields)

    @extend_schema(request=EntryBodySerializer, responses=EntrySerializer, parameters=[TYPE, IF_MATCH, ETAG])
    def patch(self, request: Request, name: str, type: str) -> Response:
        """Change some fields."""
        with operations.editing():
            entry = self._find(name, type)
            self._check_preconditions(request, entry)
            return self._update(request, entry, self._validated(request, entry.name, entry.type, entry))

    @extend_schema(responses={204: None}, parameters=[TYPE, IF_MATCH])
    def delete(self, request: Request, name: str, type: str) -> Response:
        """Take the entry back; what sources want at the name comes into its own."""
        with operations.editing():
            entry = self._find(name, type)
            self._check_preconditions(request, entry)
            operations.delete_entry(actor(request), entry)
        return Response(status=204)

    def _find(self, name: str, type: str) -> CustomEntry:
        name, type = key(name, type)
        entry = CustomEntry.objects.filter(name=name, type=type).first()
        if entry is None:
            raise Http404
        return entry

    def _check_preconditions(self, request: Request, entry: CustomEntry | None) -> None:
        wanted, unwanted = request.headers.get("If-Match"), request.headers.get("If-None-Match")
        if wanted is not None and (entry is None or not is_named(wanted, entry)):
            raise ChangedMeanwhile
        if unwanted is not None and entry is not None and is_named(unwanted, entry):
            raise ChangedMeanwhile("There is such an entry already.")

    def _validated(self, request: Request, name: str, type: str, entry: CustomEntry | None = None) -> dict[str, Any]:
        """The fields of the body; it may repeat the name and the type, and not change them."""
        if not isinstance(request.data, dict):
            raise invalid("non_field_errors", "Give an object with the fields of the entry.")
        mode = entry.mode if entry else (Mode.PUBLISH if type else Mode.BLOCK).value
        data = {"name": name, "type": type, "mode": mode, **request.data}
        given = EntrySerializer(entry, data=data, partial=entry is not None)
        given.is_valid(raise_exception=True)
        fields = given.validated_data
        for field, right in (("name", name), ("type", type)):
            if fields[field] != right:
                raise invalid(field, f"The address says {right or BLOCK}: make a new entry and delete this one.")
        return dict(fields)

    def _update(self, request: Request, entry: CustomEntry, fields: dict[str, Any]) -> Response:
        changed = {field for field, value in fields.items() if getattr(entry, field) != value}
        for field in changed:
            setattr(entry, field, fields[field])
        if changed:
            operations.save_entry(actor(request), entry, created=False)
        return answer(entry)


DEFAULTS = {"enabled": True, "owner": "", "description": ""}
"""Of the fields that validation does not fill in."""


def key(name: str, type: str) -> tuple[str, str]:
    """The name and type as the table has them; whatever cannot be one is not found."""
    kind = type.upper()
    if kind not in (*TYPES, BLOCK):
        raise Http404
    try:
        return canonical(name, symbols=False), "" if kind == BLOCK else kind
    except BadName as error:
        raise Http404 from error
