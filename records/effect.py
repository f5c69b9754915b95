"""What a custom entry comes to beside the other claims on its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from records.entry_names import call_entries, name_entries
from records.entry_targets import EntryTargets
from records.ledger import DatabaseLedger
from records.lost_claims import find_lost
from records.models import CustomEntry, ManagedRecord
from records.remembered import RememberedClaims
from records.targets import find_managed
from syncer.core.claims import ClaimRules, History, Mode
from syncer.core.known import RecordState, is_blocked
from syncer.core.names import zone_of
from syncer.core.settling import settle_name

SYNCED = RecordState.SYNCED.value
LOST, PARTLY_LOST, DISABLED, BLOCKING = "lost", "partly_lost", "disabled", "blocking"
ENTRY_STATES = (*(state.value for state in RecordState), LOST, PARTLY_LOST, DISABLED, BLOCKING)


class Loss(NamedTuple):
    """Why an entry has no effect on ``targets``, with the way out."""

    targets: tuple[str, ...]
    reason: str


class EntryState(NamedTuple):
    """``state`` is that of the record which the entry holds, ``pending`` until the syncer has seen it; ``lost`` when
    another claim has the name, ``partly_lost`` when it has it on some of the entry's targets, ``disabled``, or
    ``blocking``. ``effective`` are the targets where it decides, as far as another claim could."""

    state: str
    losses: Sequence[Loss] = ()
    effective: Sequence[str] = ()

    @property
    def is_partial(self) -> bool:
        """Whether it matters on which target: it is not the same on all."""
        return len(self.losses) > 1 or bool(self.losses and self.effective)

    @property
    def warnings(self) -> list[str]:
        """Sentences; the last one says where it has an effect nevertheless."""
        told = [f"It has no effect{self.where(loss)}: {loss.reason}" for loss in self.losses]
        if told and self.effective:
            told[-1] += f" It has its effect on {', '.join(self.effective)}."
        return told

    def where(self, loss: Loss) -> str:
        return f" on {', '.join(loss.targets)}" if self.is_partial else ""


def foresee_state(entry: CustomEntry) -> EntryState:
    """What will come of an entry that was just written, of which the syncer has not heard yet."""
    covered = EntryTargets().list_covered(entry.name, entry.target)
    if not entry.enabled or entry.mode == Mode.BLOCK:
        return _judge_entry(entry, "", {}, covered, None)
    reasons = {target: reason for target in covered if (reason := _find_loss(entry, target))}
    return _judge_entry(entry, "", reasons, covered, None)


def _find_loss(entry: CustomEntry, target: str) -> str:
    """Why the entry does not decide what it asks for on the target, "" when it does."""
    managed = find_managed(target)
    zone = zone_of(entry.name, managed.scope.zones)
    if zone is None:
        return ""
    rows = DatabaseLedger().zone(target, zone)
    names = [entry.name]
    history = History(rows.rows(names).get(entry.name, {}), mentions=rows.mentions(names).get(entry.name, {}))
    rules = ClaimRules(managed.scope.zones, managed.scope.ttl, grace=managed.detached_grace)
    entries = rows.entries(names).get(entry.name, [])
    decision = settle_name(entry.name, RememberedClaims(target, names), entries, rules, history)
    return next((loser.reason for loser in decision.losers if loser.origin == entry.origin), "")


def find_states(entries: Sequence[CustomEntry]) -> dict[int, EntryState]:
    """By key, as the syncer left them; in a handful of questions for any number."""
    lost = find_lost({entry.name for entry in entries})
    records = ManagedRecord.objects.filter(origin__in=[entry.origin for entry in entries]).order_by()
    states = {tuple(key): state for *key, state in records.values_list("origin", "type", "target", "state")}
    names = call_entries(lost.values())
    targets = EntryTargets()
    found = {}
    for entry in entries:
        covered = targets.list_covered(entry.name, entry.target)
        places = {target: (entry.name, entry.origin, target) for target in covered}
        reasons = {target: lost[place] for target, place in places.items() if place in lost}
        told = [states[place] for target in covered if (place := (entry.origin, entry.type, target)) in states]
        # Of one for several targets what is not as it should be.
        state = next((state for state in told if state != SYNCED), told[0] if told else RecordState.PENDING.value)
        found[entry.pk] = _judge_entry(entry, state, reasons, covered, names)
    return found


def _judge_entry(
    entry: CustomEntry, state: str, reasons: Mapping[str, str], covered: Sequence[str], names: Mapping[str, str] | None
) -> EntryState:
    """``state`` is that of its record; ``reasons`` are by target where it lost, of those that are ``covered``."""
    if not entry.enabled:
        return EntryState(DISABLED)
    if entry.mode == Mode.BLOCK:
        return EntryState(BLOCKING)
    if not reasons:
        return EntryState(state)
    by_reason: dict[str, list[str]] = {}
    for target, reason in reasons.items():
        by_reason.setdefault(reason, []).append(target)
    losses = [Loss(tuple(targets), _describe_loss(reason, names)) for reason, targets in by_reason.items()]
    effective = [target for target in covered if target not in reasons]
    return EntryState(PARTLY_LOST if effective else LOST, losses, effective)


def _describe_loss(reason: str, names: Mapping[str, str] | None) -> str:
    words = name_entries(reason, names)
    if is_blocked(reason):
        return f"the name is {words}. Remove the block to publish it."
    return f"{words}. Make it an override to take the name."
