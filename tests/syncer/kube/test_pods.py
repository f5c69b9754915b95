from __future__ import annotations

from math import inf
from typing import Any

from syncer.core.endpointslices import NO_PODS, read_slice
from syncer.core.kinds import ENDPOINT_SLICE
from syncer.core.manifest import read_ref
from syncer.core.rollouts import FIRST
from syncer.kube.pods import PodIndex
from tests.syncer.core.cast_services import pod, slice_of

KEY = ("data", "db")


class Case:
    def __init__(self) -> None:
        self.now = 0.0
        self.index = PodIndex(lambda: self.now)

    def put(self, manifest: dict[str, Any]) -> bool:
        return self.index.set_slice(read_ref(ENDPOINT_SLICE, manifest), read_slice(manifest))

    def drop(self, manifest: dict[str, Any]) -> bool:
        return self.index.set_slice(read_ref(ENDPOINT_SLICE, manifest), None)

    def tell(self) -> tuple[str, ...]:
        return self.index.tell_pods(KEY, at_once=True).addresses


def test_slices_that_came_first_are_known_when_the_service_comes() -> None:
    case = Case()
    assert not case.put(slice_of(pod("10.42.0.1"))), "nobody waits for it"
    assert case.index.follow_service(KEY, all_count=False).addresses == ("10.42.0.1",)
    assert case.index.follow_service(("data", "other"), all_count=False) == NO_PODS


def test_a_change_is_news_once_and_what_is_the_same_is_none() -> None:
    case = Case()
    case.index.follow_service(KEY, all_count=False)
    assert case.put(slice_of(pod("10.42.0.1")))
    assert not case.put(slice_of(pod("10.42.0.1")))
    assert not case.put(slice_of(pod("10.42.0.1"), pod("10.42.0.2"))), "it comes with the one before"
    assert (case.index.list_due(), case.index.list_pending(), case.index.next_due()) == ([], [KEY], FIRST)
    case.now = FIRST
    assert case.index.list_due() == [KEY]
    assert case.tell() == ("10.42.0.1", "10.42.0.2")
    assert (case.index.list_due(), case.index.next_due()) == ([], inf)


def test_a_slice_may_go_or_become_that_of_another_service() -> None:
    case = Case()
    case.index.follow_service(KEY, all_count=False)
    mine, more = slice_of(pod("10.42.0.1")), slice_of(pod("10.42.0.2"), name="db-x2")
    case.put(mine)
    case.put(more)
    case.drop(more)
    assert case.tell() == ("10.42.0.1",)
    assert not case.drop(more)
    assert case.index.list_slices() == [read_ref(ENDPOINT_SLICE, mine)]
    assert case.put(slice_of(pod("10.42.0.1"), of="other", name="db-x1")), "its former Service has one pod less"
    assert case.tell() == ()
    assert case.index.follow_service(("data", "other"), all_count=False).addresses == ("10.42.0.1",)


def test_of_a_service_that_left_nothing_is_published() -> None:
    case = Case()
    case.index.follow_service(KEY, all_count=False)
    case.put(slice_of(pod("10.42.0.1")))
    case.index.leave_service(KEY)
    assert case.index.list_pending() == []
    assert not case.put(slice_of(pod("10.42.0.2")))


def test_a_slice_of_no_service_is_not_kept() -> None:
    case = Case()
    stray = slice_of(pod("10.42.0.1"))
    stray["metadata"]["labels"] = {}
    assert not case.put(stray)
    assert case.index.list_slices() == []
