"""What a person asks for in a zone beyond a pass over some names: deletes, releases, and replacements undone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Protocol

from syncer.core.claims import Claims, Decision
from syncer.core.plan import Change, Op
from syncer.core.rrsets import Found
from syncer.ledger import ZoneLedger
from syncer.targets.base import Outcome, Result, TargetZone
from syncer.zone.guarding import PlannedChange
from syncer.zone.planning import ZonePlanner, group_by_name
from syncer.zone.recovery import Recovery
from syncer.zone.result import PassResult


class AskedZone(Protocol):
    """The zone itself, which alone knows what is known of it. Whatever it writes it raises for as a pass does."""

    def enqueue(self, names: Iterable[str]) -> None:
        """Have them compared, as when their claims have changed."""

    def compare_again(self, names: Iterable[str]) -> None:
        """The same, and nothing that is known of the zone is believed before it was read."""

    def run_pass(self, names: Collection[str], *, actor: str) -> PassResult:
        """Bring them in line with their claims at once."""

    def write_changes(self, changes: Sequence[PlannedChange], actor: str) -> PassResult:
        """Without a plan, and so without a guard."""

    def put_back(self, change: Change, record: Callable[[], None]) -> Result:
        """Write what stood there before; ``record`` tells the ledger that it was done."""


class ZoneOperations:
    """On the records of one ``zone``. It keeps nothing."""

    def __init__(
        self,
        zone: AskedZone,
        records: TargetZone,
        rows: ZoneLedger,
        claims: Claims,
        planner: ZonePlanner,
        recovery: Recovery,
    ) -> None:
        self._zone = zone
        self._records = records
        self._rows = rows
        self._claims = claims
        self._planner = planner
        self._recovery = recovery

    def delete_records(self, types: Mapping[str, Collection[str]], actor: str) -> PassResult:
        """Take what is ours out of DNS, because a person said so: no guard, no policy. ``types`` are meant at each
        name, "" among them means all.

        It comes back with the next pass while a claim asks for it.
        """
        found: Mapping[str, Sequence[Found]] = group_by_name(self._records.read(types.keys()).found)
        rows = self._rows.rows(types.keys())
        if self._recovery.is_unmarked:
            found = self._planner.put_marks_back(found, rows)
        deletes: list[PlannedChange] = []
        for name, meant in types.items():
            for item in found.get(name, ()):
                kind = item.rrset.type
                row = rows.get(name, {}).get(kind)
                if row and row.owned and self._planner.marker.owns(item) and not {"", kind}.isdisjoint(meant):
                    decision = Decision(name, origin=row.origin, claimants=row.claimants)
                    deletes.append((decision, Change(Op.DELETE, item, None, "")))
        return self._zone.write_changes(deletes, actor)

    def remove_kept(self, types: Mapping[str, Collection[str]], actor: str) -> PassResult:
        """End the time for which these are kept, because a person said so. Where something is asked for in their place,
        that is written; the others go."""
        self._rows.end_keeping(types.keys())
        claimed = {name for name in types if self._claims.claimants(name)}
        result = self._zone.run_pass(claimed, actor=actor) if claimed else PassResult()
        if gone := {name: meant for name, meant in types.items() if name not in claimed}:
            result.add(self.delete_records(gone, actor))
        return result

    def release_records(self, names: Collection[str], kind: str, actor: str) -> int:
        """Give up ownership without touching DNS; how many. Where they are claimed, they show as foreign from then
        on."""
        count = self._rows.release_records(names, kind, actor)
        self._zone.compare_again(names)
        return count

    def explain_left_alone(self, names: Collection[str]) -> dict[str, str]:
        """Why nothing is written at those of the names at which something is asked for."""
        rows = self._rows.rows(names)
        reasons = ((name, row.reason) for name, known in rows.items() for row in known.values() if not row.owned)
        return {name: reason for name, reason in reasons if reason}

    def give_up_keeping(self, name: str, kind: str, actor: str) -> str:
        """Nothing was taken over that was to be kept; why, in words. The entry goes that was made for it."""
        if not self._rows.drop_keeping(name, kind, actor):
            return "kept: it is ours already"
        self._zone.enqueue([name])
        return "not kept: what is there is not what it was; look at it again"

    def undo_replacement(self, request_id: int, actor: str) -> str:
        """Put back what stood there before a record of someone else became ours, marks included; what came of it, in
        words. Nothing is done where anything was changed since. Raises what target and ledger raise."""
        replaced = self._rows.replacement(request_id)
        if replaced is None:
            return "there is nothing left to undo"
        name, kind = replaced.ours.name, replaced.ours.type
        found = {item.rrset.type: item for item in self._records.read([name]).found}
        now = found.get(kind)
        if now is None or now.rrset != replaced.ours or not now.intact or not self._planner.marker.owns(now):
            there = f"it is {now.rrset} now" if now else "it is gone"
            return f"not undone: {there}, and not {replaced.ours} as we left it"
        change = Change(Op.UPDATE, now, replaced.theirs.rrset, "", restores=replaced.theirs)
        result = self._zone.put_back(change, lambda: self._rows.record_undo(replaced, actor))
        if result.outcome is not Outcome.DONE:
            return f"not undone: {result.reason}"
        return f"put back: {replaced.theirs.rrset}"
