"""What DNS servers answer for our records, as they were last asked."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class RecordAnswer(models.Model):
    """What the DNS servers answer for one ``ManagedRecord``.

    The database does not hold on to the record: the syncer deletes records by the hundred, and would look here for each
    of them. What has lost its record goes within a minute (``records.propagation.turns``).
    """

    class Result(models.TextChoices):
        RIGHT = "right", "right"
        WRONG = "wrong", "wrong"
        UNANSWERED = "unanswered", "unanswered"
        DELEGATED = "delegated", "delegated to other servers"

    record = models.OneToOneField(
        "records.ManagedRecord", on_delete=models.DO_NOTHING, db_constraint=False, related_name="dns_answer"
    )
    target = models.CharField(max_length=32)
    zone = models.CharField(max_length=253)
    result = models.CharField(max_length=10, choices=Result.choices, blank=True, help_text="empty: not known yet")
    reason = models.TextField(blank=True, help_text="what came instead, or why nothing came")
    since = models.DateTimeField(db_default=Now(), help_text="when the result became what it is")
    asked_at = models.DateTimeField(null=True)
    again_at = models.DateTimeField(null=True, help_text="when to ask before its turn comes")
    misses = models.PositiveSmallIntegerField(default=0, help_text="askings in a row that were not right")
    of_change = models.DateTimeField(help_text="changed_at of the record as it is asked for")

    class Meta:
        default_permissions: ClassVar = ()
        indexes: ClassVar = [
            models.Index(fields=["asked_at"], condition=models.Q(again_at=None), name="answer_in_turn"),
            models.Index(fields=["again_at"], condition=models.Q(again_at__isnull=False), name="answer_soon"),
            models.Index(fields=["result"], name="answer_by_result"),
        ]

    def __str__(self) -> str:
        return f"record {self.record_id}: {self.result or 'not known yet'}"

    @property
    def is_trouble(self) -> bool:
        return self.result in TROUBLE_RESULTS


TROUBLE_RESULTS = (RecordAnswer.Result.WRONG, RecordAnswer.Result.UNANSWERED)
