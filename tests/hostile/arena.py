"""The syncer between both doubles, and what is to be seen of it from outside while someone attacks."""

from __future__ import annotations

import json
import re
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.bench.rig import TOKEN, ZONE, Rig
from tests.processes import Syncer, migrate, running, wait_until

OTHER = f"other.{ZONE}"
"""The name of someone who has no part in the attack."""

INGRESSES = "/apis/networking.k8s.io/v1/namespaces"

SLICE = 20_000
"""Lines of one import."""


class Figures(NamedTuple):
    """Of one attack. ``rss`` is the peak in MB, ``silence`` the longest time without a beat of the loop, ``was_red``:
    /healthz once said that it is not alive; ``internal`` counts lines of the log about mistakes of ours, ``other`` is
    how long ``OTHER`` waited for its record, and ``said`` what the log says. Times are in seconds."""

    rss: float
    silence: float
    was_red: bool
    internal: int
    other: float
    said: str

    def __str__(self) -> str:
        return f"{self.rss:6.1f} MB  silence {self.silence:4.1f} s  other {self.other:5.2f} s  {self.said[:300]}"


class Arena(Rig):
    """A ``Rig`` with hands for an attacker."""

    def start(self, **env: str) -> Syncer:
        """Not ready yet. All names are in one namespace."""
        return self.launch_syncer(MAX_NAMES_PER_NAMESPACE="100000", **env)

    def import_lines(self, lines: Iterable[str]) -> None:
        """Into the zone, as someone else would."""
        waiting = list(lines)
        for start in range(0, len(waiting), SLICE):
            body = "".join(waiting[start : start + SLICE]).encode()
            url = f"{self.server}/api/zones/import?zone={ZONE}&overwrite=false"
            headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "text/plain", "X-Backstage": "yes"}
            with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=120) as answer:
                said = json.load(answer)
            assert said["status"] == "ok", said

    def read_serial(self) -> int:
        headers = {"Authorization": f"Bearer {TOKEN}", "X-Backstage": "yes"}
        with urllib.request.urlopen(urllib.request.Request(f"{self.server}/api/zones/list", headers=headers)) as answer:
            zones = json.load(answer)["response"]["zones"]
        return next(int(zone["soaSerial"]) for zone in zones if zone["name"] == ZONE)

    def set_faults(self, **faults: Any) -> None:
        self._steer("POST", faults)

    def end_faults(self) -> None:
        self._steer("DELETE", {})

    def _steer(self, method: str, faults: Mapping[str, Any]) -> None:
        asked = urllib.request.Request(f"{self.server}/fake/faults", json.dumps(faults).encode(), method=method)
        with urllib.request.urlopen(asked, timeout=30) as answer:
            answer.read()

    def make_namespace(self, name: str) -> None:
        manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        self.call_cluster("POST", "/api/v1/namespaces", manifest)

    def write_hosts(self, object_name: str, *hosts: str, namespace: str = "default") -> float:
        """One Ingress; returns when it was written."""
        manifest = {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {"name": object_name, "namespace": namespace},
            "spec": {"rules": [{"host": host} for host in hosts]},
        }
        self.call_cluster("POST", f"{INGRESSES}/{namespace}/ingresses", manifest)
        return time.monotonic()

    def delete_hosts(self, object_name: str, namespace: str = "default") -> None:
        self.call_cluster("DELETE", f"{INGRESSES}/{namespace}/ingresses/{object_name}")

    def call_cluster(self, method: str, path: str, manifest: Mapping[str, Any] | None = None) -> None:
        body = json.dumps(manifest).encode() if manifest else None
        url = f"http://{self.api.hostname}:{self.api.port}{path}"
        headers = {"Content-Type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method)) as answer:
            answer.read()

    def wait_for(self, name: str, seconds: float = 180.0) -> float:
        """Until DNS answers it; the moment."""
        host, port = self.dns
        wait_until(lambda: self._is_answered(name, host, port), seconds, f"an answer for {name}")
        return time.monotonic()

    def list_trouble(self) -> list[str]:
        """What the log says from WARNING on, each sentence once, and without what differs from line to line."""
        assert self.syncer is not None
        found = re.findall(r"(?:WARN|ERROR|CRIT)\w*\s+(.*)", self.syncer.output)
        return list(dict.fromkeys(re.sub(r"next try in \d+ s", "next try in N s", line) for line in found))

    def sum_up_trouble(self) -> tuple[int, str]:
        """How many of these lines are about mistakes of ours, and all of them."""
        trouble = self.list_trouble()
        return sum("internal error" in line for line in trouble), "; ".join(trouble) or "nothing"


class Watch:
    """What the probes say while it runs."""

    def __init__(self, syncer: Syncer) -> None:
        self.silence = 0.0
        self.was_red = False
        self._syncer = syncer
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    @property
    def peak(self) -> float:
        """The most resident memory since the start, in MB, as the kernel noted it."""
        status = Path(f"/proc/{self._syncer.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found, status
        return int(found[1]) * 1024 / 1e6

    def _look(self) -> None:
        while not self._is_over.wait(0.1):
            try:
                with urllib.request.urlopen(f"{self._syncer.health}/healthz", timeout=5) as answer:
                    body = json.load(answer)
            except urllib.error.HTTPError as error:
                body, self.was_red = json.load(error), True
            except OSError:
                continue  # it does not listen yet
            self.silence = max(self.silence, float(body["loop_age_seconds"]))


@contextmanager
def arena() -> Iterator[Arena]:
    """An empty one, which goes away with what is in it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        migrate(folder)
        it = Arena(folder)
        try:
            with running(it.technitium, it.kubernetes):
                yield it
        finally:
            if it.syncer:
                it.syncer.kill()
