from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from records import places
from records.admin import columns
from records.admin.base import NamingList, ReadOnlyAdmin, list_history
from records.admin.filters import KindFilter, SourceQuestion, TargetFilter
from records.explain import PRIORITIES
from records.kept import BY_POLICY, mention_end
from records.lost_claims import note_lost
from records.models import AuditEntry, ManagedRecord, Source
from syncer.core.origin import Origin


class SourceList(NamingList):
    """Its rows know what they have lost."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        note_lost(self.result_list)


@admin.register(Source)
class SourceAdmin(ReadOnlyAdmin):
    nothing_yet = "Every object with host names that the syncer sees is listed here."
    list_display = ("shown_place", "kind", "shown_names", "shown_trouble", "changed_on")
    list_filter = (SourceQuestion, KindFilter, TargetFilter)
    search_fields = ("name", "namespace")
    search_help_text = "A part of the object's Kind/namespace/name, or of a name that it gives"
    ordering = ("namespace", "name", "kind")
    fields = (
        "shown_object",
        "wanted_names",
        "lost_names",
        "skipped_names",
        "kept_names",
        "shown_warnings",
        "shown_settings",
        "shown_annotations",
        "last_changed",
    )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return SourceList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Source | None:
        source: Source | None = super().get_object(request, object_id, from_field)
        note_lost([source] if source else [])
        return source

    def get_queryset(self, request: HttpRequest) -> QuerySet[Source]:
        return super().get_queryset(request).prefetch_related("mentions")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Source], search_term: str
    ) -> tuple[QuerySet[Source], bool]:
        matches = places.match_words(search_term.split(), self.search_fields, ("name", "values", "records"))
        return queryset.filter(*matches), False

    @admin.display(description="namespace/name", ordering="namespace")
    def shown_place(self, source: Source) -> str:
        return f"{source.namespace}/{source.name}"

    @admin.display(description="gives")
    def shown_names(self, source: Source) -> SafeString:
        names = [name for name, _ in source.wanted_names()]
        return columns.list_values(names) if names else columns.clip_reason(source.explain_silence())

    @admin.display(description="trouble")
    def shown_trouble(self, source: Source) -> SafeString:
        words = []
        if skipped := source.skipped_names():
            words.append(columns.color_word(f"{len(skipped)} not published", "warn"))
        if lost := source.lost_names:
            words.append(columns.color_word(f"{len(lost)} lost", "bad"))
        if kept := source.kept_names():
            words.append(columns.color_word(f"{len(kept)} kept", "warn"))
        if warnings := source.list_warnings():
            words.append(columns.color_word(columns.count_noun(len(warnings), ("warning", "warnings")), "warn"))
        return format_html_join(" ", "{}", ((text,) for text in words)) or columns.NOTHING

    @admin.display(description="changed", ordering="seen_at")
    def changed_on(self, source: Source) -> SafeString:
        return columns.relative_time(source.seen_at)

    @admin.display(description="changed")
    def last_changed(self, source: Source) -> SafeString:
        return columns.exact_time(source.seen_at)

    @admin.display(description="object")
    def shown_object(self, source: Source) -> SafeString:
        kind = f"{source.kind}.{source.group}" if source.group else source.kind
        created = format_html('<span class="quiet">created {}</span>', columns.object_time(source.created))
        return format_html("{} {}", kind, created)

    @admin.display(description="names that it gives")
    def wanted_names(self, source: Source) -> SafeString:
        lines = [
            format_html("{} {}", columns.name_link(name), columns.list_values(values) if values else source.unsaid)
            for name, values in source.wanted_names()
        ]
        return columns.stack_lines(lines or [source.explain_silence()])

    @admin.display(description="names that another one has")
    def lost_names(self, source: Source) -> SafeString:
        return columns.stack_lines(
            format_html("{} {}", columns.name_link(name), columns.color_word(reason, "bad"))
            for name, reason in source.lost_names.items()
        )

    @admin.display(description="names that are not published")
    def skipped_names(self, source: Source) -> SafeString:
        return columns.stack_lines(
            format_html("<code>{}</code> {}", name, columns.color_word(reason, "warn"))
            for name, reason in source.skipped_names()
        )

    @admin.display(description="names that are kept")
    def kept_names(self, source: Source) -> SafeString:
        return columns.stack_lines(
            format_html(
                "{} {}, {}",
                columns.name_link(mention.name),
                columns.color_word(mention.reason, "warn"),
                format_html("until {} at the earliest", columns.exact_time(end)) if end else BY_POLICY,
            )
            for mention, end in ((mention, mention_end(mention)) for mention in source.kept_names())
        )

    @admin.display(description="warnings")
    def shown_warnings(self, source: Source) -> SafeString:
        return columns.stack_lines(source.list_warnings())

    @admin.display(description="TTL and priority")
    def shown_settings(self, source: Source) -> str:
        ttl = f"TTL {source.ttl} s" if source.ttl is not None else "the default TTL"
        return f"{ttl}, {PRIORITIES[source.priority]} priority"

    @admin.display(description="other annotations")
    def shown_annotations(self, source: Source) -> SafeString:
        return columns.stack_lines(f"{key}: {value}" for key, value in source.notes.items())

    def history_of(self, target: Source) -> dict[str, str]:
        return {"source": str(target)}

    def page_context(self, request: HttpRequest, target: Source) -> dict[str, Any]:
        names = [name for name, _ in target.wanted_names()][:100]
        return {
            "its_records": ManagedRecord.objects.filter(target=target.target, name__in=names),
            "history": list_history(AuditEntry.objects.filter(source=str(target))),
        }

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.find_named)
        return [path("named/", view, name="records_source_named"), *super().get_urls()]

    def find_named(self, request: HttpRequest) -> HttpResponse:
        """From an origin to the page of its object, or to the search for it when it is gone."""
        origin = Origin.parse(request.GET.get("origin", ""))
        source = Source.objects.filter(**origin._asdict()).first()
        if source is None:
            return redirect(columns.admin_url("source_changelist", q=origin.name))
        return redirect(columns.admin_url("source_change", source.pk))
