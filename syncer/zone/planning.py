"""What is to be done in a zone: the claims on its names against what the target holds and the ledger knows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice
from typing import NamedTuple, TypeVar

from syncer.config import Managed
from syncer.core.claims import ClaimRules, Claims, Decision, EntrySpec, History, settle_name
from syncer.core.compare import UNASKED, NameRequest, compare_name
from syncer.core.drift import CompareRules
from syncer.core.kinds import KINDS
from syncer.core.known import KnownRRset, RecordState
from syncer.core.names import zone_of
from syncer.core.origin import Origin
from syncer.core.plan import NamePlan, RRsetStatus
from syncer.core.rrsets import Found, Marker
from syncer.core.source import NORMAL, Ref
from syncer.ledger import ZoneLedger
from syncer.targets.base import Target, TargetZone
from syncer.zone.queue import Deferred, ZoneQueue
from syncer.zone.view import ZoneView

T = TypeVar("T")

Requests = Mapping[str, NameRequest]
"""What people asked for, by name."""

NO_REQUESTS: Requests = {}

CHUNK = 250
"""Names that are compared at a time: what bounds the memory of a full pass, and the SQL parameters of a query."""

MISSING_LIMIT = 250
"""Missing names that a full pass sees to by itself; the others wait behind whatever changes meanwhile."""

FEW = 5
"""Up to so many names are read one by one after a foreign write, instead of waiting for a list of the zone."""

KnownRows = Mapping[str, KnownRRset]
"""What the ledger knows of one name, by type."""


class Condition(NamedTuple):
    """What the zone is in. ``rebuilding``: every RRset with our mark counts as ours; ``recovering``: the server lost
    writes of ours in a crash, and not all are made again."""

    rebuilding: bool = False
    recovering: bool = False

    def after_losses(self, lost_writes: bool) -> Condition:
        """With what the last reading showed."""
        return self._replace(recovering=self.recovering or lost_writes)


ORDINARY = Condition()


@dataclass(slots=True)
class PassPlan:
    """What is to be done in a pass. ``whole``: the plans cover the whole zone; ``listed``: from a list of it.
    ``found`` says what is at those names of the plan where it is not what the ledger says, ``checked`` are the names
    with a finding of drift that were read, ``unplanned`` are names at which nothing was found and that have to wait.
    Of a list: the ``serial`` that it showed, and the names with foreign records. ``lost_writes``: what was read shows
    that the server lost writes of ours in a crash."""

    names: list[NamePlan] = field(default_factory=list)
    whole: bool = False
    listed: bool = False
    serial: int | None = None
    foreign_names: set[str] = field(default_factory=set)
    lost_writes: bool = False
    found: dict[str, Deferred] = field(default_factory=dict)
    checked: set[str] = field(default_factory=set)
    unplanned: list[str] = field(default_factory=list)


class _Look(NamedTuple):
    """What was found at one name, where the target was asked (``read``)."""

    name: str
    found: Sequence[Found] = ()
    read: bool = True


class _Subject(NamedTuple):
    """One name, what is known of it, and what it shall hold. ``resurrected``: what is known is more than the ledger
    says."""

    look: _Look
    known: KnownRows
    decision: Decision
    resurrected: bool = False

    @property
    def name(self) -> str:
        return self.look.name

    @property
    def has_drifted(self) -> bool:
        return any(row.state is RecordState.DRIFTED for row in self.known.values())


class _Frame(NamedTuple):
    """What is the same for all names of a pass. ``drifting`` are the names with a finding of drift."""

    rules: CompareRules
    claim_rules: ClaimRules
    drifting: frozenset[str]


class ZonePlanner:
    """Reads and decides. It changes neither view nor queue: what a pass learns is in its ``PassPlan``."""

    def __init__(
        self,
        managed: Managed,
        target: Target,
        zone: TargetZone,
        rows: ZoneLedger,
        claims: Claims,
        view: ZoneView,
        queue: ZoneQueue,
        unread_kinds: Callable[[], Collection[str]],
    ) -> None:
        self.marker = Marker(managed.owner_id)
        self._managed = managed
        self._target = target
        self._zone = zone
        self._rows = rows
        self._claims = claims
        self._view = view
        self._queue = queue
        self._unread_kinds = unread_kinds

    def plan_whole(self, condition: Condition = ORDINARY, *, limit: int | None = MISSING_LIMIT) -> PassPlan:
        """Compare everything in the zone; without a list where its serial is the one that our own last write left.

        ``limit``: how many missing names are planned at once; None: all of them.
        """
        serial = self._current_serial()  # asked in any case: the target learns from it which zones there are
        if not condition.rebuilding and self._view.is_current(serial):
            return self._plan_from_view(self._all_names(), condition, whole=True)
        return self._plan_from_list(condition, limit)

    def plan_names(
        self, names: Collection[str], requests: Requests = NO_REQUESTS, condition: Condition = ORDINARY
    ) -> PassPlan:
        """Compare only ``names``, unless it costs no more to look at everything."""
        known = self._view.serial is not None
        current = known and self._view.is_current(self._current_serial())
        if current and not requests:
            return self._plan_from_view(names, condition)
        if known and len(names) > FEW and not requests:
            return self._plan_from_list(condition, MISSING_LIMIT)
        return self._plan_from_reading(names, requests, condition)

    def rank_name(self, name: str) -> tuple[int, str]:
        """Sorts names by the highest priority of their claims."""
        return min((source.priority for source in self._claims.claimants(name)), default=NORMAL), name

    def _current_serial(self) -> int | None:
        serials = self._target.serials()
        return serials.get(self._zone.name) if serials is not None else None

    def _all_names(self) -> set[str]:
        zones = self._managed.scope.zones
        claimed = (
            name
            for name in (*self._claims.names(), *self._rows.entry_names())
            if zone_of(name, zones) == self._zone.name
        )
        return {*claimed, *self._rows.names(), *self._queue.deferred}

    def _plan_from_list(self, condition: Condition, limit: int | None) -> PassPlan:
        """Compare a list of the whole zone with what is desired or known there."""
        missing = self._all_names()
        foreign: set[str] = set()
        restarted = self._zone.lost_writes
        reading = self._zone.read()
        lost_writes = self._has_lost_writes(reading.serial, restarted=restarted)
        frame = self._make_frame(condition.after_losses(lost_writes))

        def listed() -> Iterator[_Look]:
            for name, group in groupby(reading.found, key=lambda item: item.rrset.name):
                found = list(group)
                if not all(self.marker.knows(mark) for item in found for mark in item.marks):
                    foreign.add(name)
                if name in missing or any(self.marker.owns(item) for item in found):
                    missing.discard(name)
                    yield _Look(name, found)

        plan = PassPlan(whole=True, listed=True, serial=reading.serial, lost_writes=lost_writes)
        self._add_names(plan, listed(), frame)
        foreign.update(name_plan.name for name_plan in plan.names if name_plan.foreign_types)
        # A new zone may miss ten thousand names: neither their plans nor a name that comes now should wait for all.
        urgent = sorted(missing, key=self.rank_name)
        self._add_names(plan, (_Look(name) for name in urgent[:limit]), frame)
        plan.unplanned = [] if limit is None else urgent[limit:]
        plan.found |= dict.fromkeys(plan.unplanned, Deferred.ABSENT)
        plan.foreign_names = foreign
        return plan

    def _plan_from_reading(self, names: Collection[str], requests: Requests, condition: Condition) -> PassPlan:
        """Compare with what the target holds at ``names`` now."""
        reading = self._zone.read(names)
        found = group_by_name(reading.found)
        lost_writes = self._has_lost_writes(reading.serial, restarted=self._zone.lost_writes)
        plan = PassPlan(lost_writes=lost_writes)
        looks = (_Look(name, found.get(name, ())) for name in sorted(names))
        self._add_names(plan, looks, self._make_frame(condition.after_losses(lost_writes)), requests)
        return plan

    def _plan_from_view(self, names: Collection[str], condition: Condition, *, whole: bool = False) -> PassPlan:
        """Compare with what the ledger says that the target holds; ask only where that is not certain."""
        plan = PassPlan(whole=whole)
        doubtful: list[str] = []
        frame = self._make_frame(condition)
        for chunk in split_chunks(sorted(names), CHUNK):
            for subject in self._prepare_subjects([_Look(name, read=False) for name in chunk], frame):
                deferred = self._queue.deferred.get(subject.name, Deferred.AS_KNOWN)
                if deferred is Deferred.ABSENT:
                    self._add_name(plan, subject._replace(look=_Look(subject.name)), frame)
                elif self._is_doubtful(subject, deferred, frame.rules):
                    doubtful.append(subject.name)
                elif not (subject.has_drifted or subject.name in self._view.foreign_names):
                    written = _Look(subject.name, self._list_written(subject.known), read=False)
                    self._add_name(plan, subject._replace(look=written), frame)
        if doubtful:
            found = group_by_name(self._zone.read(doubtful).found)
            self._add_names(plan, (_Look(name, found.get(name, ())) for name in doubtful), frame)
        return plan

    def _add_names(
        self, plan: PassPlan, looks: Iterable[_Look], frame: _Frame, requests: Requests = NO_REQUESTS
    ) -> None:
        for chunk in split_chunks(looks, CHUNK):
            for subject in self._prepare_subjects(chunk, frame):
                self._add_name(plan, subject, frame, requests.get(subject.name, UNASKED))

    def _add_name(self, plan: PassPlan, subject: _Subject, frame: _Frame, request: NameRequest = UNASKED) -> None:
        """Add to the plan what is to be done or to be told at one name, if anything is."""
        name_plan = compare_name(subject.decision, subject.look.found, subject.known, frame.rules, request)
        name_plan.statuses = [status for status in name_plan.statuses if _is_news(status, subject)]
        if subject.look.read and subject.name in frame.drifting:
            plan.checked.add(subject.name)
        if name_plan.is_empty:
            return
        plan.names.append(name_plan)
        if subject.look.read and (deferred := self._found_other(subject)):
            plan.found[subject.name] = deferred

    def _prepare_subjects(self, looks: Sequence[_Look], frame: _Frame) -> Iterator[_Subject]:
        names = [look.name for look in looks]
        rows = self._rows.rows(names)
        entries = self._rows.entries(names)
        resurrected = self._find_resurrected(looks, rows)
        for look in looks:
            back = resurrected.get(look.name, {})
            known = {**rows.get(look.name, {}), **back}
            decision = self._decide_name(look, known, entries.get(look.name, []), frame.claim_rules)
            yield _Subject(look, known, decision, bool(back))

    def _decide_name(self, look: _Look, known: KnownRows, entries: Sequence[EntrySpec], rules: ClaimRules) -> Decision:
        if zone_of(look.name, rules.zones) != self._zone.name:
            return Decision(look.name)
        strays = [item for item in look.found if self.marker.owns(item) and not _is_owned(known, item)]
        marked = [(self.marker.origin(item), self.marker.own_values(item)) for item in strays]
        return settle_name(look.name, self._claims, entries, rules, History(known, marked))

    def _find_resurrected(
        self, looks: Iterable[_Look], rows: Mapping[str, KnownRows]
    ) -> dict[str, dict[str, KnownRRset]]:
        """What we deleted and is there again with our mark: the server lost the delete in a crash."""
        strays = [
            item
            for look in looks
            for item in look.found
            if self.marker.owns(item) and not _is_owned(rows.get(look.name, {}), item)
        ]
        deleted = self._rows.deleted({item.rrset.name for item in strays}) if strays else frozenset()
        resurrected: dict[str, dict[str, KnownRRset]] = {}
        for item in strays:
            rrset = item.rrset
            if (rrset.name, rrset.type) in deleted:
                origin = self.marker.origin(item)
                row = KnownRRset(rrset, True, RecordState.PENDING, "", origin, (origin,))
                resurrected.setdefault(rrset.name, {})[rrset.type] = row
        return resurrected

    def _has_lost_writes(self, serial: int | None, *, restarted: bool) -> bool:
        """Whether what is missing or changed may be a write of ours that a crash undid, and no change by someone."""
        return restarted or (serial is not None and serial < self._rows.left_serial())

    def _make_frame(self, condition: Condition) -> _Frame:
        scope = self._managed.scope
        claim_rules = ClaimRules(scope.zones, scope.ttl, frozenset(self._unread_kinds()))
        drifting = self._rows.drifting()
        rules = CompareRules(
            self.marker,
            policy=self._managed.policy(self._zone.name),
            keeps_ttl=self._target.keeps_ttl,
            adopts_equal=self._managed.adopt_identical,
            by_mark_alone=condition.rebuilding,
            refuses=self._target.refuses,
            is_unread=claim_rules.are_unread,
            remediates=self._remediates,
            accepted=frozenset(key for key, accepted in drifting.items() if accepted),
            lost_writes=condition.recovering,
        )
        return _Frame(rules, claim_rules, frozenset(name for name, _ in drifting))

    def _remediates(self, origin: str) -> bool:
        """Whether drift of what this source or custom entry has is remediated unasked."""
        if self._managed.auto_remediate or self._target.is_exclusive:
            return True
        kind, namespace, name = Origin.parse(origin)
        groups = {known.group for known in KINDS if known.kind == kind}
        sources = (self._claims.source(Ref(kind, namespace, name, group)) for group in groups)
        return any(("auto-remediate", "true") in source.notes for source in sources if source)

    def _is_doubtful(self, subject: _Subject, deferred: Deferred, rules: CompareRules) -> bool:
        """Whether only the target can say what is at a name, or what is to be done about it."""
        rows = subject.known.values()
        if deferred is Deferred.UNSURE or not all(row.is_certain or row.state is RecordState.DRIFTED for row in rows):
            return True
        if not (subject.has_drifted or subject.name in self._view.foreign_names):
            return False
        waits = any(
            row.state is RecordState.DRIFTED and (subject.name, kind) not in rules.accepted
            for kind, row in subject.known.items()
        )
        return not _is_settled(subject) or (waits and rules.remediates(subject.decision.origin))

    def _list_written(self, known: KnownRows) -> list[Found]:
        """What the target holds of ours, by the ledger."""
        marks = ((row, self.marker.mark(row.origin)) for row in known.values() if row.owned)
        return [Found(row.rrset, (mark,) * len(row.rrset.values)) for row, mark in marks]

    def _found_other(self, subject: _Subject) -> Deferred | None:
        """What was read, where it is not what the ledger says: a change of it may have to wait for its turn."""
        ours = {item.rrset.type: item.rrset for item in subject.look.found if self._is_all_ours(item)}
        written = {kind: row.rrset for kind, row in subject.known.items() if row.owned}
        if ours == written and not subject.resurrected:
            return None
        return Deferred.UNSURE if subject.look.found else Deferred.ABSENT

    def _is_all_ours(self, item: Found) -> bool:
        return item.intact and all(self.marker.knows(mark) for mark in item.marks)


def group_by_name(found: Iterable[Found]) -> dict[str, list[Found]]:
    names: dict[str, list[Found]] = {}
    for item in found:
        names.setdefault(item.rrset.name, []).append(item)
    return names


def split_chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def _is_owned(known: KnownRows, item: Found) -> bool:
    row = known.get(item.rrset.type)
    return row is not None and row.owned


def _is_news(status: RRsetStatus, subject: _Subject) -> bool:
    """Whether the ledger does not say all this already."""
    decision, kind = subject.decision, status.rrset.type
    said = KnownRRset(
        status.rrset,
        status.owned,
        status.state,
        status.reason,
        decision.origin_of(kind),
        decision.claimants_of(kind),
        decision.losers,
    )
    return said != subject.known.get(kind)


_CALM = (
    RecordState.SYNCED,
    RecordState.DRIFTED,
    RecordState.FOREIGN,
    RecordState.CONFLICT,
    RecordState.SKIPPED,
)


def _is_settled(subject: _Subject) -> bool:
    """Whether the ledger already says all that can be said of this decision while the zone stays as it is."""
    decision, known = subject.decision, subject.known
    return {rrset.type for rrset in decision.rrsets} == set(known) and all(
        known[rrset.type].rrset == rrset
        and known[rrset.type].state in _CALM
        and known[rrset.type].claimants == decision.claimants_of(rrset.type)
        and known[rrset.type].losers == decision.losers
        for rrset in decision.rrsets
    )
