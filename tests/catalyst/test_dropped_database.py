"""A PostgreSQL database that is dropped under running processes: all of them say the same about it."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.catalyst.test_cli import PRODUCTION
from tests.catalyst.web.test_health import Web, web
from tests.postgres import open_cursor
from tests.processes import Syncer, prepare, run, running, wait_until

pytestmark = pytest.mark.timeout(90)

SECRET_KEY = "of the tests, and of no worth elsewhere"
SENTENCE = re.compile(r"the database does not answer: FATAL: database \"test_\w+\" does not exist \(see DATABASE_URL\)")


def visit(site: Web, path: str, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(site.url + path, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_a_dropped_database_is_told_in_one_wording_by_log_api_probe_and_command(
    postgres_server: str, postgres_url: str, tmp_path: Path
) -> None:
    database = {"DATABASE_URL": postgres_url, "SECRET_KEY": SECRET_KEY}
    settings = {**database, "HOME": str(tmp_path), "DATA_DIR": str(tmp_path), "LOG_FORMAT": "text"}
    prepare(tmp_path, settings)
    token = run(["-m", "catalyst.cli", "create-token", "admin"], settings).out.strip()
    (tmp_path / "manifests").mkdir()
    syncer = Syncer(tmp_path, {**PRODUCTION, **settings}, "--manifests", str(tmp_path / "manifests"))
    with running(syncer), web(tmp_path, **settings) as site:
        assert visit(site, "/api/v1/status", Authorization=f"Bearer {token}")[0] == 200
        syncer.says(r"manifests to http://")
        with open_cursor(postgres_server, autocommit=True) as server:
            server.execute(f"DROP DATABASE {postgres_url.rpartition('/')[2]} WITH (FORCE)")

        status, (problem,) = wait_until(lambda: site.probe("/readyz"))  # type: ignore[misc]
        assert status == 503
        assert SENTENCE.fullmatch(problem), problem
        assert site.probe("/healthz") == (200, [])

        status, body = visit(site, "/api/v1/status", Authorization=f"Bearer {token}")
        assert (status, json.loads(body)["type"]) == (503, "server_error"), body
        assert visit(site, "/admin/", Cookie="sessionid=of-no-worth")[0] == 503
        site.says(rf"/admin/ was refused: {re.escape(problem)}")
        syncer.says(re.escape(problem))

        for command in (["export"], ["migrate", "--check"], ["prepare"]):
            ended = run(["-m", "catalyst.cli", *command], settings)
            assert (ended.code, ended.err) == (1, f"error: {problem}\n"), command
    for said in (site.output, syncer.output):
        assert "Traceback" not in said
        assert "catalyst-dns-sync prepare" not in said, "no migration brings a database back"
