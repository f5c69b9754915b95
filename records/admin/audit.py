from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.safestring import SafeString

from records import operations
from records.admin import columns
from records.admin.base import ReadOnlyAdmin
from records.admin.filters import ActionFilter, AuditQuestion, TargetFilter
from records.audit import CHANGES
from records.entry_names import name_entries
from records.models import AuditEntry


@admin.register(AuditEntry)
class AuditAdmin(ReadOnlyAdmin):
    noun = ("version", "versions")
    nothing_yet = "Everything that the syncer, a user or a token does is recorded here."
    list_display = ("happened_at", "actor", "shown_action", "shown_subject", "shown_change", "on_behalf_of")
    sortable_by = ("happened_at", "shown_subject", "on_behalf_of")  # what has an index: there are many entries
    list_display_links = ("happened_at",)
    list_filter = (AuditQuestion, ActionFilter, TargetFilter)
    search_fields = ("name__contains", "source__contains", "actor")
    search_help_text = "A part of a name or source, or an actor"
    origin_field = "source"
    actions = ("restore",)
    ordering = ("-id",)
    fields = (
        "exact_moment",
        "actor",
        "shown_action",
        "shown_subject",
        "zone",
        "before_text",
        "after_text",
        "on_behalf_of",
        "shown_reason",
        "in_pass",
    )

    @admin.display(description="when", ordering="id")
    def happened_at(self, entry: AuditEntry) -> SafeString:
        return columns.relative_time(entry.at)

    @admin.display(description="when")
    def exact_moment(self, entry: AuditEntry) -> SafeString:
        return columns.exact_time(entry.at)

    @admin.display(description="action", ordering="action")
    def shown_action(self, entry: AuditEntry) -> SafeString:
        return columns.action_word(entry.action)

    @admin.display(description="name", ordering="name")
    def shown_subject(self, entry: AuditEntry) -> SafeString:
        return columns.show_subject(entry)

    @admin.display(description="change")
    def shown_change(self, entry: AuditEntry) -> SafeString:
        return columns.show_change(entry)

    @admin.display(description="for", ordering="source")
    def on_behalf_of(self, entry: AuditEntry) -> SafeString:
        return columns.origin_link(entry.source, getattr(entry, "entry_names", None))

    @admin.display(description="reason")
    def shown_reason(self, entry: AuditEntry) -> str:
        return name_entries(entry.reason)

    @admin.display(description="before")
    def before_text(self, entry: AuditEntry) -> SafeString:
        return _list_fields(entry.before)

    @admin.display(description="after")
    def after_text(self, entry: AuditEntry) -> SafeString:
        return _list_fields(entry.after)

    @admin.display(description="pass")
    def in_pass(self, entry: AuditEntry) -> SafeString:
        if not entry.correlation:
            return columns.NOTHING
        url = columns.admin_url("auditentry_changelist", correlation=entry.correlation)
        return format_html('<a href="{}">{}</a> <span class="quiet">everything it did</span>', url, entry.correlation)

    @admin.action(description="Restore this version", permissions=["entries"])
    def restore(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> HttpResponse | None:
        explanation = (
            "Each name gets a custom entry in mode override with the values that the change left behind; "
            "of a deletion, those that it removed."
        )
        entry = queryset.first() if queryset.count() == 1 else None
        exchange = operations.show_restored(entry) if entry else None
        asked = self.confirm_action(request, queryset, "Restore {}?", explanation, exchange=exchange)
        if asked:
            return asked
        answer = self.carry_out(request, queryset, operations.restore_version, "{} restored, as overrides.")
        return redirect(columns.name_url(entry.name)) if entry and entry.name else answer

    def page_actions(self, target: AuditEntry) -> Sequence[str]:
        return ("restore",) if target.type and target.action in CHANGES else ()

    def history_of(self, target: AuditEntry) -> dict[str, str]:
        return {"name": target.name}


def _list_fields(data: dict[str, Any] | None) -> SafeString:
    """All fields of one side, one per line."""
    if not data:
        return columns.NOTHING
    return columns.stack_lines(
        f"{key}: {', '.join(' '.join(item) if isinstance(item, list) else str(item) for item in value)}"
        if isinstance(value, list)
        else f"{key}: {value}"
        for key, value in data.items()
        if value not in (None, "")
    )
