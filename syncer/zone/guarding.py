"""Deletes that a person must look at first (product: "Plan, guard, apply")."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from syncer.core.claims import Decision
from syncer.core.known import RecordState
from syncer.core.plan import Change, Guard, Key, Op, RRsetStatus, find_losses
from syncer.ledger import HeldDeletes, ObservedRRset, ZoneLedger

log = logging.getLogger(__name__)

DELETION_WINDOW = 60.0
"""Seconds. Deletes that come within this time are counted together."""

HELD = "its deletion is held: a person must look at it"
REJECTED = "a person rejected its deletion"

PlannedChange = tuple[Decision, Change]


@dataclass(slots=True)
class GuardedChanges:
    """What may go, and the state of what must not. ``held``: how many deletes wait for a person."""

    changes: list[PlannedChange]
    kept: list[ObservedRRset] = field(default_factory=list)
    held: int = 0


class _Question(NamedTuple):
    """``asked`` are deletes that no person has decided yet, ``waiting`` those of the open plan that this pass did not
    look at; ``refusal`` says why they are held, "" when they may go."""

    asked: frozenset[Key]
    waiting: frozenset[Key]
    refusal: str


class DeleteGuard:
    """For one zone. It remembers what went within the last minute: many small plans count as one. ``is_deferred`` says
    whether what is to be done at a name waits for its turn; ``explain`` what else belongs to the reason of a held plan,
    "" where nothing does."""

    def __init__(
        self,
        guard: Guard,
        rows: ZoneLedger,
        zone: str,
        clock: Callable[[], float],
        is_deferred: Callable[[str], bool] = lambda name: False,
        explain: Callable[[], str] = lambda: "",
    ) -> None:
        self.held = 0
        """How many deletes wait for a person, after the last pass."""
        self._guard = guard
        self._explain = explain
        self._rows = rows
        self._zone = zone
        self._clock = clock
        self._is_deferred = is_deferred
        self._recent: dict[Key, float] = {}

    def guard_changes(self, changes: list[PlannedChange], *, whole: bool, dry_run: bool) -> GuardedChanges:
        """Take out the deletes that a person must decide; ``whole`` when the plan covers the whole zone."""
        lost = {change.key for change in find_losses([change for _, change in changes])}
        holds = self._rows.holds()
        question = self._ask_guard(lost, holds, whole=whole)
        # What a person has before them goes by their word alone, however few the rest of the plan has become.
        stays = question.asked if question.refusal else question.asked & holds.open
        self._recent.update(dict.fromkeys(question.asked - stays, self._clock()))
        stopped = dict.fromkeys(lost & holds.rejected, (RecordState.KEPT, REJECTED))
        stopped |= dict.fromkeys(stays, (RecordState.HELD, HELD))
        self.held = held = len(question.waiting | stays)
        concerns_plan = bool(holds.open) and (whole or bool(lost & holds.open))
        if not dry_run and (question.refusal or concerns_plan):
            self._save_plan(question, stays, holds, held)
        return self._stop_deletes(changes, stopped, held)

    def _ask_guard(self, lost: set[Key], holds: HeldDeletes, *, whole: bool) -> _Question:
        asked = frozenset(lost - holds.approved - holds.rejected)
        waiting = frozenset() if whole else holds.open - lost
        if not asked:
            return _Question(asked, waiting, "")
        recent = self._deleted_recently() - asked - waiting
        rows = self._rows.rows({name for name, _ in recent})
        gone = {(name, kind) for name, kind in recent if kind not in rows.get(name, {})}
        # What is there again was made again since, or is still to be deleted: only the one is a loss.
        going = {(name, kind) for name, kind in recent - gone if self._is_deferred(name)}
        deletes, owned = len(asked | waiting | gone | going), self._rows.owned_count() + len(gone)
        refusal = self._guard.refuses(deletes, owned)
        explanation = self._explain() if refusal else ""
        return _Question(asked, waiting, f"{refusal}; {explanation}" if explanation else refusal)

    def _deleted_recently(self) -> frozenset[Key]:
        since = self._clock() - DELETION_WINDOW
        self._recent = {key: at for key, at in self._recent.items() if at > since}
        return frozenset(self._recent)

    def _save_plan(self, question: _Question, stays: frozenset[Key], holds: HeldDeletes, held: int) -> None:
        if question.refusal and question.asked - holds.open:
            advice = "look at them, then approve them with runsyncer --approve-deletes"
            extra = {"zone": self._zone, "deletes": held}
            log.warning("Deletes held: %s; %s", question.refusal, advice, extra=extra)
        self._rows.hold_deletes(stays | question.waiting, question.refusal)

    def _stop_deletes(
        self, changes: Sequence[PlannedChange], stopped: dict[Key, tuple[RecordState, str]], held: int
    ) -> GuardedChanges:
        guarded = GuardedChanges([], held=held)
        known = self._rows.rows({name for name, _ in stopped}) if stopped else {}
        for decision, change in changes:
            if change.key not in stopped or change.op is not Op.DELETE:
                guarded.changes.append((decision, change))
                continue
            state, reason = stopped[change.key]
            row = known.get(change.name, {}).get(change.key[1])
            if row is None or (row.state, row.reason) != (state, reason):
                guarded.kept.append(ObservedRRset(decision, RRsetStatus(change.rrset, state, reason, owned=True)))
        return guarded
