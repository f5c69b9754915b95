"""History is added to, and never rewritten."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NoReturn, TypeVar

from django.db import models

STEP = 10_000
"""Keys of one delete."""

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
        """Retention by age: one of the two ways out. How many went."""
        return self.filter(at__lt=moment)._raw_delete(self.db)

    def forget_beyond(self, most: int, used: models.Q) -> int:
        """Retention by number, the other one: the oldest, but not the last of a name that is ``used``. How many
        went."""
        first = self.order_by("-pk").values_list("pk", flat=True)[most - 1 : most].first()
        oldest = self.order_by("pk").values_list("pk", flat=True).first()
        if first is None or oldest is None:
            return 0
        newer = self.filter(name=models.OuterRef("name"), pk__gt=models.OuterRef("pk"))
        gone = 0
        for start in range(oldest, first, STEP):  # each a transaction of its own, which holds up no other for long
            old = self.filter(pk__gte=start, pk__lt=min(start + STEP, first))
            lasting = old.exclude(name="").filter(~models.Exists(newer), used).values("pk")
            gone += old.exclude(pk__in=lasting)._raw_delete(self.db)
        return gone
