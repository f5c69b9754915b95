"""Until when a record stays that no live claim asks for."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from records.models import ManagedRecord, SourceName
from syncer.config import Managed
from syncer.core.known import RecordState
from syncer.core.plan import Policy

BY_POLICY = "for good, by the policy of its zone"
"""In the place of an end."""


def find_end(record: ManagedRecord) -> datetime | None:
    """When a kept record goes at the earliest: only time counts in which a syncer runs and sees the trouble. None for
    what is not kept, or has no end."""
    if record.state != RecordState.KEPT:
        return None
    mentions = SourceName.objects.filter(name=record.name, detached_since__isnull=False).select_related("source")
    mentions = mentions.only("name", "detached_seconds", "source__kind", "source__namespace", "source__name")
    ends = (mention_end(mention) for mention in mentions if str(mention.source) in record.claimants)
    return max((end for end in ends if end), default=None)


def mention_end(mention: SourceName) -> datetime | None:
    """None where the zone's policy lets nothing go."""
    managed: Managed = settings.MANAGED
    if managed.policy(managed.scope.find_zone(mention.name) or "") is not Policy.SYNC:
        return None
    return timezone.now() + timedelta(seconds=max(0.0, managed.detached_grace - mention.detached_seconds))
