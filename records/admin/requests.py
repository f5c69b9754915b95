from __future__ import annotations

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from records.admin import columns
from records.admin.base import ReadOnlyAdmin
from records.admin.filters import RequestQuestion, TargetFilter
from records.models import SyncRequest


@admin.register(SyncRequest)
class RequestAdmin(ReadOnlyAdmin):
    nothing_yet = "What people asked the syncer to do, and what it answered."
    list_display = ("shown_request", "requested_by", "asked_on", "answered_on", "shown_outcome")
    list_filter = (RequestQuestion, "action", TargetFilter)
    search_fields = ("name__contains", "requested_by")
    search_help_text = "A part of a name, or who asked"
    fields = ("shown_request", "target", "zone", "plan", "requested_by", "asked_at", "answered_at", "shown_outcome")

    @admin.display(description="request", ordering="action")
    def shown_request(self, request: SyncRequest) -> SafeString:
        subject = f"{request.name} {request.type}".rstrip() or request.zone or "every zone"
        return format_html("{}: <b>{}</b>", request.get_action_display(), subject)

    @admin.display(description="asked", ordering="created_at")
    def asked_on(self, request: SyncRequest) -> SafeString:
        return columns.relative_time(request.created_at)

    @admin.display(description="answered", ordering="done_at")
    def answered_on(self, request: SyncRequest) -> SafeString:
        return columns.relative_time(request.done_at) if request.done_at else columns.color_word("waiting", "busy")

    @admin.display(description="asked")
    def asked_at(self, request: SyncRequest) -> SafeString:
        return columns.exact_time(request.created_at)

    @admin.display(description="answered")
    def answered_at(self, request: SyncRequest) -> SafeString:
        return columns.exact_time(request.done_at) if request.done_at else columns.color_word("waiting", "busy")

    @admin.display(description="outcome")
    def shown_outcome(self, request: SyncRequest) -> str:
        return request.outcome

    def history_of(self, target: SyncRequest) -> dict[str, str]:
        return {"name": target.name} if target.name else {"q": ""}
