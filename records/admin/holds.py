from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from records import operations
from records.admin import columns
from records.admin.base import ReadOnlyAdmin
from records.admin.filters import PlanQuestion, TargetFilter, ZoneFilter
from records.entry_names import note_entries
from records.models import HeldDelete, HeldPlan

TONES = {
    "gathering": "quiet",
    "open": "warn",
    "approved": "good",
    "rejected": "bad",
    "done": "good",
    "obsolete": "quiet",
}
SHOWN = 500
"""Deletes that the page of a plan lists."""
CHOSEN = "chosen"
"""The field of a delete that is chosen: its key, or ``*/namespace`` for all that objects of that namespace held."""
DELETES = ("delete", "deletes")


class NamespaceDeletes(NamedTuple):
    """``deletes`` are the first ones, ``number`` counts all."""

    title: str
    choice: str
    number: int
    deletes: list[HeldDelete]


def group_deletes(deletes: QuerySet[HeldDelete]) -> list[NamespaceDeletes]:
    """By namespace; what custom entries held comes last."""
    groups: dict[str, list[HeldDelete]] = {}
    for delete in deletes.iterator(SHOWN):
        groups.setdefault(delete.namespace, []).append(delete)
    left, result = SHOWN, []
    for namespace, rows in sorted(groups.items(), key=lambda group: (not group[0], group[0])):
        title = f"Namespace {namespace}" if namespace else "Custom entries, and what no object is known for"
        result.append(NamespaceDeletes(title, f"*/{namespace}", len(rows), rows[:left]))
        left = max(0, left - len(rows))
    return result


def find_chosen(plan: HeldPlan, choices: Collection[str]) -> tuple[list[HeldDelete], bool]:
    """What was chosen of the plan, and whether something was that is not in it any more. ``choices`` are what the
    fields ``CHOSEN`` send."""
    rows = list(plan.deletes.only("plan", "name", "type", "origin"))
    chosen = [row for row in rows if str(row.pk) in choices or f"*/{row.namespace}" in choices]
    here = {str(row.pk) for row in rows} | {f"*/{row.namespace}" for row in rows}
    return chosen, not here.issuperset(choices)


@admin.register(HeldPlan)
class PlanAdmin(ReadOnlyAdmin):
    noun = ("plan", "plans")
    nothing_yet = (
        "When too many records would be deleted at once, the deletes wait here until someone approves or rejects them."
    )
    list_display = ("shown_plan", "shown_status", "shown_reason", "held_on", "shown_decision")
    list_filter = (PlanQuestion, "status", TargetFilter, ZoneFilter)
    search_fields = ("zone", "decided_by")
    search_help_text = "A zone, a name, or who decided"
    actions = ("approve", "reject")
    fields = ("target", "zone", "shown_status", "reason", "held_at", "shown_decision")

    def get_queryset(self, request: HttpRequest) -> QuerySet[HeldPlan]:
        plans: QuerySet[HeldPlan] = HeldPlan.objects.with_deletes(0)
        return plans

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[HeldPlan], search_term: str
    ) -> tuple[QuerySet[HeldPlan], bool]:
        """The deletes are asked by themselves: joined to the plans, PostgreSQL looks through all of them for each."""
        for word in search_term.lower().split():
            plans = HeldDelete.objects.filter(name__contains=word).order_by().values("plan")
            is_called = Q(zone__contains=word) | Q(decided_by__icontains=word)
            queryset = queryset.filter(is_called | Q(pk__in=plans))
        return queryset, False

    def get_urls(self) -> list[URLPattern]:
        decide = path("<int:pk>/decide/", self.admin_site.admin_view(self.decide_part), name="records_heldplan_decide")
        return [decide, *super().get_urls()]

    @admin.display(description="plan", ordering="zone")
    def shown_plan(self, plan: Any) -> str:
        return f"{columns.count_noun(plan.size, DELETES)} in {plan.zone}"

    @admin.display(description="status", ordering="status")
    def shown_status(self, plan: HeldPlan) -> SafeString:
        word = columns.color_word(plan.status, TONES[plan.status])
        if plan.successor_id is None:
            return word
        link = columns.text_link(columns.admin_url("heldplan_change", plan.successor_id), "held plan")
        return format_html("{} further deletes came: all are in {} {}", word, link, plan.successor_id)

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

    @admin.action(description="Approve: delete them", permissions=["decide"])
    def approve(self, request: HttpRequest, queryset: QuerySet[HeldPlan]) -> HttpResponse | None:
        explanation = "All records of the plan are deleted from DNS."
        asked = self.confirm_action(request, queryset, "Approve {}?", explanation)
        return asked or self.carry_out(request, queryset, operations.approve_plan, "{} approved.")

    @admin.action(description="Reject: keep them", permissions=["decide"])
    def reject(self, request: HttpRequest, queryset: QuerySet[HeldPlan]) -> HttpResponse | None:
        return self.carry_out(request, queryset, operations.reject_plan, "{} rejected.")

    def decide_part(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Approve or reject the deletes that are chosen on the page of the plan."""
        return require_POST(self._decide_part)(request, pk)

    def _decide_part(self, request: HttpRequest, pk: int) -> HttpResponse:
        plan = HeldPlan.objects.filter(pk=pk).first()
        if plan is None:
            raise Http404
        if not self.has_decide_permission(request):
            raise PermissionDenied
        back = redirect(columns.admin_url("heldplan_change", pk))
        chosen, absent = find_chosen(plan, request.POST.getlist(CHOSEN))
        if absent or not chosen:
            advice = "The plan has changed since: look at it again" if absent else "Choose at least one of the deletes"
            messages.warning(request, f"Nothing was decided. {advice}.")
            return back
        approves = request.POST.get("action") == "approve"
        deletes = plan.deletes.filter(pk__in=[row.pk for row in chosen])
        if approves and (
            asked := self.confirm_action(
                request,
                deletes,
                "Approve {}?",
                "These records are deleted from DNS; the rest of the plan stays held.",
                selected_name=CHOSEN,
                noun=DELETES,
            )
        ):
            return asked
        operation = operations.approve_plan if approves else operations.reject_plan
        try:
            operation(request.user.get_username(), plan, [row.key for row in chosen])
        except ValidationError as error:
            messages.warning(request, error.messages[0])
            return back
        done = "approved" if approves else "rejected"
        messages.success(request, f"{columns.count_noun(len(chosen), DELETES)} {done}.")
        return back

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("records.change_heldplan")

    def page_actions(self, target: HeldPlan) -> Sequence[str]:
        return ("approve", "reject") if target.is_open else ()

    def page_context(self, request: HttpRequest, target: HeldPlan) -> dict[str, Any]:
        groups = group_deletes(target.deletes.all())
        note_entries(delete for group in groups for delete in group.deletes)
        return {
            "held_groups": groups,
            "held_chosen": CHOSEN,
            "held_more": sum(group.number - len(group.deletes) for group in groups),
            "may_decide": target.is_open and self.has_decide_permission(request),
        }

    def history_of(self, target: HeldPlan) -> dict[str, str]:
        return {"source": str(target.origin)}
