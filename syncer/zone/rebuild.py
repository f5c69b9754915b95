"""A ledger that was lost, made again from the marks in the zone."""

from __future__ import annotations

import logging

from syncer.core.known import RecordState
from syncer.core.plan import DriftType, RRsetStatus
from syncer.ledger import ObservedRRset, ZoneLedger
from syncer.zone.apply import SYNCER, ChangeWriter, new_correlation
from syncer.zone.passplan import PassPlan, list_observed
from syncer.zone.result import count_noun

log = logging.getLogger(__name__)


class Rebuild:
    """While it ``is_on``, every RRset with our mark counts as ours: until the next full pass is done."""

    def __init__(self, zone_name: str, rows: ZoneLedger, writer: ChangeWriter, *, dry_run: bool) -> None:
        self.is_on = False
        self._zone_name = zone_name
        self._rows = rows
        self._writer = writer
        self._dry_run = dry_run
        self._has_begun = False
        """The ledger has some of it, and knows that it does not have all."""
        self._count = 0

    @property
    def settles(self) -> bool:
        """Whether what a list shows of ours goes into the ledger before anything else is done."""
        return self.is_on and not self._dry_run

    def take_over(self, plan: PassPlan) -> None:
        """Record what is taken for ours before anything is done: the guard counts it, and nothing is orphaned that has
        to wait for its turn. What needs no more than that leaves the plan, which may be of any length."""
        names = plan.names[plan.settled :]
        found = [
            ObservedRRset(
                name.decision, RRsetStatus(change.before.rrset, RecordState.PENDING, "found by its mark", owned=True)
            )
            for name in names
            for change in name.changes
            if change.before and not change.adopts
        ]
        known = list_observed(names)
        observed = [*known, *found]
        if observed and not self._has_begun:
            self._rows.note_rebuild(under_way=True)
            self._has_begun = True
        self._writer.record_observed(observed, new_correlation(), SYNCER)
        self._count += sum(1 for _, status in known if isinstance(status, RRsetStatus) and status.owned) + len(found)
        for name in names:
            name.statuses = name.forgotten = name.rivals = ()
            # It was no hand that made what the ledger has lost.
            name.drifts = tuple(drift for drift in name.drifts if drift.drift is not DriftType.UNEXPECTED_RECORD)
        plan.names[plan.settled :] = [name for name in names if not name.is_empty]
        plan.settled = len(plan.names)

    def tell_count(self) -> None:
        if count := self._count:
            words = "%s our mark and stood in no ledger: ours again"
            told = count_noun(count, "record") + (" carries" if count == 1 else " carry")
            log.warning(words, told, extra={"zone": self._zone_name})
        self._count = 0

    def end(self) -> None:
        if self._dry_run:
            return
        if self._has_begun:
            self._rows.note_rebuild(under_way=False)
        self.is_on = self._has_begun = False
