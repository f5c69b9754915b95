"""A running syncer as a kubelet and Prometheus see it, while its doubles are frozen and thawed again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.processes import Process, Syncer, migrate, running, wait_until

ZONE, TOKEN = "talos00", "of-the-tests"
WAIT = 40.0
"""Seconds: several times what the slowest of the steps takes."""
INGRESS = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "Ingress",
    "metadata": {"name": "grafana", "namespace": "default"},
    "spec": {"rules": [{"host": "grafana.talos00"}, {"host": "blog.elsewhere"}]},
}


class Scene:
    def __init__(self, folder: Path) -> None:
        kubernetes = ["-m", "tests.fakes.kubernetes", "--kubeconfig", f"{folder}/kubeconfig", "--bookmarks=0.5"]
        technitium = ["-m", "tests.fakes.technitium", f"--token={TOKEN}", f"--zone={ZONE}"]
        self.kubernetes = Process(kubernetes, folder / "kubernetes.log")
        self.technitium = Process(technitium, folder / "technitium.log")
        self.api = self.kubernetes.says(r"listening on (\S+)")[1]
        self.server = self.technitium.says(r"HTTP (\S+)")[1]
        self.syncer = Syncer(
            folder,
            {
                "KUBECONFIG": f"{folder}/kubeconfig",
                "WATCH_READ_TIMEOUT": "2",
                "SERIAL_PROBE_INTERVAL": "1",
                "DNS_SERVER_URL": self.server,
                "DNS_API_TOKEN": TOKEN,
                "DNS_ZONE": ZONE,
                "DNS_IP_ADDRESS": "192.0.2.54",
            },
        )

    def ask(self, path: str) -> tuple[int, Any]:
        try:
            with urllib.request.urlopen(f"{self.syncer.health}{path}", timeout=5) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def problems(self) -> str:
        return "; ".join(self.ask("/readyz")[1]["problems"])

    def scrape(self) -> str:
        with urllib.request.urlopen(f"{self.syncer.metrics}/metrics", timeout=5) as answer:
            text: str = answer.read().decode()
            return text


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("scene")
    migrate(folder)
    scene = Scene(folder)
    with running(scene.kubernetes, scene.technitium, scene.syncer):
        scene.syncer.ready()
        yield scene


def test_a_scrape_tells_the_state_of_the_records(scene: Scene) -> None:
    request = urllib.request.Request(
        f"{scene.api}/apis/networking.k8s.io/v1/namespaces/default/ingresses",
        json.dumps(INGRESS).encode(),
        {"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=5).close()
    metric = scene.syncer.metric
    wait_until(lambda: metric('catalyst_dns_sync_records{state="synced",zone="talos00"}') == 1)
    assert 'catalyst_dns_sync_records{state="failed",target="default",zone="talos00"} 0.0' in scene.scrape()
    assert metric('catalyst_dns_sync_records_total{status="created",zone="talos00"}') == 1
    assert metric('catalyst_dns_sync_ingress_resources{namespace="default",type="Ingress"}') == 1
    assert metric('catalyst_dns_sync_watch_up{kind="ingresses.networking.k8s.io"}') == 1
    assert metric('catalyst_dns_sync_zone_usable{zone="talos00"}') == 1
    assert metric("catalyst_dns_sync_last_change_timestamp_seconds") > 1_700_000_000
    assert metric("catalyst_dns_sync_last_full_pass_timestamp_seconds") > 1_700_000_000
    for name in ("alive", "ready", "target_reachable"):
        assert metric(f"catalyst_dns_sync_{name}") == 1


def test_a_foreign_write_is_counted(scene: Scene) -> None:
    # After a write of our own, a full pass may have to read the zone before its serial tells about foreign writes.
    line = 'catalyst_dns_sync_foreign_writes_total{zone="talos00"}'
    before = scene.syncer.metric(line)
    form = f"token={TOKEN}&domain=nas.talos00&type=A&ipAddress=192.0.2.9"
    urllib.request.urlopen(f"{scene.server}/api/zones/records/add?{form}", timeout=5).close()
    wait_until(lambda: scene.syncer.metric(line) == before + 1)


@pytest.mark.skipif(not shutil.which("promtool"), reason="Prometheus is not installed")
def test_prometheus_has_nothing_to_say_against_the_metrics(scene: Scene) -> None:
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=scene.scrape(), capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


@pytest.mark.timeout(180)
def test_frozen_servers_make_it_not_ready_with_the_reason_and_thawed_ones_ready_again(scene: Scene) -> None:
    kubernetes, technitium = (
        "Kubernetes cannot be reached for ingresses.networking.k8s.io",
        "did not answer within 10 s",
    )
    frozen = [scene.kubernetes.pid, scene.technitium.pid]
    try:
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        wait_until(lambda: kubernetes in scene.problems(), WAIT)  # 2 s of silence and 5 s to open the watch again
        wait_until(lambda: technitium in scene.problems(), WAIT)  # 1 s to the next probe and 10 s for its answer
        assert scene.ask("/readyz")[0] == 503
        assert scene.syncer.metric("catalyst_dns_sync_target_reachable") == 0
        assert scene.ask("/healthz")[0] == 200, "a restart would help neither"

        os.kill(scene.kubernetes.pid, signal.SIGCONT)
        wait_until(lambda: kubernetes not in scene.problems(), WAIT)
        assert technitium in scene.problems()
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
    wait_until(lambda: scene.ask("/readyz")[0] == 200, WAIT)
