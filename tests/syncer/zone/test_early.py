"""Names at which something is written only after others: until when they are remembered, and when they are ready."""

from __future__ import annotations

import pytest

from syncer.zone.early import EarlyNames
from tests.syncer.zone.memory import ZONE

SHOP, BLOG, SRV, MAIL = f"shop.{ZONE}", f"blog.{ZONE}", f"_http._tcp.shop.{ZONE}", f"_smtp._tcp.blog.{ZONE}"


@pytest.fixture
def early() -> EarlyNames:
    """After a full pass that was too early at two names."""
    early = EarlyNames()
    early.note_pass(None, {SRV: frozenset({SHOP}), MAIL: frozenset({BLOG, SHOP})})
    return early


def test_a_name_is_ready_when_something_was_done_at_one_that_it_waits_for(early: EarlyNames) -> None:
    assert early.find_ready([]) == []
    assert early.find_ready([f"nas.{ZONE}"]) == []
    assert early.find_ready(iter([BLOG])) == [MAIL]
    assert early.find_ready([SHOP]) == [SRV, MAIL]


def test_where_all_may_have_changed_all_are_ready(early: EarlyNames) -> None:
    assert early.find_ready(None) == [SRV, MAIL]


def test_a_name_that_had_its_pass_waits_only_for_what_that_pass_says(early: EarlyNames) -> None:
    early.note_pass([SRV, MAIL, f"nas.{ZONE}"], {MAIL: frozenset({BLOG})})
    assert early.find_ready([SHOP]) == []
    assert early.find_ready([BLOG]) == [MAIL]


def test_a_pass_over_other_names_changes_nothing(early: EarlyNames) -> None:
    early.note_pass([SHOP], {})
    early.note_pass((), {})
    assert early.find_ready([SHOP]) == [SRV, MAIL]


def test_a_full_pass_knows_all_of_them(early: EarlyNames) -> None:
    early.note_pass(None, {SRV: frozenset({SHOP})})
    assert early.find_ready(None) == [SRV]
