"""The row in which the syncer tells the other processes how it is doing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from syncer import metrics
from syncer.health import HealthReport
from syncer.ledger import CountKey, Ledger, SyncerStatus
from syncer.vitals import Vitals
from syncer.worker import TargetWorker

log = logging.getLogger(__name__)

INTERVAL = 5.0
"""Seconds between two writes."""


class Heartbeat:
    def __init__(self, ledger: Ledger, worker: TargetWorker, vitals: Vitals) -> None:
        self.due = 0.0
        self.last_pass_at: datetime | None = None
        self._ledger = ledger
        self._worker = worker
        self._vitals = vitals
        self._unmanaged: set[str] = set()

    def beat_due(self, now: float, read_health: Callable[[], HealthReport], *, settled: bool) -> None:
        """``settled``: enough was read to make passes. Raises ``LedgerError``."""
        if now < self.due:
            return
        self.due = now + INTERVAL
        counts = self._ledger.counts()
        metrics.MANAGED_RECORDS.show(counts)
        self._warn_of_unmanaged(counts)
        zones = self._worker.zones.values()
        health = read_health()
        measured = self._vitals.list_news()
        next_pass = min((zone.full_pass_due for zone in zones), default=now)
        self._ledger.save_status(
            SyncerStatus(
                last_pass_at=self.last_pass_at,
                next_pass_at=datetime.now(UTC) + timedelta(seconds=max(0.0, next_pass - now)) if settled else None,
                last_change_at=self._worker.last_change_at,
                queue=self._worker.waiting,
                target=self._worker.target.kind,
                target_problem=self._worker.problem,
                target_warning=self._worker.target.warning,
                kinds=health.kinds,
                zones={zone.name: zone.problem for zone in zones},
                problems=health.problems,
                warnings=health.warnings,
                vitals=self._vitals.describe(),
                measured=measured,
            )
        )
        self._vitals.note_written(measured)

    def _warn_of_unmanaged(self, counts: Mapping[CountKey, int]) -> None:
        """Once for each zone that has records of ours and is not managed any more."""
        of_target = {key.zone for key in counts if key.target == self._worker.name}
        for zone in of_target - self._worker.zones.keys() - self._unmanaged:
            self._unmanaged.add(zone)
            number = sum(count for key, count in counts.items() if (key.target, key.zone) == (self._worker.name, zone))
            log.warning(
                "%s is not in DNS_ZONES any more: its %d records stay as they are until it is, or they are released",
                zone,
                number,
                extra={"zone": zone},
            )
