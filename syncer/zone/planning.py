"""What is to be done in a zone: the claims on its names against what the target holds and the ledger knows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from typing import TypeVar

from syncer.config import Managed
from syncer.core.claims import Claims, Unread
from syncer.core.compare import UNASKED, NameRequest
from syncer.core.drift import CompareRules
from syncer.core.kinds import GATEWAY_ROUTE_KINDS
from syncer.core.known import KnownRRset, RecordState
from syncer.core.lost_marks import is_bare
from syncer.core.names import zone_of
from syncer.core.plan import NamePlan, Op
from syncer.core.rrsets import Found
from syncer.core.shadows import describe_shadows
from syncer.core.source import NORMAL
from syncer.ledger import ZoneLedger
from syncer.targets.base import Target, TargetZone
from syncer.zone.passplan import OTHERS, PassPlan, UnmarkedNames
from syncer.zone.queue import Deferred, ZoneQueue
from syncer.zone.subjects import ORDINARY, Condition, Frame, KnownRows, Look, Subject, SubjectBuilder
from syncer.zone.view import ZoneView

T = TypeVar("T")

Requests = Mapping[str, NameRequest]
"""What people asked for, by name."""

NO_REQUESTS: Requests = {}

CHUNK = 500
"""Names that are compared at a time: what bounds the memory of a full pass, and the SQL parameters of a query."""

FEW = 5
"""Up to so many names are read one by one after a foreign write, instead of waiting for a list of the zone."""


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
        find_unread: Callable[[], Unread],
        awaited_kinds: Callable[[], Collection[str]],
        beat: Callable[[], object],
        *,
        holds_back: bool = True,
    ) -> None:
        """``beat`` is called between two steps of a plan, which may have hundreds. ``holds_back``: what leads to a name
        that is not written yet has to wait for it; without, the plan is what it comes to in the end."""
        self._beat = beat
        self._names = SubjectBuilder(
            zone.name, managed, target, rows, claims, find_unread, awaited_kinds, holds_back=holds_back
        )
        self.marker = self._names.marker
        self._managed = managed
        self._target = target
        self._zone = zone
        self._rows = rows
        self._claims = claims
        self._view = view
        self._queue = queue

    def plan_whole(
        self,
        condition: Condition = ORDINARY,
        *,
        limited: bool = True,
        settle: Callable[[PassPlan], None] = lambda plan: None,
    ) -> PassPlan:
        """Compare everything in the zone; without a list where its serial is the one that our own last write left.

        ``limited``: of missing names a slice is planned now, and the others wait behind whatever changes meanwhile.
        ``settle`` is called time and again while the list arrives, and may take out of the plan what needs no more than
        to be recorded.
        """
        serial = self._current_serial()  # asked in any case: the target learns from it which zones there are
        if not condition.rebuilding and self._view.is_current(serial, self._zone.node):
            names = self._all_names()
            plan = self._plan_from_view(names, condition, whole=True)
            plan.shadows = self.find_shadows(names)
            return plan
        return self._plan_from_list(condition, limited=limited, settle=settle)

    def list_known(self) -> set[str]:
        """All names of the zone, where it is known what it holds now; none where it has to be listed."""
        if self._view.serial is None or not self._view.is_current(self._current_serial(), self._zone.node):
            return set()
        return self._all_names()

    def find_shadows(self, names: Collection[str]) -> dict[str, str]:
        return describe_shadows(names, self._view.delegations, self._reaches_deep, self._view.redirects)

    def plan_names(
        self, names: Collection[str], requests: Requests = NO_REQUESTS, condition: Condition = ORDINARY
    ) -> PassPlan:
        """Compare only ``names``, unless it costs no more to look at everything.

        Of many changes the target itself makes sure, when it writes them, that the zone is as it was planned for: that
        is not asked twice.
        """
        known = self._view.serial is not None
        if known and len(names) > FEW and not requests and self._target.is_bulky:
            plan = self._plan_from_view(names, condition)
            if plan.writes > FEW or self._view.is_current(self._current_serial(), self._zone.node):
                return plan
            return self._plan_from_list(condition)
        current = known and self._view.is_current(self._current_serial(), self._zone.node)
        if current and not requests:
            return self._plan_from_view(names, condition)
        if known and len(names) > FEW and not requests:
            return self._plan_from_list(condition)
        return self._plan_from_reading(names, requests, condition)

    def put_marks_back(
        self, found: Mapping[str, Sequence[Found]], rows: Mapping[str, KnownRows]
    ) -> dict[str, Sequence[Found]]:
        """What was found in a zone that lost our marks, by name."""
        looks = [Look(name, items) for name, items in found.items()]
        return {look.name: look.found for look in self._names.put_marks_back(looks, rows)}

    def rank_name(self, name: str) -> tuple[int, str]:
        """Sorts names by the highest priority of their claims."""
        return min((source.urgency for source in self._claims.claimants(name)), default=NORMAL), name

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

    def _plan_from_list(
        self,
        condition: Condition,
        *,
        limited: bool = True,
        settle: Callable[[PassPlan], None] = lambda plan: None,
    ) -> PassPlan:
        """Compare a list of the whole zone with what is desired or known there."""
        names = self._all_names()
        limit = self._queue.slice_size.names if limited else None
        missing = set(names)
        delegations: set[str] = set()
        deleted = self._rows.recently_deleted()
        restarted = self._zone.lost_writes
        reading = self._zone.read()
        plan = PassPlan(whole=True, listed=True, serial=reading.serial, node=self._zone.node)
        condition = self._find_losses(plan, condition, restarted=restarted)
        frame = self._names.make_frame(condition)
        aside = UnmarkedNames()

        def listed() -> Iterator[Look]:
            for name, group in groupby(reading.found, key=lambda item: item.rrset.name):
                found = list(group)
                is_delegation = name != self._zone.name and any(item.rrset.type == "NS" for item in found)
                if is_delegation and len(delegations) < OTHERS:
                    delegations.add(name)
                self._view.note_redirect(name, is_there=any(item.rrset.type == "DNAME" for item in found))
                if name == self._zone.name:
                    plan.servers = frozenset(
                        server for item in found if item.rrset.type == "NS" for server in item.rrset.values
                    )
                if not all(self.marker.knows(mark) for item in found for mark in item.marks):
                    plan.foreign.add(name, is_ours=name in names)
                is_deleted = name in deleted and any(map(is_bare, found))
                if name in missing or is_deleted or any(self.marker.owns(item) for item in found):
                    missing.discard(name)
                    yield Look(name, found)

        for chunk in split_chunks(listed(), CHUNK):
            for subject in self._prepare_subjects(chunk, frame):
                if not self._put_aside(subject, aside, frame, deleted):
                    self._add_name(plan, subject, frame)
            settle(plan)
        if aside.count.are_lost:
            condition = condition.after_losses(lost_writes=False, lost_marks=True)
            frame = self._names.make_frame(condition)
        if condition.unmarked:
            plan.unmarked = aside.count.unmarked
            plan.foreign.discard_all(aside.names)
        self._add_aside(plan, aside, frame, limit)
        # A new zone may miss ten thousand names: neither their plans nor a name that comes now should wait for all.
        urgent = sorted(missing, key=self.rank_name)
        self._add_names(plan, (Look(name) for name in urgent[:limit]), frame)
        if limit is not None:
            self._leave_for_later(plan, urgent[limit:], Deferred.ABSENT)
        plan.delegations = delegations
        plan.shadows = describe_shadows(names, delegations, self._reaches_deep, self._view.redirects)
        return plan

    def _reaches_deep(self, wildcard: str) -> bool:
        """Whether a Gateway serves it, for which a wildcard means any number of labels."""
        return any(source.ref.kind in GATEWAY_ROUTE_KINDS for source in self._claims.claimants(wildcard))

    def _plan_from_reading(self, names: Collection[str], requests: Requests, condition: Condition) -> PassPlan:
        """Compare with what the target holds at ``names`` now."""
        reading = self._zone.read(names)
        found = group_by_name(reading.found)
        plan = PassPlan(serial=reading.serial, node=self._zone.node)
        condition = self._find_losses(plan, condition, restarted=self._zone.lost_writes)
        looks = (Look(name, found.get(name, ())) for name in sorted(names))
        self._add_names(plan, looks, self._names.make_frame(condition), requests)
        return plan

    def _plan_from_view(self, names: Collection[str], condition: Condition, *, whole: bool = False) -> PassPlan:
        """Compare with what the ledger says that the target holds; ask only where that is not certain."""
        plan = PassPlan(whole=whole)
        doubtful: list[str] = []
        frame = self._names.make_frame(condition)
        most = self._queue.slice_size.names
        for what in (Deferred.UNMARKED, Deferred.ABSENT) if len(names) > most else ():
            waiting = [name for name, deferred in self._queue.deferred.items() if deferred is what and name in names]
            self._leave_for_later(plan, waiting[most:], what)
        for chunk in split_chunks(sorted({*names}.difference(plan.unplanned)), CHUNK):
            for subject in self._prepare_subjects([Look(name, read=False) for name in chunk], frame):
                deferred = self._queue.deferred.get(subject.name, Deferred.AS_KNOWN)
                if deferred is Deferred.ABSENT:
                    self._add_name(plan, subject._replace(look=Look(subject.name)), frame)
                elif self._is_doubtful(subject, deferred, frame.rules):
                    doubtful.append(subject.name)
                elif deferred is Deferred.UNMARKED:
                    self._add_unmarked(plan, subject, frame)
                elif not (subject.has_drifted or subject.name in self._view.foreign):
                    written = Look(subject.name, self._names.list_written(subject.known), read=False)
                    self._add_name(plan, subject._replace(look=written), frame)
        if doubtful:
            found = group_by_name(self._zone.read(doubtful).found)
            self._add_names(plan, (Look(name, found.get(name, ())) for name in doubtful), frame)
        return plan

    def _prepare_subjects(self, looks: Sequence[Look], frame: Frame) -> Iterator[Subject]:
        self._beat()
        return self._names.prepare_subjects(looks, frame)

    def _put_aside(self, subject: Subject, aside: UnmarkedNames, frame: Frame, deleted: Collection[str]) -> bool:
        """Whether what is to be done at the name follows from the rest of the list, or can wait."""
        aside.count.add(subject.look.found, subject.known)
        if self._names.is_all_unmarked(subject):
            aside.names.append(subject.name)
            return True
        is_open = self._names.shows_unmarked(subject) or subject.name in deleted
        if is_open and not frame.restores_marks:
            aside.looks.append(subject.look)
            return True
        return False

    def _add_aside(self, plan: PassPlan, aside: UnmarkedNames, frame: Frame, limit: int | None) -> None:
        """With marks that a hand took away nothing waits; those that the zone lost are written again in turns."""
        names = sorted(aside.names, key=self.rank_name)
        if frame.restores_marks and limit is not None:
            self._leave_for_later(plan, names[limit:], Deferred.UNMARKED)
            del names[limit:]
        for chunk in split_chunks(names, CHUNK):
            for subject in self._prepare_subjects([Look(name) for name in chunk], frame):
                self._add_unmarked(plan, subject, frame)
        self._add_names(plan, aside.looks, frame)

    def _add_unmarked(self, plan: PassPlan, subject: Subject, frame: Frame) -> None:
        """At the name is what the ledger says, without our marks."""
        look = Look(subject.name, self._names.list_unmarked(subject.known, frame))
        self._add_name(plan, subject._replace(look=look), frame)

    @staticmethod
    def _leave_for_later(plan: PassPlan, names: Sequence[str], deferred: Deferred) -> None:
        plan.unplanned += names
        plan.found |= dict.fromkeys(names, deferred)

    def _add_names(self, plan: PassPlan, looks: Iterable[Look], frame: Frame, requests: Requests = NO_REQUESTS) -> None:
        for chunk in split_chunks(looks, CHUNK):
            for subject in self._prepare_subjects(chunk, frame):
                self._add_name(plan, subject, frame, requests.get(subject.name, UNASKED))

    def _add_name(self, plan: PassPlan, subject: Subject, frame: Frame, request: NameRequest = UNASKED) -> None:
        """Add to the plan what is to be done or to be told at one name, if anything is."""
        name_plan = self._names.compare_subject(subject, frame, request)
        if subject.awaits:
            plan.early[subject.name] = subject.awaits
        self._view.note_redirect(subject.name, is_there=_has_dname(subject, name_plan))
        if name_plan.is_waiting:
            plan.awaited = frame.rules.awaited
        if subject.look.read and subject.name in frame.drifting:
            plan.checked.add(subject.name)
        plan.are_marks_in_doubt |= not frame.restores_marks and self._names.shows_unmarked(subject)
        plan.rivals += name_plan.rivals if subject.look.read else ()
        marks = self._names.list_mark_changes(subject)
        plan.marks |= {change.key: change for change in marks}
        if name_plan.is_empty and not marks:
            return
        plan.names.append(name_plan)
        if name_plan.foreign_types:
            plan.foreign.add(name_plan.name, is_ours=True)
        plan.losers += ((subject.decision, loser) for loser in subject.list_new_losers())
        if subject.look.read and (deferred := self._names.found_other(subject)):
            plan.found[subject.name] = deferred

    def _find_losses(self, plan: PassPlan, condition: Condition, *, restarted: bool) -> Condition:
        """Whether what is missing or changed may be a write of ours that a crash undid, or that another node never
        heard of, and no change by someone."""
        left = self._rows.left()
        if left.node and self._zone.node not in ("", left.node):
            plan.left_node = left.node
        else:
            plan.lost_writes = restarted or (plan.serial is not None and plan.serial < left.serial)
        return condition.after_losses(lost_writes=plan.lost_writes, lost_marks=bool(plan.left_node))

    def _is_doubtful(self, subject: Subject, deferred: Deferred, rules: CompareRules) -> bool:
        """Whether only the target can say what is at a name, or what is to be done about it."""
        rows = subject.known.values()
        if deferred is Deferred.UNSURE or not all(row.is_certain or row.state is RecordState.DRIFTED for row in rows):
            return True
        if not (subject.has_drifted or subject.name in self._view.foreign):
            return False
        waits = any(
            row.state is RecordState.DRIFTED and (subject.name, kind) not in rules.accepted
            for kind, row in subject.known.items()
        )
        return not _is_settled(subject) or (waits and rules.remediates(subject.decision.origin))


def group_by_name(found: Iterable[Found]) -> dict[str, list[Found]]:
    names: dict[str, list[Found]] = {}
    for item in found:
        names.setdefault(item.rrset.name, []).append(item)
    return names


def split_chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


_CALM = (
    RecordState.SYNCED,
    RecordState.KEPT,
    RecordState.DRIFTED,
    RecordState.FOREIGN,
    RecordState.CONFLICT,
    RecordState.SKIPPED,
)


def _has_dname(subject: Subject, plan: NamePlan) -> bool:
    """Whether the name has a DNAME after the plan."""
    for change in plan.changes:
        if change.key[1] == "DNAME":
            return change.op is not Op.DELETE
    return any(item.rrset.type == "DNAME" for item in subject.look.found)


def _is_settled(subject: Subject) -> bool:
    """Whether the ledger already says all that can be said of this decision while the zone stays as it is. Whether a
    DNAME can be there depends on other names."""
    decision, known = subject.decision, subject.known
    return {rrset.type for rrset in decision.rrsets} == set(known) and all(
        known[rrset.type].rrset == rrset
        and known[rrset.type].state in _CALM
        and not (rrset.type == "DNAME" and known[rrset.type].state is RecordState.SKIPPED)
        and known[rrset.type].claimants == decision.claimants_of(rrset.type)
        and known[rrset.type].losers == decision.losers_of(rrset.type)
        and _says_kept(known[rrset.type], decision.kept.get(rrset.type, ""))
        for rrset in decision.rrsets
    )


def _says_kept(row: KnownRRset, reason: str) -> bool:
    """Whether the row says of what is kept, and of nothing else, that and why it is; "" when it is not."""
    if row.state is RecordState.KEPT:
        return bool(reason) and reason in row.reason
    return not reason or row.state is not RecordState.SYNCED
