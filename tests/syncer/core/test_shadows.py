from __future__ import annotations

import pytest

from syncer.core.shadows import describe_shadows

APPS = "*.apps.talos00"


def shadows(
    *names: str, delegations: tuple[str, ...] = (), redirects: tuple[str, ...] = (), deep: bool = False
) -> dict[str, str]:
    return describe_shadows(set(names), delegations, lambda name: deep, redirects)


def hole(*places: str) -> str:
    return f"it does not answer at and below {', '.join(places)}, where longer names are (RFC 4592)"


def test_a_wildcard_without_longer_names_has_no_hole() -> None:
    assert shadows(APPS, "shop.apps.talos00", "apps.talos00", "blog.talos00") == {}


def test_a_longer_name_cuts_a_hole_where_nothing_is_between() -> None:
    assert shadows(APPS, "x.shop.apps.talos00") == {APPS: hole("shop.apps.talos00")}
    assert shadows(APPS, "x.shop.apps.talos00", "shop.apps.talos00") == {}
    assert shadows(APPS, "*.shop.apps.talos00") == {APPS: hole("shop.apps.talos00")}
    assert shadows(APPS, "a.b.c.apps.talos00") == {APPS: hole("b.c.apps.talos00", "c.apps.talos00")}


def test_each_of_two_wildcards_has_its_holes() -> None:
    told = shadows("*.talos00", APPS, "x.shop.apps.talos00")
    assert told == {
        "*.talos00": hole("apps.talos00", "shop.apps.talos00"),
        APPS: hole("shop.apps.talos00"),
    }


def test_where_it_should_reach_deep_every_name_hides_what_is_below_it() -> None:
    assert shadows(APPS, "shop.apps.talos00", deep=True) == {APPS: hole("*.shop.apps.talos00")}
    assert shadows(APPS, "shop.apps.talos00", "*.shop.apps.talos00", deep=True) == {}


def test_ten_holes_are_named_and_the_rest_counted() -> None:
    told = shadows(APPS, *(f"x.shop{number:02}.apps.talos00" for number in range(13)))
    assert told[APPS].endswith("shop09.apps.talos00 and 3 more, where longer names are (RFC 4592)")


@pytest.mark.parametrize("name", ["shop.lab.talos00", "a.b.lab.talos00", "*.lab.talos00"])
def test_a_delegation_hides_what_is_below_it(name: str) -> None:
    told = shadows(name, "lab.talos00", delegations=("lab.talos00",))
    assert told == {name: "the delegation of lab.talos00 hides it: resolvers ask the name servers given there"}


def test_a_dname_hides_the_names_below_it_and_not_its_own() -> None:
    told = shadows("old.talos00", "a.b.old.talos00", "bold.talos00", redirects=("old.talos00",))
    reason = "the DNAME of old.talos00 hides it: resolvers look below its target instead (RFC 6672)"
    assert told == {"a.b.old.talos00": reason}
    assert shadows("talos00", "www.talos00", redirects=("talos00",)).keys() == {"www.talos00"}


def test_a_delegation_hides_more_than_a_dname() -> None:
    told = shadows("a.sub.old.talos00", delegations=("sub.old.talos00",), redirects=("old.talos00",))
    assert told["a.sub.old.talos00"].startswith("the delegation of sub.old.talos00 hides it")
