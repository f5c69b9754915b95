"""Records of someone else that became ours: put back, with the custom entries that kept them as they were."""

from __future__ import annotations

from django.utils import timezone

from records.audit import Action, make_entry
from records.models import KEPT_BY_HAND, CustomEntry, ManagedRecord, Replacement
from records.rows import ZoneKey, read_found, rrset_data
from syncer.core.origin import Origin
from syncer.core.rrsets import RRset
from syncer.ledger import Replaced


def find_replaced(key: ZoneKey, request_id: int) -> Replaced | None:
    """What the request asks to put back; None where that was done, or is of another zone."""
    row = Replacement.objects.filter(syncrequest=request_id, **key._asdict(), undone_at=None).first()
    if row is None:
        return None
    ours = RRset(row.name, row.type, row.ours["ttl"], tuple(row.ours["values"]))
    return Replaced(row.pk, ours, read_found(row.name, row.type, row.theirs))


def undo_replaced(key: ZoneKey, replaced: Replaced, actor: str) -> None:
    """It was put back: the record is not ours any more, and neither is the entry that kept it. Within a transaction."""
    row = Replacement.objects.select_for_update().get(pk=replaced.id)
    row.undone_at, row.undone_by = timezone.now(), actor
    row.save()
    ManagedRecord.objects.filter(**key._asdict(), name=row.name, type=row.type).delete()
    undone = make_entry(
        Action.UNDONE,
        actor,
        **key._asdict(),
        name=row.name,
        kind=row.type,
        before=row.ours,
        after=rrset_data(replaced.theirs.rrset),
        source=row.origin,
    )
    undone.save()
    _drop_kept(key, row, actor)


def _drop_kept(key: ZoneKey, row: Replacement, actor: str) -> None:
    """What was kept as ours was asked for by an entry; who changed that one since goes on wanting it."""
    origin = Origin.parse(row.origin)
    entries = CustomEntry.objects.filter(pk=origin.name) if origin.is_entry and origin.name.isdigit() else ()
    for entry in entries:
        if entry.description == KEPT_BY_HAND and sorted(entry.values) == sorted(row.ours["values"]):
            _drop_entry(key, entry, actor, "what it kept was put back")


def drop_keeping(key: ZoneKey, name: str, kind: str, actor: str) -> bool:
    """See ``ZoneLedger.drop_keeping``. Within a transaction."""
    of_target = {"target__in": ("", key.target), "name": name, "type": kind}
    entry = CustomEntry.objects.filter(**of_target, description=KEPT_BY_HAND).first()
    if entry is None or Replacement.objects.filter(origin=entry.origin).exists():
        return False
    _drop_entry(key, entry, actor, "what it was to keep is not what it was")
    return True


def _drop_entry(key: ZoneKey, entry: CustomEntry, actor: str, reason: str) -> None:
    make_entry(
        Action.DELETED,
        actor,
        target=entry.target,
        zone=key.zone,
        name=entry.name,
        kind=entry.type,
        before={"ttl": entry.ttl, "values": entry.values, "mode": entry.mode},
        source=entry.origin,
        reason=reason,
    ).save()
    entry.delete()
