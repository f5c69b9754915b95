"""``catalyst-dns-sync health``, which is the image's HEALTHCHECK."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path

import pytest

from catalyst.cli import main
from catalyst.probe import ADDRESSES, probe_health, read_command
from syncer.httpd import PlainAnswer, Server
from tests.ports import free_port
from tests.processes import ROOT, Process, environment, migrate, running, wait_until


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    problem = json.dumps({"problems": ["the loop has not turned for 61 s"]}).encode()
    pages = {
        "/healthz": lambda: PlainAnswer(problem, "application/json", HTTPStatus.SERVICE_UNAVAILABLE),
        "/well": lambda: PlainAnswer(b"{}", "application/json"),
        "/proxy": lambda: PlainAnswer(b"<html>", "text/html", HTTPStatus.BAD_GATEWAY),
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


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["/opt/catalyst/bin/python", "/opt/catalyst/bin/catalyst-dns-sync", "web"], ["web"]),
        (["/sbin/docker-init", "--", "catalyst-dns-sync", "up"], ["up"]),
        (["python", "-m", "catalyst.cli", "web", "--bind", ":9000"], ["web", "--bind", ":9000"]),
        (["python", "/opt/catalyst/bin/catalyst-dns-sync", "manage", "qcluster"], ["qcluster"]),
        (["python", "/app/manage.py", "runsyncer"], ["runsyncer"]),
        (["python", "/opt/catalyst/bin/catalyst-dns-sync"], ["help"]),
        (["/sbin/init"], []),
        (["/pause"], []),
    ],
)
def test_what_a_container_runs_is_read_from_its_first_process(
    words: list[str], command: list[str], tmp_path: Path
) -> None:
    cmdline = tmp_path / "cmdline"
    cmdline.write_bytes(b"".join(word.encode() + b"\0" for word in words))
    assert read_command(cmdline) == command
    assert read_command(tmp_path / "no-proc") == []


@pytest.mark.parametrize("command", ["migrate", "prepare", "import", "runsyncer --once"])
def test_what_ends_by_itself_is_well_as_long_as_it_runs(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["health", *command.split()]) == 0
    assert "comes to an end by itself" in capsys.readouterr().out


@pytest.mark.parametrize("broken", [None, *ADDRESSES])
def test_up_is_well_when_all_that_it_started_is(
    broken: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    problem = json.dumps({"problems": ["the loop has not turned for 61 s"]}).encode()
    with ExitStack() as stack:
        for name, (setting, _) in ADDRESSES.items():
            red = PlainAnswer(problem, "application/json", HTTPStatus.SERVICE_UNAVAILABLE)
            answer = red if name == broken else PlainAnswer(b"{}", "application/json")
            server = Server(setting, "127.0.0.1:0", {"/healthz": lambda answer=answer: answer})  # type: ignore[misc]
            stack.callback(server.close)
            monkeypatch.setenv(setting, f":{server.port}")
        assert main(["health", "up"]) == (1 if broken else 0)
    said = capsys.readouterr().out
    assert said.count("/healthz: 200") == (2 if broken else 3)
    assert ("the loop has not turned" in said) is bool(broken)


def is_well(*command: str) -> bool:
    return probe_health(command)[1]


@pytest.mark.parametrize("command", ["web", "runsyncer"])
def test_a_process_is_well_until_it_hangs(command: str, addressed: dict[str, str], tmp_path: Path) -> None:
    migrate(tmp_path)
    options = ["--dev-mode", "--noreload", "--hosts-file", str(tmp_path / "hosts"), "--manifests", str(tmp_path)]
    arguments = options if command == "runsyncer" else []
    process = Process(["-m", "catalyst.cli", command, *arguments], tmp_path / "log", addressed, fresh=True)
    with running(process):
        wait_until(lambda: is_well(command), 20, "health")
        os.kill(process.pid, signal.SIGSTOP)
        said, well = probe_health([command])
        os.kill(process.pid, signal.SIGCONT)
    assert not well
    assert "timed out" in said
    assert not is_well(command)


def test_tasks_that_cannot_be_asked_are_not_taken_for_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TASKS_PROBE_ADDRESS", raising=False)
    assert probe_health(["qcluster"]) == (
        "TASKS_PROBE_ADDRESS is not set, so the background tasks cannot be asked",
        False,
    )


def children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def test_in_a_container_the_first_process_is_asked(addressed: dict[str, str], tmp_path: Path) -> None:
    own = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "--kill-child"]
    if not shutil.which("unshare") or subprocess.run([*own, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not allow namespaces")
    command = [sys.executable, "-m", "catalyst.cli"]
    at = f"127.0.0.1:{free_port()}"
    with (tmp_path / "log").open("wb") as log:
        outside = subprocess.Popen(
            [*own, *command, "web", "--bind", at], cwd=ROOT, env=environment(addressed), stdout=log, stderr=log
        )
    try:
        first = str(wait_until(lambda: children(outside.pid), 5, "the first process")[0])  # type: ignore[index]
        enter = ["nsenter", "--target", first, "--user", "--preserve-credentials", "--pid", "--mount"]

        def ask() -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [*enter, *command, "health"],
                cwd=ROOT,
                env=environment(addressed),
                capture_output=True,
                text=True,
                check=False,
            )

        wait_until(lambda: ask().returncode == 0, 20, "health")
        assert ask().stdout == f"http://{at}/healthz: 200\n"
    finally:
        outside.kill()
        outside.wait()
