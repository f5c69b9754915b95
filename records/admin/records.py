from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from records import operations
from records.admin import columns
from records.admin.base import HISTORY, ReadOnlyAdmin
from records.admin.claims import list_claims
from records.admin.exporting import export_response
from records.admin.filters import AnswerFilter, RecordQuestion, TypeFilter, ZoneFilter
from records.answer_rows import explain_pause
from records.audit import CHANGES
from records.explain import explain_name
from records.kept import find_end
from records.models import AuditEntry, CustomEntry, ManagedRecord, ManagedZone, SyncStatus
from syncer.core.known import RecordState


@admin.register(ManagedRecord)
class RecordAdmin(ReadOnlyAdmin):
    nothing_yet = "A record appears here as soon as an object in the cluster, or a custom entry, wants a name."
    list_display = ("shown_name", "shown_content", "shown_state", "shown_winner", "changed_on")
    list_filter = (RecordQuestion, "state", AnswerFilter, TypeFilter, ZoneFilter)
    search_fields = ("name__contains", "origin__contains")
    search_help_text = "A part of a name, or of the source's namespace/name"
    origin_field = "origin"
    actions = ("sync_now", "adopt", "release", "delete_from_dns", "block_name", "export_selected")
    ordering = ("name", "type")
    fields = (
        "shown_data",
        "state_and_reason",
        "shown_winner",
        "zone",
        "owned",
        "dns_answers",
        "known_since",
        "last_changed",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[ManagedRecord]:
        return super().get_queryset(request).prefetch_related("dns_answer")

    def get_list_display(self, request: HttpRequest) -> Any:
        """The target is news only where there are several."""
        return (*self.list_display, "target") if _count_targets() > 1 else self.list_display

    def get_fields(self, request: HttpRequest, obj: ManagedRecord | None = None) -> Any:
        return (*self.fields, "target") if _count_targets() > 1 else self.fields

    @admin.display(description="name", ordering="name")
    def shown_name(self, record: ManagedRecord) -> SafeString:
        return columns.break_name(record.name)

    @admin.display(description="type and values", ordering="type")
    def shown_content(self, record: ManagedRecord) -> SafeString:
        return format_html('<b class="type">{}</b> {}', record.type, columns.list_values(record.values))

    @admin.display(description="state", ordering="state")
    def shown_state(self, record: ManagedRecord) -> SafeString:
        state = format_html("{} {}", columns.state_word(record.state), columns.clip_reason(record.reason))
        if record.answer is None or not record.answer.is_trouble:
            return state
        word, reason = columns.result_word(record.answer, "DNS: "), columns.clip_reason(record.answer.reason)
        return format_html("{} {} {}", state, word, reason)

    @admin.display(description="published for", ordering="origin")
    def shown_winner(self, record: ManagedRecord) -> SafeString:
        text = columns.origin_link(record.origin)
        others = len(record.claimants) - 1
        rivals = [columns.count_noun(others, ("other agrees", "others agree"))] if others > 0 else []
        rivals += [columns.count_noun(len(record.losers), ("other lost", "others lost"))] if record.losers else []
        return format_html('{} <span class="quiet">({})</span>', text, ", ".join(rivals)) if rivals else text

    @admin.display(description="changed", ordering="changed_at")
    def changed_on(self, record: ManagedRecord) -> SafeString:
        return columns.relative_time(record.changed_at)

    @admin.display(description="changed")
    def last_changed(self, record: ManagedRecord) -> SafeString:
        return columns.exact_time(record.changed_at)

    @admin.display(description="known since")
    def known_since(self, record: ManagedRecord) -> SafeString:
        return columns.exact_time(record.created_at)

    @admin.display(description="content")
    def shown_data(self, record: ManagedRecord) -> SafeString:
        values = columns.stack_lines(format_html("<code>{}</code>", value) for value in record.values)
        return format_html(
            '<b class="type">{}</b> <span class="quiet">TTL {} s</span> {}', record.type, record.ttl, values
        )

    @admin.display(description="state")
    def state_and_reason(self, record: ManagedRecord) -> SafeString:
        words = format_html("{} {}", columns.state_word(record.state), record.reason)
        if end := find_end(record):
            words = format_html("{}, until {} at the earliest", words, columns.exact_time(end))
        return words

    @admin.display(description="DNS answers")
    def dns_answers(self, record: ManagedRecord) -> SafeString:
        """As it was last asked for; else why not."""
        answer = record.answer
        if answer is None:
            pause = explain_pause(SyncStatus.objects.first())
            words = f"names are not asked: {pause}" if pause else "not known yet" if record.owned else "not asked"
            return format_html('<span class="quiet">{}</span>', words)
        since, asked = columns.exact_time(answer.since), columns.exact_time(answer.asked_at)
        return format_html(
            '{} {}<div class="line">since {}</div><div class="line">asked at {}</div>',
            columns.result_word(answer),
            answer.reason,
            since,
            asked,
        )

    # Actions

    @admin.action(description="Sync now", permissions=["operate"])
    def sync_now(self, request: HttpRequest, queryset: QuerySet[ManagedRecord]) -> HttpResponse | None:
        names = set(queryset.order_by().values_list("name", flat=True))
        operations.sync_names(request.user.get_username(), names)
        messages.success(request, f"{columns.count_noun(len(names), ('name', 'names'))} being compared with DNS.")
        return self.return_back(request)

    @admin.action(description="Adopt the foreign record", permissions=["operate"])
    def adopt(self, request: HttpRequest, queryset: QuerySet[ManagedRecord]) -> HttpResponse | None:
        explanation = "The records become ours: they get our mark, and the values that are wanted for their names."
        asked = self.confirm_action(request, queryset, "Adopt {}?", explanation)
        return asked or self.carry_out(request, queryset, operations.replace_record, "{} being adopted.")

    @admin.action(description="Release (keep the DNS record)", permissions=["operate"])
    def release(self, request: HttpRequest, queryset: QuerySet[ManagedRecord]) -> HttpResponse | None:
        explanation = "They stay in DNS as they are. From then on we neither update nor delete them."
        asked = self.confirm_action(request, queryset, "Give up {}?", explanation)
        return asked or self.carry_out(request, queryset, operations.release_record, "{} being released.")

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
            lambda actor, record: operations.block_name(actor, record.name),
            "Names of {} blocked.",
        )

    @admin.action(description="Export selected", permissions=["view"])
    def export_selected(self, request: HttpRequest, queryset: QuerySet[ManagedRecord]) -> HttpResponseBase | None:
        return export_response(request, queryset)

    def page_actions(self, target: ManagedRecord) -> Sequence[str]:
        names = ["sync_now"]
        if target.state in (RecordState.FOREIGN, RecordState.CONFLICT):
            names.append("adopt")
        if target.owned:
            names += ["release", "delete_from_dns"]
        return [*names, "block_name"]

    # Pages

    def history_of(self, target: ManagedRecord) -> dict[str, str]:
        return {"name": target.name}

    def page_context(self, request: HttpRequest, target: ManagedRecord) -> dict[str, Any]:
        of_target = {"name": target.name, "target__in": ("", target.target)}
        return {
            "sentences": explain_name(target.name, target.target)["sentences"],
            "test_url": f"{reverse('test-dns')}?{urlencode({'hostname': target.name})}",
            "claims": list_claims(target),
            "history": AuditEntry.objects.filter(**of_target).order_by("-at", "-id")[:HISTORY],
            "entries": CustomEntry.objects.filter(**of_target),
            "its_records": ManagedRecord.objects.filter(**of_target).exclude(pk=target.pk),
            "may_restore": self.has_entries_permission(request),
            "restorable": CHANGES,
        }

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.find_named)
        return [path("named/", view, name="records_managedrecord_named"), *super().get_urls()]

    def find_named(self, request: HttpRequest) -> HttpResponse:
        """From a name to its record, or to the search for it; where several targets have it, to that of the target
        which is asked for, or which the syncer writes to."""
        name = request.GET.get("name", "")
        target = request.GET.get("target", "") or SyncStatus.find_target()
        rows = ManagedRecord.objects.filter(name=name, type=request.GET.get("type", ""))
        by_target = {row.target: row for row in rows}
        record = by_target.get(target) or next(iter(by_target.values()), None)
        if record is None:
            return redirect(columns.admin_url("managedrecord_changelist", q=name))
        return redirect(columns.admin_url("managedrecord_change", record.pk))


def _count_targets() -> int:
    """Those of which something is known."""
    return ManagedZone.objects.order_by().values("target").distinct().count()
