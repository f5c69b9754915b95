"""What the program remembers, for reading, and the verbs on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import Count, Model
from django.urls import reverse
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.filters import OrderingFilter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from records import operations
from records.api import filters, serializers
from records.api.access import actor
from records.api.errors import Conflict
from records.models import (
    AuditEntry,
    CustomEntry,
    DriftFinding,
    HeldPlan,
    ManagedRecord,
    Source,
    SyncRequest,
    SyncStatus,
)
from syncer.core.plan import RecordState

VERB = "records.add_syncrequest"
"""The permission to ask the syncer for something."""


class ReadOnly(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Any]):
    """A list with pages, filters, ordering and search, and its single rows."""

    rights: ClassVar[Mapping[str, str]]
    lookup_value_converter = "int"


def accepted(request: SyncRequest) -> Response:
    """The syncer was asked; where to look for its answer."""
    location = reverse("request-detail", args=[request.pk])
    return Response(serializers.RequestSerializer(request).data, status=202, headers={"Location": location})


def ask(verb: Callable[[str, Any], SyncRequest], request: Request, row: Model) -> Response:
    try:
        return accepted(verb(actor(request), row))
    except DjangoValidationError as error:
        raise Conflict(" ".join(error.messages)) from error


asks = extend_schema(request=None, responses={202: serializers.RequestSerializer})


class Records(ReadOnly):
    """DNS records that are ours, or that somebody wants to be."""

    queryset = ManagedRecord.objects.all()
    serializer_class = serializers.RecordSerializer
    filterset_class = filters.RecordFilter
    search_fields = ("name", "values", "origin")
    ordering_fields = ("name", "zone", "type", "state", "changed_at", "created_at")
    rights: ClassVar = {"GET": "records.view_managedrecord", "POST": VERB}

    @asks
    @action(detail=True, methods=["post"])
    def adopt(self, request: Request, pk: int) -> Response:
        """Take over what somebody else made at the name."""
        return ask(operations.adopt, request, self.get_object())

    @asks
    @action(detail=True, methods=["post"])
    def release(self, request: Request, pk: int) -> Response:
        """Give up ownership; the DNS record stays."""
        return ask(operations.release, request, self.get_object())

    @asks
    @action(detail=True, methods=["post"], url_path="delete-from-dns")
    def delete_from_dns(self, request: Request, pk: int) -> Response:
        """Take the record out of DNS. While a claim wants it, it comes back: block the name to prevent that."""
        return ask(operations.delete_from_dns, request, self.get_object())


class Sources(ReadOnly):
    """Kubernetes objects that name hosts, as the syncer last saw them."""

    queryset = Source.objects.all()
    serializer_class = serializers.SourceSerializer
    filterset_class = filters.SourceFilter
    filter_backends = (DjangoFilterBackend, OrderingFilter, filters.PlaceSearch)
    search_fields = ("name", "names", "skipped")
    ordering_fields = ("namespace", "name", "kind", "seen_at")
    rights: ClassVar = {"GET": "records.view_source"}


class Audit(ReadOnly):
    """Every fact that happened, newest first. Follow it with `ordering=id` and `after_id`."""

    queryset = AuditEntry.objects.all()
    serializer_class = serializers.AuditSerializer
    filterset_class = filters.AuditFilter
    search_fields = ("name", "source")
    ordering_fields = ("id", "at")
    rights: ClassVar = {"GET": "records.view_auditentry"}


class Holds(ReadOnly):
    """Deletes that the guard stopped, for a person to decide."""

    queryset = HeldPlan.objects.all()
    serializer_class = serializers.HoldSerializer
    detail_serializer_class = serializers.WholeHoldSerializer
    filterset_class = filters.HoldFilter
    search_fields = ("zone", "reason")
    ordering_fields = ("id", "created_at", "decided_at")
    rights: ClassVar = {"GET": "records.view_heldplan", "POST": "records.change_heldplan"}

    def get_serializer_class(self) -> type[serializers.HoldSerializer]:
        return self.detail_serializer_class if self.action == "retrieve" else self.serializer_class

    @asks
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: int) -> Response:
        """Let the deletes go."""
        return ask(operations.approve, request, self.get_object())

    @asks
    @action(detail=True, methods=["post"])
    def reject(self, request: Request, pk: int) -> Response:
        """Keep the records although nothing wants them any more."""
        return ask(operations.reject, request, self.get_object())


class Drift(ReadOnly):
    """Records that are not as we had left them. `open` and `accepted` ones are so now, the others are history."""

    queryset = DriftFinding.objects.all()
    serializer_class = serializers.DriftSerializer
    filterset_class = filters.DriftFilter
    search_fields = ("name", "origin", "reason")
    ordering_fields = ("id", "name", "found_at", "decided_at")
    rights: ClassVar = {"GET": "records.view_driftfinding", "POST": VERB}

    @asks
    @action(detail=True, methods=["post"])
    def heal(self, request: Request, pk: int) -> Response:
        """Put it right: write what is wanted, or delete what nobody wants."""
        return ask(operations.heal, request, self.get_object())

    @extend_schema(request=None, responses={200: serializers.DriftSerializer})
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: int) -> Response:
        """Leave it as it is, for as long as it stays the same."""
        try:
            finding = operations.accept(actor(request), self.get_object())
        except DjangoValidationError as error:
            raise Conflict(" ".join(error.messages)) from error
        return Response(serializers.DriftSerializer(finding).data)


class Requests(ReadOnly):
    """What the syncer was asked for, and what became of it (`done_at`, `outcome`)."""

    queryset = SyncRequest.objects.all()
    serializer_class = serializers.RequestSerializer
    filterset_class = filters.RequestFilter
    search_fields = ("name", "zone", "requested_by", "outcome")
    ordering_fields = ("id", "created_at", "done_at")
    rights: ClassVar = {"GET": "records.view_syncrequest"}


class Sync(APIView):
    rights: ClassVar = {"POST": VERB}

    @extend_schema(request=serializers.SyncSerializer, responses={202: serializers.RequestSerializer})
    def post(self, request: Request) -> Response:
        """Compare everything, one zone or one name with DNS now."""
        wanted = serializers.SyncSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        return accepted(operations.sync_now(actor(request), **wanted.validated_data))


class Status(APIView):
    rights: ClassVar = {"GET": "records.view_syncstatus"}

    @extend_schema(responses=serializers.StatusSerializer)
    def get(self, request: Request) -> Response:
        """How the syncer stands, and how much there is of everything."""
        syncer = SyncStatus.objects.first()
        states = ManagedRecord.objects.order_by().values_list("state").annotate(Count("id"))
        status = {
            "version": settings.VERSION,
            "alive": syncer is not None and not syncer.is_silent,
            "syncer": syncer,
            "records": dict.fromkeys((state.value for state in RecordState), 0) | dict(states),
            "entries": CustomEntry.objects.count(),
            "sources": Source.objects.count(),
            "holds": HeldPlan.objects.filter(status=HeldPlan.Status.OPEN).count(),
            "drift": DriftFinding.objects.filter(status=DriftFinding.Status.OPEN).count(),
            "requests": SyncRequest.objects.filter(done_at=None).count(),
        }
        return Response(serializers.StatusSerializer(status).data)
