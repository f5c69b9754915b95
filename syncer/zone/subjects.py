"""What one name of a zone is desired to hold, what is known of it, and what follows from the two."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

from syncer.config import Managed
from syncer.core.claims import (
    ADDRESSES,
    ClaimRules,
    Claims,
    Decision,
    EntrySpec,
    History,
    Mode,
    Unread,
    group_of,
)
from syncer.core.compare import UNASKED, NameRequest, compare_name
from syncer.core.drift import CompareRules
from syncer.core.known import KnownRRset, Loser, RecordState
from syncer.core.lost_marks import find_written, is_bare, put_mark_back
from syncer.core.names import zone_of
from syncer.core.placement import find_below
from syncer.core.plan import Change, NamePlan, Op, Policy, RRsetStatus
from syncer.core.pointing import hold_back, list_led_to, warn_of_aliases
from syncer.core.rrsets import Found, Marker, RRset
from syncer.core.settling import list_namesakes, settle_name
from syncer.ledger import ZoneLedger
from syncer.targets.base import Target
from syncer.zone.queue import Deferred

KnownRows = Mapping[str, KnownRRset]
"""What the ledger knows of one name, by type."""


class Condition(NamedTuple):
    """What the zone is in. ``rebuilding``: every RRset with our mark counts as ours; ``recovering``: the server lost
    writes of ours, and not all are made again; ``unmarked``: it lost our marks, too, all at once, so that what is as
    we wrote it is ours without one."""

    rebuilding: bool = False
    recovering: bool = False
    unmarked: bool = False

    def after_losses(self, *, lost_writes: bool, lost_marks: bool) -> Condition:
        """With what the last reading showed."""
        return self._replace(
            recovering=self.recovering or lost_writes or lost_marks, unmarked=self.unmarked or lost_marks
        )


ORDINARY = Condition()


class Look(NamedTuple):
    """What was found at one name, where the target was asked (``read``)."""

    name: str
    found: Sequence[Found] = ()
    read: bool = True


class Subject(NamedTuple):
    """One name, what is known of it, and what it shall hold. ``resurrected``: what is known is more than the ledger
    says; ``by_person``: an override or a block decides here, whatever the objects ask for. ``awaits`` are the names of
    the zone before which something there is not written."""

    look: Look
    known: KnownRows
    decision: Decision
    resurrected: bool = False
    by_person: bool = False
    awaits: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        return self.look.name

    @property
    def has_drifted(self) -> bool:
        return any(row.state is RecordState.DRIFTED for row in self.known.values())

    def list_new_losers(self) -> list[Loser]:
        """Those of which the ledger knows nothing, and that no take-over tells. Where nothing is published, it
        remembers none."""
        if not self.decision.rrsets:
            return []
        told = {loser.origin for row in self.known.values() for loser in row.losers}
        told.update(takeover.loser for takeover in self.decision.takeovers)
        return [loser for loser in self.decision.losers if loser.origin not in told]


class Frame(NamedTuple):
    """What is the same for all names of a pass. ``drifting`` are the names with a finding of drift; ``restores_marks``:
    the zone lost our marks, and they are put back where they belong."""

    rules: CompareRules
    claim_rules: ClaimRules
    drifting: frozenset[str]
    restores_marks: bool = False


class SubjectBuilder:
    """For the names of one zone. It asks the ledger and the claims, and neither the target nor what the zone is known
    to hold: what was found at a name is given."""

    def __init__(
        self,
        zone_name: str,
        managed: Managed,
        target: Target,
        rows: ZoneLedger,
        claims: Claims,
        find_unread: Callable[[], Unread],
        awaited_kinds: Callable[[], Collection[str]],
        *,
        holds_back: bool = True,
    ) -> None:
        """``holds_back``: what leads to another name is not published before that is written."""
        self.marker = Marker(managed.owner_id, managed.owner_id_was)
        self._zone_name = zone_name
        self._managed = managed
        self._target = target
        self._rows = rows
        self._claims = claims
        self._find_unread = find_unread
        self._awaited_kinds = awaited_kinds
        self._holds_back = holds_back

    def make_frame(self, condition: Condition) -> Frame:
        scope = self._managed.scope
        policy = self._managed.policy(self._zone_name)
        claim_rules = ClaimRules(
            scope.zones,
            scope.ttl,
            self._find_unread(),
            # Any other policy keeps the record for good, and is the reason to be told.
            self._managed.detached_grace if policy is Policy.SYNC else 0.0,
            scope.refuse_name,
            scope.strict,
        )
        drifting = self._rows.drifting()
        rules = CompareRules(
            self.marker,
            policy=policy,
            keeps_ttl=self._target.keeps_ttl,
            marks_origin=self._target.marks_origin,
            adopts_equal=self._managed.adopt_identical,
            by_mark_alone=condition.rebuilding,
            refuses=self._target.refuses,
            find_below=self._find_below,
            is_unread=claim_rules.are_unread,
            explain_unread=claim_rules.unread.explain,
            remediates=self._remediates,
            accepted=frozenset(key for key, accepted in drifting.items() if accepted),
            lost_writes=condition.recovering,
            awaited=frozenset(self._awaited_kinds()),
        )
        return Frame(rules, claim_rules, frozenset(name for name, _ in drifting), condition.unmarked)

    def _find_below(self, name: str) -> str:
        """A name below it that is claimed or published."""
        return find_below(name, chain(self._claims.names(), self._rows.entry_names(), self._rows.names()))

    def _remediates(self, origin: str) -> bool:
        """Whether drift of what this source or custom entry has is remediated unasked."""
        if self._managed.auto_remediate or self._target.is_exclusive:
            return True
        return any(("auto-remediate", "true") in source.notes for source in list_namesakes(origin, self._claims))

    def prepare_subjects(self, looks: Sequence[Look], frame: Frame) -> Iterator[Subject]:
        names = [look.name for look in looks]
        rows = self._rows.rows(names)
        if frame.restores_marks:
            looks = self.put_marks_back(looks, rows)
        entries = self._rows.entries(names)
        resurrected = self._find_resurrected(looks, rows)
        known = {name: {**rows.get(name, {}), **resurrected.get(name, {})} for name in names}
        histories = {
            look.name: History(
                known[look.name],
                self._find_strays(look, known[look.name]),
                resurrected=resurrected.get(look.name, {}).keys(),
            )
            for look in looks
        }
        concerned = [name for name in names if self._is_mention_needed(name, histories[name], entries.get(name, ()))]
        mentions = self._rows.mentions(concerned) if concerned else {}
        subjects = []
        for look in looks:
            history = histories[look.name]._replace(mentions=mentions.get(look.name, {}))
            decision = self._decide_name(look.name, history, entries.get(look.name, []), frame.claim_rules)
            by_person = _overrule_objects(entries.get(look.name, ()), known[look.name])
            subjects.append(Subject(look, known[look.name], decision, look.name in resurrected, by_person))
        return self._follow_pointers(subjects, histories)

    def _follow_pointers(self, subjects: Iterable[Subject], histories: Mapping[str, History]) -> Iterator[Subject]:
        """Without what leads to a name of the zone that is not written yet, and with what is wrong about the rest."""
        wanted = [(subject, self._list_hosts(subject.decision)) for subject in subjects]
        led_to = {host for _, hosts in wanted for host in hosts}
        rows = self._rows.rows(led_to) if led_to else {}
        for subject, hosts in wanted:
            if not hosts:
                yield subject
                continue
            history = histories[subject.name]
            here = {kind: {*row.rrset.values} for kind, row in history.owned.items()}
            for _, rrset in history.marked:
                here.setdefault(rrset.type, set()).update(rrset.values)
            known = {host: rows.get(host, {}) for host in hosts}
            decision, awaits = warn_of_aliases(subject.decision, known), frozenset[str]()
            if self._holds_back and decision.waits:
                decision, awaits = hold_back(decision, here, known)
            yield subject._replace(decision=decision, awaits=awaits)

    def _list_hosts(self, decision: Decision) -> list[str]:
        zones = self._managed.scope.zones
        return [host for host in list_led_to(decision) if zone_of(host, zones) == self._zone_name]

    def _find_strays(self, look: Look, known: KnownRows) -> list[tuple[str, RRset]]:
        """What carries our mark there and is not in the ledger, with the origin that the mark names."""
        if not self._target.marks_origin:
            return []  # a mark that all of them share names no one who had the name
        strays = [item for item in look.found if self.marker.owns(item) and not _is_owned(known, item)]
        return [(self.marker.origin(item), replace(item.rrset, values=self.marker.own_values(item))) for item in strays]

    def _is_mention_needed(self, name: str, history: History, entries: Collection[EntrySpec]) -> bool:
        """Whether the decision may depend on how long an object has named the host, or on whether it is kept."""
        sources = self._claims.claimants(name)
        if len(sources) + len(entries) > 1:
            return True
        if any(want.is_refused for source in sources if (want := source.want(name))):
            return True
        read = {str(source.ref) for source in sources}
        return any(
            origin not in read and next(list_namesakes(origin, self._claims), None) is not None
            for origin in history.list_origins()
        )

    def _decide_name(self, name: str, history: History, entries: Sequence[EntrySpec], rules: ClaimRules) -> Decision:
        if zone_of(name, rules.zones) != self._zone_name:
            return Decision(name)
        return settle_name(name, self._claims, entries, rules, history)

    def put_marks_back(self, looks: Sequence[Look], rows: Mapping[str, KnownRows]) -> list[Look]:
        """On what is as we wrote it, and on what we deleted a short while ago and is there again as it was."""

        def find_row(item: Found) -> KnownRRset | None:
            return rows.get(item.rrset.name, {}).get(item.rrset.type)

        bare = (item for look in looks for item in look.found if is_bare(item))
        unknown = {item.rrset.name for item in bare if find_row(item) is None}
        deletions = self._rows.recent_deletions(unknown) if unknown else {}

        def restore(item: Found) -> Found:
            row = find_row(item)
            deletion = deletions.get((item.rrset.name, item.rrset.type))
            if row is None and deletion and is_bare(item) and item.intact and item.rrset == deletion.rrset:
                return put_mark_back(item, deletion.rrset, deletion.origin, self.marker)
            written = find_written(item, row)
            return put_mark_back(item, written, row.origin, self.marker) if row and written else item

        return [look._replace(found=[restore(item) for item in look.found]) for look in looks]

    def _find_resurrected(
        self, looks: Iterable[Look], rows: Mapping[str, KnownRows]
    ) -> dict[str, dict[str, KnownRRset]]:
        """What we deleted and is there again with our mark: the server lost the delete in a crash. It has a row where
        it has to wait before it goes again."""
        owned = (row for known in rows.values() for row in known.values() if row.owned)
        there = {(row.rrset.name, row.rrset.type): row for row in owned if row.is_going}
        for look in looks:
            for item in look.found:
                if self.marker.owns(item) and not _is_owned(rows.get(look.name, {}), item):
                    origin, rrset = self.marker.origin(item), item.rrset
                    row = KnownRRset(rrset, True, RecordState.PENDING, "", origin, (origin,))
                    there[rrset.name, rrset.type] = row
        resurrected: dict[str, dict[str, KnownRRset]] = {}
        for key in self._rows.deleted({name for name, _ in there}) if there else ():
            if back := there.get(key):
                resurrected.setdefault(back.rrset.name, {})[back.rrset.type] = back
        return resurrected

    def compare_subject(self, subject: Subject, frame: Frame, request: NameRequest = UNASKED) -> NamePlan:
        """What is to be done or to be told at one name; what the ledger says already is not told again."""
        rules = replace(frame.rules, awaited=frozenset()) if subject.by_person else frame.rules
        name_plan = compare_name(subject.decision, subject.look.found, subject.known, rules, request)
        name_plan.statuses = tuple(status for status in name_plan.statuses if _is_news(status, subject))
        return name_plan

    def list_written(self, known: KnownRows) -> list[Found]:
        """What the target holds of ours, by the ledger."""
        marks = ((row, self.marker.mark(row.origin)) for row in known.values() if row.owned)
        return [Found(row.rrset, (mark,) * len(row.rrset.values)) for row, mark in marks]

    def list_unmarked(self, known: KnownRows, frame: Frame) -> list[Found]:
        """The same of a zone that holds it without our marks."""
        bare = [(Found(row.rrset, ("",) * len(row.rrset.values)), row) for row in known.values() if row.owned]
        if not frame.restores_marks:
            return [item for item, _ in bare]
        return [put_mark_back(item, row.rrset, row.origin, self.marker) for item, row in bare]

    def list_mark_changes(self, subject: Subject) -> list[Change]:
        """The changes that write our marks again, and nothing else."""
        changes = []
        for item in subject.look.found:
            if item.is_unmarked:
                mark = next(mark for mark in item.marks if mark)
                ours = replace(item.rrset, values=self.marker.own_values(item))
                changes.append(Change(Op.UPDATE, item, ours, mark))
        return changes

    def is_all_unmarked(self, subject: Subject) -> bool:
        """Whether nothing but what the ledger says is at the name, without our marks (which may be put back)."""
        known = {kind: row.rrset for kind, row in subject.known.items() if row.owned}
        return (
            bool(known)
            and not subject.resurrected
            and {item.rrset.type: item.rrset for item in subject.look.found} == known
            and all(item.intact and (item.is_unmarked or is_bare(item)) for item in subject.look.found)
        )

    def shows_unmarked(self, subject: Subject) -> bool:
        """Whether anything of ours is there as we wrote it and without a mark, which is not put back."""
        found = ((item, subject.known.get(item.rrset.type)) for item in subject.look.found)
        return any(find_written(item, row) for item, row in found)

    def found_other(self, subject: Subject) -> Deferred | None:
        """What was read, where it is not what the ledger says: a change of it may have to wait for its turn."""
        ours = {item.rrset.type: item.rrset for item in subject.look.found if self._is_as_written(item, subject.known)}
        written = {kind: row.rrset for kind, row in subject.known.items() if row.owned}
        if any(item.is_unmarked for item in subject.look.found):
            return Deferred.UNMARKED if self.is_all_unmarked(subject) else Deferred.UNSURE
        if ours == written and not subject.resurrected:
            return None
        return Deferred.UNSURE if subject.look.found else Deferred.ABSENT

    def _is_as_written(self, item: Found, known: KnownRows) -> bool:
        """Whether all of it is ours, with the marks of today of whom the ledger says that it has it."""
        if not item.intact or not all(self.marker.knows(mark) for mark in item.marks):
            return False
        row = known.get(item.rrset.type)
        return not self._target.marks_origin or (row is not None and set(item.marks) == {self.marker.mark(row.origin)})


def _overrule_objects(entries: Collection[EntrySpec], known: KnownRows) -> bool:
    """Whether the entries decide of all that is there, whatever objects ask for: a block does, an override of its own
    group of types."""
    groups = {group_of(entry.type) for entry in entries if entry.mode is Mode.OVERRIDE}
    if any(entry.mode is Mode.BLOCK for entry in entries):
        return True
    return ADDRESSES in groups and all(group_of(kind) in groups or not row.owned for kind, row in known.items())


def _is_owned(known: KnownRows, item: Found) -> bool:
    row = known.get(item.rrset.type)
    return row is not None and row.owned


def _is_news(status: RRsetStatus, subject: Subject) -> bool:
    """Whether the ledger does not say all this already."""
    decision, kind = subject.decision, status.rrset.type
    said = KnownRRset(
        status.rrset,
        status.owned,
        status.state,
        status.reason,
        decision.origin_of(kind),
        decision.claimants_of(kind),
        decision.losers_of(kind),
    )
    known = subject.known.get(kind)
    return known is None or said != known._replace(former=None)
