"""``catalyst-dns-sync health``, which is the image's HEALTHCHECK."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http import HTTPStatus

import pytest

from catalyst.cli import main
from syncer.httpd import Answer, Server
from tests.processes import free_port


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    problem = json.dumps({"problems": ["the loop has not turned for 61 s"]}).encode()
    pages = {
        "/healthz": lambda: Answer(problem, "application/json", HTTPStatus.SERVICE_UNAVAILABLE),
        "/well": lambda: Answer(b"{}", "application/json"),
        "/proxy": lambda: Answer(b"<html>", "text/html", HTTPStatus.BAD_GATEWAY),
    }
    it = Server("HEALTH_PROBE_ADDRESS", "127.0.0.1:0", pages)
    monkeypatch.setenv("HEALTH_PROBE_ADDRESS", f"0.0.0.0:{it.port}")
    yield it
    it.close()


def test_it_asks_the_syncer_of_this_machine_and_says_what_is_wrong(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["health"]) == 1
    assert capsys.readouterr().out == (
        f"http://127.0.0.1:{server.port}/healthz: 503 the loop has not turned for 61 s\n"
    )


def test_it_asks_whom_it_is_told_to_ask(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"http://127.0.0.1:{server.port}"
    assert main(["health", f"{url}/well"]) == 0
    assert main(["health", f"{url}/proxy"]) == 1
    assert capsys.readouterr().out == f"{url}/well: 200\n{url}/proxy: 502\n"


def test_nobody_there_is_not_healthy(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("HEALTH_PROBE_ADDRESS", f":{free_port()}")
    assert main(["health"]) == 1
    assert "refused" in capsys.readouterr().out
