"""What the ledger is told of names that DNS answers otherwise than one would think."""

from __future__ import annotations

from collections.abc import Mapping

from syncer.core.scope import Scope
from syncer.ledger import ZoneLedger


class ShadowNotes:
    """Of one zone. Most have nothing to tell, and a transaction costs time: that there are no shadows is told once, and
    what answers for other names when it has changed."""

    def __init__(self, zone_name: str, scope: Scope, rows: ZoneLedger) -> None:
        self._zone_name = zone_name
        self._scope = scope
        self._rows = rows
        self._has_shadows = True
        """The last full pass told of such names; or there was none."""
        self._others: tuple[set[str], set[str]] | None = None

    def save_shadows(self, shadows: Mapping[str, str]) -> None:
        """``shadows`` are all such names of the zone."""
        if shadows or self._has_shadows:  # who names them may be another one than before
            self._rows.save_shadows(shadows, self._manages)
            self._has_shadows = bool(shadows)

    def save_others(self, others: tuple[set[str], set[str]]) -> None:
        """Of a list of the zone, what answers for names that are not there: foreign wildcards, and delegations."""
        if others != self._others:
            self._rows.save_others(*others)
            self._others = others

    def _manages(self, name: str) -> bool:
        return self._scope.find_zone(name) == self._zone_name
