"""What a plan is made of, and when it refuses itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from syncer.core.claims import Decision
from syncer.core.known import RecordState
from syncer.core.rrsets import Found, RRset

Key = tuple[str, str]
"""(name, type) of an RRset."""


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
    for a delete). ``mark`` is stored beside each of our values. Values in ``before`` whose mark is not ours are
    foreign: they survive, with their marks, whatever happens to ours. The exception is an adoption (``adopts``): the
    whole RRset becomes ours, and all of ``before`` counts as if it carried our mark. ``restores`` is an RRset of
    someone else that is put back as it was: each of its values gets the mark that it had, and is disabled if it was.
    """

    op: Op
    before: Found | None
    after: RRset | None
    mark: str
    adopts: bool = False
    restores: Found | None = None

    @property
    def key(self) -> Key:
        rrset = self.rrset
        return rrset.name, rrset.type

    @property
    def name(self) -> str:
        return self.rrset.name

    @property
    def rrset(self) -> RRset:
        """What shall be there, or what shall go."""
        rrset = self.after or (self.before.rrset if self.before else None)
        assert rrset is not None
        return rrset


class DriftType(StrEnum):
    """In what way a zone differs from what we wrote last (the values are labels of a metric)."""

    UNEXPECTED_VALUE = "unexpected_ip"
    UNEXPECTED_RECORD = "unexpected_record"
    """It carries our mark, and the ledger does not know it."""
    MISSING_RECORD = "missing_record"


class Drift(NamedTuple):
    """One RRset that is not as we left it: what we wrote last, and what is there. ``remediates`` says whether the plan
    remediates it."""

    drift: DriftType
    expected: RRset | None
    found: RRset | None
    reason: str
    remediates: bool = False

    @property
    def key(self) -> Key:
        rrset = self.expected or self.found
        assert rrset is not None
        return rrset.name, rrset.type


class RRsetStatus(NamedTuple):
    """The state of an RRset at which nothing is to be written."""

    rrset: RRset
    state: RecordState
    reason: str = ""
    owned: bool = False
    foreign: Found | None = None
    """What someone else has there, where that is why nothing is written."""


class ForgottenRRset(NamedTuple):
    """An RRset that the ledger may forget: no claim asks for it and it is not in DNS. If it was ``owned``, it is gone
    without a delete of ours that we know of."""

    rrset: RRset
    owned: bool
    reason: str = "no claim asks for it, and it is not in DNS"


@dataclass(slots=True)
class NamePlan:
    """What is to be done at one name: the changes in the order in which they must be made, and the rest.

    ``foreign_types`` are the types of the RRsets there that are not ours, ``rivals`` those of them that are why nothing
    is written. ``is_waiting``: a delete waits until every kind has been heard from again.
    """

    decision: Decision
    changes: list[Change] = field(default_factory=list)
    statuses: Sequence[RRsetStatus] = ()
    drifts: Sequence[Drift] = ()
    forgotten: Sequence[ForgottenRRset] = ()
    foreign_types: frozenset[str] = frozenset()
    rivals: Sequence[Found] = ()
    is_waiting: bool = False

    @property
    def name(self) -> str:
        return self.decision.name

    @property
    def is_empty(self) -> bool:
        return not (self.changes or self.statuses or self.drifts or self.forgotten)


@dataclass(frozen=True, slots=True)
class Guard:
    """When a plan deletes so much that a person should look first (product: "Plan, guard, apply")."""

    max_ratio: float = 0.5
    max_unguarded: int = 10

    def refuses(self, deletes: int, owned: int, whose: str = "") -> str:
        """Why ``deletes`` of ``owned`` RRsets of a zone are held, "" when they may go; ``whose`` they are, if not all
        of the zone's."""
        if deletes <= self.max_unguarded or deletes <= owned * self.max_ratio:
            return ""
        return (
            f"{deletes} of {owned} records{whose} would go, more than MAX_DELETES_UNGUARDED ({self.max_unguarded})"
            f" and MAX_DELETE_RATIO ({self.max_ratio:g}) allow"
        )


@dataclass(frozen=True, slots=True)
class DeletionCount:
    """The deletes of one zone within the deletion window, by the namespace of who had the RRsets ("" for custom entries
    and what nobody is known for). ``holdable`` are those that are held or may still be, ``deletes`` all of them, these
    among them; ``owned`` is what the zone had of ours before."""

    holdable: Mapping[str, int]
    deletes: Mapping[str, int]
    owned: int

    def find_held(
        self,
        guard: Guard,
        count_owned: Callable[[Collection[str]], Mapping[str, int]],
        is_leaving: Callable[[str], bool],
    ) -> tuple[frozenset[str], str]:
        """The namespaces whose deletes are held, and why; "" when all may go.

        Each namespace is measured by what it had there (``count_owned``), unless it goes itself. Where the zone's own
        count trips, those with most deletes are held first, and the rest is counted again without them.
        """
        ranked = sorted(self.holdable, key=self._sort_key)
        many = [name for name in ranked if name and self.deletes[name] > guard.max_unguarded and not is_leaving(name)]
        had = dict(count_owned(many)) if many else {}
        refusals = {name: guard.refuses(self.deletes[name], had[name], f" of namespace {name}") for name in many}
        own = {name: refusal for name, refusal in refusals.items() if refusal}
        of_zone = guard.refuses(sum(self.deletes.values()), self.owned)
        left = sum(number for name, number in self.deletes.items() if name not in own)
        owned = self.owned - sum(had[name] for name in own)
        held = set(own)
        if guard.refuses(left, owned):
            had = dict(count_owned(ranked))
            for name in ranked:
                if name not in held and guard.refuses(left, owned):
                    held.add(name)
                    left, owned = left - self.deletes[name], owned - had[name]
        return frozenset(held), self._explain(held, of_zone, list(own.values()))

    def _sort_key(self, namespace: str) -> tuple[int, str]:
        return -self.deletes[namespace], namespace

    def _explain(self, held: set[str], of_zone: str, own: Sequence[str]) -> str:
        if not held:
            return ""
        if not of_zone:
            more = f"; and so in {len(own) - 1} more namespaces" if len(own) > 1 else ""
            return own[0] + more
        if held >= self.holdable.keys():
            return of_zone
        most = sorted(held, key=self._sort_key)
        named = ", ".join(f"{name or 'custom entries'} ({self.deletes[name]})" for name in most[:3])
        more = f" and {len(most) - 3} more" if len(most) > 3 else ""
        return f"{of_zone}; held are those of {named}{more}"


def find_losses(changes: Sequence[Change]) -> list[Change]:
    """The deletes after which a name has less than before; a CNAME that makes way for addresses is none."""
    replaced = {change.name for change in changes if change.op is Op.CREATE}
    return [change for change in changes if change.op is Op.DELETE and change.name not in replaced]
