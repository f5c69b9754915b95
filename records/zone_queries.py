"""What the ledger of a zone asks of the database time and again, compiled once. Values: target and zone of ``ZoneKey``,
after names where it asks for some; of custom entries the target alone."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from records.among import at_names
from records.findings import current_findings
from records.glance import Glance, Prepared
from records.held_rows import live_plans
from records.models import CustomEntry, DeletedRRset, ManagedRecord, ManagedZone
from records.rows import ZoneKey

KNOWN_COLUMNS = (
    *("name", "type", "ttl", "values", "owned", "state", "reason"),
    *("origin", "claimants", "losers", "former"),
)
"""What the engine reads of a record."""


def list_entries(target: str) -> QuerySet[CustomEntry]:
    return CustomEntry.objects.filter(Q(target="") | Q(target=target), enabled=True)


def list_records(*key: str) -> QuerySet[ManagedRecord]:
    return ManagedRecord.objects.filter(**ZoneKey(*key)._asdict()).order_by()


def list_deleted(*key: str) -> QuerySet[DeletedRRset]:
    return DeletedRRset.objects.filter(**ZoneKey(*key)._asdict()).order_by()


def list_zones(*key: str) -> QuerySet[ManagedZone]:
    return ManagedZone.objects.filter(**ZoneKey(*key)._asdict()).order_by()


# What most zones have none of is looked for at a glance before it is asked for.
HELD = Glance(lambda *key: live_plans(ZoneKey(*key)))
ENTERED = Glance(list_entries)
DRIFTED = Glance(lambda *key: current_findings(ZoneKey(*key)))
WENT = Glance(list_deleted)
RECORDED = Glance(list_records)

NAMES = Prepared(lambda *key: list_records(*key).values_list("name").distinct())
ENTRY_NAMES = Prepared(lambda target: list_entries(target).order_by().values_list("name"))
ZONES = Prepared(lambda *key: list_zones(*key).values_list("serial", "node", "is_unmarked", "is_rebuilding"))
DELETED = Prepared(lambda names, *key: list_deleted(*key).filter(at_names(names)).values_list("name", "type"))
KNOWN = Prepared(lambda names, *key: list_records(*key).filter(at_names(names)).values_list(*KNOWN_COLUMNS))
