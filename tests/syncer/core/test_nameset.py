from __future__ import annotations

import tracemalloc

from syncer.core.nameset import RUN, NameSet


def test_it_knows_what_was_added_and_nothing_else() -> None:
    names = NameSet(f"app{number}.talos00" for number in range(3 * RUN + 5))
    assert all(f"app{number}.talos00" in names for number in range(3 * RUN + 5))
    assert not any(f"web{number}.talos00" in names for number in range(RUN))


def test_an_empty_one_is_false() -> None:
    assert not NameSet()
    assert NameSet(["nas.talos00"])
    assert NameSet(f"app{number}" for number in range(RUN))


def test_a_name_takes_eight_bytes() -> None:
    tracemalloc.start()
    try:
        names = NameSet(f"a-name-of-someone-else-{number}.talos00" for number in range(20 * RUN))
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "a-name-of-someone-else-7.talos00" in names
    assert size < 20 * RUN * 9
