"""What the ledger knows of one RRset: its state, whose it is, and who claims it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from syncer.core.rrsets import RRset


class RecordState(StrEnum):
    """The state of one RRset that is ours, or that a claim asks for."""

    PENDING = "pending"
    """Being written, or, of what is not ours yet, waiting for something else to be written."""
    SYNCED = "synced"
    DRIFTED = "drifted"
    FOREIGN = "foreign"
    CONFLICT = "conflict"
    FAILED = "failed"
    SKIPPED = "skipped"
    HELD = "held"
    KEPT = "kept"


GOING = (RecordState.HELD, RecordState.KEPT)
"""The states of what no live claim asks for any more."""


class Loser(NamedTuple):
    """A claim that did not get the name, and why."""

    origin: str
    reason: str


BLOCKED, BEATEN = "blocked by ", " has the name: "
"""How the reason of a loser begins that a block stopped, and how it goes on after the winner that came before it."""


def explain_block(block: str) -> str:
    """``block`` is the origin of the entry that blocks the name."""
    return BLOCKED + block


def explain_beaten(winner: str, why: str) -> str:
    return winner + BEATEN + why


def find_winner(reason: str) -> str:
    """The origin that came before the loser with this reason; "" for a reason of another sort."""
    winner, ahead, _ = reason.partition(BEATEN)
    return winner if ahead else ""


def is_blocked(reason: str) -> bool:
    return reason.startswith(BLOCKED)


def find_why(reason: str, winner: str) -> str:
    """Why ``winner`` came before the loser with this reason; "" when it was not beaten by that one."""
    ahead = explain_beaten(winner, "")
    return reason.removeprefix(ahead) if reason.startswith(ahead) else ""


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
    def is_going(self) -> bool:
        """Whether nothing asks for it, and it stays only for as long as something keeps it."""
        return self.state in GOING

    @property
    def is_certain(self) -> bool:
        """Whether the target, undisturbed since, holds exactly this (or nothing of ours, when not ``owned``)."""
        return not self.owned or self.state in (RecordState.SYNCED, RecordState.HELD, RecordState.KEPT)
