"""The query parameters that narrow lists."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django_filters import rest_framework as filters
from django_filters.fields import IsoDateTimeField
from rest_framework.filters import SearchFilter
from rest_framework.request import Request

from records import places
from records.answer_models import RecordAnswer
from records.explain import PROBLEM_STATES
from records.models import STATES, AuditEntry, CustomEntry, DriftFinding, HeldPlan, ManagedRecord, Source, SyncRequest

if TYPE_CHECKING:
    from rest_framework.views import APIView


class TimeField(IsoDateTimeField):
    def clean(self, value: Any) -> datetime | None:
        """In UTC, in which some moments of the years 1 and 9999 cannot be written."""
        moment: datetime | None = super().clean(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError as error:
            raise ValidationError("This time cannot be written in UTC.", code="invalid") from error


class TimeFilter(filters.IsoDateTimeFilter):
    field_class = TimeField


class PlaceSearch(SearchFilter):
    """Understands the Kind/namespace/name of a source, and what its names say."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: APIView) -> QuerySet[Any]:
        columns = self.get_search_fields(view, request) or ()
        matches = places.match_words(self.get_search_terms(request), columns, ("name", "values", "reason"))
        return queryset.filter(*matches)


class RecordFilter(filters.FilterSet):
    state = filters.MultipleChoiceFilter(choices=STATES)
    problem = filters.BooleanFilter(method="with_problem", label="Conflict, drifted, failed, held or skipped")
    answer = filters.MultipleChoiceFilter(
        "dns_answer__result", choices=RecordAnswer.Result.choices, distinct=False, label="What the DNS servers answer"
    )
    source = filters.CharFilter("origin", label="The winner: Kind/namespace/name")
    changed_after = TimeFilter("changed_at", "gte")
    changed_before = TimeFilter("changed_at", "lt")

    class Meta:
        model = ManagedRecord
        fields = ("target", "zone", "name", "type", "owned")

    def with_problem(self, rows: QuerySet[ManagedRecord], name: str, value: bool) -> QuerySet[ManagedRecord]:
        return rows.filter(state__in=PROBLEM_STATES) if value else rows.exclude(state__in=PROBLEM_STATES)


class SourceFilter(filters.FilterSet):
    silent = filters.BooleanFilter(method="without_names", label="Gives no name that is published")

    class Meta:
        model = Source
        fields = ("kind", "namespace", "name")

    def without_names(self, rows: QuerySet[Source], name: str, value: bool) -> QuerySet[Source]:
        return rows.filter(~places.gives_names() if value else places.gives_names())


class EntryFilter(filters.FilterSet):
    class Meta:
        model = CustomEntry
        fields = ("name", "type", "mode", "enabled", "owner")


class AuditFilter(filters.FilterSet):
    after_id = filters.NumberFilter("id", "gt", label="Newer than this entry: for following what happens")
    after = TimeFilter("at", "gte")
    before = TimeFilter("at", "lt")

    class Meta:
        model = AuditEntry
        fields = ("name", "zone", "type", "action", "actor", "source", "correlation")


class HoldFilter(filters.FilterSet):
    class Meta:
        model = HeldPlan
        fields = ("zone", "status")


class DriftFilter(filters.FilterSet):
    status = filters.MultipleChoiceFilter(choices=DriftFinding.Status.choices)
    source = filters.CharFilter("origin", label="Kind/namespace/name")
    found_after = TimeFilter("found_at", "gte")
    found_before = TimeFilter("found_at", "lt")

    class Meta:
        model = DriftFinding
        fields = ("zone", "name", "type", "drift_type")


class RequestFilter(filters.FilterSet):
    waiting = filters.BooleanFilter("done_at", "isnull")

    class Meta:
        model = SyncRequest
        fields: ClassVar[Any] = ("action", "zone", "name", "requested_by")
