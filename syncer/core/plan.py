"""Desired against actual: which RRsets to change, which to leave alone, and when to refuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from syncer.core.claims import Decision, Loser
from syncer.core.rrsets import Found, Marker, RRset


class Policy(StrEnum):
    """What may be done in a zone."""

    SYNC = "sync"
    UPSERT_ONLY = "upsert-only"
    CREATE_ONLY = "create-only"


class Op(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Change:
    """One RRset to be changed as a whole.

    ``before`` is what the target held when it was read (None for a create), ``after`` what our values shall be (None
    for a delete). ``mark`` is stored beside each of our values. Values in ``before`` whose mark is not ours were put
    there by somebody else: they survive, with their marks, whatever happens to ours. The exception is an adoption
    (``adopts``): the whole RRset becomes ours, and all of ``before`` counts as if it carried our mark.
    """

    op: Op
    before: Found | None
    after: RRset | None
    mark: str
    adopts: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """(name, type)."""
        rrset = self.after or (self.before.rrset if self.before else None)
        assert rrset is not None
        return rrset.name, rrset.type

    @property
    def name(self) -> str:
        return self.key[0]


class State(StrEnum):
    """How one RRset of ours, or one that we would like to have, stands."""

    PENDING = "pending"
    SYNCED = "synced"
    FOREIGN = "foreign"
    CONFLICT = "conflict"
    FAILED = "failed"
    SKIPPED = "skipped"
    HELD = "held"
    KEPT = "kept"


class Owned(NamedTuple):
    """What the ledger knows of one RRset. ``owned``: we wrote it, or were about to when we last heard of ourselves."""

    rrset: RRset
    owned: bool
    state: State
    reason: str = ""
    origin: str = ""
    claimants: tuple[str, ...] = ()
    losers: tuple[Loser, ...] = ()

    @property
    def is_certain(self) -> bool:
        """Whether the target, undisturbed since, holds exactly this (or nothing of ours, when not ``owned``)."""
        return not self.owned or self.state in (State.SYNCED, State.HELD, State.KEPT)


class Verdict(NamedTuple):
    """How an RRset stands when nothing is to be written; ``state`` None: the ledger may forget it, and if it was
    ``owned``, then it is gone without a delete of ours that we know of."""

    rrset: RRset
    state: State | None
    reason: str = ""
    owned: bool = False


@dataclass(slots=True)
class NamePlan:
    """What is to be done at one name: the changes in the order in which they must be made, and the rest.

    ``strangers`` are the types of the RRsets that stand there and are not ours.
    """

    decision: Decision
    changes: list[Change] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    strangers: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Rules:
    """By what to compare. ``refuses`` and ``keeps_ttl`` are the target's; ``unread(claimants)`` says whether one of
    the objects that wanted a name belongs to a kind that cannot be read now, so that its absence means nothing;
    ``by_mark_alone`` takes every RRset with our mark for ours, ledger or not (a lost database)."""

    marker: Marker
    policy: Policy = Policy.SYNC
    keeps_ttl: bool = True
    adopt_identical: bool = False
    by_mark_alone: bool = False
    refuses: Callable[[RRset], str] = lambda rrset: ""
    unread: Callable[[Sequence[str]], bool] = lambda claimants: False


def compare(
    decision: Decision,
    found: Sequence[Found],
    ledger: Mapping[str, Owned],
    rules: Rules,
    *,
    adopt: bool = False,
) -> NamePlan:
    """Plan one name. ``found`` is all that the target holds there, ``ledger`` what we know of it, by type.

    ``adopt``: a person asked for foreign records at this name to become ours.
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
    for kind, rrset in desired.items():
        if kind in ours:
            _compare_ours(plan, deletes, updates, actual[kind], rrset, rules)
        elif reason := rules.refuses(rrset):
            plan.verdicts.append(Verdict(rrset, State.SKIPPED, reason))
        elif clash := _clash(kind, obstacles):
            stuck = True
            whose = "somebody else's" if clash in strangers else "our old"
            plan.verdicts.append(Verdict(rrset, State.CONFLICT, f"{whose} {clash} record stands at this name"))
        elif kind in strangers:
            known = ledger.get(kind)
            was_ours = known is not None and known.owned and known.state is not State.PENDING
            _compare_foreign(plan, updates, actual[kind], rrset, rules, adopt, was_ours)
        else:
            creates.append(Change(Op.CREATE, None, rrset, rules.marker.mark(decision.origin)))

    for kind in sorted(ours - set(desired)):
        reason = _why_kept(rules, ledger.get(kind), stuck)
        if reason:
            item = actual[kind]
            plan.verdicts.append(Verdict(item.rrset, State.KEPT, reason, owned=True))
        else:
            deletes.append(Change(Op.DELETE, actual[kind], None, ""))
    for kind, known in ledger.items():
        if kind not in desired and kind not in ours:
            plan.verdicts.append(Verdict(known.rrset, None, owned=known.owned))
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


def _compare_ours(
    plan: NamePlan, deletes: list[Change], updates: list[Change], item: Found, rrset: RRset, rules: Rules
) -> None:
    own = set(rules.marker.own_values(item))
    others = set(item.rrset.values) - own
    wanted = set(rrset.values)
    # The TTL belongs to the whole RRset: beside somebody else's value it is no longer only ours to change.
    ttl_is_right = item.rrset.ttl == rrset.ttl or bool(others) or not rules.keeps_ttl
    if own <= wanted <= own | others and ttl_is_right and (item.intact or others):
        added = [f"somebody else added {', '.join(sorted(others))}"] if others else []
        reason = "; ".join([*added, *plan.decision.warnings])
        plan.verdicts.append(Verdict(rrset, State.SYNCED, reason, owned=True))
    elif rules.policy is Policy.CREATE_ONLY:
        plan.verdicts.append(Verdict(rrset, State.KEPT, "the zone's policy is create-only", owned=True))
    elif wanted <= others and rules.policy is Policy.SYNC:
        # All that is wanted stands there by somebody else's hand: ours is what is too much.
        deletes.append(Change(Op.DELETE, item, None, ""))
    else:
        updates.append(Change(Op.UPDATE, item, rrset, rules.marker.mark(plan.decision.origin)))


def _compare_foreign(
    plan: NamePlan, updates: list[Change], item: Found, rrset: RRset, rules: Rules, adopt: bool, was_ours: bool
) -> None:
    same = set(item.rrset.values) == set(rrset.values)
    if adopt or (same and rules.adopt_identical):
        updates.append(Change(Op.UPDATE, item, rrset, rules.marker.mark(plan.decision.origin), adopts=True))
        return
    if was_ours:
        reason = "it no longer carries our mark: somebody rewrote it; adopt it to take it back"
    elif rules.marker.owns(item):
        reason = "it carries our mark, but the ledger does not know it: adopt it, or rebuild the ledger"
    else:
        reason = "somebody else made it"
    if same:
        plan.verdicts.append(Verdict(rrset, State.FOREIGN, reason))
    else:
        values = ", ".join(item.rrset.values)
        plan.verdicts.append(Verdict(rrset, State.CONFLICT, f"the zone has {values}: {reason}"))


def _why_kept(rules: Rules, known: Owned | None, stuck: bool) -> str:
    if rules.policy is not Policy.SYNC:
        return f"the zone's policy is {rules.policy}"
    if known is not None and rules.unread(known.claimants):
        return "objects of its kind cannot be read now"
    if stuck:
        return "what should replace it is in conflict"
    return ""


@dataclass(frozen=True, slots=True)
class Guard:
    """When a plan deletes so much that a person should look first (product: "Plan, guard, apply")."""

    max_ratio: float = 0.5
    max_unguarded: int = 10

    def refuses(self, deletes: int, owned: int) -> str:
        """Why ``deletes`` of ``owned`` RRsets of a zone are held, "" when they may go."""
        if deletes <= self.max_unguarded or deletes <= owned * self.max_ratio:
            return ""
        return (
            f"{deletes} of {owned} records would go, more than MAX_DELETES_UNGUARDED ({self.max_unguarded})"
            f" and MAX_DELETE_RATIO ({self.max_ratio:g}) allow"
        )


def losses(changes: Sequence[Change]) -> list[Change]:
    """The deletes after which a name has less than before; a CNAME that makes way for addresses is none."""
    replaced = {change.name for change in changes if change.op is Op.CREATE}
    return [change for change in changes if change.op is Op.DELETE and change.name not in replaced]
