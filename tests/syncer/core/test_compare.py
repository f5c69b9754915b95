"""What is to be done at one name, given what shall be there, what is, and what the ledger knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from syncer.core.claims import Decision
from syncer.core.compare import NameRequest, compare_name
from syncer.core.drift import CompareRules
from syncer.core.known import KnownRRset, RecordState
from syncer.core.plan import Change, DriftType, ForgottenRRset, NamePlan, Op, Policy, find_losses
from syncer.core.rrsets import Found, Marker, RRset

MARKER = Marker("home")
MARK = MARKER.mark("Ingress/web/grafana")
GRAFANA = RRset("grafana.talos00", "A", 300, ("10.0.0.1",))


def rrset(*values: str, kind: str = "A", ttl: int = 300) -> RRset:
    return RRset("grafana.talos00", kind, ttl, values)


def wanted(*rrsets: RRset) -> Decision:
    return Decision("grafana.talos00", rrsets, "Ingress/web/grafana", ("Ingress/web/grafana",))


def found(rrset: RRset, *marks: str, disabled: Sequence[str] = (), **flaws: bool) -> Found:
    return Found(rrset, marks or (MARK,) * len(rrset.values), frozenset(disabled), **flaws)


def known(rrset: RRset, state: RecordState = RecordState.SYNCED, owned: bool = True) -> dict[str, KnownRRset]:
    return {rrset.type: KnownRRset(rrset, owned, state, "", "Ingress/web/grafana", ("Ingress/web/grafana",))}


def plan(
    decision: Decision,
    items: Sequence[Found] = (),
    ledger: Mapping[str, KnownRRset] | None = None,
    adopt: bool = False,
    remediate: Sequence[str] = (),
    **rules: Any,
) -> NamePlan:
    return compare_name(decision, items, ledger or {}, CompareRules(MARKER, **rules), NameRequest(adopt, remediate))


def ops(result: NamePlan) -> list[tuple[Op, str]]:
    return [(change.op, change.key[1]) for change in result.changes]


def status(result: NamePlan) -> tuple[RecordState, str, bool]:
    (only,) = result.statuses
    return only.state, only.reason, only.owned


def test_it_creates_what_is_missing() -> None:
    assert plan(wanted(GRAFANA)).changes == [Change(Op.CREATE, None, GRAFANA, MARK)]


def test_it_has_nothing_to_do_when_all_is_right() -> None:
    result = plan(wanted(GRAFANA), [found(GRAFANA)], known(GRAFANA))
    assert not result.changes
    assert status(result) == (RecordState.SYNCED, "", True)


CHANGED = [
    found(rrset("10.0.0.2")),
    found(rrset("10.0.0.1", ttl=60)),
    found(rrset("10.0.0.1", "10.0.0.2")),
    found(GRAFANA, disabled=["10.0.0.1"]),
    found(GRAFANA, expires=True),
]


@pytest.mark.parametrize("now", CHANGED)
def test_what_someone_changed_is_reported_and_left(now: Found) -> None:
    result = plan(wanted(GRAFANA), [now], known(GRAFANA))
    assert not result.changes
    assert status(result)[0] is RecordState.DRIFTED
    (drift,) = result.drifts
    assert (drift.drift, drift.expected, drift.found) == (DriftType.UNEXPECTED_VALUE, GRAFANA, now.rrset)


@pytest.mark.parametrize("now", CHANGED)
@pytest.mark.parametrize("how", [{"remediate": ["A"]}, {"remediates": lambda origin: origin == "Ingress/web/grafana"}])
def test_what_someone_changed_is_remediated_by_a_click_or_where_its_source_says_so(
    now: Found, how: dict[str, Any]
) -> None:
    assert ops(plan(wanted(GRAFANA), [now], known(GRAFANA), **how)) == [(Op.UPDATE, "A")]


def test_what_a_claim_asks_for_anew_is_written_over_what_someone_changed() -> None:
    result = plan(wanted(rrset("10.0.0.3")), [found(rrset("10.0.0.2"))], known(GRAFANA))
    assert ops(result) == [(Op.UPDATE, "A")]
    assert [drift.remediates for drift in result.drifts] == [True]


def test_what_someone_deleted_is_reported_and_comes_back_by_a_click() -> None:
    result = plan(wanted(GRAFANA), [], known(GRAFANA))
    assert not result.changes
    assert status(result) == (RecordState.DRIFTED, "someone deleted it", True)
    assert [drift.drift for drift in result.drifts] == [DriftType.MISSING_RECORD]
    assert ops(plan(wanted(GRAFANA), [], known(GRAFANA), remediate=["A"])) == [(Op.CREATE, "A")]


def test_what_the_server_lost_in_a_crash_is_no_drift() -> None:
    for items in ([], [found(rrset("10.0.0.2"))]):
        result = plan(wanted(GRAFANA), items, known(GRAFANA), lost_writes=True)
        assert len(result.changes) == 1
        assert not result.drifts


def test_drift_that_was_there_before_the_crash_stays() -> None:
    result = plan(wanted(GRAFANA), [], known(GRAFANA, RecordState.DRIFTED), lost_writes=True)
    assert not result.changes
    assert result.drifts


@pytest.mark.parametrize("state", [RecordState.PENDING, RecordState.FAILED])
def test_what_we_are_not_sure_to_have_written_is_no_drift(state: RecordState) -> None:
    result = plan(wanted(GRAFANA), [], known(GRAFANA, state))
    assert ops(result) == [(Op.CREATE, "A")]
    assert not result.drifts


def test_a_value_that_someone_added_to_ours_is_drift_that_only_a_click_ends() -> None:
    now = found(rrset("10.0.0.1", "10.0.0.9"), MARK, "by hand")
    result = plan(wanted(GRAFANA), [now], known(GRAFANA), remediates=lambda _: True)
    assert not result.changes
    assert status(result)[:2] == (RecordState.SYNCED, "someone added 10.0.0.9")
    assert [drift.reason for drift in result.drifts] == ["someone added 10.0.0.9"]
    (change,) = plan(wanted(GRAFANA), [now], known(GRAFANA), remediate=["A"]).changes
    assert (change.op, change.adopts) == (Op.UPDATE, True)


def test_a_record_that_lost_our_mark_comes_back_by_a_click_alone() -> None:
    now = found(rrset("10.0.0.9"), "by hand")
    result = plan(wanted(GRAFANA), [now], known(GRAFANA), remediates=lambda _: True)
    assert not result.changes
    assert [(drift.drift, drift.remediates) for drift in result.drifts] == [(DriftType.UNEXPECTED_VALUE, False)]
    (change,) = plan(wanted(GRAFANA), [now], known(GRAFANA, RecordState.CONFLICT, owned=False), remediate=["A"]).changes
    assert (change.op, change.adopts) == (Op.UPDATE, True)


def test_our_mark_on_what_the_ledger_does_not_know_is_drift() -> None:
    result = plan(Decision("grafana.talos00"), [found(GRAFANA)])
    assert not result.changes
    assert [(drift.drift, drift.found) for drift in result.drifts] == [(DriftType.UNEXPECTED_RECORD, GRAFANA)]
    assert ops(plan(Decision("grafana.talos00"), [found(GRAFANA)], remediate=["A"])) == [(Op.DELETE, "A")]
    assert ops(plan(Decision("grafana.talos00"), [found(GRAFANA)], remediates=lambda _: True)) == [(Op.DELETE, "A")]
    assert ops(plan(wanted(GRAFANA), [found(GRAFANA)], remediates=lambda _: True)) == [(Op.UPDATE, "A")]


@pytest.mark.parametrize(
    ("mark", "rules"),
    [
        ("CustomEntry//7", {}),
        ("Ingress/web/grafana", {"accepted": {("grafana.talos00", "A")}}),
        ("Ingress/web/grafana", {"is_unread": lambda claimants: True}),
        ("Ingress/web/grafana", {"awaited": {"Ingress"}}),
        ("Ingress/web/grafana", {"policy": Policy.UPSERT_ONLY}),
    ],
)
def test_an_unknown_record_is_never_deleted_unasked_where_that_might_lose_something(
    mark: str, rules: dict[str, Any]
) -> None:
    now = found(GRAFANA, MARKER.mark(mark))
    result = plan(Decision("grafana.talos00"), [now], remediates=lambda _: True, **rules)
    assert not result.changes
    assert result.drifts


def test_it_asks_for_no_ttl_where_the_target_keeps_none() -> None:
    assert not plan(wanted(GRAFANA), [found(rrset("10.0.0.1", ttl=0))], known(GRAFANA), keeps_ttl=False).changes


def test_what_goes_from_a_target_that_keeps_no_ttl_had_the_one_that_we_wrote() -> None:
    bare = found(rrset("10.0.0.1", ttl=0))
    (change,) = plan(Decision("grafana.talos00"), [bare], known(GRAFANA), keeps_ttl=False).changes
    assert (change.op, change.rrset) == (Op.DELETE, GRAFANA)


def test_it_deletes_what_no_claim_asks_for_any_more() -> None:
    assert ops(plan(Decision("grafana.talos00"), [found(GRAFANA)], known(GRAFANA))) == [(Op.DELETE, "A")]


def test_it_forgets_what_is_gone() -> None:
    result = plan(Decision("grafana.talos00"), [], known(GRAFANA))
    assert not result.changes
    assert result.forgotten == (ForgottenRRset(GRAFANA, True),)


def test_it_leaves_alone_what_someone_else_made() -> None:
    result = plan(Decision("grafana.talos00"), [found(GRAFANA, "")])
    assert not result.changes
    assert not result.statuses


def test_an_equal_foreign_record_satisfies_a_claim() -> None:
    assert status(plan(wanted(GRAFANA), [found(GRAFANA, "")])) == (RecordState.FOREIGN, "someone else made it", False)


def test_another_foreign_record_is_a_conflict() -> None:
    result = plan(wanted(GRAFANA), [found(rrset("10.0.0.9"), "made by hand")])
    assert not result.changes
    assert status(result) == (RecordState.CONFLICT, "the zone has 10.0.0.9: someone else made it", False)


def test_a_foreign_record_of_which_no_value_is_enabled_is_a_conflict_even_with_our_value() -> None:
    dead = "someone else's record is here, disabled: the name does not resolve"
    for rules in ({}, {"adopts_equal": True}):
        result = plan(wanted(GRAFANA), [found(GRAFANA, "", disabled=["10.0.0.1"])], **rules)
        assert not result.changes
        assert status(result) == (RecordState.CONFLICT, dead, False)
    assert ops(plan(wanted(GRAFANA), [found(GRAFANA, "", disabled=["10.0.0.1"])], adopt=True)) == [(Op.UPDATE, "A")]


def test_a_foreign_record_counts_by_the_values_that_are_answered() -> None:
    both = rrset("10.0.0.1", "10.0.0.2")
    same = plan(wanted(GRAFANA), [found(both, "", "", disabled=["10.0.0.2"])])
    answered = "disabled 10.0.0.2, so that only 10.0.0.1 is answered"
    assert status(same) == (RecordState.FOREIGN, f"someone else made it and {answered}", False)
    other = plan(wanted(both), [found(both, "", "", disabled=["10.0.0.2"])])
    words = f"the zone has 10.0.0.1, 10.0.0.2: someone else made it and {answered}"
    assert status(other) == (RecordState.CONFLICT, words, False)


def test_what_else_is_wrong_with_a_foreign_record_is_told() -> None:
    result = plan(wanted(GRAFANA), [found(GRAFANA, "", expires=True)])
    assert status(result)[:2] == (RecordState.FOREIGN, "someone else made it and lets it expire")


def test_a_disabled_record_that_lost_our_mark_satisfies_nobody() -> None:
    result = plan(wanted(GRAFANA), [found(GRAFANA, "", disabled=["10.0.0.1"])], known(GRAFANA))
    assert status(result)[0] is RecordState.CONFLICT
    assert [drift.reason for drift in result.drifts] == [
        "someone rewrote it as 10.0.0.1 and disabled 10.0.0.1, and our mark is gone"
    ]


def test_a_value_of_ours_that_someone_disabled_beside_theirs_is_ours_to_enable() -> None:
    both = rrset("10.0.0.1", "10.0.0.9")
    now = found(both, MARK, "", disabled=["10.0.0.1"])
    left = plan(wanted(GRAFANA), [now], known(GRAFANA))
    assert status(left)[0] is RecordState.DRIFTED
    (change,) = plan(wanted(GRAFANA), [now], known(GRAFANA), remediates=lambda _: True).changes
    assert (change.op, change.adopts) == (Op.UPDATE, False)


def test_a_value_of_ours_that_someone_wrote_again_disabled_is_told_and_not_written_for_ever() -> None:
    """The server holds no value twice."""
    both = rrset("10.0.0.1", "10.0.0.2")
    now = found(both, MARK, "", disabled=["10.0.0.2"])
    for rules in ({}, {"remediates": lambda _: True}):
        result = plan(wanted(both), [now], known(both), **rules)
        assert not result.changes
        assert status(result)[:2] == (
            RecordState.SYNCED,
            "someone disabled 10.0.0.2, so that only 10.0.0.1 is answered",
        )
        assert len(result.drifts) == 1
    (change,) = plan(wanted(both), [now], known(both), remediate=["A"]).changes
    assert (change.op, change.adopts) == (Op.UPDATE, True)


def test_a_value_of_ours_that_someone_wrote_again_is_no_addition() -> None:
    both = rrset("10.0.0.1", "10.0.0.2")
    result = plan(wanted(both), [found(both, MARK, "")], known(both))
    assert status(result) == (RecordState.SYNCED, "", True)


# The mark follows the claim

OLD_MARK = MARKER.mark("Ingress/web/before")


def test_the_mark_is_written_anew_when_the_claim_moves() -> None:
    (change,) = plan(wanted(GRAFANA), [found(GRAFANA, OLD_MARK)], known(GRAFANA)).changes
    assert (change.op, change.after, change.mark, change.adopts) == (Op.UPDATE, GRAFANA, MARK, False)


def test_the_mark_of_each_type_names_the_claim_that_holds_it() -> None:
    text = rrset("hello", kind="TXT")
    entry = MARKER.mark("CustomEntry//7")
    decision = replace(wanted(GRAFANA, text), by_type={"TXT": ("CustomEntry//7",)})
    ledger = known(GRAFANA) | known(text)
    assert not plan(decision, [found(GRAFANA), found(text, entry)], ledger).changes
    (change,) = plan(decision, [found(GRAFANA), found(text)], ledger).changes
    assert (change.key[1], change.mark) == ("TXT", entry)


def test_the_marks_beside_foreign_values_and_of_some_values_only_are_written_anew_too() -> None:
    both = rrset("10.0.0.1", "10.0.0.9")
    assert ops(plan(wanted(GRAFANA), [found(both, OLD_MARK, "")], known(GRAFANA))) == [(Op.UPDATE, "A")]
    assert ops(plan(wanted(both), [found(both, MARK, OLD_MARK)], known(both))) == [(Op.UPDATE, "A")]


@pytest.mark.parametrize("rules", [{"policy": Policy.CREATE_ONLY}, {"marks_origin": False}])
def test_a_mark_stays_where_nothing_may_be_changed_and_where_none_says_whose_it_is(rules: dict[str, Any]) -> None:
    result = plan(wanted(GRAFANA), [found(GRAFANA, OLD_MARK)], known(GRAFANA), **rules)
    assert not result.changes
    assert status(result) == (RecordState.SYNCED, "", True)


def test_the_marks_of_the_owner_of_before_are_ours_and_are_written_anew() -> None:
    rules = CompareRules(Marker("home", "old"))
    was = Marker("old").mark("Ingress/web/grafana")
    (change,) = compare_name(wanted(GRAFANA), [found(GRAFANA, was)], {}, rules).changes
    assert (change.op, change.mark, change.adopts) == (Op.UPDATE, MARK, False)
    (change,) = compare_name(Decision("grafana.talos00"), [found(GRAFANA, was)], {}, rules).changes
    assert change.op is Op.DELETE
    entry = Marker("old").mark("CustomEntry//7")
    assert not compare_name(Decision("grafana.talos00"), [found(GRAFANA, entry)], {}, rules).changes


# What is kept


def test_what_is_kept_is_shown_as_such_with_the_reason() -> None:
    kept = replace(wanted(GRAFANA), kept={"A": "its Gateway is gone"})
    result = plan(kept, [found(GRAFANA)], known(GRAFANA))
    assert not result.changes
    assert status(result) == (RecordState.KEPT, "its Gateway is gone", True)
    beside = plan(kept, [found(rrset("10.0.0.1", "10.0.0.9"), MARK, "")], known(GRAFANA))
    assert status(beside)[:2] == (RecordState.KEPT, "its Gateway is gone; someone added 10.0.0.9")


def test_only_the_type_that_is_kept_is() -> None:
    text = rrset("hello", kind="TXT")
    decision = replace(wanted(GRAFANA, text), kept={"A": "its Gateway is gone"})
    result = plan(decision, [found(GRAFANA), found(text)], known(GRAFANA) | known(text))
    assert {item.rrset.type: item.state for item in result.statuses} == {
        "A": RecordState.KEPT,
        "TXT": RecordState.SYNCED,
    }


@pytest.mark.parametrize("state", [RecordState.SYNCED, RecordState.KEPT])
def test_what_is_kept_drifts_and_is_remediated_like_what_is_not(state: RecordState) -> None:
    kept = replace(wanted(GRAFANA), kept={"A": "its Gateway is gone"})
    gone = plan(kept, [], known(GRAFANA, state))
    assert status(gone)[0] is RecordState.DRIFTED
    assert ops(plan(kept, [], known(GRAFANA, state), remediates=lambda _: True)) == [(Op.CREATE, "A")]
    assert ops(plan(kept, [], known(GRAFANA, state), lost_writes=True)) == [(Op.CREATE, "A")]
    assert status(plan(kept, [found(rrset("10.0.0.9"), "")], known(GRAFANA, state)))[0] is RecordState.CONFLICT


def test_drift_of_a_type_is_remediated_where_the_claim_that_holds_it_says_so() -> None:
    text = rrset("hello", kind="TXT")
    decision = replace(wanted(GRAFANA, text), by_type={"TXT": ("CustomEntry//7",)})
    ledger = known(GRAFANA) | known(text)
    result = plan(decision, [], ledger, remediates=lambda origin: origin == "CustomEntry//7")
    assert ops(result) == [(Op.CREATE, "TXT")]


def test_equal_records_are_adopted_when_the_setting_says_so() -> None:
    result = plan(wanted(GRAFANA), [found(GRAFANA, "")], adopts_equal=True)
    assert [(change.op, change.adopts) for change in result.changes] == [(Op.UPDATE, True)]
    assert not plan(wanted(GRAFANA), [found(rrset("10.0.0.9"), "")], adopts_equal=True).changes


def test_a_person_may_adopt_another_value() -> None:
    assert ops(plan(wanted(GRAFANA), [found(rrset("10.0.0.9"), "")], adopt=True)) == [(Op.UPDATE, "A")]


def test_the_ledger_alone_does_not_make_a_record_ours() -> None:
    state, reason, owned = status(plan(wanted(GRAFANA), [found(rrset("10.0.0.9"), "")], known(GRAFANA)))
    assert state is RecordState.CONFLICT
    assert "no longer carries our mark" in reason
    assert not owned


def test_the_mark_alone_does_not_make_a_record_ours() -> None:
    result = plan(Decision("grafana.talos00"), [found(GRAFANA)])
    assert not result.changes


def test_the_mark_of_another_installation_is_foreign() -> None:
    other = Marker("office").mark("Ingress/web/grafana")
    assert not plan(Decision("grafana.talos00"), [found(GRAFANA, other)], known(GRAFANA)).changes


def test_a_lost_database_is_rebuilt_from_the_marks() -> None:
    result = plan(wanted(GRAFANA), [found(GRAFANA)], by_mark_alone=True)
    assert status(result) == (RecordState.SYNCED, "", True)
    assert ops(plan(Decision("grafana.talos00"), [found(GRAFANA)], by_mark_alone=True)) == [(Op.DELETE, "A")]


def test_what_only_a_lost_custom_entry_could_explain_is_not_deleted() -> None:
    mark = MARKER.mark("CustomEntry//7")
    assert not plan(Decision("grafana.talos00"), [found(GRAFANA, mark)], by_mark_alone=True).changes


def test_a_crash_between_claim_and_write_makes_no_foreign_record_ours() -> None:
    claimed = known(GRAFANA, RecordState.PENDING)
    assert status(plan(wanted(GRAFANA), [found(GRAFANA, "")], claimed)) == (
        RecordState.FOREIGN,
        "someone else made it",
        False,
    )
    assert not plan(Decision("grafana.talos00"), [found(GRAFANA, "")], claimed).changes


def test_a_name_loses_its_cname_before_it_gets_addresses() -> None:
    cname = rrset("edge.talos00", kind="CNAME")
    assert ops(plan(wanted(GRAFANA), [found(cname)], known(cname))) == [(Op.DELETE, "CNAME"), (Op.CREATE, "A")]


def test_a_cname_has_a_name_for_itself() -> None:
    cname = rrset("edge.talos00", kind="CNAME")
    text = found(rrset("hello", kind="TXT"), "")
    result = plan(wanted(cname), [text])
    assert status(result) == (RecordState.CONFLICT, "a foreign TXT record is at this name", False)
    result = plan(wanted(GRAFANA), [found(cname, "")])
    assert status(result)[1] == "a foreign CNAME record is at this name"


def test_a_name_does_not_lose_its_addresses_to_a_cname_that_cannot_come() -> None:
    cname = rrset("edge.talos00", kind="CNAME")
    result = plan(wanted(cname), [found(GRAFANA), found(rrset("hello", kind="TXT"), "")], known(GRAFANA))
    assert not result.changes
    assert {item.state for item in result.statuses} == {RecordState.CONFLICT, RecordState.KEPT}


def test_a_value_that_someone_added_to_ours_stays() -> None:
    both = rrset("10.0.0.1", "10.0.0.9")
    result = plan(wanted(GRAFANA), [found(both, MARK, "")], known(GRAFANA))
    assert status(result) == (RecordState.SYNCED, "someone added 10.0.0.9", True)


def test_ours_goes_where_all_that_is_desired_is_there_as_foreign() -> None:
    both = rrset("10.0.0.1", "10.0.0.2")
    result = plan(wanted(GRAFANA), [found(both, "", MARK)], known(both))
    assert ops(result) == [(Op.DELETE, "A")]


def test_the_ttl_of_an_rrset_that_is_shared_is_not_ours_to_change() -> None:
    both = rrset("10.0.0.1", "10.0.0.9", ttl=60)
    assert not plan(wanted(GRAFANA), [found(both, MARK, "")], known(GRAFANA)).changes


@pytest.mark.parametrize(
    ("policy", "decision", "expected"),
    [
        (Policy.UPSERT_ONLY, wanted(rrset("10.0.0.2")), [(Op.UPDATE, "A")]),
        (Policy.UPSERT_ONLY, Decision("grafana.talos00"), []),
        (Policy.CREATE_ONLY, wanted(rrset("10.0.0.2")), []),
        (Policy.CREATE_ONLY, Decision("grafana.talos00"), []),
    ],
)
def test_a_policy_forbids_and_says_so(policy: Policy, decision: Decision, expected: list[tuple[Op, str]]) -> None:
    result = plan(decision, [found(GRAFANA)], known(GRAFANA), policy=policy)
    assert ops(result) == expected
    if not expected:
        state, reason, owned = status(result)
        assert (state, owned) == (RecordState.KEPT, True)
        assert policy.value in reason


def test_what_an_object_asked_for_that_cannot_be_read_is_kept() -> None:
    result = plan(Decision("grafana.talos00"), [found(GRAFANA)], known(GRAFANA), is_unread=lambda claimants: True)
    assert status(result) == (RecordState.KEPT, "objects of its kind cannot be read now", True)
    told = {"is_unread": lambda claimants: True, "explain_unread": lambda claimants: "it may be in a.yaml"}
    result = plan(Decision("grafana.talos00"), [found(GRAFANA)], known(GRAFANA), **told)
    assert status(result)[1] == "objects of its kind cannot be read now: it may be in a.yaml"


AWAY = "the API server was away: not every kind has been heard from again"
AAAA = rrset("fd00::1", kind="AAAA")
CNAME = rrset("edge.talos00", kind="CNAME")


def awaited(*items: RRset, desired: Sequence[RRset] = ()) -> NamePlan:
    """``items`` are ours, and deletes wait for every kind."""
    rows = {kind: row for item in items for kind, row in known(item).items()}
    decision = wanted(*desired) if desired else Decision("grafana.talos00")
    return plan(decision, [found(item) for item in items], rows, awaited={"Ingress"})


def test_a_delete_waits_for_kinds_that_were_away() -> None:
    result = awaited(GRAFANA)
    assert not result.changes
    assert status(result) == (RecordState.KEPT, AWAY, True)
    assert result.is_waiting


def test_the_loss_of_a_type_waits_too_and_an_update_beside_it_goes_on() -> None:
    result = awaited(GRAFANA, AAAA, desired=[rrset("10.0.0.2")])
    assert ops(result) == [(Op.UPDATE, "A")]
    assert [(status.rrset.type, status.state) for status in result.statuses] == [("AAAA", RecordState.KEPT)]


def test_what_makes_way_for_another_type_waits_for_no_kind() -> None:
    assert ops(awaited(CNAME, desired=[GRAFANA])) == [(Op.DELETE, "CNAME"), (Op.CREATE, "A")]
    assert ops(awaited(GRAFANA, AAAA, desired=[CNAME])) == [
        (Op.DELETE, "A"),
        (Op.DELETE, "AAAA"),
        (Op.CREATE, "CNAME"),
    ]


def test_a_delete_waits_for_the_kinds_that_wanted_the_record() -> None:
    result = plan(Decision("grafana.talos00"), [found(GRAFANA)], known(GRAFANA), awaited={"HTTPRoute"})
    assert ops(result) == [(Op.DELETE, "A")]
    assert not result.is_waiting


DS = rrset(f"60485 13 2 {'ab' * 32}", kind="DS")
NS = rrset("ns1.example.com", kind="NS")


def test_a_ds_goes_after_the_name_servers_that_it_needs() -> None:
    rows = known(DS) | known(NS)
    assert ops(plan(wanted(DS), [found(DS), found(NS)], rows)) == [(Op.DELETE, "NS")]
    assert ops(plan(wanted(DS), [found(DS)], rows)) == [(Op.DELETE, "DS")]


def test_a_ds_stays_as_long_as_its_name_servers_do() -> None:
    assert not awaited(DS, NS, desired=[DS]).changes
    assert not plan(wanted(DS), [found(DS), found(NS, "")], known(DS)).changes, "somebody else's"
    assert not plan(wanted(DS, NS), [found(DS)], known(DS) | known(NS)).changes, "drift: ours, and gone by a hand"


def test_what_waits_for_a_person_waits_for_no_kind() -> None:
    """An approval would come to nothing, and a plan that is open would be obsolete."""
    rows = known(GRAFANA, RecordState.HELD)
    result = plan(Decision("grafana.talos00"), [found(GRAFANA)], rows, awaited={"Ingress"})
    assert ops(result) == [(Op.DELETE, "A")]


@pytest.mark.parametrize(
    "rules", [{"is_unread": lambda claimants: list(claimants) == ["Ingress/web/grafana"]}, {"awaited": {"Ingress"}}]
)
def test_when_the_ledger_was_lost_the_mark_says_who_wanted_it(rules: dict[str, Any]) -> None:
    result = plan(Decision("grafana.talos00"), [found(GRAFANA)], by_mark_alone=True, **rules)
    assert not result.changes
    assert (result.decision.origin, result.decision.claimants) == ("Ingress/web/grafana", ("Ingress/web/grafana",))


def test_what_the_target_can_never_hold_is_skipped_with_the_reason() -> None:
    result = plan(wanted(GRAFANA), refuses=lambda rrset: "a hosts file cannot hold it")
    assert status(result) == (RecordState.SKIPPED, "a hosts file cannot hold it", False)


def test_a_cname_that_makes_way_is_no_loss() -> None:
    cname = rrset("edge.talos00", kind="CNAME")
    swap = plan(wanted(GRAFANA), [found(cname)], known(cname)).changes
    assert find_losses(swap) == []
    gone = plan(Decision("grafana.talos00"), [found(GRAFANA)], known(GRAFANA)).changes
    assert find_losses(gone) == gone


def test_what_nobody_has_looked_at_whole_is_not_replaced() -> None:
    pool = found(GRAFANA, "")._replace(is_cut=True)
    for rules in ({}, {"adopts_equal": True}):
        compared = plan(wanted(GRAFANA), [pool], adopt=True, **rules)
        assert not ops(compared)
    other = found(replace(GRAFANA, values=("10.0.0.9",)), "")._replace(is_cut=True)
    state, reason, _ = status(plan(wanted(GRAFANA), [other], adopt=True))
    assert (state, "gave it more values than are looked at" in reason) == (RecordState.CONFLICT, True)
