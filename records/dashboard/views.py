"""The pages of the dashboard. What scripts ask anew of a page is a part of it, made by the same view."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from records.admin import columns
from records.admin.holds import group_deletes
from records.admin.names import describe_name
from records.admin.steps import check_right
from records.audit_tail import wait_settled
from records.dashboard.charts import read_charts
from records.dashboard.headline import judge_system, list_late_tasks
from records.dashboard.measures import read_calls, read_delays
from records.dashboard.needs import DECIDE, KINDS, UNENDING, Needs, name_page
from records.dashboard.passes import group_entries
from records.dashboard.system import list_waiting, list_watches, list_zones
from records.dashboard.table import read_page
from records.dashboard.timelines import read_timelines
from records.dashboard.vitals import list_servers, read_certificates, read_cluster
from records.entry_names import note_entries
from records.entry_values import managed_zones
from records.explain import count_states
from records.models import AuditEntry, HeldPlan, SyncRequest, SyncStatus
from records.search import find_everything, find_source, read_host
from syncer.core.names import BadName

VIEW = "records.view_managedrecord"
FIRST_NEEDS, MOST_NEEDS = 6, 200
FIRST_NAMES = 25
LAST_ENTRIES, PAST_ENTRIES = 20, 50
HOURS_APART = 18
"""Cells of a timeline between two times below it."""
SETTLING = 0.5
"""Seconds that a page waits for audit entries that are on the way."""

View = Callable[..., HttpResponse]


def guard_page(view: View) -> View:
    """For who may see the registry; others log in. A script that asks after a login ended loads its page anew."""

    guarded: View = admin.site.admin_view(_see_all(view))

    @wraps(view)
    def look(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.headers.get("HX-Request") and not admin.site.has_permission(request):
            return HttpResponse(status=401)
        return guarded(request, *args, **kwargs)

    return look


def _see_all(view: View) -> View:
    @wraps(view)
    def look(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        check_right(request, VIEW)
        return view(request, *args, **kwargs)

    return look


def find_place(request: HttpRequest) -> str:
    """The page that a script asks for, or of which it wants a part."""
    return request.headers.get("HX-Current-URL", "").partition(request.get_host())[2] or request.path


def read_frame() -> dict[str, Any]:
    """What every page shows: how the system is, and how much waits."""
    now, status, states = timezone.now(), SyncStatus.read(), count_states()
    needs = Needs(states, status)
    return {
        "now": now,
        "status": status,
        "states": states,
        "needs": needs,
        "headline": judge_system(status, states, needs.total, list_late_tasks(now), is_dry=settings.DRY_RUN),
        "record_count": sum(states.values()),
    }


def read_activity() -> dict[str, Any]:
    """The last passes, and the number from which the stream goes on: what comes twice then is shown once."""
    settled = wait_settled(0, SETTLING)
    last = list(AuditEntry.objects.order_by("-id")[:LAST_ENTRIES])
    note_entries(last)
    oldest = last[-1].pk if last else 1
    return {"passes": group_entries(last), "told": settled or oldest - 1}


def _show_past(request: HttpRequest, text: str) -> HttpResponse:
    """The passes up to a time, with which a script fills the list of what happened; "" is now."""
    entries = list(AuditEntry.objects.filter(at__lte=_read_time(text)).order_by("-at", "-id")[:PAST_ENTRIES])
    note_entries(entries)
    return render(request, "dashboard/passes.html", {"passes": group_entries(entries), "is_part": True})


def _read_time(text: str) -> datetime:
    """Raises ``BadRequest``, also for what is beyond all calendars in UTC."""
    with suppress(ValueError, OverflowError):
        moment = datetime.fromisoformat(text) if text else timezone.now()
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    raise BadRequest("There is no such time: give one as 2026-01-31T12:00:00Z.")


def find_part(request: HttpRequest) -> str:
    """The id of the element that a script wants anew; "" for the whole page."""
    return request.headers.get("HX-Target", "").partition("#")[2] if request.headers.get("HX-Request") else ""


@require_safe
def show_overview(request: HttpRequest) -> HttpResponse:
    if request.headers.get("HX-Request") and "until" in request.GET:
        return _show_past(request, request.GET["until"])
    if find_part(request) == "names":
        return render(request, "dashboard/names.html", {"names": read_page(request.GET, FIRST_NAMES)})
    frame = read_frame()
    context = {
        **frame,
        "names": read_page(request.GET, FIRST_NAMES, lambda: frame["states"]),
        "title": "Overview",
        "oldest": frame["needs"].list_oldest(request, FIRST_NEEDS),
        **read_activity(),
    }
    return render(request, _choose_template(request, "overview"), context)


@require_safe
def show_needs(request: HttpRequest) -> HttpResponse:
    kind = request.GET.get("kind", "")
    if kind not in ("", *KINDS):
        raise BadRequest(f"There is no such kind: choose one of {', '.join(KINDS)}.")
    frame = read_frame()
    oldest = frame["needs"].list_oldest(request, MOST_NEEDS, kind)
    of_kind = sum(count.number for count in frame["needs"].counts if kind in ("", count.key))
    context = {
        **frame,
        "title": "Needs you",
        "oldest": oldest,
        "chosen": kind,
        "admin_url": KINDS[kind].list_url if kind else "",
        "more": of_kind - len(oldest),
    }
    return render(request, _choose_template(request, "needs_page"), context)


def _choose_template(request: HttpRequest, page: str) -> str:
    return f"dashboard/{page}_board.html" if find_part(request) == "board" else f"dashboard/{page}.html"


@require_safe
def show_name(request: HttpRequest, name: str) -> HttpResponse:
    """As a page, or in a pane beside the list from which it was opened."""
    try:
        spelled = read_host(name)
    except BadName as error:
        context = {**read_frame(), "title": "No host name", "text": name[:300], "problem": str(error)}
        return render(request, "dashboard/no_name.html", context, status=404)
    if spelled != name:
        return redirect(name_page(spelled))
    context = describe_name(request, name)
    match find_part(request):
        case "answers":
            level = 3 if "level" in request.GET else 2
            return render(request, "dashboard/answers.html", {**context, "level": level})
        case "pane-body" | "name-page":
            return render(request, "dashboard/name.html", {**context, "in_pane": True, "level": 3})
    return render(request, _choose_template(request, "name_page"), {**read_frame(), **context})


@require_safe
def show_plan(request: HttpRequest, pk: int) -> HttpResponse:
    plan = HeldPlan.objects.with_deletes(0).filter(pk=pk).first()
    if plan is None:
        raise Http404
    groups = group_deletes(plan.deletes.all())
    note_entries(delete for group in groups for delete in group.deletes)
    asked = SyncRequest.objects.filter(plan=plan, done_at=None).order_by("id")
    context = {
        **read_frame(),
        "title": f"Held plan {plan.pk}",
        "plan": plan,
        "unending": f"{UNENDING}: it waits for someone, or until its names are wanted again." if plan.is_open else "",
        "groups": groups,
        "more": sum(group.number - len(group.deletes) for group in groups),
        "may_decide": plan.is_open and request.user.has_perm(DECIDE),
        "asked": asked,
        "end": "" if plan.is_open else plan.describe_end(),
    }
    return render(request, _choose_template(request, "plan"), context)


@require_safe
def show_system(request: HttpRequest) -> HttpResponse:
    frame = read_frame()
    status = frame["status"]
    zones = list_zones(status)
    lines = read_timelines([(row.target, row.zone) for row in zones if row.is_managed])
    context = {
        **frame,
        **list_waiting(),
        "title": "System",
        "zones": zones,
        "lines": lines,
        "hours": lines[0].starts[::HOURS_APART] if lines else (),
        "watches": list_watches(status),
        "servers": list_servers(status),
        "cluster": read_cluster(status),
        "certificates": read_certificates(status),
        "charts": [*read_charts(), *read_calls()],
        "delays": read_delays(),
        "version": settings.VERSION,
        "owner_id": settings.MANAGED.owner_id,
        "dry_run": settings.DRY_RUN,
    }
    return render(request, _choose_template(request, "system"), context)


@require_safe
def find_text(request: HttpRequest) -> HttpResponse:
    """Straight to the page of a name or object that is spelled out; else to all that has the text in it."""
    text = request.GET.get("q", "").strip()[:1000]
    if not text:
        return redirect("dashboard:overview")
    if source := find_source(text):
        return redirect(columns.admin_url("source_change", source.pk))
    found = find_everything(text, managed_zones())
    if found.is_name_alone:
        return redirect(name_page(found.name))
    return render(
        request,
        _choose_template(request, "find"),
        {**read_frame(), "title": f"Find {text}", "text": text, "found": found},
    )
