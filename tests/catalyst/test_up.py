"""Everything under one parent, as processes of its own in an empty folder."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from catalyst.up import find_port, has_cluster, is_open
from tests import processes
from tests.catalyst.test_cli import PRODUCTION, environment, run
from tests.processes import free_port, wait_until

pytestmark = pytest.mark.timeout(90)
LAST_LINES_OF_A_FRAME = re.compile(r"\|  password  \S{20} +\|\n.*\n\|  shown this once.*\|\n\+-+\+\n\Z")
INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: grafana, namespace: monitoring}
spec: {rules: [{host: %s}]}
"""


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
    names = ("WEB_BIND_ADDRESS", "METRICS_BIND_ADDRESS", "HEALTH_PROBE_ADDRESS")
    env = environment(folder, KUBECONFIG="/none", **variables)
    env |= {name: f"127.0.0.1:{free_port()}" for name in names}
    command = [sys.executable, "-m", "catalyst.cli", "up", "--dev", "--manifests", "manifests"]
    with output.open("wb") as out:
        process = subprocess.Popen(command, env=env, cwd=folder, stdout=out, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(timeout=10)


def wait_for(path: Path, text: str, *, gone: bool = False) -> None:
    wait_until(lambda: (text in path.read_text()) is not gone, 40, f"{text} in {path.name}")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_command_brings_names_into_a_hosts_file_and_stops_as_one(tmp_path: Path, number: signal.Signals) -> None:
    manifests, hosts, output = tmp_path / "manifests", tmp_path / "hosts.dev", tmp_path / "output"
    manifests.mkdir()
    (manifests / "grafana.yaml").write_text(INGRESS % "grafana.talos00")
    with up(tmp_path, output) as process:
        wait_for(output, "shown this once")
        last = output.read_text().rstrip().splitlines()
        found = re.search(r"^admin +(http://\S+/admin/)$", output.read_text(), re.MULTILINE)
        assert found, last
        with urllib.request.urlopen(found[1]) as page:
            assert b"Catalyst DNS Sync" in page.read()
        wait_for(hosts, "grafana.talos00")

        (manifests / "grafana.yaml").write_text(INGRESS % "dashboards.talos00")
        wait_for(hosts, "dashboards.talos00")
        wait_for(hosts, "grafana.talos00", gone=True)

        process.send_signal(number)
        assert process.wait(timeout=30) == 0
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


def test_a_second_one_in_the_same_folder_ends_with_one_sentence_and_the_first_goes_on(tmp_path: Path) -> None:
    manifests, hosts, output = tmp_path / "manifests", tmp_path / "hosts.dev", tmp_path / "output"
    manifests.mkdir()
    with up(tmp_path, output) as process:
        wait_for(output, "shown this once")
        second = run(tmp_path, "up", "--dev", "--manifests", "manifests", KUBECONFIG="/none")
        assert second.returncode == 1
        assert second.stderr.count("error: another syncer is at work on this database: process ") == 1
        assert second.stderr.count("error: ") == 1
        assert process.poll() is None
        (manifests / "grafana.yaml").write_text(INGRESS % "grafana.talos00")
        wait_for(hosts, "grafana.talos00")
    third = output.with_name("third")
    with up(tmp_path, third) as process:
        wait_for(third, "admin exists")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    assert "its heartbeat is watched" not in third.read_text(), "what was stopped in order left its place at once"


def test_the_first_password_is_told_even_when_the_first_start_fails(tmp_path: Path) -> None:
    first = run(tmp_path, "up", **PRODUCTION | addresses() | {"KUBECONFIG": "/no/such"})
    assert first.returncode == 1
    assert "error: KUBECONFIG: cannot read /no/such: No such file or directory\n" in first.stderr
    assert LAST_LINES_OF_A_FRAME.search(first.stdout)

    second = run(tmp_path, "up", **PRODUCTION | addresses() | {"DNS_API_TOKEN": ""})
    assert second.returncode == 1
    assert "error: DNS_API_TOKEN is not set: " in second.stderr
    assert second.stdout.endswith("admin exists (admin); reset with catalyst-dns-sync changepassword admin\n")


def test_the_first_password_is_told_even_when_ctrl_c_is_pressed_meanwhile(tmp_path: Path) -> None:
    with (tmp_path / "output").open("wb") as out:
        env = environment(tmp_path, **PRODUCTION | addresses())
        command = [sys.executable, "-m", "catalyst.cli", "up"]
        process = subprocess.Popen(command, env=env, cwd=tmp_path, stdout=out, start_new_session=True)
        wait_until((tmp_path / "var" / "catalyst.sqlite3").exists, 20, "a database that is being made")
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=30) == 0
    assert LAST_LINES_OF_A_FRAME.search((tmp_path / "output").read_text())


def test_a_taken_address_is_not_given_out_as_the_admins(tmp_path: Path) -> None:
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
    """For all that ``up`` starts; nothing listens there yet."""
    names = ("WEB_BIND_ADDRESS", "METRICS_BIND_ADDRESS", "HEALTH_PROBE_ADDRESS")
    return {name: f"127.0.0.1:{processes.free_port()}" for name in names}
