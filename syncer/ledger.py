"""What the engine asks of the memory that outlives it; ``records.ledger`` keeps it in the database."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from syncer.core.claims import Decision, EntrySpec
from syncer.core.plan import Change, Drift, Owned, RRsetStatus
from syncer.core.source import Ref, Source
from syncer.kube.feed import KindState
from syncer.targets.base import Result

Key = tuple[str, str]
"""(name, type) of an RRset."""


class AppliedChange(NamedTuple):
    """A change that was tried, on whose behalf, and what became of it."""

    decision: Decision
    result: Result


class ObservedRRset(NamedTuple):
    """An RRset at which nothing was written, and how it stands."""

    decision: Decision
    verdict: RRsetStatus


@dataclass(frozen=True, slots=True)
class Holds:
    """The deletes of a zone that the guard stopped, by what became of them since."""

    open: frozenset[Key] = frozenset()
    approved: frozenset[Key] = frozenset()
    rejected: frozenset[Key] = frozenset()


class Request(NamedTuple):
    """What a person asked for; ``zone``, ``name`` and ``type`` "" mean all of them."""

    id: int
    action: str
    zone: str
    name: str
    type: str
    actor: str


@dataclass(frozen=True, slots=True)
class SyncerStatus:
    """How the syncer stands. Times are aware; ``zones`` gives the problem of each zone, "" where there is none."""

    holder: str
    started_at: datetime
    heartbeat_at: datetime
    last_pass_at: datetime | None
    next_pass_at: datetime | None
    last_change_at: datetime | None
    queue: int
    target: str
    target_problem: str
    kinds: Sequence[KindState]
    zones: Mapping[str, str]


class LedgerError(Exception):
    """The database is locked or gone, or was never migrated. Nothing was written; try again."""


class Ledger(Protocol):
    """Every method that writes is one transaction. All raise ``LedgerError``."""

    def is_empty(self, zone: str) -> bool:
        """Nothing of ``zone`` is known, and nothing ever was: a new installation, or a lost database."""

    def names(self, zone: str) -> list[str]:
        """Every name in ``zone`` at which an RRset is known."""

    def rows(self, zone: str, names: Collection[str]) -> Mapping[str, Mapping[str, Owned]]:
        """What is known at ``names``, by name and type."""

    def owned_count(self, zone: str) -> int: ...

    def counts(self) -> Mapping[tuple[str, str], int]:
        """How many RRsets are known, by (zone, state). Cheap where nothing was written since the last time."""

    def deleted(self, zone: str, names: Collection[str]) -> frozenset[Key]:
        """The RRsets at ``names`` of which the last that we know is that they went."""

    def entries(self, names: Collection[str]) -> Mapping[str, list[EntrySpec]]:
        """The enabled custom entries at ``names``."""

    def entry_names(self) -> list[str]: ...

    def claim(self, zone: str, changes: Iterable[tuple[Decision, Change]], correlation: str) -> None:
        """Write down what is about to be sent to the target, so that a crash orphans nothing."""

    def record(
        self,
        zone: str,
        done: Sequence[AppliedChange],
        stands: Sequence[ObservedRRset],
        correlation: str,
        actor: str,
        serial: int | None = None,
    ) -> None:
        """Write down what came of it: ownership, states, audit, and the drift that is over with it. ``serial`` is the
        one that our writes left the zone at, as far as that is known."""

    def left_serial(self, zone: str) -> int:
        """The SOA serial that the last of our writes left, 0 when there is none."""

    def drifting(self, zone: str) -> Mapping[Key, bool]:
        """The RRsets of which we know that they are not as we left them; True where a person wants it left so."""

    def drift(
        self, zone: str, drifts: Sequence[tuple[Decision, Drift]], names: Collection[str] | None, correlation: str
    ) -> list[Drift]:
        """Write down what drift there is; returns what is news. ``names`` are those that were looked at, None: all of
        the zone. What was known at them and is not among ``drifts`` is over, unless the record still stands as drifted
        or in conflict."""

    def holds(self, zone: str) -> Holds: ...

    def hold(self, zone: str, deletes: Collection[Key], reason: str) -> None:
        """Make ``deletes`` the open plan of the zone; none left makes an open plan obsolete."""

    def release(self, zone: str, names: Collection[str], kind: str, actor: str) -> int:
        """Give up ownership of RRsets without touching DNS; how many."""

    def save_sources(self, sources: Mapping[Ref, Source | None]) -> None:
        """Remember what changed; None: the object is gone."""

    def forget_sources(self, kinds: Collection[tuple[str, str]], known: Collection[Ref]) -> None:
        """Drop the sources of ``kinds`` (group, kind) that are not among ``known``."""

    def requests(self) -> list[Request]:
        """What waits, oldest first."""

    def decide_hold(self, request: Request, approve: bool) -> int:
        """Approve or reject the open plan that the request means; how many deletes that decides."""

    def answer(self, outcomes: Mapping[int, str]) -> None:
        """What came of each request, by its id."""

    def save_status(self, status: SyncerStatus) -> None: ...
