from __future__ import annotations

import pytest

from catalyst.logs.losses import PAUSE, UNSURE, Losses

NOTHING = (0, "")


@pytest.fixture
def losses() -> Losses:
    return Losses()


def tell(losses: Losses, now: float, *, is_drained: bool = False) -> int:
    number, _ = losses.find_news(now, is_drained=is_drained)
    if number:
        losses.note_told(number, now)
    return number


def test_who_lost_nothing_is_told_nothing(losses: Losses) -> None:
    losses.note_back()
    assert losses.find_news(0.0, is_drained=True) == NOTHING


def test_a_receiver_that_was_away_is_told_so_at_once_and_only_then(losses: Losses) -> None:
    assert tell(losses, 0.0) == 0
    losses.untold += 1
    assert tell(losses, 0.0) == 1
    losses.untold += 2
    losses.note_back()
    assert losses.find_news(1.0, is_drained=False) == (2, "2 log lines were lost while this receiver was away")
    losses.note_told(2, 1.0)
    losses.untold += 3
    assert losses.find_news(2.0, is_drained=True) == (
        3,
        "3 log lines were lost because more came than this receiver took",
    )


def test_of_a_return_without_a_loss_nothing_is_said_later(losses: Losses) -> None:
    losses.note_back()
    assert tell(losses, 0.0) == 0
    losses.untold += 1
    assert "more came" in losses.find_news(1.0, is_drained=True)[1]


def test_a_receiver_that_takes_less_than_comes_is_told_now_and_then_and_at_the_end(losses: Losses) -> None:
    losses.untold += 5
    assert tell(losses, 100.0) == 5
    losses.untold += 7
    assert tell(losses, 100.0 + PAUSE - 0.1) == 0
    assert tell(losses, 100.0 + PAUSE) == 7
    losses.untold += 2
    assert tell(losses, 100.0 + PAUSE) == 0
    assert tell(losses, 100.0 + PAUSE, is_drained=True) == 2


def test_what_is_lost_while_it_is_told_is_told_next(losses: Losses) -> None:
    losses.untold += 5
    number, _ = losses.find_news(0.0, is_drained=True)
    losses.untold += 1
    losses.note_told(number, 0.0)
    assert tell(losses, 0.0, is_drained=True) == 1


def test_all_that_a_receiver_may_not_have_read_counts_again(losses: Losses) -> None:
    for number, now in ((100, 0.0), (50, 20.0), (10, UNSURE + 10.0)):
        losses.untold += number
        assert tell(losses, now, is_drained=True) == number
    losses.note_away(UNSURE + 15.0)
    assert losses.untold == 60
    losses.note_away(UNSURE + 15.0)
    assert losses.untold == 60


def test_what_it_was_told_a_while_ago_it_has_read(losses: Losses) -> None:
    losses.untold += 5
    assert tell(losses, 0.0, is_drained=True) == 5
    losses.note_away(UNSURE)
    assert losses.untold == 0
