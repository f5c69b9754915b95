"""Every command of the README, typed as it stands, from a clean clone on."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import sysconfig
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.fakes.kubernetes.cluster import Cluster
from tests.fakes.kubernetes.manifests import ingress
from tests.ports import free_port
from tests.processes import ROOT, environment, wait_until

NOT_HERE = {
    "kubectl create ingress grafana -n monitoring --rule='grafana.talos00/*=grafana:3000'": "shows what happens once it"
    " runs: it needs kubectl, a real cluster and the reader's own DNS server",
}
"""Commands, as ``read_blocks`` gives them, whose block cannot be run here, and why."""
LASTING = ("make demo", "make run", ".venv/bin/catalyst-dns-sync up")
"""Commands that go on until Ctrl-C; each is the last one of its block."""
TOLD = ("shown this once", "admin exists", "Ctrl-C ends it")
"""In the last lines that they show before they go on in silence."""
CODES = {
    ".venv/bin/catalyst-dns-sync runsyncer --once --dry-run": 2,
    ".venv/bin/catalyst-dns-sync preview --text examples/manifests": 3,
}
"""Exit codes that the README tells; the others are 0."""
SERVER = "https://dns.talos00:53443"
"""The one thing that readers replace by their own, beside the token in a file."""

PASSWORD = re.compile(r"^\|  password  (\S{20}) +\|$", re.MULTILINE)


def read_blocks(text: str) -> list[list[str]]:
    """The commands of each block, spelled as the shell understands them."""
    blocks = re.findall(r"^```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [[line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")] for block in blocks]


def find_reason(block: list[str]) -> str:
    """Why it is not run; "" for one that is."""
    spelled = [command.replace('"', "'") for command in block]
    return next((reason for command, reason in NOT_HERE.items() if command in spelled), "")


def clone(folder: Path) -> None:
    """What git has of this tree, with the changes that are not committed yet, and nothing that it ignores."""
    subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
    changes = ["git", "ls-files", "-z", "--modified", "--others", "--exclude-standard"]
    listed = subprocess.run(changes, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
        else:
            (folder / name).unlink(missing_ok=True)


def make_python(folder: Path) -> Path:
    """A Python whose environments have the packages of ours, so that an installation finds all of them in place."""
    python, ours = shlex.quote(sys.executable), shlex.quote(sysconfig.get_path("purelib"))
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    path = folder / "python3"
    path.write_text(
        f'#!/bin/sh\nif [ "$1 $2" != "-m venv" ]; then exec {python} "$@"; fi\n'
        f'shift 2; {python} -m venv --without-pip "$@"; for made; do :; done\n'
        f'echo {ours} > "$made/lib/{version}/site-packages/packages-of-the-tests.pth"\n'
    )
    path.chmod(0o755)
    return path


class Typed(NamedTuple):
    command: str
    code: int
    shown: str


class Terminal:
    """A shell in the clone. What a block exports holds for those after it."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.folder = folder
        self._env = environment(env)
        self._exports: list[str] = []
        self.typed: dict[str, Typed] = {}

    def run(self, block: list[str]) -> None:
        lines = [f"{{ {command}\n}} 2>&1; printf '\\0%s\\0' $?" for command in block]
        ended = subprocess.run(
            ["bash", "-c", "\n".join([*self._exports, *lines])],
            cwd=self.folder, env=self._env, capture_output=True, text=True, timeout=120, check=True,
        )  # fmt: skip
        shown = ended.stdout.split("\0")
        for command, output, code in zip(block, shown[::2], shown[1::2], strict=False):
            self.typed[command] = Typed(command, int(code), output)
        self._exports += [command for command in block if command.startswith("export ")]

    @contextmanager
    def running(self, command: str) -> Iterator[str]:
        """Gives what it has shown once all is there, and presses Ctrl-C at the end."""
        path = self.folder.parent / "shown"
        with path.open("wb") as shown:
            process = subprocess.Popen(
                ["bash", "-c", "\n".join([*self._exports, command])],
                cwd=self.folder, env=self._env, stdout=shown, stderr=shown, start_new_session=True,
            )  # fmt: skip
        try:

            def has_told() -> bool:
                assert process.poll() is None, path.read_text()
                return any(words in path.read_text() for words in TOLD)

            wait_until(has_told, 90, f"the last lines of {command}", pause=0.1)
            yield path.read_text()
            os.killpg(process.pid, signal.SIGINT)
            process.wait(timeout=20)
            assert "Traceback" not in path.read_text()
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(timeout=20)
            print(path.read_text())


def log_in(web: str, password: str) -> str:
    """The start page, as the first user sees it."""
    cookies = CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))
    page = f"http://{web}/admin/login/"
    opener.open(page).close()
    token = next(cookie.value for cookie in cookies if cookie.name == "csrftoken")
    fields = {"username": "admin", "password": password, "csrfmiddlewaretoken": token, "next": "/admin/"}
    with opener.open(page, urllib.parse.urlencode(fields).encode()) as answer:
        return str(answer.read().decode())


def test_what_is_not_run_is_in_the_readme_and_has_a_reason() -> None:
    blocks = read_blocks((ROOT / "README.md").read_text())
    commands = [command for block in blocks for command in block]
    spelled = {command.replace('"', "'") for command in commands}
    assert NOT_HERE.keys() <= spelled
    assert all(NOT_HERE.values())
    assert {*LASTING, *CODES} <= set(commands)
    assert not [block for block in blocks for command in block[:-1] if command in LASTING]
    assert commands, "a block of another kind would be passed over"
    assert len(re.findall(r"^```\w+$", (ROOT / "README.md").read_text(), re.MULTILINE)) == len(blocks) + 1, (
        "one is YAML"
    )


@pytest.mark.skipif(not shutil.which("git") or not (ROOT / ".git").exists(), reason="there is no clone without git")
@pytest.mark.timeout(300)
def test_the_readme_can_be_typed_from_a_clean_clone(
    tmp_path: Path, technitium: ServerUnderTest, kubernetes: Cluster
) -> None:
    folder, web = tmp_path / "clone", f"127.0.0.1:{free_port()}"
    clone(folder)
    technitium.make_zone("talos00")
    kubernetes.create(ingress("grafana", "grafana.talos00", namespace="default"))
    (folder / "token").write_text(f"{technitium.token}\n")  # as the README says in words
    health, metrics = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    places = {"WEB_BIND_ADDRESS": web, "HEALTH_PROBE_ADDRESS": health, "METRICS_BIND_ADDRESS": metrics}
    env = {"HOME": str(tmp_path), "PYTHON": str(make_python(tmp_path)), "PIP_NO_INDEX": "1", "LOG_FORMAT": "text"}
    terminal = Terminal(folder, places | env)
    text = (ROOT / "README.md").read_text().replace(SERVER, technitium.url)
    _, (demo,), (first,), beside, real, after = blocks = read_blocks(text)
    assert [bool(find_reason(block)) for block in blocks] == [True, False, False, False, False, False]
    assert (demo, first, real[-1]) == LASTING

    with terminal.running(demo) as shown:
        assert "installing what running needs, of requirements.txt" in shown
        dashboard = re.search(r"^dashboard (http://127\.0\.0\.1:\d+/ui/) ", shown, re.M)
        assert dashboard, shown
        with urllib.request.urlopen(dashboard[1]) as page:
            assert "This is a demo" in page.read().decode()

    with terminal.running(first) as shown:
        assert re.search(
            r"^names     \d+ so far, such as argocd\.talos00; why: \.venv/bin/catalyst-dns-sync", shown, re.M
        )
        assert f"dashboard http://{web}/ui/\n" in shown
        password = PASSWORD.search(shown)
        assert password, shown
        assert "Log out" in log_in(web, password[1])
        terminal.run(beside)
    assert "192.168.1.54  grafana.talos00\n" in terminal.typed["cat hosts.dev"].shown
    assert "is in DNS, written by us for Ingress/monitoring/grafana" in terminal.typed[beside[1]].shown
    assert terminal.typed[beside[2]].shown.startswith(
        f"ok       up --dev    runs here; its dashboard is http://{web}/ui/"
    )
    assert terminal.typed[beside[2]].shown.endswith("all is well\n")

    terminal.run([f"export KUBECONFIG={kubernetes.kubeconfig}", *real[:-1]])
    assert PASSWORD.search(terminal.typed[real[2]].shown), "the first user of another database"
    assert "zone talos00 is there" in terminal.typed[real[3]].shown
    assert "+ grafana.talos00 300 A 192.168.1.54" in terminal.typed[real[4]].shown
    assert technitium.ask("grafana.talos00", "A") in ([], "NXDOMAIN")
    with terminal.running(real[-1]):
        wait_until(lambda: technitium.ask("grafana.talos00", "A") == ["192.168.1.54"], 20, "the record")
        terminal.run(after)
    assert "is in DNS, written by us for Ingress/default/grafana" in terminal.typed[after[0]].shown
    assert "internal.talos00" in terminal.typed[after[1]].shown

    for command, (_, code, output) in terminal.typed.items():
        assert code == CODES.get(command, 0), f"{command}: {output}"
