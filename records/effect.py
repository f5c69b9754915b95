"""What a custom entry comes to beside the other claims on its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from records.entry_names import call_entries, name_entries
from records.ledger import DatabaseLedger
from records.lost_claims import find_lost
from records.models import CustomEntry, ManagedRecord
from records.remembered import RememberedClaims
from records.targets import find_managed, find_targets
from syncer.core.claims import ClaimRules, History, Mode
from syncer.core.known import RecordState, is_blocked
from syncer.core.names import zone_of
from syncer.core.settling import settle_name


def explain_no_effect(entry: CustomEntry) -> str:
    """Why an entry that is in force does not decide what it asks for, with the way out; "" when it does."""
    if not entry.enabled or entry.mode == Mode.BLOCK:
        return ""
    targets = [entry.target] if entry.target else find_targets(entry.name)
    told = {target: _explain_loss(entry, target) for target in targets}
    if len(set(told.values())) < 2:
        return next(iter(told.values()), "")
    return " ".join(f"On {target}: {text}" for target, text in told.items() if text)


def _explain_loss(entry: CustomEntry, target: str) -> str:
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
    loser = next((loser for loser in decision.losers if loser.origin == entry.origin), None)
    if loser is None:
        return ""
    return _describe_loss(loser.reason, None)


class EntryState(NamedTuple):
    """``state`` is that of the record which the entry holds, ``pending`` until the syncer has seen it; ``lost`` when
    another claim has the name, ``disabled``, or ``blocking``."""

    state: str
    warnings: list[str]


SYNCED = RecordState.SYNCED.value
LOST, DISABLED, BLOCKING = "lost", "disabled", "blocking"
ENTRY_STATES = (*(state.value for state in RecordState), LOST, DISABLED, BLOCKING)


def find_states(entries: Sequence[CustomEntry]) -> dict[int, EntryState]:
    """By key, as the syncer left them; in a handful of questions for any number."""
    lost = find_lost({entry.name for entry in entries})
    records = ManagedRecord.objects.filter(origin__in=[entry.origin for entry in entries]).order_by()
    states: dict[tuple[str, str], str] = {}
    for origin, kind, state in records.values_list("origin", "type", "state"):
        # Of one for several targets what is not as it should be.
        if states.get((origin, kind), SYNCED) == SYNCED:
            states[origin, kind] = state
    names = call_entries(reason for reasons in lost.values() for reason in reasons.values())
    found = {}
    for entry in entries:
        reason = lost.get(entry.name, {}).get(entry.origin, "") if entry.enabled else ""
        if not entry.enabled:
            state = DISABLED
        elif entry.mode == Mode.BLOCK:
            state = BLOCKING
        else:
            state = LOST if reason else states.get((entry.origin, entry.type), RecordState.PENDING.value)
        found[entry.pk] = EntryState(state, [_describe_loss(reason, names)] if reason else [])
    return found


def _describe_loss(reason: str, names: Mapping[str, str] | None) -> str:
    words = name_entries(reason, names)
    if is_blocked(reason):
        return f"It has no effect: the name is {words}. Remove the block to publish it."
    return f"It has no effect: {words}. Make it an override to take the name."
