"""``--once``, ``--dry-run``, ``--dev-mode``, requests of other processes, and ``up --dev`` as in ``make run``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.kubernetes.cluster import Cluster
from tests.fakes.kubernetes.manifests import ingress
from tests.processes import wait_until
from tests.sessions.session import ADDRESS, PREFIX, Session


def test_a_dry_run_prints_the_difference_and_writes_nothing(files: Session) -> None:
    zone = files.zone
    files.write("stays", ingress("stays", f"stays.{zone}"))
    changes = files.write("changes", ingress("changes", f"changes.{zone}"))
    goes = files.write("goes", ingress("goes", f"goes.{zone}"))
    assert files.run("--once").code == 0
    assert files.run("--once", "--dry-run") == (0, "", "")

    changes.unlink()
    files.write("changes", ingress("changes", f"changes.{zone}", annotations={f"{PREFIX}target": "192.0.2.9"}))
    goes.unlink()
    files.write("comes", ingress("comes", f"comes.{zone}"))
    before = files.database.read_bytes(), files.serial(), files.technitium.rows(zone)
    dry = files.run("--once", "--dry-run")
    assert (dry.code, dry.err) == (2, ""), "it says everything once"
    assert sorted(dry.out.splitlines()) == [
        f"+ comes.{zone} 300 A {ADDRESS}",
        f"- goes.{zone} 300 A {ADDRESS}",
        f"~ changes.{zone} 300 A {ADDRESS} -> changes.{zone} 300 A 192.0.2.9",
    ]
    assert (files.database.read_bytes(), files.serial(), files.technitium.rows(zone)) == before
    assert files.run("--once", DRY_RUN="true").code == 2


def test_a_dry_run_of_a_hosts_file_leaves_every_byte(files: Session) -> None:
    hosts = files.folder / "hosts"
    hosts.write_bytes(b"127.0.0.1 localhost\n")
    files.write("grafana", ingress("grafana", f"grafana.{files.zone}"))
    dry = files.run("--once", "--dry-run", "--hosts-file", str(hosts))
    assert (dry.code, dry.out) == (2, f"+ grafana.{files.zone} 300 A {ADDRESS}\n")
    assert hosts.read_bytes() == b"127.0.0.1 localhost\n"
    assert files.run("--once", "--hosts-file", str(hosts)).code == 0
    assert f"{ADDRESS}  grafana.{files.zone}\n" in hosts.read_text()
    assert files.run("--once", "--dry-run", "--hosts-file", str(hosts)).code == 0


def test_once_deletes_all_that_is_to_go(files: Session) -> None:
    paths = [files.write(f"app-{n}", ingress(f"app-{n}", f"app-{n}.{files.zone}")) for n in range(60)]
    assert files.run("--once").code == 0
    for path in paths[:28]:
        path.unlink()
    assert files.run("--once", DNS_API_RATE_LIMIT="1000").code == 0
    assert len(files.marked()) == 32
    assert files.ledger() == files.marked()


@pytest.mark.double_only
def test_once_says_in_one_line_why_it_could_not(files: Session) -> None:
    files.write("grafana", ingress("grafana", f"grafana.{files.zone}"))
    files.technitium.stop_listening()
    ended = files.run("--once")
    files.technitium.listen_again()
    assert (ended.code, ended.out) == (1, "")
    url = files.technitium.url
    assert ended.err == f"error: {url} cannot be reached: Connection refused\n"


def test_once_serves_the_other_zones_when_one_is_missing(files: Session) -> None:
    files.write("both", ingress("both", "bad.nowhere.example.net", f"good.{files.zone}"))
    zones = {"DNS_ZONES": f"nowhere.example.net,{files.zone}", "DNS_ZONE": ""}
    tried = files.run("--once", "--dry-run", **zones)
    assert tried.code == 1
    assert f"good.{files.zone}" in tried.out
    ended = files.run("--once", **zones)
    assert ended.code == 1
    assert ended.err.splitlines()[-1] == "error: zone nowhere.example.net is not on the server"
    assert files.technitium.ask(f"good.{files.zone}") == [ADDRESS]


@pytest.mark.double_only
def test_once_ends_with_1_when_a_name_is_to_be_tried_again(files: Session) -> None:
    good, bad = f"good.{files.zone}", f"bad.{files.zone}"
    paths = [files.write(name.partition(".")[0], ingress("app-" + name[0], name)) for name in (good, bad)]
    assert files.run("--once").code == 0
    paths[1].unlink()
    files.technitium.faults.ghost_deletes = 1
    ended = files.run("--once")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.splitlines()[-1] == f"error: not everything is done ({bad}): the log says why; run it again"
    assert files.run("--once").code == 0
    assert files.technitium.ask(bad) == "NXDOMAIN"


@pytest.mark.timeout(90)
def test_dev_mode_reloads_and_stops_with_its_child(files: Session) -> None:
    hosts = files.folder / "hosts"
    hosts.touch()
    files.write("grafana", ingress("grafana", f"grafana.{files.zone}"))
    syncer = files.start("--dev-mode", "--hosts-file", str(hosts))
    wait_until(lambda: f"grafana.{files.zone}" in hosts.read_text(), 10, "the name in the file")
    children = Path(f"/proc/{syncer.pid}/task/{syncer.pid}/children").read_text().split()
    assert len(children) == 1, "the reloader's child"
    syncer.stop()
    wait_until(lambda: not Path(f"/proc/{children[0]}").exists(), 10, "the end of the child")
    assert "Traceback" not in syncer.output


def test_requests_of_other_processes_are_answered(session: Session, kubernetes: Cluster) -> None:
    zone, dns = session.zone, session.technitium
    nas, mine = f"nas.{zone}", f"mine.{zone}"
    dns.add(nas, "A", "192.0.2.9", comments="by hand")
    kubernetes.create(ingress("nas", nas))
    kubernetes.create(ingress("mine", mine))
    session.start()
    session.answers(mine, ADDRESS)
    wait_until(lambda: session.record(nas)[1] == "conflict", 10, "the conflict")
    assert session.ask_for("sync") == "full pass of every zone"
    assert session.ask_for("adopt", nas) == "1 record changed"
    session.answers(nas, ADDRESS)
    assert session.record(nas)[:2] == (True, "synced")
    assert session.ask_for("release", nas) == "1 record released"
    assert session.ask_for("delete", mine) == "1 record deleted"
    assert session.ask_for("sync", "www.example.org") == "www.example.org is in no managed zone"
    assert dns.ask(nas) == [ADDRESS], "released, not deleted"
