"""Bad input and a bad world: one clear line, a visible state, and the rest goes on."""

from __future__ import annotations

import fcntl
import json
import re
import sqlite3
import time
import urllib.error
import urllib.request

import pytest

from tests.fakes.kubernetes.manifests import ingress, ingress_route
from tests.ports import free_port
from tests.postgres import open_cursor
from tests.processes import Syncer, migrate, wait_until
from tests.samples import EXHAUSTIVE
from tests.sessions.session import ADDRESS, PREFIX, Session


def readiness(syncer: Syncer) -> tuple[int, list[str]]:
    """The status and the problems that /readyz names."""
    try:
        with urllib.request.urlopen(f"{syncer.health}/readyz", timeout=2) as answer:
            return answer.status, json.load(answer)["problems"]
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)["problems"]


def complaints(syncer: Syncer) -> list[str]:
    """The lines above INFO, without their clock."""
    return re.findall(r"^\S+ ((?:WARN|ERROR) .*)", syncer.output, re.MULTILINE)


def skipped(session: Session, name: str) -> dict[str, str]:
    sql = """select mention.name, reason from records_sourcename mention join records_source source
        on source.id = mention.source_id where source.name = ? and "values" is null"""
    return dict(session.query(sql, name))


def warnings(session: Session, name: str) -> list[str]:
    rows = session.query("select warnings from records_source where name = ?", name)
    return list(json.loads(rows[0][0])) if rows else []


def test_objects_that_cannot_be_used_say_why_and_the_others_go_on(files: Session) -> None:
    zone = files.zone
    long = "a" * 64
    files.write("good", ingress("good", f"good.{zone}"))
    files.write("rule", ingress_route("rule", f"Host(`rule.{zone}`", f"Host(`ruled.{zone}`)"))
    files.write("outside", ingress("outside", "www.example.org"))
    files.write("label", ingress("label", f"{long}.{zone}", f"beside.{zone}"))
    files.write("ttl", ingress("ttl", f"ttl.{zone}", annotations={f"{PREFIX}ttl": "banana"}))
    files.write("many", ingress("many", *(f"many-{number}.{zone}" for number in range(2000))))
    huge = {f"{PREFIX}description": "x" * 1_000_000, f"{PREFIX}hostname": "y" * 1_000_000}
    files.write("huge", ingress("huge", f"huge.{zone}", annotations=huge))
    syncer = files.start()
    for name in ("good", "ruled", "beside", "ttl", "huge", "many-0", "many-1999"):
        files.answers(f"{name}.{zone}", ADDRESS, within=20)

    assert any(f"rule Host(`rule.{zone}`: the rule ends at" in line for line in complaints(syncer))
    syncer.says(r"INFO  Ingress/default/outside: www.example.org is not published: outside every managed zone")
    assert "every managed zone" in skipped(files, "outside")["www.example.org"]
    assert "63" in skipped(files, "label")[f"{long}.{zone}"]
    (banana,) = warnings(files, "ttl")
    assert "banana" in banana
    assert sum("banana" in line for line in complaints(syncer)) == 1
    assert all(len(line) < 1000 for line in syncer.output.splitlines()), "a log line with a whole annotation in it"
    wait_until(lambda: len(files.ledger()) == 2005, 20, "every name of the ledger")
    size = "select max(length(warnings) + length(notes)) from records_source"
    assert files.query(size)[0][0] < 10_000
    assert files.query("select max(length(name) + length(reason)) from records_sourcename")[0][0] < 1000


def test_a_broken_file_keeps_its_objects_and_is_named(files: Session) -> None:
    zone = files.zone
    path = files.write("grafana", ingress("grafana", f"grafana.{zone}"))
    files.write("blog", ingress("blog", f"blog.{zone}"))
    syncer = files.start()
    good = path.read_text()
    path.write_text("kind: Ingress\n  metadata: [")
    line = syncer.says(rf"WARN .*{re.escape(str(path))}: .*line 2.*; its objects stay as they were")
    files.write("blog", ingress("blog", f"blog-2.{zone}"))
    files.answers(f"blog-2.{zone}", ADDRESS)
    files.answers(f"grafana.{zone}", ADDRESS)
    path.write_text(good.replace("grafana", "boards"))
    files.answers(f"boards.{zone}", ADDRESS)
    assert syncer.output.count(line[0]) == 1
    syncer.says("can be read again")


def test_a_file_that_is_broken_at_the_start_deletes_nothing(files: Session) -> None:
    zone = files.zone
    path = files.write("grafana", ingress("grafana", f"grafana.{zone}"))
    files.write("blog", ingress("blog", f"blog.{zone}"))
    assert files.run("--once").code == 0
    path.write_text("kind: [")
    files.write("blog", ingress("blog", f"blog-2.{zone}"))
    syncer = files.start(ready=False)
    files.answers(f"blog-2.{zone}", ADDRESS)
    time.sleep(1.5)
    assert files.technitium.ask(f"grafana.{zone}") == [ADDRESS]
    assert str(path) in syncer.output
    assert files.record(f"grafana.{zone}")[:2] == (True, "kept")


def test_a_wrong_setting_stops_it_with_a_sentence_that_names_the_variable(files: Session) -> None:
    ended = files.run("--once", DNS_TTL_DEFAULT="banana")
    assert (ended.code, ended.out) == (1, "")
    assert re.fullmatch(r'error: DNS_TTL_DEFAULT is "banana": .*\.\n', ended.err)


def test_a_folder_that_is_not_there_is_named(files: Session) -> None:
    files.manifests.rmdir()
    syncer = files.start(ready=False)
    syncer.says(rf"WARN .*{re.escape(str(files.manifests))}: No such file or directory")
    files.manifests.mkdir()
    files.write("grafana", ingress("grafana", f"grafana.{files.zone}"))
    files.answers(f"grafana.{files.zone}", ADDRESS)


# The hosts file


def test_a_hosts_file_that_is_missing_is_asked_for_and_used_as_soon_as_it_is_there(files: Session) -> None:
    hosts = files.folder / "hosts"
    files.write("grafana", ingress("grafana", f"grafana.{files.zone}"))
    syncer = files.start("--hosts-file", str(hosts), ready=False)
    syncer.says(rf"ERROR {re.escape(str(hosts))} does not exist: run `touch {re.escape(str(hosts))}`")
    wait_until(lambda: readiness(syncer)[0] == 503, 10, "being told")
    hosts.touch()
    wait_until(lambda: f"grafana.{files.zone}\n" in hosts.read_text(), 10, "the name")
    wait_until(syncer.is_ready, 10, "readiness")
    assert len(complaints(syncer)) == 1


def test_half_a_block_in_the_hosts_file_loses_no_foreign_line(files: Session) -> None:
    hosts = files.folder / "hosts"
    hosts.write_text("127.0.0.1 localhost\n")
    files.write("grafana", ingress("grafana", f"grafana.{files.zone}"))
    options = ("--once", "--hosts-file", str(hosts))
    assert files.run(*options).code == 0
    whole = hosts.read_text()
    lines = whole.splitlines(keepends=True)
    hosts.write_text("".join(lines[:-1]) + "192.0.2.9 nas.home\n")
    ended = files.run(*options)
    assert ended.code == 0
    assert hosts.read_text() == whole + "192.0.2.9 nas.home\n"


def test_a_locked_hosts_file_is_waited_for(files: Session) -> None:
    hosts = files.folder / "hosts"
    hosts.touch()
    files.write("grafana", ingress("grafana", f"grafana.{files.zone}"))
    with hosts.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        syncer = files.start("--hosts-file", str(hosts), ready=False)
        syncer.says(r"WARN  .*another program keeps it locked")
    wait_until(lambda: f"grafana.{files.zone}\n" in hosts.read_text(), 10, "the name")


# The DNS server


def test_a_wrong_token_is_said_once_and_the_cluster_is_watched_on(files: Session) -> None:
    files.write("grafana", ingress("grafana", f"grafana.{files.zone}"))
    syncer = files.start(ready=False, DNS_API_TOKEN="wrong-token-of-a-test")
    syncer.says("ERROR .*does not accept the API token.*make a new one and put it in DNS_API_TOKEN")
    wait_until(lambda: any("API token" in problem for problem in readiness(syncer)[1]), 10, "being told")
    assert len(complaints(syncer)) == 1
    assert "wrong-token-of-a-test" not in syncer.output


def test_a_zone_that_is_not_there_holds_up_no_other(files: Session) -> None:
    files.write("both", ingress("both", f"good.{files.zone}", "bad.nowhere.example.net"))
    syncer = files.start(ready=False, DNS_ZONES=f"{files.zone},nowhere.example.net", DNS_ZONE="")
    files.answers(f"good.{files.zone}", ADDRESS)
    syncer.says(r"ERROR zone nowhere\.example\.net is not on the server.*")
    time.sleep(1.2)
    assert len(complaints(syncer)) == 1
    zones = "select zones from records_syncstatus"
    wait_until(lambda: "not on the server" in json.loads(files.query(zones)[0][0])["nowhere.example.net"], 10, "status")
    files.technitium.make_zone("nowhere.example.net")
    files.answers("bad.nowhere.example.net", ADDRESS, within=20)


def test_an_unreachable_server_is_named(files: Session) -> None:
    files.write("grafana", ingress("grafana", f"grafana.{files.zone}"))
    url = f"http://127.0.0.1:{free_port()}"
    syncer = files.start(ready=False, DNS_SERVER_URL=url)
    syncer.says(rf"WARN  {url} cannot be reached: Connection refused; next try in 1 s")
    told = f"{url} cannot be reached: Connection refused"
    wait_until(lambda: told in readiness(syncer)[1], 10, "being told")
    assert readiness(syncer)[0] == 503


@pytest.mark.double_only
def test_a_proxy_that_answers_html_is_recognised(files: Session) -> None:
    files.write("grafana", ingress("grafana", f"grafana.{files.zone}"))
    files.technitium.faults.bad_gateway = "html"
    syncer = files.start(ready=False)
    syncer.says(r"WARN  a proxy answered 502 with HTML instead of Technitium's API; next try in 1 s")
    files.technitium.faults.reset()
    files.answers(f"grafana.{files.zone}", ADDRESS, within=20)


# The database


@pytest.mark.skipif(not EXHAUSTIVE, reason="takes half a minute: make exhaustive")
def test_a_database_that_is_locked_delays_and_loses_nothing(files: Session) -> None:
    syncer = files.start()
    lock = sqlite3.connect(files.database, isolation_level=None)
    lock.execute("begin immediate")
    files.write("grafana", ingress("grafana", f"grafana.{files.zone}"))
    syncer.says(r"WARN  the database does not answer: database is locked", 40)
    assert files.technitium.ask(f"grafana.{files.zone}") == "NXDOMAIN", "nothing is sent that could not be claimed"
    lock.execute("rollback")
    lock.close()
    files.answers(f"grafana.{files.zone}", ADDRESS, within=20)
    wait_until(lambda: files.ledger() == files.marked(), 10, "the ledger")


def test_a_database_file_that_is_removed_is_missed_and_a_new_one_filled(files: Session) -> None:
    grafana, blog = f"grafana.{files.zone}", f"blog.{files.zone}"
    files.write("grafana", ingress("grafana", grafana))
    syncer = files.start()
    files.answers(grafana, ADDRESS)
    wait_until(lambda: files.ledger() == files.marked(), 10, "the ledger")
    for file in files.folder.glob("catalyst.sqlite3*"):
        file.unlink()
    syncer.says(rf"WARN  the database {files.database} is gone .*: put it back, or run 'catalyst-dns-sync prepare'", 8)
    files.write("blog", ingress("blog", blog))
    time.sleep(1)
    assert files.technitium.ask(blog) == "NXDOMAIN", "nothing is sent that could not be claimed"
    migrate(files.folder)
    files.answers(blog, ADDRESS, within=20)
    wait_until(lambda: files.ledger() == files.marked() == [(blog, "A"), (grafana, "A")], 10, "the new ledger")
    wait_until(lambda: len(files.query("select 1 from records_source")) == 2, 10, "the sources")


def test_postgresql_may_go_and_come_back(files: Session, postgres_server: str, postgres_url: str) -> None:
    grafana, blog = f"grafana.{files.zone}", f"blog.{files.zone}"
    name = postgres_url.rpartition("/")[2]
    env = {"DATABASE_URL": postgres_url, "SECRET_KEY": "of the tests, and of no worth elsewhere"}
    migrate(files.folder, env)
    files.write("grafana", ingress("grafana", grafana))
    syncer = files.start(ready=True, **env)
    files.answers(grafana, ADDRESS)
    with open_cursor(postgres_server, autocommit=True) as administrator:
        administrator.execute(f"alter database {name} allow_connections false")
        administrator.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])
        syncer.says(r"WARN  the database does not answer: .*see DATABASE_URL.*; next try in 1 s", 8)
        files.write("blog", ingress("blog", blog))
        time.sleep(1)
        assert files.technitium.ask(blog) == "NXDOMAIN", "nothing is sent that could not be claimed"
        administrator.execute(f"alter database {name} allow_connections true")
        files.answers(blog, ADDRESS, within=15)
    assert syncer.stop() == 0
    with open_cursor(postgres_url) as cursor:
        cursor.execute("select name, type from records_managedrecord where owned order by name")
        assert cursor.fetchall() == files.marked()
