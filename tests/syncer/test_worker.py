"""One target and its zones: what is due is done, what is wrong with one zone is its own trouble, and one back-off does
for a server that is away."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from syncer.core.claims import Unread
from syncer.errors import ServerRefused, TargetUnreachable, ZoneUnusable
from syncer.health import TargetHealth
from syncer.ledger import Request
from syncer.pacing import RETRY_DELAYS
from syncer.worker import PATIENCE, TargetWorker
from syncer.zone.result import PartialPass, PassResult
from tests.syncer.zone.memory import ZONE, Clock, Cluster, MemoryLedger, ToyTarget, configure

LAB = "home.lab"
AWAY = TargetUnreachable("http://toy cannot be reached")


class Case:
    def __init__(self, *zones: str) -> None:
        self.clock = Clock()
        self.target = ToyTarget(*zones)
        self.ledger = MemoryLedger()
        self.cluster = Cluster()
        self.health = TargetHealth("toy", self.clock(), self.clock)
        self.stopping = False
        config = configure(*zones)
        self.worker = TargetWorker(
            config,
            config.targets[0],
            self.target,
            self.ledger,
            self.cluster,
            self.health,
            find_unread=Unread,
            awaited_kinds=frozenset,
            explain_hold=lambda: "",
            answer_requests=self.ledger.answer_requests,
            is_stopping=lambda: self.stopping,
            clock=self.clock,
        )

    def put(self, *names: str) -> None:
        for name in names:
            self.cluster.put(name)
        self.worker.enqueue([name if "." in name else f"{name}.{ZONE}" for name in names])

    def turn(self, seconds: float = 1.0, requests: Sequence[Request] = ()) -> list[PassResult]:
        """``seconds`` pass, and the worker does what is due then."""
        self.clock.now += seconds
        return self.worker.run_due(requests)

    def counts(self, call: str) -> int:
        return self.target.calls.count(call)

    @property
    def published(self) -> set[str]:
        return {name for name, _ in self.target.shelf}


@pytest.fixture
def case() -> Case:
    return Case(ZONE, LAB)


def ask(action: str, number: int = 1, **more: str) -> Request:
    return Request(number, action, **{"zone": "", "name": "", "type": "", "actor": "ada", **more})


def test_names_go_to_the_zones_that_manage_them_and_others_nowhere(case: Case) -> None:
    case.turn()
    case.put("grafana", "nas.home.lab", "www.example.org")
    assert {name: zone.waiting for name, zone in case.worker.zones.items()} == {ZONE: 1, LAB: 1}
    assert case.worker.waiting == 2
    case.turn()
    assert case.published == {f"grafana.{ZONE}", "nas.home.lab"}
    assert case.worker.waiting == 0


def test_the_first_turn_makes_a_full_pass_of_every_zone(case: Case) -> None:
    assert not case.worker.is_caught_up
    results = case.turn()
    assert [result.whole for result in results] == [True, True]
    assert case.worker.is_caught_up


def test_a_turn_in_which_nothing_is_due_asks_nothing(case: Case) -> None:
    case.turn()
    case.target.calls.clear()
    assert case.turn() == []
    assert case.target.calls == []


def test_one_question_for_the_serials_of_all_zones_is_asked_at_each_interval(case: Case) -> None:
    case.turn()
    case.target.calls.clear()
    for _ in range(20):
        case.turn()
    assert case.target.calls == ["serials"] * 2


def test_a_serial_that_moved_without_us_has_its_zone_listed_and_no_other(case: Case) -> None:
    case.turn()
    case.target.calls.clear()
    case.target.serial[LAB] += 1
    results = case.turn(11)
    assert (len(results), case.counts("list")) == (1, 1)


def test_a_server_that_is_away_is_asked_less_and_less_and_said_once(
    case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    case.target.trouble[""] = AWAY
    for tries, delay in enumerate((*RETRY_DELAYS, RETRY_DELAYS[-1]), 1):
        case.turn(0.0)
        assert case.counts("serials") == tries
        assert case.worker.trouble.not_before == case.clock.now + delay
        assert case.worker.next_due(case.clock.now) == case.clock.now + delay
        case.turn(delay - 0.1)
        assert case.counts("serials") == tries, "it is not asked before its time"
        case.clock.now += 0.1
    assert [record.getMessage() for record in caplog.records] == [f"{AWAY}; next try in 1 s"]
    assert case.worker.problem == case.health.problem == str(AWAY)


def test_when_it_is_back_every_zone_is_compared(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    case.turn()
    case.target.trouble[""] = AWAY
    case.turn(11)
    assert not case.worker.is_caught_up
    del case.target.trouble[""]
    caplog.set_level("INFO")
    results = case.turn(2)
    assert [result.whole for result in results] == [True, True]
    assert (case.worker.problem, case.health.problem) == ("", "")
    assert "The target answers again" in caplog.text


def test_a_server_that_refuses_us_altogether_stops_every_zone(case: Case) -> None:
    case.target.trouble[ZONE] = ServerRefused("the token is wrong")
    case.put("nas.home.lab")
    assert case.turn() == []
    assert case.worker.problem == "the token is wrong"
    assert case.published == set()


def test_a_zone_that_cannot_be_used_is_its_own_trouble(case: Case) -> None:
    case.target.trouble[ZONE] = ZoneUnusable("zone talos00 is disabled")
    case.put("grafana", "nas.home.lab")
    case.turn()
    assert case.published == {"nas.home.lab"}
    assert case.worker.zone_problems == {ZONE: "zone talos00 is disabled"}
    assert case.health.zone_problems == case.worker.zone_problems
    assert case.worker.problem == ""
    del case.target.trouble[ZONE]
    case.turn(2)
    assert case.published == {f"grafana.{ZONE}", "nas.home.lab"}
    assert case.worker.zone_problems == {}


def test_a_mistake_of_ours_in_one_zone_ends_no_other(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    case.target.trouble[ZONE] = KeyError("grafana")
    case.put("grafana", "nas.home.lab")
    case.turn()
    assert case.published == {"nas.home.lab"}
    assert case.worker.zone_problems == {ZONE: "internal error in zone talos00: KeyError: 'grafana'"}
    (told,) = (record for record in caplog.records if "internal error" in record.message)
    assert told.exc_info is not None


def test_a_request_is_answered_in_words(case: Case) -> None:
    case.turn()
    case.put("grafana")
    name = f"grafana.{ZONE}"
    case.turn(0.0, [ask("sync", 1, name=name), ask("sync", 2, name="www.example.org"), ask("dance", 3, name=name)])
    assert case.ledger.answers == {
        1: "1 record changed",
        2: "www.example.org is in no managed zone",
        3: "there is no action 'dance'",
    }


def test_a_request_that_the_target_refuses_is_answered_with_the_reason(case: Case) -> None:
    case.turn()
    case.target.trouble[ZONE] = ZoneUnusable("zone talos00 is disabled")
    case.put("grafana")
    case.turn(0.0, [ask("sync", name=f"grafana.{ZONE}")])
    assert case.ledger.answers == {1: "refused: zone talos00 is disabled"}


def test_a_mistake_of_ours_in_a_request_holds_up_no_other_and_no_zone(
    case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    case.turn()
    case.target.trouble["read"] = KeyError("grafana")
    case.put("nas.home.lab")
    case.turn(0.0, [ask("adopt", 1, name=f"grafana.{ZONE}"), ask("dance", 2)])
    assert case.ledger.answers == {
        1: "internal error: KeyError: 'grafana'; the log says where",
        2: "there is no action 'dance'",
    }
    assert case.published == {"nas.home.lab"}
    (told,) = (record for record in caplog.records if record.message == "internal error in answering adopt")
    assert told.exc_info is not None


def test_while_the_server_is_away_only_what_needs_none_is_answered(case: Case) -> None:
    case.target.trouble[""] = AWAY
    case.turn()
    case.turn(0.0, [ask("sync", 1, name=f"grafana.{ZONE}"), ask("release", 2, name=f"grafana.{ZONE}")])
    assert case.ledger.answers == {2: "0 records released"}


def test_requests_that_take_long_leave_the_others_to_the_next_turn(case: Case) -> None:
    case.turn()
    requests = [ask("sync", 1, name=f"a.{ZONE}"), ask("sync", 2, name=f"b.{ZONE}", actor="bob")]
    case.target.takes = lambda: case.clock.sleep(PATIENCE + 0.1)
    case.turn(0.0, requests)
    assert set(case.ledger.answers) == {1}
    assert case.worker.is_behind
    case.target.takes = lambda: None
    case.turn(0.0, requests[1:])
    assert set(case.ledger.answers) == {1, 2}
    assert not case.worker.is_behind


def test_once_passes_every_zone_and_tells_at_the_end_which_could_not_be_used(case: Case) -> None:
    case.target.trouble[ZONE] = ZoneUnusable("zone talos00 is disabled")
    case.put("grafana", "nas.home.lab")
    with pytest.raises(PartialPass, match=r"^zone talos00 is disabled$") as caught:
        case.worker.run_once()
    assert case.published == {"nas.home.lab"}
    ((result,),) = caught.value.results.values()
    assert result.changed == 1


def test_once_takes_as_many_turns_as_all_deletes_need() -> None:
    case = Case(ZONE)
    names = [f"app{number:02}" for number in range(60)]
    case.put(*names)
    case.worker.run_once()
    for name in names[:28]:
        case.cluster.drop(name)
    (result,) = case.worker.run_once()
    assert result.changed == 28
    assert len(case.published) == 32


def test_a_ledger_that_did_not_answer_may_be_another_one_and_all_is_compared(case: Case) -> None:
    case.put("grafana")
    case.turn()
    case.ledger.zones.clear()
    case.worker.doubt_ledger()
    assert not case.worker.is_caught_up
    case.turn()
    assert case.worker.is_caught_up


def test_the_last_change_of_any_zone_is_the_last_of_the_target(case: Case) -> None:
    case.turn()
    assert case.worker.last_change_at is None
    case.put("nas.home.lab")
    case.turn()
    assert case.worker.last_change_at == case.worker.zones[LAB].last_change_at
    assert case.worker.last_change_at is not None


def test_nothing_is_begun_any_more_once_it_is_to_stop(case: Case) -> None:
    case.stopping = True
    case.put("grafana")
    assert case.turn() == []
    assert case.counts("list") == 0
