"""kill -9 at every step: a restart ends where an undisturbed run ends, and takes nothing that is not ours."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.fakes.kubernetes.cluster import Cluster
from tests.fakes.kubernetes.manifests import ingress
from tests.fakes.kubernetes.server import ApiServer
from tests.fakes.technitium import Technitium
from tests.processes import ROOT, environment
from tests.samples import EXHAUSTIVE
from tests.sessions.session import Session

pytestmark = [pytest.mark.double_only, pytest.mark.timeout(300)]

ZONE, TOKEN = "kill.example.com", "kill"

BEFORE = {
    "keep": ("192.0.2.1", 300),
    "value": ("192.0.2.1", 300),
    "ttl": ("192.0.2.1", 300),
    "grow": ("192.0.2.1", 300),
    "shrink": ("192.0.2.1,192.0.2.2,192.0.2.3", 300),
    "to-cname": ("192.0.2.1,192.0.2.2", 300),
    "from-cname": ("nas.example.net", 300),
    "gone": ("192.0.2.1", 300),
    "gone-many": ("192.0.2.1,192.0.2.2,2001:db8::1", 300),
}
AFTER = {
    "keep": ("192.0.2.1", 300),
    "value": ("192.0.2.9", 300),
    "ttl": ("192.0.2.1", 60),
    "grow": ("192.0.2.1,192.0.2.2,192.0.2.3", 300),
    "shrink": ("192.0.2.2", 300),
    "to-cname": ("nas.example.net", 300),
    "from-cname": ("192.0.2.1,2001:db8::1", 300),
    "new": ("192.0.2.1,192.0.2.2", 300),
}
BULK = {f"bulk-{number}": ("192.0.2.1", 300) for number in range(29)} | {
    "ttl-many": ("192.0.2.1,192.0.2.2", 60),
    "new-dual": ("192.0.2.1,2001:db8::1", 300),
}
BULK_BEFORE = {"ttl-many": ("192.0.2.1,192.0.2.2", 300)}

Rows = list[tuple[str, str, int, str, str]]


class Step(NamedTuple):
    """Where to kill. ``place``: "sql" before a statement; "asked" before a request is done; "done" before it is
    answered."""

    place: str
    number: int


class Bench:
    """A double in a state to which it returns, a database likewise, and the syncer in forks."""

    def __init__(self, folder: Path, double: Technitium, kubernetes: Cluster) -> None:
        self.double = double
        self.kubernetes = kubernetes
        server = ServerUnderTest(double.url, double.token, double.dns, double)
        self.session = Session(folder, server, kubernetes, ZONE)
        self.saved = folder.with_name("saved")
        self._step: Step | None = None
        self._pid = threading.Event()
        self._victim = 0
        self._requests = 0
        double.on_request = self._on_request
        env = {"HOME": str(folder), "DATA_DIR": str(folder), "LOG_FORMAT": "text", "DNS_API_RATE_LIMIT": "1000"}
        self._runner = subprocess.Popen(
            [sys.executable, "-m", "tests.sessions.stepping"],
            cwd=ROOT,
            env=environment(env | self.session.env | {"DJANGO_SETTINGS_MODULE": "catalyst.settings.worker"}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        assert self._runner.stdin
        self._runner.stdin.close()
        self._runner.wait(10)

    def want(self, targets: dict[str, tuple[str, int]]) -> None:
        """One Ingress for each name, with the targets and the TTL in its annotations; others go."""
        for ref in self.kubernetes.list("/apis/networking.k8s.io/v1/ingresses")["items"]:
            self.kubernetes.delete(ingress(ref["metadata"]["name"]))
        for name, (target, ttl) in targets.items():
            annotations = {"catalyst-dns-sync.io/target": target, "catalyst-dns-sync.io/ttl": str(ttl)}
            self.kubernetes.create(ingress(name, f"{name}.{ZONE}", annotations=annotations))

    def save(self) -> None:
        """This is where ``restore`` leads."""
        self.double.save()
        shutil.copytree(self.session.folder, self.saved, dirs_exist_ok=True)

    def restore(self) -> None:
        self.double.crash()
        for file in self.session.folder.glob("catalyst.sqlite3*"):
            file.unlink()
        for file in self.saved.glob("catalyst.sqlite3*"):
            shutil.copy(file, self.session.folder)

    def run(self, step: Step | None = None, *options: str) -> dict[str, Any]:
        assert self._runner.stdin
        assert self._runner.stdout
        self._pid.clear()
        self._step, self._requests = step, 0
        die_at = step.number if step and step.place == "sql" else 0
        self._runner.stdin.write(json.dumps({"options": ["--once", *options], "die_at": die_at}) + "\n")
        self._runner.stdin.flush()
        self._victim = json.loads(self._runner.stdout.readline())["pid"]
        self._pid.set()
        ended: dict[str, Any] = json.loads(self._runner.stdout.readline())
        self._step = None
        return ended | {"requests": self._requests}

    def log(self) -> str:
        return (self.session.folder / "stepping.log").read_text()

    def _on_request(self, done: bool) -> None:
        self._pid.wait(5)
        self._requests += not done
        if self._step == Step("done" if done else "asked", self._requests):
            os.kill(self._victim, signal.SIGKILL)
            raise ConnectionAbortedError


@pytest.fixture(scope="module")
def bench(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("kill") / "data"
    shutil.copytree(migrated, folder)
    server = ApiServer().start()
    # With a clock that does not move it never saves by itself: a crash leads back to where we saved.
    with Technitium(token=TOKEN, clock=lambda: 1_800_000_000.0) as double:
        double.tree.create(ZONE)
        bench = Bench(folder, double, Cluster(server.url, server.kubeconfig, server.back_door, server))
        yield bench
        bench.close()
    server.stop()


@pytest.mark.parametrize("many", [False, True], ids=["one by one", "with a bulk import"])
@pytest.mark.parametrize("place", ["sql", "asked", "done"])
def test_a_restart_after_kill_9_ends_as_an_undisturbed_run(bench: Bench, place: str, many: bool) -> None:
    if bench.saved.exists():
        bench.restore()
    bench.want(BEFORE | (BULK_BEFORE if many else {}))
    assert bench.run()["code"] == 0, bench.log()
    bench.want(AFTER | (BULK if many else {}))
    bench.save()
    undisturbed = bench.run()
    assert undisturbed["code"] == 0, bench.log()
    expected, owned = rows(bench), bench.session.ledger()
    assert owned == bench.session.marked()
    steps = undisturbed["statements" if place == "sql" else "requests"]
    for number in chosen(steps, place, many):
        bench.restore()
        killed = bench.run(Step(place, number))
        assert killed["signal"] == signal.SIGKILL, f"step {number}: {killed}"
        made = make_by_hand(bench, [f"new.{ZONE}", f"gone.{ZONE}"])
        restarted = bench.run()
        where = f"{place} {number} of {steps}, {made} made by hand; log of the restart: {bench.log()}"
        assert restarted["code"] == 0, where
        now = [row for row in rows(bench) if row[0] not in made]
        assert now == [row for row in expected if row[0] not in made], where
        assert {row for row in rows(bench) if row[0] in made} == {(name, "A", 99, "192.0.2.1", "") for name in made}
        assert bench.session.ledger() == bench.session.marked() == [key for key in owned if key[0] not in made], where


def chosen(steps: int, place: str, many: bool) -> list[int]:
    """Each of them where all are tried, which takes a minute and a half; otherwise one in each third of the way."""
    if EXHAUSTIVE:
        return list(range(1, steps + 1))
    first = ("sql", "asked", "done").index(place) + 2 * many + 1
    return list(range(first, steps + 1, max(1, steps // 3)))


def make_by_hand(bench: Bench, names: list[str]) -> list[str]:
    """A record at each name where there is none now; at which names."""
    here = {row[0] for row in rows(bench)}
    made = [name for name in names if name not in here]
    for name in made:
        bench.session.technitium.add(name, "A", "192.0.2.1", ttl=99)
    return made


def rows(bench: Bench) -> Rows:
    return bench.session.technitium.rows(ZONE)
