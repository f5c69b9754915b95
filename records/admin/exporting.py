"""The selected records as a backup file."""

from __future__ import annotations

from itertools import chain

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone

from records.models import ManagedRecord


def export_response(request: HttpRequest, queryset: QuerySet[ManagedRecord]) -> StreamingHttpResponse | None:
    """None, with a message, when there is nothing to export. The file, and the next page, say what is left out."""
    from records.exchange import write_export

    selected, left_out = queryset.count(), queryset.filter(owned=False).count()
    if left_out == selected:
        messages.error(
            request, "None of them is ours, and a backup holds only what is ours: there is nothing to export."
        )
        return None
    note = f"{left_out} of the {selected} selected records are not ours and not in the file." if left_out else ""
    if note:
        messages.warning(request, note)
    chunks = chain([f"# {note}\n"] if note else [], write_export("yaml", records=queryset))
    name = f"dns-records-{timezone.now():%Y%m%d-%H%M%S}.yaml"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(chunks, content_type="application/yaml", headers=headers)
