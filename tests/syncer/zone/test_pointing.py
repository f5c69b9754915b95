"""An SRV record of a Service: written after its target, and gone before its target goes, whatever happens between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from syncer.core.claims import Decision
from syncer.core.known import RecordState
from syncer.core.plan import Change, Op
from syncer.core.source import Ref, SourceObject, Want, WantedRecord
from syncer.targets.base import Outcome, Result
from syncer.zone.apply import TURN, sort_changes, take_turn
from syncer.zone.guarding import PlannedChange
from tests.syncer.zone.memory import ADDRESS, ORIGIN, ZONE, create, delete, ours
from tests.syncer.zone.test_zone import Case

SHOP, SRV, ZOO = f"shop.{ZONE}", f"_http._tcp.shop.{ZONE}", f"zoo.{ZONE}"
VALUE = f"0 0 80 {SHOP}"


class Killed(BaseException):
    """kill -9."""


class Service:
    """Asks for a host and for the SRV record that leads to it."""

    def __init__(self) -> None:
        self.case = Case()

    def put(self, *values: str, host: str = SHOP) -> None:
        srv = WantedRecord("SRV", values or (VALUE,), waits=True)
        wants = (Want(host, (ADDRESS,)), Want(SRV, own=True, records=(srv,)))
        source = SourceObject(Ref("Ingress", "web", "shop"), wants=wants)
        self.case.cluster.sources |= {host: source, SRV: source}
        self.case.zone.enqueue([SRV, host])

    def drop(self) -> None:
        for name in (SHOP, SRV):
            del self.case.cluster.sources[name]
        self.case.zone.enqueue([SRV, SHOP])

    def settle(self) -> None:
        for _ in range(5):
            self.case.turn(4)

    def written(self) -> list[str]:
        """Each write, in order."""
        return [call for call in self.case.take_calls() if call.split()[0] in ("create", "update", "delete")]

    def kill_before(self, call: str) -> None:
        """The process ends when it is about to make the call."""
        self.case.target.trouble[call] = Killed()  # type: ignore[assignment]

    def restart(self) -> None:
        self.case.target.trouble.clear()
        self.case.start()

    def state(self, name: str, kind: str) -> RecordState:
        return self.case.rows.known[name, kind].state


@pytest.fixture
def service() -> Service:
    service = Service()
    service.case.begun()
    return service


def test_it_is_pending_until_its_target_is_written_and_comes_right_after(service: Service) -> None:
    service.put()
    service.case.turn()
    row = service.case.rows.known[SRV, "SRV"]
    assert (row.owned, row.state, row.reason) == (False, RecordState.PENDING, f"it waits until {SHOP} is written")
    assert service.written() == [f"create {SHOP}"]
    service.case.turn()
    assert service.written() == [f"create {SRV}"]
    assert service.state(SRV, "SRV") is RecordState.SYNCED


def test_a_target_that_is_refused_keeps_it_waiting_until_it_is_written(service: Service) -> None:
    service.case.target.refusals[SHOP] = Result(None, Outcome.REFUSED, "no", permanent=True)  # type: ignore[arg-type]
    service.put()
    service.settle()
    assert service.state(SRV, "SRV") is RecordState.PENDING
    service.case.target.refusals.clear()
    service.case.zone.request_pass()
    service.settle()
    assert service.state(SRV, "SRV") is RecordState.SYNCED


def test_a_target_outside_the_zone_is_not_waited_for(service: Service) -> None:
    service.put("0 0 80 shop.example.com")
    service.case.turn()
    assert service.state(SRV, "SRV") is RecordState.SYNCED


def test_a_single_run_does_not_end_before_it_is_written(service: Service) -> None:
    service.put()
    service.case.zone.run_once()
    assert (service.state(SHOP, "A"), service.state(SRV, "SRV")) == (RecordState.SYNCED, RecordState.SYNCED)


def test_a_dry_run_shows_what_it_comes_to_in_the_end() -> None:
    service = Service()
    service.case.start(dry_run=True)
    service.put()
    result = service.case.zone.run_once()
    assert {change.key for change in result.planned} == {(SHOP, "A"), (SRV, "SRV")}


def test_its_delete_goes_first(service: Service) -> None:
    service.put()
    service.settle()
    service.written()
    service.drop()
    service.settle()
    assert service.written() == [f"delete {SRV}", f"delete {SHOP}"]
    assert not service.case.rows.known


def test_where_its_delete_fails_the_target_stays_until_it_is_gone(service: Service) -> None:
    service.put()
    service.settle()
    service.case.target.refusals[SRV] = Result(None, Outcome.REFUSED, "busy")  # type: ignore[arg-type]
    service.drop()
    service.settle()
    assert SHOP in service.case.published
    service.case.target.refusals.clear()
    service.settle()
    service.settle()
    assert not service.case.published


def test_a_value_less_is_written_before_its_host_goes(service: Service) -> None:
    other = f"pod-1.{ZONE}"
    service.put(VALUE, f"0 0 80 {other}")
    service.case.put("pod-1")
    service.settle()
    assert service.case.published[SRV] == (VALUE, f"0 0 80 {other}")
    service.written()
    service.put(VALUE)
    service.case.drop("pod-1")
    service.settle()
    assert service.written() == [f"update {SRV}", f"delete {other}"]


@pytest.mark.parametrize("step", [f"create {SHOP}", f"create {SRV}"])
def test_a_kill_while_it_comes_loses_nothing(service: Service, step: str) -> None:
    service.put()
    service.kill_before(step)
    with pytest.raises(Killed):
        service.settle()
    assert (SRV in service.case.published) is False
    service.restart()
    service.settle()
    assert service.case.published == {SHOP: (ADDRESS,), SRV: (VALUE,)}
    assert service.state(SRV, "SRV") is RecordState.SYNCED


@pytest.mark.parametrize("step", [f"delete {SRV}", f"delete {SHOP}"])
def test_a_kill_while_it_goes_leaves_nothing_that_leads_nowhere(service: Service, step: str) -> None:
    service.put()
    service.settle()
    service.drop()
    service.kill_before(step)
    with pytest.raises(Killed):
        service.settle()
    assert SHOP in service.case.published
    service.restart()
    service.settle()
    assert not service.case.published
    assert not service.case.rows.known


def test_what_a_killed_process_had_written_and_not_recorded_is_not_written_again(service: Service) -> None:
    service.put()
    record = service.case.rows.record_pass
    kill_at(service, lambda: f"{SHOP}" in service.case.published)
    with pytest.raises(Killed):
        service.settle()
    service.case.rows.record_pass = record  # type: ignore[method-assign]
    service.restart()
    service.written()
    service.settle()
    assert service.written() == [f"create {SRV}"]


def kill_at(service: Service, is_time: Callable[[], bool]) -> None:
    record = service.case.rows.record_pass

    def record_or_die(*args: object) -> None:
        if is_time():
            raise Killed
        record(*args)  # type: ignore[arg-type]

    service.case.rows.record_pass = record_or_die  # type: ignore[assignment,method-assign]


def test_after_a_lost_ledger_nothing_of_it_goes(service: Service) -> None:
    service.put()
    service.settle()
    service.case.rows.known.clear()
    service.restart()
    service.written()
    service.settle()
    assert service.written() == []
    assert service.state(SRV, "SRV") is RecordState.SYNCED


def test_after_a_lost_ledger_a_value_that_is_missing_comes_as_soon_as_its_host_is_known_again(service: Service) -> None:
    """The host is listed after what leads to it, and needs nothing but its row."""
    service.put(VALUE, f"0 0 80 {ZOO}")
    service.case.cluster.put(ZOO)
    service.case.zone.enqueue([ZOO])
    service.settle()
    service.case.rows.known.clear()
    found = service.case.target.shelf[SRV, "SRV"]
    service.case.target.shelf[SRV, "SRV"] = found._replace(
        rrset=replace(found.rrset, values=(VALUE,)), marks=found.marks[:1]
    )
    service.restart()
    service.written()
    service.settle()
    assert service.written() == [f"update {SRV}"]


def delete_pointer(name: str) -> PlannedChange:
    found = ours(name, VALUE, kind="SRV")
    return Decision(found.rrset.name, origin=ORIGIN, claimants=(ORIGIN,)), Change(Op.DELETE, found, None, "")


def test_what_is_late_keeps_its_host() -> None:
    names = [f"_{number:02}._tcp" for number in range(TURN + 2)]
    pointers = [delete_pointer(name) for name in names]
    host = delete("shop")
    turn, later = take_turn([host, *pointers, create("new")], lambda _: False)
    assert SHOP in later
    assert [change.key[1] for _, change in sort_changes([host, *pointers])][-1] == "A"
    assert len(turn) < TURN + 2
