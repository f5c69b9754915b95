"""Until when a record stays that no live claim asks for."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from records.models import ManagedRecord, SourceName
from records.targets import find_managed
from syncer.core.known import RecordState
from syncer.core.plan import Policy

BY_POLICY = "for good, by the policy of its zone"
"""In the place of an end."""


def find_end(record: ManagedRecord) -> datetime | None:
    """When a kept record goes at the earliest: only time counts in which a syncer runs and sees the trouble. None for
    what is not kept, or has no end."""
    if record.state != RecordState.KEPT:
        return None
    kept = SourceName.objects.filter(source__target=record.target, name=record.name, detached_since__isnull=False)
    place = ("source__target", "source__kind", "source__namespace", "source__name")
    mentions = kept.select_related("source").only("name", "detached_seconds", *place)
    ends = (mention_end(mention) for mention in mentions if str(mention.source) in record.claimants)
    return max((end for end in ends if end), default=None)


def mention_end(mention: SourceName) -> datetime | None:
    """None where the zone's policy lets nothing go."""
    managed = find_managed(mention.source.target)
    if managed.policy(managed.scope.find_zone(mention.name) or "") is not Policy.SYNC:
        return None
    return timezone.now() + timedelta(seconds=max(0.0, managed.detached_grace - mention.detached_seconds))
