"""The page that shows what a manifest would publish, before anyone applies it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods

from records.admin.steps import check_right
from records.targets import list_targets
from syncer.core.origin import Origin
from syncer.documents.limits import DocumentError, decode_text
from syncer.kube.documents import SIZE_LIMIT, ManifestError
from syncer.preview import gather_targets, preview_documents


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
    target = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, targets: Collection[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["target"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "all targets"), *((target, target) for target in targets)]


@require_http_methods(["GET", "HEAD", "POST"])
def show_preview(request: HttpRequest) -> HttpResponse:
    """Nothing is stored, and nothing published."""
    check_right(request, "records.view_managedrecord")
    targets = list_targets()
    several = len(targets) > 1
    given = (request.POST, request.FILES) if request.method == "POST" else ()
    form = PreviewForm(*given, targets=targets)
    answer: dict[str, Any] | None = None
    if form.is_bound and form.is_valid():
        documents = list(_read_documents(form.cleaned_data))
        try:
            if documents:
                named = form.cleaned_data["target"]
                scopes = {name: managed.scope for name, managed in targets.items() if named in ("", name)}
                answer = preview_documents(documents, scopes)
            else:
                form.add_error("text", "Paste a manifest, or choose a file.")
        except ManifestError as error:
            form.add_error("text", f"{error}.")
    context = {
        **admin.site.each_context(request),
        "title": "What would a manifest publish?",
        "form": form,
        "several": several,
        "answer": answer,
        "records": gather_targets(answer["records"]) if answer else [],
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
    """``rows`` have what it is about, why, the object, and the targets on which it is so."""

    title: str
    rows: list[tuple[str, str, str, str]]

    @property
    def has_objects(self) -> bool:
        return any(source for _, _, source, _ in self.rows)

    @property
    def has_targets(self) -> bool:
        return any(targets for *_, targets in self.rows)


def _list_tables(answer: dict[str, Any]) -> list[Table]:
    """What gives no record, and what there is to say besides."""
    conflicts, skips, warned = (gather_targets(answer[key]) for key in ("conflicts", "skipped", "warnings"))
    losers = [(row["name"], row["reason"], _spell_origin(row["loser"]), on) for row, on in conflicts]
    skipped = [(row["name"] or "the object", row["reason"], _spell_origin(row["source"]), on) for row, on in skips]
    warnings = [(_spell_origin(row["source"]), row["message"], "", on) for row, on in warned]
    unread = [(f"{row['file']}, document {row['document']}", row["reason"], "", "") for row in answer["unreadable"]]
    passed = [
        (kind, f"{count} passed over: it gives no names", "", "") for kind, count in answer["passed_over"].items()
    ]
    tables = {
        "Cannot be read": unread,
        "Not published": skipped,
        "In conflict with another one of them": losers,
        "Warnings": warnings,
        "Other kinds": passed,
    }
    return [Table(title, rows) for title, rows in tables.items() if rows]


def _spell_origin(source: dict[str, str]) -> str:
    return str(Origin(source["kind"], source["namespace"], source["name"]))
