"""One syncer on a database: a second one is refused, one that ended is succeeded at once, one that hangs is too."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg2
import pytest

from tests.fakes.kubernetes.manifests import ingress
from tests.ports import free_port
from tests.postgres import open_cursor
from tests.processes import Process, migrate, wait_until
from tests.sessions.session import ADDRESS, Session

WATCHES = "its heartbeat is watched"
REFUSED = (
    r"error: another syncer is at work on this database: process {pid} on {host}, since \d{{4}}-\d\d-\d\d [\d:]+ UTC;"
    r" stop it first, or give this one a database of its own \(DATABASE_URL, DATA_DIR\); --dry-run works beside it"
)

pytestmark = pytest.mark.timeout(120)


class Place:
    """A session of manifests, and its database, whichever it is."""

    def __init__(self, session: Session, execute: Callable[[str], list[tuple[Any, ...]]]) -> None:
        self.session = session
        self.execute = execute

    def publish(self, name: str) -> str:
        host = f"{name}.{self.session.zone}"
        self.session.write(name, ingress(name, host))
        return host

    def move_elsewhere(self) -> None:
        """The syncer of the heartbeat was one of another machine."""
        self.execute(
            "update records_syncstatus set holder = 'elsewhere 1',"
            " identity = 'elsewhere 1 12345678 another-boot pid:[1] 5'"
        )

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Someone's heartbeat goes on."""
        over = threading.Event()

        def beat() -> None:
            self.execute(f"update records_syncstatus set heartbeat_at = {self.now}")

        def go_on() -> None:
            while not over.wait(0.5):
                beat()

        beat()
        thread = threading.Thread(target=go_on)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def stop_between_writes(self, process: Process) -> None:
        """In the middle of one it would keep the database locked, to whoever is to succeed it."""
        patience = "set lock_timeout = '1s'; " if self.is_postgresql else ""

        def stop() -> bool:
            os.kill(process.pid, signal.SIGSTOP)
            try:
                self.execute(f"{patience}update records_syncstatus set heartbeat_at = heartbeat_at")
            except (sqlite3.OperationalError, psycopg2.OperationalError):
                os.kill(process.pid, signal.SIGCONT)
                return False
            return True

        wait_until(stop, 60, "a moment without a transaction")

    @property
    def is_postgresql(self) -> bool:
        return "DATABASE_URL" in self.session.env

    @property
    def now(self) -> str:
        return "now()" if self.is_postgresql else "strftime('%Y-%m-%d %H:%M:%f', 'now')"


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, files: Session) -> Iterator[Place]:
    if request.param == "sqlite":
        yield Place(files, files.query)
        return
    url: str = request.getfixturevalue("postgres_url")
    files.env |= {"DATABASE_URL": url, "SECRET_KEY": "of the tests, and of no worth elsewhere"}
    migrate(files.folder, files.env)

    def execute(sql: str) -> list[tuple[Any, ...]]:
        with open_cursor(url, autocommit=True) as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

    yield Place(files, execute)
    files.close()


def test_a_second_syncer_is_refused_in_one_sentence(place: Place) -> None:
    session = place.session
    first = session.start()
    taken = {"METRICS_BIND_ADDRESS": first.metrics.removeprefix("http://")}
    with ThreadPoolExecutor() as pool:  # each of them waits for the next heartbeat
        refused = [pool.submit(session.run, *options, **taken) for options in ((), ("--once",), ("--rebuild-ledger",))]
    for each in refused:
        ended = each.result()
        assert (ended.code, ended.out) == (1, "")
        assert re.fullmatch(REFUSED.format(pid=first.pid, host=r"\S+"), ended.err.splitlines()[-1]), ended.err
        assert "Traceback" not in ended.err
    session.answers(place.publish("grafana"), ADDRESS)
    assert first.stop() == 0


def test_what_writes_nothing_works_beside_it(place: Place) -> None:
    session = place.session
    first = session.start()
    grafana = place.publish("grafana")
    session.answers(grafana, ADDRESS)
    before = place.execute("select holder, identity, started_at from records_syncstatus")
    assert session.run("--once", "--dry-run").code == 0
    assert session.run("--approve-deletes").out == "0 deletes approved; the running syncer deletes them\n"
    dry = session.start("--dry-run")
    assert WATCHES not in dry.output
    assert dry.stop() == 0
    assert place.execute("select holder, identity, started_at from records_syncstatus") == before
    assert first.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_after_one_that_was_stopped_or_killed_the_next_start_waits_for_nothing(
    place: Place, number: signal.Signals
) -> None:
    session = place.session
    session.start().stop(number)
    if number is signal.SIGTERM:
        place.move_elsewhere()  # the mark counts, whoever left it
    after = session.start()
    session.answers(place.publish("grafana"), ADDRESS)
    assert WATCHES not in after.output
    assert session.run("--approve-deletes").code == 0, "it is asked, not the one that ended"
    assert after.stop() == 0
    assert session.run("--once").code == 0
    assert WATCHES not in session.run("--once").err, "one run is stopped when it is done"


def test_one_of_another_host_that_died_without_a_word_is_watched_first(place: Place) -> None:
    session = place.session
    session.start().kill()
    place.move_elsewhere()
    place.execute(f"update records_syncstatus set heartbeat_at = {place.now}")
    after = session.start()
    session.answers(place.publish("grafana"), ADDRESS)
    assert re.search(rf"at work \(process 1 on elsewhere, since .* UTC\): {WATCHES} for 6 s", after.output)


def test_one_of_another_host_that_died_long_ago_is_not_watched(place: Place) -> None:
    session = place.session
    session.start().kill()
    place.move_elsewhere()
    place.execute("update records_syncstatus set heartbeat_at = '2026-01-01 00:00:00'")
    assert WATCHES not in session.start().output


def test_one_of_another_host_that_is_alive_is_heard_whatever_its_clock_says(place: Place) -> None:
    session = place.session
    assert session.run("--once").code == 0
    place.move_elsewhere()
    with place.beating():
        ended = session.run()
    assert ended.code == 1
    assert re.fullmatch(REFUSED.format(pid=1, host="elsewhere"), ended.err.splitlines()[-1]), ended.err


@pytest.mark.parametrize("is_first", [True, False], ids=["ever", "after another"])
def test_of_several_that_start_at_the_same_moment_one_remains(place: Place, is_first: bool) -> None:
    session = place.session
    if not is_first:
        session.start().kill()
    grafana = place.publish("grafana")
    syncers = [session.start(ready=False) for _ in range(3)]
    wait_until(lambda: sum(syncer.is_running() for syncer in syncers) == 1, 40, "the end of two")
    (remaining,) = (syncer for syncer in syncers if syncer.is_running())
    remaining.ready()
    session.answers(grafana, ADDRESS)
    assert [syncer.wait() for syncer in syncers if syncer is not remaining] == [1, 1]
    # All write to one log.
    assert len(re.findall(REFUSED.format(pid=remaining.pid, host=r"\S+"), remaining.output)) == 2
    assert remaining.stop() == 0


def test_one_that_hangs_is_succeeded_and_writes_nothing_when_it_wakes_up(place: Place) -> None:
    session = place.session
    first = session.start()
    place.stop_between_writes(first)
    second = session.start(ready=False).ready(60)
    assert WATCHES in second.output, "its process is there: it may only be slow"
    assert second.stop() == 0
    rows = session.technitium.rows(session.zone)
    place.publish("grafana")
    os.kill(first.pid, signal.SIGCONT)
    assert first.wait() == 1
    assert re.search(
        rf"error: another syncer took over this database: process {second.pid} on \S+, since .* UTC; this one ends, so"
        " that only one writes: see to it that one alone is started\n",
        first.output,
    )
    assert "Traceback" not in first.output
    assert session.technitium.rows(session.zone) == rows


def test_a_database_that_is_away_is_waited_for(files: Session) -> None:
    away = {"DATABASE_URL": f"postgresql://tests@127.0.0.1:{free_port()}/none", "SECRET_KEY": "of the tests"}
    syncer = files.start(ready=False, **away)
    syncer.says(r"the database does not answer: .*; next try in 2 s", 40)
    assert syncer.stop() == 0
    ended = files.run("--once", **away)
    assert ended.code == 1
    assert ended.err.startswith("error: the database does not answer: ")


def test_dev_mode_that_reloads_itself_is_not_its_own_rival(files: Session) -> None:
    code = files.folder / "code"
    code.mkdir()
    watched = code / "sitecustomize.py"  # the interpreter imports it, and the reloader watches what was imported
    watched.touch()
    hosts = files.folder / "hosts"
    hosts.touch()
    syncer = files.start("--dev-mode", "--hosts-file", str(hosts), PYTHONPATH=str(code))
    before = files.query("select identity from records_syncstatus")

    def change() -> bool:
        watched.touch()  # again and again: the reloader must have seen it once to see a change
        return files.query("select identity from records_syncstatus") != before

    wait_until(change, 40, "the next start")
    syncer.ready()
    assert WATCHES not in syncer.output
    assert "error:" not in syncer.output
    syncer.stop()


def test_dev_mode_counts_too(files: Session) -> None:
    hosts = files.folder / "hosts"
    hosts.touch()
    first = files.start()
    second = files.start("--dev-mode", "--hosts-file", str(hosts), ready=False)
    assert second.wait() == 1
    assert re.search(REFUSED.format(pid=first.pid, host=r"\S+"), second.output)
    assert hosts.read_text() == ""
