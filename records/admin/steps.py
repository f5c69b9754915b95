"""What can be done on the page of a name: its buttons, the question before, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST

from records import custom_entries, operations, sync_requests
from records.admin import columns
from records.entry_targets import UNSAID
from records.models import CURRENT_STATUSES, CustomEntry, DriftFinding, ManagedRecord
from records.operations import Exchange
from records.search import read_number
from records.targets import tell_target
from syncer.core.claims import Mode
from syncer.core.known import RecordState
from syncer.core.names import people_name
from syncer.core.rdata import TYPES

CHANGED = "What this was about has changed since: this is how it is now."

OPERATE = "records.add_syncrequest"
EDIT = "records.add_customentry"


class NameStep(NamedTuple):
    """What can be done on the page. ``question`` is asked first, with ``explanation``; "" where it is done at once."""

    label: str
    right: str
    question: str = ""
    explanation: str = ""


STEPS = {
    "sync": NameStep("Sync now", OPERATE),
    "block": NameStep(
        "Block this name",
        EDIT,
        "Block {}?",
        "Our records at the name are deleted, and nothing is published there until it is unblocked.",
    ),
    "unblock": NameStep("Unblock", EDIT),
    "replace": NameStep(
        "Replace with ours",
        OPERATE,
        "Replace the foreign record at {}?",
        "The record becomes ours. What is there now is remembered, its comment included, and can be put back.",
    ),
    "keep": NameStep(
        "Keep theirs",
        EDIT,
        "Keep the foreign record at {}, as ours?",
        "A custom entry in mode override gets its values, all of them enabled, and the record our mark. This can be"
        " undone.",
    ),
    "undo": NameStep(
        "Put back what was replaced",
        OPERATE,
        "Put back what was at {}?",
        "The record is not ours any more afterwards.",
    ),
    "release": NameStep(
        "Release (keep the DNS record)",
        OPERATE,
        "Give up {}?",
        "It stays in DNS as it is. From then on we neither update nor delete it.",
    ),
    "delete": NameStep(
        "Delete from DNS",
        OPERATE,
        "Delete {} from DNS?",
        "It comes back with the next full pass for as long as a source or entry wants the name. Block the name instead"
        " to keep it out of DNS.",
    ),
    "remove": NameStep(
        "Remove now",
        OPERATE,
        "Remove {} from DNS now?",
        "It is kept although no claim asks for it as it is now. What its object asks for in its place is"
        " written at once; it is published again as soon as it may be.",
    ),
    "remediate": NameStep(
        "Remediate the drift",
        OPERATE,
        "Remediate {}?",
        "What the claims ask for overwrites what DNS holds, changes of others included.",
    ),
    "accept": NameStep("Accept the drift", OPERATE),
}


class Button(NamedTuple):
    """``key`` is of the record that it is about, "" for the name itself."""

    action: str
    label: str
    key: str


def list_steps(record: ManagedRecord, finding: DriftFinding | None, *, can_undo: bool) -> Sequence[str]:
    steps = []
    if record.state in (RecordState.FOREIGN, RecordState.CONFLICT) and record.foreign:
        steps.append("replace")
        if record.type in TYPES:
            steps.append("keep")
    if finding is not None:
        steps += ["remediate", "accept"] if finding.is_open else ["remediate"]
    if can_undo:
        steps.append("undo")
    if record.owned:
        steps += ["release", "remove" if record.state == RecordState.KEPT else "delete"]
    return steps


def list_name_buttons(request: HttpRequest, entries: Sequence[CustomEntry]) -> list[Button]:
    """Of the name itself, which lies in a zone."""
    is_blocked = any(entry.mode == Mode.BLOCK and entry.enabled for entry in entries)
    return make_buttons(request, ["sync", "unblock" if is_blocked else "block"], "")


def make_buttons(request: HttpRequest, actions: Sequence[str], key: str) -> list[Button]:
    return [
        Button(action, STEPS[action].label, key) for action in actions if request.user.has_perm(STEPS[action].right)
    ]


@require_POST
def do_step(request: HttpRequest, name: str) -> HttpResponse:
    """Carry out one button, after a question where it is one that cannot simply be taken back."""
    action = request.POST.get("action", "")
    step = STEPS.get(action)
    if step is None:
        raise PermissionDenied
    check_right(request, step.right)
    key = request.POST.get("record", "")
    record = ManagedRecord.objects.filter(pk=number, name=name).first() if (number := read_number(key)) else None
    target = record.target if record else request.POST.get("target", "")
    back = redirect(columns.name_url(name, **({"target": target} if target else {})))
    if key and record is None:  # someone else was quicker
        messages.warning(request, CHANGED)
        return back
    try:
        if step.question and "confirmed" not in request.POST:
            return _ask_first(request, name, record, action, target)
        done = carry_out_step(request.user.get_username(), action, name, record, target)
    except ValidationError as error:
        messages.warning(request, " ".join(error.messages))
        return back
    messages.success(request, done)
    return back


def _ask_first(request: HttpRequest, name: str, record: ManagedRecord | None, action: str, target: str) -> HttpResponse:
    """What is there and what will be, side by side."""
    step = STEPS[action]
    context = {
        **admin.site.each_context(request),
        "title": step.question.format(name_subject(name, record, target)),
        "explanation": step.explanation,
        "exchange": show_exchange(action, record),
        "action": action,
        "record": record,
        "name": name,
        "target": target,
        "label": step.label,
    }
    return TemplateResponse(request, "admin/confirm_name.html", context)


def name_subject(name: str, record: ManagedRecord | None, target: str = "") -> str:
    """What a button is about: the record, or the name itself on the target, "" for the only one."""
    place = record.target if record else target
    return f"{record or people_name(name)}{tell_target(place)}"


def show_exchange(action: str, record: ManagedRecord | None) -> Exchange | None:
    if record is None:
        return None
    match action:
        case "replace":
            return operations.show_replacement(record)
        case "keep":
            return operations.show_keeping(record)
        case "undo":
            return operations.show_undo(operations.find_replacement(record))
        case "delete" | "remove":
            return Exchange(record.data, {})
    return None


def carry_out_step(actor: str, action: str, name: str, record: ManagedRecord | None, target: str = "") -> str:
    """Returns what is said of it. ``target``: where it is done with the name itself, "" for the only one. Raises
    ``ValidationError``."""
    if record is None:
        place = tell_target(target)
        match action:
            case "sync":
                sync_requests.sync_now(actor, name=name, target=target)
                return f"The name is being compared with DNS{place}."
            case "block":
                custom_entries.block_name(actor, name, target or UNSAID)
                return f"The name is blocked{place}. The button that unblocks it is below."
            case "unblock":
                custom_entries.unblock_name(actor, name, target or UNSAID)
                return f"The name is not blocked any more{place}."
        raise ValidationError("Nothing was chosen that this could be done with.")
    if action in DRIFT_STEPS:
        finding = DriftFinding.objects.filter(
            target=record.target, zone=record.zone, name=name, type=record.type, status__in=CURRENT_STATUSES
        ).first()
        if finding is None:
            raise ValidationError("The drift is over.")
        DRIFT_STEPS[action](actor, finding)
    elif action == "undo":
        operations.undo_replacement(actor, operations.find_replacement(record))
    elif action in RECORD_STEPS:
        RECORD_STEPS[action](actor, record)
    else:
        raise ValidationError("That is done with a name, and not with one of its records.")
    return DONE[action].format(name_subject(name, record))


DRIFT_STEPS: dict[str, Callable[[str, DriftFinding], object]] = {
    "remediate": operations.remediate_drift,
    "accept": operations.accept_drift,
}

RECORD_STEPS: dict[str, Callable[[str, ManagedRecord], object]] = {
    "replace": operations.replace_record,
    "keep": operations.keep_theirs,
    "release": operations.release_record,
    "delete": operations.delete_from_dns,
    "remove": operations.remove_kept,
}

DONE = {
    "replace": "{} is being replaced: what was there can be put back.",
    "keep": "{} is being kept as it is, as ours: that can be undone.",
    "undo": "What was at {} is being put back.",
    "release": "{} is being released.",
    "delete": "{} is being deleted from DNS. Its history, below, can restore it.",
    "remove": "{} is being removed from DNS. Its history, below, can restore it.",
    "remediate": "{} is being remediated.",
    "accept": "The drift of {} is accepted: it stays as it is.",
}


def check_right(request: HttpRequest, right: str) -> None:
    if not request.user.has_perm(right):
        raise PermissionDenied
