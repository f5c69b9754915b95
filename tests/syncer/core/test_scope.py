"""Which names the settings allow, whoever asks for them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from syncer.core.scope import Scope

SCOPE = Scope(zones=("talos00", "lab.talos00", "example.com"))


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("blog.talos00", "talos00"),
        ("talos00", "talos00"),
        ("blog.lab.talos00", "lab.talos00"),
        ("lab.talos00", "lab.talos00"),
        ("blogtalos00", None),
        ("example.com.au", None),
    ],
)
def test_a_name_belongs_to_the_longest_zone_that_it_ends_in(name: str, zone: str | None) -> None:
    assert SCOPE.find_zone(name) == zone
    assert SCOPE.refuse_name(name) == ("" if zone else "outside every managed zone")


def test_excluded_names_are_searched_for_not_matched() -> None:
    scope = replace(SCOPE, exclude_names=re.compile("internal"))
    assert scope.refuse_name("grafana.internal.talos00") == "excluded by EXCLUDE_NAMES"
    assert scope.refuse_name("grafana.talos00") == ""


def test_a_wildcard_is_refused_where_they_are_off() -> None:
    assert SCOPE.refuse_name("*.talos00") == ""
    off = replace(SCOPE, allow_wildcards=False)
    assert off.refuse_name("*.talos00") == "wildcard, and ALLOW_WILDCARDS is off"
    assert off.refuse_name("blog.talos00") == ""
