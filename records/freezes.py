"""Holding all writes, and what is held now. Times are the database's, whose clock every process has in common."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db.models.functions import Now

from records.audit import SYNCER, Action, make_entry
from records.freeze_models import WriteFreeze, moment_in


def list_freezes() -> list[WriteFreeze]:
    """Those that no one has ended; of some the time may be over (``is_over``)."""
    return list(WriteFreeze.objects.unended())


def current_freezes() -> list[WriteFreeze]:
    """Those that hold writes now."""
    return [row for row in list_freezes() if not row.is_over]


def set_freeze(actor: str, zone_name: str, length: timedelta | None, reason: str, target_name: str = "") -> WriteFreeze:
    """In the place of one that the zone (or "", every zone) has already on the target, or on every one. Within a
    transaction."""
    former = WriteFreeze.objects.unended().filter(target=target_name, zone=zone_name)
    _end_rows([row for row in former if row.is_over], SYNCER)
    former.update(ended_at=Now(), ended_by=actor)
    row = WriteFreeze.objects.create(
        target=target_name, zone=zone_name, until=moment_in(length), reason=reason, set_by=actor
    )
    row.refresh_from_db()
    until = f"until {row.until:%Y-%m-%d %H:%M:%S} UTC" if row.until else "until someone ends it"
    told = f"{until}: {reason}" if reason else until
    make_entry(Action.FROZEN, actor, target=target_name, zone=zone_name, reason=told).save()
    return row


def end_freeze(actor: str, freeze: WriteFreeze) -> bool:
    """Whether it still was one. Within a transaction."""
    rows = list(WriteFreeze.objects.unended().filter(pk=freeze.pk).select_for_update(of=("self",)))
    _end_rows([row for row in rows if row.is_over], SYNCER)
    live = [row for row in rows if not row.is_over]
    _end_rows(live, actor)
    return bool(live)


def end_over() -> None:
    """End those whose time is over, and tell it. Within a transaction."""
    _end_rows([row for row in list_freezes() if row.is_over], SYNCER)


def _end_rows(rows: Iterable[WriteFreeze], actor: str) -> None:
    for row in rows:
        row.ended_at, row.ended_by = row.now, actor  # type: ignore[attr-defined]  # the annotation
        WriteFreeze.objects.filter(pk=row.pk).update(ended_at=row.ended_at, ended_by=actor)
        reason = "the time of the hold is over" if actor == SYNCER else ""
        make_entry(Action.RESUMED, actor, target=row.target, zone=row.zone, reason=reason).save()
