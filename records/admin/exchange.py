"""The page on which a backup is downloaded, and on which one is uploaded."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import PurePath
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from records.admin.columns import admin_url
from records.api.exchange import FOR_ADMINS
from records.exchange import (
    FORMS,
    BackupError,
    ImportPlan,
    apply_import,
    plan_import,
    read_backup,
)
from records.exchange.reading import SIZE_LIMIT
from records.exchange.shape import BACKUP_LIMITS, IMPORTABLE, Problem
from records.exchange.uploads import drop_upload, find_upload, keep_upload
from syncer.documents.limits import DocumentError, decode_text

MEGABYTE = 1024 * 1024
LINES = 1000


GONE = Problem(
    "the file",
    "it is kept no more, because an hour is over or another one was chosen since: choose it again",
)


class ImportForm(forms.Form):
    file = forms.FileField(
        label="Backup",
        help_text=f"YAML, JSON or CSV, up to {SIZE_LIMIT // MEGABYTE} MB. What it does not name stays as it is. "
        "A large file takes a while (100,000 records about a minute): the answer comes when all of it is done.",
    )
    dry_run = forms.BooleanField(label="Only show what it would do", initial=True, required=False)


@csrf_exempt  # Not left out: the check takes the whole body apart, so it waits until the role is known.
def show_exchange(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm("records.view_managedrecord"):
        raise PermissionDenied
    if request.method == "POST" and not request.user.has_perm(FOR_ADMINS):
        raise PermissionDenied
    answer: HttpResponse = _exchange_backups(request)
    return answer


@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def _exchange_backups(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _render_page(request, ImportForm())
    if "upload" in request.POST:
        return _import_seen(request, request.POST["upload"])
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _render_page(request, form)
    file: UploadedFile[bytes] = form.cleaned_data["file"]
    name, content = file.name or "", file.read()
    try:
        plan = _plan_file(name, content)
        if not form.cleaned_data["dry_run"]:
            return _carry_out(request, plan)
    except BackupError as error:
        return _render_page(request, form, error=error)
    upload = keep_upload(str(request.user.pk), name, content)
    return _render_page(request, ImportForm(), plan=plan, name=name, upload=upload)


def _import_seen(request: HttpRequest, digest: str) -> HttpResponse:
    """Import the file of which this user has been shown what it would do."""
    found = find_upload(str(request.user.pk), digest)
    if found is None:
        return _render_page(request, ImportForm(), error=BackupError([GONE]))
    try:
        plan = _plan_file(*found)
        if request.POST.get("seen") == plan.digest:
            return _carry_out(request, plan)
    except BackupError as error:
        return _render_page(request, ImportForm(), error=error)
    messages.warning(request, "Something else was written meanwhile: this is what it would do now.")
    return _render_page(request, ImportForm(), plan=plan, name=found[0], upload=digest)


def _carry_out(request: HttpRequest, plan: ImportPlan) -> HttpResponse:
    apply_import(plan, request.user.get_username())
    drop_upload(str(request.user.pk))
    messages.success(request, f"Imported: {plan.summary}. {plan.advice}".rstrip())
    return redirect(admin_url("auditentry_changelist"))


def _plan_file(name: str, content: bytes) -> ImportPlan:
    form = PurePath(name).suffix.lower().removeprefix(".")
    try:
        text = decode_text(content, BACKUP_LIMITS)
    except DocumentError as error:
        raise BackupError.of_document(error) from error
    return plan_import(read_backup(text, form if form in IMPORTABLE else ""))


def _render_page(
    request: HttpRequest,
    form: ImportForm,
    *,
    plan: ImportPlan | None = None,
    name: str = "",
    upload: str = "",
    error: BackupError | None = None,
) -> HttpResponse:
    """``upload`` is the digest of the file of ``plan``, "" where it is not kept."""
    may_import = request.user.has_perm(FOR_ADMINS)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": "Export and import" if may_import else "Export",
        "forms": FORMS,
        "form": form if may_import else None,
        # Its traceback would keep the whole text for as long as the answer has not been collected as garbage.
        "error": BackupError(error.problems, is_cut=error.is_cut) if error else None,
        "plan": plan,
        "file_name": name,
        "upload": upload,
    }
    if plan:
        changes: Sequence[str] = list(islice(plan.list_changes(), LINES))
        counts = plan.count_changes()
        context |= {"changes": changes, "more": sum(counts.values()) - counts["unchanged"] - len(changes)}
    return TemplateResponse(request, "admin/exchange.html", context)
