"""When a zone is looked at as a whole."""

from __future__ import annotations

from syncer.pacing import AdaptiveInterval, BackOff


class ZoneSchedule:
    """All times are of the clock of the loop, all intervals in seconds.

    ``trouble`` is the back-off of a zone that cannot be used. ``is_behind``: names wait for their turn; a busy zone is
    looked at more often only when they have had it, for a full pass would hold up what is new meanwhile.
    """

    def __init__(self, resync_interval: float, drift_interval: float, now: float) -> None:
        self.trouble = BackOff()
        self.full_due = 0.0
        self.is_behind = False
        self._resync_interval = resync_interval
        self._drift_interval = drift_interval
        self._drift_due = 0.0
        self._undisturbed_until = 0.0
        self._interval = AdaptiveInterval(resync_interval, now)

    def request_pass(self) -> None:
        """Make a full pass as soon as possible."""
        self.full_due = self._undisturbed_until = 0.0

    def is_list_due(self, now: float) -> bool:
        """Whether the zone is to be listed although its serial gives no reason to: drift is looked for."""
        return now >= self._drift_due

    def skip_undisturbed(self, now: float) -> None:
        """A zone in which nothing has happened since the last full pass needs no other one for a while."""
        if self.full_due <= now < self._undisturbed_until:
            self.full_due = min(now + self._seconds(now), self._undisturbed_until)

    def is_pass_due(self, now: float) -> bool:
        return now >= self.full_due

    def disturbed(self) -> None:
        """Claims have changed."""
        self._undisturbed_until = 0.0

    def listed(self, now: float) -> None:
        self._drift_due = now + self._drift_interval

    def changed(self, count: int, now: float) -> None:
        """``count`` records were changed."""
        self._interval.changed(count, now)
        self.full_due = min(self.full_due, now + self._seconds(now))
        self._undisturbed_until = 0.0

    def passed(self, now: float, *, undisturbed: bool) -> None:
        """A full pass was made; ``undisturbed`` when it found nothing to do and to try again."""
        self.full_due = now + self._seconds(now)
        if undisturbed:
            self._undisturbed_until = now + self._resync_interval

    def _seconds(self, now: float) -> float:
        return self._resync_interval if self.is_behind else self._interval.seconds(now)

    def next_due(self) -> float:
        return min(self.full_due, self._drift_due)
