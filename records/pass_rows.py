"""What one pass did and saw, as the rows that say so, before any of them is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from records.audit import EntryRow
from records.rows import (
    RecordRow,
    ZoneKey,
    change_entry,
    record_row,
    result_row,
    status_entry,
    takeover_entries,
)
from syncer.core.claims import Decision
from syncer.core.known import RecordState
from syncer.core.plan import ForgottenRRset, Key, RRsetStatus
from syncer.ledger import AppliedChange, ObservedRRset
from syncer.targets.base import Outcome


@dataclass(slots=True)
class PassRows:
    """``refusals`` is what was told last of changes that were refused, with what is told of them now.

    ``made`` are the RRsets that changes of ours made, ``gone`` those that may be forgotten; ``kept`` are the names that
    an object does not want now, each with the object's origin and the reason.
    """

    key: ZoneKey
    actor: str
    correlation: str
    refusals: dict[Key, Any]
    records: list[RecordRow] = field(default_factory=list)
    made: set[Key] = field(default_factory=set)
    gone: list[Key] = field(default_factory=list)
    kept: list[tuple[str, str, str]] = field(default_factory=list)
    audit: list[EntryRow] = field(default_factory=list)

    def add_change(self, item: AppliedChange, cause: str) -> None:
        """``cause`` is why it was made, "" where that goes without saying."""
        key = item.result.change.key
        entry = change_entry(self.key, item, self.actor, self.correlation, cause)
        row = result_row(self.key, item)
        if row is None:
            self.gone.append(key)
        else:
            self.records.append(row)
        if item.result.outcome is Outcome.DONE:
            self.made.add(key)
            self.audit.append(entry)
        elif item.result.outcome is Outcome.REFUSED:
            refusal = {"reason": entry.reason, "after": entry.after}
            if refusal != self.refusals.get(key):  # what is refused is tried again on each full pass
                self.audit.append(entry)
            self.refusals[key] = refusal

    def add_observed(self, observed: Iterable[ObservedRRset]) -> None:
        for decision, status in observed:
            if isinstance(status, ForgottenRRset):
                self.gone.append((status.rrset.name, status.rrset.type))
            else:
                self._add_status(decision, status)
            if entry := status_entry(self.key, decision, status, self.actor, self.correlation):
                self.audit.append(entry)

    def _add_status(self, decision: Decision, status: RRsetStatus) -> None:
        rrset, state, reason, owned, foreign = status
        self.records.append(record_row(self.key, decision, rrset, state, reason, owned=owned, foreign=foreign))
        if owned:
            self.audit += takeover_entries(self.key, decision, rrset, self.actor)
        if state is RecordState.KEPT and rrset.type in decision.kept:
            self.kept += ((rrset.name, origin, reason) for origin in decision.claimants_of(rrset.type))
