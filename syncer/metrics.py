"""Prometheus metrics. Their names and labels are in dashboards and alerts of others: they stay.

``go_version`` of the build metric holds the Python version: dashboards for programs in Go look for that label.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from syncer.core.known import RecordState
from syncer.core.plan import DriftType
from syncer.health import Health
from syncer.httpd import PlainAnswer, Server
from syncer.kube.feed import KindState, WatchState
from syncer.ledger import CountKey

# The time of creation beside every counter would double the series, under names that nobody agreed on.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

RECORDS = Counter(
    "catalyst_dns_sync_records_total",
    "DNS records written, by what was done to them (created, updated, deleted)",
    ["target", "zone", "status"],
    registry=REGISTRY,
)
API_REQUESTS = Counter(
    "catalyst_dns_sync_api_requests_total",
    "Technitium API calls; status_code is the HTTP status, or error when there was no answer",
    ["target", "endpoint", "method", "status_code"],
    registry=REGISTRY,
)
API_REQUEST_DURATION = Histogram(
    "catalyst_dns_sync_api_request_duration_seconds",
    "Time from sending an API request until its answer began",
    ["target", "endpoint", "method"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
RECONCILE_DURATION = Histogram(
    "catalyst_dns_sync_reconcile_duration_seconds",
    "Time of one pass: zone over a whole zone, names over those that changed",
    ["target", "resource_type"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
    registry=REGISTRY,
)
CHANGE_DURATION = Histogram(
    "catalyst_dns_sync_change_duration_seconds",
    "Time from a change of an object, as a watch brought it, until DNS had what came of it (create, update, delete)",
    ["target", "zone", "operation"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
    registry=REGISTRY,
)
RECONCILE_ERRORS = Counter(
    "catalyst_dns_sync_reconcile_errors_total",
    "Changes and passes that failed",
    ["target", "resource_type", "error_type"],
    registry=REGISTRY,
)
BUILD_INFO = Gauge(
    "catalyst_dns_sync_build_info",
    "Always 1; the labels say what runs (go_version is the version of Python)",
    ["version", "commit", "go_version"],
    registry=REGISTRY,
)
QUEUE_LENGTH = Gauge(
    "catalyst_dns_sync_queue_length", "Names that wait to be compared or tried again", ["target"], registry=REGISTRY
)
LAST_FULL_PASS = Gauge(
    "catalyst_dns_sync_last_full_pass_timestamp_seconds",
    "Unix time of the end of the last complete full pass, 0 before the first",
    ["target"],
    registry=REGISTRY,
)
HELD_DELETES = Gauge(
    "catalyst_dns_sync_held_deletes", "Deletes that wait for a person's approval", ["target", "zone"], registry=REGISTRY
)
WRITES_FROZEN = Gauge(
    "catalyst_dns_sync_writes_frozen",
    "1: a person holds all writes to the zone, and what changes meanwhile waits",
    ["target", "zone"],
    registry=REGISTRY,
)
FLAPPING = Gauge(
    "catalyst_dns_sync_flapping_names",
    "Names that change too often, at which what is in DNS stays for a while",
    ["target", "zone"],
    registry=REGISTRY,
)
RATE_LIMIT_WAIT = Counter(
    "catalyst_dns_sync_rate_limit_wait_seconds_total",
    "Time that API requests waited for the rate limit (its rate is the part of the time that is spent waiting)",
    ["target"],
    registry=REGISTRY,
)
LAST_CHANGE = Gauge(
    "catalyst_dns_sync_last_change_timestamp_seconds",
    "Unix time of the last change that we made in DNS, 0 before the first",
    ["target"],
    registry=REGISTRY,
)
ZONE_USABLE = Gauge(
    "catalyst_dns_sync_zone_usable",
    "1: records of the zone can be written; 0: it is missing, disabled, or the token has no rights on it",
    ["target", "zone"],
    registry=REGISTRY,
)
FOREIGN_WRITES = Counter(
    "catalyst_dns_sync_foreign_writes_total",
    "Times that the serial of a zone showed a write which was not ours",
    ["target", "zone"],
    registry=REGISTRY,
)
TAKEOVERS = Counter(
    "catalyst_dns_sync_takeovers_total",
    "Times that a name passed to another claim, with other values or into another namespace",
    ["target", "zone"],
    registry=REGISTRY,
)
DRIFT_DETECTED = Counter(
    "catalyst_dns_sync_drift_detected_total",
    "Records found that were not as we had left them (unexpected_ip, unexpected_record, missing_record)",
    ["target", "zone", "hostname", "drift_type"],
    registry=REGISTRY,
)
DRIFT_HOSTNAMES = 1000
"""Host names that get a series of their own; all others share one, whose label is "other"."""
_drifting: set[str] = set()


def set_build(version: str, commit: str) -> None:
    BUILD_INFO.clear()
    BUILD_INFO.labels(version, commit, platform.python_version()).set(1)


def count_drift(target: str, zone: str, hostname: str, drift: DriftType) -> None:
    if len(_drifting) < DRIFT_HOSTNAMES:
        _drifting.add(hostname)
    DRIFT_DETECTED.labels(target, zone, hostname if hostname in _drifting else "other", drift.value).inc()


def observe_request(target: str, endpoint: str, method: str, status: str, seconds: float) -> None:
    API_REQUESTS.labels(target, endpoint, method, status).inc()
    API_REQUEST_DURATION.labels(target, endpoint, method).observe(seconds)


class RecordCounts(Collector):
    """The records by state, as the ledger counted them last.

    Not a ``Gauge``: the registry takes its name for that of the counter ``catalyst_dns_sync_records_total``, which
    in the text format it is not.
    """

    def __init__(self) -> None:
        self._counts: Mapping[CountKey, int] = {}

    def show(self, counts: Mapping[CountKey, int]) -> None:
        """A state that is left out has no record."""
        self._counts = counts

    def describe(self) -> list[GaugeMetricFamily]:
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        records = GaugeMetricFamily(
            "catalyst_dns_sync_records", "DNS records that are known, by state", labels=["target", "zone", "state"]
        )
        counts = self._counts
        # A state that nobody is in is shown as 0: an alert on it must find its series before it fires.
        for target, zone in sorted({(key.target, key.zone) for key in counts}):
            for state in RecordState:
                records.add_metric([target, zone, state.value], counts.get(CountKey(target, zone, state.value), 0))
        yield records


MANAGED_RECORDS = RecordCounts()
REGISTRY.register(MANAGED_RECORDS)


class HealthCollector(Collector):
    """What the probes say, for whoever reads metrics."""

    def __init__(self, health: Health) -> None:
        self._health = health

    def collect(self) -> Iterator[GaugeMetricFamily]:
        health = self._health
        yield _make_gauge("catalyst_dns_sync_alive", "1: /healthz is green", not health.liveness())
        yield _make_gauge("catalyst_dns_sync_ready", "1: /readyz is green", not health.readiness())
        reachable = GaugeMetricFamily(
            "catalyst_dns_sync_target_reachable",
            "1: the target answered last time and accepts our token",
            labels=["target"],
        )
        for target in health.targets:
            reachable.add_metric([target.name], float(not target.problem))
        yield reachable
        yield _make_gauge("catalyst_dns_sync_loop_age_seconds", "Time since the loop last turned", health.loop_age())


def _make_gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, float(value))


class ClusterCollector(Collector):
    """What the cluster looks like, asked at each scrape, so that a namespace that is gone is gone here too.

    ``counts`` gives the number of objects by (namespace, kind), ``states`` is ``Feed.states``. Both are called from
    the threads of the metrics server. ``clock`` is the one of ``KindState.heard_at``.
    """

    def __init__(
        self,
        counts: Callable[[], Mapping[tuple[str, str], int]],
        states: Callable[[], Sequence[KindState]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._counts = counts
        self._states = states
        self._clock = clock

    def collect(self) -> Iterator[GaugeMetricFamily]:
        resources = GaugeMetricFamily(
            "catalyst_dns_sync_ingress_resources",
            "Objects that name hosts, as the watches know them",
            labels=["namespace", "type"],
        )
        for labels, count in sorted(self._counts().items()):
            resources.add_metric(labels, count)
        yield resources

        ages = GaugeMetricFamily(
            "catalyst_dns_sync_watch_age_seconds",
            "Time since a watched kind was last heard from",
            labels=["kind"],
        )
        now, states = self._clock(), self._states()
        for state in states:
            if state.heard_at and state.state in (WatchState.WATCHING, WatchState.UNREACHABLE):
                ages.add_metric([str(state.kind)], max(0.0, now - state.heard_at))
        yield ages

        watched = GaugeMetricFamily(
            "catalyst_dns_sync_watch_up",
            "1: the kind is watched; 0: it cannot be reached or may not be read; nothing: it is not installed",
            labels=["kind"],
        )
        for state in states:
            if state.state is not WatchState.NOT_INSTALLED:
                watched.add_metric([str(state.kind)], float(state.state is WatchState.WATCHING))
        yield watched


def serve_metrics(address: str, registry: CollectorRegistry = REGISTRY) -> Server:
    """Serve /metrics until the server is closed. Raises ``CannotListen``."""

    def metrics() -> PlainAnswer:
        return PlainAnswer(prometheus_client.generate_latest(registry), prometheus_client.CONTENT_TYPE_PLAIN_0_0_4)

    return Server("METRICS_BIND_ADDRESS", address, {"/metrics": metrics})
