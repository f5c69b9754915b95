"""What cert-manager says about its Certificates, for Prometheus. They name no hosts and change nothing in DNS.

A failed issuance shows in the status of a Certificate until one succeeds: ``lastFailureTime``, the number of
``failedIssuanceAttempts`` in a row, and the reason of the condition ``Issuing``, which is False until the next attempt
begins. Success clears all three.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from sys import intern
from threading import Lock
from typing import Any, NamedTuple

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from syncer.core.kinds import Kind
from syncer.core.manifest import as_list, as_mapping, as_text, clip_text, is_leaving, read_ref

DAY = 86400.0

SOON = 7 * DAY
"""Less than what is left of the shortest that is in use (90 days) when cert-manager tries to renew it."""
MOST_TOLD = 50

FAILED = "Failed"
"""The reason that cert-manager itself gives. Any other comes from an approver that denied the request."""

NO_FAILURES: Mapping[str, int] = {FAILED: 0}
"""Shown from the start: Prometheus sees no increase in a series that begins at 1."""


class Certificate(NamedTuple):
    """``expires`` is Unix time, None before the first issuance. ``streak``: issuances that failed since the last one
    that succeeded; ``failed_at``: when the last of them failed. ``failures``: all that we know of, by reason."""

    issuer: str
    expires: float | None
    ready: bool
    streak: int = 0
    failed_at: str = ""
    failures: Mapping[str, int] = NO_FAILURES

    def explain_trouble(self, now: float) -> str:
        """In a sentence, "" for one in order. cert-manager renews after two thirds of the time, so that one which ends
        soon could not be renewed."""
        if self.expires is not None and self.expires <= now:
            return "it has expired"
        if self.streak:
            words = "its issuance has" if self.expires is None else "its renewal has"
            return f"{words} failed {self.streak} time{'' if self.streak == 1 else 's'} in a row"
        if self.expires is not None and self.expires - now < SOON:
            return "it ends soon, and was not renewed"
        return "" if self.ready else "it is not ready"


class FailingCertificate(NamedTuple):
    """``expires`` is Unix time; ``failed_at`` when an issuance failed last, as cert-manager writes it, "" for none."""

    namespace: str
    name: str
    reason: str
    expires: float | None
    failed_at: str


class FailingCertificates(NamedTuple):
    """``known`` and ``number`` count all, and those that fail; ``worst`` are the first of these."""

    known: int
    number: int
    worst: list[FailingCertificate]


def read_certificate(manifest: Mapping[str, Any], before: Certificate | None) -> Certificate:
    """``before`` is the same Certificate as it was last seen: its failures are counted on from there."""
    status = as_mapping(manifest.get("status"))
    conditions = [as_mapping(condition) for condition in as_list(status.get("conditions"))]
    issuer = as_mapping(as_mapping(manifest.get("spec")).get("issuerRef"))
    by_type = {as_text(condition.get("type")): condition for condition in conditions}
    streak, failed_at, failures = _count_failures(status, by_type.get("Issuing", {}), before)
    return Certificate(
        issuer=intern(clip_text(as_text(issuer.get("name")), 253)),
        expires=_parse_time(as_text(status.get("notAfter"))),
        ready=by_type.get("Ready", {}).get("status") == "True",
        streak=streak,
        failed_at=failed_at,
        failures=failures,
    )


def _count_failures(
    status: Mapping[str, Any], issuing: Mapping[str, Any], before: Certificate | None
) -> tuple[int, str, Mapping[str, int]]:
    """The fields of ``Certificate`` with these names."""
    streak, known_at, failures = (before.streak, before.failed_at, before.failures) if before else (0, "", NO_FAILURES)
    failed_at, told = as_text(status.get("lastFailureTime")), status.get("failedIssuanceAttempts")
    attempts = told if isinstance(told, int) else 0
    if not failed_at:
        return 0, "", failures
    if failed_at == known_at and attempts <= streak:
        return streak, known_at, failures
    if attempts < 1:
        # With its feature gate ServerSideApply, cert-manager up to 1.20 forgets to write the number.
        attempts = streak + 1
    # Fewer than before: one has succeeded in between, unseen. Otherwise several may have failed unseen.
    new = attempts - streak if attempts > streak else attempts
    reason = clip_text(as_text(issuing.get("reason"))) if issuing.get("status") == "False" else ""
    reason = intern(reason or FAILED)
    return attempts, failed_at, {**failures, reason: failures.get(reason, 0) + new}


def _parse_time(text: str) -> float | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.timestamp() if at.tzinfo else None


class Certificates(Collector):
    """Filled by a watch (it is a ``syncer.kube.reflector.ObjectSink``), read by each scrape. Thread-safe.

    ``clock`` is Unix time.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = Lock()
        self._held: dict[tuple[str, str], Certificate] = {}

    def put(self, kind: Kind, manifest: Mapping[str, Any]) -> None:
        ref = read_ref(kind, manifest)
        if is_leaving(manifest):
            self.drop(kind, ref.namespace, ref.name)
            return
        key = ref.namespace, ref.name
        with self._lock:
            self._held[key] = read_certificate(manifest, self._held.get(key))

    def find_failing(self) -> FailingCertificates:
        """Those that are not ready, could not be renewed, or end soon without having been; the first to end first."""
        with self._lock:
            held = list(self._held.items())
        now = self._clock()
        failing = [
            FailingCertificate(*key, reason, certificate.expires, certificate.failed_at)
            for key, certificate in held
            if (reason := certificate.explain_trouble(now))
        ]
        failing.sort(key=lambda each: (each.expires or 0.0, each.namespace, each.name))
        return FailingCertificates(len(held), len(failing), failing[:MOST_TOLD])

    def drop(self, kind: Kind, namespace: str, name: str) -> None:
        with self._lock:
            self._held.pop((namespace, name), None)

    def replace(self, kind: Kind, manifests: Iterable[Mapping[str, Any]], namespace: str = "") -> None:
        """Take a complete list (of one namespace, or of all). An exception of the iterator drops nothing and is passed
        on."""
        seen = set()
        for manifest in manifests:
            self.put(kind, manifest)
            ref = read_ref(kind, manifest)
            seen.add((ref.namespace, ref.name))
        with self._lock:
            for key in [key for key in self._held if key not in seen and namespace in ("", key[0])]:
                del self._held[key]

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        with self._lock:
            held = sorted(self._held.items())
        now = self._clock()
        days = _make_gauge("expiry_days", "Days until the certificate expires; negative once it has", "issuer")
        ready = _make_gauge("ready", "1: cert-manager calls the certificate ready")
        streak = _make_gauge("failed_attempts", "Issuances that failed since the last one that succeeded")
        failures = CounterMetricFamily(
            "catalyst_dns_sync_certificate_renewal_failures",
            "Issuances that failed, first ones and renewals",
            labels=["name", "namespace", "reason"],
        )
        for (namespace, name), certificate in held:
            if certificate.expires is not None:
                days.add_metric([name, namespace, certificate.issuer], (certificate.expires - now) / DAY)
            ready.add_metric([name, namespace], float(certificate.ready))
            streak.add_metric([name, namespace], certificate.streak)
            for reason, count in certificate.failures.items():
                failures.add_metric([name, namespace, reason], count)
        yield from (days, ready, streak, failures)


def _make_gauge(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"catalyst_dns_sync_certificate_{name}", text, labels=["name", "namespace", *labels])
