"""One target and its zones: what is due there, what its trouble is, and when something is due next.

One thread runs a worker, and alone touches the zones, the server and the ledger of its target.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from syncer import metrics
from syncer.config import Config, TargetConfig
from syncer.core.claims import Claims, Unread
from syncer.core.names import zone_of
from syncer.errors import TargetRefused, TargetUnreachable, WritesFrozen, ZoneUnusable, explain_fault
from syncer.health import TargetHealth
from syncer.ledger import Ledger, LedgerError, Request, TargetReport
from syncer.pacing import BackOff
from syncer.targets.base import Target
from syncer.zone.freezes import WriteFreezes
from syncer.zone.requests import WITHOUT_TARGET, RequestHandler, split_batches
from syncer.zone.result import PartialPass, PassResult
from syncer.zone.zone import Zone

log = logging.getLogger(__name__)

PATIENCE = 0.5
"""Seconds for requests in one turn; what is left has the next one, after the names that changed meanwhile."""


class TargetWorker:
    """``find_unread`` tells whose objects cannot be read now, ``awaited_kinds`` are the kinds whose deletes wait
    because the API server was away; ``explain_hold`` says what else belongs to the reason of held deletes;
    ``answer_requests`` takes what came of requests, by their ids; ``is_stopping`` is asked between two changes;
    ``clock`` is monotonic."""

    def __init__(
        self,
        config: Config,
        target_config: TargetConfig,
        target: Target,
        ledger: Ledger,
        claims: Claims,
        health: TargetHealth,
        *,
        find_unread: Callable[[], Unread],
        awaited_kinds: Callable[[], Collection[str]],
        explain_hold: Callable[[], str],
        answer_requests: Callable[[Mapping[int, str]], None],
        is_stopping: Callable[[], bool],
        clock: Callable[[], float],
    ) -> None:
        self.name = target_config.name
        self.places = target_config.settings.places
        self.zones_setting = target_config.zones_setting
        self.target = target
        self.problem = ""
        """Why nothing can be done at the target, "" when it answers."""
        self.is_behind = False
        """Requests were left for the next turn."""
        zones = target_config.scope.zones
        self.freezes = WriteFreezes(ledger, self.name, zones, is_off=config.dry_run)
        self.zones = {
            name: Zone(
                name,
                config,
                target_config,
                target,
                ledger,
                claims,
                self.freezes,
                find_unread=find_unread,
                awaited_kinds=awaited_kinds,
                explain_hold=explain_hold,
                is_stopping=is_stopping,
                clock=clock,
            )
            for name in zones
        }
        self._answer_requests = answer_requests
        self._health = health
        self._clock = clock
        self._requests = RequestHandler(self.name, self.zones, ledger)
        self.trouble = BackOff()
        self._probe_interval = config.serial_probe_interval
        self._probe_due = 0.0

    @property
    def waiting(self) -> int:
        """How many names wait for a pass or a retry."""
        return sum(zone.waiting for zone in self.zones.values())

    def read_freezes(self, now: float) -> None:
        """Learn what people hold, and tell the probes. Raises ``LedgerError``."""
        self.freezes.read_due(now)
        self._health.freezes = [str(freeze) for freeze in self.freezes.current]
        self._health.is_frozen = self.freezes.is_everywhere

    def enqueue(self, names: Collection[str], since: float | None = None) -> None:
        """Hand names whose claims have changed to the zones that manage them; ``since`` as in ``Zone.enqueue``."""
        for name in names:
            if (zone := zone_of(name, self.zones)) is not None:
                self.zones[zone].enqueue([name], since)

    def run_due(self, requests: Sequence[Request]) -> list[PassResult]:
        """Answer requests, probe the serials, and make the pass that is due in each zone. Raises ``LedgerError``."""
        if self._clock() < self.trouble.not_before:
            self.answer_requests(requests, asking_target=False)
            return []
        results: list[PassResult] = []
        with self._target_trouble():
            self._probe_serials()
            self.answer_requests(requests)
            for zone in self.zones.values():
                if (result := zone.run_due(self._clock())) is not None:
                    results.append(result)
                self._health.zone_problems = self.zone_problems
        return results

    def run_once(self) -> list[PassResult]:
        """A full pass of every zone. Raises ``PartialPass`` at the end where some cannot be used, which holds up no
        other, and what target and ledger raise."""
        results, problems = [], []
        for zone in self.zones.values():
            if zone.freeze:
                problems.append(str(zone.freeze))
                continue
            try:
                results.append(zone.run_once())
            except (WritesFrozen, ZoneUnusable) as error:
                problems.append(str(error))
        if problems:
            raise PartialPass("; ".join(dict.fromkeys(problems)), {self.name: results})
        return results

    def answer_requests(self, requests: Sequence[Request], *, asking_target: bool = True) -> None:
        """``asking_target`` False: only those that need no answer of the target; the others go on waiting, as does what
        would write to a zone while a person holds all writes there."""
        began = self._clock()
        self.is_behind = False
        ready = [request for request in requests if not self._requests.has_to_wait(request)]
        for batch in split_batches(ready, bulky=self.target.is_bulky):
            if not asking_target and batch[0].action not in WITHOUT_TARGET:
                continue
            if self._clock() > began + PATIENCE:
                self.is_behind = True
                return
            try:
                outcomes = self._requests.answer_batch(batch)
            except WritesFrozen:
                continue
            except TargetRefused as error:
                outcomes = [f"refused: {error}"] * len(batch)
            except (TargetUnreachable, LedgerError):
                raise
            except Exception as error:  # a mistake of ours in one request holds up no other, and no zone
                log.exception("internal error in answering %s", batch[0].action)
                outcomes = [f"{explain_fault(error)}; the log says where"] * len(batch)
            self._answer_requests({request.id: outcome for request, outcome in zip(batch, outcomes, strict=True)})
            for request, outcome in zip(batch, outcomes, strict=True):
                log.info("Request answered: %s", outcome, extra={"action": request.action, "actor": request.actor})

    def begin_zones(self) -> None:
        """Before another target has its pass it must be known to which zones this one has written. Raises
        ``LedgerError``."""
        for zone in self.zones.values():
            zone.begin()

    def rebuild(self) -> None:
        """Take every RRset with our mark for ours, in the next full pass."""
        for zone in self.zones.values():
            zone.rebuild()

    def doubt_ledger(self) -> None:
        """The database did not answer; it may be another, empty one when it is back."""
        for zone in self.zones.values():
            zone.forget_start()
            zone.request_pass()

    def next_due(self, now: float) -> float:
        due = min(self._probe_due, *(zone.next_due(now) for zone in self.zones.values()))
        return max(due, self.trouble.not_before)

    @property
    def zone_problems(self) -> dict[str, str]:
        """By zone; those that can be used are left out."""
        return {name: zone.problem for name, zone in self.zones.items() if zone.problem}

    @property
    def last_change_at(self) -> datetime | None:
        """When we last changed a record, in any zone."""
        return max((zone.last_change_at for zone in self.zones.values() if zone.last_change_at), default=None)

    def report(self, last_pass_at: datetime | None, next_pass_at: datetime | None) -> TargetReport:
        """For other processes."""
        return TargetReport(
            name=self.name,
            kind=self.target.kind,
            places=self.places,
            problem=self.problem,
            warning=self.target.warning,
            queue=self.waiting,
            last_pass_at=last_pass_at,
            next_pass_at=next_pass_at,
            last_change_at=self.last_change_at,
            zones={name: zone.problem for name, zone in self.zones.items()},
        )

    @property
    def held(self) -> int:
        """How many deletes wait for a person, in all zones."""
        return sum(zone.held for zone in self.zones.values())

    @property
    def is_caught_up(self) -> bool:
        """No zone waits for a full pass that is to be made as soon as possible."""
        return not any(zone.is_full_pass_wanted for zone in self.zones.values())

    def _probe_serials(self) -> None:
        now = self._clock()
        if now < self._probe_due:
            return
        self._probe_due = now + self._probe_interval
        serials = self.target.serials()
        if serials is None:
            self.target.check()
        else:
            for name, zone in self.zones.items():
                zone.note_serial(serials.get(name))
        self._tell_answer()

    @contextmanager
    def _target_trouble(self) -> Iterator[None]:
        """One back-off for a dead server; when it is back, everything is compared."""
        try:
            yield
        except (TargetUnreachable, TargetRefused) as error:
            delay = self.trouble.failed(self._clock())
            refused = isinstance(error, TargetRefused)
            if str(error) != self.problem:
                level = logging.ERROR if refused else logging.WARNING
                log.log(level, "%s; next try in %.0f s", error, delay, extra={"target": self.target.kind})
            self.problem = str(error)
            self._health.problem = str(error)
            metrics.RECONCILE_ERRORS.labels(self.name, "all", "refused" if refused else "unreachable").inc()
            self._probe_due = 0.0
            for zone in self.zones.values():
                zone.request_pass()

    def _tell_answer(self) -> None:
        if self.problem:
            log.info("The target answers again", extra={"target": self.target.kind})
        self.problem = ""
        self.trouble.succeeded()
        self._health.problem = ""
        self._health.warning = self.target.warning
