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
from records.admin.filters import PlanQuestion, ZoneFilter
from records.models import HeldPlan

TONES = {"open": "warn", "approved": "good", "rejected": "bad", "done": "good", "obsolete": "quiet"}
SHOWN = 500
"""Deletes that a plan's page lists."""


@admin.register(HeldPlan)
class PlanAdmin(ReadOnlyAdmin):
    noun = ("plan", "plans")
    nothing_yet = "Deletes that are too many at once wait here until somebody approves or rejects them."
    list_display = ("what", "shown_status", "why", "held", "decision")
    list_filter = (PlanQuestion, "status", ZoneFilter)
    search_fields = ("zone", "decided_by")
    search_help_text = "A zone, or who decided"
    actions = ("approve", "reject")
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("zone", "shown_status", "reason", "held_at", "decision", "deletions")}),
    )
    readonly_fields = ("shown_status", "held_at", "decision", "deletions")

    @admin.display(description="plan", ordering="zone")
    def what(self, plan: HeldPlan) -> str:
        return f"{columns.counted(len(plan.deletes), ('delete', 'deletes'))} in {plan.zone}"

    @admin.display(description="status", ordering="status")
    def shown_status(self, plan: HeldPlan) -> SafeString:
        return columns.word(plan.status, TONES[plan.status])

    @admin.display(description="reason")
    def why(self, plan: HeldPlan) -> SafeString:
        return columns.clipped(plan.reason)

    @admin.display(description="held", ordering="created_at")
    def held(self, plan: HeldPlan) -> SafeString:
        return columns.when(plan.created_at)

    @admin.display(description="held")
    def held_at(self, plan: HeldPlan) -> SafeString:
        return columns.exactly(plan.created_at)

    @admin.display(description="decided", ordering="decided_at")
    def decision(self, plan: HeldPlan) -> SafeString:
        if plan.decided_at is None:
            return columns.NOTHING
        return format_html("{} {}", columns.when(plan.decided_at), f"by {plan.decided_by}" if plan.decided_by else "")

    @admin.display(description="would delete")
    def deletions(self, plan: HeldPlan) -> SafeString:
        shown = columns.lines(columns.name_link(name, kind) for name, kind in plan.deletes[:SHOWN])
        more = len(plan.deletes) - SHOWN
        return format_html("{} {}", shown, f"and {more} more" if more > 0 else "")

    @admin.action(description="Approve: delete them", permissions=["decide"])
    def approve(self, request: HttpRequest, queryset: QuerySet[HeldPlan]) -> HttpResponse | None:
        explanation = "All records of the plan are deleted from DNS."
        asked = self.confirm(request, queryset, "Approve {}?", explanation)
        return asked or self.carry_out(request, queryset, operations.approve, "{} approved.")

    @admin.action(description="Reject: keep them", permissions=["decide"])
    def reject(self, request: HttpRequest, queryset: QuerySet[HeldPlan]) -> HttpResponse | None:
        return self.carry_out(request, queryset, operations.reject, "{} rejected.")

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("records.change_heldplan")

    def page_actions(self, target: HeldPlan) -> Sequence[str]:
        return ("approve", "reject") if target.status == HeldPlan.Status.OPEN else ()

    def history_of(self, target: HeldPlan) -> dict[str, str]:
        return {"source": f"HeldPlan//{target.pk}"}
