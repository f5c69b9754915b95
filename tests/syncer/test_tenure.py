"""Whether a start takes over, waits and watches, or is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from syncer.errors import TargetUnreachable
from syncer.identity import ProcessIdentity
from syncer.ledger import AnotherSyncer, Holder, LedgerError
from syncer.tenure import DIFFERENCE, GLANCE, LOOK, RENEWAL, SILENCE, Tenure, has_ended
from tests.syncer.zone.memory import NEW_YEAR, Clock, MemoryLedger

ME = ProcessIdentity.of_this_process()
ELSEWHERE = ProcessIdentity("elsewhere", 4711, "0badcafe", "another-boot", "pid:[1]", 5)
BESIDE = replace(ELSEWHERE, host="beside", boot=ME.boot)
"""In another container of this machine."""
SLEEPING = replace(ME, pid=1, born=0)
"""Of a process that is there."""
GONE = replace(ME, pid=2**22 + 1)
OLD = ProcessIdentity.parse("")
"""Of a version that knew no identities."""


class Database(MemoryLedger):
    is_locked = False

    def holder(self) -> Holder | None:
        if self.is_locked:
            raise LedgerError("the database does not answer: locked")
        return super().holder()

    def renew(self) -> None:
        if self.is_locked:
            raise LedgerError("the database does not answer: locked")
        super().renew()


class Case:
    def __init__(self) -> None:
        self.clock = Clock()
        self.ledger = Database()
        self.tenure = self.start()

    def start(self) -> Tenure:
        return Tenure(self.ledger, "toy", self.clock)

    def advance(self, seconds: float = GLANCE) -> bool:
        self.clock.now += seconds
        return self.tenure.advance()


@pytest.fixture
def case() -> Case:
    return Case()


def hold(identity: ProcessIdentity, **more: Any) -> Holder:
    values = {"since": NEW_YEAR, "heartbeat_at": NEW_YEAR, "has_stopped": False, "age": 2.0, "is_exact": True}
    return Holder(identity=identity, name=f"{identity.host} {identity.pid}", **values | more)


def test_the_first_of_a_database_is_in_charge_at_once_and_stays_so(case: Case) -> None:
    assert case.advance()
    assert case.ledger.at_work is not None
    number = case.ledger.at_work.identity.number
    assert case.advance(100)
    assert case.ledger.at_work.identity.number == number


@pytest.mark.parametrize(
    ("holder", "ended"),
    [
        (hold(ELSEWHERE, has_stopped=True), True),
        (hold(OLD, has_stopped=True), True),
        (hold(GONE), True),
        (hold(replace(ME, number="0badcafe")), True),
        (hold(SLEEPING), False),
        (hold(SLEEPING, age=SILENCE + DIFFERENCE + 1), False),
        (hold(ELSEWHERE), False),
        (hold(ELSEWHERE, age=SILENCE + 1), True),
        (hold(ELSEWHERE, age=SILENCE + 1, is_exact=False), False),
        (hold(ELSEWHERE, age=SILENCE + DIFFERENCE + 1, is_exact=False), True),
        (hold(ELSEWHERE, age=-3600.0), False),
        (hold(BESIDE, is_exact=False), False),
        (hold(BESIDE, age=SILENCE + 1, is_exact=False), True),
        (hold(OLD, age=SILENCE + 1), False),
        (hold(OLD, age=SILENCE + DIFFERENCE + 1), True),
    ],
)
def test_it_is_certain_of_an_end_or_watches(holder: Holder, ended: bool) -> None:
    assert has_ended(holder, ME) is ended


def test_a_heartbeat_that_does_not_move_is_that_of_one_that_ended(case: Case) -> None:
    case.ledger.at_work = hold(ELSEWHERE)
    tries = 1
    while not case.advance():
        tries += 1
    assert tries == LOOK / GLANCE + 1
    assert case.tenure.is_held


def test_a_heartbeat_that_moves_refuses_the_start_and_names_whose_it_is(case: Case) -> None:
    case.ledger.at_work = hold(ELSEWHERE)
    assert not case.advance()
    case.ledger.beat()
    with pytest.raises(AnotherSyncer, match="process 4711 on elsewhere, since 2026-01-01 00:00:00 UTC; stop it first"):
        case.advance()


def test_one_whose_process_is_there_to_be_seen_may_be_late(case: Case) -> None:
    case.ledger.at_work = hold(SLEEPING)
    assert not case.advance()
    assert not case.advance(SILENCE - 1)
    case.ledger.beat()
    with pytest.raises(AnotherSyncer):
        case.advance()


def test_who_was_faster_to_take_over_what_was_left_refuses_too(case: Case) -> None:
    case.ledger.at_work = hold(ELSEWHERE)
    assert not case.advance()
    case.ledger.at_work = hold(BESIDE)
    with pytest.raises(AnotherSyncer, match="on beside"):
        case.advance()


def test_one_that_stops_while_it_is_watched_leaves_its_place_at_once(case: Case) -> None:
    case.ledger.at_work = hold(ELSEWHERE)
    assert not case.advance()
    case.ledger.release()
    assert case.advance()


def test_a_database_that_does_not_answer_stops_two_hearts_and_the_watch_begins_again(case: Case) -> None:
    case.ledger.at_work = hold(ELSEWHERE)
    assert not case.advance()
    case.ledger.is_locked = True
    with pytest.raises(LedgerError):
        case.advance(LOOK)
    case.ledger.is_locked = False
    assert not case.advance()
    assert not case.advance(LOOK - 1)
    case.ledger.beat()
    with pytest.raises(AnotherSyncer):
        case.advance()


def test_work_that_takes_long_moves_the_heartbeat_now_and_then(case: Case) -> None:
    assert case.advance()
    beats = set()
    for _ in range(20):
        case.clock.now += 1
        case.tenure.renew_due()
        assert case.ledger.at_work
        beats.add(case.ledger.at_work.heartbeat_at)
    assert len(beats) == 20 / RENEWAL
    case.ledger.is_locked = True
    case.clock.now += RENEWAL
    case.tenure.renew_due()  # no reason to end in the middle of something
    case.ledger.is_locked = False
    case.ledger.at_work = hold(ELSEWHERE)
    case.clock.now += RENEWAL
    with pytest.raises(AnotherSyncer):
        case.tenure.renew_due()


def test_who_holds_nothing_moves_no_heartbeat_and_releases_none(case: Case) -> None:
    case.ledger.at_work = hold(ELSEWHERE)
    with case.tenure:
        case.tenure.renew_due()
    assert case.ledger.at_work == hold(ELSEWHERE)


@pytest.mark.parametrize(
    ("error", "is_released"), [(None, True), (TargetUnreachable("away"), True), (SystemExit("forced"), False)]
)
def test_an_end_in_order_lets_the_next_one_in(case: Case, error: BaseException | None, is_released: bool) -> None:
    def run() -> None:
        with case.tenure:
            case.advance()
            if error:
                raise error

    if error:
        with pytest.raises(type(error)):
            run()
    else:
        run()
    assert case.ledger.at_work is not None
    assert case.ledger.at_work.has_stopped is is_released
