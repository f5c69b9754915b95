"""What the engine asks of the memory that outlives it; ``records.ledger`` keeps it in the database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from syncer.core.claims import Decision, EntrySpec, Mention
from syncer.core.known import KnownRRset
from syncer.core.plan import Change, Drift, ForgottenRRset, Key, RRsetStatus
from syncer.core.rrsets import Found, RRset
from syncer.core.source import Ref, SourceObject
from syncer.errors import ToldError
from syncer.identity import ProcessIdentity
from syncer.kube.feed import KindState
from syncer.meters import MeasuredMinute
from syncer.targets.base import Result


class AppliedChange(NamedTuple):
    """A change that was tried, on whose behalf, and what became of it."""

    decision: Decision
    result: Result


class ObservedRRset(NamedTuple):
    """An RRset at which nothing was written: its state, or that it can be forgotten."""

    decision: Decision
    status: RRsetStatus | ForgottenRRset


class Measured(NamedTuple):
    """What was measured in a minute, and of what: ``target`` and ``zone`` are "" where it is about none."""

    subject: str
    target: str
    zone: str
    minute: MeasuredMinute


class CountKey(NamedTuple):
    """By what records are counted."""

    target: str
    zone: str
    state: str


@dataclass(frozen=True, slots=True)
class HeldDeletes:
    """The deletes of a zone that the guard stopped, by what became of them since."""

    open: frozenset[Key] = frozenset()
    approved: frozenset[Key] = frozenset()
    rejected: frozenset[Key] = frozenset()


class DecidedHold(NamedTuple):
    """What a request decided: ``number`` of held deletes. ``missing`` says what it could not decide and why, "" where
    it could."""

    number: int
    missing: str = ""


class Request(NamedTuple):
    """What a person asked for; ``target``, ``zone``, ``name`` and ``type`` "" mean all of them."""

    id: int
    action: str
    zone: str
    name: str
    type: str
    actor: str
    target: str = ""


class TargetPlace(NamedTuple):
    """A target of the settings. ``places`` are the addresses of its servers, or a path; ``was`` is the name of one
    whose rows it takes over, "" where it names none."""

    name: str
    kind: str
    places: frozenset[str]
    zones: frozenset[str]
    was: str = ""


@dataclass(frozen=True, slots=True)
class TargetReport:
    """How one target is doing. Times are aware; ``places`` say where it is. ``zones`` gives the problem of each zone,
    "" where there is none."""

    name: str
    kind: str
    places: tuple[str, ...]
    problem: str
    warning: str
    queue: int
    last_pass_at: datetime | None
    next_pass_at: datetime | None
    last_change_at: datetime | None
    zones: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SyncerStatus:
    """How the syncer is doing; the ``targets`` in the order of the settings."""

    targets: Sequence[TargetReport]
    kinds: Sequence[KindState]
    problems: Sequence[str] = ()
    """As /readyz tells them, like the warnings."""
    warnings: Sequence[str] = ()
    vitals: Mapping[str, Any] = field(default_factory=dict)
    """What ``syncer.vitals`` describes."""
    measured: Sequence[Measured] = ()


class Freeze(NamedTuple):
    """All writes are held, because a person said so: to one zone, or with "" to every one, on one target, or with "" on
    each. ``until`` None: until someone ends it."""

    zone: str
    until: datetime | None
    actor: str
    reason: str = ""
    target: str = ""

    def covers(self, name: str) -> bool:
        """Whether it is about the zone of this name."""
        return self.zone in ("", name)

    def __str__(self) -> str:
        where = f"to {self.zone or 'every zone'}{f' on {self.target}' if self.target else ''}"
        until = f"{self.until:%Y-%m-%d %H:%M:%S} UTC" if self.until else "someone ends that"
        return f"all writes {where} are held by {self.actor} until {until}{self.reason and f' ({self.reason})'}"


class Replaced(NamedTuple):
    """An RRset of someone else that became ours: what we wrote, and what stood there."""

    id: int
    ours: RRset
    theirs: Found


class LeftZone(NamedTuple):
    """What the last of our writes left: the SOA serial, 0 for none, and the node that had the zone then, "" where that
    is not known. ``is_unmarked``: the zone had lost our marks, and they are being written again."""

    serial: int = 0
    node: str = ""
    is_unmarked: bool = False


class Deletion(NamedTuple):
    """An RRset that we deleted, and whose it was."""

    rrset: RRset
    origin: str


@dataclass(frozen=True, slots=True)
class Holder:
    """The syncer that is at work on the database, or was the last. ``age`` is how many seconds ago its heartbeat came,
    by a clock of ours unless ``is_exact``: then the database told both times. Where ``identity`` tells nothing, a
    version wrote it that knew no identities, by a clock of its own."""

    identity: ProcessIdentity
    name: str
    since: datetime
    heartbeat_at: datetime
    has_stopped: bool
    age: float = field(compare=False)
    is_exact: bool

    def __str__(self) -> str:
        host, _, pid = self.name.rpartition(" ")
        return f"process {pid} on {host or 'an unknown host'}, since {self.since:%Y-%m-%d %H:%M:%S} UTC"


class LastStart(NamedTuple):
    """The last start that went well, up to a full pass after which no deletes were held. ``settings`` are those that
    decide what is published, by name; ``version`` is "" where no start is known."""

    version: str
    settings: Mapping[str, str]


class LedgerError(ToldError):
    """The database is locked or gone, or was never migrated. Nothing was written; try again."""


class AnotherSyncer(SystemExit):
    """Another syncer is at work on the database, and this one must end. No ``Exception``: the loop lives through
    those."""


class ZoneLedger(Protocol):
    """What is remembered of one zone on one target. Every method that writes is one transaction.

    All raise ``LedgerError``.
    """

    def is_new(self) -> bool:
        """Nothing of the zone is known, and nothing ever was: a new installation, or a lost database; or a rebuild
        from the marks has come to no end."""

    def names(self) -> list[str]:
        """Every name in the zone at which an RRset is known."""

    def rows(self, names: Collection[str]) -> Mapping[str, Mapping[str, KnownRRset]]:
        """What is known at ``names``, by name and type."""

    def entries(self, names: Collection[str]) -> Mapping[str, list[EntrySpec]]:
        """The enabled custom entries at ``names`` that are meant for this target."""

    def entry_names(self) -> list[str]:
        """Every name with such an entry, in any zone."""

    def mentions(self, names: Collection[str]) -> Mapping[str, Mapping[str, Mention]]:
        """What is known of the objects that mention these names, by name and origin."""

    def owned_count(self) -> int: ...

    def owned_by(self, namespaces: Collection[str]) -> Mapping[str, int]:
        """How many RRsets the objects of each of these namespaces hold there; of "", custom entries."""

    def deleted(self, names: Collection[str]) -> frozenset[Key]:
        """The RRsets at ``names`` of which the last that we know is that they went."""

    def recent_deletions(self, names: Collection[str]) -> Mapping[Key, Deletion]:
        """The RRsets at ``names`` that we deleted within the last hour, as they stood there."""

    def recently_deleted(self) -> frozenset[str]:
        """Every name with such an RRset."""

    def claim_changes(self, changes: Iterable[tuple[Decision, Change]]) -> None:
        """Write down what is about to be sent to the target, so that a crash orphans nothing."""

    def record_pass(
        self,
        applied: Sequence[AppliedChange],
        observed: Sequence[ObservedRRset],
        correlation: str,
        actor: str,
        serial: int | None = None,
        node: str = "",
    ) -> None:
        """Write down what came of it: ownership, states, audit, and the drift that is over with it. ``serial`` is the
        one that our writes left the zone at, or at which they were seen, as far as that is known, on ``node``."""

    def left(self) -> LeftZone: ...

    def note_marks(self, lost: int, actor: str) -> None:
        """The zone has lost so many of our marks, which are written again from now on; 0: that is done."""

    def note_rebuild(self, *, under_way: bool) -> None:
        """What is found by its marks is being recorded, little by little; or all of it is."""

    def drifting(self) -> Mapping[Key, bool]:
        """The RRsets of which we know that they are not as we left them; True where a person accepted it."""

    def record_drift(
        self, drifts: Sequence[tuple[Decision, Drift]], names: Collection[str] | None, correlation: str
    ) -> list[Drift]:
        """Write down what drift there is; returns what is news. ``names`` are those that were looked at, None: all of
        the zone. What was known at them and is not among ``drifts`` is over, unless the record itself still says
        drifted or in conflict."""

    def save_shadows(self, shadows: Mapping[str, str], manages: Callable[[str], bool]) -> None:
        """Write down of which names DNS answers otherwise than one would think, and that it is so of no other name in
        the zone; ``manages`` tells which names those are."""

    def note_rivals(self, rivals: Sequence[Found]) -> None:
        """Write down what others have where that is why nothing is written: it may have changed without news."""

    def save_others(self, wildcards: Collection[str], delegations: Collection[str]) -> None:
        """Write down what in the zone answers for names of ours that are not there: foreign wildcards, and delegations,
        ours among them."""

    def holds(self, names: Collection[str] | None = None) -> HeldDeletes:
        """Those at ``names``; None: all of them."""

    def count_held(self) -> Mapping[str, int]:
        """How many deletes of the open plan each namespace has, by their holders."""

    def list_namespaces(self, names: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        """Of each RRset that is ours at ``names`` the namespace that has it; names without one are left out."""

    def hold_deletes(
        self, deletes: Collection[Key], reason: str, names: Collection[str] | None = None, *, are_all: bool = True
    ) -> None:
        """Make ``deletes`` the open plan of the zone, as far as ``names`` go (None: all of it); none left makes an open
        plan obsolete. Nobody can decide it until ``are_all`` of them are in it."""

    def replacement(self, request_id: int) -> Replaced | None:
        """What the request asks to put back; None where that has happened since, or is not of this zone."""

    def record_undo(self, replaced: Replaced, actor: str) -> None:
        """It is put back: the RRset is not ours any more, and neither is the entry that kept it."""

    def drop_keeping(self, name: str, kind: str, actor: str) -> bool:
        """The entry goes that was to keep an RRset of someone else, unless that became ours for it; whether it went."""

    def end_keeping(self, names: Collection[str]) -> None:
        """The time is over for which these names are kept although their objects do not ask for them now."""

    def release_records(self, names: Collection[str], kind: str, actor: str) -> int:
        """Give up ownership of RRsets (``kind`` "": of every type) without touching DNS; how many."""


class Ledger(Protocol):
    """What outlives the process. Every method that writes is one transaction. All raise ``LedgerError``.

    After ``take_over`` every method that writes, those of the zones too, raises ``AnotherSyncer`` once another one took
    over.
    """

    def zone(self, target: str, name: str) -> ZoneLedger:
        """The memory of one zone on the target of that name, managed or not."""

    def counts(self) -> Mapping[CountKey, int]:
        """How many RRsets are known, by target, zone and state. Cheap where nothing was written since the last
        time."""

    def for_thread(self) -> Ledger:
        """The same memory, of the same syncer, for another thread, which alone uses what it is given."""

    def take_over_rows(self, targets: Sequence[TargetPlace]) -> Sequence[str]:
        """``targets`` are all that the settings name. One of which nothing is known takes over the rows of the one that
        it ``was``, or of one that is not among them any more and had the same servers and zones, if it alone has these.
        Returns what was done, and what could not be, in sentences."""

    def check_database(self) -> None:
        """Leave a database that is another one by now than that which was opened."""

    def close(self) -> None:
        """Give up the connection of this thread."""

    def save_sources(
        self,
        target: str,
        sources: Mapping[Ref, SourceObject | None],
        *,
        is_new_version: bool = False,
        beat: Callable[[], object] = lambda: None,
    ) -> Collection[str]:
        """Remember what changed of what the objects ask for on the target; None: the object is gone. Returns the
        names that were kept for an object although a trouble hid them, and are not any more. ``is_new_version``:
        another version of the program saved them last. ``beat`` is called between two portions of them."""

    def count_detached(
        self, target: str, seconds: float, grace: float, unread_kinds: Collection[str]
    ) -> Collection[str]:
        """The troubles that hide names have lasted for so much longer, but for objects of ``unread_kinds``; returns the
        names of which the ``grace`` is over by that."""

    def rank_names(self, target: str, namespace: str, most: int) -> Sequence[str]:
        """Names that objects of the namespace mention: what is published for them on the target first, then what has
        been mentioned for longest; at most so many."""

    def forget_sources(self, target: str, kinds: Collection[tuple[str, str]], known: Collection[Ref]) -> None:
        """Drop the sources of ``kinds`` (group, kind) that are not among ``known``."""

    def requests(self) -> list[Request]:
        """What waits, oldest first."""

    def freezes(self, target: str) -> Sequence[Freeze]:
        """What holds all writes to the target now, by the clock of the database. Those whose time is over are ended,
        and told in the audit."""

    def decide_hold(self, request: Request, *, approve: bool) -> DecidedHold:
        """Approve or reject what the request means of the open plans."""

    def answer_requests(self, outcomes: Mapping[int, str]) -> None:
        """What came of each request, by its id."""

    def save_status(self, status: SyncerStatus) -> None: ...

    def holder(self) -> Holder | None:
        """None: no syncer has ever been at work."""

    def take_over(self, seen: Holder | None, me: ProcessIdentity, target: str) -> bool:
        """Make the heartbeat ours, if ``seen`` is still what there is; ``target`` is what we write to."""

    def renew(self) -> None:
        """Move our heartbeat, as ``save_status`` does."""

    def release(self) -> None:
        """Say that we ended, so that the next one need not wait."""

    def last_start(self) -> LastStart: ...

    def remember_start(self, start: LastStart) -> None: ...
