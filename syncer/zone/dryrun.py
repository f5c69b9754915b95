"""What a dry run says instead of doing it."""

from __future__ import annotations

from collections.abc import Sequence

from syncer.zone.apply import LEFT_ALONE, sort_changes
from syncer.zone.guarding import PlannedChange
from syncer.zone.passplan import PassPlan
from syncer.zone.result import PassResult, log_plan


class DryRun:
    """Of one zone. While it ``logs_plans`` the log says what would be done, each thing once for as long as it stays
    so."""

    def __init__(self) -> None:
        self.logs_plans = True
        self._said: set[str] = set()
        self._listed: tuple[str, int | None] = "", None
        """On which node the zone was listed last, and the serial then: nothing else is known of it afterwards."""

    def tell_plan(self, plan: PassPlan, changes: Sequence[PlannedChange], result: PassResult) -> None:
        """Adds to ``result`` what would be done, and what would be left alone."""
        statuses = [status for name in plan.names for status in name.statuses]
        result.planned = [change for _, change in sort_changes(changes)]
        result.left = [status for status in statuses if status.state in LEFT_ALONE]
        if plan.listed:
            self._listed = plan.node, plan.serial
        if self.logs_plans:
            self._said = log_plan(result, self._said)

    def has_told(self, serial: int | None, node: str) -> bool:
        """Whether what ``node`` has, now that it shows ``serial``, is what was told last."""
        return serial is not None and self._listed == (node, serial)
