"""The image. Building it takes half a minute, root, buildah, runc and a base image, so that happens only on request:

debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates bookworm base
buildah commit "$(c=$(buildah from scratch); buildah add --quiet $c base / >&2; echo $c)" python-base
CATALYST_TEST_BASE=localhost/python-base pytest tests/deploy/test_image.py

Byte code in the base is deleted first: Docker's library, whence the default base comes, does the same.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.rig import ADDRESS, TOKEN, ZONE, Rig
from tests.deploy.test_scrape import create
from tests.ports import free_port
from tests.processes import ROOT, running, wait_until

BASE = os.environ.get("CATALYST_TEST_BASE", "")
BARE = "localhost/catalyst-dns-sync-base:under-test"
NAME = "localhost/catalyst-dns-sync:under-test"
USER = 10001
ADDRESSES = (
    "HEALTH_PROBE_ADDRESS",
    "METRICS_BIND_ADDRESS",
    "WEB_BIND_ADDRESS",
    "WEB_METRICS_BIND_ADDRESS",
    "TASKS_PROBE_ADDRESS",
)
UNCOMPILED = """
import importlib.util, pathlib, sys
for folder in filter(None, sys.path):
    for file in pathlib.Path(folder).rglob("*.py"):
        if not pathlib.Path(importlib.util.cache_from_source(file)).exists():
            print(file)
"""

on_request = pytest.mark.skipif(not BASE, reason="CATALYST_TEST_BASE names no base image")


def dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text()


def test_the_image_holds_what_the_wheel_holds() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert re.findall(r"^COPY (\w+) site-packages/\1$", dockerfile(), re.MULTILINE) == packages
    let_in = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    assert let_in == [*packages, "requirements.txt"]


def test_the_image_runs_as_a_user_by_number_and_starts_everything() -> None:
    assert f"\nUSER {USER}:{USER}\n" in dockerfile()
    assert '\nENTRYPOINT ["catalyst-dns-sync"]\nCMD ["up"]\n' in dockerfile()
    assert '["catalyst-dns-sync", "health"]' in dockerfile()


def command(*args: str) -> str:
    return subprocess.run(args, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


@pytest.fixture(scope="module")
def root() -> Iterator[str]:
    """The file system of the image, mounted."""
    certificates = "/etc/ssl/certs:/etc/ssl/certs:ro"
    # Without namespaces of its own, which a CI machine may not allow; with the certificates that this machine trusts.
    base = command("buildah", "from", BASE)
    command("buildah", "run", "--isolation=chroot", base, "--", "find", "/usr", "-name", "*.pyc", "-delete")
    command("buildah", "commit", "--quiet", "--rm", base, BARE)
    options = ["--isolation=chroot", "--format=docker", f"--volume={certificates}", f"--build-arg=BASE={BARE}"]
    command("buildah", "build", "--quiet", *options, "--tag", NAME, ".")
    container = command("buildah", "from", NAME)
    yield command("buildah", "mount", container)
    command("buildah", "rm", container)


class Container:
    """The image under runc: no capability, no new privilege, nothing writable but /data."""

    def __init__(self, root: str, folder: Path, settings: dict[str, str], *args: str) -> None:
        self.name = f"catalyst-test-{os.getpid()}"
        image = json.loads(command("buildah", "inspect", "--type=image", NAME))["Docker"]["config"]
        kind, *self._healthcheck = image["Healthcheck"]["Test"]
        assert kind == "CMD"
        data = folder / "data"
        data.mkdir(mode=0o750, exist_ok=True)
        os.chown(data, USER, USER)
        sets = ("bounding", "effective", "permitted", "inheritable", "ambient")
        spec = {
            "ociVersion": "1.0.2",
            "process": {
                "user": dict(zip(("uid", "gid"), map(int, image["User"].split(":")), strict=True)),
                "args": image["Entrypoint"] + (list(args) or image["Cmd"]),
                "env": [*image["Env"], *(f"{name}={value}" for name, value in settings.items())],
                "cwd": image["WorkingDir"],
                "noNewPrivileges": True,
                "capabilities": {name: [] for name in sets},
            },
            "root": {"path": root, "readonly": True},
            "mounts": [
                {"destination": "/proc", "type": "proc", "source": "proc"},
                {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]},
                {"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": ["nosuid", "mode=1777"]},
                {"destination": "/data", "type": "bind", "source": str(data), "options": ["bind", "rw"]},
            ],
            "linux": {"namespaces": [{"type": kind} for kind in ("pid", "mount", "ipc", "uts")]},
        }
        (folder / "config.json").write_text(json.dumps(spec))
        self.log = folder / "container.log"
        with self.log.open("wb") as log:
            self._runc = subprocess.Popen(["runc", "run", "--bundle", folder, self.name], stdout=log, stderr=log)

    def run(self, *args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["runc", "exec", self.name, *args], capture_output=True, text=True, check=False)

    def is_healthy(self) -> bool:
        return self.run(*self._healthcheck).returncode == 0

    def wait(self) -> int:
        return self._runc.wait(30)

    def stop(self) -> int:
        subprocess.run(["runc", "kill", self.name, "TERM"], check=False)
        return self._runc.wait(10)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    it = Rig(tmp_path)
    with running(it.technitium, it.kubernetes):
        yield it


def settings_for(rig: Rig, folder: Path) -> dict[str, str]:
    (folder / "data").mkdir(mode=0o750)
    kubeconfig = folder / "data" / "kubeconfig"
    kubeconfig.write_text((folder / "kubeconfig").read_text())
    return {name: f"127.0.0.1:{free_port()}" for name in ADDRESSES} | {
        "KUBECONFIG": "/data/kubeconfig",
        "DNS_SERVER_URL": rig.server,
        "DNS_API_TOKEN": TOKEN,
        "DNS_ZONE": ZONE,
        "DNS_IP_ADDRESS": ADDRESS,
    }


@on_request
@pytest.mark.timeout(600)
def test_it_works_where_it_may_write_nothing_but_its_data(root: str, rig: Rig, tmp_path: Path) -> None:
    settings = settings_for(rig, tmp_path)
    container = Container(root, tmp_path, settings)
    try:
        wait_until(container.is_healthy, 30, "health")
        create(rig, "grafana")
        wait_until(lambda: "DNS record created" in container.log.read_text(), 10, "a record")
        page = f"http://{settings['WEB_BIND_ADDRESS']}/admin/login/"
        assert container.run("catalyst-dns-sync", "health", page).returncode == 0
        assert container.run("touch", "/opt/catalyst/x").returncode != 0
        assert container.run("id", "-u").stdout.strip() == str(USER)
        assert container.run("python", "-m", "pip", "--version").returncode != 0
        assert "CapEff:\t0000000000000000" in container.run("cat", "/proc/self/status").stdout
    finally:
        code = container.stop()
    assert code == 0, container.log.read_text()


@on_request
@pytest.mark.timeout(600)
@pytest.mark.parametrize("role", ["web", "qcluster"])
def test_each_process_passes_the_health_check_of_the_image_alone(
    role: str, root: str, rig: Rig, tmp_path: Path
) -> None:
    settings = settings_for(rig, tmp_path)
    assert Container(root, tmp_path, settings, "prepare").wait() == 0
    container = Container(root, tmp_path, settings, role)
    try:
        wait_until(container.is_healthy, 30, "health")
    finally:
        code = container.stop()
    assert code == 0, container.log.read_text()


@on_request
@pytest.mark.timeout(600)
def test_nothing_is_compiled_at_each_start(root: str) -> None:
    """The root is read-only, so what has no byte code would be compiled by each process anew."""
    assert command("chroot", root, "/opt/catalyst/bin/python", "-c", UNCOMPILED) == ""


@on_request
@pytest.mark.timeout(600)
def test_no_program_of_the_image_makes_its_user_another(root: str) -> None:
    assert command("find", root, "-xdev", "-perm", "/6000") == ""
