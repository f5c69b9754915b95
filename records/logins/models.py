from __future__ import annotations

from typing import ClassVar

from django.db import models


class Attempt(models.Model):
    """A password that was tried and was not right, or is being looked at; kept for as long as it counts."""

    at = models.DateTimeField(db_index=True)
    address = models.CharField(max_length=64)
    name = models.CharField(max_length=64, help_text="a digest: people type passwords into the wrong field")

    class Meta:
        default_permissions: ClassVar = ()
        indexes: ClassVar = [models.Index(fields=["address", "at"], name="attempt_by_address")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.address}"
