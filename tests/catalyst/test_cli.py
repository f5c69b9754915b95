"""The console script, as processes of its own in an empty folder."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

import catalyst
from tests import processes
from tests.processes import ROOT, Ended, Syncer, prepare, running

pytestmark = pytest.mark.timeout(90)
PRODUCTION = {
    "DNS_SERVER_URL": "http://127.0.0.1:1",
    "DNS_API_TOKEN": "of-no-worth",
    "DNS_ZONE": "talos00",
    "DNS_IP_ADDRESS": "192.0.2.54",
}


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """Of a user in that folder, with this tree instead of an installed one."""
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(ROOT), **variables}


def run(folder: Path, *arguments: str, fresh: bool = False, **variables: str) -> Ended:
    env = environment(folder, **variables)
    return processes.run(["-m", "catalyst.cli", *arguments], env, 60, fresh=fresh, folder=folder)


def test_without_a_command_it_says_what_it_can_do(tmp_path: Path) -> None:
    ended = run(tmp_path, fresh=True)
    assert ended.code == 0
    assert "catalyst-dns-sync up" in ended.out
    assert run(tmp_path, "--version").out == f"catalyst-dns-sync {catalyst.__version__}\n"
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_command_is_refused(tmp_path: Path) -> None:
    ended = run(tmp_path, "runsincer")
    assert ended.code != 0
    assert "Did you mean runsyncer?" in ended.err


def test_the_first_start_makes_an_admin_and_tells_the_password_once(tmp_path: Path) -> None:
    first = run(tmp_path, "prepare", fresh=True).out
    assert re.search(r"^\|  user +admin +\|$", first, re.MULTILINE)
    found = re.search(r"^\|  password  (\S{20}) +\|$", first, re.MULTILINE)
    assert found
    second = run(tmp_path, "prepare")
    assert second.out == "admin exists (admin); reset with catalyst-dns-sync changepassword admin\n"
    assert found[1] not in second.out + second.err


def test_the_first_start_works_on_postgresql_too(tmp_path: Path, postgres_url: str) -> None:
    variables = {"DATABASE_URL": postgres_url, "SECRET_KEY": "of the tests, and of no worth elsewhere"}
    ended = run(tmp_path, "prepare", **variables)
    assert "password  " in ended.out, ended.err
    assert run(tmp_path, "prepare", **variables).out.startswith("admin exists")
    assert not (tmp_path / "var").exists() or not list((tmp_path / "var").glob("*.sqlite3*"))


def test_what_a_command_refuses_begins_with_error(tmp_path: Path) -> None:
    prepare(tmp_path / "var")
    for command, complaint in (
        (("create-token", "nobody"), "error: there is no active user nobody: "),
        (("changepassword", "nobody"), "error: user 'nobody' does not exist"),
        (("runsyncer",), "error: KUBECONFIG: cannot read /no/such: No such file or directory"),
    ):
        ended = run(tmp_path, *command, **PRODUCTION | {"KUBECONFIG": "/no/such"})
        assert ended.code == 1
        assert ended.err.startswith(complaint)
        assert ended.err.count("\n") == 1
    assert "Traceback" in run(tmp_path, "changepassword", "nobody", "--traceback").err
    reloading = run(tmp_path, "runsyncer", "--dev-mode", "--hosts-file", "hosts", KUBECONFIG="/no/such")
    assert reloading.code == 1
    last = reloading.err.splitlines()[-1]
    assert last.startswith(
        "error: KUBECONFIG: cannot read /no/such: No such file or directory; name a file that is there"
    )
    assert "Traceback" not in reloading.err


def test_every_line_of_the_syncer_is_json_from_the_first_on(tmp_path: Path) -> None:
    (tmp_path / "manifests").mkdir()
    variables = PRODUCTION | {"LOG_FORMAT": "json"}
    with running(syncer := Syncer(tmp_path, variables, "--manifests", str(tmp_path / "manifests"))):
        syncer.says("from .*manifests to http://127.0.0.1:1")
        assert syncer.stop() == 0
    messages = [json.loads(line)["msg"] for line in syncer.output.splitlines()]
    assert messages[0] == f"from {tmp_path}/manifests to http://127.0.0.1:1"
