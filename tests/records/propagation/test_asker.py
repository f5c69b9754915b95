"""From a record of ours to what is remembered of the answer of a real server."""

from __future__ import annotations

import logging
import signal
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from records.answer_models import RecordAnswer
from records.models import AuditEntry, Bookmark, TargetStatus
from records.propagation.asker import Asker, start_asking
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.processes import Process, prepare, run, running, wait_until
from tests.records.propagation.conftest import ZONE, own, report

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

OWN = f"""
from datetime import timedelta
from django.utils import timezone
from records.models import ManagedRecord, SyncStatus
now = timezone.now()
SyncStatus.objects.create(holder="x", started_at=now, heartbeat_at=now, target="technitium")
columns = {{"zone": "{ZONE}", "type": "A", "ttl": 60, "owned": True, "state": "synced", "values": ["192.0.2.5"]}}
for name in ("grafana", "blog"):
    ManagedRecord.objects.create(name=f"{{name}}.{ZONE}", changed_at=now - timedelta(hours=1), **columns)
"""
"""For a database of which a process of its own has charge."""
RESULTS = """
SELECT name, result FROM records_recordanswer JOIN records_managedrecord ON records_managedrecord.id = record_id
"""

FAST = 100.0
"""Queries a second."""


def results() -> dict[str, str]:
    rows = RecordAnswer.objects.values_list("record__name", "result")
    return {name.removesuffix(f".{ZONE}"): result for name, result in rows}


def let_time_pass() -> None:
    """For all that waits to be asked."""
    past = timezone.now() - timedelta(minutes=1)
    RecordAnswer.objects.filter(again_at__isnull=False).update(again_at=past)
    RecordAnswer.objects.filter(again_at=None).update(asked_at=past)


def ask_twice(asker: Asker) -> None:
    for _ in range(2):
        asker.ask_batch()
        let_time_pass()


@pytest.fixture
def asker(server: str) -> Asker:
    report()
    return Asker(lambda _: [server], FAST)


def test_right_wrong_and_then_right_again(asker: Asker, technitium: ServerUnderTest, server: str) -> None:
    for name in ("grafana", "blog"):
        technitium.add(f"{name}.{ZONE}", "A", "192.0.2.5")
        own(f"{name}.{ZONE}", "192.0.2.5")
    ask_twice(asker)
    assert results() == {"grafana": "right", "blog": "right"}
    technitium.delete(f"blog.{ZONE}", "A", "192.0.2.5")
    ask_twice(asker)
    assert results() == {"grafana": "right", "blog": "wrong"}
    reason = f"{server} answers nothing (NXDOMAIN)"
    assert RecordAnswer.objects.get(result="wrong").reason == reason
    assert AuditEntry.objects.get(action="stale").reason == reason
    technitium.add(f"blog.{ZONE}", "A", "192.0.2.5")
    asker.ask_batch()
    assert results() == {"grafana": "right", "blog": "right"}


def test_a_secondary_that_stayed_behind_is_found(asker: Asker, technitium: ServerUnderTest, server: str) -> None:
    technitium.add(f"grafana.{ZONE}", "A", "192.0.2.5")
    own(f"grafana.{ZONE}", "192.0.2.5")
    ask_twice(Asker(lambda _: [server, "127.0.0.1:0"], FAST))
    answer = RecordAnswer.objects.get()
    assert answer.result == "unanswered"
    assert answer.reason.startswith("127.0.0.1:0: ")


def test_each_target_is_asked_for_at_its_own_servers(
    asker: Asker, technitium: ServerUnderTest, server: str, settings: Settings
) -> None:
    settings.MANAGED_TARGETS = {"lan": settings.MANAGED, "public": settings.MANAGED}
    technitium.add(f"grafana.{ZONE}", "A", "192.0.2.5")
    for target in ("lan", "public"):
        own(f"grafana.{ZONE}", "192.0.2.5", target=target)
    ask_twice(Asker({"lan": [server], "public": ["127.0.0.1:0"]}.__getitem__, FAST))
    assert dict(RecordAnswer.objects.values_list("target", "result")) == {"lan": "right", "public": "unanswered"}


def test_where_no_target_can_be_asked_nothing_is(asker: Asker, settings: Settings) -> None:
    settings.MANAGED_TARGETS = {"lan": settings.MANAGED}
    TargetStatus.objects.create(name="lan", kind="hosts")  # of before: the syncer has not started anew yet
    assert asker.ask_batch() == 0


def test_a_silent_server_is_told_of_once(asker: Asker, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(5):
        own(f"app{number}.{ZONE}", "192.0.2.5")
    ask_twice(Asker(lambda _: ["127.0.0.1:0"], FAST))
    assert set(results().values()) == {"unanswered"}
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(told) == 1
    assert told[0].startswith("DNS server 127.0.0.1:0: ")
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(("rate", "size"), [(2.0, 10), (100.0, 500), (0.1, 2)])
def test_a_batch_is_what_can_be_asked_within_a_few_seconds(rate: float, size: int) -> None:
    assert Asker(lambda _: [], rate).size == size


def test_names_in_a_hosts_file_are_not_asked_for(server: str, caplog: pytest.LogCaptureFixture) -> None:
    report("hosts")
    own(f"grafana.{ZONE}", "192.0.2.5", target="hosts")
    with caplog.at_level(logging.INFO, "records"):
        assert [Asker(lambda _: [server], FAST).ask_batch() for _ in range(2)] == [0, 0]
    assert "names go to a hosts file, which no DNS server answers from" in caplog.text


def test_before_any_syncer_ran_there_is_nothing_to_ask(server: str) -> None:
    own(f"grafana.{ZONE}", "192.0.2.5")
    assert Asker(lambda _: [server], FAST).ask_batch() == 0


def test_where_another_host_asks_this_one_waits(asker: Asker) -> None:
    own(f"grafana.{ZONE}", "192.0.2.5")
    until = timezone.now() + timedelta(seconds=30)
    Bookmark.objects.create(name="asking", at=until, memory={"holder": "another"})
    assert asker.ask_batch() == 0
    Bookmark.objects.update(at=timezone.now() - timedelta(seconds=1))
    assert asker.ask_batch() == 1


def test_a_name_that_cannot_be_asked_for_holds_up_no_other(
    asker: Asker, technitium: ServerUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    technitium.add(f"grafana.{ZONE}", "A", "192.0.2.5")
    own(f"grafana.{ZONE}", "192.0.2.5")
    own(f"odd.{ZONE}", "x", kind="NOTATYPE")
    own(f"{'x' * 64}.{ZONE}", "192.0.2.5")  # one character more than a label has
    ask_twice(asker)
    assert sorted(results().values()) == ["right", "unanswered", "unanswered"]


def test_with_a_rate_of_0_nothing_is_started(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    settings.PROPAGATION_RATE = 0.0
    with caplog.at_level(logging.INFO, "records"):
        start_asking()
    assert "no names are asked: PROPAGATION_RATE is 0" in caplog.text


@pytest.mark.timeout(240)
def test_the_background_tasks_ask_and_end_at_once(technitium: ServerUnderTest, server: str, tmp_path: Path) -> None:
    technitium.add(f"grafana.{ZONE}", "A", "192.0.2.5")
    env = {"HOME": str(tmp_path), "DATA_DIR": str(tmp_path), "DNS_TEST_SERVERS": server, "PROPAGATION_RATE": "50"}
    prepare(tmp_path)
    assert run(["-m", "catalyst.cli", "manage", "shell", "--command", OWN], env, 60).code == 0

    def results() -> dict[str, str]:
        with closing(sqlite3.connect(tmp_path / "catalyst.sqlite3")) as database:
            return dict(database.execute(RESULTS))

    tasks = Process(["-m", "catalyst.cli", "qcluster"], tmp_path / "log", env)
    with running(tasks):
        expected = {f"grafana.{ZONE}": "right", f"blog.{ZONE}": "wrong"}
        wait_until(lambda: results() == expected, 90, "both askings")
        told = f"blog.{ZONE} A: {server} answers nothing (NXDOMAIN)"
        wait_until(lambda: told in tasks.output, 10, "the line that follows the row")
        assert tasks.stop(signal.SIGTERM) == 0
    assert "Traceback" not in tasks.output
