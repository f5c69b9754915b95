"""Changes, what they are about, and when there are too many deletes among them."""

from __future__ import annotations

from collections import Counter

import pytest

from syncer.core.claims import Decision
from syncer.core.known import RecordState
from syncer.core.plan import (
    Change,
    DeletionCount,
    Drift,
    DriftType,
    ForgottenRRset,
    Guard,
    NamePlan,
    Op,
    RRsetStatus,
    find_losses,
)
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


# By namespace


def held(
    asked: dict[str, int], had: dict[str, int], *, others: dict[str, int] | None = None, leaving: str = ""
) -> tuple[frozenset[str], str]:
    """``had``: what each namespace has in the zone; ``others``: deletes that cannot be held any more."""
    count = DeletionCount(asked, Counter(asked) + Counter(others), sum(had.values()))
    return count.find_held(Guard(), lambda names: {name: had[name] for name in names}, leaving.__eq__)


def test_a_namespace_is_measured_by_what_it_has_and_holds_up_no_other() -> None:
    namespaces, reason = held({"apps": 12, "web": 3}, {"apps": 14, "web": 100})
    assert namespaces == {"apps"}
    assert reason.startswith("12 of 14 records of namespace apps would go, more than MAX_DELETES_UNGUARDED (10)")


def test_a_namespace_that_goes_itself_is_measured_by_the_zone_alone() -> None:
    assert held({"apps": 12}, {"apps": 14, "web": 100}, leaving="apps") == (frozenset(), "")
    namespaces, reason = held({"apps": 60}, {"apps": 60, "web": 40}, leaving="apps")
    assert namespaces == {"apps"}
    assert reason.startswith("60 of 100 records would go")


def test_where_the_zone_trips_those_with_most_are_held_first_and_the_rest_goes() -> None:
    namespaces, reason = held({"apps": 60, "web": 3, "": 2}, {"apps": 60, "web": 35, "": 5}, leaving="apps")
    assert namespaces == {"apps"}
    assert "65 of 100 records would go" in reason
    assert reason.endswith("; held are those of apps (60)")


def test_the_rest_is_counted_again_until_it_may_go() -> None:
    asked = {f"n{number:02}": 2 for number in range(20)}
    namespaces, reason = held(asked, dict.fromkeys(asked, 2))
    assert len(namespaces) == 15
    assert namespaces == {f"n{number:02}" for number in range(15)}
    assert reason.endswith("; held are those of n00 (2), n01 (2), n02 (2) and 12 more")


def test_what_is_gone_counts_and_cannot_be_held() -> None:
    namespaces, reason = held({"apps": 2}, {"apps": 14, "web": 100}, others={"apps": 10})
    assert namespaces == {"apps"}
    assert reason.startswith("12 of 14 records of namespace apps")


def test_several_namespaces_are_counted_in_the_reason() -> None:
    namespaces, reason = held({"a": 11, "b": 12}, {"a": 12, "b": 12, "c": 100})
    assert namespaces == {"a", "b"}
    assert reason.startswith("12 of 12 records of namespace b would go")
    assert reason.endswith("; and so in 1 more namespaces")


def test_custom_entries_are_no_tenants() -> None:
    assert held({"": 12}, {"": 12, "web": 100}) == (frozenset(), "")
