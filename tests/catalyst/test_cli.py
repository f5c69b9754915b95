"""The console script, as processes of its own in an empty folder."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from pytest_django import Settings

import catalyst
from catalyst.up import find_port, has_cluster, is_open
from catalyst.web.first_admin import ensure_admin
from tests import processes
from tests.processes import Syncer, running, wait_until

pytestmark = pytest.mark.timeout(90)

PRODUCTION = {
    "DNS_SERVER_URL": "http://127.0.0.1:1",
    "DNS_API_TOKEN": "of-no-worth",
    "DNS_ZONE": "talos00",
    "DNS_IP_ADDRESS": "192.0.2.54",
}
LAST_LINES_OF_A_FRAME = re.compile(r"\|  password  \S{20} +\|\n.*\n\|  shown this once.*\|\n\+-+\+\n\Z")

INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: grafana, namespace: monitoring}
spec: {rules: [{host: %s}]}
"""


def environment(folder: Path, **variables: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(folder), **variables}


def run(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "catalyst.cli", *arguments]
    env = environment(folder, **variables)
    return subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def test_without_a_command_it_says_what_it_can_do(tmp_path: Path) -> None:
    ended = run(tmp_path)
    assert ended.returncode == 0
    assert "catalyst-dns-sync up" in ended.stdout
    assert run(tmp_path, "--version").stdout == f"catalyst-dns-sync {catalyst.__version__}\n"
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_command_is_refused(tmp_path: Path) -> None:
    ended = run(tmp_path, "runsincer")
    assert ended.returncode != 0
    assert "Did you mean runsyncer?" in ended.stderr


def test_the_first_start_makes_an_admin_and_tells_the_password_once(tmp_path: Path) -> None:
    first = run(tmp_path, "prepare").stdout
    assert re.search(r"^\|  user +admin +\|$", first, re.MULTILINE)
    found = re.search(r"^\|  password  (\S{20}) +\|$", first, re.MULTILINE)
    assert found
    second = run(tmp_path, "prepare")
    assert second.stdout == "admin exists (admin); reset with catalyst-dns-sync changepassword admin\n"
    assert found[1] not in second.stdout + second.stderr


def test_the_first_start_works_on_postgresql_too(tmp_path: Path, postgres_url: str) -> None:
    variables = {"DATABASE_URL": postgres_url, "SECRET_KEY": "of the tests, and of no worth elsewhere"}
    ended = run(tmp_path, "prepare", **variables)
    assert "password  " in ended.stdout, ended.stderr
    assert run(tmp_path, "prepare", **variables).stdout.startswith("admin exists")
    assert not (tmp_path / "var").exists() or not list((tmp_path / "var").glob("*.sqlite3*"))


@pytest.mark.django_db
def test_the_admins_password_may_be_given(settings: Settings) -> None:
    settings.ADMIN_PASSWORD = "given-by-the-tests"
    assert "given-by-the-tests" not in ensure_admin()
    assert get_user_model().objects.get(username="admin").check_password("given-by-the-tests")
    assert ensure_admin().startswith("admin exists (admin)")


@pytest.mark.django_db
def test_an_ordinary_user_called_admin_stays_one(settings: Settings) -> None:
    get_user_model().objects.create_user("admin")
    assert "createsuperuser" in ensure_admin()
    assert not get_user_model().objects.get(username="admin").is_superuser


def test_a_taken_port_is_passed_over() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert find_port(port, set()) > port


def test_a_cluster_is_there_when_a_kubeconfig_is(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.touch()
    assert has_cluster({"KUBECONFIG": f"/no/such/file:{config}"})
    assert not has_cluster({"KUBECONFIG": "/no/such/file"})
    assert has_cluster({"KUBECONFIG": "/no/such/file", "KUBERNETES_SERVICE_HOST": "10.0.0.1"})


@contextmanager
def up(folder: Path, output: Path, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    ports = (find_port(18000, set()), find_port(18100, set()), find_port(18200, set()))
    names = ("WEB_BIND_ADDRESS", "METRICS_BIND_ADDRESS", "HEALTH_PROBE_ADDRESS")
    env = environment(folder, KUBECONFIG="/none", **variables)
    env |= {name: f"127.0.0.1:{port}" for name, port in zip(names, ports, strict=True)}
    command = [sys.executable, "-m", "catalyst.cli", "up", "--dev", "--manifests", "manifests"]
    with output.open("wb") as out:
        process = subprocess.Popen(command, env=env, cwd=folder, stdout=out, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(timeout=10)


def wait_for(path: Path, text: str, within: float, *, gone: bool = False) -> None:
    deadline = time.monotonic() + within
    while (text in (content := path.read_text())) is gone:
        assert time.monotonic() < deadline, content
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_command_brings_names_into_a_hosts_file_and_stops_as_one(tmp_path: Path, number: signal.Signals) -> None:
    manifests, hosts, output = tmp_path / "manifests", tmp_path / "hosts.dev", tmp_path / "output"
    manifests.mkdir()
    (manifests / "grafana.yaml").write_text(INGRESS % "grafana.talos00")
    with up(tmp_path, output) as process:
        wait_for(output, "shown this once", within=40)
        last = output.read_text().rstrip().splitlines()
        found = re.search(r"^admin +(http://\S+/admin/)$", output.read_text(), re.MULTILINE)
        assert found, last
        with urllib.request.urlopen(found[1]) as page:
            assert b"Catalyst DNS Sync" in page.read()
        wait_for(hosts, "grafana.talos00", within=10)

        (manifests / "grafana.yaml").write_text(INGRESS % "dashboards.talos00")
        wait_for(hosts, "dashboards.talos00", within=3)
        wait_for(hosts, "grafana.talos00", within=3, gone=True)

        process.send_signal(number)
        started = time.monotonic()
        assert process.wait(timeout=10) == 0
        assert time.monotonic() - started < 5
    for url in re.findall(r"http://127.0.0.1:(\d+)/", output.read_text()):
        assert not is_open("127.0.0.1", int(url)), "a child is left behind"


def test_the_end_of_one_part_is_the_end_of_all(tmp_path: Path) -> None:
    (tmp_path / "manifests").mkdir()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        variables = {"METRICS_BIND_ADDRESS": address, "KUBECONFIG": "/none"}
        ended = run(tmp_path, "up", "--dev", "--manifests", "manifests", **variables)
    assert ended.returncode == 1
    assert f"error: METRICS_BIND_ADDRESS={address}: cannot listen there (Address already in use)" in ended.stderr
    assert LAST_LINES_OF_A_FRAME.search(ended.stdout)


def test_the_first_password_is_told_even_when_the_first_start_fails(tmp_path: Path) -> None:
    first = run(tmp_path, "up", **PRODUCTION | addresses() | {"KUBECONFIG": "/no/such"})
    assert first.returncode == 1
    assert "error: KUBECONFIG: cannot read /no/such: No such file or directory\n" in first.stderr
    assert LAST_LINES_OF_A_FRAME.search(first.stdout)

    second = run(tmp_path, "up", **PRODUCTION | addresses() | {"DNS_API_TOKEN": ""})
    assert second.returncode == 1
    assert "error: DNS_API_TOKEN is not set: " in second.stderr
    assert second.stdout.endswith("admin exists (admin); reset with catalyst-dns-sync changepassword admin\n")


def test_the_first_password_is_told_even_when_somebody_presses_ctrl_c_meanwhile(tmp_path: Path) -> None:
    with (tmp_path / "output").open("wb") as out:
        env = environment(tmp_path, **PRODUCTION | addresses())
        command = [sys.executable, "-m", "catalyst.cli", "up"]
        process = subprocess.Popen(command, env=env, cwd=tmp_path, stdout=out, start_new_session=True)
        wait_until((tmp_path / "var" / "catalyst.sqlite3").exists, 20, "a database that is being made")
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=30) == 0
    assert LAST_LINES_OF_A_FRAME.search((tmp_path / "output").read_text())


def test_an_address_that_somebody_else_answers_at_is_not_given_out_as_the_admins(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        at = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = run(tmp_path, "up", **PRODUCTION | addresses() | {"WEB_BIND_ADDRESS": at})
        alone = run(tmp_path, "web", WEB_BIND_ADDRESS=at)
        asked = run(tmp_path, "web", "--bind", at)
    sentence = f"={at}: cannot listen there (Address already in use); set another address\n"
    assert (ended.returncode, ended.stderr) == (1, f"error: WEB_BIND_ADDRESS{sentence}")
    assert "/admin/" not in ended.stdout
    assert LAST_LINES_OF_A_FRAME.search(ended.stdout)
    assert (alone.returncode, alone.stderr) == (1, f"error: WEB_BIND_ADDRESS{sentence}")
    assert (asked.returncode, asked.stderr) == (1, f"error: --bind{sentence}")


def addresses() -> dict[str, str]:
    """For all that ``up`` starts, such as nobody has."""
    names = ("WEB_BIND_ADDRESS", "METRICS_BIND_ADDRESS", "HEALTH_PROBE_ADDRESS")
    return {name: f"127.0.0.1:{processes.free_port()}" for name in names}


def test_what_a_command_refuses_begins_with_error(tmp_path: Path) -> None:
    run(tmp_path, "migrate", "--verbosity=0")
    for command, complaint in (
        (("create-token", "nobody"), "error: there is no active user nobody: "),
        (("changepassword", "nobody"), "error: user 'nobody' does not exist"),
        (("runsyncer",), "error: KUBECONFIG: cannot read /no/such: No such file or directory"),
    ):
        ended = run(tmp_path, *command, **PRODUCTION | {"KUBECONFIG": "/no/such"})
        assert ended.returncode == 1
        assert ended.stderr.startswith(complaint)
        assert ended.stderr.count("\n") == 1
    assert "Traceback" in run(tmp_path, "changepassword", "nobody", "--traceback").stderr
    reloading = run(tmp_path, "runsyncer", "--dev-mode", "--hosts-file", "hosts", KUBECONFIG="/no/such")
    assert reloading.returncode == 1
    assert reloading.stderr.splitlines()[-1] == "error: KUBECONFIG: cannot read /no/such: No such file or directory"
    assert "Traceback" not in reloading.stderr


def test_every_line_of_the_syncer_is_json_from_the_first_on(tmp_path: Path) -> None:
    (tmp_path / "manifests").mkdir()
    variables = PRODUCTION | {"LOG_FORMAT": "json"}
    with running(syncer := Syncer(tmp_path, variables, "--manifests", str(tmp_path / "manifests"))):
        syncer.says("from .*manifests to http://127.0.0.1:1")
        assert syncer.stop() == 0
    messages = [json.loads(line)["msg"] for line in syncer.output.splitlines()]
    assert messages[0] == f"from {tmp_path}/manifests to http://127.0.0.1:1"
