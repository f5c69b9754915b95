"""What a target is: something that holds RRsets, can be read and can be changed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

from syncer.core.plan import Change
from syncer.core.rrsets import Found, RRset
from syncer.meters import Meter


class Outcome(StrEnum):
    DONE = "done"
    REFUSED = "refused"
    """The target definitely refused; nothing changed. ``permanent`` says whether to try again by the clock."""
    UNKNOWN = "unknown"
    """No answer: it may have happened. The next read tells."""
    UNCONFIRMED = "unconfirmed"
    """A delete was answered with "no such record": gone only when the next list agrees (a race can answer so too)."""


class Result(NamedTuple):
    change: Change
    outcome: Outcome
    reason: str = ""
    permanent: bool = False


class Reading(NamedTuple):
    """What a zone holds. ``found`` is an iterator over an open answer: use it up before the next call to the target.

    All RRsets of one name come one after another. ``serial`` is the SOA serial that the reading shows, None where the
    target has none.
    """

    serial: int | None
    found: Iterator[Found]


class NodeReport(NamedTuple):
    """A node of a cluster, as the one that we talk to knows it."""

    name: str
    is_primary: bool
    is_reachable: bool


class ServerReport(NamedTuple):
    """What is known of a target, for people; "" and 0 where it is not known, or where there is no such thing.

    ``place`` is where it was asked, ``name`` what has the zones, ``cluster`` and ``nodes`` what that belongs to.
    ``rights`` says what our token may do, ``excess`` what it may do and need not. ``limit`` is in requests a second,
    ``paused`` the seconds that were spent in waiting for it since the start. ``certificate_ends`` is Unix time.
    """

    place: str
    name: str = ""
    version: str = ""
    cluster: str = ""
    nodes: Sequence[NodeReport] = ()
    rights: str = ""
    excess: str = ""
    limit: float = 0.0
    paused: float = 0.0
    certificate_ends: float = 0.0
    calls: Meter | None = None


class TargetZone(Protocol):
    """One zone on a target: the only way to its records.

    Raises ``TargetUnreachable``, ``TargetRefused`` or ``ZoneUnusable``.
    """

    name: str

    @property
    def node(self) -> str:
        """The name of the server that has the zone, as far as is known; "" where it cannot be but one. What is known of
        a zone is known of it on that server: the same serial on another one proves nothing."""

    def recall(self, node: str) -> None:
        """``node`` is what was written to last, before the target was made."""

    @property
    def left_serial(self) -> int | None:
        """The SOA serial that our last ``apply`` left; None when it cannot be told, or when someone else wrote in
        between."""

    @property
    def lost_writes(self) -> bool:
        """Whether the server was started anew since the zone was listed, and may have lost writes of ours."""

    def read(self, names: Collection[str] | None = None) -> Reading:
        """The RRsets of the whole zone, of every type, or only those at ``names``."""

    def apply(self, changes: Sequence[Change]) -> Iterator[Result]:
        """Make the changes, in their order as far as names depend on each other; one result for each, as it is known.

        A failing change never stops the others. Raises ``TargetUnreachable`` when the target is gone: what has no
        result by then is unknown.
        """


class Target(Protocol):
    """Raises ``TargetUnreachable``, ``TargetRefused`` or ``ZoneUnusable``."""

    kind: str
    """What it is, for people: ``technitium``, ``hosts``."""

    keeps_ttl: bool
    """False where the target has no TTLs (a hosts file): its readings say 0, and a plan does not compare them."""

    is_exclusive: bool
    """No one else has a word in what we keep there (a managed block): whatever differs in it is remediated unasked."""

    marks_origin: bool
    """Whether a mark says whose record it is, so that it is written again when the record passes to another claim."""

    @property
    def warning(self) -> str:
        """What is wrong with it although it can be written to, "" when nothing is."""

    @property
    def is_bulky(self) -> bool:
        """Whether many creates and updates cost no more than one, as far as the rate limit goes."""

    @property
    def paused(self) -> float:
        """Seconds that went by in waiting for the rate limit so far; 0 where there is none."""

    def check(self) -> None:
        """Raise when the target cannot be reached or does not accept our credentials. Cheap; used by /readyz."""

    def serials(self) -> Mapping[str, int] | None:
        """The SOA serial of every zone it holds, in one cheap call; None where the target has no such thing."""

    def takes_together(self, rrset: RRset) -> bool:
        """Whether it is one that costs no more among many than it does alone; none is where the target is not bulky."""

    def refuses(self, rrset: RRset) -> str:
        """Why the target can never hold this RRset, "" when it can (a hosts file: no wildcards, no CNAME)."""

    def describe(self) -> ServerReport:
        """What is known of it by now; asks nothing."""

    def zone(self, name: str) -> TargetZone:
        """The zone of that name, which is one of those that the target was made with."""

    def close(self) -> None:
        """Give up what is open; nothing is asked of it any more."""
