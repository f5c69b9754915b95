"""Several targets on PostgreSQL: a thread and a connection for each, and none in the way of another."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.fakes.kubernetes.cluster import Cluster
from tests.postgres import open_cursor
from tests.processes import migrate, run, wait_until
from tests.sessions.test_session_targets import INSIDE, OUTSIDE, ZONE, SplitHorizon, second

__all__ = ["second"]

pytestmark = [pytest.mark.double_only, pytest.mark.timeout(180)]

BURST = 150
ADD = "/api/zones/records/add"
OPEN = "select pid, xact_start from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"


class OnPostgres(SplitHorizon):
    url: str

    def list_transactions(self) -> set[tuple[int, object]]:
        """Those that are open now, each by its connection and when it began."""
        with open_cursor(self.url, autocommit=True) as cursor:
            cursor.execute(f"{OPEN} and xact_start is not null")
            return set(cursor.fetchall())

    def count_connections(self) -> int:
        with open_cursor(self.url, autocommit=True) as cursor:
            cursor.execute(OPEN)
            return len(cursor.fetchall())

    def count_owned(self, target: str) -> int:
        with open_cursor(self.url, autocommit=True) as cursor:
            cursor.execute("select count(*) from records_managedrecord where owned and target = %s", [target])
            ((number,),) = cursor.fetchall()
            return int(number)

    def command(self, *words: str) -> str:
        folder = {"HOME": str(self.folder), "DATA_DIR": str(self.folder), "LOG_FORMAT": "text"}
        ended = run(["-m", "catalyst.cli", *words], folder | self.env)
        assert ended.code == 0, ended.err
        return ended.out


@pytest.fixture
def split(
    tmp_path: Path, postgres_url: str, technitium: ServerUnderTest, second: ServerUnderTest, kubernetes: Cluster
) -> Iterator[OnPostgres]:
    scene = OnPostgres(tmp_path, technitium, second, kubernetes)
    scene.url = postgres_url
    scene.env |= {"DATABASE_URL": scene.url, "SECRET_KEY": "of the tests, and of no worth elsewhere"}
    migrate(tmp_path, scene.env)
    yield scene
    if scene.syncer:
        scene.syncer.kill()
        print(scene.syncer.output[-4000:])  # shown when the test failed
    shutil.rmtree(tmp_path, ignore_errors=True)


def test_a_burst_a_hold_a_server_that_hangs_and_a_stop(split: OnPostgres) -> None:
    lan, public = split.lan, split.public
    syncer = split.start()
    assert split.count_connections() == 3, "that of the process, and one for each target"
    hosts = [split.put(f"app{number}") for number in range(BURST)]
    wait_until(lambda: len(lan.rows(ZONE)) == len(public.rows(ZONE)) == BURST, 60, "all of both")
    wait_until(lambda: split.count_owned("lan") == split.count_owned("public") == BURST, 15, "all in the ledger")

    assert "lan" in split.command("hold-writes", "--target", "lan", "--until-resumed", "--reason", "a test")
    held = split.put("held")
    wait_until(lambda: public.ask(held) == [OUTSIDE], 15, "the answer for outside")
    assert lan.ask(held) == "NXDOMAIN"
    split.command("resume-writes", "--target", "lan")
    wait_until(lambda: lan.ask(held) == [INSIDE], 15, "the answer for inside, once nothing holds it")

    lan.faults.update(hang=True, only=ADD)
    lan.requests.clear()
    late = [split.put("late")]
    wait_until(lambda: lan.requests.counts[ADD] > 0, 15, "a write that hangs, once the ledger has claimed it")
    seen = split.list_transactions()
    for _ in range(3):
        time.sleep(0.5)
        seen &= split.list_transactions()
    assert not seen, "no transaction is open for as long as the write hangs"

    lan.faults.update(only="/api/")
    late += [split.put(f"late{number}") for number in range(20)]
    wait_until(lambda: all(public.ask(host) == [OUTSIDE] for host in late), 15, "the answers for outside")
    assert all(lan.ask(host) == "NXDOMAIN" for host in late)
    assert public.ask(hosts[0]) == [OUTSIDE]

    syncer.stop()  # raises where it takes long
    lan.faults.reset()
    split.start()
    wait_until(lambda: all(split.answers(host) == ([INSIDE], [OUTSIDE]) for host in late), 30, "all answers")
    wait_until(lambda: split.count_owned("lan") == split.count_owned("public") == BURST + 22, 15, "the ledger of both")
