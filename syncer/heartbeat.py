"""The rows in which the syncer tells the other processes how it is doing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from syncer import metrics
from syncer.health import HealthReport
from syncer.ledger import CountKey, Ledger, SyncerStatus
from syncer.vitals import Vitals
from syncer.worker import TargetWorker

log = logging.getLogger(__name__)

INTERVAL = 5.0
"""Seconds between two writes."""


class Working(Protocol):
    """A target, as far as it is told of it."""

    worker: TargetWorker
    last_pass_at: datetime | None

    def is_settled(self) -> bool:
        """Whether enough was read to make passes."""


class Heartbeat:
    def __init__(self, ledger: Ledger, targets: Sequence[Working], vitals: Vitals) -> None:
        self.due = 0.0
        self._ledger = ledger
        self._targets = targets
        self._vitals = vitals
        self._unmanaged: set[tuple[str, str]] = set()

    def beat_due(self, now: float, read_health: Callable[[], HealthReport]) -> None:
        """Raises ``LedgerError``."""
        if now < self.due:
            return
        self.due = now + INTERVAL
        counts = self._ledger.counts()
        metrics.MANAGED_RECORDS.show(counts)
        self._warn_of_unmanaged(counts)
        health = read_health()
        measured = self._vitals.list_news()
        reports = [it.worker.report(it.last_pass_at, _find_next_pass(it, now)) for it in self._targets]
        self._ledger.save_status(
            SyncerStatus(
                reports,
                health.kinds,
                health.problems,
                health.warnings,
                vitals=self._vitals.describe(),
                measured=measured,
            )
        )
        self._vitals.note_written(measured)

    def _warn_of_unmanaged(self, counts: Mapping[CountKey, int]) -> None:
        """Once for each zone that has records of ours and is not managed any more, there or at all."""
        workers = [target.worker for target in self._targets]
        managed = {(worker.name, zone) for worker in workers for zone in worker.zones}
        settings = {worker.name: worker.zones_setting for worker in workers}
        for place in sorted({(key.target, key.zone) for key in counts} - managed - self._unmanaged):
            self._unmanaged.add(place)
            target, zone = place
            zones = settings.get(target)
            where = f"{zone} is not in {zones}" if zones else f"{target} is not among the targets"
            number = sum(count for key, count in counts.items() if (key.target, key.zone) == place)
            log.warning(
                "%s any more: %d records in %s stay as they are until it is, or they are released",
                where,
                number,
                zone,
                extra={"zone": zone, "target": target},
            )


def _find_next_pass(target: Working, now: float) -> datetime | None:
    """None where not enough was read yet to make one."""
    if not target.is_settled():
        return None
    due = min((zone.full_pass_due for zone in target.worker.zones.values()), default=now)
    return datetime.now(UTC) + timedelta(seconds=max(0.0, due - now))
