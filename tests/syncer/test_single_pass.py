"""One pass of two targets: what each did, what ends it, and who learns of it."""

from __future__ import annotations

import pytest

from syncer.errors import TargetUnreachable
from syncer.tenure import RENEWAL
from syncer.zone.result import PartialPass
from tests.syncer.two_loops import APPS, Two, published


@pytest.fixture
def two() -> Two:
    return Two()


def test_one_pass_tells_the_results_of_each(two: Two) -> None:
    two.ledger.before_work = lambda: asked.append([*two.lan.calls, *two.public.calls])
    asked: list[list[str]] = []
    results = two.loop.run_once()
    assert asked == [[]]  # the rows of former targets were taken over before
    assert {name: [result.changed for result in of_target] for name, of_target in results.items()} == {
        "lan": [3],
        "public": [3],
    }


def test_one_pass_says_which_target_could_not_have_it(two: Two) -> None:
    two.lan.trouble[""] = TargetUnreachable("http://dns1 cannot be reached")
    with pytest.raises(PartialPass, match=r"^lan: http://dns1 cannot be reached$") as caught:
        two.loop.run_once()
    assert published(two.public) == set(APPS)
    assert {name: [result.changed for result in of_target] for name, of_target in caught.value.results.items()} == {
        "public": [3]
    }


def test_a_stop_ends_one_pass_between_two_changes_and_before_the_next_target(two: Two) -> None:
    two.lan.takes = two.stop_when(lambda: bool(two.lan.shelf))
    with pytest.raises(TimeoutError, match="before target public had its pass"):
        two.loop.run_once()
    assert len(two.lan.shelf) == 2  # the one in whose time it came is done
    assert two.public.calls == ["check"]  # which server it is, before either has its pass


def test_one_pass_that_takes_long_says_that_it_is_still_at_work(two: Two) -> None:
    beats = []

    def wait() -> None:
        two.ahead += RENEWAL + 1
        assert two.ledger.at_work is not None
        beats.append(two.ledger.at_work.heartbeat_at)

    two.public.takes = wait
    two.loop.run_once()
    assert len(set(beats[1:])) > 1
