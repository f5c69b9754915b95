"""What the buttons of the dashboard do: what those of the admin do, and back to where one was.

Without scripts a button leads to a page that asks, and from there back. With them the question comes up in a dialog,
and what was done is told where one is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from records import operations, sync_requests
from records.admin import columns
from records.admin.holds import CHOSEN, DELETES, find_chosen, group_deletes
from records.admin.steps import (
    CHANGED,
    DONE,
    DRIFT_STEPS,
    EDIT,
    OPERATE,
    STEPS,
    carry_out_step,
    check_right,
    name_subject,
    show_exchange,
)
from records.dashboard.needs import DECIDE
from records.dashboard.views import read_frame
from records.dashboard.writes import HOLD, hold_writes, resume_writes
from records.entry_names import note_entries
from records.models import AuditEntry, DriftFinding, HeldPlan, ManagedRecord, WriteFreeze
from records.search import read_number
from records.targets import tell_target
from syncer.core.names import people_name

Row = TypeVar("Row", bound=Model)

UNDONE_BY: Mapping[str, str] = {"block": "unblock", "unblock": "block"}
"""Of actions on a name that another one takes back, which is offered beside what is told of the first."""


class AskedFirst(NamedTuple):
    title: str
    explanation: str
    label: str
    context: Mapping[str, Any] = {}


class ButtonTask(NamedTuple):
    """What a button is about. ``question`` is asked first, where there is one; ``carry_out`` returns what is said."""

    right: str
    carry_out: Callable[[str], str]
    question: AskedFirst | None = None


@require_POST
def take_action(request: HttpRequest) -> HttpResponse:
    task = _find_task(request.POST)
    if task is None:
        messages.warning(request, CHANGED)
        return _go_back(request)
    check_right(request, task.right)
    if task.question is not None and "confirmed" not in request.POST:
        return _ask_first(request, task.question)
    action, name, target = request.POST["action"], request.POST.get("name", ""), request.POST.get("target", "")
    undo = f"{UNDONE_BY[action]} {name} {target}".rstrip() if action in UNDONE_BY else ""
    try:
        messages.success(request, task.carry_out(request.user.get_username()), extra_tags=undo)
    except ValidationError as error:
        messages.warning(request, " ".join(error.messages))
    return _go_back(request)


def _find_task(asked: QueryDict) -> ButtonTask | None:
    """None where what it was about is gone. Raises ``PermissionDenied`` for what there is not, ``BadRequest`` for what
    no database has."""
    if any("\0" in text for _, texts in asked.lists() for text in texts):
        raise BadRequest("There is a NUL in the form.")
    action, name, key, target = (asked.get(field, "") for field in ("action", "name", "key", "target"))
    if action == "sync everything":
        return ButtonTask(OPERATE, _sync_everything)
    if action == "sync zone":
        return ButtonTask(OPERATE, lambda actor: _sync_zone(actor, name, target))
    if action == "restore":
        version = _find_row(AuditEntry.objects.all(), key)
        return _restore_version(version) if version else None
    if action == "hold writes":
        return ButtonTask(HOLD, lambda actor: hold_writes(actor, asked))
    if action == "resume writes":
        freeze = _find_row(WriteFreeze.objects.all(), key)
        return ButtonTask(HOLD, lambda actor: resume_writes(actor, freeze)) if freeze else None
    if action in PLAN_ACTIONS:
        plan = _find_row(HeldPlan.objects.all(), key)
        return _decide_plan(action, plan, asked.getlist(CHOSEN)) if plan else None
    if action not in STEPS:
        raise PermissionDenied
    if key.startswith("drift-"):
        if action not in DRIFT_STEPS:
            raise PermissionDenied
        finding = _find_row(DriftFinding.objects.all(), key.removeprefix("drift-"))
        return _decide_drift(action, finding) if finding else None
    record = _find_row(ManagedRecord.objects.filter(name=name), key)
    return None if key and record is None else _take_step(action, name, record, target)


def _find_row(rows: QuerySet[Row], key: str) -> Row | None:
    number = read_number(key)
    return None if number is None else rows.filter(pk=number).first()


def _take_step(action: str, name: str, record: ManagedRecord | None, target: str) -> ButtonTask:
    step = STEPS[action]

    def carry_out(actor: str) -> str:
        return carry_out_step(actor, action, name, record, target)

    if not step.question:
        return ButtonTask(step.right, carry_out)
    title = step.question.format(name_subject(name, record, target))
    try:
        exchange = show_exchange(action, record)
    except ValidationError:  # the operation says it to who goes on
        exchange = None
    return ButtonTask(step.right, carry_out, AskedFirst(title, step.explanation, step.label, {"exchange": exchange}))


def _decide_drift(action: str, finding: DriftFinding) -> ButtonTask:
    step, what = STEPS[action], f"{finding.name} {finding.type}{tell_target(finding.target)}"

    def carry_out(actor: str) -> str:
        DRIFT_STEPS[action](actor, finding)
        return DONE[action].format(what)

    if not step.question:
        return ButtonTask(step.right, carry_out)
    exchange = operations.Exchange(finding.found, finding.expected or {})
    question = AskedFirst(step.question.format(what), step.explanation, step.label, {"exchange": exchange})
    return ButtonTask(step.right, carry_out, question)


def _restore_version(version: AuditEntry) -> ButtonTask:
    what = f"{people_name(version.name)} {version.type}{tell_target(version.target)}"

    def carry_out(actor: str) -> str:
        operations.restore_version(actor, version)
        return f"{what} is being restored, as an override of every source."

    question = AskedFirst(
        f"Restore {what}?",
        "The version becomes a custom entry in mode override, which beats every source until it is deleted.",
        "Restore it",
        {"exchange": operations.show_restored(version)},
    )
    return ButtonTask(EDIT, carry_out, question)


def _sync_zone(actor: str, name: str, target: str) -> str:
    sync_requests.sync_now(actor, zone=name, target=target)
    return f"{people_name(name)} is being compared with DNS{tell_target(target)}."


def _sync_everything(actor: str) -> str:
    sync_requests.sync_now(actor)
    return "Every zone is being compared with DNS."


PLAN_ACTIONS: Mapping[str, tuple[operations.Decide, str]] = {
    "approve": (operations.approve_plan, "approved: it goes"),
    "reject": (operations.reject_plan, "rejected: it stays"),
    "approve chosen": (operations.approve_plan, "approved: it goes"),
    "reject chosen": (operations.reject_plan, "rejected: it stays"),
}


def _decide_plan(action: str, plan: HeldPlan, choices: list[str]) -> ButtonTask:
    """All of the plan, or what was chosen of it."""
    operation, done = PLAN_ACTIONS[action]
    is_part = action.endswith("chosen")
    chosen, is_stale = find_chosen(plan, choices) if is_part else (list(plan.deletes.all()), False)
    number = columns.count_noun(len(chosen), DELETES)
    where = f"{number} in {people_name(plan.zone)}{tell_target(plan.target)}"

    def carry_out(actor: str) -> str:
        if is_stale:
            raise ValidationError(f"Nothing was decided. {CHANGED}")
        operation(actor, plan, [row.key for row in chosen] if is_part else None)
        return f"{where}: {done}."

    if action.startswith("reject") or is_stale or not (chosen and plan.is_open):
        return ButtonTask(DECIDE, carry_out)
    groups = group_deletes(plan.deletes.filter(pk__in=[row.pk for row in chosen]) if is_part else plan.deletes.all())
    note_entries(delete for group in groups for delete in group.deletes)
    explanation = "These records are deleted from DNS" + ("; the rest of the plan stays held." if is_part else ".")
    context = {"groups": groups, "chosen": choices}
    return ButtonTask(DECIDE, carry_out, AskedFirst(f"Approve {where}?", explanation, "Approve: delete them", context))


def _ask_first(request: HttpRequest, question: AskedFirst) -> HttpResponse:
    asked = {field: request.POST.get(field, "") for field in ("action", "name", "key", "target")}
    context = {"question": question, "asked": asked, "back": _find_way_back(request), **question.context}
    if request.headers.get("HX-Request"):
        return render(request, "dashboard/question.html", context)
    return render(request, "dashboard/ask.html", {**read_frame(), **context, "title": question.title})


def _go_back(request: HttpRequest) -> HttpResponse:
    if not request.headers.get("HX-Request"):
        return redirect(_find_way_back(request))
    answer = render(request, "dashboard/messages.html")
    answer["HX-Retarget"], answer["HX-Reswap"], answer["HX-Trigger"] = "#messages", "innerHTML", "refresh"
    return answer


def _find_way_back(request: HttpRequest) -> str:
    """Never to another host."""
    path = request.POST.get("back", "")
    here = {request.get_host()}
    if path.startswith("/") and url_has_allowed_host_and_scheme(path, here, require_https=request.is_secure()):
        return path
    return reverse("dashboard:overview")
