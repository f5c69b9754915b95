"""Holding all writes: what is held, and who did it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from django.core.exceptions import ValidationError as DjangoValidationError
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from records import operations
from records.api import filters
from records.api.access import name_actor
from records.api.errors import Conflict
from records.api.status_serializers import FreezeSerializer
from records.api.views import ReadOnlyViewSet
from records.models import WriteFreeze

MINUTE = timedelta(minutes=1)


class NewFreezeSerializer(serializers.Serializer[Any]):
    zone = serializers.CharField(
        max_length=1000, required=False, default="", allow_blank=True, help_text="Empty for every zone"
    )
    target = serializers.CharField(
        max_length=32, required=False, default="", allow_blank=True, help_text="Empty for every one"
    )
    minutes = serializers.IntegerField(
        min_value=1,
        max_value=operations.LONGEST_FREEZE // MINUTE,
        allow_null=True,
        help_text="For how long; null: until someone ends it",
    )
    reason = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class FreezeViewSet(ReadOnlyViewSet):
    """Times in which all writes are held, to one zone or to every one, on one target or on each, newest first."""

    queryset = WriteFreeze.objects.with_now()
    serializer_class = FreezeSerializer
    filterset_class = filters.FreezeFilter
    search_fields = ("zone", "reason", "set_by")
    ordering_fields = ("id", "set_at", "until", "ended_at")
    rights: ClassVar = {"GET": "records.view_writefreeze", "POST": "records.add_writefreeze"}

    @extend_schema(request=NewFreezeSerializer, responses={201: FreezeSerializer})
    def create(self, request: Request) -> Response:
        """Hold all writes, in the place of what was set before for the same zone and target, or for all. The syncer
        obeys within about a second; what changes meanwhile waits, and is one plan when it ends."""
        wanted = NewFreezeSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        fields = ("zone", "target", "minutes", "reason")
        zone, target, minutes, reason = (wanted.validated_data[field] for field in fields)
        length = None if minutes is None else minutes * MINUTE
        freeze = operations.hold_writes(name_actor(request), length, zone, reason, target)
        location = reverse("freeze-detail", args=[freeze.pk])
        return Response(self._show(freeze.pk), status=201, headers={"Location": location})

    @extend_schema(request=None, responses={200: FreezeSerializer})
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: int) -> Response:
        """Resume writes: what has waited is compared and written, as one plan."""
        freeze = self.get_object()
        try:
            operations.resume_writes(name_actor(request), freeze)
        except DjangoValidationError as error:
            raise Conflict(" ".join(error.messages)) from error
        return Response(self._show(freeze.pk))

    def _show(self, pk: int) -> Any:
        return FreezeSerializer(self.get_queryset().get(pk=pk)).data
