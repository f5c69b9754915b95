"""Which target a thread belongs to."""

from __future__ import annotations

from syncer.threads import find_target, name_thread


def test_the_thread_of_a_target_tells_its_name() -> None:
    assert find_target(name_thread("lan")) == "lan"


def test_other_threads_are_of_no_target() -> None:
    assert [find_target(name) for name in ("MainThread", "Thread-1", None)] == [""] * 3
