"""What a custom entry comes to beside the other claims on its name."""

from __future__ import annotations

from django.conf import settings

from records.ledger import DatabaseLedger
from records.models import CustomEntry, SyncStatus
from records.remembered import RememberedClaims
from syncer.config import Managed
from syncer.core.claims import ClaimRules, History, Mode
from syncer.core.names import zone_of
from syncer.core.settling import settle_name


def explain_no_effect(entry: CustomEntry) -> str:
    """Why an entry that is in force does not decide what it asks for, with the way out; "" when it does."""
    managed: Managed = settings.MANAGED
    zone = zone_of(entry.name, managed.scope.zones)
    if zone is None or not entry.enabled or entry.mode == Mode.BLOCK:
        return ""
    rows = DatabaseLedger().zone(entry.target or SyncStatus.find_target(), zone)
    names = [entry.name]
    history = History(rows.rows(names).get(entry.name, {}), mentions=rows.mentions(names).get(entry.name, {}))
    rules = ClaimRules(managed.scope.zones, managed.scope.ttl, grace=managed.detached_grace)
    entries = rows.entries(names).get(entry.name, [])
    decision = settle_name(entry.name, RememberedClaims(names), entries, rules, history)
    loser = next((loser for loser in decision.losers if loser.origin == entry.origin), None)
    if loser is None:
        return ""
    if any(other.mode is Mode.BLOCK for other in entries):
        return f"It has no effect: the name is {loser.reason}. Remove the block to publish it."
    return f"It has no effect: {loser.reason}. Make it an override to take the name."
