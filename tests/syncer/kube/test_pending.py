"""What waits to be taken from the store: which of it comes first, since when it waits, and who is told."""

from __future__ import annotations

import pytest

from syncer.core.source import Ref
from syncer.kube.pending import PendingChanges


def make_ref(name: str) -> Ref:
    return Ref("Ingress", "apps", name)


def make_names(count: int, app: str = "app") -> set[str]:
    return {f"{app}-{number}.talos00" for number in range(count)}


GRAFANA, NAS = make_ref("grafana"), make_ref("nas")


class Changes(PendingChanges):
    """With a clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0
        super().__init__(lambda: self.now)


def test_names_and_objects_are_taken_once() -> None:
    changes = Changes()
    changes.touch_object(GRAFANA, {"grafana.talos00"})
    changes.touch_object(NAS, set())
    changes.touch_names({"blog.talos00"})
    assert not changes.is_drained
    assert changes.take() == ({"grafana.talos00", "blog.talos00"}, [GRAFANA, NAS])
    assert changes.is_drained
    assert changes.take() == (set(), [])


def test_an_object_that_changes_twice_touches_the_names_of_both_times() -> None:
    changes = Changes()
    changes.touch_object(GRAFANA, {"old.talos00"})
    changes.touch_object(GRAFANA, {"new.talos00"})
    assert changes.take() == ({"old.talos00", "new.talos00"}, [GRAFANA])
    changes.touch_object(GRAFANA, {"next.talos00"})
    assert changes.take() == ({"next.talos00"}, [GRAFANA])


def test_of_many_names_those_of_small_objects_come_first_and_nothing_waits_for_ever() -> None:
    changes = Changes()
    first, second, small = make_ref("large-0"), make_ref("large-1"), make_ref("small")
    for ref in (first, second):
        changes.touch_object(ref, make_names(50, ref.name))
    changes.touch_object(small, {"small.talos00"})
    names, refs = changes.take(10)
    assert names == {"small.talos00", *make_names(50, "large-0")}
    assert set(refs) == {small, first}
    assert not changes.is_drained
    changes.touch_object(small, {"small.talos00"})
    assert set(changes.take(10)[1]) == {small, second}
    assert changes.is_drained


@pytest.mark.parametrize(("most", "taken"), [(4, 2), (5, 2), (6, 3)])
def test_a_part_is_at_most_so_many_names(most: int, taken: int) -> None:
    changes = Changes()
    for number in range(4):
        changes.touch_object(make_ref(f"app-{number}"), make_names(2, f"app-{number}"))
    assert len(changes.take(most)[1]) == taken
    assert len(changes.take()[1]) == 4 - taken


def test_names_that_no_object_touched_come_with_the_first_part() -> None:
    changes = Changes()
    changes.touch_object(GRAFANA, make_names(3, "grafana"))
    changes.touch_object(NAS, make_names(3, "nas"))
    changes.touch_names({"blog.talos00"})
    assert changes.take(1)[0] == {"blog.talos00", *make_names(3, "grafana")}
    assert changes.take(1)[0] == make_names(3, "nas")


def test_what_is_taken_has_waited_since_the_first_object_changed() -> None:
    changes = Changes()
    assert changes.taken_since is None
    changes.touch_object(GRAFANA, make_names(3, "grafana"))
    changes.now = 105.0
    changes.touch_object(NAS, make_names(3, "nas"))
    changes.take(1)
    assert changes.taken_since == 100.0
    changes.take(1)
    assert changes.taken_since == 100.0, "the rest may have waited as long"
    changes.touch_object(NAS, {"nas.talos00"})
    changes.take()
    assert changes.taken_since == 105.0
    changes.touch_names({"blog.talos00"})
    changes.take()
    assert changes.taken_since is None, "no object has changed"


def test_each_change_is_told_once() -> None:
    changes = Changes()
    assert not changes.pop_changed()
    for change in (
        lambda: changes.touch_object(GRAFANA, set()),
        lambda: changes.touch_names({"blog.talos00"}),
        lambda: changes.touch_names({"blog.talos00"}),
        changes.note_change,
    ):
        change()
        assert changes.pop_changed()
        assert not changes.pop_changed()
    changes.touch_names(set())
    changes.take()
    assert not changes.pop_changed()


def test_a_change_without_names_leaves_nothing_to_take() -> None:
    changes = Changes()
    changes.note_change()
    assert changes.is_drained
    assert changes.take() == (set(), [])
