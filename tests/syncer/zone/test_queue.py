from syncer.zone.queue import SLICE, ZoneWork
from syncer.zone.result import PassResult


def urgency(name: str) -> tuple[int, str]:
    return (0 if name.startswith("urgent") else 1), name


def claimed(name: str) -> bool:
    return True


def test_a_new_name_does_not_wait_behind_the_backlog():
    work = ZoneWork(backlog=dict.fromkeys(["old-1", "old-2"]))
    work.touch("grafana", 100.0, claimed=True)
    assert work.take_due(100.0, urgency, claimed) == {"grafana"}
    work.cross_off({"grafana"}, PassResult(), 100.0)
    assert work.take_due(100.1, urgency, claimed) == {"old-1", "old-2"}


def test_the_urgent_of_many_go_first():
    work = ZoneWork()
    for number in range(SLICE):
        work.touch(f"app-{number}", 100.0, claimed=True)
    work.touch("urgent", 100.0, claimed=True)
    due = work.take_due(100.0, urgency, claimed)
    assert "urgent" in due
    assert len(due) == SLICE


def test_what_comes_back_keeps_its_place_before_what_waited():
    work = ZoneWork(backlog=dict.fromkeys(["a", "b", "c"]))
    work.cross_off({"a", "b"}, PassResult(later=["b"]), 100.0)
    assert list(work.backlog) == ["b", "c"]


def test_names_that_lost_their_claim_wait_until_no_more_of_them_come():
    work = ZoneWork()
    work.touch("grafana", 100.0, claimed=False)
    work.touch("nas", 100.2, claimed=False)
    assert not work.take_due(100.4, urgency, claimed)
    assert work.take_due(100.6, urgency, claimed) == {"grafana", "nas"}


def test_they_do_not_wait_for_ever():
    work = ZoneWork()
    for tenth in range(32):
        work.touch(f"app-{tenth}", 100.0 + tenth / 10, claimed=False)
    assert len(work.take_due(103.1, urgency, claimed)) == 32


def test_a_name_that_lost_its_claim_after_it_was_touched_waits_with_the_others():
    work = ZoneWork()
    work.touch("grafana", 100.0, claimed=True)
    work.touch("nas", 100.0, claimed=True)
    assert work.take_due(100.1, urgency, lambda name: name != "nas") == {"grafana"}
    work.cross_off({"grafana"}, PassResult(), 100.1)
    assert work.take_due(100.5, urgency, claimed) == {"nas"}
