"""Who answers what people ask for, where there are several targets."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from syncer.desk import POLL, RequestDesk
from syncer.ledger import LedgerError, Request
from tests.syncer.zone.memory import MemoryLedger

ZONES = {"lan": ("talos00", "example.com"), "public": ("example.com",)}


class WaitingLedger(MemoryLedger):
    """Requests wait in it until they are answered."""

    def __init__(self, *requests: Request) -> None:
        super().__init__()
        self.waiting = list(requests)
        self.looks = 0
        self.is_away = False

    def requests(self) -> list[Request]:
        self.looks += 1
        return [request for request in self.waiting if request.id not in self.answers]

    def answer_requests(self, outcomes: Mapping[int, str]) -> None:
        if self.is_away:
            raise LedgerError("the database does not answer")
        super().answer_requests(outcomes)


def ask(key: int, *, target: str = "", zone: str = "", name: str = "") -> Request:
    return Request(key, "sync", zone, name, "", "ada", target)


def open_desk(*requests: Request) -> tuple[RequestDesk, WaitingLedger]:
    desk, ledger = RequestDesk(ZONES), WaitingLedger(*requests)
    desk.poll_due(ledger, POLL)
    return desk, ledger


@pytest.mark.parametrize(
    ("request_", "meant"),
    [
        pytest.param(ask(1), ["lan", "public"], id="all"),
        pytest.param(ask(1, target="public"), ["public"], id="a target"),
        pytest.param(ask(1, zone="talos00"), ["lan"], id="a zone of one"),
        pytest.param(ask(1, zone="example.com"), ["lan", "public"], id="a zone of both"),
        pytest.param(ask(1, name="Shop.Example.com."), ["lan", "public"], id="a name as people write it"),
        pytest.param(ask(1, name="nas.talos00"), ["lan"], id="a name of one"),
        pytest.param(ask(1, name="nas.elsewhere"), ["lan"], id="a name of none, which the first says"),
        pytest.param(ask(1, name="no name"), ["lan"], id="no name, which the first says"),
        pytest.param(ask(1, target="gone", name="nas.talos00"), ["lan"], id="a target that is gone"),
    ],
)
def test_it_is_handed_to_the_targets_that_are_meant(request_: Request, meant: list[str]) -> None:
    desk, _ = open_desk(request_)
    assert [target for target in ZONES if desk.list_waiting(target)] == meant


def test_it_is_answered_when_all_of_them_did_and_each_is_asked_once() -> None:
    desk, ledger = open_desk(ask(1), ask(2, target="lan"))
    desk.answer_requests("lan", {1: "3 records", 2: "done"}, ledger)
    assert ledger.answers == {2: "done"}
    assert desk.list_waiting("lan") == []
    desk.poll_due(ledger, 2 * POLL)
    assert desk.list_waiting("lan") == []
    assert desk.list_waiting("public") == [ask(1)]
    desk.answer_requests("public", {1: "no record"}, ledger)
    assert ledger.answers[1] == "lan: 3 records; public: no record"


def test_what_all_say_is_said_once() -> None:
    desk, ledger = open_desk(ask(1))
    for target in ZONES:
        desk.answer_requests(target, {1: "full pass of every zone"}, ledger)
    assert ledger.answers == {1: "full pass of every zone"}


def test_what_was_answered_between_a_look_and_its_end_is_not_handed_out_again() -> None:
    desk, ledger = open_desk(ask(1, target="lan"))
    desk.answer_requests("lan", {1: "done"}, ledger)
    ledger.answers.clear()  # as a look sees it that began before
    desk.poll_due(ledger, 2 * POLL)
    assert desk.list_waiting("lan") == []


def test_what_could_not_be_written_is_written_at_the_next_look_and_not_done_again() -> None:
    desk, ledger = open_desk(ask(1), ask(2, target="lan"))
    ledger.is_away = True
    desk.answer_requests("public", {1: "no record"}, ledger)
    with pytest.raises(LedgerError):
        desk.answer_requests("lan", {1: "3 records", 2: "done"}, ledger)
    with pytest.raises(LedgerError):
        desk.poll_due(ledger, 2 * POLL)
    ledger.is_away = False
    assert desk.list_waiting("lan") == []
    desk.poll_due(ledger, 4 * POLL)
    assert ledger.answers == {1: "lan: 3 records; public: no record", 2: "done"}
    assert desk.list_waiting("lan") == desk.list_waiting("public") == []


def test_an_answer_to_what_is_not_waiting_any_more_is_no_trouble() -> None:
    desk, ledger = open_desk(ask(1))
    ledger.waiting.clear()
    desk.poll_due(ledger, 2 * POLL)
    desk.answer_requests("lan", {1: "3 records"}, ledger)
    assert ledger.answers == {1: "3 records"}


def test_it_looks_once_in_a_while() -> None:
    desk, ledger = open_desk()
    desk.poll_due(ledger, 1.5 * POLL)
    assert ledger.looks == 1
    desk.poll_due(ledger, 2 * POLL)
    assert (ledger.looks, desk.due) == (2, 3 * POLL)
