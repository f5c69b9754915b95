"""A zone on a DNS server, and records of ours that should be in it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from records.models import ManagedRecord, SyncStatus
from syncer.core.known import RecordState
from tests.fakes.fixtures_technitium import ServerUnderTest

ZONE = "talos00"


def own(name: str, *values: str, kind: str = "A", changed_at: datetime | None = None, **more: object) -> ManagedRecord:
    """A record of ours that changed an hour ago."""
    at = changed_at or timezone.now() - timedelta(hours=1)
    columns = {"zone": ZONE, "ttl": 60, "owned": True, "state": RecordState.SYNCED, "changed_at": at, **more}
    return ManagedRecord.objects.create(name=name, type=kind, values=list(values), **columns)


def report(target: str = "technitium") -> SyncStatus:
    """A syncer that writes to this kind of target."""
    now = timezone.now()
    return SyncStatus.objects.create(holder="x", started_at=now, heartbeat_at=now, target=target)


@pytest.fixture
def server(technitium: ServerUnderTest) -> str:
    technitium.make_zone(ZONE)
    return ":".join(map(str, technitium.dns))
