"""What one pass did and saw, as rows: which there are, and which of them is news for the audit."""

from __future__ import annotations

from typing import Any

from records.pass_rows import PassRows
from records.rows import ZoneKey
from syncer.core.claims import Decision
from syncer.core.known import RecordState
from syncer.core.plan import Change, ForgottenRRset, Key, Op, RRsetStatus
from syncer.core.rrsets import Found, RRset
from syncer.ledger import AppliedChange, ObservedRRset
from syncer.targets.base import Outcome, Result

ORIGIN = "Ingress/web/blog"
BLOG = RRset("blog.talos00", "A", 300, ("192.0.2.1",))
KEY: Key = (BLOG.name, "A")
DECISION = Decision(BLOG.name, (BLOG,), ORIGIN, (ORIGIN,))


def make_rows(refusals: dict[Key, Any] | None = None) -> PassRows:
    return PassRows(ZoneKey("default", "talos00"), "syncer", "abc", refusals or {})


def apply(op: Op, outcome: Outcome = Outcome.DONE, reason: str = "") -> AppliedChange:
    before, after = (Found(BLOG, ("mark",)), None) if op is Op.DELETE else (None, BLOG)
    return AppliedChange(DECISION, Result(Change(op, before, after, "mark"), outcome, reason))


def test_what_was_made_has_a_row_and_is_told() -> None:
    rows = make_rows()
    rows.add_change(apply(Op.CREATE), "")
    assert [row.key for row in rows.records] == [KEY]
    assert rows.made == {KEY}
    assert [(entry.action, entry.name, entry.correlation) for entry in rows.audit] == [("created", BLOG.name, "abc")]
    assert not rows.gone


def test_what_was_deleted_may_be_forgotten_and_its_cause_is_told() -> None:
    rows = make_rows()
    rows.add_change(apply(Op.DELETE), f"{ORIGIN} is gone")
    assert (rows.gone, rows.records) == ([KEY], [])
    assert [(entry.action, entry.reason) for entry in rows.audit] == [("deleted", f"{ORIGIN} is gone")]


def test_a_refusal_is_told_once_and_again_when_it_says_something_else() -> None:
    first = make_rows()
    first.add_change(apply(Op.CREATE, Outcome.REFUSED, "busy"), "")
    assert len(first.audit) == 1
    assert not first.made
    again = make_rows(dict(first.refusals))
    again.add_change(apply(Op.CREATE, Outcome.REFUSED, "busy"), "")
    assert not again.audit
    again.add_change(apply(Op.CREATE, Outcome.REFUSED, "no such zone"), "")
    assert len(again.audit) == 1


def test_what_is_kept_names_the_objects_for_which_and_why() -> None:
    rows = make_rows()
    decision = Decision(BLOG.name, (BLOG,), ORIGIN, (ORIGIN,), kept={"A": "the Gateway is gone"})
    status = RRsetStatus(BLOG, RecordState.KEPT, "the Gateway is gone", owned=True)
    rows.add_observed([ObservedRRset(decision, status)])
    assert rows.kept == [(BLOG.name, ORIGIN, "the Gateway is gone")]
    assert [(row.key, row.state, row.owned) for row in rows.records] == [(KEY, "kept", True)]


def test_what_nobody_asks_for_and_is_not_there_may_be_forgotten() -> None:
    rows = make_rows()
    rows.add_observed([ObservedRRset(Decision(BLOG.name), ForgottenRRset(BLOG, owned=True))])
    assert (rows.gone, rows.records) == ([KEY], [])
    assert [entry.action for entry in rows.audit] == ["gone"]
