"""A lock that someone else holds in PostgreSQL: a dump, a migration by hand, a forgotten session."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2.extensions
import pytest

from tests.catalyst.web.test_health import web
from tests.fakes.kubernetes.manifests import ingress
from tests.postgres import open_cursor
from tests.processes import Process, Syncer, migrate, prepare, run, running, wait_until
from tests.sessions.session import ADDRESS, Session

SECRET_KEY = "of the tests, and of no worth elsewhere"


@contextmanager
def locked(url: str, table: str) -> Iterator[None]:
    with open_cursor(url) as holder:
        holder.execute(f"lock table {table} in access exclusive mode")
        yield
        holder.connection.rollback()


def count_waiting(cursor: psycopg2.extensions.cursor) -> int:
    """Connections that wait for a table that another one holds."""
    cursor.execute("select count(*) from pg_locks where not granted and locktype = 'relation'")
    (count,) = cursor.fetchone() or (0,)
    return int(count)


def health(syncer: Syncer) -> int:
    with urllib.request.urlopen(f"{syncer.health}/healthz", timeout=2) as answer:
        return int(answer.status)


def test_the_syncer_lives_on_says_why_it_waits_and_goes_on(files: Session, postgres_url: str) -> None:
    grafana, blog = f"grafana.{files.zone}", f"blog.{files.zone}"
    env = {"DATABASE_URL": f"{postgres_url}?options=-c%20lock_timeout%3D1s", "SECRET_KEY": SECRET_KEY}
    migrate(files.folder, env)
    files.write("grafana", ingress("grafana", grafana))
    files.env |= env
    syncer = files.start()
    files.answers(grafana, ADDRESS)
    with locked(postgres_url, "records_managedrecord, records_syncrequest, records_syncstatus"):
        files.write("blog", ingress("blog", blog))
        syncer.says(r"WARN  the database does not answer: .*lock.*; next try in 1 s", 15)
        turns = len(syncer.output)
        wait_until(lambda: len(syncer.output) > turns, 15, "another try")
        assert health(syncer) == 200
        assert files.technitium.ask(blog) == "NXDOMAIN", "nothing is sent that could not be claimed"
    files.answers(blog, ADDRESS, within=15)
    assert health(syncer) == 200
    assert syncer.stop() == 0
    assert "Traceback" not in syncer.output


def test_the_web_does_not_wait_for_ever_and_says_that_trying_again_may_help(tmp_path: Path, postgres_url: str) -> None:
    env = {
        "DATABASE_URL": f"{postgres_url}?options=-c%20lock_timeout%3D300ms",
        "SECRET_KEY": SECRET_KEY,
        "LOG_FORMAT": "text",
    }
    whole = {"HOME": str(tmp_path), "DATA_DIR": str(tmp_path), **env}
    prepare(tmp_path, env)
    token = run(["-m", "catalyst.cli", "create-token", "admin"], whole).out.split()[-1]
    with web(tmp_path, **env) as process:
        request = urllib.request.Request(f"{process.url}/api/v1/records", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200
        with locked(postgres_url, "records_managedrecord"), pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=10)
        with refused.value as answer:
            assert answer.status == 503
            assert b"The database does not answer, or is busy" in answer.read()
            assert answer.headers["Retry-After"] == "5"
        page = urllib.request.Request(f"{process.url}/admin/", headers={"Cookie": "sessionid=of-anyone"})
        with locked(postgres_url, "django_session"), pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(page, timeout=10)
        with refused.value as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200
    assert "Traceback" not in process.output


def test_an_import_waits_for_who_is_making_the_same_entry_and_changes_that_one(
    tmp_path: Path, postgres_url: str
) -> None:
    env = {"DATABASE_URL": postgres_url, "SECRET_KEY": SECRET_KEY, "LOG_FORMAT": "text", "DNS_ZONE": "talos00"}
    env |= {"HOME": str(tmp_path), "DATA_DIR": str(tmp_path)}
    prepare(tmp_path, env)
    backup = tmp_path / "backup.yaml"
    backup.write_text(
        "apiVersion: catalyst-dns-sync.io/v1alpha1\nkind: DNSRecordBackup\n"
        "entries:\n  - {hostname: nas.talos00, type: A, values: [192.0.2.2]}\n"
    )
    with open_cursor(postgres_url) as holder:
        # As records.locks.editing_entries() does.
        holder.execute("lock table records_customentry in share row exclusive mode")
        holder.execute(
            """insert into records_customentry (name, type, "values", mode, enabled, owner, description, updated_at)
            values ('nas.talos00', 'A', '["192.0.2.1"]', 'publish', true, '', '', now())"""
        )
        importing = Process(["-m", "catalyst.cli", "import", str(backup)], tmp_path / "log", env)
        with running(importing):
            with open_cursor(postgres_url, autocommit=True) as looker:
                wait_until(lambda: count_waiting(looker) == 1, 15, "the import to wait")
            holder.connection.commit()
            assert importing.wait() == 0
            assert "imported: 0 records, 0 entries created, 1 entry updated, 0 unchanged" in importing.output
        holder.execute("""select "values", owner from records_customentry""")
        assert holder.fetchall() == [(["192.0.2.2"], "")]
