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


RESERVED = [
    ("_acme-challenge.talos00", "certificates are issued"),
    ("_acme-challenge.shop.talos00", "certificates are issued"),
    ("x._acme-challenge.talos00", "certificates are issued"),
    ("wpad.talos00", "machines look for wpad"),
    ("isatap.lab.talos00", "machines look for isatap"),
]


@pytest.mark.parametrize(("name", "reason"), RESERVED)
def test_some_names_are_no_sources_in_any_mode(name: str, reason: str) -> None:
    assert reason in SCOPE.refuse_claim(name)
    assert reason in replace(SCOPE, strict=True).refuse_claim(name)


@pytest.mark.parametrize(
    "name", ["acme-challenge.talos00", "wpad.apps.talos00", "wpads.talos00", "talos00", "*.talos00"]
)
def test_others_are_whoevers_asks_for_them(name: str) -> None:
    assert SCOPE.refuse_claim(name) == ""


def test_a_setting_reserves_more() -> None:
    scope = replace(SCOPE, reserved_names=("*.infra.talos00", "router.talos00"))
    assert scope.refuse_claim("a.infra.talos00") == "reserved by RESERVED_NAMES (*.infra.talos00)"
    assert scope.refuse_claim("router.talos00") == "reserved by RESERVED_NAMES (router.talos00)"
    assert scope.refuse_claim("infra.talos00") == ""


@pytest.mark.parametrize("name", ["talos00", "lab.talos00", "*.talos00", "*.lab.talos00", "dns.talos00"])
def test_what_is_the_zones_is_no_tenants(name: str) -> None:
    scope = replace(SCOPE, server_names=frozenset({"dns.talos00"}))
    assert scope.refuse_claim(name) == ""
    assert "TENANCY=strict" in replace(scope, strict=True).refuse_claim(name)
