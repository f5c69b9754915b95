"""Two targets that have a zone each of the same name, with all that a loop of theirs needs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence

from syncer.config import Config, HostsConfig, Managed, TargetConfig
from syncer.core.kinds import INGRESS
from syncer.core.scope import Scope
from syncer.health import Health
from syncer.kube.store import Store
from syncer.kube.stores import StoreGroup
from syncer.ledger import LedgerError, Request, SyncerStatus, TargetPlace
from syncer.loop import Loop
from syncer.target_loop import Setup
from syncer.threads import find_target
from syncer.wakeup import Wakeup
from tests.syncer.test_desk import WaitingLedger
from tests.syncer.zone.engine import Lists, ingress
from tests.syncer.zone.memory import ADDRESS, ZONE, ToyTarget

APPS = tuple(f"app{number}.{ZONE}" for number in range(3))


class FailingLedger(WaitingLedger):
    """``fails_at``: the number of the heartbeat that cannot be written, once."""

    fails_at: int | None = None

    def __init__(self, *requests: Request) -> None:
        super().__init__(*requests)
        self.threads = 0
        self.checked_in: set[str] = set()
        self.closed_in: list[str] = []
        self.before_work: Callable[[], object] = lambda: None
        self.on_answer: Callable[[], object] = lambda: None
        self.on_status: Callable[[], object] = lambda: None

    def for_thread(self) -> FailingLedger:
        self.threads += 1
        return self

    def check_database(self) -> None:
        self.checked_in.add(find_target(threading.current_thread().name))

    def close(self) -> None:
        self.closed_in.append(find_target(threading.current_thread().name))

    def take_over_rows(self, targets: Sequence[TargetPlace]) -> Sequence[str]:
        self.before_work()
        return ()

    def answer_requests(self, outcomes: Mapping[int, str]) -> None:
        super().answer_requests(outcomes)
        self.on_answer()

    def save_status(self, status: SyncerStatus) -> None:
        if len(self.statuses) == self.fails_at:
            self.fails_at = None
            raise LedgerError("the database does not answer")
        super().save_status(status)
        self.on_status()


class Two:
    """``lan`` and ``public``, which both have the zone, and an object with three names. ``ahead`` are the seconds by
    which the clock was put on, ``interval`` those between two probes."""

    def __init__(self, *requests: Request, interval: float = 0.05) -> None:
        self.ahead = 0.0
        self.ledger = FailingLedger(*requests)
        self.wakeup = Wakeup()
        self.lan, self.public = ToyTarget(), ToyTarget()
        configs = [
            TargetConfig(Managed(Scope(zones=(ZONE,), addresses=(ADDRESS,))), HostsConfig(name, name))
            for name in ("lan", "public")
        ]
        setups = [
            Setup(config, Store(config.scope, clock=self._tell_time), target, Wakeup())
            for config, target in zip(configs, (self.lan, self.public), strict=True)
        ]
        StoreGroup([setup.store for setup in setups]).put(INGRESS, ingress("apps", *APPS))
        feed = Lists()
        self.health = Health(feed.states, ["lan", "public"], clock=self._tell_time)
        self.loop = Loop(
            Config(tuple(configs), serial_probe_interval=interval),
            feed,
            setups,
            self.ledger,
            self.health,
            self.wakeup,
            self._tell_time,
        )

    def _tell_time(self) -> float:
        return time.monotonic() + self.ahead

    def stop_when(self, is_done: Callable[[], bool]) -> Callable[[], None]:
        """To be called by a target whenever it is asked something."""

        def look() -> None:
            if is_done():
                self.wakeup.stop()

        return look


def published(target: ToyTarget) -> set[str]:
    return {name for name, _ in target.shelf}
