"""The admin site: who may log in, and the start page with its overview."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import Resolver404, URLPattern, URLResolver, path, resolve, reverse
from django.views.decorators.http import require_POST

ORDER = (
    "ManagedRecord",
    "Source",
    "CustomEntry",
    "AuditEntry",
    "DriftFinding",
    "HeldPlan",
    "SyncRequest",
    "SyncStatus",
)
CALLED = {"auth": "Users and roles", "knox": "API", "Group": "Roles", "AuthToken": "API tokens"}
"""What the apps and models of others are called here."""
START = "dashboard:overview"
BUTTONS = ("admin:sync_now", "admin:logout", "dashboard:do")
"""Addresses that only take what a button sends."""


class RegistrySite(AdminSite):
    site_header = site_title = "Catalyst DNS Sync"
    index_title = "Overview"
    login_form = AuthenticationForm  # a role is enough to log in: Django's own form asks for is_staff
    site_url = None

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return user.is_active and (user.is_staff or user.has_perm("records.view_managedrecord"))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        from records.logins.throttle import throttle_login

        if request.method == "GET" and self.has_permission(request):
            return redirect(START)
        given = {} if {"next"} & {*request.GET, *request.POST} else {"next": reverse(START)}
        view = partial(super().login, request, {**given, **(extra_context or {})})
        answer: HttpResponse = throttle_login(request, request.POST.get("username", ""), view)
        return self._mend_way(answer) if answer.status_code == 302 else answer

    def _mend_way(self, answer: HttpResponse) -> HttpResponse:
        """Whoever was logged out before a button was pressed would end on an address that shows no page."""
        try:
            match = resolve(urlsplit(answer["Location"]).path)
        except Resolver404:
            return redirect(START)
        if match.view_name == "admin:do_step":
            return redirect(reverse("admin:name", kwargs=match.kwargs))
        return redirect(START) if match.view_name in BUTTONS else answer

    def password_change(  # type: ignore[override] # the stubs know the page of the form alone
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Throttled too: who finds an open session does not know the password that it asks for, and might guess."""
        from records.logins.throttle import throttle_login

        return throttle_login(
            request, request.user.get_username(), partial(super().password_change, request, extra_context)
        )

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """What people need most often comes first."""
        apps = super().get_app_list(request, app_label)
        for app in apps:
            app["name"] = CALLED.get(app["app_label"], app["name"])
            for model in app["models"]:
                model["name"] = CALLED.get(model["object_name"], model["name"])
            app["models"].sort(key=lambda model: ORDER.index(name) if (name := model["object_name"]) in ORDER else 99)
        return sorted(apps, key=lambda app: app["app_label"] != "records")

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """No page is at an address with a NUL in its query: PostgreSQL takes none in a text, and would fail at it."""

        @wraps(view)
        def look(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if any("\0" in text for _, texts in request.GET.lists() for text in texts):
                raise Http404
            answer: HttpResponse = view(request, *args, **kwargs)
            return answer

        return super().admin_view(look, cacheable)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        from records.admin import names, steps
        from records.admin.exchange import show_exchange
        from records.admin.previews import show_preview

        view: Callable[..., HttpResponse] = self.admin_view(require_POST(self.sync_now))
        return [
            path("sync-now/", view, name="sync_now"),
            path("exchange/", self.admin_view(show_exchange), name="exchange"),
            path("preview/", self.admin_view(show_preview), name="preview"),
            path("find/", self.admin_view(names.find_text), name="find"),
            path("names/<path:name>/do/", self.admin_view(steps.do_step), name="do_step"),
            path("names/<path:name>/", self.admin_view(names.show_name), name="name"),
            *super().get_urls(),
        ]

    def sync_now(self, request: HttpRequest) -> HttpResponse:
        from records import sync_requests

        if not request.user.has_perm("records.add_syncrequest"):
            raise PermissionDenied
        sync_requests.sync_now(request.user.get_username())
        messages.success(request, "Every zone is being compared with DNS.")
        return redirect("admin:index")

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        shown = read_overview() if request.user.has_perm("records.view_managedrecord") else {}
        return super().index(request, {**shown, **(extra_context or {})})


def read_overview() -> dict[str, Any]:
    """What the start page shows, in nine queries."""
    from records.admin.columns import state_word
    from records.answer_models import TROUBLE_RESULTS
    from records.answer_rows import explain_pause, sum_answers
    from records.entry_names import note_entries
    from records.explain import PROBLEM_STATES, count_states
    from records.lost_claims import match_entries, match_sources
    from records.models import (
        AuditEntry,
        CustomEntry,
        DriftFinding,
        HeldPlan,
        Source,
        SourceName,
        SyncRequest,
        SyncStatus,
    )
    from records.places import is_warned
    from syncer.core.known import RecordState

    status = SyncStatus.read()
    counts = count_states()
    sources = Source.objects.aggregate(all=Count("id"), warned=Count("id", filter=is_warned()))
    answers = sum_answers()
    givers = SourceName.objects.filter(values__isnull=False).aggregate(count=Count("source", distinct=True))
    last_changes = list(AuditEntry.objects.all()[:12])
    note_entries(last_changes)
    return {
        "status": status,
        "silent": status is not None and status.is_silent,
        "record_count": sum(counts.values()),
        "problem_count": sum(counts.get(state, 0) for state in PROBLEM_STATES),
        "states": [
            (state.value, state_word(state.value), counts[state.value]) for state in RecordState if state in counts
        ],
        "problems": status.list_problems() if status else [],
        "warnings": [] if status is None or status.is_silent else list(status.warnings or ()),
        "lost_sources": Source.objects.filter(match_sources()).count(),
        "lost_entries": CustomEntry.objects.filter(match_entries()).count(),
        "source_counts": sources | {"mute": sources["all"] - givers["count"]},
        "asking_pause": explain_pause(status),
        "misanswered_count": sum(answers[result] for result in TROUBLE_RESULTS),
        "kept_count": counts.get(RecordState.KEPT, 0),
        "drift_count": DriftFinding.objects.filter(status=DriftFinding.Status.OPEN).count(),
        "held_plans": HeldPlan.objects.with_deletes(0).filter(status=HeldPlan.Status.OPEN),
        "waiting": SyncRequest.objects.filter(done_at=None).count(),
        "last_changes": last_changes,
    }
