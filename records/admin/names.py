"""The page of a name, published or not, and the search that leads to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_GET

from records.admin import columns
from records.admin.asking import AskedServers, ask_servers
from records.admin.base import list_history
from records.admin.claims import list_name_claims
from records.admin.steps import EDIT, Button, check_right, list_name_buttons, list_steps, make_buttons
from records.audit import CHANGES
from records.entry_values import managed_zones
from records.explain import explain_name
from records.kept import find_end
from records.models import (
    CURRENT_STATUSES,
    AuditEntry,
    CustomEntry,
    DriftFinding,
    ManagedRecord,
    Replacement,
)
from records.resolve import Answer, Query
from records.search import find_everything, find_source, read_host
from records.targets import find_servers
from syncer.core.claims import Mode
from syncer.core.names import BadName, people_name, zone_of

ADDRESS_TYPES = ("A", "AAAA", "CNAME")


class TypeRow(NamedTuple):
    """One type at the name. ``answers`` are those of the servers that were asked now."""

    type: str
    record: ManagedRecord | None
    until: Any
    answers: list[str]
    buttons: list[Button]


@require_GET
def find_text(request: HttpRequest) -> HttpResponse:
    """Straight to the page of a name or object that is spelled out; else to all that has the text in it."""
    check_right(request, "records.view_managedrecord")
    text = request.GET.get("q", "").strip()[:1000]
    if not text:
        return redirect("admin:index")
    if source := find_source(text):
        return redirect(columns.admin_url("source_change", source.pk))
    found = find_everything(text, managed_zones())
    if found.is_name_alone:
        return redirect(columns.name_url(found.name))
    context = {**admin.site.each_context(request), "title": f"Find {text}", "text": text, "found": found}
    return TemplateResponse(request, "admin/find.html", context)


@require_GET
def show_name(request: HttpRequest, name: str) -> HttpResponse:
    check_right(request, "records.view_managedrecord")
    try:
        spelled = read_host(name)
    except BadName as error:
        context = {
            **admin.site.each_context(request),
            "title": "No host name",
            "text": name[:300],
            "problem": str(error),
        }
        return TemplateResponse(request, "admin/no_name.html", context, status=404)
    if spelled != name:
        return redirect(columns.name_url(spelled))
    context = {**admin.site.each_context(request), **describe_name(request, name)}
    if context["refused"]:
        messages.warning(request, context["refused"])
    return TemplateResponse(request, "admin/name.html", context)


def describe_name(request: HttpRequest, name: str) -> dict[str, Any]:
    """What a page of the name shows, and the buttons for this user. The DNS servers are asked where the address says
    ``ask``."""
    explanation = explain_name(name, request.GET.get("target", ""))
    target = explanation["target"]
    of_target = {"name": name, "target__in": ("", target)}
    records = list(ManagedRecord.objects.filter(name=name, target=target).prefetch_related("dns_answer"))
    entries = list(CustomEntry.objects.filter(**of_target))
    history = list_history(AuditEntry.objects.filter(**of_target))
    told = _ask_about(request, name, target, records, history) if "ask" in request.GET else AskedServers(None)
    asked = told.answers
    fought = [record for record in records if record.origin or record.losers]
    return {
        "title": people_name(name),
        "name": name,
        "target": target,
        "targets": _list_others(name, target, explanation["targets"]),
        "explanation": explanation,
        "records": records,
        "states": sorted({record.state for record in records}),
        "rows": _list_rows(request, records, asked or []),
        "servers": find_servers(target) if explanation["zone"] else [],
        "asked": asked,
        "asked_age": told.age,
        "refused": told.refused,
        "claims": list_name_claims(fought),
        "open_claims": _list_open_claims(explanation, fought),
        "buttons": list_name_buttons(request, entries) if explanation["zone"] else [],
        "entries": entries,
        "history": history,
        "may_edit": request.user.has_perm(EDIT),
        "override_url": override_url(name, target, records[0] if len(records) == 1 else None),
        "restorable": CHANGES,
    }


def _list_others(name: str, target: str, managing: Sequence[str]) -> list[str]:
    """The other targets that manage the name, and those on which something is known of it."""
    known = ManagedRecord.objects.filter(name=name).order_by("target").values_list("target", flat=True).distinct()
    return [other for other in dict.fromkeys((*managing, *known)) if other != target]


def _list_open_claims(explanation: dict[str, Any], records: Sequence[ManagedRecord]) -> list[dict[str, Any]]:
    """Claims of which no record tells what came of them."""
    told = {origin for record in records for origin in (*record.claimants, *dict(record.losers))}
    return [claim for claim in explanation["claims"] if claim["source"] not in told]


def _ask_about(
    request: HttpRequest, name: str, target: str, records: Sequence[ManagedRecord], history: Sequence[AuditEntry]
) -> AskedServers:
    """``history`` has the newest first."""
    zone = zone_of(name, managed_zones())
    if zone is None:
        return AskedServers([])
    types = {"A", "AAAA", *(record.type for record in records if record.type != "CNAME")}
    happened = [*(entry.pk for entry in history[:1]), *((record.pk, record.changed_at) for record in records)]
    return ask_servers(request, find_servers(target), Query(name, tuple(sorted(types)), zone), repr(happened))


def _list_rows(request: HttpRequest, records: Sequence[ManagedRecord], answers: Sequence[Answer]) -> list[TypeRow]:
    findings = DriftFinding.objects.filter(name__in={record.name for record in records}, status__in=CURRENT_STATUSES)
    drifting = {(finding.target, finding.type): finding for finding in findings}
    replaced = {
        (row.target, row.type)
        for row in Replacement.objects.filter(name__in={record.name for record in records}, undone_at=None)
    }
    rows = []
    for record in sorted(records, key=lambda record: record.type):
        place = record.target, record.type
        actions = list(list_steps(record, drifting.get(place), can_undo=place in replaced))
        told = [_show_values(answer, record) for answer in answers]
        buttons = make_buttons(request, actions, str(record.pk))
        rows.append(TypeRow(record.type, record, find_end(record), told, buttons))
    shown = {record.type for record in records}
    others = {kind: [_list_values(answer, kind) for answer in answers] for kind in ADDRESS_TYPES if kind not in shown}
    return rows + [TypeRow(kind, None, None, told, []) for kind, told in others.items() if any(told)]


def _list_values(answer: Answer, kind: str) -> str:
    """Of whatever name: what a wildcard or an alias leads to is an answer, too."""
    values = (value for rrset in answer.records for value in answer.values(rrset.name.to_text(True).lower(), kind))
    return ", ".join(dict.fromkeys(values))


def _show_values(answer: Answer, record: ManagedRecord) -> str:
    values = answer.values(record.name, record.type)
    return ", ".join(sorted(values)) or answer.error or answer.rcode or "nothing"


def override_url(name: str, target: str, record: ManagedRecord | None = None) -> str:
    """The form of a custom entry that overrides the name on the target, filled in."""
    filled = {"type": record.type, "values": "\n".join(record.values)} if record else {}
    return columns.admin_url("customentry_add", name=name, target=target, mode=Mode.OVERRIDE.value, **filled)
