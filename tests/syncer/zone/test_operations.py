"""What a person asks for beyond a pass: what is done at once, what is left alone, and what is looked at again."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from syncer.core.known import RecordState
from syncer.core.rrsets import Found
from syncer.errors import TargetUnreachable, WritesFrozen
from syncer.ledger import Freeze, LeftZone, Replaced
from syncer.targets.base import Outcome, Result
from syncer.zone.planning import FEW
from tests.syncer.zone.memory import ADDRESS, ZONE, MemoryZoneLedger, create, ours, rrset
from tests.syncer.zone.test_zone import GRAFANA, Case

NAS = f"nas.{ZONE}"
THEIRS = Found(rrset("nas", "10.0.0.5"), ("by hand",))
UNDO = 7


@dataclass
class ReplacingLedger(MemoryZoneLedger):
    """Remembers what was replaced at ``nas``, by request ``UNDO``, and an entry that keeps something there."""

    undone: list[str] = field(default_factory=list)
    entries_made: set[str] = field(default_factory=set)

    def replacement(self, request_id: int) -> Replaced | None:
        return Replaced(1, rrset("nas"), THEIRS) if request_id == UNDO and not self.undone else None

    def record_undo(self, replaced: Replaced, actor: str) -> None:
        self.undone.append(actor)
        self.known.pop((replaced.ours.name, replaced.ours.type))

    def drop_keeping(self, name: str, kind: str, actor: str) -> bool:
        return name in self.entries_made


@pytest.fixture
def case() -> Case:
    case = Case()
    case.rows = case.ledger.zones["toy", ZONE] = ReplacingLedger()
    case.start()
    case.begun().put("grafana", "nas")
    case.turn()
    return case


def lists_next(case: Case) -> bool:
    """Whether nothing is known of the zone any more."""
    case.take_calls()
    case.zone.request_pass()
    case.turn()
    return "list" in case.take_calls()


def test_a_delete_by_request_takes_what_is_ours_of_the_types_that_are_meant(case: Case) -> None:
    case.target.shelf[f"nas.{ZONE}", "TXT"] = Found(rrset("nas", "hands off", kind="TXT"), ("",))
    result = case.zone.operations.delete_records({GRAFANA: {"AAAA"}, f"nas.{ZONE}": {""}}, "ada")
    assert result.changes == {f"nas.{ZONE}": 1}
    assert case.target.shelf.keys() == {(GRAFANA, "A"), (f"nas.{ZONE}", "TXT")}


def test_a_delete_by_request_is_a_change_like_any(case: Case) -> None:
    before = case.zone.last_change_at
    case.zone.operations.delete_records({GRAFANA: {""}}, "ada")
    assert before
    assert case.zone.last_change_at
    assert case.zone.last_change_at > before


def test_what_was_released_is_looked_at_anew(case: Case) -> None:
    assert case.zone.operations.release_records([GRAFANA], "", "ada") == 1
    case.target.calls.clear()
    case.turn()
    assert case.take_calls() == ["read"]


def test_a_delete_by_request_leaves_alone_what_is_ours_by_the_ledger_or_by_its_mark_alone(case: Case) -> None:
    case.target.shelf[NAS, "A"] = Found(rrset("nas"), ("by hand",))
    del case.rows.known[GRAFANA, "A"]
    result = case.zone.operations.delete_records({NAS: {""}, GRAFANA: {""}}, "ada")
    assert (result.changed, case.published.keys()) == (0, {NAS, GRAFANA})


def test_a_delete_by_request_takes_what_has_lost_its_mark_with_all_of_the_zone(case: Case) -> None:
    case.target.shelf[NAS, "A"] = Found(rrset("nas"), ("",))
    assert case.zone.operations.delete_records({NAS: {""}}, "ada").changed == 0
    case.rows.left_zone = LeftZone(is_unmarked=True)
    case.start()
    case.zone.begin()
    assert case.zone.operations.delete_records({NAS: {""}}, "ada").changed == 1
    assert case.published.keys() == {GRAFANA}


def test_after_a_delete_that_broke_down_the_zone_is_read_again(case: Case) -> None:
    assert not lists_next(case)
    case.target.trouble[f"delete {NAS}"] = TargetUnreachable("it is away")
    with pytest.raises(TargetUnreachable):
        case.zone.operations.delete_records({NAS: {""}}, "ada")
    case.target.trouble.clear()
    assert lists_next(case)


def test_a_release_ends_what_is_known_of_the_zone(case: Case) -> None:
    assert case.zone.operations.release_records([NAS], "AAAA", "ada") == 0
    assert lists_next(case)


def test_of_what_is_kept_no_more_the_claimed_is_compared_and_the_rest_goes(case: Case) -> None:
    case.cluster.drop("nas")
    case.target.shelf[GRAFANA, "A"] = ours("grafana", "192.0.2.9")
    case.rows.known[GRAFANA, "A"] = case.rows.known[GRAFANA, "A"]._replace(rrset=rrset("grafana", "192.0.2.9"))
    result = case.zone.operations.remove_kept({GRAFANA: {"A"}, NAS: {"A"}}, "ada")
    assert f"no more kept: {GRAFANA}, {NAS}" in case.rows.log
    assert result.changes == {GRAFANA: 1, NAS: 1}
    assert case.published == {GRAFANA: (ADDRESS,)}


def test_of_what_is_kept_no_more_only_the_types_go_that_are_meant(case: Case) -> None:
    case.cluster.drop("nas")
    assert case.zone.operations.remove_kept({NAS: {"TXT"}}, "ada").changed == 0
    assert NAS in case.published


def test_the_reasons_are_of_what_is_not_ours(case: Case) -> None:
    row = case.rows.known[NAS, "A"]
    case.rows.known[NAS, "A"] = row._replace(owned=False, state=RecordState.CONFLICT, reason="someone else has it")
    case.rows.known[GRAFANA, "A"] = case.rows.known[GRAFANA, "A"]._replace(reason="it is ours")
    case.rows.known[f"blog.{ZONE}", "A"] = row._replace(owned=False, reason="")
    told = case.zone.operations.explain_left_alone([NAS, GRAFANA, f"blog.{ZONE}"])
    assert told == {NAS: "someone else has it"}


def test_where_nothing_was_taken_over_the_name_is_compared_again(case: Case) -> None:
    assert case.zone.operations.give_up_keeping(NAS, "A", "ada") == "kept: it is ours already"
    assert case.zone.waiting == 0
    case.rows.entries_made.add(NAS)
    told = case.zone.operations.give_up_keeping(NAS, "A", "ada")
    assert told == "not kept: what is there is not what it was; look at it again"
    assert case.zone.waiting == 1


def test_what_was_replaced_is_put_back_and_looked_at_again(case: Case) -> None:
    assert case.zone.operations.undo_replacement(UNDO, "ada") == f"put back: {THEIRS.rrset}"
    assert case.published[NAS] == ("10.0.0.5",)
    assert case.rows.undone == ["ada"]
    assert case.zone.waiting == 1
    assert lists_next(case)
    assert case.zone.operations.undo_replacement(UNDO, "ada") == "there is nothing left to undo"


@pytest.mark.parametrize(
    ("there", "told"),
    [
        (None, "it is gone"),
        (ours("nas", "10.9.9.9"), f"it is {rrset('nas', '10.9.9.9')} now"),
        (Found(rrset("nas"), ("by hand",)), f"it is {rrset('nas')} now"),
        (ours("nas")._replace(expires=True), f"it is {rrset('nas')} now"),
    ],
)
def test_what_was_changed_since_it_was_replaced_stays(case: Case, there: Found | None, told: str) -> None:
    del case.target.shelf[NAS, "A"]
    if there:
        case.target.shelf[NAS, "A"] = there
    outcome = case.zone.operations.undo_replacement(UNDO, "ada")
    assert outcome == f"not undone: {told}, and not {rrset('nas')} as we left it"
    assert case.target.shelf.get((NAS, "A")) == there
    assert (case.rows.undone, case.zone.waiting) == ([], 0)


def test_nothing_is_believed_of_the_zone_after_an_undo_however_many_names_are_due(case: Case) -> None:
    case.zone.operations.undo_replacement(UNDO, "ada")
    case.take_calls()
    case.put(*(f"app{number}" for number in range(FEW + 1)))
    case.turn()
    assert set(case.take_calls()[:2]) & {"list", "read"}
    assert case.published[NAS] == ("10.0.0.5",)


def test_a_target_that_will_not_put_it_back_is_quoted(case: Case) -> None:
    case.target.refusals[NAS] = Result(create("nas")[1], Outcome.REFUSED, "the zone is read-only")
    assert case.zone.operations.undo_replacement(UNDO, "ada") == "not undone: the zone is read-only"
    assert case.rows.undone == []
    assert not lists_next(case)


def test_nothing_is_put_back_while_all_writes_are_held(case: Case) -> None:
    case.ledger.frozen = [Freeze(ZONE, None, "olga")]
    with pytest.raises(WritesFrozen):
        case.zone.operations.undo_replacement(UNDO, "ada")
    assert (case.published[NAS], case.rows.undone) == ((ADDRESS,), [])


def test_after_an_undo_that_broke_down_the_zone_is_read_again(case: Case) -> None:
    case.target.trouble[f"update {NAS}"] = TargetUnreachable("it is away")
    with pytest.raises(TargetUnreachable):
        case.zone.operations.undo_replacement(UNDO, "ada")
    case.target.trouble.clear()
    assert case.rows.undone == []
    assert lists_next(case)
