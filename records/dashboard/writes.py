"""Holding all writes: the page on which it is set, and what every page says while it lasts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from records import operations
from records.dashboard.views import find_part, find_place, read_frame
from records.entry_values import managed_zones
from records.freezes import current_freezes
from records.models import SyncStatus, WriteFreeze
from records.targets import list_targets

HOLD = "records.add_writefreeze"

LENGTHS: Mapping[str, tuple[str, timedelta | None]] = {
    "10": ("10 minutes", timedelta(minutes=10)),
    "60": ("1 hour", timedelta(hours=1)),
    "": ("until released", None),
}
"""By the value of the field, in minutes."""


@require_safe
def show_writes(request: HttpRequest) -> HttpResponse:
    if find_part(request):  # the rest stays as it is, with what was typed
        answer = render(request, "dashboard/headline.html", read_frame())
        answer["HX-Retarget"], answer["HX-Reswap"] = "#headline", "outerMorph"
        return answer
    context = {
        **read_frame(),
        "title": "Hold all writes",
        "zones": sorted(managed_zones()),
        "targets": list(list_targets()),
        "lengths": [(value, words) for value, (words, _) in LENGTHS.items()],
    }
    return render(request, "dashboard/writes.html", context)


@require_safe
def show_freezes(request: HttpRequest) -> HttpResponse:
    """The banner alone, for scripts that look again."""
    return render(request, "dashboard/freezes.html", {**describe_freezes(), "back": find_place(request)})


def describe_freezes() -> dict[str, Any]:
    """What the banner shows: one query while nothing is held."""
    freezes = current_freezes()
    status = SyncStatus.read() if freezes else None
    return {"freezes": freezes, "names_waiting": status.queue if status else 0}


def hold_writes(actor: str, asked: QueryDict) -> tuple[WriteFreeze, str]:
    """What was set, and what is said of it. Raises ``ValidationError``."""
    minutes = asked.get("minutes", "10")
    if minutes not in LENGTHS:
        raise ValidationError("Choose for how long writes are to be held.")
    words, length = LENGTHS[minutes]
    zone, reason, target = (asked.get(field, "") for field in ("zone", "reason", "target"))
    freeze = operations.hold_writes(actor, length, zone, reason, target)
    where = _name_place(freeze)
    return freeze, f"All writes to {where} are held {'for ' if length else ''}{words}."


def resume_writes(actor: str, freeze: WriteFreeze) -> str:
    operations.resume_writes(actor, freeze)
    return f"Writes to {_name_place(freeze)} are resumed: what has waited is compared, as one plan."


def _name_place(freeze: WriteFreeze) -> str:
    return f"{freeze.zone or 'every zone'}{f' on {freeze.target}' if freeze.target else ''}"
