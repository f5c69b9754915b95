"""What a pass comes to, carried out: in the ledger, on the target, and in the ledger again."""

from __future__ import annotations

from collections.abc import Sequence

from syncer.core.plan import Change
from syncer.ledger import ObservedRRset, ZoneLedger
from syncer.zone.apply import ChangeWriter, new_correlation
from syncer.zone.guarding import PlannedChange
from syncer.zone.passplan import PassPlan, list_observed
from syncer.zone.recovery import Recovery
from syncer.zone.result import PassResult
from syncer.zone.shadows import ShadowNotes


class PassWriter:
    """For one zone. ``writer`` makes the changes; here is what else the ledger is told, and when. What follows for what
    is known of the zone is for the zone to say."""

    def __init__(self, rows: ZoneLedger, writer: ChangeWriter, recovery: Recovery, shadows: ShadowNotes) -> None:
        self._rows = rows
        self._writer = writer
        self._recovery = recovery
        self._shadows = shadows
        self._delegates = False

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
        """The ledger keeps the serial by which a loss shows, until all that was lost is made again: a syncer that ends
        before must not take the rest for drift."""
        self._writer.write_changes(changes, result, correlation, actor, keeps_serial=self._recovery.is_on)
        self._delegates |= any(change.key[1] == "NS" for _, change in changes)

    def write_marks(self, marks: Sequence[Change], result: PassResult) -> None:
        """Those that the zone lost."""
        if marks:
            self._writer.write_marks(marks, result)

    def pop_delegated(self) -> bool:
        """Whether a delegation was written or taken out since the last call."""
        delegated, self._delegates = self._delegates, False
        return delegated
