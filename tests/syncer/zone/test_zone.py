"""One zone from what was enqueued to what is written: when it asks, what it believes, and what it does when that
fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from syncer import metrics
from syncer.core.claims import Unread
from syncer.core.compare import NameRequest
from syncer.core.known import RecordState
from syncer.core.rrsets import Found, RRset
from syncer.errors import ServerRefused, TargetUnreachable, ZoneUnusable
from syncer.pacing import RETRY_DELAYS, AdaptiveInterval
from syncer.targets.base import Outcome, Result
from syncer.zone.apply import TURN
from syncer.zone.freezes import WriteFreezes
from syncer.zone.guarding import PlannedChange
from syncer.zone.result import PassResult
from syncer.zone.zone import Zone
from tests.syncer.zone.memory import (
    ADDRESS,
    ZONE,
    Clock,
    Cluster,
    MemoryLedger,
    ToyTarget,
    configure,
    create,
    delete,
    ours,
    rrset,
)

GRAFANA = f"grafana.{ZONE}"
HOUR = 3600.0


class Case:
    def __init__(self, *, dry_run: bool = False) -> None:
        self.clock = Clock()
        self.target = ToyTarget()
        self.ledger = MemoryLedger()
        self.rows = self.ledger.zone("toy", ZONE)
        self.cluster = Cluster()
        self.stopping = False
        self.start(dry_run=dry_run)

    def start(self, *, dry_run: bool = False, is_stopping: Callable[[], bool] | None = None) -> None:
        """A new process, on the same server, ledger and cluster."""
        config = configure(dry_run=dry_run)
        self.zone = Zone(
            ZONE,
            config,
            config.targets[0],
            self.target,
            self.ledger,
            self.cluster,
            WriteFreezes(self.ledger, "toy", [ZONE], is_off=dry_run),
            find_unread=Unread,
            awaited_kinds=frozenset,
            explain_hold=lambda: "",
            is_stopping=is_stopping or (lambda: self.stopping),
            clock=self.clock,
        )

    def put(self, *names: str) -> None:
        for name in names:
            self.cluster.put(name)
        self.zone.enqueue(f"{name}.{ZONE}" for name in names)

    def drop(self, *names: str) -> None:
        for name in names:
            self.cluster.drop(name)
        self.zone.enqueue(f"{name}.{ZONE}" for name in names)

    def turn(self, seconds: float = 1.0) -> PassResult | None:
        self.clock.now += seconds
        return self.zone.run_due(self.clock.now)

    def begun(self) -> Case:
        """After its first full pass, from a list; what was asked until then is forgotten."""
        self.turn()
        self.target.calls.clear()
        return self

    def take_calls(self) -> list[str]:
        """What was asked of the target since the last look."""
        calls, self.target.calls = self.target.calls, []
        return calls

    @property
    def published(self) -> Mapping[str, tuple[str, ...]]:
        return {name: found.rrset.values for (name, _), found in self.target.shelf.items()}

    def state(self, name: str) -> str:
        return self.rows.known[f"{name}.{ZONE}", "A"].state


@pytest.fixture
def case() -> Case:
    return Case().begun()


def test_the_first_pass_lists_the_zone() -> None:
    case = Case()
    result = case.turn()
    assert result is not None
    assert result.whole
    assert case.take_calls() == ["serials", "list"]


def test_a_name_that_was_enqueued_is_written_without_a_look_at_the_zone(case: Case) -> None:
    case.put("grafana")
    case.turn()
    assert case.take_calls() == ["serials", f"create {GRAFANA}"]
    assert case.published == {GRAFANA: (ADDRESS,)}
    assert case.state("grafana") == RecordState.SYNCED


def test_our_own_writes_are_no_reason_to_list(case: Case) -> None:
    for name in ("grafana", "blog", "nas"):
        case.put(name)
        case.turn()
    assert "list" not in case.take_calls()


def test_a_foreign_write_before_ours_is_looked_at_first(case: Case) -> None:
    case.put("grafana")
    case.target.shelf[GRAFANA, "A"] = Found(rrset("grafana", "10.0.0.9"), ("by hand",))
    case.target.serial[ZONE] += 1
    case.turn()
    assert case.take_calls() == ["serials", "read"]
    assert case.published == {GRAFANA: ("10.0.0.9",)}
    assert case.state("grafana") == RecordState.CONFLICT


def test_a_name_that_is_not_certain_is_read_before_it_is_written(case: Case) -> None:
    case.rows.own("grafana", state=RecordState.PENDING)
    case.put("grafana")
    case.turn()
    assert case.take_calls() == ["serials", "read", f"create {GRAFANA}"]


def test_the_serial_that_we_left_is_no_news(case: Case) -> None:
    case.zone.note_serial(case.target.serial[ZONE])
    assert not case.zone.is_full_pass_wanted


def test_another_serial_is_a_foreign_write_that_is_counted_and_compared(case: Case) -> None:
    before = metrics.FOREIGN_WRITES.labels("toy", ZONE)._value.get()
    case.zone.note_serial(case.target.serial[ZONE] + 1)
    assert case.zone.is_full_pass_wanted
    assert metrics.FOREIGN_WRITES.labels("toy", ZONE)._value.get() == before + 1


def test_no_serial_at_all_is_compared_and_not_counted(case: Case) -> None:
    before = metrics.FOREIGN_WRITES.labels("toy", ZONE)._value.get()
    case.zone.note_serial(None)
    assert case.zone.is_full_pass_wanted
    assert metrics.FOREIGN_WRITES.labels("toy", ZONE)._value.get() == before


def test_a_full_pass_of_a_zone_that_is_known_asks_for_its_serial_alone(case: Case) -> None:
    case.zone.request_pass()
    assert case.turn() is not None
    assert case.take_calls() == ["serials"]


def test_what_a_restart_of_the_server_undid_is_over_with_the_next_list_of_a_target_without_serials() -> None:
    case = Case()
    case.target.has_serials = False
    case.turn()
    case.put("grafana")
    case.turn()
    case.target.zone(ZONE).lost_writes = True
    case.zone.request_pass()
    case.turn()
    del case.target.shelf[GRAFANA, "A"]  # by hand
    case.zone.request_pass()
    case.turn()
    assert case.state("grafana") == RecordState.DRIFTED
    assert not case.published


def test_a_foreign_write_between_ours_ends_what_is_known(case: Case) -> None:
    case.put("grafana")
    case.target.takes = lambda: case.target.serial.update({ZONE: case.target.serial[ZONE] + 1})
    case.turn()
    case.target.takes = lambda: None
    case.take_calls()
    case.zone.request_pass()
    case.turn()
    assert "list" in case.take_calls()


def test_what_is_written_beside_a_pass_is_no_reason_to_list(case: Case) -> None:
    case.zone.write_changes([create("grafana"), create("nas")], "ada")
    case.zone.request_pass()
    case.turn()
    assert "list" not in case.take_calls()


def test_where_nothing_is_written_what_is_known_stays(case: Case) -> None:
    before = metrics.FOREIGN_WRITES.labels("toy", ZONE)._value.get()
    case.target.serial[ZONE] += 1
    case.zone.write_changes([], "ada")
    case.zone.note_serial(case.target.serial[ZONE])
    assert metrics.FOREIGN_WRITES.labels("toy", ZONE)._value.get() == before + 1, (
        "it is another serial than what is known"
    )


@pytest.mark.parametrize("change", [create("lab", f"ns1.{ZONE}", kind="NS"), delete("lab", kind="NS")])
def test_a_delegation_that_comes_or_goes_has_the_zone_listed(case: Case, change: PlannedChange) -> None:
    case.zone.write_changes([create("grafana")], "ada")
    assert not case.zone.is_full_pass_wanted
    case.zone.write_changes([change], "ada")
    assert case.zone.is_full_pass_wanted
    case.turn()
    assert "list" in case.take_calls()


def test_only_what_was_changed_is_a_change(case: Case) -> None:
    due = case.zone.full_pass_due
    case.zone.write_changes([], "ada")
    assert (case.zone.last_change_at, case.zone.full_pass_due) == (None, due)
    many = [create(f"app{number:02}") for number in range(AdaptiveInterval.BUSY_CHANGES + 1)]
    case.zone.write_changes(many, "ada")
    assert case.zone.last_change_at
    assert case.zone.full_pass_due == case.clock.now + AdaptiveInterval.BUSY


def test_what_was_invalidated_is_listed(case: Case) -> None:
    case.zone.invalidate()
    case.turn()
    assert "list" in case.take_calls()


def test_the_zone_is_listed_now_and_then_whatever_its_serial_says(case: Case) -> None:
    case.turn(HOUR)
    assert "list" in case.take_calls()


def test_a_pass_that_failed_half_way_is_followed_by_a_list(case: Case) -> None:
    case.put("grafana")
    case.target.trouble[f"create {GRAFANA}"] = ZoneUnusable("zone talos00 is disabled")
    assert case.turn() is None
    case.target.trouble.clear()
    case.turn(RETRY_DELAYS[0])
    assert "list" in case.take_calls()
    assert case.published == {GRAFANA: (ADDRESS,)}


def test_its_own_trouble_is_its_problem_and_tried_again_less_and_less(
    case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    case.target.trouble[ZONE] = ZoneUnusable("zone talos00 is disabled")
    case.zone.invalidate()
    case.turn()
    for delay in RETRY_DELAYS:
        case.target.calls.clear()
        case.turn(delay - 0.1)
        assert case.take_calls() == []
        assert case.zone.next_due(case.clock.now) > case.clock.now
        case.turn(0.1)
        assert "list" in case.take_calls()
    assert case.zone.problem == "zone talos00 is disabled"
    assert len([record for record in caplog.records if "is disabled" in record.getMessage()]) == 1
    case.target.trouble.clear()
    case.turn(RETRY_DELAYS[-1])
    assert case.zone.problem == ""


@pytest.mark.parametrize("error", [TargetUnreachable("it is away"), ServerRefused("the token is wrong")])
def test_trouble_of_the_whole_server_is_for_the_worker(case: Case, error: Exception) -> None:
    case.target.trouble[ZONE] = error
    case.zone.invalidate()
    with pytest.raises(type(error)):
        case.turn()
    assert case.zone.problem == ""


def test_names_outside_the_turn_wait_and_go_in_the_next() -> None:
    case = Case()
    case.target.is_bulky = False
    case.begun()
    case.put(*(f"app{number:02}" for number in range(TURN + 5)))
    result = case.turn()
    assert result is not None
    assert len(result.later) == case.zone.waiting == 5
    case.turn()
    assert (len(case.published), case.zone.waiting) == (TURN + 5, 0)


def test_what_a_person_asked_for_does_not_wait(case: Case) -> None:
    case.target.is_bulky = False
    names = [f"app{number:02}.{ZONE}" for number in range(TURN + 3)]
    for name in names:
        case.target.shelf[name, "A"] = Found(RRset(name, "A", 60, ("192.0.2.9",)), ("by hand",))
        case.cluster.put(name.removesuffix(f".{ZONE}"))
    result = case.zone.run_pass(names, {name: NameRequest(adopt=True) for name in names})
    assert (result.changed, result.later) == (len(names), {})


def test_what_is_unclear_comes_back_by_the_clock_and_what_is_refused_for_good_does_not(case: Case) -> None:
    case.target.refusals[GRAFANA] = Result(create("grafana")[1], Outcome.UNKNOWN, "no answer")
    case.target.refusals[f"blog.{ZONE}"] = Result(create("blog")[1], Outcome.REFUSED, "no such type", permanent=True)
    case.put("grafana", "blog")
    case.turn()
    assert case.zone.waiting == 1
    case.target.refusals.clear()
    case.turn(RETRY_DELAYS[0])
    assert case.published == {GRAFANA: (ADDRESS,)}


def test_nothing_is_begun_when_it_is_to_stop(case: Case) -> None:
    case.put("grafana")
    case.stopping = True
    assert case.turn() is None
    assert case.take_calls() == []


def test_a_delete_that_was_lost_is_known_in_the_next_turn_although_the_ledger_says_nothing_of_it(case: Case) -> None:
    stays = [f"stays{number:02}" for number in range(40)]
    goes = [f"goes{number:02}" for number in range(TURN + 5)]
    case.put(*stays, *goes)
    case.turn()
    before = dict(case.target.shelf)
    case.drop(*goes)
    for _ in range(3):
        case.turn(5)
    assert len(case.published) == len(stays)
    case.target.shelf.update(before)
    case.target.serial[ZONE] -= 3
    case.zone.note_serial(case.target.serial[ZONE])
    result = case.turn()
    assert result is not None
    assert len(result.later) == 5
    case.zone.request_pass()
    case.turn()
    assert len(case.published) == len(stays)


# Lost databases


def test_a_new_ledger_takes_what_carries_our_mark_for_ours() -> None:
    case = Case()
    case.target.shelf[GRAFANA, "A"] = ours("grafana")
    case.target.shelf[f"nas.{ZONE}", "A"] = Found(rrset("nas"), ("by hand",))
    case.cluster.put("grafana")
    case.turn()
    assert case.published.keys() == {GRAFANA, f"nas.{ZONE}"}
    assert case.rows.known.keys() == {(GRAFANA, "A")}
    assert case.state("grafana") == RecordState.SYNCED


def test_a_ledger_that_may_be_another_one_is_asked_again_whether_it_is_new(case: Case) -> None:
    case.put("grafana")
    case.turn()
    case.rows.known.clear()
    case.zone.forget_start()
    case.zone.request_pass()
    case.take_calls()
    case.turn()
    assert case.take_calls() == ["serials", "list"], "it is there, and nothing is written"
    assert case.state("grafana") == RecordState.SYNCED


def test_a_rebuild_comes_before_what_is_asked_of_some_names(case: Case) -> None:
    case.put("grafana", "nas")
    case.turn()
    case.rows.known.clear()
    case.zone.rebuild()
    case.zone.run_pass({GRAFANA})
    assert case.rows.known.keys() == {(GRAFANA, "A"), (f"nas.{ZONE}", "A")}


def test_a_rebuild_is_recorded_little_by_little_and_begins_anew_where_it_came_to_no_end(case: Case) -> None:
    names = [f"app{number:03}" for number in range(800)]
    case.put(*names)
    while len(case.published) < 800:
        case.turn()
    case.rows.known.clear()
    case.target.breaks_after = 700
    case.start()
    with pytest.raises(TargetUnreachable):
        case.turn()
    assert (len(case.rows.known), case.rows.is_new()) == (500, True)

    case.target.breaks_after = None
    case.drop("app007", "app799")
    case.start()
    case.turn()
    assert not case.rows.is_new()
    assert len(case.published) == 798
    assert {row.state for row in case.rows.known.values()} == {RecordState.SYNCED}
    assert len(case.rows.known) == 798


def test_a_zone_in_which_nothing_is_ours_is_rebuilt_without_a_word(case: Case) -> None:
    case.target.shelf[f"nas.{ZONE}", "A"] = Found(rrset("nas", "10.0.0.5"), ("",))
    case.start()
    case.rows.log.clear()
    case.turn()
    assert not case.rows.is_rebuilding
    assert "rebuild begun" not in case.rows.log


def test_a_long_pass_shows_signs_of_life(case: Case) -> None:
    beats: list[int] = []
    for number in range(1000):
        name = f"app{number:03}.{ZONE}"
        case.target.shelf[name, "A"] = Found(rrset(f"app{number:03}", "10.0.0.5"), ("",))
        case.cluster.put(f"app{number:03}")
    case.start(is_stopping=lambda: beats.append(len(case.rows.observed)) or False)
    case.turn()
    assert len(case.rows.observed) == 1000
    assert len(beats) >= 5


def test_a_name_of_someone_else_that_is_wanted_later_is_looked_at_first(case: Case) -> None:
    for name in ("nas", "web"):
        case.target.shelf[f"{name}.{ZONE}", "A"] = Found(rrset(name, "10.0.0.5"), ("",))
    case.zone.invalidate()
    case.turn()
    case.take_calls()
    case.put("nas", "grafana")
    case.turn()
    assert "read" in case.take_calls()
    assert case.state("nas") == RecordState.CONFLICT
    assert case.published[f"nas.{ZONE}"] == ("10.0.0.5",)


def test_once_goes_on_until_nothing_waits_any_more() -> None:
    case = Case()
    case.target.is_bulky = False
    names = [f"app{number:02}" for number in range(3 * TURN)]
    for name in names:
        case.cluster.put(name)
    result = case.zone.run_once()
    assert result.changed == len(case.published) == len(names)
    assert not result.later
