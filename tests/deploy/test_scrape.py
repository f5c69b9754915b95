"""Debian's Prometheus scrapes a running syncer and web: do the rules and the dashboard find what they ask for?

The background tasks run beside them, because the web tells what they find.

For two seconds, because the tests are many; for a minute in ``make exhaustive``.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.bench.rig import ADDRESS, INGRESSES, TOKEN, ZONE, Rig
from tests.deploy.test_alerts import alert_groups, alerts, queries
from tests.fakes.kubernetes.cluster import Cluster as Kubernetes
from tests.fakes.kubernetes.manifests import certificate
from tests.ports import free_port
from tests.processes import ROOT, Process, Syncer, prepare, running, wait_until
from tests.samples import EXHAUSTIVE

SECONDS = 60 if EXHAUSTIVE else 2

pytestmark = [
    pytest.mark.timeout(90 + SECONDS),
    pytest.mark.skipif(
        not (shutil.which("prometheus") and shutil.which("promtool")), reason="prometheus (Debian) is missing"
    ),
]

FORM = "application/x-www-form-urlencoded"
CREATED = f'catalyst_dns_sync_records_total{{status="created",zone="{ZONE}"}}'
FOREIGN = f'catalyst_dns_sync_foreign_writes_total{{zone="{ZONE}"}}'
ASKED = f'catalyst_dns_sync_names_asked{{result="wrong",target="default",zone="{ZONE}"}}'
DRIFT = f'catalyst_dns_sync_drift_detected_total{{drift_type="unexpected_ip",hostname="grafana.{ZONE}",zone="{ZONE}"}}'


def post(url: str, body: bytes = b"", kind: str = "application/json") -> bytes:
    request = urllib.request.Request(url, body, {"Content-Type": kind})
    with urllib.request.urlopen(request, timeout=5) as answer:
        content: bytes = answer.read()
        return content


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return str(answer.read().decode())


class Prometheus:
    """The real one, scraping every half second, with our rules."""

    def __init__(self, folder: Path, jobs: dict[str, str]) -> None:
        scrapes = [
            {"job_name": job, "honor_labels": True, "static_configs": [{"targets": [address]}]}
            for job, address in jobs.items()
        ]
        every = {"scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "1s"}
        (folder / "rules.yaml").write_text(yaml.safe_dump(alert_groups()))
        (folder / "prometheus.yaml").write_text(
            yaml.safe_dump({"global": every, "rule_files": ["rules.yaml"], "scrape_configs": scrapes})
        )
        address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{address}"
        with (folder / "prometheus.log").open("wb") as log:
            self._child = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={folder}/prometheus.yaml",
                    f"--storage.tsdb.path={folder}/tsdb",
                    f"--web.listen-address={address}",
                ],
                stdout=log,
                stderr=log,
            )

    def query(self, expression: str) -> list[dict[str, Any]]:
        """What an instant query finds. Raises for an expression that Prometheus refuses."""
        answer = json.loads(get(f"{self.url}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"))
        assert answer["status"] == "success", answer
        result: list[dict[str, Any]] = answer["data"]["result"]
        return result

    def rules(self) -> list[dict[str, Any]]:
        groups = json.loads(get(f"{self.url}/api/v1/rules"))["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def is_up(self) -> bool:
        try:
            return len(self.query("up == 1")) == 2
        except OSError:
            return False

    def stop(self) -> None:
        self._child.terminate()
        self._child.wait(10)


class Scene:
    def __init__(self, prometheus: Prometheus, syncer: str, web: str) -> None:
        self.prometheus = prometheus
        self.pages = {"syncer": f"http://{syncer}/metrics", "web": f"http://{web}/metrics"}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A syncer that has written, failed, and seen a foreign write; and a web that was visited."""
    folder = tmp_path_factory.mktemp("scrape")
    # Not the syncer's tables alone: the web counts what waits in those of the background tasks.
    prepare(folder)
    rig = Rig(folder)
    with running(rig.technitium, rig.kubernetes):
        env = {
            "KUBECONFIG": f"{folder}/kubeconfig",
            "DNS_SERVER_URL": rig.server,
            "DNS_API_TOKEN": TOKEN,
            "DNS_ZONE": ZONE,
            "DNS_IP_ADDRESS": ADDRESS,
            "SERIAL_PROBE_INTERVAL": "1s",
        }
        syncer = Syncer(folder, env)
        page, web_metrics = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        web = Process(
            ["-m", "catalyst.cli", "web", "--bind", page],
            folder / "web.log",
            {"HOME": str(folder), "DATA_DIR": str(folder), "WEB_METRICS_BIND_ADDRESS": web_metrics},
        )
        host, port = rig.dns
        tasks = Process(
            ["-m", "catalyst.cli", "qcluster"],
            folder / "tasks.log",
            {"HOME": str(folder), "DATA_DIR": str(folder), "DNS_TEST_SERVERS": f"{host}:{port}"},
        )
        with running(syncer, web, tasks):
            web.says("Uvicorn running")
            syncer.ready()
            metrics = syncer.metrics.removeprefix("http://")
            prometheus = Prometheus(folder, {"catalyst-dns-sync": metrics, "catalyst-dns-sync-web": web_metrics})
            try:
                wait_until(prometheus.is_up, 15, "the first scrape")
                get(f"http://{page}/admin/login/")
                make_history(rig, syncer)
                wait_until(lambda: ASKED in get(f"http://{web_metrics}/metrics"), 30, "the names to ask for")
                time.sleep(SECONDS)
                yield Scene(prometheus, metrics, web_metrics)
            finally:
                prometheus.stop()


def make_history(rig: Rig, syncer: Syncer) -> None:
    create_certificate(rig)
    create(rig, "grafana")
    wait_until(lambda: syncer.metric(CREATED) == 1, 20, "the record of grafana")
    add_by_hand(rig, "nas")
    wait_until(lambda: syncer.metric(FOREIGN) == 1, 20, "the look at the serial")
    add_by_hand(rig, "grafana")
    wait_until(lambda: syncer.metric(DRIFT) == 1, 20, "the value beside ours")
    post(f"{rig.server}/fake/faults", json.dumps({"bad_gateway": "html", "times": 1}).encode())
    create(rig, "blog")
    wait_until(lambda: syncer.metric(CREATED) == 2, 10, "the record of blog")


def add_by_hand(rig: Rig, name: str) -> None:
    form = {"token": TOKEN, "domain": f"{name}.{ZONE}", "type": "A", "ttl": 300, "ipAddress": "192.0.2.9"}
    post(f"{rig.server}/api/zones/records/add", urllib.parse.urlencode(form).encode(), FORM)


def create_certificate(rig: Rig) -> None:
    """Valid for three months, and renewed at the second try."""
    kubernetes = Kubernetes(rig.back_door, rig.folder / "kubeconfig", rig.back_door)
    at = datetime.now(UTC)
    status = {
        "notAfter": f"{at + timedelta(days=89):%FT%TZ}",
        "conditions": [{"type": "Ready", "status": "True", "reason": "Ready"}],
        "lastFailureTime": f"{at:%FT%TZ}",
        "failedIssuanceAttempts": 1,
    }
    made = kubernetes.create(certificate("wildcard", **status))
    kubernetes.patch(made, {"status": {"lastFailureTime": None, "failedIssuanceAttempts": None}}, "status")


def create(rig: Rig, name: str) -> None:
    ingress = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"rules": [{"host": f"{name}.{ZONE}"}]},
    }
    post(f"http://{rig.api.hostname}:{rig.api.port}{INGRESSES}", json.dumps(ingress).encode())


def test_no_scrape_fails(scene: Scene) -> None:
    """Twice a second, from both."""
    window = f"[{SECONDS}s]"
    for process in ("catalyst-dns-sync", "catalyst-dns-sync-web"):
        up = f'up{{job="{process}"}}{window}'
        (worst,), (scrapes,) = (
            scene.prometheus.query(f"{name}({up})") for name in ("min_over_time", "count_over_time")
        )
        assert float(worst["value"][1]) == 1
        assert float(scrapes["value"][1]) >= SECONDS * 1.5


def test_every_query_of_the_dashboard_returns_data(scene: Scene) -> None:
    def empty() -> list[str]:
        return [f"{title}: {expression}" for title, expression in queries() if not scene.prometheus.query(expression)]

    deadline = time.monotonic() + 8
    while empty() and time.monotonic() < deadline:
        time.sleep(0.5)
    assert not empty()


def test_every_alert_evaluates_and_is_quiet_where_all_is_well(scene: Scene) -> None:
    rules = scene.prometheus.rules()
    assert {rule["name"] for rule in rules} == {alert["alert"] for alert in alerts()}
    assert {rule["name"]: rule["lastError"] for rule in rules if rule.get("lastError")} == {}
    assert all(rule["health"] == "ok" for rule in rules)
    assert not [rule["name"] for rule in rules if rule["state"] == "firing"]


def test_every_metric_that_a_rule_asks_for_exists(scene: Scene) -> None:
    """A rule that misspells a metric parses, evaluates, and never fires."""
    page = get(scene.pages["syncer"]) + get(scene.pages["web"])
    for alert in alerts():
        for name in re.findall(r"\b(?:catalyst_dns_sync|process)_\w+", alert["expr"]):
            assert re.search(rf"^{name}(\{{| )", page, re.MULTILINE), f"{alert['alert']}: {name}"


@pytest.mark.parametrize("process", ["syncer", "web"])
def test_every_metric_arrives(scene: Scene, process: str) -> None:
    names = set(re.findall(r"^(\w+)[{ ]", get(scene.pages[process]), re.MULTILINE))
    assert len(names) > 20
    missing = [name for name in names if not scene.prometheus.query(f"last_over_time({name}[1m])")]
    assert not missing


def test_every_metric_that_is_documented_arrives(scene: Scene) -> None:
    told = re.findall(r"^\| `(catalyst_dns_sync_\w+)` \| (\w+)", (ROOT / "docs/metrics.md").read_text(), re.MULTILINE)
    series = [f"{name}_count" if kind == "histogram" else name for name, kind in told]
    assert len(series) > 20
    assert [name for name in series if not scene.prometheus.query(f"last_over_time({name}[1m])")] == []


@pytest.mark.parametrize("process", ["syncer", "web"])
def test_promtool_finds_nothing_to_say_about_the_metrics(scene: Scene, process: str) -> None:
    page = get(scene.pages[process])
    if process == "web":  # what django-prometheus and the client's own collectors call theirs is not ours to say
        ours = [line for line in page.splitlines(keepends=True) if "catalyst_dns_sync" in line]
        page = "".join(ours)
    result = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, text=True, check=False)
    said = (result.stdout + result.stderr).splitlines()
    # Days are what people count a certificate in.
    days = 'catalyst_dns_sync_certificate_expiry_days use base unit "seconds" instead of "days"'
    assert [line for line in said if line != days] == []
