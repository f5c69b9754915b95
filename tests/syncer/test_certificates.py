"""What the metrics say about cert-manager's Certificates: a real watch on the double, a real scrape."""

from __future__ import annotations

import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from syncer import metrics
from syncer.certificates import Certificate, Certificates, read_certificate
from syncer.config import KubeConfig
from syncer.core.kinds import CERTIFICATE, INGRESS
from syncer.core.scope import Scope
from syncer.health import find_liveness_problems, find_readiness_problems
from syncer.httpd import Server
from syncer.intake import PATIENCE, Intake
from syncer.kube.feed import KindState, WatchState
from syncer.kube.reflector import Pace
from syncer.kube.store import Store
from syncer.kube.watcher import KubeFeed
from tests.fakes.kubernetes.cluster import Cluster as Kubernetes
from tests.fakes.kubernetes.manifests import certificate, ingress
from tests.processes import wait_until

pytestmark = pytest.mark.double_only

FAST = Pace(first_delay=0.02, longest_delay=0.1, calm=60.0, probe=0.1, confirm=0.02, forbidden=0.1, short=0.05)
GROUP = "cert-manager.io"
CERTIFICATES = "certificates.cert-manager.io"
NOW = 1_767_225_600.0
"""2026-01-01T00:00:00Z"""
READY = {"type": "Ready", "status": "True", "reason": "Ready", "message": "Certificate is up to date"}
NOT_READY = {**READY, "status": "False", "reason": "DoesNotExist"}


def failing(attempts: int | None, hour: int = 1, reason: str = "Failed") -> dict[str, Any]:
    """The status of a valid certificate whose renewal failed, last at ``hour``."""
    issuing = {"type": "Issuing", "status": "False", "reason": reason, "message": "it will be retried"}
    status = {"notAfter": "2026-01-11T00:00:00Z", "lastFailureTime": f"2025-12-31T{hour:02}:00:00Z"}
    return {**status, "failedIssuanceAttempts": attempts, "conditions": [READY, issuing]}


HEALTHY: dict[str, Any] = {
    "notAfter": "2026-03-31T00:00:00Z",
    "conditions": [READY],
    "lastFailureTime": None,
    "failedIssuanceAttempts": None,
}


class Watching:
    """A feed with a store for Certificates, and what a scrape says of them."""

    def __init__(self, kubernetes: Kubernetes, **scope: Any) -> None:
        self.now = NOW
        self.certificates = Certificates(lambda: self.now)
        registry = CollectorRegistry()
        registry.register(self.certificates)
        self.server: Server = metrics.serve_metrics("127.0.0.1:0", registry)
        settings = Scope(zones=("talos00",), addresses=("10.0.0.1",), **scope)
        self.cluster = Store(settings)
        config = KubeConfig(kubeconfig=str(kubernetes.kubeconfig))
        self.feed = KubeFeed(config, settings, self.cluster, certificates=self.certificates, pace=FAST)
        registry.register(metrics.ClusterCollector(dict, self.feed.states))
        self.intake = Intake(self.feed, self.cluster, "default", started=0.0)
        self.feed.start()

    def stop(self) -> None:
        self.feed.stop()
        self.server.close()

    @property
    def state(self) -> KindState:
        return next(state for state in self.feed.states() if state.kind == CERTIFICATE)

    def scrape(self) -> dict[str, float]:
        """Value by series, without the common prefix."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.server.port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
        lines = re.findall(r"^catalyst_dns_sync_(?:certificate_)?(\S+) (\S+)$", text, re.MULTILINE)
        return {series: float(value) for series, value in lines}

    def says(self, series: str, value: float | None) -> None:
        """Wait for a series to have a value; None: for it to go."""
        wait_until(lambda: self.scrape().get(series) == value, what=f"{series} {value}")


Watch = Callable[..., Watching]


@pytest.fixture
def watch(kubernetes: Kubernetes) -> Iterator[Watch]:
    started: list[Watching] = []

    def start(until: WatchState | None = WatchState.WATCHING, **scope: Any) -> Watching:
        watching = Watching(kubernetes, **scope)
        started.append(watching)
        if until:
            wait_until(lambda: watching.state.state is until, what=f"{until}")
        return watching

    yield start
    for watching in started:
        watching.stop()


def test_a_certificate_appears_with_its_days_its_issuer_and_no_failure(kubernetes: Kubernetes, watch: Watch) -> None:
    watching = watch()
    kubernetes.create(certificate("wildcard-talos00", "traefik", **HEALTHY))
    watching.says('ready{name="wildcard-talos00",namespace="traefik"}', 1)
    assert {key: value for key, value in watching.scrape().items() if "wildcard" in key} == {
        'expiry_days{issuer="letsencrypt-prod",name="wildcard-talos00",namespace="traefik"}': 89,
        'ready{name="wildcard-talos00",namespace="traefik"}': 1,
        'failed_attempts{name="wildcard-talos00",namespace="traefik"}': 0,
        'renewal_failures_total{name="wildcard-talos00",namespace="traefik",reason="Failed"}': 0,
    }


def test_the_days_go_by_without_a_word_of_the_cluster_and_below_zero(kubernetes: Kubernetes, watch: Watch) -> None:
    kubernetes.create(certificate("blog", **HEALTHY))
    watching = watch()
    days = 'expiry_days{issuer="letsencrypt-prod",name="blog",namespace="default"}'
    watching.says(days, 89)
    watching.now += 1.5 * 86400
    assert watching.scrape()[days] == 87.5
    watching.now += 100 * 86400
    assert watching.scrape()[days] == -12.5


def test_what_was_never_issued_is_not_ready_and_has_no_days(kubernetes: Kubernetes, watch: Watch) -> None:
    watching = watch()
    made = kubernetes.create(certificate("blog", conditions=[NOT_READY]))
    watching.says('ready{name="blog",namespace="default"}', 0)
    assert not [series for series in watching.scrape() if series.startswith("expiry_days")]
    kubernetes.patch(made, {"status": HEALTHY}, "status")
    watching.says('ready{name="blog",namespace="default"}', 1)


def test_two_of_one_name_in_two_namespaces_do_not_collide(kubernetes: Kubernetes, watch: Watch) -> None:
    kubernetes.create(certificate("blog", "one", **HEALTHY))
    kubernetes.create(certificate("blog", "two", **failing(3)))
    watching = watch()
    watching.says('renewal_failures_total{name="blog",namespace="two",reason="Failed"}', 3)
    assert watching.scrape()['renewal_failures_total{name="blog",namespace="one",reason="Failed"}'] == 0


def test_failures_count_up_and_success_takes_none_of_them_back(kubernetes: Kubernetes, watch: Watch) -> None:
    made = kubernetes.create(certificate("blog", **HEALTHY))
    watching = watch()
    total = 'renewal_failures_total{name="blog",namespace="default",reason="Failed"}'
    streak = 'failed_attempts{name="blog",namespace="default"}'
    watching.says(total, 0)
    steps: list[tuple[dict[str, Any], int, int]] = [
        (failing(1, hour=1), 1, 1),
        (failing(2, hour=2), 2, 2),
        (HEALTHY, 0, 2),
        (failing(1, hour=9), 1, 3),
    ]
    for status, in_a_row, all_of_them in steps:
        kubernetes.patch(made, {"status": status}, "status")
        watching.says(streak, in_a_row)
        assert watching.scrape()[total] == all_of_them


def test_a_restart_says_what_cert_manager_says(kubernetes: Kubernetes, watch: Watch) -> None:
    made = kubernetes.create(certificate("blog", **failing(4)))
    total = 'renewal_failures_total{name="blog",namespace="default",reason="Failed"}'
    before = watch()
    before.says(total, 4)
    before.stop()
    kubernetes.patch(made, {"status": failing(5, hour=9)}, "status")
    watch().says(total, 5)


def test_a_certificate_that_is_deleted_takes_its_series_along(kubernetes: Kubernetes, watch: Watch) -> None:
    watching = watch()
    made = kubernetes.create(certificate("blog", **failing(2)))
    watching.says('failed_attempts{name="blog",namespace="default"}', 2)
    kubernetes.delete(made)
    watching.says('failed_attempts{name="blog",namespace="default"}', None)
    assert not [series for series in watching.scrape() if "blog" in series]


def test_one_that_only_a_finalizer_holds_is_gone(kubernetes: Kubernetes, watch: Watch) -> None:
    watching = watch()
    manifest = certificate("blog", **HEALTHY)
    manifest["metadata"]["finalizers"] = ["example.com/archive"]
    made = kubernetes.create(manifest)
    watching.says('ready{name="blog",namespace="default"}', 1)
    kubernetes.delete(made)
    watching.says('ready{name="blog",namespace="default"}', None)
    assert kubernetes.get(made)["metadata"]["deletionTimestamp"]


def test_what_went_while_the_watch_was_away_is_gone_after_the_next_list(kubernetes: Kubernetes, watch: Watch) -> None:
    gone = kubernetes.create(certificate("blog", **HEALTHY))
    kubernetes.create(certificate("grafana", **HEALTHY))
    watching = watch()
    watching.says('ready{name="blog",namespace="default"}', 1)
    kubernetes.server.call(kubernetes.server.hang_up)
    kubernetes.delete(gone)
    kubernetes.server.call(kubernetes.server.pick_up)
    watching.says('ready{name="blog",namespace="default"}', None)
    assert watching.scrape()['ready{name="grafana",namespace="default"}'] == 1


def test_cert_manager_may_come_later_and_go_again(kubernetes: Kubernetes, watch: Watch) -> None:
    kubernetes.remove(GROUP)
    watching = watch(until=WatchState.NOT_INSTALLED)
    assert f'watch_up{{kind="{CERTIFICATES}"}}' not in watching.scrape()
    kubernetes.install(GROUP)
    kubernetes.create(certificate("blog", **HEALTHY))
    watching.says('ready{name="blog",namespace="default"}', 1)
    assert watching.scrape()[f'watch_up{{kind="{CERTIFICATES}"}}'] == 1
    kubernetes.remove(GROUP)
    watching.says('ready{name="blog",namespace="default"}', None)
    wait_until(lambda: watching.state.state is WatchState.NOT_INSTALLED)


def test_where_they_may_not_be_read_everything_else_is_read_and_the_kind_says_so(
    kubernetes: Kubernetes, watch: Watch
) -> None:
    kubernetes.refuse("*", CERTIFICATES)
    kubernetes.create(ingress("grafana", "grafana.talos00"))
    watching = watch(until=WatchState.FORBIDDEN)
    wait_until(lambda: watching.cluster.names() == ["grafana.talos00"] and watching.intake.is_settled(0.0))
    assert watching.scrape()[f'watch_up{{kind="{CERTIFICATES}"}}'] == 0
    assert CERTIFICATES in watching.state.reason
    kubernetes.allow()
    kubernetes.create(certificate("blog", **HEALTHY))
    watching.says('ready{name="blog",namespace="default"}', 1)


def test_only_those_of_the_watched_namespaces_are_seen_whatever_their_labels(
    kubernetes: Kubernetes, watch: Watch
) -> None:
    for namespace in ("mine", "yours", "other"):
        kubernetes.create(certificate("blog", namespace, **HEALTHY))
    watching = watch(namespaces=("mine", "yours"), label_selector="dns=public")
    watching.says('ready{name="blog",namespace="yours"}', 1)
    watching.says('ready{name="blog",namespace="mine"}', 1)
    assert 'ready{name="blog",namespace="other"}' not in watching.scrape()


def test_they_are_not_watched_unless_they_are_asked_for(kubernetes: Kubernetes) -> None:
    scope = Scope(zones=("talos00",), addresses=("10.0.0.1",))
    feed = KubeFeed(KubeConfig(kubeconfig=str(kubernetes.kubeconfig)), scope, Store(scope), pace=FAST)
    feed.start()
    wait_until(lambda: all(state.known for state in feed.states()))
    feed.stop()
    assert CERTIFICATE not in [state.kind for state in feed.states()]
    assert not [resource for _, resource in kubernetes.requests if GROUP in resource]


def test_certificates_give_no_names_and_wake_no_one(kubernetes: Kubernetes, watch: Watch) -> None:
    watching = watch()
    kubernetes.create(certificate("blog", **HEALTHY))
    watching.says('ready{name="blog",namespace="default"}', 1)
    assert watching.intake.take_names() == set()
    assert watching.cluster.names() == []


class Lists:
    """A feed in which Certificates alone are in a state that would stop the others."""

    def __init__(self, state: WatchState) -> None:
        self.state = state

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def states(self) -> list[KindState]:
        return [
            KindState(INGRESS, WatchState.WATCHING, True, heard_at=1000.0),
            KindState(CERTIFICATE, self.state, reason="no answer in time", heard_at=1.0),
        ]

    def deletes_wait(self) -> bool:
        return False


@pytest.mark.parametrize("state", list(WatchState))
def test_no_trouble_with_certificates_stops_the_syncing_or_turns_a_probe_red(state: WatchState) -> None:
    feed = Lists(state)
    intake = Intake(feed, Store(Scope(zones=("talos00",))), "default", started=1000.0)
    assert intake.is_settled(1000.0)
    assert intake.unsettled() == []
    assert set(intake.find_unread().kinds) == intake.awaited_kinds() == set()
    assert find_liveness_problems(1000.0, 0.0, {"the loop": 1000.0}, feed.states(), stall=60.0, silence=225.0) == []
    assert find_readiness_problems(1000.0, feed.states(), 80.0, []) == []


def test_certificates_alone_are_not_enough_to_begin_with() -> None:
    feed = Lists(WatchState.WATCHING)
    states = [KindState(INGRESS, WatchState.UNREACHABLE), KindState(CERTIFICATE, WatchState.WATCHING, True)]
    feed.states = lambda: states  # type: ignore[method-assign]
    intake = Intake(feed, Store(Scope(zones=("talos00",))), "default", started=0.0)
    assert not intake.is_settled(2 * PATIENCE)


# One Certificate, seen again and again


def seen(*statuses: dict[str, Any]) -> Certificate:
    held = None
    for status in statuses:
        held = read_certificate(certificate("blog", **status), held)
    assert held
    return held


def test_the_same_failure_counts_once_however_often_it_is_seen() -> None:
    retrying = {**failing(1), "conditions": [READY, {"type": "Issuing", "status": "True", "reason": "Renewing"}]}
    assert seen(failing(1), failing(1), retrying).failures == {"Failed": 1}


def test_failures_that_nobody_saw_are_counted_with_the_next() -> None:
    assert seen(failing(1, hour=1), failing(4, hour=9)).failures == {"Failed": 4}


def test_an_unseen_success_between_two_failures_lets_both_count() -> None:
    held = seen(failing(3, hour=1), failing(1, hour=9))
    assert (held.streak, held.failures) == (1, {"Failed": 4})


def test_without_the_number_each_new_time_is_one_failure() -> None:
    held = seen(failing(None, hour=1), failing(None, hour=2), failing(None, hour=2))
    assert (held.streak, held.failures) == (2, {"Failed": 2})


def test_a_denial_counts_under_the_reason_of_the_approver() -> None:
    held = seen(failing(1), failing(2, hour=2, reason="policy.cert-manager.io"))
    assert held.failures == {"Failed": 1, "policy.cert-manager.io": 1}


def test_a_failure_first_seen_during_the_next_attempt_is_a_plain_one() -> None:
    issuing = {"type": "Issuing", "status": "True", "reason": "Renewing", "message": ""}
    assert seen({**failing(2), "conditions": [READY, issuing]}).failures == {"Failed": 2}


@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "notAfter": st.none()
                | st.integers()
                | st.sampled_from(["", "soon", "2026-01-01", "2026-01-01T00:00:00Z"]),
                "lastFailureTime": st.none() | st.booleans() | st.text(max_size=2),
                "failedIssuanceAttempts": st.none() | st.text(max_size=2) | st.integers(-2, 5),
                "conditions": st.none()
                | st.lists(
                    st.none()
                    | st.fixed_dictionaries(
                        {
                            "type": st.sampled_from(["Ready", "Issuing", 1]),
                            "status": st.sampled_from(["True", "False", 0]),
                        },
                        optional={"reason": st.none() | st.text(max_size=2)},
                    ),
                    max_size=3,
                ),
            },
        ),
        max_size=6,
    )
)
def test_whatever_the_status_is_no_counter_falls_and_a_scrape_works(statuses: list[dict[str, Any]]) -> None:
    certificates = Certificates(time.time)
    registry = CollectorRegistry()
    registry.register(certificates)
    before: dict[tuple[tuple[str, str], ...], float] = {}
    for status in statuses:
        certificates.put(CERTIFICATE, certificate("blog", **status))
        after = {
            tuple(sample.labels.items()): sample.value
            for family in registry.collect()
            for sample in family.samples
            if sample.name.endswith("_total")
        }
        assert all(after[series] >= value for series, value in before.items())
        assert generate_latest(registry)
        before = after


DAYS = 86400.0


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        (Certificate("ca", NOW + 30 * DAYS, True), ""),
        (Certificate("ca", NOW + 6 * DAYS, True), "it ends soon, and was not renewed"),
        (Certificate("ca", NOW - 1, True), "it has expired"),
        (Certificate("ca", NOW + 30 * DAYS, True, 1), "its renewal has failed 1 time in a row"),
        (Certificate("ca", None, False, 3), "its issuance has failed 3 times in a row"),
        (Certificate("ca", None, False), "it is not ready"),
    ],
)
def test_the_trouble_of_a_certificate_is_told(certificate: Certificate, reason: str) -> None:
    assert certificate.explain_trouble(NOW) == reason


def test_those_that_fail_are_told_and_those_in_order_counted() -> None:
    certificates = Certificates(lambda: NOW)
    statuses = {"a": HEALTHY, "b": failing(2), "c": {**HEALTHY, "notAfter": "2025-12-01T00:00:00Z"}}
    for name, status in statuses.items():
        certificates.put(CERTIFICATE, certificate(name, **status))
    found = certificates.find_failing()
    assert (found.known, found.number, [each.name for each in found.worst]) == (3, 2, ["c", "b"])
    assert found.worst[1].failed_at == "2025-12-31T01:00:00Z"
