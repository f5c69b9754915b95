"""SIGTERM ends it, whatever it is doing, before anything that it waits for has come or has taken too long."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from tests.fakes.kubernetes.cluster import Cluster
from tests.fakes.kubernetes.manifests import ingress
from tests.postgres import make_database, open_cursor
from tests.processes import Syncer, migrate, wait_until
from tests.sessions.conftest import Make
from tests.sessions.session import ADDRESS, Session

SECRET_KEY = "of the tests, and of no worth elsewhere"


def stop(syncer: Syncer, number: signal.Signals = signal.SIGTERM) -> str:
    """Returns what it said while it stopped."""
    before = len(syncer.output)
    assert syncer.stop(number) == 0, syncer.output
    assert "Traceback" not in syncer.output
    said = syncer.output[before:]
    assert "did not answer within" not in said, "it waited until a request had taken too long"
    return said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_syncer_stops_at_once(session: Session, number: signal.Signals) -> None:
    assert stop(session.start(), number) == ""


@pytest.mark.double_only
def test_it_stops_in_the_middle_of_a_burst_and_the_next_start_goes_on(session: Session, kubernetes: Cluster) -> None:
    names = [f"app-{number}.{session.zone}" for number in range(1000)]
    session.technitium.faults.delay = 0.2
    for name in names:
        kubernetes.create(ingress(name.partition(".")[0], name))
    syncer = session.start(ready=False)
    wait_until(session.marked, 20, "the first records")
    stop(syncer)
    session.technitium.faults.reset()
    assert 0 < len(session.marked()) < 1000
    assert set(session.marked()) <= set(session.ledger())
    session.start()
    wait_until(lambda: len(session.marked()) == 1000, 20, "the rest")
    wait_until(lambda: session.ledger() == session.marked(), 10, "the ledger")


@pytest.mark.double_only
def test_it_stops_while_the_dns_server_hangs(session: Session, kubernetes: Cluster) -> None:
    host = f"grafana.{session.zone}"
    syncer = session.start()
    session.technitium.faults.update(hang=True, only="/api/zones/records/")
    kubernetes.create(ingress("grafana", host))
    session.technitium.requests.clear()
    wait_until(lambda: any("records/" in path for path in session.technitium.requests.counts), 10, "a hanging request")
    stop(syncer)
    assert session.ledger() == [(host, "A")], "claimed: what became of the request is not known"
    session.technitium.faults.reset()
    session.start()
    session.answers(host, ADDRESS)


@pytest.mark.double_only
def test_it_stops_while_the_api_server_is_frozen(kubernetes_double: Callable[..., Cluster], make_session: Make) -> None:
    kubernetes = kubernetes_double()
    kubernetes.faults.freeze()
    syncer = make_session(kubernetes).start(ready=False)
    syncer.says("from the cluster")
    time.sleep(0.5)
    stop(syncer)


@pytest.mark.double_only
def test_it_stops_when_the_watches_go_silent(session: Session, kubernetes: Cluster) -> None:
    syncer = session.start()
    kubernetes.faults.freeze()
    stop(syncer)


def test_it_stops_while_postgresql_is_frozen(files: Session, own_postgres_server: str) -> None:
    with make_database(own_postgres_server) as url:
        env = {"DATABASE_URL": url, "SECRET_KEY": SECRET_KEY}
        migrate(files.folder, env)
        files.env |= env
        syncer = files.start()
        with open_cursor(own_postgres_server) as administrator:
            administrator.execute("select pid from pg_stat_activity where datname = %s", [url.rpartition("/")[2]])
            pids = [pid for (pid,) in administrator]
        assert pids
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            turns = syncer.output
            time.sleep(2)  # the loop polls for requests each second: it waits for an answer by now
            syncer.stop()
        finally:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
        assert "Stopped in the middle" in syncer.output.removeprefix(turns)
