"""The query parameters that narrow lists."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django_filters import rest_framework as filters
from django_filters.fields import IsoDateTimeField
from rest_framework.filters import OrderingFilter, SearchFilter
from rest_framework.request import Request

from records import places
from records.answer_models import RecordAnswer
from records.api.errors import make_invalid
from records.entry_targets import match_covering
from records.entry_values import explain_type
from records.explain import PROBLEM_STATES
from records.lost_claims import match_entries, match_sources
from records.models import (
    STATES,
    AuditEntry,
    CustomEntry,
    DriftFinding,
    HeldPlan,
    ManagedRecord,
    Source,
    SyncRequest,
    WriteFreeze,
)
from records.search import has_value, spell_address
from syncer.core.kinds import KINDS
from syncer.core.origin import CUSTOM_ENTRY
from syncer.core.rdata import TYPES

if TYPE_CHECKING:
    from rest_framework.views import APIView


KIND_CHOICES = [(kind, kind) for kind in sorted({known.kind for known in KINDS} | {CUSTOM_ENTRY})]


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


class KnownOrdering(OrderingFilter):
    """An order that there is not is refused, and not passed over."""

    def remove_invalid_fields(
        self, queryset: QuerySet[Any], fields: Iterable[str], view: APIView, request: Request
    ) -> list[str]:
        known = [name for name, _ in self.get_valid_fields(queryset, view, {"request": request})]
        if wrong := [field for field in fields if field.removeprefix("-") not in known]:
            raise make_invalid(
                "ordering", f"{wrong[0][:100]}: give one of {', '.join(known)}, with a - for the reverse."
            )
        return list(fields)


class FlagField(forms.Field):
    """True, false, or nothing; what is neither must not be taken for nothing."""

    words: ClassVar = {"": None, "true": True, "1": True, "false": False, "0": False}

    def to_python(self, value: Any) -> bool | None:
        word = str(value or "").strip().lower()
        if word not in self.words:
            raise ValidationError("Give true or false.", code="invalid")
        return self.words[word]


class FlagFilter(filters.BooleanFilter):
    field_class = FlagField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs, widget=forms.TextInput)


class PlaceSearch(SearchFilter):
    """Understands the Kind/namespace/name of a source, and what its names say."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: APIView) -> QuerySet[Any]:
        columns = self.get_search_fields(view, request) or ()
        matches = places.match_words(self.get_search_terms(request), columns, ("name", "values", "records", "reason"))
        return queryset.filter(*matches)


class RecordTypeFilter(filters.ChoiceFilter):
    def __init__(self, **kwargs: Any) -> None:
        told = {"invalid_choice": explain_type("%(value)s")}
        super().__init__(**{"choices": [(kind, kind) for kind in TYPES], "error_messages": told, **kwargs})


class RecordFilter(filters.FilterSet):
    state = filters.MultipleChoiceFilter(choices=STATES)
    problem = FlagFilter(method="with_problem", label="Conflict, drifted, failed, held or skipped")
    answer = filters.MultipleChoiceFilter(
        "dns_answer__result", choices=RecordAnswer.Result.choices, distinct=False, label="What the DNS servers answer"
    )
    source = filters.CharFilter("origin", label="The winner: Kind/namespace/name")
    changed_after = TimeFilter("changed_at", "gte")
    changed_before = TimeFilter("changed_at", "lt")
    type = RecordTypeFilter()
    owned = FlagFilter()
    kind = filters.ChoiceFilter(choices=KIND_CHOICES, method="of_kind", label="Of the winner")
    namespace = filters.CharFilter(method="of_namespace", label="Of the winner")
    value = filters.CharFilter(method="with_value", label="One of its values, as it is shown")

    class Meta:
        model = ManagedRecord
        fields = ("target", "zone", "name")

    def of_kind(self, rows: QuerySet[ManagedRecord], name: str, value: str) -> QuerySet[ManagedRecord]:
        return rows.filter(origin__startswith=f"{value}/")

    def of_namespace(self, rows: QuerySet[ManagedRecord], name: str, value: str) -> QuerySet[ManagedRecord]:
        return rows.filter(origin__contains=f"/{value}/")

    def with_value(self, rows: QuerySet[ManagedRecord], name: str, value: str) -> QuerySet[ManagedRecord]:
        return rows.filter(has_value({value, spell_address(value)}))

    def with_problem(self, rows: QuerySet[ManagedRecord], name: str, value: bool) -> QuerySet[ManagedRecord]:
        return rows.filter(state__in=PROBLEM_STATES) if value else rows.exclude(state__in=PROBLEM_STATES)


class SourceFilter(filters.FilterSet):
    lost = FlagFilter(method="with_lost", label="Does not get a name that it wants")
    silent = FlagFilter(method="without_names", label="Gives no name that is published")

    class Meta:
        model = Source
        fields = ("target", "kind", "namespace", "name")

    def with_lost(self, rows: QuerySet[Source], name: str, value: bool) -> QuerySet[Source]:
        return rows.filter(match_sources() if value else ~match_sources())

    def without_names(self, rows: QuerySet[Source], name: str, value: bool) -> QuerySet[Source]:
        return rows.filter(~places.gives_names() if value else places.gives_names())


class EntryFilter(filters.FilterSet):
    type = RecordTypeFilter()
    enabled = FlagFilter()
    lost = FlagFilter(method="with_lost", label="Has no effect, on a target at least: another claim has its name")
    target = filters.CharFilter(method="on_target", label="It is for this one, alone or with others")

    class Meta:
        model = CustomEntry
        fields = ("name", "type", "mode", "owner")

    def on_target(self, rows: QuerySet[CustomEntry], name: str, value: str) -> QuerySet[CustomEntry]:
        return rows.filter(match_covering(value))

    def with_lost(self, rows: QuerySet[CustomEntry], name: str, value: bool) -> QuerySet[CustomEntry]:
        return rows.filter(match_entries() if value else ~match_entries())


class AuditFilter(filters.FilterSet):
    after_id = filters.NumberFilter("id", "gt", label="Newer than this entry: for following what happens")
    after = TimeFilter("at", "gte")
    before = TimeFilter("at", "lt")

    class Meta:
        model = AuditEntry
        fields = ("target", "name", "zone", "type", "action", "actor", "source", "correlation")


class HoldFilter(filters.FilterSet):
    class Meta:
        model = HeldPlan
        fields = ("target", "zone", "status")


class FreezeFilter(filters.FilterSet):
    current = FlagFilter(method="with_current", label="Whether writes are held by it now")

    class Meta:
        model = WriteFreeze
        fields = ("target", "zone")

    def with_current(self, queryset: QuerySet[WriteFreeze], _: str, wanted: bool) -> QuerySet[WriteFreeze]:
        current = Q(ended_at=None) & (Q(until=None) | Q(until__gt=Now()))
        return queryset.filter(current if wanted else ~current)


class DriftFilter(filters.FilterSet):
    status = filters.MultipleChoiceFilter(choices=DriftFinding.Status.choices)
    source = filters.CharFilter("origin", label="Kind/namespace/name")
    found_after = TimeFilter("found_at", "gte")
    found_before = TimeFilter("found_at", "lt")

    class Meta:
        model = DriftFinding
        fields = ("target", "zone", "name", "type", "drift_type")


class RequestFilter(filters.FilterSet):
    waiting = FlagFilter("done_at", "isnull")

    class Meta:
        model = SyncRequest
        fields: ClassVar[Any] = ("action", "target", "zone", "name", "requested_by")
