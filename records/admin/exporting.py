"""The selected records as a backup file."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone

from records.models import ManagedRecord


def export_response(queryset: QuerySet[ManagedRecord]) -> StreamingHttpResponse:
    from records.exchange import export

    chunks = export("yaml", records=queryset)
    name = f"dns-records-{timezone.now():%Y%m%d-%H%M%S}.yaml"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(chunks, content_type="application/yaml", headers=headers)
