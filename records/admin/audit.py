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
from records.admin.filters import ActionFilter, AuditQuestion
from records.models import AuditEntry


@admin.register(AuditEntry)
class AuditAdmin(ReadOnlyAdmin):
    noun = ("version", "versions")
    nothing_yet = "Whatever the syncer, a user or a token does is written down here."
    list_display = ("happened", "actor", "shown_action", "subject", "what", "on_behalf_of")
    sortable_by = ("happened", "subject", "on_behalf_of")  # what has an index: there are many facts
    list_display_links = ("happened",)
    list_filter = (AuditQuestion, ActionFilter)
    search_fields = ("name__contains", "source__contains", "actor")
    search_help_text = "A part of a name or source, or an actor"
    origin_field = "source"
    actions = ("restore",)
    ordering = ("-id",)
    fieldsets: ClassVar[Any] = (
        (
            None,
            {
                "fields": (
                    "moment",
                    "actor",
                    "shown_action",
                    "subject",
                    "zone",
                    "before_text",
                    "after_text",
                    "on_behalf_of",
                    "reason",
                    "in_pass",
                )
            },
        ),
    )
    readonly_fields = ("moment", "shown_action", "subject", "before_text", "after_text", "on_behalf_of", "in_pass")

    @admin.display(description="when", ordering="id")
    def happened(self, fact: AuditEntry) -> SafeString:
        return columns.when(fact.at)

    @admin.display(description="when")
    def moment(self, fact: AuditEntry) -> SafeString:
        return columns.exactly(fact.at)

    @admin.display(description="action", ordering="action")
    def shown_action(self, fact: AuditEntry) -> SafeString:
        return columns.action_word(fact.action)

    @admin.display(description="name", ordering="name")
    def subject(self, fact: AuditEntry) -> SafeString:
        return columns.subject(fact)

    @admin.display(description="change")
    def what(self, fact: AuditEntry) -> SafeString:
        return columns.change(fact)

    @admin.display(description="for", ordering="source")
    def on_behalf_of(self, fact: AuditEntry) -> SafeString:
        return columns.origin_link(fact.source)

    @admin.display(description="before")
    def before_text(self, fact: AuditEntry) -> SafeString:
        return _everything(fact.before)

    @admin.display(description="after")
    def after_text(self, fact: AuditEntry) -> SafeString:
        return _everything(fact.after)

    @admin.display(description="pass")
    def in_pass(self, fact: AuditEntry) -> SafeString:
        if not fact.correlation:
            return columns.NOTHING
        url = columns.admin_url("auditentry_changelist", correlation=fact.correlation)
        return format_html('<a href="{}">{}</a> <span class="quiet">all that it did</span>', url, fact.correlation)

    @admin.action(description="Restore this version", permissions=["entries"])
    def restore(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> HttpResponse | None:
        explanation = (
            "Each name gets a custom entry in mode override with the values that the fact left behind; "
            "of a deletion, those that it took away."
        )
        asked = self.confirm(request, queryset, "Restore {}?", explanation)
        return asked or self.carry_out(request, queryset, operations.restore, "{} restored, as overrides.")

    def page_actions(self, target: AuditEntry) -> Sequence[str]:
        return ("restore",) if target.type and target.action in columns.DEEDS else ()

    def history_of(self, target: AuditEntry) -> dict[str, str]:
        return {"name": target.name}


def _everything(data: dict[str, Any] | None) -> SafeString:
    """All fields of one side, a line each."""
    if not data:
        return columns.NOTHING
    return columns.lines(
        f"{key}: {', '.join(' '.join(item) if isinstance(item, list) else str(item) for item in value)}"
        if isinstance(value, list)
        else f"{key}: {value}"
        for key, value in data.items()
        if value not in (None, "")
    )
