"""Every row of the table, by an example that leads to it; and the table as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from syncer.core.claims import Decision
from syncer.core.compare import NameComparison, NameRequest, compare_name
from syncer.core.decision_table import ROWS, Asked, Fit, Observed, Obstacle, Remedy, Row, Situation, Step, find_row
from syncer.core.drift import CompareRules
from syncer.core.known import KnownRRset, RecordState
from syncer.core.plan import Op, Policy
from syncer.core.rrsets import Found, Marker, RRset
from tests.syncer.core.table_text import render_table

NAME = "grafana.talos00"
ORIGIN = "Ingress/web/grafana"
MARKER = Marker("home")
OURS = MARKER.mark(ORIGIN)
OURS_BEFORE = MARKER.mark("Ingress/web/before")
RECORDS = Path(__file__).parents[3] / "docs" / "records.md"


def rrset(*values: str, kind: str = "A", ttl: int = 300) -> RRset:
    return RRset(NAME, kind, ttl, values)


WANTED, OTHER = rrset("10.0.0.1"), rrset("10.0.0.2")
BOTH = rrset("10.0.0.1", "10.0.0.2")


def ledger(rrset: RRset, state: RecordState = RecordState.SYNCED) -> KnownRRset:
    return KnownRRset(rrset, True, state, "", ORIGIN, (ORIGIN,))


class Example(NamedTuple):
    """``found`` is in the zone with ``marks``, all of it ``disabled`` or none, ``known`` in the ledger; what follows,
    and for a state its reason."""

    desired: RRset | None
    found: RRset | None
    marks: tuple[str, ...]
    known: KnownRRset | None
    step: Step
    reason: str = ""
    request: NameRequest = NameRequest()
    rules: dict[str, Any] = {}  # noqa: RUF012 - never changed
    others: tuple[Found, ...] = ()
    disabled: bool = False
    pending: dict[str, str] = {}  # noqa: RUF012 - never changed

    @property
    def items(self) -> Sequence[Found]:
        if self.found is None:
            return self.others
        disabled = frozenset(self.found.values) if self.disabled else frozenset()
        return [Found(self.found, self.marks, disabled), *self.others]

    def compare(self) -> NameComparison:
        desired = (self.desired,) if self.desired else ()
        decision = Decision(NAME, desired, ORIGIN if self.desired else "", pending=self.pending)
        rows = {self.known.rrset.type: self.known} if self.known else {}
        return NameComparison(decision, self.items, rows, CompareRules(MARKER, **self.rules), self.request)


REMEDIATE, ADOPT = NameRequest(remediate=("A",)), NameRequest(adopt=True)
ALWAYS = {"remediates": lambda origin: True}
ACCEPTED = {"accepted": {(NAME, "A")}}
CREATE_ONLY = {"policy": Policy.CREATE_ONLY}
ALIAS = Found(rrset("edge.talos00", kind="CNAME"), ("",))
EARLY = "it waits until shop.talos00 is written"
REWRITTEN = "it no longer carries our mark: someone rewrote it; replace it to take it back"
RELEASED = "it was released, or accepted as it is: replace it to take it back"
UNKNOWN = "it carries our mark, but the ledger does not know it: replace it, or rebuild the ledger"

EXAMPLES = (
    Example(WANTED, BOTH, (OURS, ""), ledger(WANTED), Step.ADOPT, request=REMEDIATE),
    Example(WANTED, BOTH, (OURS, ""), ledger(WANTED), Step.SYNCED, "someone added 10.0.0.2"),
    Example(WANTED, WANTED, (OURS_BEFORE,), ledger(WANTED), Step.SYNCED, rules=CREATE_ONLY),
    Example(WANTED, WANTED, (OURS_BEFORE,), ledger(WANTED), Step.UPDATE),
    Example(WANTED, OTHER, (OURS,), ledger(WANTED), Step.DRIFTED, "someone changed it to 10.0.0.2"),
    Example(OTHER, WANTED, (OURS,), ledger(WANTED), Step.KEPT, "the zone's policy is create-only", rules=CREATE_ONLY),
    Example(WANTED, BOTH, ("", OURS), ledger(BOTH), Step.DELETE),
    Example(OTHER, WANTED, (OURS,), ledger(WANTED), Step.UPDATE),
    Example(WANTED, None, (), None, Step.SKIPPED, "no room", rules={"refuses": lambda rrset: "no room"}),
    Example(WANTED, None, (), None, Step.CONFLICT, "a foreign CNAME record is at this name", others=(ALIAS,)),
    Example(WANTED, None, (), None, Step.PENDING, EARLY, pending={"A": EARLY}),
    Example(WANTED, None, (), ledger(WANTED), Step.DRIFTED, "someone deleted it"),
    Example(WANTED, None, (), None, Step.CREATE),
    Example(WANTED, BOTH, (OURS, ""), None, Step.SYNCED, "someone added 10.0.0.2", rules=ALWAYS),
    Example(WANTED, BOTH, ("", OURS), None, Step.DELETE, rules=ALWAYS),
    Example(rrset("10.0.0.3"), BOTH, (OURS, ""), None, Step.UPDATE, rules=ALWAYS),
    Example(WANTED, OTHER, ("",), None, Step.ADOPT, request=ADOPT),
    Example(WANTED, OTHER, (OURS,), None, Step.ADOPT, rules=ALWAYS),
    Example(WANTED, WANTED, ("",), None, Step.ADOPT, rules={"adopts_equal": True}),
    Example(WANTED, WANTED, ("",), ledger(WANTED), Step.FOREIGN, REWRITTEN),
    Example(WANTED, OTHER, ("",), ledger(WANTED), Step.CONFLICT, f"the zone has 10.0.0.2: {REWRITTEN}"),
    Example(WANTED, WANTED, (OURS,), None, Step.FOREIGN, RELEASED, rules=ACCEPTED),
    Example(WANTED, OTHER, (OURS,), None, Step.CONFLICT, f"the zone has 10.0.0.2: {RELEASED}", rules=ACCEPTED),
    Example(WANTED, WANTED, (OURS,), None, Step.FOREIGN, UNKNOWN),
    Example(WANTED, OTHER, (OURS,), None, Step.CONFLICT, f"the zone has 10.0.0.2: {UNKNOWN}"),
    Example(WANTED, WANTED, ("",), None, Step.FOREIGN, "someone else made it"),
    Example(
        WANTED,
        WANTED,
        ("",),
        None,
        Step.CONFLICT,
        "someone else's record is here, disabled: the name does not resolve",
        disabled=True,
    ),
    Example(WANTED, OTHER, ("",), None, Step.CONFLICT, "the zone has 10.0.0.2: someone else made it"),
    Example(None, WANTED, (OURS,), ledger(WANTED), Step.KEPT, "the zone's policy is create-only", rules=CREATE_ONLY),
    Example(
        None,
        WANTED,
        (OURS,),
        ledger(WANTED),
        Step.KEPT,
        "objects of its kind cannot be read now",
        rules={"is_unread": lambda claimants: True},
    ),
    Example(
        rrset("edge.talos00", kind="CNAME"),
        WANTED,
        (OURS,),
        ledger(WANTED),
        Step.KEPT,
        "what should replace it is in conflict",
        others=(Found(rrset("hello", kind="TXT"), ("",)),),
    ),
    Example(
        None,
        WANTED,
        (OURS,),
        ledger(WANTED),
        Step.KEPT,
        "the API server was away: not every kind has been heard from again",
        rules={"awaited": {"Ingress"}},
    ),
    Example(None, WANTED, (OURS,), ledger(WANTED), Step.DELETE),
    Example(None, WANTED, (OURS,), None, Step.DELETE, rules=ALWAYS),
    Example(None, WANTED, ("",), None, Step.NOTHING),
)
LAST = [row for row in ROWS if row.when.keys() <= {"desired", "observed"}]
"""Without one of these, some situation has no row."""
OPERATIONS = {Step.CREATE: Op.CREATE, Step.UPDATE: Op.UPDATE, Step.ADOPT: Op.UPDATE, Step.DELETE: Op.DELETE}


TRUTH = (False, True)
VALUES: dict[str, Iterable[object]] = {
    "desired": TRUTH,
    "observed": Observed,
    "fit": Fit,
    "equal": TRUTH,
    "served": TRUTH,
    "remedy": Remedy,
    "asked": Asked,
    "policy": Policy,
    "obstacle": Obstacle,
    "adopts_equal": TRUTH,
    "accepted": TRUTH,
}


def have_all_a_row(rows: Sequence[Row], fields: Sequence[str]) -> bool:
    """Whether one of the rows fits whatever the values of these fields."""
    if any(row.when.keys().isdisjoint(fields) for row in rows):
        return True
    if not fields:
        return False
    name, *others = fields
    return all(
        have_all_a_row([row for row in rows if value in row.when.get(name, frozenset((value,)))], others)
        for value in VALUES[name]
    )


@pytest.mark.parametrize("number", range(len(ROWS)))
def test_a_row_is_what_its_example_leads_to(number: int) -> None:
    example = EXAMPLES[number]
    comparison = example.compare()
    stuck = find_row(comparison.compare_type("CNAME").situation).step is Step.CONFLICT
    assert find_row(comparison.compare_type("A", stuck=stuck).situation) is ROWS[number]
    plan = comparison.plan_name()
    changes = [(change.op, change.adopts) for change in plan.changes if change.key == (NAME, "A")]
    statuses = [(status.state, status.reason) for status in plan.statuses if status.rrset.type == "A"]
    if example.step in OPERATIONS:
        assert (changes, statuses) == ([(OPERATIONS[example.step], example.step is Step.ADOPT)], [])
    elif example.step is Step.NOTHING:
        assert (changes, statuses) == ([], [])
    else:
        assert (changes, statuses) == ([], [(RecordState(example.step.value), example.reason)])


def test_there_is_an_example_for_each_row() -> None:
    assert [example.step for example in EXAMPLES] == [row.step for row in ROWS]


def test_every_situation_has_a_row() -> None:
    """And no row is hidden by those before it: there is an example that leads to each."""
    assert tuple(VALUES) == Situation._fields
    assert have_all_a_row(ROWS, Situation._fields)
    assert not any(have_all_a_row([row for row in ROWS if row is not left_out], Situation._fields) for left_out in LAST)


def test_a_comparison_without_anything_plans_nothing() -> None:
    plan = compare_name(Decision(NAME), [], {}, CompareRules(MARKER))
    assert plan.is_empty


def test_the_docs_show_the_same_table() -> None:
    assert render_table() in RECORDS.read_text(), "python -m tests.syncer.core.table_text prints the table for it"
