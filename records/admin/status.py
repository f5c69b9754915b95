from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.safestring import SafeString

from records.admin import columns
from records.admin.base import ReadOnlyAdmin
from records.models import SyncStatus


@admin.register(SyncStatus)
class StatusAdmin(ReadOnlyAdmin):
    nothing_yet = "No syncer has written to this database yet."
    list_display = ("holder",)
    fields = (
        "holder",
        "started_on",
        "heard_on",
        "stopped_on",
        "last_pass",
        "next_pass",
        "last_change",
        "queue",
        "target",
        "target_problem",
        "target_warning",
        "shown_kinds",
        "shown_zones",
    )

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """There is one row at most."""
        status = SyncStatus.read()
        if status is None or not self.has_view_permission(request, status):
            return super().changelist_view(request, extra_context)
        return redirect(columns.admin_url("syncstatus_change", status.pk))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().change_view(request, object_id, form_url, {"title": "Syncer", **(extra_context or {})})

    @admin.display(description="running since")
    def started_on(self, status: SyncStatus) -> SafeString:
        return columns.exact_time(status.started_at)

    @admin.display(description="last heard of")
    def heard_on(self, status: SyncStatus) -> SafeString:
        return columns.exact_time(status.heartbeat_at)

    @admin.display(description="stopped")
    def stopped_on(self, status: SyncStatus) -> SafeString:
        return columns.exact_time(status.stopped_at)

    @admin.display(description="last full pass")
    def last_pass(self, status: SyncStatus) -> SafeString:
        return columns.exact_time(status.last_pass_at)

    @admin.display(description="next full pass")
    def next_pass(self, status: SyncStatus) -> SafeString:
        return columns.exact_time(status.next_pass_at)

    @admin.display(description="last change in DNS")
    def last_change(self, status: SyncStatus) -> SafeString:
        return columns.exact_time(status.last_change_at)

    @admin.display(description="kinds")
    def shown_kinds(self, status: SyncStatus) -> SafeString:
        return columns.stack_lines(kind_line(kind) for kind in status.kinds)

    @admin.display(description="zones")
    def shown_zones(self, status: SyncStatus) -> SafeString:
        return columns.stack_lines(
            format_html(
                "{} {}", zone, columns.color_word(problem, "bad") if problem else columns.color_word("fine", "good")
            )
            for zone, problem in status.zones.items()
        )


def kind_line(kind: dict[str, Any], *, brief: bool = False) -> SafeString:
    """``brief``: where the reason of a trouble is told beside it, once for all kinds."""
    tone = {"watching": "good", "not installed": "quiet"}.get(kind["state"], "bad")
    name = f"{kind['kind']}.{kind['group']}" if kind["group"] else kind["kind"]
    reason = "" if brief else kind["reason"]
    text = f"{columns.count_noun(kind['objects'], ('object', 'objects'))} {reason}".rstrip()
    return format_html(
        '{} <span>{} <span class="quiet">{}</span></span>', columns.color_word(kind["state"], tone), name, text
    )
