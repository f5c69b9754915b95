"""When changes of the pods of a Service are published: one by one while there are few, together in a roll-out."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

from syncer.core.endpointslices import NO_PODS, Pods

FIRST = 0.3
"""Seconds, in which the slices of one change come."""
GAPS = (5.0, 30.0, 180.0, 300.0)
"""Seconds between one publication and the next while changes go on: five in the first eight minutes, and what is in DNS
is never older than resolvers may have it in their caches (the default TTL)."""
CALM = 60.0
"""Seconds without a change, after which the next one is the first again."""
QUIET, TIMES = 2.0, 3.0
"""A roll-out is over when nothing has changed for so many seconds, and for so many times its longest pause."""
PATIENCE = 30.0
"""Seconds that the name of a pod outlives it: the next pod of a StatefulSet has the same."""


@dataclass(slots=True)
class Rollout:
    """The pods of one Service. Times are of one clock. ``told`` is what was published last."""

    told: Pods = NO_PODS
    _is_pending: bool = False
    _step: int = 0
    _told_at: float = -inf
    _first_at: float = -inf
    """Of the changes that are pending, the first."""
    _changed_at: float = -inf
    _longest: float = 0.0
    _vanished: dict[str, float] = field(default_factory=dict)
    """Host names of pods that are not there any more, and how long they stay."""

    def note_change(self, now: float) -> None:
        pause = now - self._changed_at
        if pause > CALM and not self._is_pending:
            self._step, self._longest = 0, 0.0
        else:
            self._longest = max(self._longest, pause)
        self._changed_at = now
        if not self._is_pending:
            self._is_pending, self._first_at = True, now

    def next_due(self) -> float:
        """When ``tell`` is to be called."""
        return min(self._find_end(), *self._vanished.values(), inf)

    def _find_end(self) -> float:
        """Of the wait of what is pending."""
        if not self._is_pending:
            return inf
        if self._step == 0:
            return self._first_at + FIRST
        latest = self._told_at + GAPS[min(self._step, len(GAPS)) - 1]
        return min(latest, self._changed_at + max(QUIET, TIMES * self._longest))

    def tell(self, pods: Pods, now: float, *, at_once: bool = False) -> Pods:
        """What is to be published of the pods, which are ``pods`` now."""
        if self._is_pending and now < self._find_end() and not at_once:
            return self._end_names(pods, now)
        if self._is_pending:
            self._is_pending, self._told_at = False, now
            self._step += 1
        gone = sorted(self.told.by_host.keys() - pods.by_host.keys())
        ends = {host: self._vanished.get(host, now + PATIENCE) for host in gone}
        self._vanished = {host: until for host, until in ends.items() if until > now}
        self.told = pods._replace(by_host={**pods.by_host, **dict.fromkeys(self._vanished, ())})
        return self.told

    def _end_names(self, pods: Pods, now: float) -> Pods:
        """Nothing but the names whose pods have not come back."""
        ended = [host for host, until in self._vanished.items() if until <= now]
        for host in ended:
            del self._vanished[host]
        left = {host: own for host, own in self.told.by_host.items() if host not in ended or host in pods.by_host}
        self.told = self.told._replace(by_host=left)
        return self.told
