"""When people hold all writes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from records.target_field import target_field
from syncer.ledger import Freeze

REASON_LIMIT = 500


class WriteFreezeQuerySet(models.QuerySet["WriteFreeze"]):
    def with_now(self) -> WriteFreezeQuerySet:
        """With the time of the database, by which it is judged whether they are over."""
        return self.annotate(now=Now())

    def unended(self) -> WriteFreezeQuerySet:
        """Of which no one has said that they are over; by the clock some may be."""
        return self.with_now().filter(ended_at=None).order_by("id")


class WriteFreeze(models.Model):
    """Nothing is written to a zone, or to any, until a time or until someone ends that. Rows stay, as history."""

    target = target_field("", "name of the target; empty for every one")
    zone = models.CharField(max_length=253, blank=True, help_text="empty: every zone")
    until = models.DateTimeField(null=True, blank=True, help_text="null: until someone ends it")
    reason = models.CharField(max_length=REASON_LIMIT, blank=True)
    set_at = models.DateTimeField(db_default=Now())
    set_by = models.CharField(max_length=200)
    ended_at = models.DateTimeField(null=True, blank=True, help_text="null: no one has ended it")
    ended_by = models.CharField(max_length=200, blank=True, help_text="syncer: its time was over")

    objects: ClassVar[WriteFreezeQuerySet] = WriteFreezeQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["target", "zone"], condition=models.Q(ended_at=None), name="one_freeze_a_zone"
            ),
        ]
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"hold on all writes to {self.zone or 'every zone'}{f' on {self.target}' if self.target else ''}"

    @property
    def is_over(self) -> bool:
        """Whether its time is over. For rows ``with_now``."""
        return self.until is not None and self.until <= self._now

    @property
    def is_current(self) -> bool:
        """Whether writes are held by it. For rows ``with_now``."""
        return self.ended_at is None and not self.is_over

    @property
    def seconds_left(self) -> float | None:
        """None: it has no end. For rows ``with_now``."""
        return None if self.until is None else max(0.0, (self.until - self._now).total_seconds())

    @property
    def _now(self) -> datetime:
        now: datetime = self.now  # type: ignore[attr-defined]  # the annotation
        return now

    @property
    def freeze(self) -> Freeze:
        return Freeze(self.zone, self.until, self.set_by, self.reason, self.target)


def moment_in(length: timedelta | None) -> models.Expression | None:
    """So long from now, by the clock of the database; None: never."""
    if length is None:
        return None
    return models.ExpressionWrapper(Now() + length, output_field=models.DateTimeField())
