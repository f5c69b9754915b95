"""In what way a zone differs from what was written last, and whether that is remediated unasked."""

from __future__ import annotations

from typing import Any

import pytest

from syncer.core.drift import CompareRules, find_drift, find_foreign_values, find_stray
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
    (
        Found(GRAFANA, (MARK,), intact=False),
        DriftType.UNEXPECTED_VALUE,
        "someone disabled it, lets it expire, or gave its records different TTLs",
    ),
]
ADDITIONS = [
    (Found(rrset("10.0.0.1", "10.0.0.2"), (MARK, "")), "someone added 10.0.0.2"),
    (Found(rrset("10.0.0.2"), ("",)), "someone rewrote it as 10.0.0.2, and our mark is gone"),
]


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


def drift_of_two(item: Found) -> Drift | None:
    """What is found where two addresses were written."""
    two = rrset("10.0.0.1", "10.0.0.2")
    return find_drift(two, item, KnownRRset(two, True, RecordState.SYNCED), SOURCE, CompareRules(MARKER), asked=False)


def test_one_of_our_values_that_someone_took_away_is_a_change() -> None:
    drift = drift_of_two(OURS)
    assert drift is not None
    assert (drift.drift, drift.reason) == (DriftType.UNEXPECTED_VALUE, "someone changed it to 10.0.0.1")


def test_one_of_our_values_that_someone_wrote_again_is_left_to_them_with_its_ttl() -> None:
    assert drift_of_two(Found(rrset("10.0.0.1", "10.0.0.2", ttl=60), (MARK, ""), intact=False)) is None


def test_a_target_without_ttls_changes_none() -> None:
    assert drift_of(Found(rrset(ttl=0), (MARK,)), keeps_ttl=False) is None


@pytest.mark.parametrize("state", RecordState)
def test_only_what_was_once_written_can_drift(state: RecordState) -> None:
    written = {RecordState.SYNCED, RecordState.DRIFTED, RecordState.KEPT, RecordState.HELD}
    assert bool(drift_of(None, state)) is (state in written)


def test_what_a_crash_lost_is_no_drift_but_what_had_drifted_before_is() -> None:
    assert drift_of(None, lost_writes=True) is None
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
