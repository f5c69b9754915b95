"""What the ledger knows of one RRset: its state, whose it is, and who claims it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from syncer.core.rrsets import RRset


class RecordState(StrEnum):
    """The state of one RRset that is ours, or that a claim asks for."""

    PENDING = "pending"
    SYNCED = "synced"
    DRIFTED = "drifted"
    FOREIGN = "foreign"
    CONFLICT = "conflict"
    FAILED = "failed"
    SKIPPED = "skipped"
    HELD = "held"
    KEPT = "kept"


class Loser(NamedTuple):
    """A claim that did not get the name, and why."""

    origin: str
    reason: str


class KnownRRset(NamedTuple):
    """One row of the ledger. ``owned``: we wrote it, or recorded that we were about to. ``origin`` is the claim that
    holds it, ``claimants`` are all whose claim it satisfies, the holder first. ``former`` is what we had written until
    we changed it a short while ago."""

    rrset: RRset
    owned: bool
    state: RecordState
    reason: str = ""
    origin: str = ""
    claimants: tuple[str, ...] = ()
    losers: tuple[Loser, ...] = ()
    former: RRset | None = None

    @property
    def is_certain(self) -> bool:
        """Whether the target, undisturbed since, holds exactly this (or nothing of ours, when not ``owned``)."""
        return not self.owned or self.state in (RecordState.SYNCED, RecordState.HELD, RecordState.KEPT)
