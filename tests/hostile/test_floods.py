"""Tenants who flood the syncer with names: its memory is bounded, and the names of others go on.

The figures of docs/security.md are those that these tests print; how long others wait depends on the machine."""

from __future__ import annotations

import pytest

from tests.hostile import floods

pytestmark = pytest.mark.timeout(1800)

MEMORY = 128.0
"""Megabytes of the whole process."""

GROWTH = 1.2
"""How much larger the database may be after the last flip than after the first one."""


def check_figures(figures: floods.FloodFigures) -> None:
    print(f"\n{figures}")
    assert figures.rss < MEMORY
    assert not figures.was_red
    assert figures.internal == 0


def test_one_object_with_ten_times_as_many_hosts_as_it_may_have() -> None:
    check_figures(floods.flood_by_object())


def test_one_object_with_all_of_them_where_it_may() -> None:
    check_figures(floods.flood_by_large_object())


def test_seven_namespaces_with_as_many_names_as_they_may_have() -> None:
    check_figures(floods.flood_by_objects())


def test_names_that_come_and_go() -> None:
    figures = floods.flood_by_flips()
    check_figures(figures)
    assert "Deletes held" in figures.said
    assert figures.database[-1] < GROWTH * figures.database[2]
