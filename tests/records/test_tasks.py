"""Retention, backups and Slack messages, and the cluster that runs them."""

from __future__ import annotations

import json
import os
import re
import signal
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.utils import timezone
from django_q.models import Schedule, Task
from pytest_django import Settings

from catalyst.settings.environment import Environment
from catalyst.settings.tasks import Q_CLUSTER, read_backup_minutes, read_slack_url
from records import notify, tasks
from records.exchange import read_backup
from records.models import (
    AuditEntry,
    Bookmark,
    CustomEntry,
    DeletedRRset,
    ManagedRecord,
    Source,
    SyncRequest,
    SyncStatus,
    UploadedBackup,
)
from tests.fakes.mint import HOSTS, SIGNS, Mint
from tests.processes import prepare, wait_until
from tests.records.test_audit_tail import transaction, write_entry

HOOK = "https://hooks.slack.com/services/T0/B0/a-secret"
GRAFANA = "Ingress/monitoring/grafana"


class Slack:
    """Remembers what it was told; ``status`` is its answer."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.told: list[str] = []
        self.status = 200
        self.headers: dict[str, str] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if outer.status == 200:
                    outer.told.append(json.loads(body)["text"])
                self.send_response(outer.status)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(b"ok" if outer.status == 200 else f"Cannot POST {self.path}".encode())

            def log_message(self, *_: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self.server.server_port}/services/T0/B0/a-secret"


@contextmanager
def serving(double: Slack) -> Iterator[Slack]:
    Thread(target=double.server.serve_forever, args=(0.01,), daemon=True).start()
    yield double
    double.server.shutdown()
    double.server.server_close()


@pytest.fixture
def slack() -> Iterator[Slack]:
    with serving(Slack()) as double:
        yield double


def source(name: str = "grafana", **notes: str) -> Source:
    return Source.objects.create(kind="Ingress", namespace="monitoring", name=name, notes=notes)


def record_change(name: str = "grafana.talos00", action: str = "created", origin: str = GRAFANA, **more: Any) -> None:
    AuditEntry.objects.create(
        actor="syncer",
        action=action,
        name=name,
        type="A",
        source=origin,
        **{"after": {"ttl": 60, "values": ["10.0.0.1"]}, **more},
    )


def let_time_pass() -> None:
    Bookmark.objects.filter(name="slack").update(at=timezone.now() - notify.PAUSE)


@pytest.mark.django_db
def test_one_message_tells_all_that_happened_to_those_who_asked(slack: Slack) -> None:
    source(**{"slack-notify": "true"})
    source("quiet", **{"slack-notify": "false"})
    record_change("before.talos00")
    assert "from now on" in notify.tell_team(slack.url)
    record_change()
    record_change(action="updated", before={"values": ["10.0.0.1"]}, after={"values": ["10.0.0.2"]})
    record_change("quiet.talos00", origin="Ingress/monitoring/quiet")
    record_change(action="requested")
    record_change("a<b>&c.talos00", action="failed", reason="refused")
    assert notify.tell_team(slack.url) == "3 changes told"
    assert slack.told == [
        "*DNS: 3 changes*\n"
        "• created `grafana.talos00` A 10.0.0.1 (Ingress/monitoring/grafana)\n"
        "• updated `grafana.talos00` A 10.0.0.1 → 10.0.0.2 (Ingress/monitoring/grafana)\n"
        "• failed `a&lt;b&gt;&amp;c.talos00` A 10.0.0.1 (Ingress/monitoring/grafana): refused"
    ]
    let_time_pass()
    assert notify.tell_team(slack.url) == "0 changes told"
    assert len(slack.told) == 1


def test_a_host_of_ones_own_is_verified_by_the_systems_authorities(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mint = Mint(tmp_path)
    root = mint.make_root(SIGNS)
    with serving(Slack(mint.sign(root, HOSTS).make_context())) as slack:
        with pytest.raises(notify.NotTold):
            notify.send_text(slack.url, "hello")
        monkeypatch.setenv("SSL_CERT_FILE", str(root.certificate))
        notify.send_text(slack.url, "hello")
    assert slack.told == ["hello"]


@pytest.mark.django_db
def test_messages_are_thirty_seconds_apart_and_none_is_lost(slack: Slack) -> None:
    source(**{"slack-notify": "true"})
    notify.tell_team(slack.url)
    record_change("one.talos00")
    notify.tell_team(slack.url)
    record_change("two.talos00")
    assert "less than 30 s" in notify.tell_team(slack.url)
    let_time_pass()
    notify.tell_team(slack.url)
    assert [text.count("•") for text in slack.told] == [1, 1]
    assert "two.talos00" in slack.told[1]


@pytest.mark.django_db
def test_a_message_that_fails_is_sent_again_with_what_came_since(slack: Slack) -> None:
    source(**{"slack-notify": "true"})
    notify.tell_team(slack.url)
    record_change("one.talos00")
    slack.status = 503
    with pytest.raises(notify.NotTold, match=r"127\.0\.0\.1 answers 503"):
        notify.tell_team(slack.url)
    record_change("two.talos00")
    slack.status = 200
    assert "less than 30 s" in notify.tell_team(slack.url)
    let_time_pass()
    assert notify.tell_team(slack.url) == "2 changes told"
    assert len(slack.told) == 1


@pytest.mark.django_db
def test_the_delete_of_an_object_that_is_gone_is_told(slack: Slack) -> None:
    row = source(**{"slack-notify": "true"})
    notify.tell_team(slack.url)
    row.delete()
    record_change(action="deleted", before={"values": ["10.0.0.1"]}, after=None)
    assert notify.tell_team(slack.url) == "1 changes told"
    assert "• deleted `grafana.talos00` A 10.0.0.1" in slack.told[0]


@pytest.mark.django_db(transaction=True)
def test_a_change_that_shows_itself_late_is_told_once(slack: Slack) -> None:
    """It has a lower number than one that was there before it."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one write at a time")
    source(**{"slack-notify": "true"})
    notify.tell_team(slack.url)
    with transaction() as slow:
        write_entry(slow, "early.talos00", GRAFANA)
        record_change("late.talos00")
        assert notify.tell_team(slack.url, 0.1) == "0 changes told"
        slow.commit()
    let_time_pass()
    assert notify.tell_team(slack.url) == "2 changes told"
    assert re.findall(r"\w+\.talos00", slack.told[0]) == ["early.talos00", "late.talos00"]


@pytest.mark.django_db
def test_a_thousand_changes_are_one_short_message(slack: Slack) -> None:
    source(**{"slack-notify": "true"})
    notify.tell_team(slack.url)
    for number in range(100):
        record_change(f"app-{number}.talos00")
    notify.tell_team(slack.url)
    assert slack.told[0].startswith("*DNS: 100 changes*")
    assert slack.told[0].endswith("\n… and 70 more")


def test_no_error_shows_the_secret_and_no_redirect_is_followed(slack: Slack) -> None:
    slack.status, slack.headers = 302, {"Location": f"{slack.url}/elsewhere"}
    with pytest.raises(notify.NotTold) as caught:
        notify.send_text(slack.url, "x")
    assert "answers 302" in str(caught.value)
    slack.server.server_close()
    with pytest.raises(notify.NotTold) as caught:
        notify.send_text("http://127.0.0.1:1/a-secret", "x")
    assert "a-secret" not in str(caught.value)
    with pytest.raises(notify.NotTold, match="which is not asked"):
        notify.send_text("http://169.254.169.254/latest", "x")


@pytest.mark.parametrize("status", [302, 403, 404, 500])
def test_a_server_that_names_the_path_gives_nothing_away(slack: Slack, status: int, known_secrets: set[str]) -> None:
    environment = Environment({"SLACK_WEBHOOK_URL": slack.url, "SLACK_ALLOWED_HOSTS": slack.url.split("/")[2]})
    read_slack_url(environment)
    known_secrets |= environment.secrets
    slack.status = status
    with pytest.raises(notify.NotTold) as caught:
        notify.send_text(slack.url, "x")
    assert f"answers {status} 'Cannot POST /[hidden]'" in str(caught.value)


@pytest.mark.django_db
def test_what_the_queue_keeps_of_a_task_that_failed_holds_no_secret(known_secrets: set[str]) -> None:
    known_secrets.add("T0/B0/a-secret")
    now = timezone.now()
    told = "KeyError('/T0/B0/a-secret') : Traceback"
    Task.objects.create(id="1", name="a", func="x", started=now, stopped=now, result=told, success=False)
    assert Task.objects.get().result == "KeyError('/[hidden]') : Traceback"


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.slack.com/services/a-secret",
        "https://hooks.slack.com.example.org/a-secret",
        "https://user@hooks.slack.com/a-secret",
        "https://hooks.slack.com:8443/a-secret",
        "https://169.254.169.254/a-secret",
        "file:///a-secret",
        "a-secret",
        "https://[a-secret",
    ],
)
def test_a_webhook_elsewhere_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^SLACK_WEBHOOK_URL ") as caught:
        read_slack_url(Environment({"SLACK_WEBHOOK_URL": url}))
    assert "a-secret" not in str(caught.value)


def test_a_webhook_of_our_own_is_taken_when_it_is_allowed() -> None:
    assert read_slack_url(Environment({})) == ""
    assert read_slack_url(Environment({"SLACK_WEBHOOK_URL": HOOK})) == HOOK
    own = {"SLACK_ALLOWED_HOSTS": "chat.lab:8065", "SLACK_WEBHOOK_URL": "http://chat.lab:8065/hooks/x"}
    environment = Environment(own)
    assert read_slack_url(environment) == own["SLACK_WEBHOOK_URL"]
    assert own["SLACK_WEBHOOK_URL"] in environment.secrets


def test_the_settings_of_the_queue_are_those_that_its_docs_call_safe() -> None:
    assert Q_CLUSTER["timeout"] < Q_CLUSTER["retry"]
    assert Q_CLUSTER["ack_failures"] is True
    assert Q_CLUSTER["catch_up"] is False
    assert Q_CLUSTER["workers"] == 1
    for text in ("59s", "501h", "0", "x"):
        with pytest.raises(ImproperlyConfigured, match="BACKUP_INTERVAL"):
            read_backup_minutes(Environment({"BACKUP_INTERVAL": text}))
    assert read_backup_minutes(Environment({"BACKUP_INTERVAL": "500h"})) == 500 * 60
    assert read_backup_minutes(Environment({})) == 24 * 60


@pytest.mark.django_db
def test_retention_forgets_what_is_old_and_nothing_else(settings: Settings) -> None:
    now = timezone.now()
    for days in (0, 29, 31, 400):
        AuditEntry.objects.create(actor="x", action="created", name=f"{days}", at=now - timedelta(days=days))
        SyncRequest.objects.create(action="sync", requested_by="x", done_at=now - timedelta(days=days))
    SyncRequest.objects.create(action="sync", requested_by="waits", created_at=now - timedelta(days=400))
    UploadedBackup.objects.create(user="1", digest="0", content=b"", made_at=now - timedelta(hours=2))
    settings.AUDIT_RETENTION_DAYS = 0
    assert "for ever" in tasks.forget_history()
    assert not UploadedBackup.objects.exists(), "whatever is kept of the history"
    settings.AUDIT_RETENTION_DAYS = 30
    assert tasks.forget_history() == "2 audit entries, 2 requests and 0 failed tasks forgotten"
    assert sorted(AuditEntry.objects.values_list("name", flat=True)) == ["0", "29"]
    assert SyncRequest.objects.count() == 3


@pytest.mark.django_db
def test_the_audit_is_bounded_by_number_but_for_the_last_of_a_name_in_use(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    CustomEntry.objects.create(name="printer", type="A", values=["192.0.2.9"])
    for name in ("printer", "gone", "printer", "", "gone", "flip", "flip", "flip"):
        AuditEntry.objects.create(actor="x", action="created", name=name)
    keys = list(AuditEntry.objects.order_by("id").values_list("id", flat=True))
    settings.AUDIT_RETENTION_DAYS, settings.AUDIT_MAX_ROWS = 0, 0
    tasks.forget_history()
    settings.AUDIT_MAX_ROWS = 8
    tasks.forget_history()
    assert AuditEntry.objects.count() == 8
    settings.AUDIT_MAX_ROWS = 2
    tasks.forget_history()
    assert list(AuditEntry.objects.order_by("id").values_list("id", flat=True)) == [keys[2], *keys[6:]]
    assert caplog.messages == ["5 audit entries beyond AUDIT_MAX_ROWS (2) forgotten"]


NUMBERED = """
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < %s)
INSERT INTO records_deletedrrset (zone, name, type) SELECT 'talos00', CAST(n AS VARCHAR(9)), 'A' FROM numbers
"""


@pytest.mark.django_db
def test_of_the_deletions_the_newest_are_remembered_however_long_the_audit_is_kept(settings: Settings) -> None:
    settings.AUDIT_RETENTION_DAYS = 0
    with connection.cursor() as cursor:
        cursor.execute(NUMBERED, [tasks.DELETIONS])
    old = timezone.now() - timedelta(days=4000)
    DeletedRRset.objects.create(zone="talos00", name="old.talos00", type="A", deleted_at=old)
    DeletedRRset.objects.create(zone="talos00", name="new.talos00", type="A")
    tasks.forget_history()
    assert DeletedRRset.objects.count() == tasks.DELETIONS
    kept = DeletedRRset.objects.filter(name__in=["old.talos00", "new.talos00", "1", "2"]).order_by("name")
    assert list(kept.values_list("name", flat=True)) == ["2", "new.talos00"]


@pytest.mark.django_db
def test_backups_are_whole_private_and_so_many(settings: Settings, tmp_path: Path) -> None:
    settings.BACKUP_DIR, settings.BACKUP_KEEP = tmp_path / "deep" / "backups", 2
    assert tasks.back_up() == "nothing to back up yet"
    assert not (tmp_path / "deep").exists()
    CustomEntry.objects.create(name="printer.talos00", type="A", values=["192.0.2.9"])
    first = Path(tasks.back_up())
    (first.parent / "by-hand.yaml").write_text("mine")
    for day in (1, 2, 3):
        first.rename(first.with_name(f"catalyst-dns-sync-2020010{day}T000000Z.yaml"))
        first = Path(tasks.back_up())
    assert sorted(path.name for path in first.parent.iterdir()) == sorted(
        ["by-hand.yaml", "catalyst-dns-sync-20200103T000000Z.yaml", first.name]
    )
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    assert [entry.name for entry in read_backup(first.read_text()).entries] == ["printer.talos00"]


@pytest.mark.django_db
def test_schedules_are_what_the_settings_say_however_often_one_starts(settings: Settings) -> None:
    def made() -> dict[str, tuple[str, int | None]]:
        return {row.name: (row.func, row.minutes) for row in Schedule.objects.all()}

    settings.BACKUP_DIR, settings.BACKUP_MINUTES, settings.SLACK_WEBHOOK_URL = Path("backups"), 60, HOOK
    tasks.ensure_schedules()
    ids = set(Schedule.objects.values_list("id", flat=True))
    tasks.ensure_schedules()
    assert set(Schedule.objects.values_list("id", flat=True)) == ids
    assert made() == {
        "forget_history": ("records.tasks.forget_history", 60),
        "check_propagation": ("records.tasks.check_propagation", 1),
        "back_up": ("records.tasks.back_up", 60),
        "tell_slack": ("records.tasks.tell_slack", 1),
    }
    settings.BACKUP_DIR, settings.SLACK_WEBHOOK_URL = None, ""
    tasks.ensure_schedules()
    assert made().keys() == {"forget_history", "check_propagation"}


@pytest.mark.django_db
def test_what_is_asked_for_is_kept_in_step_with_the_records() -> None:
    now = timezone.now()
    SyncStatus.objects.create(holder="x", started_at=now, heartbeat_at=now, target="technitium")
    columns = {"zone": "talos00", "type": "A", "ttl": 60, "owned": True, "state": "synced"}
    record = ManagedRecord.objects.create(name="grafana.talos00", **columns)
    assert tasks.check_propagation() == "1 names are asked in turn, 0 of before went"
    record.delete()
    assert tasks.check_propagation() == "0 names are asked in turn, 1 of before went"


def test_the_cluster_runs_its_schedules_and_stops_at_once(tmp_path: Path) -> None:
    env = {
        "HOME": str(tmp_path),
        "DATA_DIR": str(tmp_path),
        "BACKUP_DIR": str(tmp_path / "backups"),
        "LOG_FORMAT": "text",
        "PATH": os.environ["PATH"],
    }
    command = [sys.executable, "-m", "catalyst.cli"]
    prepare(tmp_path)
    with (tmp_path / "log").open("wb") as log:
        child = subprocess.Popen([*command, "qcluster"], env=env, cwd=tmp_path, stderr=log, start_new_session=True)
    try:
        wait_until(lambda: "nothing to back up yet" in (tmp_path / "log").read_text(), 50, "the look for a backup")
        child.send_signal(signal.SIGTERM)
        assert child.wait(5) == 0
        wait_until(lambda: not alive(child.pid), 5, "the end of the last child")
    finally:
        if alive(child.pid):
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    assert "Traceback" not in (tmp_path / "log").read_text()


def alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
