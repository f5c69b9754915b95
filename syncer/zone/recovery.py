"""What the server lost of a zone, until all of it is made again."""

from __future__ import annotations

import logging

from syncer.ledger import ZoneLedger
from syncer.zone.passplan import PassPlan
from syncer.zone.view import ZoneView

log = logging.getLogger(__name__)


class Recovery:
    """Writes of ours, which a crash undid, or of which a node that was promoted had not heard yet; and our marks, which
    a zone can lose all at once. While it ``is_on``, what is missing is no drift; while the zone ``is_unmarked``, what
    is as we wrote it is ours without a mark. The ledger remembers both."""

    def __init__(self, zone_name: str, rows: ZoneLedger, *, dry_run: bool) -> None:
        self.is_on = False
        self.is_unmarked = False
        self._zone_name = zone_name
        self._rows = rows
        self._dry_run = dry_run
        self._is_listed = False
        """The zone was listed since."""

    def resume(self) -> str:
        """Go on after a start; the node that the last of our writes went to."""
        left = self._rows.left()
        self.is_unmarked = left.is_unmarked
        self.is_on = self.is_on or left.is_unmarked
        return left.node

    def note_plan(self, plan: PassPlan, actor: str) -> None:
        """What a reading of the zone showed. Told once."""
        if not (plan.lost_writes or plan.left_node or plan.unmarked):
            return
        extra = {"zone": self._zone_name}
        if not self.is_on:
            self.is_on, self._is_listed = True, False
            if plan.left_node:
                words = "The zone is on %s now, and was on %s when we wrote last"
                log.warning(words, plan.node, plan.left_node, extra=extra)
            elif plan.lost_writes:
                log.warning("The DNS server lost writes of ours in a crash; they are made again", extra=extra)
        if plan.unmarked and not self.is_unmarked:
            self.is_unmarked = True
            done = "would be written again" if self._dry_run else "are written again"
            words = "%d records of ours have lost their marks, all at once; they are ours still, and the marks %s"
            log.warning(words, plan.unmarked, done, extra=extra)
            if not self._dry_run:
                self._rows.note_marks(plan.unmarked, actor)

    def end_when_done(self, view: ZoneView, actor: str, *, listed: bool, waiting: bool) -> None:
        """When the zone was listed since, and nothing that was lost waits any more, what differs is drift again."""
        self._is_listed |= listed
        if not (self.is_on and self._is_listed) or waiting:
            return
        self.is_on = False
        if self._dry_run:
            return
        if self.is_unmarked:
            self.is_unmarked = False
            self._rows.note_marks(0, actor)
        self._rows.record_pass([], [], "", actor, view.serial, view.node)
