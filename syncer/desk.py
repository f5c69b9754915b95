"""What people ask for, handed to the targets that are meant, and answered once each of these did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from threading import Lock

from syncer.core.names import BadName, canonical_name, zone_of
from syncer.ledger import Ledger, Request

POLL = 1.0
"""Seconds between two looks for requests of other processes."""


class RequestDesk:
    """Thread-safe, but for ``poll_due``, which is the main loop's. ``zones`` are those of each target, by its name, in
    the order of the settings."""

    def __init__(self, zones: Mapping[str, Sequence[str]]) -> None:
        self.due = 0.0
        self._zones = zones
        self._lock = Lock()
        self._waiting: dict[int, Request] = {}
        self._outcomes: dict[int, dict[str, str]] = {}
        """What came of each of those, by the targets that answered."""

    def poll_due(self, ledger: Ledger, now: float) -> None:
        """Raises ``LedgerError``."""
        if now < self.due:
            return
        self.due = now + POLL
        with self._lock:
            answered = {key: it for key, it in self._outcomes.items() if self._is_answered(key, it)}
        waiting = {request.id: request for request in ledger.requests()}
        if unwritten := {key: self._join_outcomes(it) for key, it in answered.items() if key in waiting}:
            ledger.answer_requests(unwritten)  # the database was away, or has it from a thread in this moment
        with self._lock:
            # What was answered while we looked may be waiting still, as far as we saw.
            self._outcomes = {key: it for key, it in self._outcomes.items() if key not in answered}
            self._waiting = {key: request for key, request in waiting.items() if key not in answered}

    def list_waiting(self, target: str) -> list[Request]:
        """Those in which the target is meant and has not answered yet, the oldest first."""
        with self._lock:
            return [
                request
                for key, request in self._waiting.items()
                if target in self._list_meant(request) and target not in self._outcomes.get(key, ())
            ]

    def answer_requests(self, target: str, outcomes: Mapping[int, str], ledger: Ledger) -> None:
        """``outcomes`` are words, by the ids of requests. Raises ``LedgerError``."""
        whole: dict[int, str] = {}
        with self._lock:
            for key, outcome in outcomes.items():
                told = self._outcomes.setdefault(key, {})
                told[target] = outcome
                if self._is_answered(key, told):
                    whole[key] = self._join_outcomes(told)
        if whole:
            ledger.answer_requests(whole)

    def _is_answered(self, key: int, outcomes: Mapping[str, str]) -> bool:
        request = self._waiting.get(key)
        return request is None or outcomes.keys() >= set(self._list_meant(request))

    def _list_meant(self, request: Request) -> Sequence[str]:
        """The targets that have to answer: those that manage what it is about, or else the first, which says so."""
        everyone = tuple(self._zones)
        if request.target:
            return (request.target,) if request.target in self._zones else everyone[:1]
        if not (request.zone or request.name):
            return everyone
        name = request.name
        with suppress(BadName):
            name = canonical_name(name)
        managing = (
            target
            for target, zones in self._zones.items()
            if (request.zone in zones if request.zone else zone_of(name, zones) is not None)
        )
        return tuple(managing) or everyone[:1]

    def _join_outcomes(self, outcomes: Mapping[str, str]) -> str:
        """Of one request; as one text."""
        if len(set(outcomes.values())) == 1:
            return next(iter(outcomes.values()))
        return "; ".join(f"{target}: {outcomes[target]}" for target in self._zones if target in outcomes)
