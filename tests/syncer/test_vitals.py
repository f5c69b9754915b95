"""What the heartbeat tells beside the health."""

from __future__ import annotations

import json

import pytest

from syncer.certificates import FailingCertificate, FailingCertificates
from syncer.heartbeat import INTERVAL, Heartbeat
from syncer.ledger import LedgerError, SyncerStatus
from syncer.meters import API, CHANGES, KUBERNETES
from syncer.vitals import Vitals
from tests.syncer.test_heartbeat import REPORT, ReadTarget
from tests.syncer.test_worker import LAB, Case
from tests.syncer.zone.engine import Lists
from tests.syncer.zone.memory import ZONE, MemoryLedger


class AnotherTime:
    now = 1_000_000_020.0

    def __call__(self) -> float:
        return self.now


class AbsentLedger(MemoryLedger):
    is_away = True

    def save_status(self, status: SyncerStatus) -> None:
        if self.is_away:
            raise LedgerError("the database is away")
        super().save_status(status)


@pytest.fixture
def case() -> Case:
    case = Case(ZONE, LAB)
    case.turn()
    return case


@pytest.fixture
def unix() -> AnotherTime:
    return AnotherTime()


@pytest.fixture
def feed(case: Case, unix: AnotherTime) -> Lists:
    feed = Lists()
    for meter in (feed.calls, case.target.meter, *(zone.changes for zone in case.worker.zones.values())):
        meter._clock = unix
    return feed


def test_it_tells_of_each_target_of_the_api_server_and_of_certificates(case: Case, feed: Lists) -> None:
    case.target.meter.count(0.002)
    failing = FailingCertificate("web", "shop", "it has expired", 5.0, "")
    told = Vitals([case.worker], feed, lambda: FailingCertificates(3, 1, [failing])).describe()
    assert json.loads(json.dumps(told)) == told
    (target,) = told["targets"]
    assert (target["target"], target["kind"], target["version"], target["problem"]) == ("toy", "toy", "1", "")
    assert (target["calls"]["number"], target["calls"]["last"]) == (1, [[1_000_000_020, 2.0, 1]])
    assert told["kubernetes"] == {"place": "a test", "calls": {"number": 0, "failed": 0, "last": []}}
    assert (told["certificates"]["known"], told["certificates"]["worst"][0]["name"]) == (3, "shop")


def test_where_certificates_are_not_watched_nothing_is_said_of_them(case: Case, feed: Lists) -> None:
    assert Vitals([case.worker], feed).describe()["certificates"] is None


def test_a_minute_is_news_until_it_is_written_down(case: Case, feed: Lists, unix: AnotherTime) -> None:
    vitals = Vitals([case.worker], feed)
    case.target.meter.count(0.001)
    feed.calls.count(0.001, is_ok=False)
    case.worker.zones[LAB].changes.count(0.2)
    assert vitals.list_news() == []
    unix.now += 60
    news = vitals.list_news()
    assert [each[:3] for each in news] == [(API, "toy", ""), (CHANGES, "toy", LAB), (KUBERNETES, "", "")]
    assert vitals.list_news() == news, "the database may have been away"
    vitals.note_written(news)
    assert vitals.list_news() == []


def test_what_the_database_did_not_take_is_told_again(case: Case, feed: Lists, unix: AnotherTime) -> None:
    ledger = AbsentLedger()
    heartbeat = Heartbeat(ledger, [ReadTarget(case)], Vitals([case.worker], feed))
    case.target.meter.count(0.001)
    unix.now += 60
    with pytest.raises(LedgerError):
        heartbeat.beat_due(case.clock.now, lambda: REPORT)
    ledger.is_away = False
    for _ in range(2):
        case.clock.now += INTERVAL
        heartbeat.beat_due(case.clock.now, lambda: REPORT)
    assert [[each.subject for each in status.measured] for status in ledger.statuses] == [[API], []]
