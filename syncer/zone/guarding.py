"""Deletes that a person must look at first (product: "Plan, guard, apply")."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from sys import intern
from typing import NamedTuple

from syncer.core.claims import Decision
from syncer.core.known import RecordState
from syncer.core.origin import Origin
from syncer.core.plan import Change, DeletionCount, Guard, Key, Op, RRsetStatus, find_losses
from syncer.ledger import HeldDeletes, ObservedRRset, ZoneLedger

log = logging.getLogger(__name__)

DELETION_WINDOW = 60.0
"""Seconds. Deletes that come within this time are counted together."""

CHUNK = 250
"""Changes of which the ledger is asked at a time."""

PORTION = 2000
"""Names whose deletes are held by one transaction."""

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
    """``asked`` are deletes that no person has decided yet; ``held`` are those of them that must not go, and
    ``refusal`` says why, "" when all may."""

    asked: frozenset[Key]
    held: frozenset[Key] = frozenset()
    refusal: str = ""


class _Deleted(NamedTuple):
    """When one of ours went, and the namespace whose it was."""

    at: float
    namespace: str


class DeleteGuard:
    """For one zone. It remembers what went within the last minute: many small plans count as one. ``is_deferred`` says
    whether what is to be done at a name waits for its turn; ``explain`` what else belongs to the reason of a held plan,
    "" where nothing does; ``is_leaving`` whether a namespace itself is being deleted. ``beat`` is called between two
    steps of what takes long."""

    def __init__(
        self,
        guard: Guard,
        rows: ZoneLedger,
        zone: str,
        clock: Callable[[], float],
        is_deferred: Callable[[str], bool] = lambda name: False,
        explain: Callable[[], str] = lambda: "",
        is_leaving: Callable[[str], bool] = lambda namespace: False,
        beat: Callable[[], object] = lambda: None,
    ) -> None:
        self.held = 0
        """How many deletes wait for a person, after the last pass."""
        self._guard = guard
        self._explain = explain
        self._rows = rows
        self._zone = zone
        self._clock = clock
        self._is_deferred = is_deferred
        self._is_leaving = is_leaving
        self._beat = beat
        self._recent: dict[Key, _Deleted] = {}
        self._coming: dict[str, tuple[str, ...]] = {}
        """The namespaces of what is ours at names that have lost their last claim and have had no turn yet."""
        self._is_gathering = False
        """The open plan has not all of its deletes yet."""

    def guard_changes(
        self,
        changes: list[PlannedChange],
        *,
        whole: bool,
        dry_run: bool,
        names: Collection[str] = (),
        coming: Collection[str] = (),
    ) -> GuardedChanges:
        """Take out the deletes that a person must decide; ``whole`` when the plan covers the whole zone, else it covers
        ``names``. What goes at the names ``coming``, which have their turn later, counts with it."""
        losses = _find_namespaces(changes)
        covered = None if whole else {*names, *(name for name, _ in losses)}
        holds = self._rows.holds(covered)
        looked_at = Counter(losses[key] for key in losses.keys() & holds.open)
        waiting = Counter() if whole else Counter(self._rows.count_held()) - looked_at
        if losses or not coming:
            self._expect_deletes(coming)
        question = self._ask_guard(losses, holds, waiting)
        # What a person has before them goes by their word alone, however few the rest of the plan has become.
        stays = question.held | (question.asked & holds.open)
        now = self._clock()
        self._recent.update((key, _Deleted(now, losses[key])) for key in question.asked - stays)
        stopped = dict.fromkeys(losses.keys() & holds.rejected, (RecordState.KEPT, REJECTED))
        stopped |= dict.fromkeys(stays, (RecordState.HELD, HELD))
        self.held = held = len(stays) + (0 if whole else waiting.total() - len(holds.open - losses.keys()))
        is_over = self._is_gathering and not coming
        if not dry_run and (question.refusal or holds.open or is_over):
            self._save_plan(question, stays, holds, covered)
        return self._stop_deletes(changes, stopped, held)

    def _expect_deletes(self, names: Collection[str]) -> None:
        self._coming = {name: self._coming[name] for name in names if name in self._coming}
        news = [name for name in names if name not in self._coming]
        if news:
            held = {name for name, _ in self._rows.holds(news).open}  # these count already
            found = self._rows.list_namespaces([name for name in news if name not in held])
            self._coming |= {name: found.get(name, ()) for name in news}

    def _ask_guard(self, losses: Mapping[Key, str], holds: HeldDeletes, waiting: Counter[str]) -> _Question:
        """``waiting``: how many deletes of the open plan each namespace has which this pass does not look at."""
        asked = frozenset(losses.keys() - holds.approved - holds.rejected)
        if not asked:
            return _Question(asked)
        gone, going = self._count_recent(asked)
        going.update(chain.from_iterable(self._coming.values()))
        holdable = Counter(losses[key] for key in asked) + waiting
        count = DeletionCount(holdable, holdable + gone + going, self._rows.owned_count() + gone.total())
        held, refusal = count.find_held(self._guard, lambda names: self._count_owned(names, gone), self._is_leaving)
        stopped = frozenset(key for key in asked if losses[key] in held)
        if not stopped:
            return _Question(asked)
        explanation = self._explain()
        return _Question(asked, stopped, f"{refusal}; {explanation}" if explanation else refusal)

    def _count_owned(self, namespaces: Collection[str], gone: Mapping[str, int]) -> Mapping[str, int]:
        """What they had before the deletion window."""
        owned = self._rows.owned_by(namespaces)
        return {namespace: owned[namespace] + gone.get(namespace, 0) for namespace in namespaces}

    def _count_recent(self, others: Collection[Key]) -> tuple[Counter[str], Counter[str]]:
        """What went within the deletion window and is not there again, and what is there and still to be deleted, by
        namespace; without the ``others``, which are counted already."""
        since = self._clock() - DELETION_WINDOW
        self._recent = {key: deleted for key, deleted in self._recent.items() if deleted.at > since}
        recent = {key: deleted.namespace for key, deleted in self._recent.items() if key not in others}
        rows = self._rows.rows({name for name, _ in recent})
        gone = {key for key in recent if key[1] not in rows.get(key[0], {})}
        # What is there again was made again since, or is still to be deleted: only the one is a loss.
        waiting = {key for key in recent.keys() - gone if self._is_deferred(key[0])}
        going = {key for key in waiting if key[0] not in self._coming}
        return Counter(recent[key] for key in gone), Counter(recent[key] for key in going)

    def _save_plan(
        self, question: _Question, stays: frozenset[Key], holds: HeldDeletes, covered: Collection[str] | None
    ) -> None:
        if question.held - holds.open and not self._is_gathering:
            advice = "look at them, then approve them with runsyncer --approve-deletes"
            extra = {"zone": self._zone, "deletes": self.held + sum(map(len, self._coming.values()))}
            log.warning("Deletes held: %s; %s", question.refusal, advice, extra=extra)
        self._is_gathering = any(self._coming.values())
        if not holds.open and len(stays) > PORTION:  # or what was held before may have to be taken out
            stays = self._save_portions(stays, question.refusal)
            covered = {name for name, _ in stays}
        self._rows.hold_deletes(stays, question.refusal, covered, are_all=not self._is_gathering)

    def _save_portions(self, stays: frozenset[Key], refusal: str) -> frozenset[Key]:
        """All but the last, which is returned."""
        while len(stays) > PORTION:
            names = {name for name, _ in islice(stays, PORTION)}
            some = frozenset(key for key in stays if key[0] in names)
            self._rows.hold_deletes(some, refusal, names, are_all=False)
            self._beat()
            stays -= some
        return stays

    def _stop_deletes(
        self, changes: Sequence[PlannedChange], stopped: dict[Key, tuple[RecordState, str]], held: int
    ) -> GuardedChanges:
        if not stopped:
            return GuardedChanges(list(changes), held=held)
        guarded = GuardedChanges([], held=held)
        for start in range(0, len(changes), CHUNK):
            some = changes[start : start + CHUNK]
            self._beat()
            names = {change.name for _, change in some if change.key in stopped}
            known = self._rows.rows(names) if names else {}
            for decision, change in some:
                if change.key not in stopped or change.op is not Op.DELETE:
                    guarded.changes.append((decision, change))
                    continue
                state, reason = stopped[change.key]
                row = known.get(change.name, {}).get(change.key[1])
                if row is None or (row.state, row.reason) != (state, reason):
                    guarded.kept.append(ObservedRRset(decision, RRsetStatus(change.rrset, state, reason, owned=True)))
        return guarded


def _find_namespaces(changes: Sequence[PlannedChange]) -> dict[Key, str]:
    """The deletes after which a name has less than before, each with the namespace whose it was."""
    lost = {change.key for change in find_losses([change for _, change in changes])}
    return {
        change.key: intern(Origin.parse(decision.origin_of(change.key[1])).namespace)
        for decision, change in changes
        if change.key in lost and change.op is Op.DELETE
    }
