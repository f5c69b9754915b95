"""Filters that are questions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.options import ModelAdmin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from records import places
from records.admin import columns
from records.answer_models import TROUBLE_RESULTS, RecordAnswer
from records.audit import SYNCER, TROUBLE, Action
from records.entry_targets import match_covering
from records.entry_values import managed_zones
from records.explain import PROBLEM_STATES
from records.lost_claims import match_entries, match_sources
from records.models import CURRENT_STATUSES, DriftFinding, HeldPlan
from records.targets import list_ever_known
from syncer.core.kinds import GIVING_NAMES
from syncer.core.known import RecordState
from syncer.core.rdata import TYPES


def start_of_day() -> datetime:
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)


def last_hour() -> datetime:
    return timezone.now() - timedelta(hours=1)


class Question(admin.SimpleListFilter):
    """``answers`` by key of the address: the question, and what makes it true."""

    title = "question"
    template = "admin/question_filter.html"
    parameter_name = "show"
    answers: ClassVar[Mapping[str, tuple[str, Callable[[], Q]]]] = {}

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [(key, question) for key, (question, _) in self.answers.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.answers.get(self.value() or "")
        return queryset.filter(chosen[1]()) if chosen else queryset


class RecordQuestion(Question):
    answers: ClassVar = {
        "problem": ("has a problem", lambda: Q(state__in=PROBLEM_STATES)),
        "today": ("changed today", lambda: Q(changed_at__gte=start_of_day())),
        "fought": ("is wanted by several", lambda: Q(is_contested=True) | Q(state=RecordState.CONFLICT)),
        "foreign": ("is foreign", lambda: Q(state__in=(RecordState.FOREIGN, RecordState.CONFLICT))),
    }


class SourceQuestion(Question):
    answers: ClassVar = {
        "mute": ("gives no names", lambda: ~places.gives_names()),
        "skipped": ("has names that are not published", places.skips_names),
        "lost": ("does not get a name that it wants", match_sources),
        "warned": ("has warnings", places.is_warned),
        "today": ("changed today", lambda: Q(seen_at__gte=start_of_day())),
    }


class EntryQuestion(Question):
    answers: ClassVar = {
        "on": ("is in force", lambda: Q(enabled=True)),
        "off": ("is disabled", lambda: Q(enabled=False)),
        "lost": ("has no effect", match_entries),
        "today": ("changed today", lambda: Q(updated_at__gte=start_of_day())),
    }


class AuditQuestion(Question):
    answers: ClassVar = {
        "hour": ("happened in the last hour", lambda: Q(at__gte=last_hour())),
        "today": ("happened today", lambda: Q(at__gte=start_of_day())),
        "people": ("was done by a person or token", lambda: ~Q(actor=SYNCER)),
        "trouble": ("went wrong", lambda: Q(action__in=TROUBLE)),
    }


class RequestQuestion(Question):
    answers: ClassVar = {
        "waiting": ("waits for the syncer", lambda: Q(done_at=None)),
        "today": ("was made today", lambda: Q(created_at__gte=start_of_day())),
    }


class PlanQuestion(Question):
    answers: ClassVar = {
        "open": ("waits for a decision", lambda: Q(status=HeldPlan.Status.OPEN)),
        "today": ("was held today", lambda: Q(created_at__gte=start_of_day())),
    }


class DriftQuestion(Question):
    answers: ClassVar = {
        "open": ("waits for a decision", lambda: Q(status=DriftFinding.Status.OPEN)),
        "current": ("holds now", lambda: Q(status__in=CURRENT_STATUSES)),
        "today": ("was found today", lambda: Q(found_at__gte=start_of_day())),
    }


class ZoneFilter(admin.SimpleListFilter):
    """From the settings: finding the distinct zones of a hundred thousand rows is slow."""

    title = "zone"
    parameter_name = "zone"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [(zone, zone) for zone in managed_zones()]

    def has_output(self) -> bool:
        return len(self.lookup_choices) > 1

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(zone=self.value()) if self.value() else queryset


def read_known(request: HttpRequest) -> Mapping[str, bool]:
    """See ``list_ever_known``; asked once for each page."""
    known: Mapping[str, bool] | None = getattr(request, "known_targets", None)
    if known is None:
        known = request.known_targets = list_ever_known()  # type: ignore[attr-defined]
    return known


class TargetFilter(admin.SimpleListFilter):
    """Shown where there are several."""

    title = "target"
    parameter_name = "target"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [(target, columns.name_target(target, is_known)) for target, is_known in read_known(request).items()]

    def has_output(self) -> bool:
        return len(self.lookup_choices) > 1

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(self.match(self.value() or "")) if self.value() else queryset

    def match(self, target: str) -> Q:
        return Q(target=target)


class EntryTargetFilter(TargetFilter):
    """Of entries, which may be for several."""

    def match(self, target: str) -> Q:
        return match_covering(target)


class TypeFilter(admin.SimpleListFilter):
    title = "type"
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [(kind, kind) for kind in TYPES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(type=self.value()) if self.value() else queryset


ANY_TROUBLE = "trouble"


class AnswerFilter(admin.SimpleListFilter):
    title = "what DNS answers"
    parameter_name = "answer"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [(ANY_TROUBLE, "wrong or unanswered"), *RecordAnswer.Result.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        results = TROUBLE_RESULTS if self.value() == ANY_TROUBLE else (self.value(),)
        return queryset.filter(dns_answer__result__in=results) if self.value() else queryset


class KindFilter(admin.SimpleListFilter):
    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [(kind, kind) for kind in GIVING_NAMES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


class ActionFilter(admin.SimpleListFilter):
    title = "action"
    parameter_name = "action_is"  # `action` is the name of the field that posts an action of the list

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [(action.value, action.label) for action in Action]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(action=self.value()) if self.value() else queryset
