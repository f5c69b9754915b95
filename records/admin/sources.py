from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from records import places
from records.admin import columns
from records.admin.base import ReadOnlyAdmin
from records.admin.filters import KindFilter, SourceQuestion
from records.models import AuditEntry, ManagedRecord, Source
from syncer.core.source import HIGH, LOW


@admin.register(Source)
class SourceAdmin(ReadOnlyAdmin):
    nothing_yet = "Every Ingress, IngressRoute and HTTPRoute that the syncer sees is listed here."
    list_display = ("place", "kind", "gives", "trouble", "changed")
    list_filter = (SourceQuestion, KindFilter)
    search_fields = ("name__contains", "namespace__contains", "names__icontains")
    search_help_text = "A part of the object's Kind/namespace/name, or of a name that it gives"
    ordering = ("namespace", "name", "kind")
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("object", "wanted", "left_out", "warned", "settings", "annotations", "last_changed")}),
    )
    readonly_fields = ("object", "wanted", "left_out", "warned", "settings", "annotations", "last_changed")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Source], search_term: str
    ) -> tuple[QuerySet[Source], bool]:
        given, words = places.apart(search_term.split())
        return super().get_search_results(request, queryset.filter(*map(places.matching, given)), " ".join(words))

    @admin.display(description="namespace/name", ordering="namespace")
    def place(self, source: Source) -> str:
        return f"{source.namespace}/{source.name}"

    @admin.display(description="gives")
    def gives(self, source: Source) -> SafeString:
        return columns.data([name for name, _ in source.names])

    @admin.display(description="trouble")
    def trouble(self, source: Source) -> SafeString:
        words = []
        if source.skipped:
            words.append(columns.word(f"{len(source.skipped)} not published", "warn"))
        if source.warnings:
            words.append(columns.word(columns.counted(len(source.warnings), ("warning", "warnings")), "warn"))
        return format_html_join(" ", "{}", ((text,) for text in words)) or columns.NOTHING

    @admin.display(description="changed", ordering="seen_at")
    def changed(self, source: Source) -> SafeString:
        return columns.when(source.seen_at)

    @admin.display(description="changed")
    def last_changed(self, source: Source) -> SafeString:
        return columns.exactly(source.seen_at)

    @admin.display(description="object")
    def object(self, source: Source) -> SafeString:
        kind = f"{source.kind}.{source.group}" if source.group else source.kind
        created = format_html('<span class="quiet">created {}</span>', columns.timestamp(source.created))
        return format_html("{} {}", kind, created)

    @admin.display(description="names that it gives")
    def wanted(self, source: Source) -> SafeString:
        return columns.lines(
            format_html("{} {}", columns.name_link(name), columns.data(values) if values else "the default address")
            for name, values in source.names
        )

    @admin.display(description="names that are not published")
    def left_out(self, source: Source) -> SafeString:
        return columns.lines(
            format_html("<code>{}</code> {}", name, columns.word(reason, "warn")) for name, reason in source.skipped
        )

    @admin.display(description="warnings")
    def warned(self, source: Source) -> SafeString:
        return columns.lines(source.warnings)

    @admin.display(description="TTL and priority")
    def settings(self, source: Source) -> str:
        ttl = f"TTL {source.ttl} s" if source.ttl is not None else "the default TTL"
        return f"{ttl}, {({HIGH: 'high', LOW: 'low'}).get(source.priority, 'normal')} priority"

    @admin.display(description="other annotations")
    def annotations(self, source: Source) -> SafeString:
        return columns.lines(f"{key}: {value}" for key, value in source.notes.items())

    def history_of(self, target: Source) -> dict[str, str]:
        return {"source": str(target)}

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context: dict[str, Any] = {}
        source = self.get_object(request, object_id)
        if source is not None:
            names = [name for name, _ in source.names][:100]
            context = {
                "its_records": ManagedRecord.objects.filter(name__in=names),
                "history": AuditEntry.objects.filter(source=str(source)).order_by("-at", "-id")[:25],
            }
        return super().change_view(request, object_id, form_url, {**context, **(extra_context or {})})

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.named)
        return [path("named/", view, name="records_source_named"), *super().get_urls()]

    def named(self, request: HttpRequest) -> HttpResponse:
        """From the origin in a record or audit entry to the object, or to the search for it when it is gone."""
        kind, _, place = request.GET.get("origin", "").partition("/")
        namespace, _, name = place.partition("/")
        source = Source.objects.filter(kind=kind, namespace=namespace, name=name).first()
        if source is None:
            return redirect(columns.admin_url("source_changelist", q=name))
        return redirect(columns.admin_url("source_change", source.pk))
