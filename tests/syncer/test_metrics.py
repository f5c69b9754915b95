from __future__ import annotations

import platform
import re
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from records.ledger import DatabaseLedger
from records.models import ManagedRecord
from syncer import metrics
from syncer.certificates import Certificates
from syncer.core.kinds import HTTP_ROUTE, INGRESS, INGRESS_ROUTE
from syncer.core.known import RecordState
from syncer.health import Health
from syncer.httpd import Server
from syncer.kube.feed import KindState, WatchState
from syncer.ledger import CountKey

ROOT = Path(__file__).resolve().parents[2]

Scrape = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def scraped() -> Iterator[Callable[[], Scrape]]:
    """What a scrape of the program's own registry gives: value by (name, labels)."""
    server = metrics.serve_metrics("127.0.0.1:0")

    def scrape() -> Scrape:
        families = text_string_to_metric_families(get(server, "/metrics")[1])
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in families
            for sample in family.samples
        }

    yield scrape
    server.close()


def get(server: Server, path: str) -> tuple[str, str]:
    """(content type, text)."""
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=5) as answer:
        return answer.headers["Content-Type"], answer.read().decode()


def labels(**values: str) -> frozenset[tuple[str, str]]:
    return frozenset(values.items())


def test_the_first_seven_metrics_keep_their_names_types_and_labels_beside_the_target() -> None:
    families = {
        (metric._type, metric._name): metric._labelnames
        for metric in vars(metrics).values()
        if hasattr(metric, "_labelnames")
    }
    prefix = "catalyst_dns_sync_"
    expected = {
        ("counter", prefix + "records"): ("target", "zone", "status"),
        ("counter", prefix + "api_requests"): ("target", "endpoint", "method", "status_code"),
        ("histogram", prefix + "api_request_duration_seconds"): ("target", "endpoint", "method"),
        ("histogram", prefix + "reconcile_duration_seconds"): ("target", "resource_type"),
        ("counter", prefix + "reconcile_errors"): ("target", "resource_type", "error_type"),
        ("gauge", prefix + "build_info"): ("version", "commit", "go_version"),
    }
    assert expected.items() <= families.items()


def test_a_scrape_shows_what_was_counted(scraped: Callable[[], Scrape]) -> None:
    before = scraped()
    metrics.RECORDS.labels("lan", "talos00", "created").inc(3)
    metrics.observe_request("lan", "zones/records/add", "POST", "200", 0.02)
    metrics.HELD_DELETES.labels("lan", "talos00").set(30)
    after = scraped()

    def grown(name: str, **values: str) -> float:
        key = (name, labels(**values))
        return after[key] - before.get(key, 0)

    assert grown("catalyst_dns_sync_records_total", target="lan", zone="talos00", status="created") == 3
    request = {"target": "lan", "endpoint": "zones/records/add", "method": "POST"}
    assert grown("catalyst_dns_sync_api_requests_total", **request, status_code="200") == 1
    assert grown("catalyst_dns_sync_api_request_duration_seconds_bucket", **request, le="0.025") == 1
    assert grown("catalyst_dns_sync_api_request_duration_seconds_bucket", **request, le="0.01") == 0
    assert after["catalyst_dns_sync_held_deletes", labels(target="lan", zone="talos00")] == 30
    assert after["process_resident_memory_bytes", labels()] > 1_000_000
    assert not [name for name, _ in after if name.endswith("_created")]


def test_the_build_metric_says_python_under_the_label_of_go(scraped: Callable[[], Scrape]) -> None:
    metrics.set_build("0.9.0", "abc")
    metrics.set_build("1.0.0", "def")
    build = [(key, value) for key, value in scraped().items() if key[0] == "catalyst_dns_sync_build_info"]
    expected = labels(version="1.0.0", commit="def", go_version=platform.python_version())
    assert build == [(("catalyst_dns_sync_build_info", expected), 1.0)]


def test_objects_are_counted_when_someone_asks_and_namespaces_that_are_gone_are_gone() -> None:
    counts = {("monitoring", "Ingress"): 2, ("blog", "IngressRoute"): 1}
    registry = CollectorRegistry()
    registry.register(metrics.ClusterCollector(lambda: counts, list))
    server = metrics.serve_metrics("127.0.0.1:0", registry)
    try:
        line = 'catalyst_dns_sync_ingress_resources{namespace="blog",type="IngressRoute"} 1.0'
        kind, text = get(server, "/metrics")
        assert kind.startswith("text/plain; version=0.0.4")
        assert line in text
        assert "# TYPE catalyst_dns_sync_ingress_resources gauge" in text
        del counts["blog", "IngressRoute"]
        text = get(server, "/metrics")[1]
        assert "blog" not in text
        assert 'catalyst_dns_sync_ingress_resources{namespace="monitoring",type="Ingress"} 2.0' in text
    finally:
        server.close()


def test_the_age_of_a_watch_is_shown_only_where_something_should_be_heard() -> None:
    states = [
        KindState(INGRESS, WatchState.WATCHING, True, heard_at=90.0),
        KindState(INGRESS_ROUTE, WatchState.NOT_INSTALLED, True, heard_at=95.0),
        KindState(HTTP_ROUTE, WatchState.UNREACHABLE, heard_at=40.0),
    ]
    _, ages, up = metrics.ClusterCollector(dict, lambda: states, clock=lambda: 100.0).collect()
    assert {sample.labels["kind"]: sample.value for sample in up.samples} == {
        "ingresses.networking.k8s.io": 1.0,
        "httproutes.gateway.networking.k8s.io": 0.0,
    }
    assert {sample.labels["kind"]: sample.value for sample in ages.samples} == {
        "ingresses.networking.k8s.io": 10.0,
        "httproutes.gateway.networking.k8s.io": 60.0,
    }


def documented() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Name -> type and labels, from the table of docs/metrics.md that is about the syncer."""
    text = (ROOT / "docs" / "metrics.md").read_text().partition("## The web")[0]
    rows = re.findall(r"^\| `([a-z_]+)` \| ([a-z]+) \|([^|]*)\|", text, re.MULTILINE)
    assert len(rows) == len({row[0] for row in rows}), "a metric is there twice"
    return {name: (kind, tuple(re.findall(r"`([a-z_]+)`", labels))) for name, kind, labels in rows}


def test_every_metric_is_documented_with_its_type_and_labels() -> None:
    told: dict[str, tuple[str, tuple[str, ...]]] = {}
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            kind = str(metric._type)
            told[f"{metric._name}_total" if kind == "counter" else metric._name] = kind, tuple(metric._labelnames)
    collectors: list[Collector] = [
        metrics.MANAGED_RECORDS,
        metrics.ClusterCollector(dict, list),
        metrics.HealthCollector(Health(list)),
        Certificates(),
    ]
    for collector in collectors:
        for family in collector.collect():
            name = f"{family.name}_total" if family.type == "counter" else family.name
            told[name] = (family.type, tuple(vars(family)["_labelnames"]))
    assert documented() == told


def test_a_state_that_no_record_is_in_is_shown_as_none() -> None:
    counts = metrics.RecordCounts()
    counts.show({CountKey("lan", "talos00", "synced"): 12, CountKey("lan", "home.lab", "failed"): 1})
    (family,) = counts.collect()
    values = {(sample.labels["zone"], sample.labels["state"]): sample.value for sample in family.samples}
    assert len(values) == 2 * len(RecordState)
    assert {key: value for key, value in values.items() if value} == {
        ("talos00", "synced"): 12,
        ("home.lab", "failed"): 1,
    }


@pytest.mark.django_db
@pytest.mark.one_database
def test_the_ledger_counts_anew_only_after_it_wrote() -> None:
    for zone, name, state in (("a.lab", "x", "synced"), ("a.lab", "y", "synced"), ("b.lab", "z", "failed")):
        ManagedRecord.objects.create(zone=zone, name=f"{name}.{zone}", type="A", ttl=300, state=state, owned=True)
    ledger = DatabaseLedger()
    assert ledger.counts() == {("default", "a.lab", "synced"): 2, ("default", "b.lab", "failed"): 1}
    with CaptureQueriesContext(connection) as queries:
        ledger.counts()
    assert len(queries) == 0
    ledger.zone("default", "a.lab").release_records(["x.a.lab"], "", "tests")
    assert ledger.counts() == {("default", "a.lab", "synced"): 1, ("default", "b.lab", "failed"): 1}
