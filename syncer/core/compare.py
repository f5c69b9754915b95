"""Desired against actual: which RRsets to change, and which to leave alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from syncer.core.claims import Decision
from syncer.core.plan import Change, Drift, DriftType, NamePlan, Op, Owned, Policy, RecordState, RRsetStatus
from syncer.core.rrsets import Found, Marker, RRset


@dataclass(frozen=True, slots=True)
class Rules:
    """By what to compare. ``refuses`` and ``keeps_ttl`` are the target's; ``unread(claimants)`` says whether one of
    the objects that wanted a name belongs to a kind that cannot be read now, so that its absence means nothing;
    ``by_mark_alone`` takes every RRset with our mark for ours, ledger or not (a lost database). ``heals(origin)`` says
    whether drift at what that source or entry has is put right unasked; ``accepted`` are the (name, type) at which a
    person wants it left. ``writes_lost``: the server lost writes of ours in a crash, which is nobody's drift.
    """

    marker: Marker
    policy: Policy = Policy.SYNC
    keeps_ttl: bool = True
    adopt_identical: bool = False
    by_mark_alone: bool = False
    refuses: Callable[[RRset], str] = lambda rrset: ""
    unread: Callable[[Sequence[str]], bool] = lambda claimants: False
    heals: Callable[[str], bool] = lambda origin: False
    accepted: Collection[tuple[str, str]] = frozenset()
    writes_lost: bool = False


def compare(
    decision: Decision,
    found: Sequence[Found],
    ledger: Mapping[str, Owned],
    rules: Rules,
    *,
    adopt: bool = False,
    heal: Collection[str] = (),
) -> NamePlan:
    """Plan one name. ``found`` is all that the target holds there, ``ledger`` what we know of it, by type.

    ``adopt``: a person asked for foreign records at this name to become ours. ``heal``: the types at which a person
    asked for drift to be put right, "" for all.
    """
    plan = NamePlan(decision)
    desired = {rrset.type: rrset for rrset in decision.rrsets}
    actual = {item.rrset.type: item for item in found}
    ours = {kind for kind, item in actual.items() if _is_ours(item, ledger.get(kind), desired, rules)}
    strangers = plan.strangers = set(actual) - ours

    # What a policy keeps at the name is in the way of a CNAME as much as what others made.
    obstacles = strangers if rules.policy is Policy.SYNC else strangers | (ours - set(desired))

    deletes: list[Change] = []
    creates: list[Change] = []
    updates: list[Change] = []
    stuck = False
    asked_for = (set(desired) | strangers) if "" in heal else set(heal)
    for kind, rrset in desired.items():
        asked = kind in asked_for
        drift = _drift(rrset, actual.get(kind), ledger.get(kind), decision.origin, rules, asked=asked)
        if drift:
            plan.drifts.append(drift)
        if kind in ours:
            _compare_ours(plan, deletes, updates, actual[kind], rrset, rules, drift, asked=asked)
        elif reason := rules.refuses(rrset):
            plan.verdicts.append(RRsetStatus(rrset, RecordState.SKIPPED, reason))
        elif clash := _clash(kind, obstacles):
            stuck = True
            whose = "somebody else's" if clash in strangers else "our old"
            plan.verdicts.append(
                RRsetStatus(rrset, RecordState.CONFLICT, f"{whose} {clash} record stands at this name")
            )
        elif kind in strangers:
            known = ledger.get(kind)
            was_ours = known is not None and known.owned and known.state is not RecordState.PENDING
            heals = drift is not None and drift.heals
            if heals and not (adopt or asked) and _shares(actual[kind], rules)[1]:
                # Unasked it takes back our values, and leaves alone what somebody has beside them.
                _compare_ours(plan, deletes, updates, actual[kind], rrset, rules, drift, asked=False)
            else:
                taken = adopt or asked or heals
                _compare_foreign(plan, updates, actual[kind], rrset, rules, adopt=taken, was_ours=was_ours)
        elif drift and not drift.heals:
            plan.verdicts.append(RRsetStatus(rrset, RecordState.DRIFTED, drift.reason, owned=True))
        else:
            creates.append(Change(Op.CREATE, None, rrset, rules.marker.mark(decision.origin_of(kind))))

    for kind in sorted(ours - set(desired)):
        reason = _why_kept(rules, ledger.get(kind), stuck)
        if reason:
            item = actual[kind]
            plan.verdicts.append(RRsetStatus(item.rrset, RecordState.KEPT, reason, owned=True))
        else:
            deletes.append(Change(Op.DELETE, actual[kind], None, ""))
    for kind in sorted(strangers - set(desired)):
        if rules.marker.owns(actual[kind]):
            _compare_unknown(plan, deletes, actual[kind], rules, asked=kind in asked_for)
    for kind, known in ledger.items():
        if kind not in desired and kind not in ours:
            plan.verdicts.append(
                RRsetStatus(known.rrset, None, "nobody wants it, and it is not in DNS", owned=known.owned)
            )
    plan.changes = deletes + creates + updates
    return plan


def _is_ours(item: Found, known: Owned | None, desired: Mapping[str, RRset], rules: Rules) -> bool:
    """Ours is what the ledger says that we wrote and the target confirms by its mark.

    After a loss of the database the mark alone counts; but the custom entries went with the database, and a record
    that only they could explain is left alone rather than deleted.
    """
    if not rules.marker.owns(item):
        return False
    if known is not None and known.owned:
        return True
    if not rules.by_mark_alone:
        return False
    orphans = (
        rules.marker.source_of(mark).startswith("CustomEntry/") for mark in item.marks if rules.marker.knows(mark)
    )
    return item.rrset.type in desired or not any(orphans)


def _clash(kind: str, strangers: set[str]) -> str:
    """The type that keeps ``kind`` from this name: a CNAME stands alone (RFC 1034 section 3.6.2)."""
    if kind == "CNAME":
        return next(iter(sorted(strangers - {"CNAME"})), "")
    return "CNAME" if "CNAME" in strangers else ""


_WRITTEN = (RecordState.SYNCED, RecordState.DRIFTED, RecordState.KEPT, RecordState.HELD)
"""States in which an RRset of ours once stood as the ledger says."""


def _drift(
    wanted: RRset, item: Found | None, known: Owned | None, origin: str, rules: Rules, *, asked: bool
) -> Drift | None:
    """How what stands there differs from what we wrote last, where something is wanted.

    What is wanted anew is written whatever stands there, if it is ours. ``asked``: a person wants it put right.
    """
    may_update = asked or rules.policy is not Policy.CREATE_ONLY
    heals = asked or (rules.heals(origin) and (wanted.name, wanted.type) not in rules.accepted)
    if known is None or not known.owned:
        if item is None or not rules.marker.owns(item):
            return None
        reason = "it carries our mark, but the ledger does not know it"
        return Drift(DriftType.UNEXPECTED_RECORD, None, item.rrset, reason, heals and may_update)
    if known.state not in _WRITTEN or (rules.writes_lost and known.state is RecordState.SYNCED):
        return None
    heals = heals or wanted != known.rrset
    if item is None:
        return Drift(DriftType.MISSING_RECORD, known.rrset, None, "somebody deleted it", heals)
    own, others = _shares(item, rules)
    expected = set(known.rrset.values)
    added = others - expected
    if not own:
        if others == expected:
            return None  # whoever rewrote it wrote the same
        reason, heals = f"somebody rewrote it as {', '.join(item.rrset.values)}, and our mark is gone", asked
    elif not own <= expected <= own | others:
        reason = f"somebody changed it to {', '.join(item.rrset.values)}"
    elif added:
        reason, heals = f"somebody else added {', '.join(sorted(added))}", asked
    elif others:
        return None  # somebody wrote the same value again, without our mark
    elif rules.keeps_ttl and item.rrset.ttl != known.rrset.ttl:
        reason = f"somebody changed its TTL to {item.rrset.ttl} s"
    elif not item.intact:
        reason = "somebody disabled it, lets it expire, or gave its records different TTLs"
    else:
        return None
    return Drift(DriftType.UNEXPECTED_VALUE, known.rrset, item.rrset, reason, heals and may_update)


def _shares(item: Found, rules: Rules) -> tuple[set[str], set[str]]:
    """The values that are ours, and those that are not."""
    own = set(rules.marker.own_values(item))
    return own, set(item.rrset.values) - own


def _compare_ours(
    plan: NamePlan,
    deletes: list[Change],
    updates: list[Change],
    item: Found,
    rrset: RRset,
    rules: Rules,
    drift: Drift | None,
    *,
    asked: bool,
) -> None:
    own, others = _shares(item, rules)
    wanted = set(rrset.values)
    update = Change(Op.UPDATE, item, rrset, rules.marker.mark(plan.decision.origin_of(rrset.type)))
    # The TTL belongs to the whole RRset: beside somebody else's value it is no longer only ours to change.
    ttl_is_right = item.rrset.ttl == rrset.ttl or bool(others) or not rules.keeps_ttl
    if own <= wanted <= own | others and ttl_is_right and (item.intact or others):
        if asked and others:
            updates.append(replace(update, adopts=True))
            return
        added = [f"somebody else added {', '.join(sorted(others))}"] if others else []
        reason = "; ".join([*added, *plan.decision.warnings])
        plan.verdicts.append(RRsetStatus(rrset, RecordState.SYNCED, reason, owned=True))
    elif drift and not drift.heals and rrset == drift.expected:
        plan.verdicts.append(RRsetStatus(rrset, RecordState.DRIFTED, drift.reason, owned=True))
    elif rules.policy is Policy.CREATE_ONLY and not asked:
        stands = (drift and drift.expected) or item.rrset
        plan.verdicts.append(RRsetStatus(stands, RecordState.KEPT, "the zone's policy is create-only", owned=True))
    elif wanted <= others and rules.policy is Policy.SYNC:
        # All that is wanted stands there by somebody else's hand: ours is what is too much.
        deletes.append(Change(Op.DELETE, item, None, ""))
    else:
        updates.append(update)


def _compare_unknown(plan: NamePlan, deletes: list[Change], item: Found, rules: Rules, *, asked: bool) -> None:
    """Something with our mark that the ledger does not know and nobody wants.

    Unasked it is deleted only where its absence from the claims means something: custom entries may have gone with a
    lost database, and objects that cannot be read now are not gone.
    """
    origin = rules.marker.origin(item)
    heals = asked or (
        rules.policy is Policy.SYNC
        and (item.rrset.name, item.rrset.type) not in rules.accepted
        and not origin.startswith("CustomEntry/")
        and not rules.unread([origin])
        and rules.heals(origin)
    )
    reason = "it carries our mark, but the ledger does not know it and nobody wants it"
    plan.drifts.append(Drift(DriftType.UNEXPECTED_RECORD, None, item.rrset, reason, heals))
    if heals:
        if not plan.decision.origin:
            plan.decision = replace(plan.decision, origin=origin)
        deletes.append(Change(Op.DELETE, item, None, ""))


def _compare_foreign(
    plan: NamePlan, updates: list[Change], item: Found, rrset: RRset, rules: Rules, *, adopt: bool, was_ours: bool
) -> None:
    same = set(item.rrset.values) == set(rrset.values)
    if adopt or (same and rules.adopt_identical):
        mark = rules.marker.mark(plan.decision.origin_of(rrset.type))
        updates.append(Change(Op.UPDATE, item, rrset, mark, adopts=True))
        return
    if was_ours:
        reason = "it no longer carries our mark: somebody rewrote it; adopt it to take it back"
    elif rules.marker.owns(item) and (rrset.name, rrset.type) in rules.accepted:
        reason = "it was released, or accepted as it is: adopt it to take it back"
    elif rules.marker.owns(item):
        reason = "it carries our mark, but the ledger does not know it: adopt it, or rebuild the ledger"
    else:
        reason = "somebody else made it"
    if same:
        plan.verdicts.append(RRsetStatus(rrset, RecordState.FOREIGN, reason))
    else:
        values = ", ".join(item.rrset.values)
        plan.verdicts.append(RRsetStatus(rrset, RecordState.CONFLICT, f"the zone has {values}: {reason}"))


def _why_kept(rules: Rules, known: Owned | None, stuck: bool) -> str:
    if rules.policy is not Policy.SYNC:
        return f"the zone's policy is {rules.policy}"
    if known is not None and rules.unread(known.claimants):
        return "objects of its kind cannot be read now"
    if stuck:
        return "what should replace it is in conflict"
    return ""
