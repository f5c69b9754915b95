"""What other processes ask for, done: sync, adopt, heal, release, delete, and the decisions on held deletes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import groupby

from syncer.core.names import BadName, canonical, zone_of
from syncer.ledger import Ledger, Request
from syncer.zone.apply import TURN, Reconciler
from syncer.zone.queue import SLICE, ZoneWork
from syncer.zone.result import PassResult, counted

WITHOUT_TARGET = frozenset({"approve", "reject", "release"})
"""Actions that need no answer of the target."""

TOGETHER = {"sync": SLICE, "adopt": SLICE, "heal": SLICE, "delete": TURN, "release": SLICE}
"""How many requests of an action are answered in one pass; of those that are not here, one."""


def batches(requests: Iterable[Request]) -> Iterator[list[Request]]:
    """The requests in their order, those together that one pass can answer: a click on a thousand names is a thousand
    requests in a row."""
    for (action, _, _), alike in groupby(
        requests, key=lambda request: (request.action, request.actor, not request.name)
    ):
        batch: list[Request] = []
        for request in alike:
            batch.append(request)
            if len(batch) >= TOGETHER.get(action, 1):
                yield batch
                batch = []
        if batch:
            yield batch


class RequestHandler:
    """``finish(zone, names, outcomes)`` is the loop's: it crosses off what a pass dealt with."""

    def __init__(
        self,
        reconciler: Reconciler,
        ledger: Ledger,
        zones: Mapping[str, ZoneWork],
        finish: Callable[[str, set[str], PassResult], None],
    ) -> None:
        self._reconciler = reconciler
        self._ledger = ledger
        self._zones = zones
        self._finish = finish

    def answer(self, batch: Sequence[Request]) -> list[str]:
        """Do what a batch asks for; what came of each request, in words. Raises what target and ledger raise."""
        placed = [self._place(request) for request in batch]
        answers = [self._refuse(request) for request in placed]
        good = [request for request, refusal in zip(placed, answers, strict=True) if not refusal]
        done: dict[int, str] = {}
        for zone, requests in groupby(sorted(good, key=lambda request: request.zone), key=lambda request: request.zone):
            done |= self._do(zone, list(requests))
        return [refusal or done[request.id] for request, refusal in zip(placed, answers, strict=True)]

    def _place(self, request: Request) -> Request:
        """With the name as we spell it, and its zone."""
        name = request.name
        with suppress(BadName):
            name = canonical(name) if name else ""
        return request._replace(name=name, zone=request.zone or (zone_of(name, self._zones) or "?" if name else ""))

    def _refuse(self, request: Request) -> str:
        if request.zone and request.zone not in self._zones and request.action != "release":
            return f"{request.name or request.zone} is in no managed zone"
        if request.action not in (*TOGETHER, "approve", "reject"):
            return f"there is no action {request.action!r}"
        if request.action in ("adopt", "heal", "release", "delete") and not request.name:
            return f"{request.action} needs a name"
        return ""

    def _do(self, zone: str, requests: Sequence[Request]) -> dict[int, str]:
        """All of one action, one actor and one zone."""
        first = requests[0]
        names = {request.name for request in requests}
        match first.action:
            case "approve" | "reject":
                return {request.id: self._decide(request) for request in requests}
            case "sync" if not first.name:
                for key in [zone] if zone else self._zones:
                    self._reconciler.views.pop(key, None)
                    self._zones[key].look_again()
                return {request.id: f"full pass of {zone or 'every zone'}" for request in requests}
            case "release":
                counts = {
                    request.id: self._ledger.release(zone, [request.name], request.type, request.actor)
                    for request in requests
                }
                self._reconciler.views.pop(zone, None)
                if zone in self._zones:
                    self._zones[zone].names |= names  # where they are wanted, they show as somebody else's from now on
                return {key: f"{counted(count, 'record')} released" for key, count in counts.items()}
            case "delete":
                gone = self._reconciler.delete(zone, _types(requests), first.actor).changes
                return {request.id: f"{counted(gone[request.name], 'record')} deleted" for request in requests}
        outcomes = self._reconciler.pass_for(
            zone,
            names,
            adopt=first.action == "adopt",
            heal=_types(requests) if first.action == "heal" else {},
            actor=first.actor,
        )
        self._finish(zone, names, outcomes)
        return {request.id: outcomes.in_words(request.name) for request in requests}

    def _decide(self, request: Request) -> str:
        count = self._ledger.decide_hold(request, request.action == "approve")
        for work in self._zones.values():
            work.look_again()
        return f"{counted(count, 'delete')} {'approved' if request.action == 'approve' else 'rejected'}"


def _types(requests: Iterable[Request]) -> dict[str, set[str]]:
    """The record types that are meant, by name; "" means all."""
    types: dict[str, set[str]] = {}
    for request in requests:
        types.setdefault(request.name, set()).add(request.type)
    return types
