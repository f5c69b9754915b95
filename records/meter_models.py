"""What the syncer measured, by the minute."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.db import models

from records.target_field import target_field

KEPT = timedelta(hours=25)
"""A day, and the hour that has begun."""


class MeasuredCount(models.Model):
    """``number`` counts all of the minute, ``failed`` those of them that failed; the rest is of those that did not.
    ``syncer.meters`` has the bounds of the buckets, and the subjects."""

    at = models.DateTimeField(help_text="when the minute began")
    subject = models.CharField(max_length=20)
    target = target_field("", "name of the target; empty where it is about none")
    zone = models.CharField(max_length=253, blank=True)
    number = models.PositiveIntegerField()
    failed = models.PositiveIntegerField()
    milliseconds = models.FloatField(help_text="of all together")
    slowest = models.FloatField()
    buckets = models.JSONField()

    class Meta:
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["at", "subject", "target", "zone"], name="one_count_a_minute"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} at {self.at:%H:%M}"
