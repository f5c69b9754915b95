"""A database that does not answer, and mistakes of ours: told, and tried again later."""

from __future__ import annotations

import pytest

from syncer.database_trouble import DatabaseTrouble
from syncer.ledger import AnotherSyncer, LedgerError
from syncer.pacing import RETRY_DELAYS
from tests.syncer.zone.memory import Clock


class Board:
    database_problem = ""


class Case:
    def __init__(self) -> None:
        self.clock, self.board = Clock(), Board()
        self.trouble = DatabaseTrouble(self.board, self.clock)
        self.doubts = 0

    def doubt(self) -> None:
        self.doubts += 1

    def turn(self, error: BaseException | None = None) -> None:
        with self.trouble.watching(self.doubt):
            if error:
                raise error


@pytest.fixture
def case() -> Case:
    return Case()


def test_a_database_that_does_not_answer_is_told_doubted_and_tried_again_later(
    case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    for delay in RETRY_DELAYS[:2]:
        case.turn(LedgerError("the database is locked"))
        assert case.trouble.not_before == case.clock.now + delay
    assert (case.doubts, case.board.database_problem) == (2, "the database is locked")
    assert caplog.messages[0] == f"the database is locked; next try in {RETRY_DELAYS[0]:.0f} s"


def test_a_mistake_of_ours_has_a_traceback_and_is_no_problem_of_the_database(
    case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    case.turn(KeyError("grafana"))
    assert (case.doubts, case.board.database_problem) == (0, "")
    assert case.trouble.not_before > case.clock.now
    assert caplog.records[0].exc_info


def test_a_turn_that_goes_well_ends_it(case: Case) -> None:
    case.turn(LedgerError("the database is locked"))
    case.turn()
    assert case.board.database_problem == ""
    assert case.trouble.not_before <= case.clock.now


def test_another_syncer_is_nothing_to_live_through(case: Case) -> None:
    with pytest.raises(AnotherSyncer):
        case.turn(AnotherSyncer("another one took over"))
