"""Many at once, one of them poisoned, and too many that would go."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.kubernetes.cluster import Cluster
from tests.fakes.kubernetes.manifests import ingress
from tests.processes import wait_until
from tests.sessions.session import ADDRESS, Session

HELD = "select status from records_heldplan order by id"


def hosts(session: Session, count: int) -> list[str]:
    return [f"app-{number}.{session.zone}" for number in range(count)]


def create(kubernetes: Cluster, names: list[str]) -> None:
    for name in names:
        kubernetes.create(ingress(name.partition(".")[0], name))


@pytest.mark.double_only
def test_a_hundred_at_once_take_few_calls(session: Session, kubernetes: Cluster) -> None:
    syncer = session.start()
    session.technitium.requests.clear()
    before = sum(kubernetes.requests.values())
    names = hosts(session, 100)
    create(kubernetes, names)
    for name in names:
        session.answers(name, ADDRESS)
    wait_until(lambda: len(session.ledger()) == 100, 10, "100 in the ledger")
    assert sum(session.technitium.requests.counts.values()) < 20
    assert sum(kubernetes.requests.values()) == before, "the watches brought it all"
    wait_until(lambda: syncer.output.count("DNS record created") == 100, 10, "a line for each")


def test_one_poisoned_record_holds_up_none_of_a_hundred(session: Session, kubernetes: Cluster) -> None:
    names = hosts(session, 100)
    poisoned = names.pop(50)
    session.technitium.add(poisoned, "CNAME", "somewhere.example.net")
    session.start()
    create(kubernetes, [poisoned, *names])
    for name in names:
        session.answers(name, ADDRESS)
    assert session.record(poisoned) == (False, "conflict", "a foreign CNAME record is at this name")
    assert session.technitium.ask(poisoned, "CNAME") == ["somewhere.example.net"]
    assert session.ledger() == session.marked()


def test_sixty_percent_at_once_are_held_until_the_running_syncer_is_told(session: Session, kubernetes: Cluster) -> None:
    names = hosts(session, 50)
    create(kubernetes, names)
    syncer = session.start()
    wait_until(lambda: len(session.marked()) == 50, 10, "50 records")
    for name in names[:30]:
        kubernetes.delete(ingress(name.partition(".")[0]))
    syncer.says(r"WARN .*Deletes held: 30 of 50 records would go, more than .*--approve-deletes")
    wait_until(lambda: session.record(names[0])[1] == "held", 10, "the state")
    assert [status for (status,) in session.query(HELD)] == ["open"]
    kubernetes.create(ingress("new", f"new.{session.zone}"))
    session.answers(f"new.{session.zone}", ADDRESS)
    assert len(session.marked()) == 51
    assert syncer.metric(f'catalyst_dns_sync_held_deletes{{zone="{session.zone}"}}') == 30

    approved = session.run("--approve-deletes")
    assert approved == (0, "30 deletes approved; the running syncer deletes them\n", "")
    wait_until(lambda: len(session.marked()) == 21, 15, "30 deletes")
    wait_until(lambda: session.query(HELD)[0][0] == "done", 10, "the end of the plan")
    assert session.technitium.ask(names[49]) == [ADDRESS]


def test_held_deletes_can_be_approved_when_nothing_runs(files: Session) -> None:
    names = hosts(files, 30)
    for name in names:
        files.write(name, ingress(name.partition(".")[0], name))
    assert files.run("--once").code == 0
    for name in names[:25]:
        Path(files.manifests, f"{name}.yaml").unlink()
    held = files.run("--once")
    assert held.code == 0
    assert "25 deletes are held" in held.out
    assert len(files.marked()) == 30
    approved = files.run("--once", "--approve-deletes")
    assert (approved.code, approved.out) == (0, "25 deletes approved\n")
    assert len(files.marked()) == 5
    assert files.ledger() == files.marked()
