"""What a pass is to do: what the plan says of itself."""

from __future__ import annotations

from syncer.core.claims import Decision
from syncer.core.known import RecordState
from syncer.core.plan import ForgottenRRset, NamePlan, RRsetStatus
from syncer.zone.passplan import OTHERS, ForeignNames, PassPlan, list_observed
from tests.syncer.zone.memory import ZONE, create, delete, rrset


def test_foreign_names_are_told_apart_by_whether_they_concern_us() -> None:
    foreign = ForeignNames()
    foreign.add(f"www.{ZONE}", is_ours=True)
    foreign.add(f"*.{ZONE}", is_ours=True)
    foreign.add(f"printer.{ZONE}", is_ours=False)
    assert foreign.ours == {f"www.{ZONE}", f"*.{ZONE}"}
    assert foreign.wildcards == {f"*.{ZONE}"}
    assert all(name in foreign for name in (f"www.{ZONE}", f"printer.{ZONE}"))
    assert f"nas.{ZONE}" not in foreign
    foreign.discard_all([f"*.{ZONE}"])
    assert foreign.ours == {f"www.{ZONE}"}
    assert not foreign.wildcards


def test_of_foreign_wildcards_no_more_are_kept_than_are_looked_at() -> None:
    foreign = ForeignNames()
    for number in range(OTHERS + 1):
        foreign.add(f"*.app{number}.{ZONE}", is_ours=False)
    assert len(foreign.wildcards) == OTHERS
    assert f"*.app{OTHERS}.{ZONE}" in foreign


def test_a_plan_counts_what_shall_be_there() -> None:
    gone, made = delete("old"), create("new")
    plan = PassPlan(names=[NamePlan(gone[0], [gone[1]]), NamePlan(made[0], [made[1]])])
    assert plan.writes == 1
    plan.foreign.add(f"*.{ZONE}", is_ours=False)
    plan.delegations.add(f"sub.{ZONE}")
    assert plan.others == ({f"*.{ZONE}"}, {f"sub.{ZONE}"})


def test_what_the_ledger_does_not_say_yet_is_states_and_what_it_may_forget() -> None:
    decision = Decision(f"www.{ZONE}")
    status = RRsetStatus(rrset("www"), RecordState.SYNCED, owned=True)
    forgotten = ForgottenRRset(rrset("www"), owned=False)
    observed = list_observed([NamePlan(decision, statuses=[status], forgotten=[forgotten]), NamePlan(decision)])
    assert [tuple(item) for item in observed] == [(decision, status), (decision, forgotten)]
