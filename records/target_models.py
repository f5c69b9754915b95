"""The targets that the syncer writes to, as it told of them last."""

from __future__ import annotations

import re
from typing import ClassVar

from django.db import models


class TargetStatus(models.Model):
    """How one target is doing: a row that the syncer rewrites every few seconds. What is not in the settings any more
    keeps its row, and is not ``in_use``."""

    name = models.CharField(max_length=32, primary_key=True, help_text="as the records say it")
    kind = models.CharField(max_length=20, help_text="technitium, hosts")
    place = models.TextField(blank=True, help_text="where it is: addresses of servers, or a path")
    position = models.PositiveSmallIntegerField(default=0, help_text="in the settings")
    in_use = models.BooleanField("in use", default=True, help_text="the settings of the last start name it")
    problem = models.TextField(blank=True, help_text="why nothing can be done there")
    warning = models.TextField(blank=True, help_text="what is wrong although it can be written to")
    queue = models.PositiveIntegerField(default=0, help_text="names that wait for a pass or a retry")
    last_pass_at = models.DateTimeField(null=True, blank=True)
    next_pass_at = models.DateTimeField(null=True, blank=True)
    last_change_at = models.DateTimeField(null=True, blank=True)
    zones = models.JSONField(default=dict, help_text="problem by zone; empty text when there is none")

    class Meta:
        default_permissions: ClassVar = ()
        verbose_name_plural = "target status"
        ordering: ClassVar = ["position", "name"]

    def __str__(self) -> str:
        return self.name

    @property
    def places(self) -> tuple[str, ...]:
        """What ``place`` lists. A path is one, whatever is in it."""
        return tuple(re.split(r", (?=https?://)", self.place))
