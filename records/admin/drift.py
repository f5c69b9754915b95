from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from records import operations
from records.admin import columns
from records.admin.base import ReadOnlyAdmin
from records.admin.filters import DriftQuestion, TargetFilter, ZoneFilter
from records.models import DriftFinding

Status = DriftFinding.Status
TONES: Mapping[str, str] = {
    Status.OPEN: "bad",
    Status.ACCEPTED: "quiet",
    Status.REMEDIATED: "good",
    Status.OVER: "quiet",
}


@admin.register(DriftFinding)
class DriftAdmin(ReadOnlyAdmin):
    noun = ("finding", "findings")
    list_display = ("shown_record", "shown_status", "shown_difference", "shown_source", "found_on", "shown_decision")
    list_filter = (DriftQuestion, "drift_type", "status", TargetFilter, ZoneFilter)
    search_fields = ("name__contains", "origin__contains")
    search_help_text = "A part of a name, or of the source's namespace/name"
    actions = ("remediate", "accept")
    fields = (
        "record_link",
        "drift_kind",
        "shown_status",
        "reason",
        "shown_versions",
        "shown_source",
        "found_on",
        "shown_decision",
    )

    @admin.display(description="record", ordering="name")
    def shown_record(self, finding: DriftFinding) -> SafeString:
        return format_html('{} <b class="type">{}</b>', finding.name, finding.type)

    @admin.display(description="record")
    def record_link(self, finding: DriftFinding) -> SafeString:
        return columns.name_link(finding.name, finding.type, finding.target)

    @admin.display(description="kind", ordering="drift_type")
    def drift_kind(self, finding: DriftFinding) -> str:
        return finding.get_drift_type_display()

    @admin.display(description="status", ordering="status")
    def shown_status(self, finding: DriftFinding) -> SafeString:
        return columns.color_word(finding.status, TONES[finding.status])

    @admin.display(description="what we wrote, and what DNS held")
    def shown_difference(self, finding: DriftFinding) -> SafeString:
        return format_html("{} {}", self.shown_versions(finding), columns.clip_reason(finding.reason))

    @admin.display(description="what we wrote, and what DNS held")
    def shown_versions(self, finding: DriftFinding) -> SafeString:
        wrote, held = columns.show_version(finding.expected), columns.show_version(finding.found)
        return format_html(
            '<del>{}</del> <span class="quiet">→</span> <ins>{}</ins>', wrote or "nothing", held or "nothing"
        )

    @admin.display(description="source", ordering="origin")
    def shown_source(self, finding: DriftFinding) -> SafeString:
        return columns.origin_link(finding.origin, getattr(finding, "entry_names", None))

    @admin.display(description="found", ordering="found_at")
    def found_on(self, finding: DriftFinding) -> SafeString:
        return columns.relative_time(finding.found_at)

    @admin.display(description="decided or ended", ordering="decided_at")
    def shown_decision(self, finding: DriftFinding) -> SafeString:
        if finding.decided_at is None:
            return columns.NOTHING
        by = f"by {finding.decided_by}" if finding.decided_by else ""
        return format_html("{} {}", columns.relative_time(finding.decided_at), by)

    @admin.action(description="Remediate", permissions=["operate"])
    def remediate(self, request: HttpRequest, queryset: QuerySet[DriftFinding]) -> HttpResponse | None:
        explanation = (
            "What the claims ask for overwrites what DNS holds, changes of others included. "
            "A record that nothing wants is deleted."
        )
        asked = self.confirm_action(request, queryset, "Remediate {}?", explanation)
        return asked or self.carry_out(request, queryset, operations.remediate_drift, "{} being remediated.")

    @admin.action(description="Accept: leave it as it is", permissions=["operate"])
    def accept(self, request: HttpRequest, queryset: QuerySet[DriftFinding]) -> HttpResponse | None:
        return self.carry_out(request, queryset, operations.accept_drift, "{} accepted.")

    def page_actions(self, target: DriftFinding) -> Sequence[str]:
        if not target.is_current:
            return ()
        return ("remediate", "accept") if target.is_open else ("remediate",)

    def history_of(self, target: DriftFinding) -> dict[str, str]:
        return {"name": target.name}
