"""Processes that are started before their database is there, or has its tables: they wait, and say what for."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DataError, InterfaceError

from catalyst.bootstrap import explain_database_errors
from catalyst.invocation import spell_command
from tests.catalyst.web.test_health import web
from tests.ports import free_port
from tests.processes import Process, Syncer, prepare, run, running

SECRET_KEY = "of the tests, and of no worth elsewhere"
POSTGRES = "postgresql://catalyst:of-no-worth@127.0.0.1:{}/catalyst"
LACKS = r"waiting: the database lacks \d+ migrations? .*: run \S*catalyst-dns-sync prepare"


def settings(folder: Path, **more: str) -> dict[str, str]:
    return {"HOME": str(folder), "DATA_DIR": str(folder), "LOG_FORMAT": "text", **more}


def test_the_tasks_wait_for_their_tables_and_then_begin(tmp_path: Path) -> None:
    env = settings(tmp_path, BACKUP_DIR=str(tmp_path / "backups"))
    process = Process(["-m", "catalyst.cli", "qcluster"], tmp_path / "log", env)
    with running(process):
        process.says(LACKS)
        prepare(tmp_path)
        process.says("the database is there")
        process.says("nothing to back up yet", 20)
        assert process.stop() == 0
    assert "Traceback" not in process.output


def test_the_web_answers_visitors_once_it_has_tables(tmp_path: Path) -> None:
    with web(tmp_path, LOG_FORMAT="text") as process:
        process.says(LACKS)
        for path in ("/admin/login/", "/api/v1/status", "/no/such/page"):
            status, body = process.get(process.url + path)
            assert (status, body.split(",")[0]) == (503, "The database is not there yet")
        assert process.probe("/healthz") == (200, [])
        prepare(tmp_path)
        assert process.get(f"{process.url}/admin/login/")[0] == 200
    assert "Traceback" not in process.output


@pytest.mark.parametrize("command", ["web", "qcluster"])
def test_a_database_that_nobody_serves_is_waited_for_without_a_traceback(command: str, tmp_path: Path) -> None:
    url = POSTGRES.format(free_port())
    env = settings(tmp_path, DATABASE_URL=url, SECRET_KEY=SECRET_KEY, WEB_BIND_ADDRESS=f"127.0.0.1:{free_port()}")
    process = Process(["-m", "catalyst.cli", command], tmp_path / "log", env)
    with running(process):
        process.says(r"waiting: the database does not answer: .*refused.* \(see DATABASE_URL\)")
        assert process.stop() in (0, -signal.SIGTERM)  # uvicorn ends as the signal would have ended it
    assert "Traceback" not in process.output
    assert "of-no-worth" not in process.output


def test_the_syncer_waits_for_its_tables_too(tmp_path: Path) -> None:
    manifests = tmp_path / "manifests"
    manifests.mkdir()
    env = {"DNS_SERVER_URL": f"http://127.0.0.1:{free_port()}", "DNS_API_TOKEN": "of-no-worth", "DNS_ZONE": "talos00"}
    env["DNS_IP_ADDRESS"] = "192.0.2.1"
    with running(syncer := Syncer(tmp_path, env, "--manifests", str(manifests))):
        syncer.says(r"the database lacks what this version needs \(.*\): run catalyst-dns-sync prepare.*; next try in")
        assert syncer.stop() == 0
    assert "Traceback" not in syncer.output


@pytest.mark.parametrize("command", ["migrate", "prepare", "export", "create-token"])
def test_a_command_that_ends_says_in_one_sentence_that_there_is_no_database(command: str, tmp_path: Path) -> None:
    env = settings(tmp_path, DATABASE_URL=POSTGRES.format(free_port()), SECRET_KEY=SECRET_KEY)
    ended = run(["-m", "catalyst.cli", command, *(["anna"] if command == "create-token" else [])], env)
    assert ended.code == 1
    assert ended.err.startswith("error: the database does not answer: ")
    assert ended.err.count("\n") == 1
    assert "of-no-worth" not in ended.err


@pytest.mark.parametrize("command", [("prepare",), ("migrate", "--check"), ("migrate",)])
def test_a_file_without_its_folder_is_said_in_one_sentence(command: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "none" / "own.sqlite3"
    ended = run(["-m", "catalyst.cli", *command], settings(tmp_path, DATABASE_URL=f"sqlite:///{path}"))
    assert ended.code == 1
    assert ended.err == (
        "error: the database does not answer: unable to open database file: its folder must be there, and this user"
        " may write to it (see DATABASE_URL)\n"
    )


def test_a_check_for_missing_migrations_says_that_there_is_no_database(tmp_path: Path) -> None:
    env = settings(tmp_path, DATABASE_URL=POSTGRES.format(free_port()), SECRET_KEY=SECRET_KEY)
    ended = run(["-m", "catalyst.cli", "migrate", "--check"], env)
    assert ended.code == 1
    assert ended.err.startswith("error: the database does not answer: ")
    assert ended.err.count("\n") == 1


def test_a_command_that_needs_tables_says_how_to_make_them(tmp_path: Path) -> None:
    ended = run(["-m", "catalyst.cli", "export"], settings(tmp_path))
    assert ended.code == 1
    said = "error: the database lacks what this version needs (no such table: records_syncstatus): run "
    assert ended.err == f"{said}{spell_command()} prepare\n", "as it can be typed where it was asked for"


def test_a_connection_that_broke_under_an_earlier_statement_ends_a_command_with_a_sentence() -> None:
    said = "does not answer: connection already closed"
    with pytest.raises(ImproperlyConfigured, match=said), explain_database_errors():
        raise InterfaceError("connection already closed")
    with pytest.raises(DataError), explain_database_errors():
        raise DataError("a mistake of ours is shown as it is")
