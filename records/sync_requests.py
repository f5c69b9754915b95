"""What is asked of the syncer: rows that it reads within a second, and acts on.

``actor`` is a text ("admin", "token ci") that outlives the user. What makes no sense raises ``ValidationError`` with a
sentence.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction

from records.audit import make_entry
from records.entry_values import managed_zones
from records.freezes import current_freezes
from records.locks import editing_entries
from records.models import AuditEntry, DriftFinding, HeldPlan, ManagedRecord, Replacement, SyncRequest
from records.targets import list_targets
from syncer.core.manifest import clip_text
from syncer.core.names import BadName, canonical_name, zone_of

Action = AuditEntry.Action

Ask = SyncRequest.Action

FEW = 20
"""Names that are asked for one by one; more of them are a full pass of their zones, which costs no more."""

HELD_BACK = frozenset({Ask.ADOPT, Ask.KEEP, Ask.UNDO, Ask.REMEDIATE, Ask.DELETE, Ask.REMOVE})
"""What would be a write to the target: refused while all writes are held, for who asks may think otherwise by then."""

_gathered: ContextVar[set[str] | None] = ContextVar("names that wait for the end of gather_requests", default=None)


class Place(NamedTuple):
    """Where the syncer is asked to look: "" for every target, zone, name or type."""

    target: str = ""
    zone: str = ""
    name: str = ""
    type: str = ""

    @classmethod
    def of_row(cls, row: ManagedRecord | DriftFinding) -> Place:
        return cls(row.target, row.zone, row.name, row.type)


def sync_now(actor: str, zone: str = "", name: str = "", target: str = "") -> SyncRequest:
    """Compare one name, one zone, or everything with DNS; on one target, or on each."""
    zones = list_zones(target)
    if name:
        name, zone = read_name(name, zones)
    elif zone and zone not in zones:
        raise ValidationError(f"{zone} is no managed zone ({', '.join(sorted(zones))}).")
    return request_action(actor, Ask.SYNC, Place(target, zone, name))


def sync_names(actor: str, names: Collection[str]) -> list[SyncRequest]:
    """Compare these names, or the zones that they lie in when there are many."""
    with transaction.atomic():
        return [request_action(actor, Ask.SYNC, place) for place in _list_places(names)]


@contextmanager
def gather_requests(actor: str) -> Iterator[None]:
    """What is done to many entries within is one request, so that the syncer and its guard see it as one change."""
    names: set[str] = set()
    with editing_entries():
        token = _gathered.set(names)
        try:
            yield
        finally:
            _gathered.reset(token)
        if names:
            request_sync(actor, names)


def request_sync(actor: str, names: Collection[str]) -> None:
    """The syncer learns of edited entries by a request; the audit entry of the edit tells the rest."""
    if (gathered := _gathered.get()) is not None:
        gathered.update(names)
        return
    SyncRequest.objects.bulk_create(
        SyncRequest(action=Ask.SYNC, requested_by=actor, **place._asdict()) for place in _list_places(names)
    )


def request_about(actor: str, action: Ask, row: ManagedRecord | DriftFinding) -> SyncRequest:
    return request_action(actor, action, Place.of_row(row), source=row.origin)


def request_action(
    actor: str,
    action: Ask,
    place: Place,
    *,
    plan: HeldPlan | None = None,
    deletes: list[int] | None = None,
    replacement: Replacement | None = None,
    source: str = "",
) -> SyncRequest:
    target, zone, name, kind = place
    if action in HELD_BACK:
        _refuse_while_frozen(place)
    asked = make_entry(
        Action.REQUESTED, actor, target=target, zone=zone, name=name, kind=kind, source=source, reason=action.label
    )
    with transaction.atomic():
        request = SyncRequest.objects.create(
            action=action,
            requested_by=actor,
            plan=plan,
            deletes=deletes,
            replacement=replacement,
            **place._asdict(),
        )
        asked.save()
        _expect_answer(place)
    return request


def read_name(text: str, zones: Collection[str]) -> tuple[str, str]:
    """The name in the spelling of the engine, and its zone."""
    try:
        name = canonical_name(text, symbols=False)
    except BadName as error:
        raise ValidationError({"name": f"The name cannot be used: {error}."}) from error
    zone = zone_of(name, zones)
    if zone is None:
        raise ValidationError({"name": f"{name} is in no managed zone ({', '.join(sorted(zones))})."})
    return name, zone


def list_zones(target: str) -> Collection[str]:
    """Of all targets for "". Raises ``ValidationError`` for one that is not in the settings."""
    if not target:
        return managed_zones()
    targets = list_targets()
    if target not in targets:
        raise ValidationError({"target": f"There is no target {clip_text(target)}: give one of {', '.join(targets)}."})
    return targets[target].scope.zones


def _list_places(names: Collection[str]) -> list[Place]:
    zones = managed_zones()
    if len(names) > FEW:
        touched = {zone_of(name, zones) or "" for name in names} - {""}
        return [Place(zone=zone) for zone in sorted(touched)]
    return [Place(zone=zone_of(name, zones) or "", name=name) for name in sorted(names)]


def _refuse_while_frozen(place: Place) -> None:
    for row in current_freezes():
        if row.target in ("", place.target) and row.freeze.covers(place.zone):
            sentence = str(row.freeze)
            raise ValidationError(f"{sentence[0].upper()}{sentence[1:]}: ask again after that, or resume writes first.")


def _expect_answer(place: Place) -> None:
    """What is refused again after a person asked for it is told again, although it was told before."""
    if place.name:
        columns = {column: value for column, value in place._asdict().items() if value}
        ManagedRecord.objects.filter(**columns, refusal__isnull=False).update(refusal=None)
