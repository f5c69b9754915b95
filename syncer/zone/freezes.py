"""Whether a person holds all writes (product: "Hold all writes"), and what follows from that for a zone."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from math import inf

from syncer import metrics
from syncer.errors import WritesFrozen
from syncer.ledger import Freeze, Ledger

log = logging.getLogger(__name__)

POLL = 1.0
"""Seconds between two looks while nothing is written. Before each write there is one in any case."""


class WriteFreezes:
    """Of one target and its ``zones``, as the ledger told them last. ``is_off``: in a dry run, which writes nothing and
    may say what waits."""

    def __init__(self, ledger: Ledger, target_name: str, zones: Collection[str], *, is_off: bool) -> None:
        self.current: Sequence[Freeze] = ()
        self._ledger = ledger
        self._target_name = target_name
        self._zones = zones
        self._is_off = is_off
        self._due = 0.0
        for zone in zones:
            metrics.WRITES_FROZEN.labels(self._target_name, zone).set(0)

    @property
    def is_everywhere(self) -> bool:
        return all(self.find(zone) for zone in self._zones)

    def read_due(self, now: float) -> None:
        """Look again, if it is time. Raises ``LedgerError``."""
        if not self._is_off and now >= self._due:
            self._read()
            self._due = now + POLL

    def find(self, name: str) -> Freeze | None:
        """What holds the writes to the zone of this name; of several, what does so for longest."""
        return max((freeze for freeze in self.current if freeze.covers(name)), key=_end_of, default=None)

    def check(self, name: str) -> None:
        """Raises ``WritesFrozen`` where writes to the zone of this name are held by now, and ``LedgerError``."""
        if self._is_off:
            return
        self._read()
        if freeze := self.find(name):
            raise WritesFrozen(str(freeze))

    def _read(self) -> None:
        before, self.current = self.current, self._ledger.freezes(self._target_name)
        if self.current == before:
            return
        for freeze in self.current:
            if freeze not in before:
                log.warning("From now on %s", freeze, extra={"zone": freeze.zone} if freeze.zone else None)
        for freeze in before:
            if freeze not in self.current:
                log.info("The hold of %s on all writes to %s is over", freeze.actor, freeze.zone or "every zone")
        for zone in self._zones:
            metrics.WRITES_FROZEN.labels(self._target_name, zone).set(self.find(zone) is not None)


def _end_of(freeze: Freeze) -> float:
    return freeze.until.timestamp() if freeze.until else inf
