"""Marks that a zone lost are written again, whatever else stands at the name: one by one and many at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syncer.core.lost_marks import put_mark_back
from syncer.core.rrsets import Found
from syncer.targets.base import Outcome
from syncer.targets.technitium.target import TechnitiumTarget
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.targets.hands import MARK, MARKER, ZONE, apply, apply_well, delete, held, update

ORIGIN = "Ingress/monitoring/grafana"


def restore(target: TechnitiumTarget, *values: str) -> list[Found]:
    """What is held, as if it were ours; ``values`` alone where they are given."""
    items = held(target).values()
    return [
        put_mark_back(item, replace(item.rrset, values=values or item.rrset.values), ORIGIN, MARKER) for item in items
    ]


@pytest.fixture(params=[2, 8])
def names(request: pytest.FixtureRequest, technitium: ServerUnderTest, target: TechnitiumTarget) -> list[str]:
    """Few, or many; each with two values and no comment."""
    names = [f"app{number}" for number in range(request.param)]
    for name in names:
        technitium.add(f"{name}.{ZONE}", "A", "10.0.0.1", 300)
        technitium.add(f"{name}.{ZONE}", "A", "10.0.0.2", 300)
    return names


@pytest.mark.usefixtures("names")
def test_the_mark_alone_is_written(target: TechnitiumTarget) -> None:
    before = held(target)
    apply_well(target, *(update(item) for item in restore(target)))
    assert {item.marks for item in held(target).values()} == {(MARK, MARK)}
    assert {key: item.rrset for key, item in held(target).items()} == {key: item.rrset for key, item in before.items()}


@pytest.mark.usefixtures("names")
def test_a_value_that_is_not_ours_stays_without_one(target: TechnitiumTarget) -> None:
    apply_well(target, *(update(item, "10.0.0.1") for item in restore(target, "10.0.0.1")))
    assert {item.marks for item in held(target).values()} == {(MARK, "")}


def test_a_write_by_someone_in_between_is_no_reason_to_refuse_it(
    technitium: ServerUnderTest, target: TechnitiumTarget, names: list[str]
) -> None:
    items = restore(target)
    technitium.add(f"nas.{ZONE}", "A", "10.0.0.9", 300)
    technitium.add(f"{names[0]}.{ZONE}", "A", "10.0.0.3", 300)
    target.serials()
    results = apply(target, *(update(item) for item in items))
    refused = [result.change.name for result in results.values() if result.outcome is Outcome.REFUSED]
    assert refused == [f"{names[0]}.{ZONE}"]
    marked = {name for (name, _), item in held(target).items() if MARKER.owns(item)}
    assert marked == {f"{name}.{ZONE}" for name in names[1:]}


@pytest.mark.usefixtures("names")
def test_what_is_ours_without_a_mark_can_be_changed_and_deleted(target: TechnitiumTarget) -> None:
    first, *others = restore(target)
    apply_well(target, delete(first), *(update(item, "10.0.0.9", ttl=60) for item in others))
    assert {(item.rrset.values, item.rrset.ttl, item.marks) for item in held(target).values()} == {
        (("10.0.0.9",), 60, (MARK,))
    }
