"""Names that change their minds: what is in DNS stays for a while (product: "Security", "Who may claim what")."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from math import inf

from syncer import metrics
from syncer.core.known import KnownRRset, RecordState
from syncer.core.origin import Origin
from syncer.core.plan import NamePlan, Op, RRsetStatus
from syncer.core.rrsets import RRset
from syncer.ledger import ZoneLedger

log = logging.getLogger(__name__)

WINDOW = 60.0
"""Seconds, within which the changes of a name are counted."""

HOLDS = (30.0, 60.0, 120.0, 240.0, 480.0, 600.0)
"""Seconds for which what is in DNS stays, one after another; the last one for as long as it goes on."""

Desired = tuple[RRset, ...] | None
"""What is desired at a name; None where that is in DNS."""


@dataclass(slots=True)
class Hold:
    """What is in DNS at a name stays ``until`` then. ``desired`` is what was so last, and ``is_restless`` says whether
    something else was meanwhile; ``step`` holds came before. ``is_due``: it is over, and what is desired is to be
    written."""

    until: float
    ends_at: datetime
    desired: Desired
    step: int = 0
    is_restless: bool = False
    is_due: bool = False

    def note_desired(self, desired: Desired) -> None:
        self.is_restless |= desired != self.desired
        self.desired = desired

    def end(self) -> None:
        self.until, self.is_due = inf, True

    def begin_next(self, now: float) -> None:
        """What is desired is written now."""
        self.step = min(self.step + 1, len(HOLDS) - 1)
        self.until, self.ends_at = _find_end(now, HOLDS[self.step])
        self.desired, self.is_restless, self.is_due = None, False, False


@dataclass(slots=True)
class FlapDamper:
    """For one zone. More than ``limit`` changes of a name within the window are too many; 0: any number is good.
    ``is_leaving`` says whether a namespace itself is being deleted. Times are of the clock of the loop."""

    limit: int
    labels: tuple[str, str]
    """The names of the target and the zone."""
    rows: ZoneLedger
    is_leaving: Callable[[str], bool]
    holds: dict[str, Hold] = field(default_factory=dict)
    _times: dict[str, tuple[float, ...]] = field(default_factory=dict)
    """When a name changed within the window; not the publication of one that was not there."""
    _swept_at: float = 0.0

    def __post_init__(self) -> None:
        self._show_number()

    def pop_ended(self, now: float) -> list[str]:
        """The names whose hold is over: what is desired there is to be written. A hold in which nothing changed is the
        last one."""
        ended = [name for name, hold in self.holds.items() if hold.until <= now]
        for name in ended:
            if self.holds[name].is_restless:
                self.holds[name].end()
            else:
                del self.holds[name]
                self._times.pop(name, None)
                log.info("Flapping is over", extra={"hostname": name, "zone": self.labels[1]})
        if ended:
            self._show_number()
        return ended

    def next_end(self) -> float:
        return min((hold.until for hold in self.holds.values()), default=inf)

    def damp_plans(self, plans: list[NamePlan], names: Collection[str] | None, now: float) -> list[NamePlan]:
        """The plans of a pass over ``names`` (None: all of the zone), in which nothing is changed that has to wait."""
        if not self.limit:
            return plans
        self._sweep_times(now)
        planned = {plan.name: plan for plan in plans}
        written = set()
        for name in [name for name in self.holds if names is None or name in names]:
            hold, plan = self.holds[name], planned.get(name)
            if hold.is_due:
                hold.begin_next(now)
                written.add(name)
            else:
                hold.note_desired(plan.decision.rrsets if plan and plan.changes else None)
        for plan in plans:
            if plan.name not in self.holds and _is_other_desired(plan):
                self._count_change(plan, now)
        waiting = [
            plan.name
            for plan in plans
            if plan.name in self.holds and plan.name not in written and not self._goes_with_namespace(plan)
        ]
        known = self.rows.rows(waiting) if waiting else {}
        kept = {name: self._keep_name(planned[name], known.get(name, {})) for name in waiting}
        return [kept.get(plan.name, plan) for plan in plans]

    def _count_change(self, plan: NamePlan, now: float) -> None:
        before = self._times.get(plan.name, ())
        if not before and all(change.op is Op.CREATE for change in plan.changes):
            return  # the first publication
        times = self._times[plan.name] = (*(at for at in before if at > now - WINDOW), now)
        if len(times) <= self.limit or self._goes_with_namespace(plan):
            return
        until, ends_at = _find_end(now, HOLDS[0])
        self.holds[plan.name] = Hold(until, ends_at, plan.decision.rrsets)
        words = "Flapping: it changed more than %d times within %.0f s; what is in DNS stays for %.0f s"
        extra = {"hostname": plan.name, "zone": self.labels[1], "resource": plan.decision.origin}
        log.warning(words, self.limit, WINDOW, HOLDS[0], extra=extra)
        self._show_number()

    def _keep_name(self, plan: NamePlan, known: Mapping[str, KnownRRset]) -> NamePlan:
        """Nothing is written there, and the ledger says why."""
        reason = self._explain_hold(self.holds[plan.name])
        decision = plan.decision
        held = {kind: row for kind, row in known.items() if row.owned}
        if held:
            first = next(iter(held.values()))
            claimants = {kind: row.claimants for kind, row in held.items()}
            # Who holds the name is another one only when it is written.
            decision = replace(
                decision, rrsets=(), origin=first.origin, claimants=first.claimants, by_type=claimants, takeovers=()
            )
        statuses = [
            RRsetStatus(row.rrset, RecordState.KEPT, reason, owned=True)
            for row in held.values()
            if (row.state, row.reason) != (RecordState.KEPT, reason)
        ]
        if not held:
            statuses += self._tell_absent(plan, known, reason)
        return replace(plan, decision=decision, changes=[], statuses=statuses, forgotten=[])

    @staticmethod
    def _tell_absent(plan: NamePlan, known: Mapping[str, KnownRRset], reason: str) -> Iterator[RRsetStatus]:
        for change in plan.changes:
            row = known.get(change.rrset.type)
            if change.after and (row is None or (row.state, row.reason) != (RecordState.SKIPPED, reason)):
                yield RRsetStatus(change.after, RecordState.SKIPPED, reason)

    def _explain_hold(self, hold: Hold) -> str:
        when = f"{hold.ends_at:%H:%M:%S} UTC"
        return f"flapping (more than {self.limit} changes a minute): what is in DNS stays until {when}"

    def _goes_with_namespace(self, plan: NamePlan) -> bool:
        decision = plan.decision
        return not decision.rrsets and self.is_leaving(Origin.parse(decision.origin).namespace)

    def _sweep_times(self, now: float) -> None:
        if now < self._swept_at + WINDOW / 2:
            return
        self._swept_at = now
        self._times = {
            name: times for name, times in self._times.items() if times[-1] > now - WINDOW or name in self.holds
        }

    def _show_number(self) -> None:
        metrics.FLAPPING.labels(*self.labels).set(len(self.holds))


def _is_other_desired(plan: NamePlan) -> bool:
    """Whether something else is desired than what was written last; what others did there is drift."""
    return bool(plan.changes) and not plan.drifts and not all(change.adopts for change in plan.changes)


def _find_end(now: float, seconds: float) -> tuple[float, datetime]:
    return now + seconds, datetime.now(UTC) + timedelta(seconds=seconds)
