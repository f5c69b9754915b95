"""Everything under one parent, as processes of its own in an empty folder."""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from queue import SimpleQueue

import pytest

from catalyst.dev import DevSetup
from catalyst.up import describe_dev, is_open, parse_options
from tests import processes
from tests.catalyst.test_cli import PRODUCTION, environment, run
from tests.processes import ROOT, Child, prepare, wait_until

pytestmark = pytest.mark.timeout(300)
PRODUCTION_ORDER = ["DNS_ZONE", "DNS_IP_ADDRESS", "DNS_SERVER_URL", "DNS_API_TOKEN"]
LAST_LINES_OF_A_FRAME = re.compile(r"\|  password  \S{20} +\|\n.*\n\|  shown this once.*\|\n\+-+\+\n\Z")
INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: grafana, namespace: monitoring}
spec: {rules: [{host: %s}]}
"""


def start(folder: Path, output: Path, *arguments: str, **variables: str) -> Child:
    with output.open("wb") as out, open(os.devnull, "rb") as nothing:
        env = environment(folder, **variables)
        return processes.start(["-m", "catalyst.cli", *arguments], env, (nothing, out, out), folder=folder)


@contextmanager
def up(folder: Path, output: Path) -> Iterator[Child]:
    variables = addresses() | {"KUBECONFIG": "/none"}
    process = start(folder, output, "up", "--dev", "--manifests", "manifests", **variables)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=10)


def make_tables(folder: Path) -> None:
    """As a start leaves them that has failed: nobody can log in."""
    prepare(folder / "var")
    with closing(sqlite3.connect(folder / "var" / "catalyst.sqlite3")) as connection:
        assert connection.execute("delete from auth_user").rowcount == 1
        connection.commit()


def wait_for(path: Path, text: str, *, gone: bool = False) -> None:
    wait_until(lambda: (text in path.read_text()) is not gone, 100, f"{text} in {path.name}")


def test_one_command_brings_names_into_a_hosts_file_stops_as_one_and_starts_again(tmp_path: Path) -> None:
    manifests, hosts, output = tmp_path / "manifests", tmp_path / "hosts.dev", tmp_path / "output"
    manifests.mkdir()
    (manifests / "grafana.yaml").write_text(INGRESS % "grafana.talos00")
    with up(tmp_path, output) as process:
        wait_for(output, "shown this once")
        last = output.read_text().rstrip().splitlines()
        found = re.search(r"^dashboard +(http://\S+/ui/)$", output.read_text(), re.MULTILINE)
        assert found, last
        with urllib.request.urlopen(found[1]) as page:
            assert b"Catalyst DNS Sync" in page.read()
        wait_for(hosts, "grafana.talos00")

        (manifests / "grafana.yaml").write_text(INGRESS % "dashboards.talos00")
        wait_for(hosts, "dashboards.talos00")
        wait_for(hosts, "grafana.talos00", gone=True)

        second = run(tmp_path, "up", "--dev", "--manifests", "manifests", **addresses() | {"KUBECONFIG": "/none"})
        assert second.code == 1
        assert second.err.count("error: another syncer is at work on this database: process ") == 1
        assert second.err.count("error: ") == 1
        assert process.poll() is None
        (manifests / "grafana.yaml").write_text(INGRESS % "panels.talos00")
        wait_for(hosts, "panels.talos00")  # the first one goes on

        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
    assert_stopped(output)

    third = output.with_name("third")
    with up(tmp_path, third) as process:
        wait_for(third, "admin exists")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    assert_stopped(third)
    assert "its heartbeat is watched" not in third.read_text(), "what was stopped in order left its place at once"


def assert_stopped(output: Path) -> None:
    told = re.findall(r"http://127.0.0.1:(\d+)/", output.read_text())
    assert told
    for port in told:
        assert not is_open(f"127.0.0.1:{port}"), "a child is left behind"


def test_the_end_of_one_part_is_the_end_of_all(tmp_path: Path) -> None:
    make_tables(tmp_path)
    (tmp_path / "manifests").mkdir()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        variables = addresses() | {"METRICS_BIND_ADDRESS": address, "KUBECONFIG": "/none"}
        ended = run(tmp_path, "up", "--dev", "--manifests", "manifests", **variables)
    assert ended.code == 1
    assert f"error: METRICS_BIND_ADDRESS={address}: cannot listen there (Address already in use)" in ended.err
    assert count_users(tmp_path) == 0


def count_users(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "var" / "catalyst.sqlite3")) as connection:
        return int(connection.execute("select count(*) from auth_user").fetchone()[0])


def test_a_start_that_fails_spends_no_password(tmp_path: Path) -> None:
    lacking = run(tmp_path, "up", **addresses() | {"RESYNC_INTERVAL": "banana"})
    assert (lacking.code, lacking.out) == (1, "")
    assert [line.split()[1] for line in lacking.err.splitlines()] == ["RESYNC_INTERVAL", *PRODUCTION_ORDER]
    assert not (tmp_path / "var" / "catalyst.sqlite3").exists()

    make_tables(tmp_path)
    failed = run(tmp_path, "up", **PRODUCTION | addresses() | {"KUBECONFIG": "/no/such"})
    assert failed.code == 1
    assert "error: KUBECONFIG: cannot read /no/such: No such file or directory; name a file that is" in failed.err
    assert failed.out == ""
    assert count_users(tmp_path) == 0

    assert LAST_LINES_OF_A_FRAME.search(run(tmp_path, "prepare").out), "the next start tells it"


def test_ctrl_c_before_all_is_there_spends_no_password(tmp_path: Path) -> None:
    process = start(tmp_path, tmp_path / "output", "up", **PRODUCTION | addresses())
    wait_until((tmp_path / "var" / "catalyst.sqlite3").exists, 60, "a database that is being made")
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=30) == 0
    assert (tmp_path / "output").read_text() == ""
    assert count_users(tmp_path) == 0


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--manifests", "examples"], "--manifests goes with --dev"),
        (["--port", "9000"], "--port goes with --dev"),
        (["--dev", "--port", "70000"], "70000 is no port: give a number from 1 to 65535"),
        (["--dev", "--port", "admin"], "admin is no port: give a number from 1 to 65535"),
    ],
)
def test_options_that_mean_nothing_are_refused(
    options: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_options(options)
    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err


def test_a_cluster_that_does_not_answer_leads_to_the_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    notes = describe_dev(DevSetup("/tmp/hosts.dev", "", {}, "cannot reach it: Connection refused"), ":1", SimpleQueue())
    assert notes["reading"] == "the cluster of the current kubeconfig"
    assert notes["trouble"].startswith("cannot reach it: Connection refused; until that is mended no name ")
    assert 'make run ARGS="--manifests examples/manifests"' in notes["instead"]


def test_a_taken_address_is_not_given_out_as_the_admins(tmp_path: Path) -> None:
    make_tables(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        at = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = run(tmp_path, "up", **PRODUCTION | addresses() | {"WEB_BIND_ADDRESS": at})
        alone = run(tmp_path, "web", WEB_BIND_ADDRESS=at)
        asked = run(tmp_path, "web", "--bind", at)
    sentence = f"={at}: cannot listen there (Address already in use); set another address\n"
    assert (ended.code, ended.err) == (1, f"error: WEB_BIND_ADDRESS{sentence}")
    assert ended.out == ""
    assert (alone.code, alone.err) == (1, f"error: WEB_BIND_ADDRESS{sentence}")
    assert (asked.code, asked.err) == (1, f"error: --bind{sentence}")


def addresses() -> dict[str, str]:
    """For all that ``up`` starts; nothing listens there yet."""
    names = ("WEB_BIND_ADDRESS", "METRICS_BIND_ADDRESS", "HEALTH_PROBE_ADDRESS")
    return {name: f"127.0.0.1:{processes.free_port()}" for name in names}
