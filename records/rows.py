"""Engine values as rows of the database."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from django.utils import timezone

from records.audit import Action, EntryRow
from records.models import DeletedRRset, Replacement, RRsetKey
from syncer.core.claims import Decision
from syncer.core.known import RecordState
from syncer.core.names import BadName, canonical_target
from syncer.core.plan import Change, ForgottenRRset, Op, RRsetStatus
from syncer.core.rrsets import Found, RRset
from syncer.ledger import AppliedChange
from syncer.targets.base import Outcome

DONE_ACTIONS = {Op.CREATE: Action.CREATED, Op.UPDATE: Action.UPDATED, Op.DELETE: Action.DELETED}

STATE_ACTIONS = {
    RecordState.CONFLICT: Action.CONFLICT,
    RecordState.FOREIGN: Action.FOREIGN,
    RecordState.SKIPPED: Action.SKIPPED,
    RecordState.HELD: Action.HELD,
}
"""The states that are news for the audit; the others follow from a change or are what everyone hopes for."""


class ZoneKey(NamedTuple):
    """Where a row belongs; ``_asdict()`` are the columns."""

    target: str
    zone: str


class RecordRow(NamedTuple):
    """A row of ``ManagedRecord``, by its columns: there are many in a pass, and an object of the model is slow to make.
    ``changed_at`` is the same for all that are written together; what else is not here has a default of the
    database."""

    target: str
    zone: str
    name: str
    type: str
    values: Sequence[str]
    ttl: int
    owned: bool
    state: str
    reason: str
    foreign: dict[str, Any] | None
    origin: str
    claimants: Sequence[str]
    losers: Sequence[tuple[str, str]]
    is_contested: bool

    @property
    def key(self) -> RRsetKey:
        return self.name, self.type


COLUMNS = (*RecordRow._fields, "changed_at")

CONTENT = COLUMNS[4:]
"""The columns that a record gets anew."""


def record_row(
    key: ZoneKey,
    decision: Decision,
    rrset: RRset,
    state: RecordState,
    reason: str = "",
    *,
    owned: bool = False,
    foreign: Found | None = None,
) -> RecordRow:
    losers = decision.losers_of(rrset.type)
    return RecordRow(
        *key,
        rrset.name,
        rrset.type,
        rrset.values,
        rrset.ttl,
        owned,
        state.value,
        reason,
        found_data(foreign) if foreign else None,
        decision.origin_of(rrset.type),
        decision.claimants_of(rrset.type),
        losers,
        bool(losers),
    )


def claim_row(key: ZoneKey, decision: Decision, change: Change) -> RecordRow:
    return record_row(
        key, decision, _touched_rrset(change), RecordState.PENDING, f"{change.op.value} under way", owned=True
    )


def result_row(key: ZoneKey, item: AppliedChange) -> RecordRow | None:
    """What is known of the RRset after the change; None when nothing of it is left.

    A claim ends only with a definite answer: a refusal leaves what was there before, silence leaves the claim. Of a
    change that was made only state and reason are other than in its claim.
    """
    decision, (change, outcome, reason, _) = item
    if outcome is Outcome.DONE:
        if change.after is None:
            return None
        kept = decision.kept.get(change.after.type, "")
        state = RecordState.KEPT if kept else RecordState.SYNCED
        reason = "; ".join([*([kept] if kept else []), *decision.warnings])
        return record_row(key, decision, change.after, state, reason, owned=True)
    if outcome is Outcome.REFUSED:
        still_ours = change.op is not Op.CREATE and not change.adopts
        shown = change.before.rrset if still_ours and change.before else change.after
        assert shown is not None
        return record_row(key, decision, shown, RecordState.FAILED, reason, owned=still_ours)
    return record_row(key, decision, _touched_rrset(change), RecordState.PENDING, reason, owned=True)


def _touched_rrset(change: Change) -> RRset:
    rrset = change.after or (change.before.rrset if change.before else None)
    assert rrset is not None
    return rrset


def change_entry(key: ZoneKey, item: AppliedChange, actor: str, correlation: str, why: str = "") -> EntryRow:
    """Of a change that was made, and ``why`` where that is known, or refused."""
    decision, (change, outcome, reason, _) = item
    if outcome is Outcome.REFUSED:
        action = Action.FAILED
    else:
        action = Action.ADOPTED if change.adopts and change.op is Op.UPDATE else DONE_ACTIONS[change.op]
    name, kind = change.key
    return EntryRow(
        action,
        actor,
        *key,
        name,
        kind,
        before=rrset_data(change.before.rrset) if change.before else None,
        after=rrset_data(change.after) if change.after else None,
        source=decision.origin_of(kind),
        reason=reason if outcome is Outcome.REFUSED else why,
        correlation=correlation,
    )


def status_entry(
    key: ZoneKey, decision: Decision, status: RRsetStatus | ForgottenRRset, actor: str, correlation: str
) -> EntryRow | None:
    """Of an RRset at which nothing was written; None where that is no news."""
    rrset, data = status.rrset, rrset_data(status.rrset)
    if isinstance(status, ForgottenRRset):
        action = Action.GONE if status.owned else None
    else:
        action = STATE_ACTIONS.get(status.state)
    if action is None:
        return None
    return EntryRow(
        action,
        actor,
        *key,
        rrset.name,
        rrset.type,
        before=data if action is Action.GONE else None,
        after=None if action is Action.GONE else data,
        source=decision.origin_of(rrset.type),
        reason=status.reason,
        correlation=correlation,
    )


def takeover_entries(key: ZoneKey, decision: Decision, after: RRset | None, actor: str) -> list[EntryRow]:
    """That the name passes to another claim."""
    takeover = decision.find_takeover(after.type) if after else None
    if takeover is None or after is None:
        return []
    return [
        EntryRow(
            Action.TAKEN_OVER,
            actor,
            *key,
            after.name,
            after.type,
            before={"values": list(takeover.before), "holder": takeover.loser},
            after={**rrset_data(after), "holder": takeover.winner},
            source=takeover.winner,
            reason=f"{takeover.winner} has the name now, which {takeover.loser} had",
        )
    ]


def replacement_row(key: ZoneKey, decision: Decision, change: Change, actor: str) -> Replacement:
    """Of an adoption: what stood there."""
    assert change.before is not None
    assert change.after is not None
    return Replacement(
        **key._asdict(),
        name=change.name,
        type=change.key[1],
        theirs=found_data(change.before),
        ours=rrset_data(change.after),
        origin=decision.origin_of(change.key[1]),
        made_by=actor,
    )


def former_data(change: Change) -> dict[str, Any] | None:
    """Of an update: what we had written before, where all of the RRset was ours and is another one from now on."""
    before = change.before
    if change.op is not Op.UPDATE or before is None or before.rrset == change.after or not _is_all_ours(change):
        return None
    return {**rrset_data(before.rrset), "until": timezone.now().isoformat()}


def deletion_row(key: ZoneKey, name: str, kind: str, item: AppliedChange | None) -> DeletedRRset:
    """``item``: our own delete, None where someone else's was found. What was not all ours is not written down."""
    row = DeletedRRset(**key._asdict(), name=name, type=kind, deleted_at=timezone.now())
    if item is not None:
        decision, (change, *_) = item
        if change.before is not None and _is_all_ours(change):
            row.data, row.origin = rrset_data(change.before.rrset), decision.origin_of(kind)
    return row


def _is_all_ours(change: Change) -> bool:
    """Whether every value there has one and the same mark, which is ours then."""
    return change.before is not None and not change.adopts and len(set(change.before.marks)) == 1


def read_rrset(name: str, kind: str, data: dict[str, Any]) -> RRset:
    """What ``rrset_data`` wrote down."""
    return RRset(name, kind, data["ttl"], tuple(data["values"]))


def found_data(found: Found) -> dict[str, Any]:
    return {**rrset_data(found.rrset), "marks": list(found.marks), "disabled": sorted(found.disabled)}


def read_found(name: str, kind: str, data: dict[str, Any]) -> Found:
    """What ``found_data`` wrote down."""
    rrset = RRset(name, kind, data["ttl"], tuple(data["values"]))
    return Found(rrset, tuple(data["marks"]), frozenset(data["disabled"]))


def rrset_data(rrset: RRset) -> dict[str, Any]:
    return {"ttl": rrset.ttl, "values": list(rrset.values)}


def spell_value(kind: str, value: str) -> str:
    """Addresses and host names as the engine compares them, however the row spells them; the rest is as it is."""
    with suppress(BadName):
        if kind in ("A", "AAAA", "CNAME"):
            return canonical_target(value)
    return value
