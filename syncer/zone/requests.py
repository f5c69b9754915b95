"""What other processes ask for, done: sync, adopt, keep, undo, remediate, release, delete, remove, and the decisions on
held deletes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import groupby

from syncer.core.compare import NameRequest
from syncer.core.names import BadName, canonical_name, zone_of
from syncer.ledger import Ledger, Request
from syncer.zone.apply import TURN
from syncer.zone.result import PassResult, count_noun
from syncer.zone.slices import SMALLEST
from syncer.zone.zone import Zone

WITHOUT_TARGET = frozenset({"approve", "reject", "release"})
"""Actions that need no answer of the target."""

TOGETHER = {"delete": TURN, "remove": TURN} | dict.fromkeys(("sync", "adopt", "keep", "remediate", "release"), SMALLEST)
"""How many requests of an action are answered in one pass; of those that are not here, one."""

NAMED = frozenset({"adopt", "keep", "undo", "remediate", "release", "delete", "remove"})
"""Actions that are about one name."""

WRITING = frozenset({"adopt", "keep", "remediate"})
"""Actions of which each request may be a change that has to be made in its pass."""


FROZEN = NAMED - {"release"}
"""Actions that are a write to the target, and wait while all writes are held."""


def split_batches(requests: Iterable[Request], *, bulky: bool) -> Iterator[list[Request]]:
    """The requests in their order, those together that one pass can answer: a click on a thousand names is a thousand
    requests in a row. ``bulky``: many changes cost the target no more than one."""
    for (action, _, _), alike in groupby(
        requests, key=lambda request: (request.action, request.actor, not request.name)
    ):
        most = TURN if action in WRITING and not bulky else TOGETHER.get(action, 1)
        batch: list[Request] = []
        for request in alike:
            batch.append(request)
            if len(batch) >= most:
                yield batch
                batch = []
        if batch:
            yield batch


class RequestHandler:
    """For the zones of one target."""

    def __init__(self, target_name: str, zones: Mapping[str, Zone], ledger: Ledger) -> None:
        self._target_name = target_name
        self._zones = zones
        self._ledger = ledger

    def answer_batch(self, batch: Sequence[Request]) -> list[str]:
        """Do what a batch asks for; what came of each request, in words. Raises what target and ledger raise."""
        placed = [self._place_request(request) for request in batch]
        refusals = [self._refuse_request(request) for request in placed]
        good = [request for request, refusal in zip(placed, refusals, strict=True) if not refusal]
        done: dict[int, str] = {}
        for _, requests in groupby(sorted(good, key=lambda request: request.zone), key=lambda request: request.zone):
            done |= self._answer_zone(list(requests))
        return [refusal or done[request.id] for request, refusal in zip(placed, refusals, strict=True)]

    def has_to_wait(self, request: Request) -> bool:
        """Whether it would write to a zone to which a person holds all writes."""
        if request.action not in FROZEN:
            return False
        zone = self._zones.get(self._place_request(request).zone)
        return zone is not None and zone.freeze is not None

    def _place_request(self, request: Request) -> Request:
        """With the name as we spell it, and its zone."""
        name = request.name
        with suppress(BadName):
            name = canonical_name(name) if name else ""
        return request._replace(name=name, zone=request.zone or (zone_of(name, self._zones) or "?" if name else ""))

    def _refuse_request(self, request: Request) -> str:
        if self._is_foreign(request) and request.action not in WITHOUT_TARGET:
            return f"target {request.target} is not written by this syncer"
        if request.zone and request.zone not in self._zones and request.action != "release":
            return f"{request.name or request.zone} is in no managed zone"
        if request.action not in (*TOGETHER, "undo", "approve", "reject"):
            return f"there is no action {request.action!r}"
        if request.action in NAMED and not request.name:
            return f"{request.action} needs a name"
        return ""

    def _is_foreign(self, request: Request) -> bool:
        """Whether it is about a target that we do not write: one of before, or of another syncer."""
        return request.target not in ("", self._target_name)

    def _answer_zone(self, requests: Sequence[Request]) -> dict[int, str]:
        """All of one action, one actor and one zone."""
        first = requests[0]
        match first.action:
            case "approve" | "reject":
                return {request.id: self._decide_hold(request) for request in requests}
            case "sync" if not first.name:
                meant = [self._zones[first.zone]] if first.zone else list(self._zones.values())
                for zone in meant:
                    zone.invalidate()
                outcome = f"full pass of {first.zone or 'every zone'}{_tell_freezes(meant)}"
                return {request.id: outcome for request in requests}
            case "release":
                return {request.id: self._release_name(request) for request in requests}
        zone = self._zones[first.zone]
        if first.action == "sync" and zone.freeze:
            zone.enqueue(request.name for request in requests)
            return {request.id: f"{zone.freeze}: it is compared when that ends" for request in requests}
        if first.action == "delete":
            done = zone.operations.delete_records(_group_types(requests), first.actor)
            return {request.id: _describe_deletion(request.name, done) for request in requests}
        if first.action == "remove":
            done = zone.operations.remove_kept(_group_types(requests), first.actor)
            return {request.id: done.describe_name(request.name) for request in requests}
        if first.action == "undo":
            return {request.id: zone.operations.undo_replacement(request.id, request.actor) for request in requests}
        result = zone.run_pass(_group_types(requests).keys(), _name_requests(requests), first.actor)
        outcomes = {request.id: result.describe_name(request.name) for request in requests}
        idle = [item for item in requests if not result.has_touched(item.name)]
        if first.action == "keep":
            outcomes |= {item.id: zone.operations.give_up_keeping(item.name, item.type, item.actor) for item in idle}
        elif first.action == "adopt":
            reasons = zone.operations.explain_left_alone([item.name for item in idle])
            outcomes |= {item.id: f"not replaced: {reasons[item.name]}" for item in idle if item.name in reasons}
        return outcomes

    def _release_name(self, request: Request) -> str:
        """Also in a zone that is not managed any more."""
        zone = None if self._is_foreign(request) else self._zones.get(request.zone)
        holder = (
            self._ledger.zone(request.target or self._target_name, request.zone) if zone is None else zone.operations
        )
        count = holder.release_records([request.name], request.type, request.actor)
        return f"{count_noun(count, 'record')} released"

    def _decide_hold(self, request: Request) -> str:
        approve = request.action == "approve"
        decided = self._ledger.decide_hold(
            request._replace(target=request.target or self._target_name), approve=approve
        )
        for zone in self._zones.values():
            zone.request_pass()
        waits = _tell_freezes([self._zones[request.zone]]) if approve and request.zone in self._zones else ""
        done = f"{count_noun(decided.number, 'delete')} {'approved' if approve else 'rejected'}{waits}"
        return f"{done}; {decided.missing}" if decided.missing else done


def _tell_freezes(zones: Iterable[Zone]) -> str:
    """What holds the writes to these, to be added to an outcome; "" where nothing does."""
    freezes = dict.fromkeys(str(zone.freeze) for zone in zones if zone.freeze)
    return "".join(f"; {freeze}" for freeze in freezes)


def _describe_deletion(name: str, done: PassResult) -> str:
    """A delete that failed is not tried again: what comes next follows from the claims."""
    if reason := done.reasons.get(name):
        return f"not deleted: {reason}"
    return f"{count_noun(done.changes[name], 'record')} deleted"


def _group_types(requests: Iterable[Request]) -> dict[str, set[str]]:
    """The record types that are meant, by name; "" means all."""
    types: dict[str, set[str]] = {}
    for request in requests:
        types.setdefault(request.name, set()).add(request.type)
    return types


def _name_requests(requests: Sequence[Request]) -> dict[str, NameRequest]:
    match requests[0].action:
        case "adopt" | "keep":
            equal = requests[0].action == "keep"
            return {request.name: NameRequest(adopt=True, equal=equal) for request in requests}
        case "remediate":
            types = _group_types(requests)
            return {name: NameRequest(remediate=frozenset(meant)) for name, meant in types.items()}
    return {}
