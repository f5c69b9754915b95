"""The row by which other processes see how the syncer is doing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from syncer.core.kinds import INGRESS
from syncer.errors import ZoneUnusable
from syncer.health import HealthReport
from syncer.heartbeat import INTERVAL, Heartbeat
from syncer.kube.feed import KindState, WatchState
from syncer.ledger import SyncerStatus
from syncer.vitals import Vitals
from tests.syncer.test_worker import LAB, Case
from tests.syncer.zone.engine import Lists
from tests.syncer.zone.memory import ZONE

KINDS = [KindState(INGRESS, WatchState.WATCHING, True)]
REPORT = HealthReport(KINDS, ["no full pass has been completed yet"], ["Ingress: forbidden"])


@pytest.fixture
def case() -> Case:
    return Case(ZONE, LAB)


class ReadTarget:
    """The worker of a case, of whose objects enough has been read, or not."""

    def __init__(self, case: Case) -> None:
        self.worker = case.worker
        self.last_pass_at: datetime | None = None
        self.settled = True

    def is_settled(self) -> bool:
        return self.settled


@pytest.fixture
def target(case: Case) -> ReadTarget:
    return ReadTarget(case)


@pytest.fixture
def heartbeat(case: Case, target: ReadTarget) -> Heartbeat:
    return Heartbeat(case.ledger, [target], Vitals([case.worker], Lists()))


def beat(case: Case, heartbeat: Heartbeat) -> SyncerStatus:
    """After the interval; what is told."""
    case.clock.now += INTERVAL
    heartbeat.beat_due(case.clock.now, lambda: REPORT)
    return case.ledger.statuses[-1]


def test_it_is_written_at_once_and_then_at_each_interval(case: Case, heartbeat: Heartbeat) -> None:
    for _ in range(11):
        heartbeat.beat_due(case.clock.now, lambda: REPORT)
        case.clock.now += 1
    assert len(case.ledger.statuses) == 3
    assert heartbeat.due == case.clock.now - 1 + INTERVAL


def test_it_tells_what_waits_and_what_is_wrong(case: Case, heartbeat: Heartbeat) -> None:
    case.target.trouble[ZONE] = ZoneUnusable("zone talos00 is disabled")
    case.turn()
    case.put("grafana")
    status = beat(case, heartbeat)
    (target,) = status.targets
    assert (target.name, target.kind, target.queue, target.problem) == ("toy", "toy", 1, "")
    assert target.zones == {ZONE: "zone talos00 is disabled", LAB: ""}
    assert (status.kinds, status.problems, status.warnings) == REPORT


def test_it_says_when_the_next_full_pass_is_due_of_whichever_zone_is_first(case: Case, heartbeat: Heartbeat) -> None:
    case.turn()
    before = datetime.now(UTC)
    status = beat(case, heartbeat)
    next_pass_at = status.targets[0].next_pass_at
    assert next_pass_at is not None
    due = min(zone.full_pass_due for zone in case.worker.zones.values())
    assert before <= next_pass_at - timedelta(seconds=due - case.clock.now) <= datetime.now(UTC)


def test_before_enough_was_read_no_pass_is_due(case: Case, target: ReadTarget, heartbeat: Heartbeat) -> None:
    target.settled = False
    assert beat(case, heartbeat).targets[0].next_pass_at is None


def test_a_pass_that_is_late_is_due_now(case: Case, heartbeat: Heartbeat) -> None:
    before = datetime.now(UTC)
    status = beat(case, heartbeat)
    next_pass_at = status.targets[0].next_pass_at
    assert next_pass_at is not None
    assert before <= next_pass_at <= datetime.now(UTC)


def test_the_records_of_a_zone_that_is_not_managed_any_more_are_told_once(
    case: Case, heartbeat: Heartbeat, caplog: pytest.LogCaptureFixture
) -> None:
    case.ledger.zone("toy", "old.lab").own("a", "b")
    case.ledger.zone("toy", ZONE).own("c")
    case.ledger.zone("another", "elsewhere.lab").own("d")
    for _ in range(3):
        beat(case, heartbeat)
    assert [record.getMessage() for record in caplog.records] == [
        "another is not among the targets any more: 1 records in elsewhere.lab stay as they are until it is, or they"
        " are released",
        "old.lab is not in DNS_ZONES any more: 2 records in old.lab stay as they are until it is, or they are released",
    ]


def test_of_several_targets_it_is_said_whose_zone_it_was(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    case.ledger.zone("toy", "old.lab").own("a")
    another = ReadTarget(Case("elsewhere.lab"))
    another.worker.name = "another"
    case.ledger.zone("gone", "old.lab").own("a", "b")
    both = [ReadTarget(case), another]
    both[0].worker.zones_setting = "`zones` of target toy"
    beat(case, Heartbeat(case.ledger, both, Vitals([each.worker for each in both], Lists())))
    gone, old = [record.getMessage() for record in caplog.records]
    assert gone.startswith("gone is not among the targets any more: 2 records in old.lab")
    assert old.startswith("old.lab is not in `zones` of target toy any more: 1 records")
