"""History is added to, and never rewritten."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NoReturn, TypeVar

from django.db import models

M = TypeVar("M", bound=models.Model)


class AppendOnly(TypeError):
    """An attempt to rewrite history."""


class AuditQuerySet(models.QuerySet[M]):
    """Refuses what would rewrite history."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnly("audit entries are never changed")

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly("audit entries are never changed")

    def bulk_create(self, objs: Iterable[M], *args: Any, **kwargs: Any) -> list[M]:
        if kwargs.get("update_conflicts"):
            raise AppendOnly("audit entries are never changed")
        return super().bulk_create(objs, *args, **kwargs)

    def delete(self) -> NoReturn:
        raise AppendOnly("audit entries are never deleted, but by retention: forget_before()")

    def forget_before(self, moment: datetime) -> int:
        """Retention: the only way out. How many went."""
        return self.filter(at__lt=moment)._raw_delete(self.db)
