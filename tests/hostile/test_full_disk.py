"""A disk without room: what is in DNS stays, it is told, and all goes on when there is room."""

from __future__ import annotations

import pytest

from tests.hostile.full_disk import FULL, run_out_of_space

pytestmark = pytest.mark.timeout(300)


def test_a_full_disk_stops_nothing_that_is_there() -> None:
    try:
        figures = run_out_of_space()
    except PermissionError as error:
        pytest.skip(str(error))
    print(f"\n{figures}")
    assert figures.is_served
    assert figures.problems[0].startswith(FULL)
    assert not figures.was_red
    assert figures.internal == 0
    assert FULL in figures.said
    assert figures.names == 200
