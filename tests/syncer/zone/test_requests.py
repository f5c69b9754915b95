"""What people ask for: which requests one pass can answer, and what each of them is told."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from syncer.core.rrsets import Found, RRset
from syncer.ledger import Request
from syncer.targets.base import Outcome, Result
from syncer.zone.apply import TURN
from syncer.zone.requests import split_batches
from syncer.zone.slices import SMALLEST
from tests.syncer.test_worker import LAB, Case
from tests.syncer.zone.memory import ADDRESS, MARKER, ZONE, create

GRAFANA, NAS = f"grafana.{ZONE}", f"nas.{LAB}"


def ask(action: str, name: str = "", *, number: int = 1, zone: str = "", kind: str = "", actor: str = "ada") -> Request:
    return Request(number, action, zone, name, kind, actor)


def sizes(requests: Sequence[Request], *, bulky: bool = True) -> list[int]:
    return [len(batch) for batch in split_batches(requests, bulky=bulky)]


def test_a_click_on_a_thousand_names_is_a_few_passes() -> None:
    assert sizes([ask("sync", f"app{number}.{ZONE}") for number in range(2 * SMALLEST + 1)]) == [SMALLEST, SMALLEST, 1]


def test_deletes_by_request_go_as_few_at_a_time_as_any() -> None:
    assert sizes([ask("delete", f"app{number}.{ZONE}") for number in range(TURN + 1)]) == [TURN, 1]


@pytest.mark.parametrize("action", ["adopt", "remediate"])
def test_what_is_written_one_by_one_goes_as_few_at_a_time_as_deletes(action: str) -> None:
    requests = [ask(action, f"app{number}.{ZONE}") for number in range(TURN + 1)]
    assert sizes(requests) == [TURN + 1]
    assert sizes(requests, bulky=False) == [TURN, 1]


def test_decisions_are_answered_one_by_one() -> None:
    assert sizes([ask("approve"), ask("approve")]) == [1, 1]


def test_another_action_another_person_and_a_whole_zone_are_answered_apart_and_in_order() -> None:
    requests = [
        ask("sync", GRAFANA),
        ask("sync", NAS),
        ask("sync", GRAFANA, actor="bob"),
        ask("sync"),
        ask("adopt", GRAFANA),
        ask("sync", GRAFANA),
    ]
    assert sizes(requests) == [2, 1, 1, 1, 1]
    assert [request for batch in split_batches(requests, bulky=True) for request in batch] == requests


@pytest.fixture
def case() -> Case:
    case = Case(ZONE, LAB)
    case.turn()
    case.put("grafana", NAS)
    case.turn()
    return case


def answer(case: Case, *requests: Request) -> list[str]:
    case.worker.answer_requests([request._replace(id=number) for number, request in enumerate(requests)])
    return [case.ledger.answers[number] for number in range(len(requests))]


def test_names_of_two_zones_in_one_batch_are_each_answered_by_their_zone(case: Case) -> None:
    case.target.shelf.clear()
    case.target.serial = dict.fromkeys(case.target.serial, 50)
    assert answer(case, ask("delete", GRAFANA), ask("delete", NAS), ask("delete", f"blog.{ZONE}")) == [
        "0 records deleted",
        "0 records deleted",
        "0 records deleted",
    ]


def test_a_name_may_be_written_as_people_write_it(case: Case) -> None:
    assert answer(case, ask("delete", f"Grafana.{ZONE.upper()}.")) == ["1 record deleted"]
    assert case.published == {NAS}


def test_a_sync_of_everything_has_every_zone_listed(case: Case) -> None:
    case.target.calls.clear()
    assert answer(case, ask("sync")) == ["full pass of every zone"]
    case.turn()
    assert case.counts("list") == 2


def test_a_sync_of_one_zone_leaves_the_other_as_it_is(case: Case) -> None:
    case.target.calls.clear()
    assert answer(case, ask("sync", zone=LAB)) == [f"full pass of {LAB}"]
    case.turn()
    assert case.counts("list") == 1


@pytest.mark.parametrize("action", ["adopt", "remediate", "release", "delete"])
def test_what_means_one_name_needs_one(case: Case, action: str) -> None:
    assert answer(case, ask(action)) == [f"{action} needs a name"]


def test_a_zone_that_is_not_managed_is_refused_but_for_a_release(case: Case) -> None:
    case.ledger.zone("toy", "old.lab").own("box")
    box = f"box.{ZONE}"  # the ledger of memory spells all names in one zone
    assert answer(case, ask("sync", box, zone="old.lab")) == [f"{box} is in no managed zone"]
    assert answer(case, ask("release", box, zone="old.lab")) == ["1 record released"]


def test_a_decision_is_looked_at_in_every_zone(case: Case) -> None:
    assert answer(case, ask("approve")) == ["0 deletes approved"]
    assert not case.worker.is_caught_up


def test_an_adopted_record_gets_our_values(case: Case) -> None:
    case.target.shelf[GRAFANA, "A"] = case.target.shelf[GRAFANA, "A"]._replace(marks=("by hand",))
    case.ledger.zone("toy", ZONE).known.clear()
    assert answer(case, ask("adopt", GRAFANA)) == ["1 record changed"]
    (mark,) = case.target.shelf[GRAFANA, "A"].marks
    assert mark.endswith("Ingress/web/grafana")
    assert case.target.shelf[GRAFANA, "A"].rrset.values == (ADDRESS,)


@pytest.mark.parametrize("bulky", [True, False])
def test_a_click_on_many_records_adopts_them_all(case: Case, bulky: bool) -> None:
    case.target.is_bulky = bulky
    names = [f"app{number:02}.{ZONE}" for number in range(3 * TURN)]
    for name in names:
        case.target.shelf[name, "A"] = Found(RRset(name, "A", 60, ("192.0.2.9",)), ("by hand",))
    case.put(*names)
    assert answer(case, *(ask("adopt", name) for name in names)) == ["1 record changed"] * len(names)
    assert {case.target.shelf[name, "A"].rrset.values for name in names} == {(ADDRESS,)}


def test_who_asks_for_more_deletes_than_go_unguarded_hears_that_they_are_held(case: Case) -> None:
    names = [f"stray{number:02}.{ZONE}" for number in range(2 * TURN)]
    mark = MARKER.mark("Ingress/web/gone")
    for name in names:
        case.target.shelf[name, "A"] = Found(RRset(name, "A", 60, ("192.0.2.9",)), (mark,))
    held = "its deletion is held: approve it first"
    assert answer(case, *(ask("remediate", name) for name in names)) == [held] * len(names)
    assert case.published == {GRAFANA, NAS, *names}


@pytest.mark.parametrize(
    ("action", "permanent", "words"),
    [
        ("sync", True, "refused: the TTL is too long"),
        ("sync", False, "the TTL is too long: it is tried again"),
        ("delete", True, "not deleted: the TTL is too long"),
        ("delete", False, "not deleted: the TTL is too long"),
    ],
)
def test_who_asked_hears_why_nothing_was_done(case: Case, action: str, permanent: bool, words: str) -> None:
    _, change = create("grafana")
    case.target.refusals[GRAFANA] = Result(change, Outcome.REFUSED, "the TTL is too long", permanent)
    if action == "sync":
        case.ledger.zone("toy", ZONE).known.clear()
        case.target.shelf.clear()
        case.target.serial[ZONE] += 1
    assert answer(case, ask(action, GRAFANA)) == [words]
