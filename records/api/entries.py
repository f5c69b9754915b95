"""Custom entries: full CRUD by name and type, with ETags against lost updates."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import generics
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from records import custom_entries
from records.api.access import name_actor
from records.api.entry_serializers import (
    BulkAnswerSerializer,
    BulkSerializer,
    EntryBodySerializer,
    EntrySerializer,
    StatedEntrySerializer,
)
from records.api.errors import ChangedMeanwhile, Conflict, make_invalid
from records.api.filters import EntryFilter
from records.api.queries import KnownQuery
from records.effect import EntryState, find_states, foresee_state
from records.entry_targets import UNSAID, AmbiguousEntry, find_entry
from records.entry_values import explain_type
from records.locks import editing_entries
from records.models import CustomEntry
from syncer.core.claims import Mode
from syncer.core.manifest import clip_text
from syncer.core.names import BadName, canonical_name
from syncer.core.rdata import TYPES

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
TARGET = OpenApiParameter(
    "target",
    str,
    description="Of several entries the one for this target, and only for that; where none is given, there must"
    " be one alone (409)",
)
LOCATION = OpenApiParameter("Location", str, OpenApiParameter.HEADER, response=[201])


def read_etag(entry: CustomEntry) -> str:
    return f'"{entry.pk}-{entry.updated_at:%Y%m%d%H%M%S%f}"'


def entry_address(entry: CustomEntry) -> str:
    address = reverse("entry-detail", args=[entry.name, entry.type or BLOCK])
    return f"{address}?target={entry.target}" if entry.target else address


def answer_entry(entry: CustomEntry, status: int = 200, *, is_written: bool = True) -> Response:
    """``is_written``: with what comes of the write, of which the syncer has not heard yet."""
    headers = {"ETag": read_etag(entry)}
    if status == 201:
        headers["Location"] = entry_address(entry)
    (data,) = describe_entries([entry])
    if is_written and (state := foresee_state(entry)).losses:
        data |= describe_state(state)
    return Response(data, status=status, headers=headers)


def describe_entries(entries: Sequence[CustomEntry]) -> list[dict[str, Any]]:
    """Each with its state."""
    states = find_states(entries)
    return [dict(EntrySerializer(entry).data) | describe_state(states[entry.pk]) for entry in entries]


def describe_state(state: EntryState) -> dict[str, Any]:
    lost = [{"target": target, "reason": loss.reason} for loss in state.losses for target in loss.targets]
    return {"warnings": state.warnings, "state": state.state, "lost": lost}


def has_etag(tags: str, entry: CustomEntry) -> bool:
    """Whether the ETags in the header include that of the entry."""
    return tags.strip() == "*" or read_etag(entry) in re.findall(r'"[^"]*"', tags)


class EntryListView(KnownQuery, generics.ListAPIView[CustomEntry]):
    """Records that operators made by hand, and names that must not be published."""

    queryset = CustomEntry.objects.all()
    serializer_class = EntrySerializer
    filterset_class = EntryFilter
    search_fields = ("name", "values", "owner", "description")
    ordering_fields = ("name", "type", "created_at", "updated_at")
    rights: ClassVar = RIGHTS

    @extend_schema(responses=StatedEntrySerializer(many=True))
    def get(self, request: Request) -> Response:
        """Records that operators made by hand, and names that must not be published."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        return self.get_paginated_response(describe_entries(page))

    @extend_schema(responses={201: StatedEntrySerializer}, parameters=[ETAG, LOCATION])
    def post(self, request: Request) -> Response:
        """Make an entry; 409 when there is one for this name and type."""
        given = EntrySerializer(data=request.data)
        given.is_valid(raise_exception=True)
        entry = CustomEntry(**{"target": UNSAID, **given.validated_data})
        try:
            custom_entries.save_entry(name_actor(request), entry, created=True)
        except custom_entries.EntryExists as error:
            raise Conflict(f"There is an entry for {entry}: change it with PUT {entry_address(entry)}.") from error
        return answer_entry(entry, 201)


class BulkEntryView(KnownQuery, APIView):
    rights: ClassVar = {"POST": "records.add_customentry"}

    @extend_schema(request=BulkSerializer, responses={201: BulkAnswerSerializer})
    def post(self, request: Request) -> Response:
        """Make up to 1,000 entries, all or none."""
        if isinstance(request.data, list):
            raise make_invalid("entries", 'Give an object with the list under the key "entries": {"entries": [...]}.')
        given = BulkSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        entries = [CustomEntry(**{"target": UNSAID, **fields}) for fields in given.validated_data["entries"]]
        try:
            made = custom_entries.create_entries(name_actor(request), entries)
        except DjangoValidationError as error:
            raise DjangoValidationError({f"entries.{at}": texts for at, texts in error.message_dict.items()}) from error
        return Response({"created": len(made)}, status=201)


class TypelessEntryView(KnownQuery, APIView):
    """An address that names no type: what is missing is told."""

    schema = None
    rights: ClassVar = RIGHTS

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        address = f"/api/v1/entries/{kwargs['name']}"
        raise make_invalid(
            "type", f"The address lacks the type of the record: {address}/A; for a block {address}/{BLOCK}."
        )


class EntryView(KnownQuery, APIView):
    """One entry, by its name and type, and its target where several have one."""

    query: ClassVar = ("target",)
    rights: ClassVar = RIGHTS

    @extend_schema(responses=StatedEntrySerializer, parameters=[TYPE, TARGET, ETAG])
    def get(self, request: Request, name: str, type: str) -> Response:
        return answer_entry(self._find_entry(request, name, type), is_written=False)

    @extend_schema(
        request=EntryBodySerializer,
        responses={200: StatedEntrySerializer, 201: OpenApiResponse(StatedEntrySerializer, "Created")},
        parameters=[TYPE, TARGET, IF_MATCH, IF_NONE_MATCH, ETAG, LOCATION],
    )
    def put(self, request: Request, name: str, type: str) -> Response:
        """Create the entry or change it. Idempotent: the same call again changes nothing and leaves no audit entry.

        What the body leaves out gets its default. `name`, `type` and `target` may be left out of it. A target of the
        body counts as that of the address.
        """
        try:
            name, type = read_key(name, type)
        except NotFound as error:
            raise make_invalid("type", str(error.detail)) from error
        with editing_entries():
            said = read_said_target(request)
            entry = pick_entry(name, type, said)
            self._check_preconditions(request, entry)
            fields = self._read_fields(request, name, type)
            if entry is None:
                if not request.user.has_perm("records.add_customentry"):
                    self.permission_denied(request)
                entry = CustomEntry(**{**fields, "target": said})
                try:
                    custom_entries.save_entry(name_actor(request), entry, created=True)
                except custom_entries.EntryExists as error:
                    raise Conflict(
                        f"There is an entry for {entry} that is for more targets than this one, or for"
                        " another: change that one, or delete it first."
                    ) from error
                return answer_entry(entry, 201)
            return self._update_entry(request, entry, {**DEFAULTS, **fields})

    @extend_schema(
        request=EntryBodySerializer, responses=StatedEntrySerializer, parameters=[TYPE, TARGET, IF_MATCH, ETAG]
    )
    def patch(self, request: Request, name: str, type: str) -> Response:
        """Change some fields. A `target` in the body moves it there."""
        with editing_entries():
            entry = self._find_entry(request, name, type)
            self._check_preconditions(request, entry)
            return self._update_entry(request, entry, self._read_fields(request, entry.name, entry.type, entry))

    @extend_schema(responses={204: None}, parameters=[TYPE, TARGET, IF_MATCH])
    def delete(self, request: Request, name: str, type: str) -> Response:
        """Delete the entry; what sources want at the name is published again."""
        with editing_entries():
            entry = self._find_entry(request, name, type)
            self._check_preconditions(request, entry)
            custom_entries.delete_entry(name_actor(request), entry)
        return Response(status=204)

    def _find_entry(self, request: Request, name: str, type: str) -> CustomEntry:
        entry = pick_entry(*read_key(name, type), request.query_params.get("target", UNSAID))
        if entry is None:
            raise Http404
        return entry

    def _check_preconditions(self, request: Request, entry: CustomEntry | None) -> None:
        wanted, unwanted = request.headers.get("If-Match"), request.headers.get("If-None-Match")
        if wanted is not None and (entry is None or not has_etag(wanted, entry)):
            raise ChangedMeanwhile
        if unwanted is not None and entry is not None and has_etag(unwanted, entry):
            raise ChangedMeanwhile("There is such an entry already.")

    def _read_fields(self, request: Request, name: str, type: str, entry: CustomEntry | None = None) -> dict[str, Any]:
        """The fields of the body, which may repeat the name and the type of the address but not change them."""
        if not isinstance(request.data, dict):
            raise make_invalid("non_field_errors", "Give an object with the fields of the entry.")
        mode = entry.mode if entry else (Mode.PUBLISH if type else Mode.BLOCK).value
        data = {"name": name, "type": type, "mode": mode, **request.data}
        given = EntrySerializer(entry, data=data, partial=entry is not None)
        given.is_valid(raise_exception=True)
        fields = given.validated_data
        if not is_spelling(fields.get("name", name), name):
            raise make_invalid("name", f"The address says {name}: make a new entry and delete this one.")
        if fields.get("type", type) != type:
            raise make_invalid("type", f"The address says {type or BLOCK}: make a new entry and delete this one.")
        return dict(fields)

    def _update_entry(self, request: Request, entry: CustomEntry, fields: dict[str, Any]) -> Response:
        before = {field: getattr(entry, field) for field in fields}
        for field, value in fields.items():
            setattr(entry, field, value)
        custom_entries.check_entry(entry)
        if any(getattr(entry, field) != value for field, value in before.items()):
            custom_entries.store_entry(name_actor(request), entry, created=False)
        return answer_entry(entry)


DEFAULTS: Mapping[str, Any] = {"values": [], "ttl": None, "enabled": True, "owner": "", "description": ""}
"""Of the fields that a PUT may leave out."""


def pick_entry(name: str, type: str, said: str) -> CustomEntry | None:
    try:
        return find_entry(name, type, said)
    except AmbiguousEntry as error:
        raise Conflict(f"{' '.join(error.messages)} Add ?target= to the address.") from error


def read_said_target(request: Request) -> str:
    """That of the address, or else of the body."""
    told = request.data.get("target", UNSAID) if isinstance(request.data, dict) else UNSAID
    said = request.query_params.get("target", told)
    if not isinstance(told, str) or told not in (UNSAID, said):
        raise make_invalid("target", f"The address says {clip_text(said)}: make a new entry and delete this one.")
    return said


def is_spelling(text: str, name: str) -> bool:
    """Whether ``text`` spells the name. What is no name at all is refused when the entry is checked."""
    try:
        return canonical_name(text, symbols=False) == name
    except BadName:
        return True


def read_key(name: str, type: str) -> tuple[str, str]:
    """The name and type as the table has them; 404 for what cannot be a name or a type, of which it lists all."""
    kind = type.upper()
    if kind not in (*TYPES, BLOCK):
        raise NotFound(explain_type(type, f", or {BLOCK} for a block"))
    try:
        return canonical_name(name, symbols=False), "" if kind == BLOCK else kind
    except BadName as error:
        raise Http404 from error
