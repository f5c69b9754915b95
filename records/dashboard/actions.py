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
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
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
from records.custom_entries import delete_entry
from records.dashboard.needs import DECIDE
from records.dashboard.views import read_frame
from records.dashboard.writes import HOLD, hold_writes, resume_writes
from records.entry_names import note_entries
from records.models import AuditEntry, CustomEntry, DriftFinding, HeldPlan, ManagedRecord, WriteFreeze
from records.search import read_number
from records.targets import tell_target
from syncer.core.claims import Mode
from syncer.core.names import people_name

Row = TypeVar("Row", bound=Model)

UNDONE_BY: Mapping[str, str] = {
    "block": "unblock",
    "unblock": "block",
    "replace": "undo",
    "keep": "undo",
    "accept": "reopen",
    "restore": "unrestore",
    "hold writes": "resume writes",
}
"""Of actions that another one takes back, which is offered beside what is told of the first."""

Fields = Mapping[str, str]


class ButtonOutcome(NamedTuple):
    """What is said, and what of the fields ``name``, ``key`` and ``target`` the button has that takes it back; None
    where nothing does."""

    words: str
    undo: Fields | None = None


class AskedFirst(NamedTuple):
    title: str
    explanation: str
    label: str
    context: Mapping[str, Any] = {}


class ButtonTask(NamedTuple):
    """What a button is about. ``question`` is asked first, where there is one; ``carry_out`` is given the actor."""

    right: str
    carry_out: Callable[[str], ButtonOutcome]
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
    try:
        done = task.carry_out(request.user.get_username())
        undo = {} if done.undo is None else {"action": UNDONE_BY[request.POST["action"]], **done.undo}
        messages.success(request, done.words, extra_tags=urlencode(undo))
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
    if action == "unrestore":
        entry = _find_row(
            CustomEntry.objects.filter(mode=Mode.OVERRIDE, description__startswith=operations.RESTORED), key
        )
        return ButtonTask(EDIT, lambda actor: _take_restored(actor, entry)) if entry else None
    if action == "hold writes":
        return ButtonTask(HOLD, lambda actor: _hold_writes(actor, asked))
    if action == "resume writes":
        freeze = _find_row(WriteFreeze.objects.all(), key)
        return ButtonTask(HOLD, lambda actor: ButtonOutcome(resume_writes(actor, freeze))) if freeze else None
    if action in PLAN_ACTIONS:
        plan = _find_row(HeldPlan.objects.all(), key)
        return _decide_plan(action, plan, asked.getlist(CHOSEN)) if plan else None
    if key.startswith("drift-"):
        if action not in (*DRIFT_STEPS, "reopen"):
            raise PermissionDenied
        finding = _find_row(DriftFinding.objects.all(), key.removeprefix("drift-"))
        return _decide_drift(action, finding) if finding else None
    if action not in STEPS:
        raise PermissionDenied
    record = _find_row(ManagedRecord.objects.filter(name=name), key)
    return None if key and record is None else _take_step(action, name, record, target)


def _find_row(rows: QuerySet[Row], key: str) -> Row | None:
    number = read_number(key)
    return None if number is None else rows.filter(pk=number).first()


def _take_step(action: str, name: str, record: ManagedRecord | None, target: str) -> ButtonTask:
    step = STEPS[action]

    def carry_out(actor: str) -> ButtonOutcome:
        words = carry_out_step(actor, action, name, record, target)
        return ButtonOutcome(words, _take_back(action, name, record, target))

    if not step.question:
        return ButtonTask(step.right, carry_out)
    title = step.question.format(name_subject(name, record, target))
    try:
        exchange = show_exchange(action, record)
    except ValidationError:  # the operation says it to who goes on
        exchange = None
    return ButtonTask(step.right, carry_out, AskedFirst(title, step.explanation, step.label, {"exchange": exchange}))


def _take_back(action: str, name: str, record: ManagedRecord | None, target: str) -> Fields | None:
    """See ``ButtonOutcome``."""
    if action not in UNDONE_BY:
        return None
    if record is None or action != "accept":
        return {"name": name, "key": str(record.pk) if record else "", "target": target}
    place = {"target": record.target, "zone": record.zone, "name": name, "type": record.type}
    accepted = DriftFinding.objects.filter(**place, status=DriftFinding.Status.ACCEPTED).first()
    return {"key": f"drift-{accepted.pk}"} if accepted else None


def _decide_drift(action: str, finding: DriftFinding) -> ButtonTask:
    what = f"{finding.name} {finding.type}{tell_target(finding.target)}"
    if action == "reopen":
        return ButtonTask(OPERATE, lambda actor: _reopen_drift(actor, finding, what))
    step = STEPS[action]

    def carry_out(actor: str) -> ButtonOutcome:
        DRIFT_STEPS[action](actor, finding)
        undo = {"key": f"drift-{finding.pk}"} if action in UNDONE_BY else None
        return ButtonOutcome(DONE[action].format(what), undo)

    if not step.question:
        return ButtonTask(step.right, carry_out)
    exchange = operations.Exchange(finding.found, finding.expected or {})
    question = AskedFirst(step.question.format(what), step.explanation, step.label, {"exchange": exchange})
    return ButtonTask(step.right, carry_out, question)


def _reopen_drift(actor: str, finding: DriftFinding, what: str) -> ButtonOutcome:
    operations.reopen_drift(actor, finding)
    return ButtonOutcome(f"The drift of {what} is open again.")


def _restore_version(version: AuditEntry) -> ButtonTask:
    what = f"{people_name(version.name)} {version.type}{tell_target(version.target)}"

    def carry_out(actor: str) -> ButtonOutcome:
        entries = CustomEntry.objects.filter(name=version.name)
        before = set(entries.values_list("pk", flat=True))
        entry = operations.restore_version(actor, version)
        made = set(entries.values_list("pk", flat=True)) - before
        undo = {"key": str(entry.pk)} if made == {entry.pk} else None  # or what was there before would be missing
        return ButtonOutcome(f"{what} is being restored, as an override of every source.", undo)

    question = AskedFirst(
        f"Restore {what}?",
        "The version becomes a custom entry in mode override, which beats every source until it is deleted.",
        "Restore it",
        {"exchange": operations.show_restored(version)},
    )
    return ButtonTask(EDIT, carry_out, question)


def _take_restored(actor: str, entry: CustomEntry) -> ButtonOutcome:
    delete_entry(actor, entry)
    return ButtonOutcome(f"{entry} is not restored any more: its override is deleted.")


def _hold_writes(actor: str, asked: QueryDict) -> ButtonOutcome:
    freeze, words = hold_writes(actor, asked)
    return ButtonOutcome(words, {"key": str(freeze.pk)})


def _sync_zone(actor: str, name: str, target: str) -> ButtonOutcome:
    sync_requests.sync_now(actor, zone=name, target=target)
    return ButtonOutcome(f"{people_name(name)} is being compared with DNS{tell_target(target)}.")


def _sync_everything(actor: str) -> ButtonOutcome:
    sync_requests.sync_now(actor)
    return ButtonOutcome("Every zone is being compared with DNS.")


APPROVAL = (operations.approve_plan, "Approved: {}. The syncer deletes that now.")
REJECTION = (operations.reject_plan, "Rejected: {}. Nothing of that is deleted.")
PLAN_ACTIONS: Mapping[str, tuple[operations.Decide, str]] = {
    **dict.fromkeys(("approve", "approve chosen"), APPROVAL),
    **dict.fromkeys(("reject", "reject chosen"), REJECTION),
}


def _decide_plan(action: str, plan: HeldPlan, choices: list[str]) -> ButtonTask:
    """All of the plan, or what was chosen of it."""
    operation, done = PLAN_ACTIONS[action]
    is_part = action.endswith("chosen")
    chosen, is_stale = find_chosen(plan, choices) if is_part else (list(plan.deletes.all()), False)
    number = columns.count_noun(len(chosen), DELETES)
    where = f"{number} in {people_name(plan.zone)}{tell_target(plan.target)}"

    def carry_out(actor: str) -> ButtonOutcome:
        if is_stale:
            raise ValidationError(f"Nothing was decided. {CHANGED}")
        operation(actor, plan, [row.key for row in chosen] if is_part else None)
        return ButtonOutcome(done.format(where))

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
