"""Changes, made: claimed in the ledger, written to the target, recorded in the ledger, told in log and metrics."""

from __future__ import annotations

import logging
import uuid
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from itertools import accumulate, takewhile

from syncer import metrics
from syncer.core.claims import Decision
from syncer.core.known import Loser, RecordState
from syncer.core.origin import Origin
from syncer.core.plan import Change, Drift, Op, RRsetStatus
from syncer.core.pointing import find_first, find_premature
from syncer.core.rrsets import RRset
from syncer.errors import TargetRefused
from syncer.ledger import AppliedChange, ObservedRRset, ZoneLedger
from syncer.targets.base import Outcome, Result, TargetZone
from syncer.zone.guarding import PlannedChange
from syncer.zone.planning import split_chunks
from syncer.zone.result import PassResult
from syncer.zone.slices import LARGEST

log = logging.getLogger(__name__)

SYNCER = "syncer"
"""The actor of what no person asked for."""

BATCH = LARGEST
"""RRsets in one import: those of a whole slice."""

RECORDED = 500
"""Changes between two commits of the ledger, whose rows are in memory together."""

OBSERVED = 1000
"""RRsets at which nothing is written, between two commits of the ledger."""

TURN = 10
"""Deletes of one turn, and values of what else goes one by one: at ten requests a second, a thousand would hold up a
new name."""

VALUES_A_NAME = 4
"""Of a slice on average, addresses and HTTPS records together. A name may have a hundred, each of which costs the
target as much as a name: there are fewer names in a turn then."""

VALUES = VALUES_A_NAME * LARGEST

TURN_BESIDE = 5
"""Deletes of a turn in which other changes wait behind them."""

LEFT_ALONE = (RecordState.CONFLICT, RecordState.FOREIGN, RecordState.SKIPPED)
"""States of what a claim asks for and we do not write."""

NAME_EVENTS = {Op.CREATE: "created", Op.UPDATE: "updated", Op.DELETE: "deleted"}


class ChangeWriter:
    """For one zone on the target ``target_name``; ``is_stopping`` is asked between two changes. ``check_freeze`` is
    called before each portion, and raises where a person holds all writes by then; ``note_written`` hears of each
    change that was done."""

    def __init__(
        self,
        target_name: str,
        zone: TargetZone,
        rows: ZoneLedger,
        is_stopping: Callable[[], bool],
        check_freeze: Callable[[], None] = lambda: None,
        note_written: Callable[[Change], None] = lambda change: None,
    ) -> None:
        self._labels = target_name, zone.name
        self._zone = zone
        self._rows = rows
        self._is_stopping = is_stopping
        self._check_freeze = check_freeze
        self._note_written = note_written

    def write_changes(
        self,
        changes: Sequence[PlannedChange],
        result: PassResult,
        correlation: str,
        actor: str,
        *,
        keeps_serial: bool = False,
    ) -> None:
        """Adds to ``result`` what became of each. Raises what target and ledger raise; what was done by then is
        recorded. ``keeps_serial``: the ledger goes on saying at which serial the writes before these left the zone."""
        for batch in self._split_waves(changes, result):
            self._check_freeze()
            for claimed in split_chunks(batch, RECORDED):
                self._rows.claim_changes(claimed)
            for decision, change in batch:
                if change.after:
                    self._tell_takeover(decision, change.after)
            decisions = {(*change.key, change.op): decision for decision, change in batch}
            applied: list[AppliedChange] = []
            try:
                for outcome in self._zone.apply([change for _, change in batch]):
                    change = outcome.change
                    applied.append(AppliedChange(decisions.pop((*change.key, change.op)), outcome))
                    if self._is_stopping():
                        break
            except TargetRefused as error:  # of the whole call: what has no result by then was not done
                applied += [
                    AppliedChange(decisions[*change.key, change.op], Result(change, Outcome.REFUSED, str(error)))
                    for _, change in batch
                    if (*change.key, change.op) in decisions
                ]
                raise
            finally:
                serial = None if keeps_serial else self._zone.left_serial
                for part in split_chunks(applied, RECORDED):
                    is_last = part[-1] is applied[-1]
                    self._rows.record_pass(part, [], correlation, actor, serial if is_last else None, self._zone.node)
                    for item in part:
                        self._tell_change(item, result)
                    self._count_written(part)
            if self._is_stopping():
                return

    @staticmethod
    def _split_waves(changes: Sequence[PlannedChange], result: PassResult) -> Iterator[list[PlannedChange]]:
        """In portions. What leads to a name that goes is a portion before all others, and where it was not done the
        name stays for the time being."""
        first = find_first(change for _, change in changes)
        rest = [pair for pair in changes if pair[1].key not in first] if first else changes
        if first:
            wave = [pair for pair in changes if pair[1].key in first]
            done = result.changes.copy()
            yield from split_chunks(wave, BATCH)
            undone = [change for _, change in wave if result.changes[change.name] == done[change.name]]
            early = find_premature((change for _, change in rest), undone)
            result.retry |= early
            rest = [pair for pair in rest if pair[1].name not in early]
        yield from split_chunks(rest, BATCH)

    def write_marks(self, changes: Sequence[Change], result: PassResult) -> None:
        """Write our marks again on what had lost them; the ledger says all the while that it is ours. Raises what the
        target raises."""
        self._check_freeze()
        for change, outcome, reason, permanent in self._zone.apply(changes):
            if outcome is Outcome.DONE:
                result.marks += 1
            else:
                log.warning("Our mark not written again: %s", reason, extra={"hostname": change.name})
                if not permanent:
                    result.retry.add(change.name)
            if self._is_stopping():
                return

    def record_observed(
        self,
        observed: Sequence[ObservedRRset],
        correlation: str,
        actor: str,
        serial: int | None = None,
        node: str = "",
    ) -> None:
        """What nothing is written at. ``serial`` is the one at which it was seen on ``node``: among it may be writes of
        a syncer that ended before it could record them."""
        for batch in split_chunks(observed, OBSERVED):
            is_last = batch[-1] is observed[-1]
            self._rows.record_pass([], batch, correlation, actor, serial if is_last else None, node)
            self._is_stopping()  # also says that the loop turns
        for decision, status in observed:
            if isinstance(status, RRsetStatus) and status.owned:
                self._tell_takeover(decision, status.rrset)
            if isinstance(status, RRsetStatus) and status.state in LEFT_ALONE:
                level = logging.WARNING if status.state is RecordState.CONFLICT else logging.INFO
                log.log(level, "Left alone: %s", status.reason, extra=self._log_fields(decision, status.rrset))

    def record_drift(
        self, drifts: Sequence[tuple[Decision, Drift]], checked: Iterable[str], correlation: str, *, listed: bool
    ) -> None:
        """``checked`` are the names that were read; ``listed``: all of the zone was."""
        names = None if listed else {*checked, *(drift.key[0] for _, drift in drifts)}
        for drift in self._rows.record_drift(drifts, names, correlation):
            name, kind = drift.key
            metrics.count_drift(*self._labels, name, drift.drift)
            extra = {"hostname": name, "type": kind, "zone": self._zone.name, "drift_type": drift.drift.value}
            remedy = "to be remediated" if drift.remediates else "left as it is until someone decides"
            log.warning("Drift: %s: %s", drift.reason, remedy, extra=extra)

    def tell_losers(self, losers: Iterable[tuple[Decision, Loser]], later: Container[str]) -> None:
        """Once, because the ledger remembers them with the record; not of the names that have no turn yet."""
        for decision, loser in losers:
            if decision.name not in later:
                extra = self._log_fields(decision, decision.rrsets[0])
                log.warning("%s does not get the name: %s", *loser, extra=extra)

    def _tell_takeover(self, decision: Decision, rrset: RRset) -> None:
        """With the ledger's claim, after which the name counts as the new holder's."""
        if takeover := decision.find_takeover(rrset.type):
            metrics.TAKEOVERS.labels(*self._labels).inc()
            words = "Taken over: %s has the name now, which %s had"
            log.warning(words, takeover.winner, takeover.loser, extra=self._log_fields(decision, rrset))

    def _tell_change(self, item: AppliedChange, result: PassResult) -> None:
        """Tell the log, the metrics and the result what became of a change."""
        change, outcome, reason, permanent = item.result
        event = NAME_EVENTS[change.op]
        extra = self._log_fields(item.decision, change.rrset)
        if outcome is Outcome.DONE:
            result.changes[change.name] += 1
            self._note_written(change)
            log.info("DNS record %s", event, extra=extra)
            return
        result.reasons[change.name] = reason
        if permanent:
            result.refused += 1
        else:
            result.retry.add(change.name)
        kind = Origin.parse(item.decision.origin_of(change.key[1])).kind
        metrics.RECONCILE_ERRORS.labels(self._labels[0], kind or "none", outcome.value).inc()
        log.warning("DNS record not %s: %s", event, reason, extra=extra)

    def _count_written(self, applied: Iterable[AppliedChange]) -> None:
        made = Counter(item.result.change.op for item in applied if item.result.outcome is Outcome.DONE)
        for op, number in made.items():
            metrics.RECORDS.labels(*self._labels, NAME_EVENTS[op]).inc(number)

    def _log_fields(self, decision: Decision, rrset: RRset) -> dict[str, object]:
        """What a line of the log says of a record, in fields."""
        kind, namespace, name = Origin.parse(decision.origin_of(rrset.type))
        return {
            "hostname": rrset.name,
            "type": rrset.type,
            "ip": ", ".join(rrset.values),
            # A hosts file keeps none: 0 is of what was found there and in no ledger.
            **({"ttl": rrset.ttl} if rrset.ttl else {}),
            "namespace": namespace,
            "resource": f"{kind}/{name}" if name else kind,
            "zone": self._zone.name,
        }


def take_turn(
    changes: Sequence[PlannedChange],
    takes_together: Callable[[RRset], bool],
    *,
    asked: Container[str] = (),
    values: int = VALUES,
) -> tuple[list[PlannedChange], list[str]]:
    """What goes now, in its order, and the names that have to wait; not those of ``asked``, because nothing remembers
    what was asked for. Of creates and updates that the target ``takes_together`` so many ``values`` go."""
    ordered = sort_changes(changes)
    deletes = [change for _, change in ordered if change.op is Op.DELETE]
    others = [change for _, change in ordered if change.op is not Op.DELETE]
    bulk, singles = divide_changes(others, takes_together)
    late = deletes[TURN_BESIDE if others else TURN :]
    late += _find_heavy(bulk, values)
    late += _find_heavy(singles, TURN)
    early = find_premature(deletes, late)
    late += (change for change in deletes if change.name in early)
    later = dict.fromkeys(change.name for change in late if change.name not in asked)
    return [pair for pair in ordered if pair[1].name not in later], list(later)


def divide_changes(
    changes: Iterable[Change], takes_together: Callable[[RRset], bool]
) -> tuple[list[Change], list[Change]]:
    """Those that the target ``takes_together``, and those that go one by one."""
    bulk: list[Change] = []
    singles: list[Change] = []
    for change in changes:
        (bulk if takes_together(change.rrset) else singles).append(change)
    return bulk, singles


def _find_heavy(changes: Sequence[Change], values: int) -> Sequence[Change]:
    """Those behind the first that have so many values, of which one goes in any case."""
    counts = accumulate(len(change.rrset.values) for change in changes)
    return changes[max(1, sum(1 for _ in takewhile(lambda count: count <= values, counts))) :]


def sort_changes(changes: Sequence[PlannedChange]) -> list[PlannedChange]:
    """What leads to a name that goes, then urgent names; deletes, creates, updates; a name that changes its type does
    so in one go."""
    stages = {Op.DELETE: 0, Op.CREATE: 2, Op.UPDATE: 3}
    deleting = {change.name for _, change in changes if change.op is Op.DELETE}

    first = find_first(change for _, change in changes)

    def order(pair: PlannedChange) -> tuple[bool, int, int, str, int]:
        decision, change = pair
        stage = stages[change.op]
        late = change.key not in first
        if change.name in deleting and decision.rrsets:
            return late, decision.priority, 1, change.name, stage
        return late, decision.priority, stage, change.name, 0

    return sorted(changes, key=order)


def new_correlation() -> str:
    """What the audit entries of one pass have in common."""
    return uuid.uuid4().hex[:12]
