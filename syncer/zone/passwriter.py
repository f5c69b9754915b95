"""What a pass comes to, carried out: in the ledger, on the target, in the ledger again, and in what is known of the
zone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from syncer import metrics
from syncer.core.plan import Change
from syncer.ledger import ObservedRRset, ZoneLedger
from syncer.targets.base import TargetZone
from syncer.zone.apply import ChangeWriter, new_correlation
from syncer.zone.guarding import PlannedChange
from syncer.zone.passplan import PassPlan, list_observed
from syncer.zone.recovery import Recovery
from syncer.zone.result import PassResult
from syncer.zone.schedule import ZoneSchedule
from syncer.zone.shadows import ShadowNotes
from syncer.zone.view import ZoneView


class PassWriter:
    """For one zone. ``writer`` makes the changes; here is what follows from them for the view, the schedule, and for
    ``last_change_at``."""

    def __init__(
        self,
        target_name: str,
        zone: TargetZone,
        rows: ZoneLedger,
        writer: ChangeWriter,
        view: ZoneView,
        schedule: ZoneSchedule,
        recovery: Recovery,
        shadows: ShadowNotes,
        clock: Callable[[], float],
    ) -> None:
        self.last_change_at: datetime | None = None
        self._target_name = target_name
        self._zone = zone
        self._rows = rows
        self._writer = writer
        self._view = view
        self._schedule = schedule
        self._recovery = recovery
        self._shadows = shadows
        self._clock = clock
        self._delegates = False
        """A delegation was written or taken out since the zone was listed."""

    def carry_out(
        self,
        plan: PassPlan,
        kept: Sequence[ObservedRRset],
        turn: Sequence[PlannedChange],
        result: PassResult,
        actor: str,
    ) -> None:
        """Record what was found, ``kept`` by the guard included, and make the changes of this ``turn``. Raises what
        target and ledger raise."""
        correlation = new_correlation()
        drifts = [(name.decision, drift) for name in plan.names for drift in name.drifts]
        self._writer.tell_losers(plan.losers, result.later)
        serial = None if self._recovery.is_on else plan.serial
        observed = [*list_observed(plan.names), *kept]
        self._writer.record_observed(observed, correlation, actor, serial, plan.node)
        if plan.rivals:
            self._rows.note_rivals(plan.rivals)
        self._writer.record_drift(drifts, plan.checked, correlation, listed=plan.listed)
        if plan.whole:
            self._shadows.save_shadows(plan.shadows)
        if plan.listed:
            self._shadows.save_others(plan.others)
        self.write_changes(turn, result, correlation, actor)

    def write_changes(self, changes: Sequence[PlannedChange], result: PassResult, correlation: str, actor: str) -> None:
        """Also moves the view on. The ledger keeps the serial by which a loss shows, until all that was lost is made
        again: a syncer that ends before must not take the rest for drift."""
        self._writer.write_changes(changes, result, correlation, actor, keeps_serial=self._recovery.is_on)
        self._delegates |= any(change.key[1] == "NS" for _, change in changes)
        if changes:
            self._view.advance(self._zone.left_serial)

    def write_marks(self, marks: Sequence[Change], result: PassResult) -> None:
        """Those that the zone lost."""
        if marks:
            self._writer.write_marks(marks, result)
            self._view.advance(self._zone.left_serial)

    def note_changes(self, result: PassResult) -> None:
        """What was changed has consequences for when the zone is looked at next."""
        if self._delegates:  # what a delegation hides is told of a list of the zone
            self._delegates = False
            self._view.invalidate()
            self._schedule.request_pass()
        if result.changed:
            self.last_change_at = datetime.now(UTC)
            metrics.LAST_CHANGE.labels(self._target_name).set(self.last_change_at.timestamp())
            self._schedule.changed(result.changed, self._clock())
