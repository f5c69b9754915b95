"""/metrics of the web, on a port of its own: its numbers are for Prometheus, not for every visitor."""

from __future__ import annotations

from collections.abc import Iterator

import prometheus_client
from django.apps import apps
from django.db import Error, connection
from django.db.models import Min
from django.utils import timezone
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from syncer.httpd import PlainAnswer, Server

prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]


class TaskCollector(Collector):
    """The background tasks of django-q2, counted at each scrape. Without it or its tables there are no samples."""

    def describe(self) -> list[GaugeMetricFamily]:
        return []  # collect() is not called at registration, when there may be no database yet

    def collect(self) -> Iterator[GaugeMetricFamily]:
        if not apps.is_installed("django_q"):
            return
        try:
            tasks = apps.get_app_config("django_q")
            waiting = tasks.get_model("OrmQ")._default_manager.count()
            failed = tasks.get_model("Task")._default_manager.filter(success=False).count()
            due = tasks.get_model("Schedule")._default_manager.aggregate(first=Min("next_run"))["first"]
        except Error:
            return
        finally:
            connection.close()  # each scrape runs in a thread of its own
        yield GaugeMetricFamily("catalyst_dns_sync_tasks_waiting", "Background tasks in the queue", waiting)
        yield GaugeMetricFamily("catalyst_dns_sync_tasks_failed", "Background tasks kept as failed", failed)
        overdue = max(0.0, (timezone.now() - due).total_seconds()) if due else 0.0
        yield GaugeMetricFamily("catalyst_dns_sync_tasks_overdue_seconds", "Delay of the next scheduled task", overdue)


class AnswerCollector(Collector):
    """What DNS servers answer for our records, as the background tasks ask them; without such answers no samples."""

    def describe(self) -> list[GaugeMetricFamily]:
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        from records.answer_rows import count_answers

        labels = ["target", "zone"]
        asked = GaugeMetricFamily(
            "catalyst_dns_sync_names_asked", "Records by what DNS answers for them", labels=[*labels, "result"]
        )
        oldest = GaugeMetricFamily(
            "catalyst_dns_sync_names_oldest_asking_seconds", "Time since the oldest asking", labels=labels
        )
        now = timezone.now()
        try:
            zones = list(count_answers())
        except Error:
            return
        finally:
            connection.close()
        for zone in zones:
            for result, count in zone.counts.items():
                asked.add_metric([zone.target, zone.zone, result], count)
            oldest.add_metric([zone.target, zone.zone], max(0.0, (now - zone.oldest).total_seconds()))
        yield from (asked, oldest)


class WithSamples(Collector):
    """The families that have samples: django-prometheus registers some for models and caches that we never fill."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        return (family for family in self._registry.collect() if family.samples)


def serve_metrics(address: str, registry: CollectorRegistry = REGISTRY) -> Server:
    """Serve /metrics until the server is closed. Raises ``CannotListen``."""
    registry.register(TaskCollector())
    registry.register(AnswerCollector())
    shown = CollectorRegistry(auto_describe=False)
    shown.register(WithSamples(registry))

    def render_metrics() -> PlainAnswer:
        return PlainAnswer(prometheus_client.generate_latest(shown), prometheus_client.CONTENT_TYPE_PLAIN_0_0_4)

    return Server("WEB_METRICS_BIND_ADDRESS", address, {"/metrics": render_metrics})
