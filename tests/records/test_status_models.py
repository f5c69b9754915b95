"""How the syncer is doing, read by others."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from records.models import SyncStatus
from records.status_models import SILENCE


def test_the_syncer_is_silent_after_missed_heartbeats() -> None:
    now = timezone.now()
    assert not SyncStatus(heartbeat_at=now).is_silent
    assert SyncStatus(heartbeat_at=now - SILENCE - timedelta(seconds=1)).is_silent
    assert not SyncStatus(heartbeat_at=now + timedelta(seconds=5)).is_silent
    assert SyncStatus(heartbeat_at=now + SILENCE + timedelta(seconds=1)).is_silent
    assert [SyncStatus(target=kind).writes_dns for kind in ("technitium", "hosts")] == [True, False]


@pytest.mark.django_db
def test_the_one_target_is_named_after_what_the_syncer_writes() -> None:
    assert SyncStatus.find_target() == "default"
    now = timezone.now()
    SyncStatus.objects.create(holder="here 1", started_at=now, heartbeat_at=now, target="technitium")
    assert SyncStatus.find_target() == "default"
    SyncStatus.objects.update(target="hosts")
    assert SyncStatus.find_target() == "hosts"
