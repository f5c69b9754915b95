"""A disk without room: what is in DNS stays, it is told, and all goes on when there is room."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from records.api.errors import FULL as REFUSED
from tests.hostile.full_disk import ASKED, FULL, ask_web, run_out_of_space

pytestmark = pytest.mark.timeout(300)


@contextmanager
def needing_mounts() -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        pytest.skip(str(error))


def test_a_full_disk_stops_nothing_that_is_there() -> None:
    with needing_mounts():
        figures = run_out_of_space()
    print(f"\n{figures}")
    assert figures.is_served
    assert figures.problems[0].startswith(FULL)
    assert not figures.was_red
    assert figures.internal == 0
    assert FULL in figures.said
    assert figures.names == 200


def test_beside_a_syncer_every_page_of_the_web_is_served_and_a_change_is_told_why_it_cannot_be() -> None:
    with needing_mounts():
        answers = ask_web(beside=True)
    assert {path: answers[path][0] for path in ASKED} == dict.fromkeys(ASKED, 200)
    status, text = answers["change"]
    assert (status, REFUSED in text) == (503, True)


def test_a_web_by_itself_cannot_open_its_database_and_says_why() -> None:
    """SQLite has no room for the files that it makes beside it."""
    with needing_mounts():
        answers = ask_web(beside=False)
    assert {status for status, _ in answers.values()} == {503}
    assert all("The disk of the database is full" in text for _, text in answers.values())
