"""A full pass over a zone of many names, slice by slice, behind what is new."""

from __future__ import annotations

from syncer.core.claims import Claims
from syncer.ledger import ZoneLedger
from syncer.zone.planning import ZonePlanner
from syncer.zone.queue import ZoneQueue
from syncer.zone.schedule import ZoneSchedule
from syncer.zone.shadows import ShadowNotes


class Sweep:
    """All names of the zone go into its queue, and the pass is over when none of them waits any more. It alone tells
    the schedule whether names wait for their turn."""

    def __init__(
        self,
        claims: Claims,
        rows: ZoneLedger,
        planner: ZonePlanner,
        queue: ZoneQueue,
        schedule: ZoneSchedule,
        shadows: ShadowNotes,
    ) -> None:
        self._claims = claims
        self._rows = rows
        self._planner = planner
        self._queue = queue
        self._schedule = schedule
        self._shadows = shadows
        self._is_under_way = False

    def begin(self, now: float, *, is_ordinary: bool) -> bool:
        """Make the full pass that is due slice by slice: in a zone that is known, and has more names than a slice. One
        that is under way goes on. ``is_ordinary`` False: none is begun. Returns False where the pass has to be made at
        once."""
        if self._is_under_way and self._schedule.is_behind:
            self._schedule.passed(now, undisturbed=False)
            return True
        if not is_ordinary or self._rows.owned_count() + len(self._queue) <= self._queue.slice_size.names:
            return False
        names = self._planner.list_known()
        if not names:
            return False
        self._shadows.save_shadows(self._planner.find_shadows(names))
        unclaimed = {name for name in names if not self._claims.claimants(name)}
        for name in unclaimed:  # the guard counts them together
            self._queue.add(name, now, claimed=False)
        self._queue.defer(sorted(names - unclaimed))
        self._is_under_way = self._schedule.is_behind = True
        self._schedule.passed(now, undisturbed=False)
        return True

    def end_when_done(self, *, whole: bool) -> bool:
        """After each pass; ``whole``: it was over the whole zone at once. Returns whether it was the last slice."""
        is_behind = self._schedule.is_behind = bool(self._queue.deferred or self._queue.unclaimed)
        is_over = self._is_under_way and not (whole or is_behind)
        if whole or is_over:
            self._is_under_way = False
        return is_over
