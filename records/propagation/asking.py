"""One DNS server, and how it is asked: at its pace, and so that a wildcard is not taken for the record.

At the server that owns the zone, what a wildcard gives looks like the record itself. So a name that nobody made is
asked for beside the record: once in a while for each parent, and anew for a record that was not right before. Where
that gets the same answer, a name below the record is asked for as well: a wildcard does not reach below a name that
exists (RFC 4592 section 3.3.1).
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from datetime import datetime
from threading import Lock

from records.propagation.judging import (
    RIGHT,
    Expected,
    Judgement,
    Result,
    find_wildcard_place,
    judge_answer,
    judge_silence,
)
from records.resolve import Answer, Query, ask_server

log = logging.getLogger(__name__)

SIBLING_LIFE = 600.0
"""Seconds for which the answer for a name that nobody made holds for all names beside it."""
MOST_SIBLINGS = 10_000

Known = frozenset[str] | Judgement
"""Values, or why none can be known."""


class QueryPace:
    """At most ``per_second`` queries, evenly spread, whichever thread asks."""

    def __init__(
        self,
        per_second: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._gap = 1 / per_second
        self._clock = clock
        self._sleep = sleep
        self._lock = Lock()
        self._next = clock()

    def wait(self) -> None:
        with self._lock:
            now = self._clock()
            turn = max(now, self._next)
            self._next = turn + self._gap
        self._sleep(turn - now)

    def charge(self) -> None:
        """For a query that did not wait."""
        with self._lock:
            self._next += self._gap


class DnsServer:
    """May be asked by several threads at once. ``address`` is host:port."""

    def __init__(self, address: str, pace: QueryPace, clock: Callable[[], float] = time.monotonic) -> None:
        self.address = address
        self._pace = pace
        self._clock = clock
        self._siblings: dict[tuple[str, str], tuple[float, frozenset[str]]] = {}
        self._failures = 0

    def judge_record(self, expected: Expected, now: datetime) -> Judgement:
        name = expected.name.replace("*", make_label(), 1)
        query = Query(name, (expected.type,), expected.zone)
        answer = self._ask(query)
        judgement = judge_answer(expected, query, answer, now)
        found = frozenset(answer.values(name, expected.type))
        place = find_wildcard_place(expected)
        if judgement.result is not Result.RIGHT or not found or not place:
            return judgement
        return self._rule_out_wildcard(expected, place, found)

    def _rule_out_wildcard(self, expected: Expected, place: str, found: frozenset[str]) -> Judgement:
        beside = self._ask_beside(expected, place)
        if isinstance(beside, Judgement):
            return beside
        if beside != found:
            return RIGHT
        below = self._ask_unmade(expected, expected.name)
        if isinstance(below, Judgement):
            return below
        if below != found:
            return RIGHT
        return Judgement(Result.WRONG, f"{self.address} has no such record: a wildcard answers in its place")

    def _ask_beside(self, expected: Expected, place: str) -> Known:
        key = place, expected.type
        until, values = self._siblings.get(key, (0.0, frozenset[str]()))
        if self._clock() < until and not expected.is_doubtful:
            return values
        known = self._ask_unmade(expected, place)
        if isinstance(known, frozenset):
            if len(self._siblings) >= MOST_SIBLINGS:
                self._siblings.clear()
            self._siblings[key] = self._clock() + SIBLING_LIFE, known
        return known

    def _ask_unmade(self, expected: Expected, place: str) -> Known:
        """What a name below ``place`` gets that nobody made."""
        query = Query(f"{make_label()}.{place}", (expected.type,), expected.zone)
        answer = self._ask(query)
        return judge_silence(answer) or frozenset(answer.values(query.name, expected.type))

    def _ask(self, query: Query) -> Answer:
        self._pace.wait()
        answer = ask_server(self.address, query)
        if not (answer.authoritative or answer.delegation or answer.error):
            self._pace.charge()  # what does not own the zone was asked twice
        self._note_silence(answer.error)
        return answer

    def _note_silence(self, error: str) -> None:
        """Told once, and not of a single datagram that was lost."""
        self._failures, before = (self._failures + 1 if error else 0), self._failures
        if self._failures == 2:
            log.warning("DNS server %s: %s", self.address, error)
        elif before > 1 and not error:
            log.info("DNS server %s answers again", self.address)


def make_label() -> str:
    """Tells those who read the server's log who asks for a name that is not there."""
    return f"catalyst-dns-sync-{secrets.token_hex(4)}"
