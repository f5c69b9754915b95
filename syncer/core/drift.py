"""How what is there differs from what we wrote last (product: "Drift")."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from syncer.core.known import KnownRRset, RecordState
from syncer.core.origin import Origin
from syncer.core.plan import Drift, DriftType, Key, Policy
from syncer.core.rrsets import Found, Marker, RRset

_WRITTEN = (RecordState.SYNCED, RecordState.DRIFTED, RecordState.KEPT, RecordState.HELD)
"""States of an RRset of ours that once was as the ledger says."""


@dataclass(frozen=True, slots=True)
class CompareRules:
    """What a comparison depends on, apart from the name itself.

    ``refuses`` and ``keeps_ttl`` are the target's. ``find_below(name)`` is a name of ours below it, "" for none.
    ``is_unread(claimants)`` says whether one of the objects that wanted a name cannot be read now, so that its absence
    means nothing; ``explain_unread`` says more of that.
    ``by_mark_alone`` takes every RRset with our mark for ours, whatever the ledger says (the database was lost).
    ``remediates(origin)`` says whether drift of the records of that source or entry is remediated without a request;
    ``accepted`` are the (name, type) where a person accepted the drift. ``marks_origin``: a mark names the
    claim that holds the record. ``lost_writes``: the server lost writes of ours in a crash, which is not drift.
    Deletes of what objects of the ``awaited`` kinds had wait, because kinds were away with the API server.
    """

    marker: Marker
    policy: Policy = Policy.SYNC
    keeps_ttl: bool = True
    adopts_equal: bool = False
    by_mark_alone: bool = False
    marks_origin: bool = True
    refuses: Callable[[RRset], str] = lambda rrset: ""
    find_below: Callable[[str], str] = lambda name: ""
    is_unread: Callable[[Sequence[str]], bool] = lambda claimants: False
    explain_unread: Callable[[Sequence[str]], str] = lambda claimants: ""
    remediates: Callable[[str], bool] = lambda origin: False
    accepted: Collection[Key] = frozenset()
    lost_writes: bool = False
    awaited: Collection[str] = frozenset()

    def are_awaited(self, claimants: Sequence[str]) -> bool:
        """Whether one of the objects that wanted a name is of an awaited kind."""
        return any(Origin.parse(claimant).kind in self.awaited for claimant in claimants)


def find_drift(
    desired: RRset, item: Found | None, known: KnownRRset | None, origin: str, rules: CompareRules, *, asked: bool
) -> Drift | None:
    """The drift of an RRset that is desired. ``asked``: a person wants it remediated.

    A new value that a claim asks for is written over whatever is there, if it is ours.
    """
    may_update = asked or rules.policy is not Policy.CREATE_ONLY

    def is_remediated() -> bool:
        return asked or (rules.remediates(origin) and (desired.name, desired.type) not in rules.accepted)

    if known is None or not known.owned:
        if item is None or not rules.marker.owns(item) or rules.marker.inherits(item):
            return None
        reason = "it carries our mark, but the ledger does not know it"
        return Drift(DriftType.UNEXPECTED_RECORD, None, item.rrset, reason, may_update and is_remediated())
    is_lost = rules.lost_writes and known.state in (RecordState.SYNCED, RecordState.KEPT)
    if known.state not in _WRITTEN or is_lost:
        return None
    if item is None:
        remediates = desired != known.rrset or is_remediated()
        return Drift(DriftType.MISSING_RECORD, known.rrset, None, "someone deleted it", remediates)
    difference = _find_difference(item, known.rrset, rules)
    if difference is None:
        return None
    remediates = desired != known.rrset or is_remediated() if difference.is_ours else asked
    return Drift(DriftType.UNEXPECTED_VALUE, known.rrset, item.rrset, difference.reason, remediates and may_update)


def find_stray(item: Found, origin: str, rules: CompareRules, *, asked: bool) -> Drift:
    """An RRset with our mark that the ledger does not know and no claim asks for.

    Without a request it is deleted only where its absence from the claims means something: custom entries may have been
    lost with the database, and objects that cannot be read now are not gone.
    """
    remediates = asked or (
        rules.policy is Policy.SYNC
        and (item.rrset.name, item.rrset.type) not in rules.accepted
        and not Origin.parse(origin).is_entry
        and not rules.is_unread([origin])
        and not rules.are_awaited([origin])
        and rules.remediates(origin)
    )
    reason = "it carries our mark, but the ledger does not know it and no claim asks for it"
    return Drift(DriftType.UNEXPECTED_RECORD, None, item.rrset, reason, remediates)


def find_foreign_values(item: Found, rules: CompareRules) -> set[str]:
    return set(item.rrset.values).difference(rules.marker.own_values(item))


class Difference(NamedTuple):
    """``is_ours``: what was changed is ours; what was added is not ours to overwrite."""

    reason: str
    is_ours: bool = True


def _find_difference(item: Found, expected: RRset, rules: CompareRules) -> Difference | None:
    """In what ``item`` is not what we wrote."""
    own, others = set(rules.marker.own_values(item)), find_foreign_values(item, rules)
    wrote, flaws = set(expected.values), list_flaws(item)
    values = ", ".join(item.rrset.values)
    if not own:
        # With the same values it makes no difference who wrote them.
        if others == wrote and not item.disabled:
            return None
        rewritten = _make_difference(f"rewrote it as {values}", *flaws)
        return Difference(f"{rewritten.reason}, and our mark is gone", False)
    if not own <= wrote <= own | others:
        return _make_difference(f"changed it to {values}", *flaws)
    changes = [f"added {', '.join(sorted(others - wrote))}"] if others - wrote else []
    if others and own.isdisjoint(item.disabled):
        if changes:
            return _make_difference(*changes, is_ours=False)
        # The same value was written again, without our mark.
        return _make_difference(*flaws, is_ours=False) if item.disabled else None
    if not others and rules.keeps_ttl and item.rrset.ttl != expected.ttl and not item.mixes_ttls:
        changes.append(f"changed its TTL to {item.rrset.ttl} s")
    changes += flaws
    return _make_difference(*changes) if changes else None


def _make_difference(*changes: str, is_ours: bool = True) -> Difference:
    """From what someone did."""
    *firsts, last = changes
    return Difference(f"someone {', '.join(firsts)} and {last}" if firsts else f"someone {last}", is_ours)


def list_flaws(item: Found) -> list[str]:
    """In what ways an RRset is not served as records of ours are, in the words of what someone did."""
    flaws = []
    if item.disabled:
        served = f", so that only {', '.join(item.served)} is answered" if item.served else ""
        flaws.append(f"disabled {', '.join(sorted(item.disabled))}{served}")
    if item.expires:
        flaws.append("lets it expire")
    if item.mixes_ttls:
        flaws.append("gave its records different TTLs")
    if item.is_damaged:
        flaws.append("damaged it")
    if item.is_cut:
        flaws.append("gave it more values than are looked at")
    return flaws
