"""What someone else made stays byte for byte, before, beside and during our own writing."""

from __future__ import annotations

import pytest

from syncer.core.plan import Change, Op
from syncer.core.rrsets import Found, RRset
from syncer.targets.base import Outcome
from syncer.targets.technitium.target import TechnitiumTarget
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.targets.hands import (
    MARK,
    MARKER,
    ZONE,
    apply,
    apply_well,
    create,
    delete,
    foreign,
    held,
    update,
)


def test_it_leaves_alone_what_someone_else_made(technitium: ServerUnderTest, target: TechnitiumTarget) -> None:
    technitium.add(f"nas.{ZONE}", "A", "192.168.1.9", 3600, "made by hand")
    technitium.add(f"nas.{ZONE}", "TXT", 'a "quoted" one', 60, "")
    technitium.add(f"grafana.{ZONE}", "TXT", "note", 60, "{not json}")
    technitium.add(f"old.{ZONE}", "CNAME", "nas.example.com", 60, "")
    before = foreign(technitium)
    held(target)
    apply_well(target, *(create(name, "10.0.0.1") for name in ("grafana", *(f"app{i}" for i in range(10)))))
    apply_well(target, *(update(item, "10.0.0.2", ttl=60) for item in held(target).values() if MARKER.owns(item)))
    apply_well(target, *(delete(item) for item in held(target).values() if MARKER.owns(item)))
    assert foreign(technitium) == before


@pytest.mark.parametrize("many", [False, True])
def test_a_value_that_someone_added_to_our_rrset_keeps_value_ttl_and_comment(
    technitium: ServerUnderTest, target: TechnitiumTarget, many: bool
) -> None:
    names = [f"app{i}" for i in range(7 if many else 1)]
    apply_well(target, *(create(name, "10.0.0.1") for name in names))
    for name in names:
        technitium.add(f"{name}.{ZONE}", "A", "10.0.0.9", 300, "made by hand")
    before = foreign(technitium)
    apply_well(target, *(update(item, "10.0.0.2", ttl=60) for item in held(target).values()))
    for item in held(target).values():
        assert dict(zip(item.rrset.values, item.marks, strict=True)) == {"10.0.0.2": MARK, "10.0.0.9": "made by hand"}
    assert foreign(technitium) == before
    kept = apply(target, *(update(item, "10.0.0.2", ttl=60) for item in held(target).values()))
    for result in kept.values():
        assert (result.outcome, result.permanent) == (Outcome.REFUSED, True)
        assert result.reason == "someone else's value at this name keeps the TTL at 300"
    apply_well(target, *(delete(item) for item in held(target).values()))
    assert foreign(technitium) == before


def test_a_foreign_disabled_value_stays_disabled(technitium: ServerUnderTest, target: TechnitiumTarget) -> None:
    apply_well(target, create("grafana", "10.0.0.1"))
    technitium.add(f"grafana.{ZONE}", "A", "10.0.0.9", 300, "made by hand", disable=True)
    before = foreign(technitium)
    there = held(target)[f"grafana.{ZONE}", "A"]
    assert not there.intact
    apply_well(target, update(there, "10.0.0.2", "10.0.0.3", ttl=60))
    assert foreign(technitium) == before
    assert sorted(technitium.ask(f"grafana.{ZONE}", "A")) == ["10.0.0.2", "10.0.0.3"]


def test_a_disabled_value_of_ours_is_enabled_again(technitium: ServerUnderTest, target: TechnitiumTarget) -> None:
    technitium.add(f"grafana.{ZONE}", "A", "10.0.0.1", 300, MARK, disable=True)
    there = held(target)[f"grafana.{ZONE}", "A"]
    assert not there.intact
    apply_well(target, update(there))
    assert technitium.ask(f"grafana.{ZONE}", "A") == ["10.0.0.1"]
    assert held(target)[f"grafana.{ZONE}", "A"].intact


@pytest.mark.parametrize("ttl", [300, 3600])
@pytest.mark.parametrize("many", [False, True])
def test_a_record_that_someone_made_since_the_reading_is_not_taken_over(
    technitium: ServerUnderTest, target: TechnitiumTarget, ttl: int, many: bool
) -> None:
    held(target)
    technitium.add(f"blog.{ZONE}", "A", "10.0.0.1", ttl, "made by hand")
    before = foreign(technitium)
    more = [create(f"app{i}", "10.0.0.1") for i in range(10 if many else 0)]
    if not many:
        target.serials()
    result = apply(target, create("blog", "10.0.0.1"), *more)[f"blog.{ZONE}", "A"]
    assert (result.outcome, result.permanent) == (Outcome.REFUSED, False)
    assert foreign(technitium) == before
    assert target.zone(ZONE).left_serial is None


def test_the_same_record_made_in_the_last_moment_is_not_taken_for_ours(
    technitium: ServerUnderTest, target: TechnitiumTarget
) -> None:
    held(target)
    technitium.add(f"blog.{ZONE}", "A", "10.0.0.1", 300, "made by hand")
    before = foreign(technitium)
    result = apply(target, create("blog", "10.0.0.1"))[f"blog.{ZONE}", "A"]
    assert (result.outcome, result.permanent) == (Outcome.REFUSED, False)
    assert "meanwhile" in result.reason or "same moment" in result.reason
    assert foreign(technitium) == before


def test_a_delete_of_what_does_not_carry_our_mark_is_refused(
    technitium: ServerUnderTest, target: TechnitiumTarget
) -> None:
    technitium.add(f"nas.{ZONE}", "CNAME", "nas.example.com", 300, "made by hand")
    there = held(target)[f"nas.{ZONE}", "CNAME"]
    assert apply(target, delete(there))[there.rrset.name, "CNAME"].outcome is Outcome.REFUSED
    assert held(target)[f"nas.{ZONE}", "CNAME"] == there


def test_an_adopted_record_becomes_ours_as_a_whole(technitium: ServerUnderTest, target: TechnitiumTarget) -> None:
    technitium.add(f"nas.{ZONE}", "A", "10.0.0.8", 3600, "made by hand")
    technitium.add(f"nas.{ZONE}", "A", "10.0.0.9", 3600, "")
    there = held(target)[f"nas.{ZONE}", "A"]
    apply_well(target, Change(Op.UPDATE, there, RRset(there.rrset.name, "A", 300, ("10.0.0.9",)), MARK, True))
    assert held(target)[f"nas.{ZONE}", "A"] == Found(RRset(f"nas.{ZONE}", "A", 300, ("10.0.0.9",)), (MARK,))
