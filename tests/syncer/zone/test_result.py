"""What a pass did, in words."""

from __future__ import annotations

from collections import Counter

import pytest

from syncer.core.known import RecordState
from syncer.core.plan import RRsetStatus
from syncer.zone.queue import Deferred
from syncer.zone.result import PassResult, count_noun, log_plan
from tests.syncer.zone.memory import ZONE, create, delete, rrset

GRAFANA = f"grafana.{ZONE}"


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (PassResult(changes=Counter({GRAFANA: 1})), "1 record changed"),
        (PassResult(changes=Counter({GRAFANA: 2})), "2 records changed"),
        (PassResult(), "0 records changed"),
        (PassResult(later={GRAFANA: Deferred.AS_KNOWN}), "it waits until what is more urgent is done"),
        (PassResult(retry={GRAFANA}, reasons={GRAFANA: "no answer"}), "no answer: it is tried again"),
        (PassResult(reasons={GRAFANA: "the TTL is too long"}), "refused: the TTL is too long"),
        (PassResult(held_names={GRAFANA}), "its deletion is held: approve it first"),
    ],
)
def test_who_asked_for_a_name_is_told_what_came_of_it(result: PassResult, words: str) -> None:
    assert result.describe_name(GRAFANA) == words


def test_a_pass_is_settled_when_nothing_was_changed_and_nothing_is_left_to_try() -> None:
    assert PassResult(held=30).is_settled
    assert not PassResult(changes=Counter({GRAFANA: 1})).is_settled
    assert not PassResult(retry={GRAFANA}).is_settled
    assert not PassResult(refused=1).is_settled


def test_turns_of_one_pass_add_up_and_the_last_one_says_what_waits() -> None:
    result = PassResult(changes=Counter({GRAFANA: 1}), later={"a": Deferred.ABSENT}, retry={"b"}, refused=1)
    result.add(PassResult(changes=Counter({"c": 2}), held=3, retry={"d"}, refused=1))
    assert (result.changed, result.refused, result.held) == (3, 2, 3)
    assert (result.retry, result.later) == ({"b", "d"}, {})


def test_one_is_counted_without_an_s() -> None:
    assert (count_noun(1, "delete"), count_noun(0, "delete")) == ("1 delete", "0 deletes")


def test_a_plan_is_said_once_for_as_long_as_it_stays_so(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    conflict = RRsetStatus(rrset("nas"), RecordState.CONFLICT, "someone else made it")
    result = PassResult(whole=True, planned=[create("grafana")[1], delete("old")[1]], left=[conflict])
    said = log_plan(result, set())
    said = log_plan(result, said)
    assert [line.getMessage() for line in caplog.records] == [
        f"Would create {rrset('grafana')}",
        f"Would delete {rrset('old')}",
        f"Would leave {rrset('nas')} alone: someone else made it",
    ]


def test_what_is_no_longer_planned_is_said_again_when_it_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    result = PassResult(whole=True, planned=[create("grafana")[1]])
    said = log_plan(result, set())
    said = log_plan(PassResult(whole=True), said)
    log_plan(result, said)
    assert len(caplog.records) == 2


def test_a_pass_over_a_few_names_forgets_nothing_of_what_was_said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    result = PassResult(whole=True, planned=[create("grafana")[1]])
    said = log_plan(result, set())
    said = log_plan(PassResult(planned=[create("blog")[1]]), said)
    log_plan(result, said)
    assert len(caplog.records) == 2
