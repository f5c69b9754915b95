from __future__ import annotations

from collections.abc import Sequence

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
"""Deletes that the page of a plan lists."""


@admin.register(HeldPlan)
class PlanAdmin(ReadOnlyAdmin):
    noun = ("plan", "plans")
    nothing_yet = (
        "When too many records would be deleted at once, the deletes wait here until someone approves or rejects them."
    )
    list_display = ("shown_plan", "shown_status", "shown_reason", "held_on", "shown_decision")
    list_filter = (PlanQuestion, "status", ZoneFilter)
    search_fields = ("zone", "decided_by")
    search_help_text = "A zone, or who decided"
    actions = ("approve", "reject")
    fields = ("zone", "shown_status", "reason", "held_at", "shown_decision", "shown_deletes")

    @admin.display(description="plan", ordering="zone")
    def shown_plan(self, plan: HeldPlan) -> str:
        return f"{columns.count_noun(len(plan.deletes), ('delete', 'deletes'))} in {plan.zone}"

    @admin.display(description="status", ordering="status")
    def shown_status(self, plan: HeldPlan) -> SafeString:
        return columns.color_word(plan.status, TONES[plan.status])

    @admin.display(description="reason")
    def shown_reason(self, plan: HeldPlan) -> SafeString:
        return columns.clip_reason(plan.reason)

    @admin.display(description="held", ordering="created_at")
    def held_on(self, plan: HeldPlan) -> SafeString:
        return columns.relative_time(plan.created_at)

    @admin.display(description="held")
    def held_at(self, plan: HeldPlan) -> SafeString:
        return columns.exact_time(plan.created_at)

    @admin.display(description="decided", ordering="decided_at")
    def shown_decision(self, plan: HeldPlan) -> SafeString:
        if plan.decided_at is None:
            return columns.NOTHING
        return format_html(
            "{} {}", columns.relative_time(plan.decided_at), f"by {plan.decided_by}" if plan.decided_by else ""
        )

    @admin.display(description="would delete")
    def shown_deletes(self, plan: HeldPlan) -> SafeString:
        shown = columns.stack_lines(columns.name_link(name, kind, plan.target) for name, kind in plan.deletes[:SHOWN])
        more = len(plan.deletes) - SHOWN
        return format_html("{} {}", shown, f"and {more} more" if more > 0 else "")

    @admin.action(description="Approve: delete them", permissions=["decide"])
    def approve(self, request: HttpRequest, queryset: QuerySet[HeldPlan]) -> HttpResponse | None:
        explanation = "All records of the plan are deleted from DNS."
        asked = self.confirm_action(request, queryset, "Approve {}?", explanation)
        return asked or self.carry_out(request, queryset, operations.approve_plan, "{} approved.")

    @admin.action(description="Reject: keep them", permissions=["decide"])
    def reject(self, request: HttpRequest, queryset: QuerySet[HeldPlan]) -> HttpResponse | None:
        return self.carry_out(request, queryset, operations.reject_plan, "{} rejected.")

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("records.change_heldplan")

    def page_actions(self, target: HeldPlan) -> Sequence[str]:
        return ("approve", "reject") if target.is_open else ()

    def history_of(self, target: HeldPlan) -> dict[str, str]:
        return {"source": str(operations.plan_origin(target))}
