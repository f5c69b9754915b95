"""Until when a record stays that no live claim asks for."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from records.models import ManagedRecord, SourceName
from syncer.config import Managed
from syncer.core.known import RecordState


def find_end(record: ManagedRecord) -> datetime | None:
    """When a kept record goes at the earliest: only time counts in which a syncer runs and sees the trouble. None for
    what is not kept, or has no end."""
    if record.state != RecordState.KEPT:
        return None
    mentions = SourceName.objects.filter(name=record.name, detached_since__isnull=False)
    return max((mention_end(mention) for mention in mentions), default=None)


def mention_end(mention: SourceName) -> datetime:
    managed: Managed = settings.MANAGED
    return timezone.now() + timedelta(seconds=max(0.0, managed.detached_grace - mention.detached_seconds))
