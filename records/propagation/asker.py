"""Asks for all owned names in turn. A thread of the background tasks: it writes no DNS, and memory is free there."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from threading import Semaphore, Thread
from typing import NoReturn

from django.conf import settings
from django.db import Error, connection
from django.utils import timezone

from records.answer_rows import explain_pause
from records.database_errors import explain_error
from records.models import SyncStatus
from records.propagation.asking import DnsServer, QueryPace
from records.propagation.judging import Expected, Judgement, Result, combine_judgements
from records.propagation.turns import LEASE, hold_lease, list_asked, notice_records, save_turns, take_turns
from records.targets import find_servers

log = logging.getLogger(__name__)

TURN = 5.0
"""Seconds between two writes."""
OVERLAP = timedelta(seconds=60)
"""The clock of a syncer elsewhere, and a transaction that took its time."""
WIDTH = 32
"""Names that are asked for at once; a server that is away keeps each of them waiting."""


class Asker:
    """``rate`` is in queries a second to each of the servers that ``find_servers`` gives for a target, as host:port."""

    def __init__(self, find_servers: Callable[[str], Sequence[str]], rate: float) -> None:
        self._find_servers = find_servers
        self._rate = rate
        self._servers: dict[str, DnsServer] = {}
        self.size = max(2, round(rate * TURN))
        self._lease = max(LEASE, timedelta(seconds=3 * self.size / rate))
        self._may_ask_until: datetime | None = None
        self._noticed_at: datetime | None = None
        self._told = ""

    def run_forever(self) -> NoReturn:
        while True:
            started = time.monotonic()
            try:
                self.ask_batch()
            except Error as error:
                self._tell(logging.WARNING, f"no names are asked: {explain_error(error)}")
            except Exception as error:  # a thread that dies in silence looks healthy
                log.error("internal error while names are asked: %r", error, exc_info=True)
            finally:
                connection.close()
            time.sleep(max(0.0, started + TURN - time.monotonic()))

    def ask_batch(self) -> int:
        """Ask for the names whose turn it is, and remember the answers. Returns how many were asked for."""
        now = timezone.now()
        status = SyncStatus.read()
        if status is None:
            return 0
        if pause := explain_pause(status):
            self._tell(logging.INFO, f"no names are asked: {pause}")
            return 0
        if not self._renew_lease(now):
            return 0
        targets = list_asked(status)
        for target in targets:
            notice_records(target, self._noticed_at and self._noticed_at - OVERLAP)
        self._noticed_at = now
        share = max(2, self.size // max(1, len(targets)))
        turns = [turn for target in targets for turn in take_turns(target, share, now)]
        judgements = self._judge_all([(turn.row.target, turn.expected) for turn in turns], now)
        if turns:
            for entry in save_turns(list(zip(turns, judgements, strict=True)), timezone.now()):
                log.warning("%s %s: %s", entry.name, entry.type, entry.reason)
        self._told = ""
        return len(turns)

    def _renew_lease(self, now: datetime) -> bool:
        if self._may_ask_until is None or self._may_ask_until - now < self._lease / 2:
            until = now + self._lease
            self._may_ask_until = until if hold_lease(now, until) else None
        return self._may_ask_until is not None

    def _list_servers(self, target: str) -> list[DnsServer]:
        addresses = dict.fromkeys(self._find_servers(target))
        for address in addresses.keys() - self._servers.keys():
            self._servers[address] = DnsServer(address, QueryPace(self._rate))
        return [self._servers[address] for address in addresses]

    def _judge_all(self, wanted: Sequence[tuple[str, Expected]], now: datetime) -> list[Judgement]:
        """In threads that a stop need not wait for."""
        width = Semaphore(WIDTH)
        futures: list[Future[Judgement]] = []
        servers = {target: self._list_servers(target) for target, _ in wanted}
        for target, expected in wanted:
            width.acquire()
            future: Future[Judgement] = Future()
            future.add_done_callback(lambda _: width.release())
            Thread(target=self._judge, args=(servers[target], expected, now, future), daemon=True).start()
            futures.append(future)
        return [future.result() for future in futures]

    def _judge(
        self, servers: Sequence[DnsServer], expected: Expected, now: datetime, future: Future[Judgement]
    ) -> None:
        try:
            future.set_result(combine_judgements([server.judge_record(expected, now) for server in servers]))
        except Exception as error:  # one bad record never stops the run
            log.error("%s %s cannot be asked for: %r", expected.name, expected.type, error, exc_info=True)
            future.set_result(Judgement(Result.UNANSWERED, f"it cannot be asked for: {error!r}"))

    def _tell(self, level: int, text: str) -> None:
        """Once."""
        if text != self._told:
            log.log(level, text)
        self._told = text


def start_asking() -> None:
    """In a thread that ends with the process."""
    if not settings.PROPAGATION_RATE:
        log.info("no names are asked: %s", explain_pause(None))
        return
    asker = Asker(find_servers, settings.PROPAGATION_RATE)
    Thread(target=asker.run_forever, name="asker", daemon=True).start()
