"""How the running syncer is doing, as it told of itself last."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from records.database_errors import find_full_disk
from syncer.config import Managed

SILENCE = timedelta(seconds=20)
"""Four missed heartbeats: the syncer is gone, or hangs."""


class SyncStatus(models.Model):
    """How the running syncer is doing: one row, rewritten by the syncer every few seconds."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    holder = models.CharField(max_length=200, help_text="host name and process id")
    identity = models.CharField(max_length=255, default="", db_default="", editable=False)
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True, blank=True, help_text="when it ended in order; null while it runs")
    last_pass_at = models.DateTimeField(null=True, blank=True)
    next_pass_at = models.DateTimeField(null=True, blank=True)
    last_change_at = models.DateTimeField(null=True, blank=True)
    queue = models.PositiveIntegerField(default=0, help_text="names that wait for a pass or a retry")
    target = models.CharField(max_length=100, help_text="what it writes to: technitium, hosts")
    target_problem = models.TextField(blank=True)
    target_warning = models.TextField(
        blank=True, default="", db_default="", help_text="what is wrong although it can be written to"
    )
    problems = models.JSONField(null=True, help_text="as /readyz tells them; null: a version before wrote the row")
    problems_since = models.DateTimeField(null=True, blank=True, help_text="null: there are none")
    warnings = models.JSONField(null=True, help_text="likewise")
    kinds = models.JSONField(default=list, help_text="state, reason and number of objects by kind")
    zones = models.JSONField(default=dict, help_text="problem by zone; empty text when there is none")
    vitals = models.JSONField(null=True, editable=False, help_text="of the servers that it talks to, by syncer.vitals")
    known_version = models.CharField(max_length=50, default="", db_default="", editable=False)
    known_settings = models.JSONField(default=dict, editable=False, help_text="of the last start that went well")

    class Meta:
        verbose_name_plural = "sync status"
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(id=1), name="one_status_row")]

    def __str__(self) -> str:
        return f"{self.holder}, {self.target}"

    @classmethod
    def read(cls) -> SyncStatus | None:
        """With the time of the database, which tells that of the heartbeat, too."""
        return cls.objects.annotate(now=Now()).first()

    @classmethod
    def find_target(cls) -> str:
        """The name of the target that is written to."""
        return name_target(cls.read())

    @property
    def is_silent(self) -> bool:
        return self._age > SILENCE or self.is_ahead

    @property
    def is_ahead(self) -> bool:
        """Whether its heartbeat is from before the clock was set back: a syncer that lives moves it within seconds."""
        return self._age < -SILENCE

    @property
    def _age(self) -> timedelta:
        now: datetime = getattr(self, "now", None) or timezone.now()
        return now - self.heartbeat_at

    def list_problems(self) -> list[str]:
        """As /readyz of the syncer tells them; of one that has fallen silent, that it has, and perhaps why."""
        if self.is_silent:
            silence = f"the syncer has not reported since {self.heartbeat_at:%Y-%m-%d %H:%M:%S} UTC"
            set_back = ", which is still to come: the clock was set back" if self.is_ahead else ""
            return [*filter(None, [find_full_disk()]), silence + set_back]
        return list(self.problems or ())

    @property
    def trouble_since(self) -> datetime | None:
        """Since when there is any of ``list_problems``; None where there is none, or where that is not known."""
        if self.is_silent:
            return None if self.is_ahead else self.heartbeat_at
        return self.problems_since

    @property
    def writes_dns(self) -> bool:
        """Whether a DNS server can be asked for what it wrote, on any target."""
        return set(self.target.split(", ")) != {"hosts"}


def name_target(status: SyncStatus | None) -> str:
    """The name of the first target: the one that there is, ``hosts`` where the syncer that ran last wrote a hosts
    file."""
    several: Mapping[str, Managed] = settings.MANAGED_TARGETS
    if several:
        return next(iter(several))
    return "hosts" if status is not None and not status.writes_dns else "default"
