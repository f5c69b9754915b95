"""What a loop does about a database that does not answer, and about mistakes of ours: it tells, and tries again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from syncer import metrics
from syncer.ledger import LedgerError
from syncer.pacing import BackOff

log = logging.getLogger(__name__)


class ShownProblem(Protocol):
    """Where the problem of the database is shown."""

    database_problem: str


class DatabaseTrouble:
    """Of one loop; ``about`` is the name of its target, "" for all."""

    def __init__(self, health: ShownProblem, clock: Callable[[], float], about: str = "") -> None:
        self._health = health
        self._clock = clock
        self._about = about
        self._extra = {"target": about} if about else None
        self._back_off = BackOff()

    @property
    def not_before(self) -> float:
        """When the next turn may be, by the clock."""
        return self._back_off.not_before

    @contextmanager
    def watching(self, doubt_ledger: Callable[[], None]) -> Iterator[None]:
        """Around a turn. ``doubt_ledger`` is called where the database did not answer."""
        try:
            yield
        except LedgerError as error:
            delay = self._back_off.failed(self._clock())
            log.warning("%s; next try in %.0f s", error, delay, extra=self._extra)
            self._health.database_problem = str(error)
            metrics.RECONCILE_ERRORS.labels(self._about, "all", "database").inc()
            doubt_ledger()
        except Exception:  # a mistake of ours in one place must not end the rest, nor a restart meet it again at once
            delay = self._back_off.failed(self._clock())
            log.exception("internal error; next try in %.0f s", delay, extra=self._extra)
            metrics.RECONCILE_ERRORS.labels(self._about, "all", "internal").inc()
        else:
            self._back_off.succeeded()
            self._health.database_problem = ""
