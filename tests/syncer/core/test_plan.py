"""Changes, what they are about, and when there are too many deletes among them."""

from __future__ import annotations

import pytest

from syncer.core.claims import Decision
from syncer.core.known import RecordState
from syncer.core.plan import Change, Drift, DriftType, ForgottenRRset, Guard, NamePlan, Op, RRsetStatus, find_losses
from syncer.core.rrsets import Found, RRset

GRAFANA = RRset("grafana.talos00", "A", 300, ("10.0.0.1",))
ALIAS = RRset("grafana.talos00", "CNAME", 300, ("edge.talos00",))
NAS = RRset("nas.talos00", "A", 300, ("10.0.0.2",))


def create(rrset: RRset) -> Change:
    return Change(Op.CREATE, None, rrset, "mark")


def delete(rrset: RRset) -> Change:
    return Change(Op.DELETE, Found(rrset, ("mark",)), None, "mark")


def test_a_change_is_about_what_shall_be_there_or_else_about_what_shall_go() -> None:
    now = Found(GRAFANA, ("mark",))
    after = RRset("grafana.talos00", "A", 60, ("10.0.0.9",))
    assert Change(Op.UPDATE, now, after, "mark").rrset == after
    assert delete(GRAFANA).rrset == GRAFANA
    assert (delete(ALIAS).key, delete(ALIAS).name) == (("grafana.talos00", "CNAME"), "grafana.talos00")


def test_drift_is_about_what_was_written_or_else_about_what_is_there() -> None:
    assert Drift(DriftType.MISSING_RECORD, GRAFANA, None, "").key == ("grafana.talos00", "A")
    assert Drift(DriftType.UNEXPECTED_RECORD, None, ALIAS, "").key == ("grafana.talos00", "CNAME")


def test_a_plan_of_nothing_is_empty_and_any_part_of_one_is_not() -> None:
    decision = Decision("grafana.talos00")
    assert NamePlan(decision).name == "grafana.talos00"
    assert NamePlan(decision, foreign_types=frozenset({"A"})).is_empty
    assert not NamePlan(decision, changes=[create(GRAFANA)]).is_empty
    assert not NamePlan(decision, statuses=[RRsetStatus(GRAFANA, RecordState.SYNCED)]).is_empty
    assert not NamePlan(decision, drifts=[Drift(DriftType.MISSING_RECORD, GRAFANA, None, "")]).is_empty
    assert not NamePlan(decision, forgotten=[ForgottenRRset(GRAFANA, owned=True)]).is_empty


@pytest.mark.parametrize(
    ("deletes", "owned", "held"),
    [(10, 10, False), (11, 100, False), (25, 50, False), (26, 50, True), (30, 50, True), (11, 12, True)],
)
def test_the_guard_stops_what_is_both_many_and_most(deletes: int, owned: int, held: bool) -> None:
    assert bool(Guard().refuses(deletes, owned)) is held


def test_the_guard_names_the_numbers_and_the_settings() -> None:
    assert Guard(max_ratio=0.25, max_unguarded=2).refuses(3, 4) == (
        "3 of 4 records would go, more than MAX_DELETES_UNGUARDED (2) and MAX_DELETE_RATIO (0.25) allow"
    )


def test_what_makes_way_at_its_name_is_no_loss() -> None:
    assert find_losses([delete(ALIAS), create(GRAFANA)]) == []
    assert find_losses([delete(GRAFANA), create(NAS)]) == [delete(GRAFANA)]


def test_an_update_of_another_type_makes_up_for_no_delete() -> None:
    text = RRset("grafana.talos00", "TXT", 300, ("hello",))
    update = Change(Op.UPDATE, Found(text, ("mark",)), text, "mark")
    assert find_losses([update, delete(GRAFANA)]) == [delete(GRAFANA)]
