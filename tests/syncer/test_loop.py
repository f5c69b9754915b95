"""The loops of two targets: each has a thread of its own, which goes on whatever becomes of the other, and all of them
end together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import pytest

from syncer.config import Config, HostsConfig, Managed, TargetConfig
from syncer.core.kinds import INGRESS
from syncer.core.scope import Scope
from syncer.errors import TargetUnreachable
from syncer.health import Health
from syncer.heartbeat import INTERVAL
from syncer.kube.store import Store
from syncer.kube.stores import StoreGroup
from syncer.ledger import AnotherSyncer, LedgerError, Request, SyncerStatus, TargetPlace
from syncer.loop import Loop
from syncer.target_loop import Setup
from syncer.tenure import GLANCE, RENEWAL
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


def running() -> list[str]:
    """The targets that have a thread."""
    return [name for name in map(find_target, (thread.name for thread in threading.enumerate())) if name]


@pytest.fixture
def two() -> Two:
    return Two()


# Threads


def test_each_target_is_asked_in_a_thread_of_its_own_and_all_end_at_the_stop(two: Two) -> None:
    asked_by: dict[str, set[str]] = {"lan": set(), "public": set()}
    full = two.stop_when(lambda: published(two.lan) == published(two.public) == set(APPS))
    for name, target in (("lan", two.lan), ("public", two.public)):

        def look(name: str = name) -> None:
            asked_by[name].add(find_target(threading.current_thread().name))
            full()

        target.takes = look
    two.loop.run()
    assert asked_by == {"lan": {"lan"}, "public": {"public"}}
    assert published(two.lan) == published(two.public) == set(APPS)
    assert running() == []
    assert (two.ledger.threads, two.ledger.checked_in) == (2, {"lan", "public"})
    assert sorted(two.ledger.closed_in) == ["lan", "public"]
    assert two.ledger.at_work is not None
    assert two.ledger.at_work.has_stopped


def test_no_target_is_at_work_before_the_rows_of_former_ones_were_taken_over(two: Two) -> None:
    at_work = threading.Event()
    too_early: list[bool] = []
    two.ledger.before_work = lambda: too_early.append(at_work.wait(3 * GLANCE))
    two.lan.takes = two.public.takes = at_work.set
    two.ledger.on_status = two.wakeup.stop
    two.loop.run()
    assert too_early == [False]


@pytest.mark.parametrize(
    "trouble", [RuntimeError("a mistake"), TargetUnreachable("it is away")], ids=["a mistake of ours", "a dead server"]
)
def test_what_is_wrong_with_one_ends_nothing_of_the_other(two: Two, trouble: Exception) -> None:
    two.lan.trouble[""] = trouble
    two.public.takes = two.stop_when(lambda: published(two.public) == set(APPS[:2]))
    two.loop.run()
    assert len(published(two.public)) == 3
    assert published(two.lan) == set()


def test_another_syncer_that_one_of_them_meets_ends_all(two: Two) -> None:
    def meet() -> None:
        if running():
            raise AnotherSyncer("another one took over")

    two.public.takes = meet
    with pytest.raises(AnotherSyncer, match="another one took over"):
        two.loop.run()
    assert running() == []
    assert two.ledger.at_work is not None
    assert not two.ledger.at_work.has_stopped  # it is the other one's


def test_a_request_is_answered_by_the_thread_of_the_target_that_is_meant() -> None:
    two = Two(interval=3600)

    def ask() -> None:
        if len(two.public.shelf) == 2:  # it makes the last record, and then has nothing to do for an hour
            two.ledger.waiting.append(Request(1, "sync", "", "", "", "ada", "public"))

    two.public.takes = ask
    two.ledger.on_answer = two.wakeup.stop
    two.loop.run()
    assert two.ledger.answers == {1: "full pass of every zone"}


def test_a_thread_that_goes_on_hides_no_main_loop_that_hangs(two: Two) -> None:
    problems: list[str] = []

    def hang() -> None:
        two.ahead += 100
        two.loop.targets[0].beat()
        problems.extend(two.health.liveness())
        two.wakeup.stop()

    two.lan.takes = hang
    two.loop.run()
    assert "the loop has not turned for 100 s" in problems
    assert not any("lan" in problem for problem in problems)


def test_a_database_that_was_away_for_the_main_loop_alone_is_doubted_by_all(two: Two) -> None:
    before: list[datetime | None] = []

    def look() -> None:
        passes = [target.last_pass_at for target in two.loop.targets]
        if None not in passes and not before:
            before.extend(passes)
            two.ledger.fails_at = len(two.ledger.statuses)
            two.ahead = INTERVAL
        elif before and passes[0] != before[0] and passes[1] != before[1]:
            two.wakeup.stop()

    two.public.takes = look
    two.loop.run()
    assert two.ledger.fails_at is None


def test_the_main_loop_beats_by_itself_while_the_targets_have_threads(two: Two) -> None:
    def is_beating() -> bool:
        return not any("the loop has" in problem for problem in two.health.liveness())

    two.public.takes = two.stop_when(lambda: bool(two.ahead) and is_beating())

    def look() -> None:
        two.ahead = 100.0

    two.ledger.on_status = look
    two.loop.run()


# One pass


def test_one_pass_tells_the_results_of_each(two: Two) -> None:
    two.ledger.before_work = lambda: asked.append([*two.lan.calls, *two.public.calls])
    asked: list[list[str]] = []
    results = two.loop.run_once()
    assert asked == [[]]  # the rows of former targets were taken over before
    assert {name: [result.changed for result in of_target] for name, of_target in results.items()} == {
        "lan": [3],
        "public": [3],
    }


def test_one_pass_says_which_target_could_not_have_it(two: Two) -> None:
    two.lan.trouble[""] = TargetUnreachable("http://dns1 cannot be reached")
    with pytest.raises(Exception, match=r"^lan: http://dns1 cannot be reached$"):
        two.loop.run_once()
    assert published(two.public) == set(APPS)


def test_a_stop_ends_one_pass_between_two_changes_and_before_the_next_target(two: Two) -> None:
    two.lan.takes = two.stop_when(lambda: bool(two.lan.shelf))
    with pytest.raises(TimeoutError, match="before target public had its pass"):
        two.loop.run_once()
    assert len(two.lan.shelf) == 2  # the one in whose time it came is done
    assert two.public.calls == []


def test_one_pass_that_takes_long_says_that_it_is_still_at_work(two: Two) -> None:
    beats = []

    def wait() -> None:
        two.ahead += RENEWAL + 1
        assert two.ledger.at_work is not None
        beats.append(two.ledger.at_work.heartbeat_at)

    two.public.takes = wait
    two.loop.run_once()
    assert len(set(beats[1:])) > 1
