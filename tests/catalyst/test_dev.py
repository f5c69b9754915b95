"""What ``up --dev`` arranges, and the word of it that ``doctor`` finds."""

from __future__ import annotations

import argparse
import socket
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from catalyst.dev import (
    NOTE,
    DevSetup,
    add_dev_options,
    arrange_dev,
    ask_cluster,
    choose_manifests,
    find_note,
    find_port,
    leave_note,
    read_note,
)
from catalyst.settings.environment import Environment
from tests.fakes.kubernetes.cluster import Cluster
from tests.ports import free_port

KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: home
clusters: [{name: home, cluster: {server: "http://127.0.0.1:%d"}}]
contexts: [{name: home, context: {cluster: home}}]
"""
SETUP = DevSetup("/tmp/hosts.dev", "examples/manifests", {"WEB_BIND_ADDRESS": "127.0.0.1:8000"})


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of a user without a cluster, who is in an empty folder."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def options(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_dev_options(parser)
    return parser.parse_args(words)


def complaint(env: dict[str, str], *words: str) -> str:
    with pytest.raises(ImproperlyConfigured) as caught:
        arrange_dev(env, options(*words))
    return str(caught.value)


def test_everything_has_a_place_without_a_word(home: Path) -> None:
    (home / "examples" / "manifests").mkdir(parents=True)
    env = {"LOG_FORMAT": ""}
    setup = arrange_dev(env, options("--dev"))
    assert (setup.hosts_file, setup.manifests, setup.trouble) == (str(home / "hosts.dev"), "examples/manifests", "")
    assert (home / "hosts.dev").stat().st_mode & 0o777 == 0o644
    assert env["LOG_FORMAT"] == "text"
    assert env.items() >= setup.addresses.items()
    assert len(set(setup.addresses.values())) == 3
    assert setup.list_options()[-2:] == ["--manifests", "examples/manifests"]


def test_what_is_given_counts(home: Path) -> None:
    (home / "mine").mkdir()
    env = {"METRICS_BIND_ADDRESS": ":9090", "WEB_BIND_ADDRESS": ":80", "LOG_FORMAT": "json", "KUBECONFIG": "/nope"}
    setup = arrange_dev(env, options("--dev", "--manifests", "mine", "--hosts-file", "names", "--port", "9000"))
    assert (setup.hosts_file, setup.manifests) == (str(home / "names"), "mine")
    assert setup.addresses["WEB_BIND_ADDRESS"] == "127.0.0.1:9000"
    assert setup.addresses["METRICS_BIND_ADDRESS"] == ":9090"
    assert env["LOG_FORMAT"] == "json"


def test_a_taken_port_is_passed_over() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert find_port(port, set()) > port
        assert find_port(port, {port + 1}) > port + 1


def test_the_cluster_is_read_where_one_is_named(home: Path) -> None:
    (home / "examples" / "manifests").mkdir(parents=True)
    assert choose_manifests({}, None) == "examples/manifests"
    assert choose_manifests({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, None) == ""
    assert choose_manifests({"KUBECONFIG": "/no/such/file"}, None) == "", "an error that follows, and no examples"
    (home / ".kube").mkdir()
    (home / ".kube" / "config").touch()
    assert choose_manifests({}, None) == ""


def test_what_cannot_be_read_or_written_is_named_with_what_to_do(home: Path) -> None:
    nothing = complaint({}, "--dev")
    assert nothing.startswith(f"there is nothing to read: no {home}/.kube/config, and no examples/manifests here; ")
    assert complaint({}, "--dev", "--manifests", "none").startswith('--manifests is "none": there is no such folder; ')
    (home / "examples" / "manifests").mkdir(parents=True)
    written = complaint({}, "--dev", "--hosts-file", "/proc/none/hosts")
    assert written.startswith('--hosts-file is "/proc/none/hosts", which cannot be made (No such file or directory): ')


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot read {}: No such file or directory; name a file that is there, or unset KUBECONFIG"),
        ("[]", "{} is not a kubeconfig"),
        ("", "{} is empty"),
        ("kind: Config", "{} has no current-context"),
    ],
)
def test_a_kubeconfig_that_cannot_work_is_an_error_that_leads_to_the_examples(
    content: str | None, said: str, home: Path
) -> None:
    (home / "examples" / "manifests").mkdir(parents=True)
    path = home / "kubeconfig"
    if content is not None:
        path.write_text(content)
    text = complaint({"KUBECONFIG": str(path)}, "--dev")
    assert text.startswith(f"KUBECONFIG: {said.format(path)}")
    assert 'without a cluster: make run ARGS="--manifests examples/manifests"' in text
    assert not (home / "hosts.dev").exists()


def test_a_cluster_that_does_not_answer_is_trouble_and_no_end(home: Path) -> None:
    port = free_port()
    (home / "kubeconfig").write_text(KUBECONFIG % port)
    setup = arrange_dev({"KUBECONFIG": str(home / "kubeconfig")}, options("--dev"))
    assert (setup.manifests, setup.trouble) == (
        "",
        f"cannot reach the API server at http://127.0.0.1:{port}: Connection refused",
    )
    assert "--manifests" not in setup.list_options()


def test_a_cluster_that_answers_is_none(kubernetes: Cluster) -> None:
    assert ask_cluster({"KUBECONFIG": str(kubernetes.kubeconfig)}) == ""


def test_the_names_in_the_file_are_known(home: Path) -> None:
    hosts = home / "hosts.dev"
    setup = DevSetup(str(hosts), "", {})
    assert setup.list_names() == []
    block = "192.0.2.1  b.talos00\n192.0.2.1  a.talos00\nfd00::1  a.talos00\n"
    hosts.write_text(
        f"127.0.0.1 localhost\n# BEGIN CATALYST-DNS-SYNC MANAGED BLOCK\n{block}# END CATALYST-DNS-SYNC MANAGED BLOCK\n"
    )
    assert setup.list_names() == ["a.talos00", "b.talos00"]


def test_a_note_says_what_was_started_and_whether_it_runs(home: Path) -> None:
    path = find_note(Environment({"DATA_DIR": str(home / "data")}))
    assert path == home / "data" / NOTE
    assert read_note(path) is None
    running = leave_note(path, SETUP)
    assert running
    assert read_note(path) == (SETUP, True)
    assert leave_note(path, DevSetup("another", "", {})) is None, "beside one that runs"
    assert read_note(path) == (SETUP, True)
    running.close()
    assert read_note(path) == (SETUP, False)
    path.write_text("{}")
    assert read_note(path) is None
    path.write_text("[")
    assert read_note(path) is None
