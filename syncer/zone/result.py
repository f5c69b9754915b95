"""What a pass did, or in a dry run would do, and in what words that is told."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field

from syncer.core.plan import Change, RRsetStatus

log = logging.getLogger(__name__)


@dataclass(slots=True)
class PassResult:
    """What a pass did. ``changes`` counts them by name; ``planned`` and ``left`` are what a dry run would change, and
    what it would leave alone although somebody wants it. ``retry`` holds the names to try again by the clock, ``later``
    those that had no turn yet, in their order; ``failed`` counts what was refused for good."""

    changes: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    planned: list[Change] = field(default_factory=list)
    left: list[RRsetStatus] = field(default_factory=list)
    held: int = 0
    retry: set[str] = field(default_factory=set)
    later: list[str] = field(default_factory=list)

    @property
    def changed(self) -> int:
        return self.changes.total()

    def in_words(self, name: str) -> str:
        """What came of ``name``, for whoever asked."""
        if name in self.later:
            return "its turn comes after what is more urgent"
        if name in self.retry:
            return "the DNS server gave no clear answer: it is tried again"
        return counted(self.changes[name], "record") + " changed"

    def __iadd__(self, other: PassResult) -> PassResult:
        self.changes += other.changes
        self.failed += other.failed
        self.planned += other.planned
        self.left += other.left
        self.held = other.held
        self.retry |= other.retry
        self.later = other.later
        return self


def counted(count: int, noun: str) -> str:
    """``2 records``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def say_plan(outcomes: PassResult, said: set[str], *, whole: bool) -> set[str]:
    """What would be done and what not, once for as long as it stays so; returns what is said by now."""
    planned = outcomes.planned
    plan = {
        *(f"{change.op.value} {change.after or (change.before and change.before.rrset)}" for change in planned),
        *(f"leave {verdict.rrset} alone: {verdict.reason}" for verdict in outcomes.left),
    }
    for line in sorted(plan - said):
        log.info("Would %s", line)
    return plan if whole else said | plan
