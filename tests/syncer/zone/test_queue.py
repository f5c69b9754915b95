import sys
from collections.abc import Collection, Mapping

from syncer.zone.queue import Deferred, ZoneQueue
from syncer.zone.slices import SMALLEST

NOTHING: Collection[str] = ()
NO_NAMES: Mapping[str, Deferred] = {}


def rank(name: str) -> tuple[int, str]:
    return (0 if name.startswith("urgent") else 1), name


def is_claimed(name: str) -> bool:
    return True


def queue_with(*deferred: str) -> ZoneQueue:
    queue = ZoneQueue()
    queue.deferred = dict.fromkeys(deferred, Deferred.AS_KNOWN)
    return queue


def test_a_new_name_does_not_wait_behind_what_was_deferred() -> None:
    queue = queue_with("old-1", "old-2")
    queue.add("grafana", 100.0, claimed=True)
    assert queue.pop_due(100.0, rank, is_claimed) == {"grafana"}
    queue.done({"grafana"}, NOTHING, NO_NAMES, 100.0)
    assert queue.pop_due(100.1, rank, is_claimed) == {"old-1", "old-2"}


def test_what_is_new_is_gathered_since_the_last_that_was_new_however_soon_a_pass_over_the_others_ends() -> None:
    queue = queue_with("old-1", "old-2")
    assert queue.pop_due(100.0, rank, is_claimed) == {"old-1", "old-2"}
    queue.add("grafana", 100.1, claimed=True)
    assert queue.pop_due(100.1, rank, is_claimed) == {"grafana"}
    queue.done({"grafana"}, NOTHING, NO_NAMES, 100.1)
    queue.add("nas", 100.2, claimed=True)
    for at in (100.2, 100.35):
        assert queue.pop_due(at, rank, is_claimed) == {"old-1", "old-2"}
    assert queue.pop_due(100.41, rank, is_claimed) == {"nas"}


def test_what_is_not_claimed_any_more_holds_up_nothing_that_is_new() -> None:
    queue = ZoneQueue()
    queue.add("nas", 100.0, claimed=True)
    assert not queue.pop_due(100.0, rank, lambda name: False)
    queue.add("grafana", 100.01, claimed=True)
    assert queue.pop_due(100.01, rank, is_claimed) == {"grafana"}


def test_the_urgent_of_many_go_first() -> None:
    queue = ZoneQueue()
    for number in range(SMALLEST):
        queue.add(f"app-{number}", 100.0, claimed=True)
    queue.add("urgent", 100.0, claimed=True)
    due = queue.pop_due(100.0, rank, is_claimed)
    assert "urgent" in due
    assert len(due) == SMALLEST


def test_what_comes_back_keeps_its_place_before_what_waited() -> None:
    queue = queue_with("a", "b", "c")
    queue.done({"a", "b"}, NOTHING, {"b": Deferred.ABSENT}, 100.0)
    assert list(queue.deferred.items()) == [("b", Deferred.ABSENT), ("c", Deferred.AS_KNOWN)]


def test_names_that_lost_their_claim_wait_until_no_more_of_them_come() -> None:
    queue = ZoneQueue()
    queue.add("grafana", 100.0, claimed=False)
    queue.add("nas", 100.2, claimed=False)
    assert not queue.pop_due(100.4, rank, is_claimed)
    assert queue.pop_due(100.6, rank, is_claimed) == {"grafana", "nas"}


def test_they_do_not_wait_for_ever() -> None:
    queue = ZoneQueue()
    for tenth in range(32):
        queue.add(f"app-{tenth}", 100.0 + tenth / 10, claimed=False)
    assert len(queue.pop_due(103.1, rank, is_claimed)) == 32


def test_a_name_that_lost_its_claim_after_it_was_added_waits_with_the_others() -> None:
    queue = ZoneQueue()
    queue.add("grafana", 100.0, claimed=True)
    queue.add("nas", 100.0, claimed=True)
    assert queue.pop_due(100.1, rank, lambda name: name != "nas") == {"grafana"}
    queue.done({"grafana"}, NOTHING, NO_NAMES, 100.1)
    assert queue.pop_due(100.5, rank, is_claimed) == {"nas"}


def test_a_name_that_failed_comes_back_by_the_clock() -> None:
    queue = ZoneQueue()
    queue.add("grafana", 100.0, claimed=True)
    queue.done({"grafana"}, {"grafana"}, NO_NAMES, 100.0)
    assert queue.next_due(100.0) == 101.0
    assert not queue.pop_due(100.9, rank, is_claimed)
    assert queue.pop_due(101.0, rank, is_claimed) == {"grafana"}
    queue.add("nas", 101.0, claimed=True)
    assert queue.pop_due(101.0, rank, is_claimed) == {"grafana", "nas"}


def test_a_pass_over_the_whole_zone_leaves_nothing_but_what_comes_back() -> None:
    queue = queue_with("old-1")
    queue.add("grafana", 100.0, claimed=True)
    queue.add("nas", 100.0, claimed=False)
    queue.done(None, {"grafana"}, {"blog": Deferred.ABSENT}, 100.0)
    assert len(queue) == 2
    assert (set(queue.retries), set(queue.deferred)) == ({"grafana"}, {"blog"})


def test_many_that_lost_their_claim_go_slice_by_slice() -> None:
    queue = ZoneQueue()
    names = [f"app-{number:04}" for number in range(SMALLEST + 2)]
    for name in names:
        queue.add(name, 100.0, claimed=False)
    assert queue.list_coming(100.1, NOTHING) == set()  # more of them may come
    first = queue.pop_due(101.0, rank, is_claimed)
    assert first == set(names[:SMALLEST])
    assert queue.list_coming(101.0, first) == set(names[SMALLEST:])
    queue.done(first, NOTHING, NO_NAMES, 101.0)
    assert queue.pop_due(101.0, rank, is_claimed) == set(names[SMALLEST:])


def test_what_is_looked_at_again_leaves_alone_what_is_known_of_what_waits() -> None:
    queue = ZoneQueue()
    queue.deferred = {"a": Deferred.ABSENT}
    queue.defer(["a", "b"])
    assert queue.deferred == {"a": Deferred.ABSENT, "b": Deferred.AS_KNOWN}


def test_of_many_that_are_ranked_already_a_new_urgent_one_is_the_next() -> None:
    queue = ZoneQueue()
    for number in range(3 * SMALLEST):
        queue.add(f"app-{number}", 100.0, claimed=True)
    first = queue.pop_due(100.0, rank, is_claimed)
    queue.done(first, NOTHING, NO_NAMES, 100.0)
    queue.add("urgent", 100.0, claimed=True)
    assert "urgent" in queue.pop_due(100.0, rank, is_claimed)


def test_of_many_what_failed_comes_again() -> None:
    queue = ZoneQueue()
    for number in range(2 * SMALLEST):
        queue.add(f"app-{number}", 100.0, claimed=True)
    first = queue.pop_due(100.0, rank, is_claimed)
    assert queue.pop_due(100.0, rank, is_claimed) == first
    queue.done(first, NOTHING, NO_NAMES, 100.0)
    assert len(queue.pop_due(100.0, rank, is_claimed) | first) == 2 * SMALLEST


def test_a_name_that_lost_its_claim_when_it_was_ranked_waits_with_the_others() -> None:
    queue = ZoneQueue()
    names = [f"app-{number:04}" for number in range(3 * SMALLEST)]
    for name in names:
        queue.add(name, 100.0, claimed=True)
    first = queue.pop_due(100.0, rank, is_claimed)
    queue.done(first, NOTHING, NO_NAMES, 100.0)
    queue.add(names[SMALLEST], 100.0, claimed=False)
    assert names[SMALLEST] not in queue.pop_due(100.1, rank, is_claimed)


def test_of_a_burst_that_is_over_it_keeps_no_memory() -> None:
    queue = ZoneQueue()
    names = {f"app-{number}" for number in range(5000)}
    for name in names:
        queue.add(name, 100.0, claimed=True)
    for name in names:
        queue.add(name, 101.0, claimed=int(name[-1]) % 2 == 0)
    assert sys.getsizeof(queue.changed) > 100_000
    while due := queue.pop_due(110.0, rank, is_claimed):
        queue.done(due, NOTHING, NO_NAMES, 0.0)
    assert len(queue) == 0
    held = sum(sys.getsizeof(part) for part in vars(queue).values() if isinstance(part, set))
    assert held == 3 * sys.getsizeof(set())
