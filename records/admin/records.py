from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.safestring import SafeString

from records import custom_entries, operations, sync_requests
from records.admin import columns
from records.admin.base import ReadOnlyAdmin
from records.admin.exporting import export_response
from records.admin.filters import AnswerFilter, RecordQuestion, TargetFilter, TypeFilter, ZoneFilter
from records.models import ManagedRecord


@admin.register(ManagedRecord)
class RecordAdmin(ReadOnlyAdmin):
    nothing_yet = "A record appears here as soon as an object in the cluster, or a custom entry, wants a name."
    list_display = ("shown_name", "shown_content", "shown_state", "shown_winner", "changed_on")
    list_filter = (RecordQuestion, "state", AnswerFilter, TypeFilter, TargetFilter, ZoneFilter)
    search_fields = ("name__contains", "origin__contains")
    search_help_text = "A part of a name, or of the source's namespace/name"
    origin_field = "origin"
    actions = ("sync_now", "replace", "release", "remove_kept", "delete_from_dns", "block_name", "export_selected")
    ordering = ("name", "type", "target")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ManagedRecord]:
        return super().get_queryset(request).prefetch_related("dns_answer")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """What a person wants published goes in as an entry: the link is where people look for it."""
        return super().changelist_view(request, {"adds_by_entry": True, **(extra_context or {})})

    @admin.display(description="name", ordering="name")
    def shown_name(self, record: ManagedRecord) -> SafeString:
        return columns.break_name(record.name)

    @admin.display(description="type and values", ordering="type")
    def shown_content(self, record: ManagedRecord) -> SafeString:
        return format_html('<b class="type">{}</b> {}', record.type, columns.list_values(record.values))

    @admin.display(description="state", ordering="state")
    def shown_state(self, record: Any) -> SafeString:
        state = format_html(
            "{} {}", columns.state_word(record.state), columns.clip_reason(record.reason, record.entry_names)
        )
        if record.answer is None or not record.answer.is_trouble:
            return state
        word, reason = columns.result_word(record.answer, "DNS: "), columns.clip_reason(record.answer.reason)
        return format_html("{} {} {}", state, word, reason)

    @admin.display(description="published for", ordering="origin")
    def shown_winner(self, record: Any) -> SafeString:
        text = columns.origin_link(record.origin, record.entry_names)
        others = len(record.claimants) - 1
        rivals = [columns.count_noun(others, ("other agrees", "others agree"))] if others > 0 else []
        rivals += [columns.count_noun(len(record.losers), ("other lost", "others lost"))] if record.losers else []
        return format_html('{} <span class="quiet">({})</span>', text, ", ".join(rivals)) if rivals else text

    @admin.display(description="changed", ordering="changed_at")
    def changed_on(self, record: ManagedRecord) -> SafeString:
        return columns.relative_time(record.changed_at)

    # Actions

    @admin.action(description="Sync now", permissions=["operate"])
    def sync_now(self, request: HttpRequest, queryset: QuerySet[ManagedRecord]) -> HttpResponse | None:
        names = set(queryset.order_by().values_list("name", flat=True))
        sync_requests.sync_names(request.user.get_username(), names)
        messages.success(request, f"{columns.count_noun(len(names), ('name', 'names'))} being compared with DNS.")
        return self.return_back(request)

    @admin.action(description="Replace the foreign record with ours", permissions=["operate"])
    def replace(self, request: HttpRequest, queryset: QuerySet[ManagedRecord]) -> HttpResponse | None:
        explanation = (
            "The records become ours: they get our mark, and the values that are wanted for their names. "
            "What is there now is remembered, and can be put back on the page of the name."
        )
        asked = self.confirm_action(request, queryset, "Replace {}?", explanation)
        return asked or self.carry_out(request, queryset, operations.replace_record, "{} being replaced.")

    @admin.action(description="Release (keep the DNS record)", permissions=["operate"])
    def release(self, request: HttpRequest, queryset: QuerySet[ManagedRecord]) -> HttpResponse | None:
        explanation = "They stay in DNS as they are. From then on we neither update nor delete them."
        asked = self.confirm_action(request, queryset, "Give up {}?", explanation)
        return asked or self.carry_out(request, queryset, operations.release_record, "{} being released.")

    @admin.action(description="Remove now (what is kept)", permissions=["operate"])
    def remove_kept(self, request: HttpRequest, queryset: QuerySet[ManagedRecord]) -> HttpResponse | None:
        explanation = "What is kept goes at once, and not when its time is over. Other records are left alone."
        asked = self.confirm_action(request, queryset, "Remove {}?", explanation)
        return asked or self.carry_out(request, queryset, operations.remove_kept, "{} being removed from DNS.")

    @admin.action(description="Delete from DNS", permissions=["operate"])
    def delete_from_dns(self, request: HttpRequest, queryset: QuerySet[ManagedRecord]) -> HttpResponse | None:
        explanation = (
            "A record comes back with the next full pass for as long as a source or entry wants its name. "
            "Block the name instead to keep it out of DNS."
        )
        asked = self.confirm_action(request, queryset, "Delete {} from DNS?", explanation)
        return asked or self.carry_out(request, queryset, operations.delete_from_dns, "{} being deleted from DNS.")

    @admin.action(description="Block this name", permissions=["entries"])
    def block_name(self, request: HttpRequest, queryset: QuerySet[ManagedRecord]) -> HttpResponse | None:
        explanation = (
            "Our records at these names are deleted, and nothing is published there, "
            "until the block is deleted from the custom entries."
        )
        asked = self.confirm_action(request, queryset, "Block the names of {}?", explanation)
        return asked or self.carry_out(
            request,
            queryset,
            lambda actor, record: custom_entries.block_name(actor, record.name, record.target),
            "Names of {} blocked.",
        )

    @admin.action(description="Export selected", permissions=["view"])
    def export_selected(self, request: HttpRequest, queryset: QuerySet[ManagedRecord]) -> HttpResponseBase | None:
        return export_response(request, queryset)

    # Pages

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The page of its name has all of it."""
        record = self.get_object(request, object_id)
        if record is None or not self.has_view_permission(request, record):
            return super().change_view(request, object_id, form_url, extra_context)
        return redirect(columns.name_url(record.name, target=record.target))

    def history_of(self, target: ManagedRecord) -> dict[str, str]:
        return {"name": target.name}
