"""What the program remembers, for reading, and what can be asked for about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import Model, QuerySet
from django.urls import reverse
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from records import operations, sync_requests
from records.answer_rows import explain_pause, sum_answers
from records.api import filters, serializers
from records.api.access import name_actor
from records.api.errors import Conflict
from records.api.queries import KnownQuery
from records.api.status_serializers import StatusSerializer
from records.explain import count_states
from records.freezes import current_freezes
from records.lost_claims import count_lost, note_lost
from records.models import (
    AuditEntry,
    CustomEntry,
    DriftFinding,
    HeldPlan,
    ManagedRecord,
    Source,
    SyncRequest,
    SyncStatus,
    TargetStatus,
)
from syncer.core.known import RecordState

OPERATE = "records.add_syncrequest"
"""The permission to ask the syncer for something."""


class ReadOnlyViewSet(KnownQuery, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Any]):
    """A list with pages, filters, ordering and search, and its single rows."""

    rights: ClassVar[Mapping[str, str]]
    lookup_value_converter = "int"


def answer_accepted(request: SyncRequest) -> Response:
    """202, with the address at which the outcome can be read later."""
    location = reverse("request-detail", args=[request.pk])
    return Response(serializers.RequestSerializer(request).data, status=202, headers={"Location": location})


def ask_syncer(operation: Callable[[str, Any], SyncRequest], request: Request, row: Model) -> Response:
    try:
        return answer_accepted(operation(name_actor(request), row))
    except DjangoValidationError as error:
        raise Conflict(" ".join(error.messages)) from error


decides = extend_schema(request=serializers.DecisionSerializer, responses={202: serializers.RequestSerializer})
asks = extend_schema(request=None, responses={202: serializers.RequestSerializer})


def _undo_last(actor: str, record: ManagedRecord) -> SyncRequest:
    return operations.undo_replacement(actor, operations.find_replacement(record))


class RecordViewSet(ReadOnlyViewSet):
    """DNS records that are ours, or that a claim wants to be ours."""

    queryset = ManagedRecord.objects.prefetch_related("dns_answer")
    serializer_class = serializers.RecordSerializer
    filterset_class = filters.RecordFilter
    search_fields = ("name", "values", "origin")
    ordering_fields = ("name", "zone", "type", "state", "changed_at", "created_at")
    rights: ClassVar = {"GET": "records.view_managedrecord", "POST": OPERATE}

    @asks
    @action(detail=True, methods=["post"])
    def replace(self, request: Request, pk: int) -> Response:
        """Make the foreign record at the name ours, with the values that are wanted. It can be undone."""
        return ask_syncer(operations.replace_record, request, self.get_object())

    @extend_schema(deprecated=True, request=None, responses={202: serializers.RequestSerializer})
    @action(detail=True, methods=["post"])
    def adopt(self, request: Request, pk: int) -> Response:
        """The name of `replace` before; it goes with the next release."""
        return ask_syncer(operations.replace_record, request, self.get_object())

    @asks
    @action(detail=True, methods=["post"])
    def keep(self, request: Request, pk: int) -> Response:
        """Take over the foreign record at the name with its own values, as an override entry. It can be undone."""
        return ask_syncer(operations.keep_theirs, request, self.get_object())

    @asks
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, pk: int) -> Response:
        """Put back what stood there before the last `replace` or `keep`, comment included."""
        return ask_syncer(_undo_last, request, self.get_object())

    @asks
    @action(detail=True, methods=["post"])
    def release(self, request: Request, pk: int) -> Response:
        """Give up ownership; the DNS record stays."""
        return ask_syncer(operations.release_record, request, self.get_object())

    @asks
    @action(detail=True, methods=["post"], url_path="remove-now")
    def remove_now(self, request: Request, pk: int) -> Response:
        """Take what is kept out of DNS before its time is over, or write what is asked for in its place."""
        return ask_syncer(operations.remove_kept, request, self.get_object())

    @asks
    @action(detail=True, methods=["post"], url_path="delete-from-dns")
    def delete_from_dns(self, request: Request, pk: int) -> Response:
        """Delete the record from DNS. It comes back while a claim wants it: block the name to prevent that."""
        return ask_syncer(operations.delete_from_dns, request, self.get_object())


class SourceViewSet(ReadOnlyViewSet):
    """Kubernetes objects that name hosts, as the syncer last saw them."""

    queryset = Source.objects.with_mentions()
    serializer_class = serializers.SourceSerializer
    filterset_class = filters.SourceFilter
    filter_backends = (DjangoFilterBackend, filters.KnownOrdering, filters.PlaceSearch)
    search_fields = ("name",)
    ordering_fields = ("namespace", "name", "kind", "seen_at")
    rights: ClassVar = {"GET": "records.view_source"}

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        """With the claims that the sources on this page have lost."""
        note_lost(args[0] if kwargs.get("many") and args else args)
        return super().get_serializer(*args, **kwargs)


class AuditViewSet(ReadOnlyViewSet):
    """Everything that happened, newest first. Follow it with `ordering=id` and `after_id`."""

    queryset = AuditEntry.objects.all()
    serializer_class = serializers.AuditSerializer
    filterset_class = filters.AuditFilter
    search_fields = ("name", "source")
    ordering_fields = ("id", "at")
    rights: ClassVar = {"GET": "records.view_auditentry"}


class HoldViewSet(ReadOnlyViewSet):
    """Deletes that the guard holds until a person decides."""

    queryset = HeldPlan.objects.all()
    serializer_class = serializers.HoldSerializer
    detail_serializer_class = serializers.WholeHoldSerializer
    filterset_class = filters.HoldFilter
    search_fields = ("zone", "reason")
    ordering_fields = ("id", "created_at", "decided_at")
    rights: ClassVar = {"GET": "records.view_heldplan", "POST": "records.change_heldplan"}

    def get_serializer_class(self) -> type[serializers.HoldSerializer]:
        return self.detail_serializer_class if self.action == "retrieve" else self.serializer_class

    def get_queryset(self) -> QuerySet[HeldPlan]:
        return HeldPlan.objects.with_deletes(serializers.FIRST_DELETES if self.action == "list" else None)

    @decides
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: int) -> Response:
        """Let the deletes happen: all of the plan, or those that the body names."""
        return self._decide(operations.approve_plan, request)

    @decides
    @action(detail=True, methods=["post"])
    def reject(self, request: Request, pk: int) -> Response:
        """Keep the records, although nothing wants them any more: all of the plan, or those that the body names."""
        return self._decide(operations.reject_plan, request)

    def _decide(self, operation: Callable[..., SyncRequest], request: Request) -> Response:
        decision = serializers.DecisionSerializer(data=request.data)
        decision.is_valid(raise_exception=True)
        return ask_syncer(partial(operation, deletes=decision.chosen_keys()), request, self.get_object())


class DriftViewSet(ReadOnlyViewSet):
    """Records that differ from what we wrote last. `open` and `accepted` findings hold now, the others are history."""

    queryset = DriftFinding.objects.all()
    serializer_class = serializers.DriftSerializer
    filterset_class = filters.DriftFilter
    search_fields = ("name", "origin", "reason")
    ordering_fields = ("id", "name", "found_at", "decided_at")
    rights: ClassVar = {"GET": "records.view_driftfinding", "POST": OPERATE}

    @asks
    @action(detail=True, methods=["post"])
    def remediate(self, request: Request, pk: int) -> Response:
        """Write what the claims ask for over what DNS holds now, or delete what nothing wants."""
        return ask_syncer(operations.remediate_drift, request, self.get_object())

    @extend_schema(request=None, responses={202: serializers.RequestSerializer}, deprecated=True)
    @action(detail=True, methods=["post"], url_path="heal")
    def remediate_formerly(self, request: Request, pk: int) -> Response:
        """The former address of `remediate`, kept for one release."""
        return ask_syncer(operations.remediate_drift, request, self.get_object())

    @extend_schema(request=None, responses={200: serializers.DriftSerializer})
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: int) -> Response:
        """Leave it as it is, for as long as it does not change again."""
        try:
            finding = operations.accept_drift(name_actor(request), self.get_object())
        except DjangoValidationError as error:
            raise Conflict(" ".join(error.messages)) from error
        return Response(serializers.DriftSerializer(finding).data)


class RequestViewSet(ReadOnlyViewSet):
    """What the syncer was asked for, and what came of it (`done_at`, `outcome`)."""

    queryset = SyncRequest.objects.all()
    serializer_class = serializers.RequestSerializer
    filterset_class = filters.RequestFilter
    search_fields = ("name", "zone", "requested_by", "outcome")
    ordering_fields = ("id", "created_at", "done_at")
    rights: ClassVar = {"GET": "records.view_syncrequest"}


class SyncView(KnownQuery, APIView):
    rights: ClassVar = {"POST": OPERATE}

    @extend_schema(request=serializers.SyncSerializer, responses={202: serializers.RequestSerializer})
    def post(self, request: Request) -> Response:
        """Compare everything, one zone or one name with DNS now, on one target or on each."""
        wanted = serializers.SyncSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        return answer_accepted(sync_requests.sync_now(name_actor(request), **wanted.validated_data))


class StatusView(KnownQuery, APIView):
    rights: ClassVar = {"GET": "records.view_syncstatus"}

    @extend_schema(responses=StatusSerializer)
    def get(self, request: Request) -> Response:
        """How the syncer is doing, and how many records, entries and sources there are."""
        syncer = SyncStatus.read()
        freezes = current_freezes()
        held = (str(row.freeze) for row in freezes)  # the syncer may not have told it yet
        status = {
            "ok": syncer is not None and not syncer.list_problems(),
            "problems": ["no syncer has run on this database yet"] if syncer is None else syncer.list_problems(),
            "warnings": list(dict.fromkeys([*held, *((syncer and syncer.warnings) or ())])),
            "version": settings.VERSION,
            "alive": syncer is not None and not syncer.is_silent,
            "syncer": syncer,
            "targets": TargetStatus.objects.all(),
            "records": dict.fromkeys((state.value for state in RecordState), 0) | count_states(),
            "entries": CustomEntry.objects.count(),
            "sources": Source.objects.count(),
            "lost_claims": count_lost(),
            "holds": HeldPlan.objects.filter(status=HeldPlan.Status.OPEN).count(),
            "drift": DriftFinding.objects.filter(status=DriftFinding.Status.OPEN).count(),
            "answers": sum_answers(),
            "asking_pause": explain_pause(syncer),
            "requests": SyncRequest.objects.filter(done_at=None).count(),
            "freezes": freezes,
        }
        return Response(StatusSerializer(status).data)
