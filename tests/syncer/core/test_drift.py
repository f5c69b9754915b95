"""In what way a zone differs from what was written last, and whether that is remediated unasked."""

from __future__ import annotations

from typing import Any

import pytest

from syncer.core.drift import CompareRules, find_drift, find_foreign_values, find_stray, list_flaws
from syncer.core.known import KnownRRset, RecordState
from syncer.core.plan import Drift, DriftType, Policy
from syncer.core.rrsets import Found, Marker, RRset

MARKER = Marker("home")
SOURCE = "Ingress/web/grafana"
MARK = MARKER.mark(SOURCE)


def rrset(*values: str, ttl: int = 300) -> RRset:
    return RRset("grafana.talos00", "A", ttl, values or ("10.0.0.1",))


GRAFANA = rrset()
OURS = Found(GRAFANA, (MARK,))
DISABLED = frozenset(GRAFANA.values)


def drift_of(
    item: Found | None,
    state: RecordState | None = RecordState.SYNCED,
    *,
    desired: RRset = GRAFANA,
    owned: bool = True,
    asked: bool = False,
    **rules: Any,
) -> Drift | None:
    """What is found where ``GRAFANA`` was written; ``state`` None: the ledger does not know it."""
    known = KnownRRset(GRAFANA, owned, state) if state else None
    return find_drift(desired, item, known, SOURCE, CompareRules(MARKER, **rules), asked=asked)


def remediated(drift: Drift | None) -> bool:
    assert drift is not None
    return drift.remediates


CHANGES = [
    (None, DriftType.MISSING_RECORD, "someone deleted it"),
    (Found(rrset("10.0.0.2"), (MARK,)), DriftType.UNEXPECTED_VALUE, "someone changed it to 10.0.0.2"),
    (Found(rrset(ttl=60), (MARK,)), DriftType.UNEXPECTED_VALUE, "someone changed its TTL to 60 s"),
    (Found(GRAFANA, (MARK,), DISABLED), DriftType.UNEXPECTED_VALUE, "someone disabled 10.0.0.1"),
    (Found(GRAFANA, (MARK,), expires=True), DriftType.UNEXPECTED_VALUE, "someone lets it expire"),
    (Found(GRAFANA, (MARK,), is_damaged=True), DriftType.UNEXPECTED_VALUE, "someone damaged it"),
    (
        Found(rrset(ttl=60), (MARK,), DISABLED, expires=True),
        DriftType.UNEXPECTED_VALUE,
        "someone changed its TTL to 60 s, disabled 10.0.0.1 and lets it expire",
    ),
    (
        Found(rrset("10.0.0.2"), (MARK,), frozenset({"10.0.0.2"})),
        DriftType.UNEXPECTED_VALUE,
        "someone changed it to 10.0.0.2 and disabled 10.0.0.2",
    ),
    (
        Found(rrset("10.0.0.1", "10.0.0.2"), (MARK, ""), DISABLED),
        DriftType.UNEXPECTED_VALUE,
        "someone added 10.0.0.2 and disabled 10.0.0.1, so that only 10.0.0.2 is answered",
    ),
]
"""Of what is ours."""
ADDITIONS = [
    (Found(rrset("10.0.0.1", "10.0.0.2"), (MARK, "")), "someone added 10.0.0.2"),
    (Found(rrset("10.0.0.1", "10.0.0.2", ttl=60), (MARK, ""), expires=True), "someone added 10.0.0.2"),
    (Found(rrset("10.0.0.2"), ("",)), "someone rewrote it as 10.0.0.2, and our mark is gone"),
    (
        Found(GRAFANA, ("",), DISABLED),
        "someone rewrote it as 10.0.0.1 and disabled 10.0.0.1, and our mark is gone",
    ),
    (
        Found(rrset("10.0.0.2"), ("",), expires=True),
        "someone rewrote it as 10.0.0.2 and lets it expire, and our mark is gone",
    ),
]
"""By which nothing of ours was changed, or nothing is ours any more."""


def test_what_is_as_it_was_written_is_no_drift() -> None:
    assert drift_of(OURS) is None


@pytest.mark.parametrize(("item", "type_", "reason"), CHANGES)
def test_what_was_changed_is_told_with_what_was_written_and_what_is_there(
    item: Found | None, type_: DriftType, reason: str
) -> None:
    assert drift_of(item) == Drift(type_, GRAFANA, item and item.rrset, reason)


@pytest.mark.parametrize("item", [change[0] for change in CHANGES])
def test_it_is_remediated_by_a_request_by_the_source_and_by_a_new_claim(item: Found | None) -> None:
    assert remediated(drift_of(item, asked=True))
    assert remediated(drift_of(item, remediates=lambda origin: origin == SOURCE))
    assert not remediated(drift_of(item, remediates=lambda origin: origin != SOURCE))
    assert remediated(drift_of(item, desired=rrset("10.0.0.7")))


def test_what_was_accepted_is_remediated_by_a_request_only() -> None:
    rules: dict[str, Any] = {"accepted": {("grafana.talos00", "A")}, "remediates": lambda origin: True}
    assert not remediated(drift_of(None, **rules))
    assert remediated(drift_of(None, asked=True, **rules))


def test_create_only_changes_nothing_unasked_and_creates_what_is_gone() -> None:
    rules: dict[str, Any] = {"policy": Policy.CREATE_ONLY, "remediates": lambda origin: True}
    changed = Found(rrset("10.0.0.2"), (MARK,))
    assert not remediated(drift_of(changed, **rules))
    assert remediated(drift_of(changed, asked=True, **rules))
    assert remediated(drift_of(None, **rules))


@pytest.mark.parametrize(("item", "reason"), ADDITIONS)
def test_what_someone_added_is_not_ours_to_overwrite_unasked(item: Found, reason: str) -> None:
    drift = drift_of(item, remediates=lambda origin: True)
    assert drift == Drift(DriftType.UNEXPECTED_VALUE, GRAFANA, item.rrset, reason)
    assert remediated(drift_of(item, asked=True))


@pytest.mark.parametrize("marks", [("",), ("", MARK)])
def test_equal_values_are_no_drift_whoever_wrote_them(marks: tuple[str, ...]) -> None:
    assert drift_of(Found(rrset(*["10.0.0.1"] * len(marks)), marks)) is None


def drift_of_two(item: Found, *, asked: bool = False, **rules: Any) -> Drift | None:
    """What is found where two addresses were written."""
    two = rrset("10.0.0.1", "10.0.0.2")
    known = KnownRRset(two, True, RecordState.SYNCED)
    return find_drift(two, item, known, SOURCE, CompareRules(MARKER, **rules), asked=asked)


def test_one_of_our_values_that_someone_took_away_is_a_change() -> None:
    drift = drift_of_two(OURS)
    assert drift is not None
    assert (drift.drift, drift.reason) == (DriftType.UNEXPECTED_VALUE, "someone changed it to 10.0.0.1")


def reason_of_two(marks: tuple[str, str], *disabled: str, ttl: int = 300, **flaws: bool) -> str:
    drift = drift_of_two(Found(rrset("10.0.0.1", "10.0.0.2", ttl=ttl), marks, frozenset(disabled), **flaws))
    return drift.reason if drift else ""


def test_of_two_values_of_ours_the_disabled_one_is_told_and_what_is_answered_still() -> None:
    assert reason_of_two((MARK, MARK)) == ""
    only = "so that only 10.0.0.1 is answered"
    assert reason_of_two((MARK, MARK), "10.0.0.2") == f"someone disabled 10.0.0.2, {only}"
    assert reason_of_two((MARK, MARK), "10.0.0.1", "10.0.0.2") == "someone disabled 10.0.0.1, 10.0.0.2"


def test_records_of_ours_with_different_ttls_are_told_as_such() -> None:
    assert reason_of_two((MARK, MARK), ttl=60, mixes_ttls=True) == "someone gave its records different TTLs"


def test_one_of_our_values_that_someone_wrote_again_is_left_to_them_with_its_ttl() -> None:
    assert reason_of_two((MARK, ""), ttl=60, expires=True, mixes_ttls=True) == ""


def test_but_not_where_they_disabled_it_which_only_a_request_ends() -> None:
    item = Found(rrset("10.0.0.1", "10.0.0.2"), (MARK, ""), frozenset({"10.0.0.2"}))
    drift = drift_of_two(item, remediates=lambda origin: True)
    assert drift is not None
    assert drift.reason == "someone disabled 10.0.0.2, so that only 10.0.0.1 is answered"
    assert not drift.remediates
    assert remediated(drift_of_two(item, asked=True))


def test_what_is_wrong_with_a_foreign_value_beside_ours_is_none_of_our_drift() -> None:
    item = Found(rrset("10.0.0.1", "10.0.0.2"), (MARK, ""), frozenset({"10.0.0.2"}), expires=True)
    drift = drift_of(item)
    assert drift is not None
    assert drift.reason == "someone added 10.0.0.2"


def test_a_target_without_ttls_changes_none() -> None:
    assert drift_of(Found(rrset(ttl=0), (MARK,)), keeps_ttl=False) is None


@pytest.mark.parametrize("state", RecordState)
def test_only_what_was_once_written_can_drift(state: RecordState) -> None:
    written = {RecordState.SYNCED, RecordState.DRIFTED, RecordState.KEPT, RecordState.HELD}
    assert bool(drift_of(None, state)) is (state in written)


def test_what_a_crash_lost_is_no_drift_but_what_had_drifted_before_is() -> None:
    assert drift_of(None, lost_writes=True) is None
    assert drift_of(None, RecordState.KEPT, lost_writes=True) is None
    assert drift_of(None, RecordState.DRIFTED, lost_writes=True)


@pytest.mark.parametrize(("state", "owned"), [(None, True), (RecordState.FOREIGN, False)])
def test_our_mark_on_what_the_ledger_does_not_know_is_drift(state: RecordState | None, owned: bool) -> None:
    reason = "it carries our mark, but the ledger does not know it"
    assert drift_of(OURS, state, owned=owned) == Drift(DriftType.UNEXPECTED_RECORD, None, GRAFANA, reason)
    assert drift_of(Found(GRAFANA, ("",)), state, owned=owned) is None
    assert drift_of(None, state, owned=owned) is None


def stray_is_remediated(origin: str = SOURCE, *, asked: bool = False, **rules: Any) -> bool:
    rules = {"remediates": lambda origin: True} | rules
    drift = find_stray(OURS, origin, CompareRules(MARKER, **rules), asked=asked)
    assert (drift.drift, drift.expected, drift.found) == (DriftType.UNEXPECTED_RECORD, None, GRAFANA)
    return drift.remediates


@pytest.mark.parametrize(
    ("origin", "rules"),
    [
        ("CustomEntry//7", {}),
        (SOURCE, {"policy": Policy.UPSERT_ONLY}),
        (SOURCE, {"accepted": {("grafana.talos00", "A")}}),
        (SOURCE, {"is_unread": lambda claimants: claimants == [SOURCE]}),
        (SOURCE, {"remediates": lambda origin: origin != SOURCE}),
    ],
)
def test_a_stray_goes_unasked_only_where_its_absence_from_the_claims_means_something(
    origin: str, rules: dict[str, Any]
) -> None:
    assert stray_is_remediated()
    assert not stray_is_remediated(origin, **rules)
    assert stray_is_remediated(origin, asked=True, **rules)


def test_values_without_our_mark_are_foreign() -> None:
    item = Found(rrset("10.0.0.1", "10.0.0.2", "10.0.0.3"), (MARK, "", Marker("work").mark(SOURCE)))
    assert find_foreign_values(item, CompareRules(MARKER)) == {"10.0.0.2", "10.0.0.3"}


def test_a_mark_of_the_owner_of_before_is_taken_over_without_a_finding() -> None:
    was = Found(GRAFANA, (Marker("old").mark(SOURCE),))
    rules = CompareRules(Marker("home", "old"))
    assert find_drift(GRAFANA, was, None, SOURCE, rules, asked=False) is None


@pytest.mark.parametrize(
    ("item", "flaws"),
    [
        (OURS, []),
        (Found(GRAFANA, ("",), DISABLED), ["disabled 10.0.0.1"]),
        (
            Found(rrset("10.0.0.1", "10.0.0.2"), ("", ""), DISABLED, expires=True, mixes_ttls=True, is_damaged=True),
            [
                "disabled 10.0.0.1, so that only 10.0.0.2 is answered",
                "lets it expire",
                "gave its records different TTLs",
                "damaged it",
            ],
        ),
    ],
)
def test_flaws_are_what_someone_did_whoever_made_the_record(item: Found, flaws: list[str]) -> None:
    assert list_flaws(item) == flaws
    assert item.intact is not bool(flaws)
