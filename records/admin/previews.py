"""The page that shows what a manifest would publish, before anyone applies it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods

from records.admin.steps import check_right
from records.targets import choose_target, find_managed
from syncer.core.origin import Origin
from syncer.documents.limits import DocumentError, decode_text
from syncer.kube.documents import SIZE_LIMIT, ManifestError
from syncer.preview import preview


class PreviewForm(forms.Form):
    text = forms.CharField(
        label="Manifests",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 14, "cols": 90, "spellcheck": "false", "autocapitalize": "none"}),
        help_text="YAML or JSON, of any kinds, as many documents as there are, up to 2.5 MB. What is in none of them "
        "is unknown: a route whose Gateway is not given is published with a warning. For folders there is "
        "catalyst-dns-sync preview.",
    )
    file = forms.FileField(label="or a file", required=False)


@require_http_methods(["GET", "HEAD", "POST"])
def show_preview(request: HttpRequest) -> HttpResponse:
    """Nothing is stored, and nothing published."""
    check_right(request, "records.view_managedrecord")
    form = PreviewForm(request.POST, request.FILES) if request.method == "POST" else PreviewForm()
    answer: dict[str, Any] | None = None
    if form.is_bound and form.is_valid():
        documents = list(_read_documents(form.cleaned_data))
        try:
            if documents:
                answer = preview(documents, find_managed(choose_target()).scope)
            else:
                form.add_error("text", "Paste a manifest, or choose a file.")
        except ManifestError as error:
            form.add_error("text", f"{error}.")
    context = {
        **admin.site.each_context(request),
        "title": "What would a manifest publish?",
        "form": form,
        "answer": answer,
        "tables": _list_tables(answer) if answer else [],
    }
    return TemplateResponse(request, "admin/preview.html", context)


def _read_documents(data: dict[str, Any]) -> Iterator[tuple[str, str | DocumentError]]:
    """The text and the file, each with its place."""
    if data["text"].strip():
        yield "the text", data["text"]
    if upload := data["file"]:
        try:
            yield upload.name, decode_text(upload.read(SIZE_LIMIT + 1))
        except DocumentError as error:
            yield upload.name, error


@dataclass(frozen=True, slots=True)
class Table:
    """``rows`` have what it is about, why, and the object."""

    title: str
    rows: list[tuple[str, str, str]]

    @property
    def has_objects(self) -> bool:
        return any(source for _, _, source in self.rows)


def _list_tables(answer: dict[str, Any]) -> list[Table]:
    """What gives no record, and what there is to say besides."""
    losers = [(row["name"], row["reason"], _spell(row["loser"])) for row in answer["conflicts"]]
    skipped = [(row["name"] or "the object", row["reason"], _spell(row["source"])) for row in answer["skipped"]]
    warnings = [(_spell(row["source"]), row["message"], "") for row in answer["warnings"]]
    unread = [(f"{row['file']}, document {row['document']}", row["reason"], "") for row in answer["unreadable"]]
    passed = [(kind, f"{count} passed over: it gives no names", "") for kind, count in answer["passed_over"].items()]
    tables = {
        "Cannot be read": unread,
        "Not published": skipped,
        "In conflict with another one of them": losers,
        "Warnings": warnings,
        "Other kinds": passed,
    }
    return [Table(title, rows) for title, rows in tables.items() if rows]


def _spell(source: dict[str, str]) -> str:
    return str(Origin(source["kind"], source["namespace"], source["name"]))
