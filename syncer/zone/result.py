"""What a pass did, or in a dry run would do, and in what words that is told."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from syncer.core.plan import Change, RRsetStatus
from syncer.errors import SyncError
from syncer.zone.queue import Deferred

log = logging.getLogger(__name__)


@dataclass(slots=True)
class PassResult:
    """What a pass did. ``changes`` counts them by name; ``planned`` and ``left`` are what a dry run would change, and
    what it would leave alone although a claim asks for it. ``retry`` holds the names to try again by the clock,
    ``later`` those that had no turn yet, in their order; ``refused`` counts what was refused for good, ``marks`` those
    that the zone had lost and has again. ``reasons`` says by name why a change failed, ``held_names`` are those whose
    deletes are held. ``whole``: the pass covered the whole zone."""

    whole: bool = False
    changes: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    planned: list[Change] = field(default_factory=list)
    left: list[RRsetStatus] = field(default_factory=list)
    marks: int = 0
    held: int = 0
    held_names: set[str] = field(default_factory=set)
    reasons: dict[str, str] = field(default_factory=dict)
    retry: set[str] = field(default_factory=set)
    later: dict[str, Deferred] = field(default_factory=dict)

    @property
    def changed(self) -> int:
        return self.changes.total()

    @property
    def is_settled(self) -> bool:
        """Nothing was changed, and nothing is left to try."""
        return not (self.changed or self.marks or self.retry or self.refused)

    def has_touched(self, name: str) -> bool:
        """Whether something was done at the name, or has to wait, or failed."""
        return bool(self.changes[name]) or name in self.later or name in self.reasons

    def describe_name(self, name: str) -> str:
        """What came of ``name``, for whoever asked."""
        if name in self.later:
            return "it waits until what is more urgent is done"
        if reason := self.reasons.get(name):
            return f"{reason}: it is tried again" if name in self.retry else f"refused: {reason}"
        if name in self.held_names:
            return "its deletion is held: approve it first"
        return count_noun(self.changes[name], "record") + " changed"

    def add(self, other: PassResult) -> None:
        """What a further turn of the same pass did."""
        self.changes += other.changes
        self.refused += other.refused
        self.marks += other.marks
        self.planned += other.planned
        self.left += other.left
        self.held = other.held
        self.retry |= other.retry
        self.later = other.later


class PartialPass(SyncError):
    """Some zones could not have their pass, which says why; ``results``, by target, are of the others."""

    def __init__(self, reason: str, results: Mapping[str, Sequence[PassResult]]) -> None:
        super().__init__(reason)
        self.results = results


def count_noun(count: int, noun: str) -> str:
    """``2 records``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def log_plan(result: PassResult, said: set[str]) -> set[str]:
    """What would be done and what not, once for as long as it stays so; returns what is said by now."""
    plan = {
        *(f"{change.op.value} {change.after or (change.before and change.before.rrset)}" for change in result.planned),
        *(f"leave {status.rrset} alone: {status.reason}" for status in result.left),
    }
    for line in sorted(plan - said):
        log.info("Would %s", line)
    return plan if result.whole else said | plan
