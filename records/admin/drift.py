from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from records import operations
from records.admin import columns
from records.admin.base import ReadOnlyAdmin
from records.admin.filters import DriftQuestion, ZoneFilter
from records.models import STANDING, DriftFinding

TONES = {"open": "bad", "accepted": "quiet", "healed": "good", "over": "quiet"}


@admin.register(DriftFinding)
class DriftAdmin(ReadOnlyAdmin):
    noun = ("finding", "findings")
    list_display = ("what", "shown_status", "difference", "source", "seen", "decision")
    list_filter = (DriftQuestion, "drift_type", "status", ZoneFilter)
    search_fields = ("name__contains", "origin__contains")
    search_help_text = "A part of a name, or of the source's namespace/name"
    actions = ("heal", "accept")
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("record", "kind", "shown_status", "reason", "versions", "source", "seen", "decision")}),
    )
    readonly_fields = ("record", "kind", "shown_status", "versions", "source", "seen", "decision")

    @admin.display(description="record", ordering="name")
    def what(self, finding: DriftFinding) -> SafeString:
        return format_html('{} <b class="type">{}</b>', finding.name, finding.type)

    @admin.display(description="record")
    def record(self, finding: DriftFinding) -> SafeString:
        return columns.name_link(finding.name, finding.type)

    @admin.display(description="kind", ordering="drift_type")
    def kind(self, finding: DriftFinding) -> str:
        return finding.get_drift_type_display()

    @admin.display(description="status", ordering="status")
    def shown_status(self, finding: DriftFinding) -> SafeString:
        return columns.word(finding.status, TONES[finding.status])

    @admin.display(description="what we wrote, and what stands there")
    def difference(self, finding: DriftFinding) -> SafeString:
        return format_html("{} {}", self.versions(finding), columns.clipped(finding.reason))

    @admin.display(description="what we wrote, and what stands there")
    def versions(self, finding: DriftFinding) -> SafeString:
        wrote, stands = columns.version(finding.expected), columns.version(finding.found)
        return format_html(
            '<del>{}</del> <span class="quiet">→</span> <ins>{}</ins>', wrote or "nothing", stands or "nothing"
        )

    @admin.display(description="source", ordering="origin")
    def source(self, finding: DriftFinding) -> SafeString:
        return columns.origin_link(finding.origin)

    @admin.display(description="found", ordering="found_at")
    def seen(self, finding: DriftFinding) -> SafeString:
        return columns.when(finding.found_at)

    @admin.display(description="decided or ended", ordering="decided_at")
    def decision(self, finding: DriftFinding) -> SafeString:
        if finding.decided_at is None:
            return columns.NOTHING
        by = f"by {finding.decided_by}" if finding.decided_by else ""
        return format_html("{} {}", columns.when(finding.decided_at), by)

    @admin.action(description="Put right", permissions=["operate"])
    def heal(self, request: HttpRequest, queryset: QuerySet[DriftFinding]) -> HttpResponse | None:
        explanation = (
            "What is wanted is written over what stands there, whoever wrote it. A record that nobody wants is deleted."
        )
        asked = self.confirm(request, queryset, "Put {} right?", explanation)
        return asked or self.carry_out(request, queryset, operations.heal, "{} being put right.")

    @admin.action(description="Accept: leave it as it is", permissions=["operate"])
    def accept(self, request: HttpRequest, queryset: QuerySet[DriftFinding]) -> HttpResponse | None:
        return self.carry_out(request, queryset, operations.accept, "{} accepted.")

    def page_actions(self, target: DriftFinding) -> Sequence[str]:
        if target.status not in STANDING:
            return ()
        return ("heal", "accept") if target.status == DriftFinding.Status.OPEN else ("heal",)

    def history_of(self, target: DriftFinding) -> dict[str, str]:
        return {"name": target.name}
