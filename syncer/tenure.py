"""One syncer on a database at a time: a start looks whether another one is at work (product: "Several replicas")."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

from syncer.identity import ProcessIdentity
from syncer.ledger import AnotherSyncer, Holder, Ledger, LedgerError

log = logging.getLogger(__name__)

LOOK = 6.0
"""Seconds for which a start watches a heartbeat that may be that of a living syncer. It moves every five; where its
process is there to be seen, it may only be late, as on a busy machine, and has ``SILENCE``."""

GLANCE = 0.25
"""Seconds between two looks."""

SILENCE = 20.0
"""Seconds after which a heartbeat is that of a syncer that ended, where one clock tells the time of both."""

DIFFERENCE = 86_400.0
"""Seconds that must be added where it is another machine's clock: it may have been set by hand, or be without power."""

RENEWAL = 5.0
"""Seconds between two heartbeats in work that takes long."""


class Tenure:
    """Of this process, on the database of ``ledger``. As a context, it ends in what the next start need not wait for,
    but for an end that was forced. ``clock`` is monotonic."""

    def __init__(self, ledger: Ledger, target: str, clock: Callable[[], float]) -> None:
        self.is_held = False
        self._ledger = ledger
        self._target = target
        self._clock = clock
        self._me = ProcessIdentity.of_this_process()
        self._watched: Holder | None = None
        self._until = 0.0
        self._renewal_due = 0.0

    def __enter__(self) -> Tenure:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.is_held and (kind is None or issubclass(kind, Exception)):
            self.is_held = False
            with suppress(LedgerError):  # the next start finds out, and takes a moment for it
                self._ledger.release()

    def advance(self) -> bool:
        """Whether this is the syncer of the database now; if not, call it again after a ``GLANCE``. Raises
        ``AnotherSyncer`` and ``LedgerError``."""
        if self.is_held:
            return True
        try:
            holder = self._ledger.holder()
            if self._may_take(holder):
                self.is_held = self._ledger.take_over(holder, self._me, self._target)
        except LedgerError:
            self._watched = None  # the other one may have been unable to write its heartbeat, too
            raise
        return self.is_held

    def renew_due(self) -> None:
        """Say between two steps that we are still at work. Raises ``AnotherSyncer``."""
        if self.is_held and self._clock() >= self._renewal_due:
            self._renewal_due = self._clock() + RENEWAL
            with suppress(LedgerError):  # the next write of the ledger tells it
                self._ledger.renew()

    def _may_take(self, holder: Holder | None) -> bool:
        if holder is None or has_ended(holder, self._me):
            return True
        if self._watched is None:
            seconds = SILENCE if self._me.sees(holder.identity) else LOOK
            self._watched, self._until = holder, self._clock() + seconds
            log.info("Another syncer may be at work (%s): its heartbeat is watched for %.0f s", holder, seconds)
        elif holder != self._watched:
            raise AnotherSyncer(
                f"another syncer is at work on this database: {holder}; stop it first, or give this one a database of"
                " its own (DATABASE_URL, DATA_DIR); --dry-run works beside it"
            )
        return self._clock() >= self._until


def has_ended(holder: Holder, me: ProcessIdentity) -> bool:
    """Whether that is certain without watching its heartbeat."""
    if holder.has_stopped or me.sees_end_of(holder.identity):
        return True
    if me.sees(holder.identity):
        return False  # its process is there, and may only have slept, as this machine did
    has_one_clock = me.has_clock_of(holder.identity) or (holder.is_exact and bool(holder.identity.number))
    return holder.age > SILENCE + (0.0 if has_one_clock else DIFFERENCE)
