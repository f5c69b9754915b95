"""A ledger that can be killed between any two steps, and says when it has seen the objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from records.ledger import DatabaseLedger
from records.rows import ZoneKey
from records.zone_ledger import DatabaseZoneLedger


class Died(BaseException):
    """kill -9."""


class Life:
    """Ends after so many steps: what was not written down by then never is."""

    def __init__(self) -> None:
        self.left: int | None = None

    def step(self, *_: object) -> None:
        if self.left is not None:
            if self.left <= 0:
                raise Died
            self.left -= 1


class MortalZoneLedger(DatabaseZoneLedger):
    """Before and after each transaction is a step."""

    def __init__(self, key: ZoneKey, life: Life) -> None:
        super().__init__(key)
        self.life = life

    def claim_changes(self, *args: Any) -> None:
        self.life.step()
        super().claim_changes(*args)
        self.life.step()

    def record_pass(self, *args: Any) -> None:
        self.life.step()
        super().record_pass(*args)
        self.life.step()


class MortalLedger(DatabaseLedger):
    """``noted`` is called when it remembers what the syncer was told of the objects, ``counted`` with each count of the
    time in which names are kept."""

    def __init__(
        self,
        life: Life,
        noted: Callable[[], None] = lambda: None,
        counted: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__()
        self.life = life
        self.noted = noted
        self.counted = counted

    def zone(self, target: str, name: str) -> MortalZoneLedger:
        return MortalZoneLedger(ZoneKey(target, name), self.life)

    def save_sources(self, *args: Any, **options: Any) -> frozenset[str]:
        self.life.step()
        ended = super().save_sources(*args, **options)
        self.noted()
        self.life.step()
        return ended

    def forget_sources(self, *args: Any) -> None:
        super().forget_sources(*args)
        self.noted()

    def count_detached(self, *args: Any) -> list[str]:
        self.life.step()
        over = super().count_detached(*args)
        self.counted()
        self.life.step()
        return over
