"""In which order one change becomes calls: the name always answers, and no comment is lost on the way."""

from __future__ import annotations

from syncer.core.plan import Change, Op
from syncer.core.rrsets import Found, Marker, RRset
from syncer.targets.technitium.calls import ADD, DELETE, UPDATE, plan_calls

MARKER = Marker("default")
MARK = MARKER.mark("Ingress/monitoring/grafana")
OLD_MARK = MARKER.mark("Ingress/monitoring/old")
ONE, TWO, THREE, FOUR = "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"


def rrset(*values: str, type_: str = "A", ttl: int = 300) -> RRset:
    return RRset("grafana.talos00", type_, ttl, values)


def update(before: RRset, marks: tuple[str, ...], after: RRset, *disabled: str, adopts: bool = False) -> Change:
    return Change(Op.UPDATE, Found(before, marks, frozenset(disabled)), after, MARK, adopts)


def said(change: Change, ttl: int | None = None) -> list[tuple[str, str, str]]:
    """(verb, old, new) of each call."""
    made = plan_calls(change, MARKER, change.after.ttl if ttl is None and change.after else ttl or 0)
    for call in made:
        assert call.params["domain"] == "grafana.talos00"
        if call.path != DELETE and change.after:
            assert (call.params["ttl"], call.params["comments"]) == (str(ttl or change.after.ttl), MARK)
            assert "overwrite" not in call.params
    verbs = {ADD: "add", UPDATE: "update", DELETE: "delete"}
    return [(verbs[call.path], call.params["ipAddress"], call.params.get("newIpAddress", "")) for call in made]


def test_a_create_adds_each_value() -> None:
    assert said(Change(Op.CREATE, None, rrset(ONE, TWO), MARK)) == [("add", ONE, ""), ("add", TWO, "")]


def test_one_value_is_replaced_in_one_call() -> None:
    assert said(update(rrset(ONE), (MARK,), rrset(TWO))) == [("update", ONE, TWO)]


def test_values_are_replaced_one_by_one_and_one_always_stays() -> None:
    assert said(update(rrset(ONE, TWO), (MARK, MARK), rrset(TWO, THREE, FOUR))) == [
        ("update", ONE, THREE),
        ("add", FOUR, ""),
    ]
    assert said(update(rrset(ONE, TWO, THREE), (MARK,) * 3, rrset(FOUR))) == [
        ("delete", TWO, ""),
        ("delete", THREE, ""),
        ("update", ONE, FOUR),
    ]


def test_what_stays_gets_its_ttl_before_anything_is_added() -> None:
    """The server drops the marks of the others at the first record with another TTL: a crash may come then."""
    assert said(update(rrset(ONE), (MARK,), rrset(ONE, TWO, ttl=60))) == [("update", ONE, ""), ("add", TWO, "")]


def test_a_new_ttl_is_written_to_every_value_with_its_comment() -> None:
    assert said(update(rrset(ONE, TWO), (MARK, MARK), rrset(ONE, TWO, ttl=60))) == [
        ("update", ONE, ""),
        ("update", TWO, ""),
    ]


def test_only_the_values_with_an_old_mark_get_the_new_one() -> None:
    assert said(update(rrset(ONE, TWO), (MARK, OLD_MARK), rrset(ONE, TWO))) == [("update", TWO, "")]


def test_a_disabled_value_of_ours_is_written_again() -> None:
    assert said(update(rrset(ONE), (MARK,), rrset(ONE), ONE)) == [("update", ONE, "")]


def test_a_foreign_value_is_neither_written_nor_removed() -> None:
    assert said(update(rrset(ONE, TWO), (MARK, "nas"), rrset(THREE))) == [("update", ONE, THREE)]
    assert said(update(rrset(ONE, TWO), (MARK, "nas"), rrset(TWO))) == [("delete", ONE, "")]
    assert said(Change(Op.DELETE, Found(rrset(ONE, TWO), (MARK, "nas")), None, "")) == [("delete", ONE, "")]


def test_adoption_makes_the_whole_rrset_ours() -> None:
    assert said(update(rrset(ONE, TWO), ("", "nas"), rrset(ONE, THREE), adopts=True)) == [
        ("update", ONE, ""),
        ("update", TWO, THREE),
    ]


def test_a_cname_is_replaced_by_naming_its_new_target() -> None:
    before, after = rrset("old.talos00", type_="CNAME"), rrset("new.talos00", type_="CNAME", ttl=60)
    (call,) = plan_calls(update(before, (MARK,), after), MARKER, 60)
    assert call.path == UPDATE
    assert call.params == {
        "domain": "grafana.talos00",
        "type": "CNAME",
        "cname": "new.talos00",
        "ttl": "60",
        "comments": MARK,
    }


def test_nothing_to_do_makes_no_call() -> None:
    assert said(update(rrset(ONE), (MARK,), rrset(ONE))) == []
    assert said(Change(Op.DELETE, Found(rrset(ONE), ("nas",)), None, "")) == []
