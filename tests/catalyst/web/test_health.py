"""The probes and the metrics of the web."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db.utils import OperationalError
from django.test import AsyncClient, Client, RequestFactory

from catalyst.invocation import spell_command
from catalyst.web.health import refuse_while_busy
from tests.ports import free_port
from tests.processes import Process, run, running


class Web(Process):
    def __init__(self, folder: Path, *, fresh: bool = False, **variables: str) -> None:
        self.url, self.metrics = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        addresses = {
            "WEB_BIND_ADDRESS": self.url.removeprefix("http://"),
            "WEB_METRICS_BIND_ADDRESS": self.metrics.removeprefix("http://"),
        }
        self.env = {"DATA_DIR": str(folder), "HOME": str(folder)}
        env = {**self.env, **addresses, **variables}
        super().__init__(["-m", "catalyst.cli", "web"], folder / "web.log", env, fresh=fresh)

    def get(self, url: str, host: str = "") -> tuple[int, str]:
        request = urllib.request.Request(url, headers={"Host": host} if host else {})
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def probe(self, path: str) -> tuple[int, Any]:
        status, body = self.get(self.url + path, host="10.42.0.7:8000")  # a kubelet calls by the pod's address
        return status, json.loads(body)["problems"]


@contextmanager
def web(folder: Path, **variables: str) -> Iterator[Web]:
    process = Web(folder, **variables)
    with running(process):
        process.says("Uvicorn running", 40)
        yield process


def test_a_web_without_its_tables_is_alive_and_not_ready_until_it_has_them(tmp_path: Path) -> None:
    with web(tmp_path) as process:
        assert process.probe("/healthz") == (200, [])
        status, (problem,) = process.probe("/readyz")
        assert status == 503
        assert f"run {spell_command()} prepare" in problem

        assert run(["-m", "catalyst.cli", "prepare"], process.env).code == 0
        assert process.probe("/readyz") == (200, [])

        assert process.get(f"{process.url}/metrics")[0] == 404, "the metrics are for Prometheus, not for visitors"
        process.get(f"{process.url}/admin/login/")
        process.get(f"{process.url}/admin/login/", host="evil.example")
        process.get(f"{process.url}/no/such/page")
        text = process.get(f"{process.metrics}/metrics")[1]
    line = 'django_http_responses_total_by_status_view_method_total{method="GET",status="200",view="admin:login"} 1.0'
    assert line in text
    assert "healthz" not in text
    assert "_created" not in text
    assert "django_model" not in text
    assert "process_resident_memory_bytes" in text


def test_a_web_whose_database_is_away_says_so_and_lives(tmp_path: Path) -> None:
    url = f"postgresql://dns:geheim@127.0.0.1:{free_port()}/dns"
    with web(tmp_path, DATABASE_URL=url, SECRET_KEY="of the tests, and of no worth elsewhere") as process:
        assert process.probe("/healthz") == (200, [])
        status, (problem,) = process.probe("/readyz")
    assert status == 503
    assert problem.startswith("the database does not answer: ")
    assert "Connection refused" in problem
    assert "geheim" not in problem + process.output


@pytest.mark.parametrize(
    ("method", "path", "headers", "kind", "refresh"),
    [
        ("get", "/ui/", {}, "text/html; charset=utf-8", "5"),
        ("post", "/ui/do/", {}, "text/html; charset=utf-8", None),
        ("get", "/ui/", {"HX-Request": "true"}, "text/plain", None),
        ("get", "/api/docs", {}, "text/plain", None),
    ],
)
def test_people_get_a_page_that_comes_back_by_itself_and_scripts_a_sentence(
    method: str, path: str, headers: dict[str, str], kind: str, refresh: str | None
) -> None:
    request = getattr(RequestFactory(), method)(path, headers=headers)
    answer = refuse_while_busy(request, OperationalError("connection refused"))
    assert answer
    assert (answer.status_code, answer["Content-Type"], answer["Retry-After"]) == (503, kind, "5")
    assert answer.headers.get("Refresh") == refresh, "what was to be done is not done again"
    text = answer.content.decode()
    assert "The database does not answer, or is busy" in text
    is_tried_again = method == "get" and bool(headers)
    assert ("othing was changed." in text) is not is_tried_again
    assert refuse_while_busy(request, ValueError()) is None


def test_a_web_serves_no_metrics_unless_it_is_told_where(tmp_path: Path) -> None:
    with web(tmp_path, WEB_METRICS_BIND_ADDRESS="") as process, pytest.raises(urllib.error.URLError):
        process.get(f"{process.metrics}/metrics")


@pytest.mark.django_db
def test_a_migrated_database_is_ready_for_both_kinds_of_server(client: Client) -> None:
    answer = client.get("/readyz", headers={"host": "10.42.0.7"})
    assert (answer.status_code, answer.json()) == (200, {"ok": True, "problems": []})
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_it_answers_in_an_event_loop_too(async_client: AsyncClient) -> None:
    assert async_to_sync(async_client.get)("/readyz", headers={"host": "10.42.0.7"}).status_code == 200


def test_a_taken_port_names_the_setting(tmp_path: Path) -> None:
    port = free_port()
    with web(tmp_path, WEB_METRICS_BIND_ADDRESS=f"127.0.0.1:{port}"):
        second = Web(tmp_path, WEB_METRICS_BIND_ADDRESS=f"127.0.0.1:{port}")
        assert second.wait() == 1
    assert f"error: WEB_METRICS_BIND_ADDRESS=127.0.0.1:{port}: cannot listen there" in second.output
