"""What other processes ask for, done: sync, adopt, release, delete, and the decisions on held deletes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from syncer.core.names import BadName, canonical, zone_of
from syncer.ledger import Ledger, Request
from syncer.reconcile import Outcomes, Reconciler
from syncer.work import ZoneWork

WITHOUT_TARGET = frozenset({"approve", "reject", "release"})
"""Actions that need no answer of the target."""


class Answers:
    """``finish(zone, names, outcomes)`` is the loop's: it crosses off what a pass dealt with."""

    def __init__(
        self,
        reconciler: Reconciler,
        ledger: Ledger,
        zones: Mapping[str, ZoneWork],
        finish: Callable[[str, set[str], Outcomes], None],
    ) -> None:
        self._reconciler = reconciler
        self._ledger = ledger
        self._zones = zones
        self._finish = finish

    def answer(self, request: Request) -> str:
        """Do it; what came of it, in words. Raises what the target and the ledger raise."""
        with suppress(BadName):
            request = request._replace(name=canonical(request.name) if request.name else "")
        zone = request.zone or (zone_of(request.name, self._zones) if request.name else "")
        if zone is None or (zone and zone not in self._zones):
            return f"{request.name or request.zone} is in no managed zone"
        match request.action:
            case "approve" | "reject":
                return self._decide(request)
            case "sync" if not request.name:
                for key in [zone] if zone else self._zones:
                    self._reconciler.views.pop(key, None)
                    self._zones[key].look_again()
                return f"full pass of {zone or 'every zone'}"
            case "sync" | "adopt" | "release" | "delete" if not (request.name and zone):
                return f"{request.action} needs a name"
            case "release":
                count = self._ledger.release(zone, [request.name], request.type, request.actor)
                self._reconciler.views.pop(zone, None)
                return f"{count} records released"
            case "delete":
                outcomes = self._reconciler.delete(zone, [request.name], request.type, request.actor)
                return f"{outcomes.changed} records deleted"
            case "sync" | "adopt" as action:
                adopt = action == "adopt"
                outcomes = self._reconciler.pass_for(zone, [request.name], adopt=adopt, actor=request.actor)
                self._finish(zone, {request.name}, outcomes)
                return f"{outcomes.changed} records changed"
        return f"there is no action {request.action!r}"

    def _decide(self, request: Request) -> str:
        count = self._ledger.decide_hold(request, request.action == "approve")
        for work in self._zones.values():
            work.look_again()
        return f"{count} deletes {'approved' if request.action == 'approve' else 'rejected'}"
