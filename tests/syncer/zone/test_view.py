"""What is known of a zone without asking: good while the server shows the serial that it is as of."""

from __future__ import annotations

import pytest

from syncer.zone.view import ZoneView


def listed(serial: int | None = 7) -> ZoneView:
    view = ZoneView()
    view.replace(serial, {"nas.talos00"})
    return view


def test_nothing_is_known_before_the_zone_was_listed() -> None:
    view = ZoneView()
    assert view.serial is None
    assert not view.is_current(7)
    assert not view.is_current(None)


def test_all_is_known_while_the_server_shows_the_serial_of_the_list() -> None:
    view = listed()
    assert view.is_current(7)
    assert "nas.talos00" in view.foreign


def test_another_serial_ends_it_a_lower_one_too() -> None:
    assert not listed().is_current(8)
    assert not listed().is_current(6)


def test_a_server_that_shows_no_serial_ends_it() -> None:
    assert not listed().is_current(None)


def test_the_same_serial_on_another_node_proves_nothing() -> None:
    view = listed()
    view.replace(7, frozenset(), node="node1")
    assert view.is_current(7, "node1")
    assert not view.is_current(7, "node2")


def test_a_target_without_serials_is_never_known() -> None:
    assert not listed(None).is_current(None)


def test_our_own_writes_move_it_on() -> None:
    view = listed()
    view.advance(9)
    assert view.is_current(9)
    assert not view.is_current(7)
    assert "nas.talos00" in view.foreign


def test_writes_of_which_the_end_cannot_be_told_end_it() -> None:
    view = listed()
    view.advance(None)
    assert view.serial is None


def test_writes_make_nothing_known_that_was_not() -> None:
    view = ZoneView()
    view.advance(9)
    assert not view.is_current(9)


def test_what_was_invalidated_is_known_again_after_the_next_list_alone() -> None:
    view = listed()
    view.invalidate()
    view.advance(8)
    assert not view.is_current(8)
    view.replace(8, frozenset())
    assert view.is_current(8)
    assert "nas.talos00" not in view.foreign


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_broke_down_ends_it_and_is_for_others_to_hear(error: type[BaseException]) -> None:
    view = listed()
    with view.doubting_on_error():
        view.advance(8)
    assert view.serial == 8
    with pytest.raises(error), view.doubting_on_error():
        raise error
    assert view.serial is None
