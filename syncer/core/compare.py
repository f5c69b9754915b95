"""Desired against observed: which RRsets of a name to change, and which to leave alone (``decision_table``)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from syncer.core.claims import Decision
from syncer.core.decision_table import REWRITTEN, Asked, Fit, Observed, Obstacle, Remedy, Situation, Step, find_row
from syncer.core.drift import CompareRules, find_drift, find_foreign_values, find_stray, list_flaws
from syncer.core.known import KnownRRset, RecordState
from syncer.core.origin import Origin
from syncer.core.placement import explain_placement
from syncer.core.plan import Change, Drift, ForgottenRRset, NamePlan, Op, Policy, RRsetStatus
from syncer.core.rrsets import Found, RRset


class NameRequest(NamedTuple):
    """What a person asked for at one name: to make foreign records ours (``adopt``), only where they are what is
    desired (``equal``), or to remediate the drift of these types ("" for all)."""

    adopt: bool = False
    remediate: Collection[str] = frozenset()
    equal: bool = False


UNASKED = NameRequest()

NO_TYPES: frozenset[str] = frozenset()
"""One for all names at which nothing is foreign: each that is made takes 216 bytes."""


def compare_name(
    decision: Decision,
    found: Sequence[Found],
    known: Mapping[str, KnownRRset],
    rules: CompareRules,
    request: NameRequest = UNASKED,
) -> NamePlan:
    """Plan one name. ``found`` is all that the target holds there, ``known`` what the ledger knows of it, by type."""
    return NameComparison(decision, found, known, rules, request).plan_name()


class NameComparison:
    """One name. Each type is compared by itself, except for two questions: which types exclude one another (CNAME), and
    whether the record that shall replace another one can be written at all."""

    def __init__(
        self,
        decision: Decision,
        found: Sequence[Found],
        known: Mapping[str, KnownRRset],
        rules: CompareRules,
        request: NameRequest,
    ) -> None:
        self.decision = decision
        self.rules = rules
        self.request = request
        self.known = known
        self.desired = {rrset.type: rrset for rrset in decision.rrsets}
        self.actual = {item.rrset.type: self._restore_ttl(item) for item in found}
        self.ours = {kind for kind, item in self.actual.items() if self._is_ours(item)}
        self.foreign = (frozenset(self.actual) - self.ours) or NO_TYPES
        for kind in decision.beside:
            if not self._is_beside_ours(kind):
                del self.desired[kind]
        # Not before the name servers have gone, which may be held: without it their zone would count as unsigned.
        if "DS" in self.ours and "NS" not in {*self.actual, *self.desired}:
            self.desired.pop("DS", None)

    def _is_beside_ours(self, kind: str) -> bool:
        """Whether what goes with the addresses can: these are ours, and someone else's record of the type stays."""
        if self._find_observed(kind) is Observed.FOREIGN or self.rules.refuses(self.desired[kind]):
            return False
        addresses = [address for address in ("A", "AAAA") if address in self.desired]
        return any(self.compare_type(address).step in OURS for address in addresses)

    def _restore_ttl(self, item: Found) -> Found:
        """Where the target keeps no TTL it is the one that we wrote, or it would be told that 0 was there."""
        row = self.known.get(item.rrset.type)
        if self.rules.keeps_ttl or row is None or not row.owned:
            return item
        return item._replace(rrset=replace(item.rrset, ttl=row.rrset.ttl))

    def plan_name(self) -> NamePlan:
        desired = [self.compare_type(kind) for kind in self.desired]
        stuck = any(compared.situation.obstacle is Obstacle.CLASH for compared in desired)
        others = sorted(self.ours - set(self.desired)) + sorted(self.foreign - set(self.desired))
        comparisons = desired + [self.compare_type(kind, stuck=stuck) for kind in others]
        plan = NamePlan(self._attribute_decision(comparisons), foreign_types=self.foreign)
        changes = [change for compared in comparisons if (change := self._make_change(compared, plan.decision))]
        # A name loses its CNAME before it gets addresses.
        plan.changes = sorted(changes, key=lambda change: (Op.DELETE, Op.CREATE, Op.UPDATE).index(change.op))
        # Tuples: of thousands of names most have none of it, and an empty tuple takes no memory.
        plan.statuses = tuple(status for compared in comparisons if (status := self._make_status(compared)))
        plan.rivals = tuple(status.foreign for status in plan.statuses if status.foreign)
        plan.drifts = tuple(compared.drift for compared in comparisons if compared.drift)
        plan.is_waiting = any(compared.situation.obstacle is Obstacle.AWAY for compared in comparisons)
        plan.forgotten = tuple(
            ForgottenRRset(row.rrset, row.owned)
            for kind, row in self.known.items()
            if kind not in self.desired and kind not in self.ours
        )
        return plan

    def compare_type(self, kind: str, *, stuck: bool = False) -> TypeComparison:
        desired, item = self.desired.get(kind), self.actual.get(kind)
        observed = self._find_observed(kind)
        drift = self._find_drift(kind)
        obstacle, words = self._find_obstacle(kind, observed, stuck)
        key = self.decision.name, kind
        situation = Situation(
            desired=desired is not None,
            observed=observed,
            fit=self._find_fit(desired, item) if desired and item else Fit.OTHER,
            equal=bool(desired and item and not item.is_cut and set(item.served) == set(desired.values)),
            served=not item or bool(item.served),
            remedy=_find_remedy(drift, desired),
            asked=self._find_asked(kind),
            policy=self.rules.policy,
            obstacle=obstacle,
            adopts_equal=self.rules.adopts_equal,
            accepted=key in self.rules.accepted,
        )
        return TypeComparison(kind, situation, drift, words)

    def _is_ours(self, item: Found) -> bool:
        """Ours is what the ledger says that we wrote and the target confirms by its mark.

        After a loss of the database the mark alone counts; but the custom entries went with the database, and a record
        that only they could explain is left alone rather than deleted.
        """
        marker, kind = self.rules.marker, item.rrset.type
        if not marker.owns(item):
            return False
        row = self.known.get(kind)
        if row is not None and row.owned:
            return True
        if not (self.rules.by_mark_alone or marker.inherits(item)):
            return False
        origins = (Origin.parse(marker.source_of(mark)) for mark in item.marks if marker.knows(mark))
        return kind in self.desired or not any(origin.is_entry for origin in origins)

    def _find_observed(self, kind: str) -> Observed:
        item, row = self.actual.get(kind), self.known.get(kind)
        if item is None:
            return Observed.ABSENT
        shared = bool(find_foreign_values(item, self.rules))
        if kind in self.ours:
            return Observed.SHARED if shared else Observed.OURS
        if row is not None and row.owned and row.state is not RecordState.PENDING:
            return Observed.REWRITTEN
        if self.rules.marker.owns(item):
            return Observed.MARKED_SHARED if shared else Observed.MARKED
        # It is ours no more, and nobody has decided anything since.
        return Observed.REWRITTEN if row is not None and row.reason.endswith(REWRITTEN) else Observed.FOREIGN

    def _find_drift(self, kind: str) -> Drift | None:
        desired, item = self.desired.get(kind), self.actual.get(kind)
        asked = self._find_asked(kind) is Asked.REMEDIATE
        if desired is not None:
            origin = self.decision.origin_of(kind)
            return find_drift(desired, item, self.known.get(kind), origin, self.rules, asked=asked)
        if item is not None and kind in self.foreign and self.rules.marker.owns(item):
            return find_stray(item, self.rules.marker.origin(item), self.rules, asked=asked)
        return None

    def _find_fit(self, desired: RRset, item: Found) -> Fit:
        own, others = set(self.rules.marker.own_values(item)), find_foreign_values(item, self.rules)
        values, served = set(desired.values), set(item.served)
        # TTL and expiry belong to the whole RRset: beside a foreign value they are no longer only ours to change.
        is_whole = bool(others) or (item.intact and (item.rrset.ttl == desired.ttl or not self.rules.keeps_ttl))
        if own <= values <= own | others and is_whole and own <= served:
            return Fit.RIGHT if self._is_marked_right(item, desired.type) else Fit.MOVED
        return Fit.COVERED if values <= others & served else Fit.OTHER

    def _is_marked_right(self, item: Found, kind: str) -> bool:
        """Whether our marks name the claim that holds the record now."""
        mark = self.rules.marker.mark(self.decision.origin_of(kind))
        return not self.rules.marks_origin or all(
            found == mark for found in item.marks if self.rules.marker.knows(found)
        )

    def _find_asked(self, kind: str) -> Asked:
        adopt, remediate, equal = self.request
        concerned = kind in self.desired or kind in self.foreign
        if kind in self.actual and self.actual[kind].is_cut:
            adopt = False  # what nobody has looked at could not be put back
        if kind in remediate or ("" in remediate and concerned):
            return Asked.REMEDIATE
        return Asked.ADOPT if adopt and (self._has_desired_values(kind) or not equal) else Asked.NOTHING

    def _has_desired_values(self, kind: str) -> bool:
        """Whether someone else's record has what is desired, be it served or not."""
        desired, item = self.desired.get(kind), self.actual.get(kind)
        return bool(desired and item and set(item.rrset.values) == set(desired.values))

    def _find_obstacle(self, kind: str, observed: Observed, stuck: bool) -> tuple[Obstacle, str]:
        """What is in the way, and the words for it."""
        if observed in (Observed.OURS, Observed.SHARED):
            if kind in self.desired:
                return Obstacle.NONE, ""
            if self.rules.is_unread(self._list_claimants(kind)):
                return Obstacle.UNREAD, self.rules.explain_unread(self._list_claimants(kind))
            if stuck:
                return Obstacle.STUCK, ""
            return (Obstacle.AWAY if self._is_awaited(kind) else Obstacle.NONE), ""
        if kind not in self.desired:
            return Obstacle.NONE, ""
        if reason := self.rules.refuses(self.desired[kind]) or self._explain_placement(kind):
            return Obstacle.REFUSED, reason
        if clash := self._find_clash(kind):
            return Obstacle.CLASH, f"{'a foreign' if clash in self.foreign else 'our old'} {clash}"
        if early := self.decision.pending.get(kind, ""):
            return Obstacle.EARLY, early
        return Obstacle.NONE, ""

    def _explain_placement(self, kind: str) -> str:
        """By what is at the name and stays there; of NS records and a DNAME that come together, the first do."""
        below = self.rules.find_below(self.decision.name) if kind == "DNAME" else ""
        stays = {*self.actual} - (self.ours - {*self.desired})
        return explain_placement(kind, stays | ({kind} if kind == "NS" else {*self.desired}), below)

    def _list_claimants(self, kind: str) -> Sequence[str]:
        """Who wanted what is there and ours."""
        row = self.known.get(kind)
        return row.claimants if row else (self.rules.marker.origin(self.actual[kind]),)

    def _is_awaited(self, kind: str) -> bool:
        """Whether a delete waits for kinds that were away. What makes way for another type at the name is no loss, and
        of what is held a person decides."""
        row = self.known.get(kind)
        makes_way = self.desired and "CNAME" in (kind, *self.desired)
        is_held = row is not None and row.state is RecordState.HELD
        return not (makes_way or is_held) and self.rules.are_awaited(self._list_claimants(kind))

    def _find_clash(self, kind: str) -> str:
        """The type that keeps ``kind`` from this name: no other type beside a CNAME (RFC 1034 section 3.6.2). What a
        policy keeps at the name is in the way just as much as what is foreign."""
        kept = self.ours - set(self.desired) if self.rules.policy is not Policy.SYNC else set()
        others = self.foreign | kept
        if kind == "CNAME":
            return next(iter(sorted(others - {"CNAME"})), "")
        return "CNAME" if "CNAME" in others else ""

    def _attribute_decision(self, comparisons: Sequence[TypeComparison]) -> Decision:
        """What neither a claim nor the ledger explains is attributed to the origin that the record's mark names."""
        strays = (
            compared.kind
            for compared in comparisons
            if compared.step in (Step.DELETE, Step.KEPT)
            and compared.kind not in self.desired
            and (compared.kind in self.foreign or compared.kind not in self.known)
        )
        stray = next(strays, None)
        if stray is None or self.decision.origin:
            return self.decision
        origin = self.rules.marker.origin(self.actual[stray])
        return replace(self.decision, origin=origin, claimants=(origin,))

    def _make_change(self, compared: TypeComparison, decision: Decision) -> Change | None:
        item, desired = self.actual.get(compared.kind), self.desired.get(compared.kind)
        mark = self.rules.marker.mark(decision.origin_of(compared.kind)) if desired else ""
        match compared.step:
            case Step.CREATE:
                return Change(Op.CREATE, None, desired, mark)
            case Step.UPDATE | Step.ADOPT:
                return Change(Op.UPDATE, item, desired, mark, adopts=compared.step is Step.ADOPT)
            case Step.DELETE:
                return Change(Op.DELETE, item, None, "")
        return None

    def _make_status(self, compared: TypeComparison) -> RRsetStatus | None:
        item, desired = self.actual.get(compared.kind), self.desired.get(compared.kind)
        if compared.step not in STATES:
            return None
        state = STATES[compared.step]
        if compared.step is Step.SYNCED and compared.kind in self.decision.kept:
            state = RecordState.KEPT
        rrset = desired or (item.rrset if item else None)
        if compared.step is Step.KEPT and item:
            rrset = (compared.drift and compared.drift.expected) or item.rrset
        assert rrset is not None
        owned = state in (RecordState.SYNCED, RecordState.DRIFTED, RecordState.KEPT)
        foreign = item if state in (RecordState.FOREIGN, RecordState.CONFLICT) else None
        return RRsetStatus(rrset, state, self._format_reason(compared), owned, foreign)

    def _format_reason(self, compared: TypeComparison) -> str:
        reason = find_row(compared.situation).reason
        if "{" not in reason:
            return reason
        item = self.actual.get(compared.kind)
        flaws = list_flaws(item) if item else []
        return reason.format(
            remarks="; ".join(self._list_remarks(compared.kind, item)),
            flaws=f" and {' and '.join(flaws)}" if flaws else "",
            drift=compared.drift.reason if compared.drift else "",
            refusal=compared.words,
            clash=compared.words,
            early=compared.words,
            unread=f": {compared.words}" if compared.words else "",
            values=", ".join(item.rrset.values) if item else "",
            policy=self.rules.policy,
        )

    def _list_remarks(self, kind: str, item: Found | None) -> Iterator[str]:
        """What there is to say of an RRset that is as it shall be."""
        if kind in self.decision.kept:
            yield self.decision.kept[kind]
        if item is not None and kind in self.desired:
            wanted = set(self.desired[kind].values)
            if added := sorted(find_foreign_values(item, self.rules) - wanted):
                yield f"someone added {', '.join(added)}"
            if wanted & item.disabled:
                yield f"someone {list_flaws(item)[0]}"
        yield from self.decision.warnings


OURS = frozenset((Step.CREATE, Step.UPDATE, Step.ADOPT, Step.SYNCED, Step.DRIFTED, Step.KEPT))
"""The steps after which what is desired is ours."""

STATES = {
    Step.SYNCED: RecordState.SYNCED,
    Step.DRIFTED: RecordState.DRIFTED,
    Step.KEPT: RecordState.KEPT,
    Step.PENDING: RecordState.PENDING,
    Step.SKIPPED: RecordState.SKIPPED,
    Step.CONFLICT: RecordState.CONFLICT,
    Step.FOREIGN: RecordState.FOREIGN,
}
"""The steps that write nothing."""


class TypeComparison(NamedTuple):
    """One type at the name. ``words`` say what the obstacle is, where there are words for it."""

    kind: str
    situation: Situation
    drift: Drift | None
    words: str

    @property
    def step(self) -> Step:
        return find_row(self.situation).step


def _find_remedy(drift: Drift | None, desired: RRset | None) -> Remedy:
    """Drift waits for a decision only where what we wrote is still what is desired: a new value is written at once."""
    if drift is None:
        return Remedy.NONE
    if drift.remediates:
        return Remedy.REMEDIATE
    return Remedy.WAIT if desired is not None and desired == drift.expected else Remedy.NONE
