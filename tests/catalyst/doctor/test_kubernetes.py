"""What the doctor finds in a cluster."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from catalyst.doctor import kubernetes
from catalyst.doctor.finding import Finding, Level
from syncer.config import KubeConfig
from syncer.core.scope import Scope
from syncer.kube.watcher import list_watches
from tests.fakes.kubernetes.cluster import Cluster
from tests.fakes.kubernetes.manifests import gateway
from tests.ports import free_port


def problems(findings: list[Finding]) -> list[str]:
    return [finding.text for finding in findings if finding.level == "problem"]


KUBECONFIG = """
current-context: home
contexts: [{name: home, context: {cluster: home, user: ops}}]
clusters: [{name: home, cluster: {server: "http://127.0.0.1:%d"}}]
users: [{name: ops, user: {token: of-no-worth}}]
"""


def read_cluster(cluster: Cluster, **scope: object) -> list[Finding]:
    settings = Scope(zones=("talos00",), addresses=("192.0.2.54",), **scope)  # type: ignore[arg-type]
    return list(kubernetes.check_cluster(KubeConfig(kubeconfig=str(cluster.kubeconfig)), settings, {}))


def test_a_cluster_that_does_not_answer_comes_with_what_to_check(tmp_path: Path) -> None:
    config = tmp_path / "kubeconfig"
    config.write_text(KUBECONFIG % free_port())
    settings = Scope(zones=("talos00",), addresses=("192.0.2.54",))
    (text,) = problems(list(kubernetes.check_cluster(KubeConfig(kubeconfig=str(config)), settings, {})))
    assert text.endswith(
        "Connection refused (check that it runs, that KUBECONFIG names this cluster, and that no firewall or "
        "NetworkPolicy is between us)"
    )


@pytest.mark.double_only
def test_a_kind_that_may_not_be_read_is_a_problem_and_one_that_is_missing_is_none(
    kubernetes_double: Callable[..., Cluster],
) -> None:
    cluster = kubernetes_double(without=["traefik.containo.us"])
    cluster.refuse("watch", "httproutes.gateway.networking.k8s.io")
    cluster.refuse("*", "namespaces")
    findings = read_cluster(cluster)
    routes, namespaces = problems(findings)
    assert routes.startswith(
        "httproutes.gateway.networking.k8s.io v1: our account may not watch it everywhere: a Cluster"
    )
    assert namespaces.startswith("namespaces v1: our account may not list and watch it in the cluster: a ClusterRole")
    assert "ingressroutes.traefik.containo.us is not installed; it is picked up within a minute of being installed" in [
        finding.text for finding in findings
    ]


@pytest.mark.double_only
def test_certificates_that_may_not_be_read_are_no_problem(kubernetes_double: Callable[..., Cluster]) -> None:
    cluster = kubernetes_double()
    cluster.refuse("*", "certificates.cert-manager.io")
    (warning,) = [finding for finding in read_cluster(cluster) if finding.level is not Level.OK]
    assert warning.level is Level.WARNING
    assert warning.text == (
        "certificates.cert-manager.io v1: our account may not list and watch it everywhere: a ClusterRole must allow "
        "that, or CERTIFICATE_METRICS=false"
    )


@pytest.mark.double_only
def test_endpoint_slices_are_asked_for_only_where_pods_are_published(kubernetes_double: Callable[..., Cluster]) -> None:
    cluster = kubernetes_double()
    cluster.refuse("*", "endpointslices.discovery.k8s.io")
    assert problems(read_cluster(cluster)) == []
    assert problems(read_cluster(cluster, service_pods=True)) == [
        "endpointslices.discovery.k8s.io v1: our account may not list and watch it everywhere: a ClusterRole must "
        "allow that (deploy/service-pods does), or SERVICE_PODS=false"
    ]


@pytest.mark.double_only
def test_rights_are_asked_for_in_the_namespaces_that_are_watched(kubernetes_double: Callable[..., Cluster]) -> None:
    cluster = kubernetes_double()
    cluster.refuse("list", "ingresses.networking.k8s.io", "media")
    assert problems(read_cluster(cluster, namespaces=("media", "monitoring"))) == [
        "ingresses.networking.k8s.io v1: our account may not list it in media: a Role must allow that, or"
        " SOURCES name the kinds without Ingress"
    ]


@pytest.mark.double_only
def test_the_right_to_write_the_status_of_dns_endpoints_is_asked_for_where_it_is_used(
    kubernetes_double: Callable[..., Cluster],
) -> None:
    cluster = kubernetes_double()
    cluster.refuse("update", "dnsendpoints/status.externaldns.k8s.io")
    settings = Scope(zones=("talos00",), addresses=("192.0.2.54",))

    def find(*, status: bool) -> list[Finding]:
        config = KubeConfig(kubeconfig=str(cluster.kubeconfig), dnsendpoint_status=status)
        return [item for item in kubernetes.check_cluster(config, settings, {}) if "the status of" in item.text]

    assert find(status=False) == []
    (finding,) = find(status=True)
    assert (finding.level, finding.text) == (
        Level.WARNING,
        "the status of dnsendpoints.externaldns.k8s.io: our account may not update it everywhere: add the component "
        "deploy/dnsendpoint-status, or DNSENDPOINT_STATUS=false",
    )
    cluster.allow()
    assert [item.level for item in find(status=True)] == [Level.OK]


@pytest.mark.double_only
def test_of_each_kind_that_is_watched_something_is_said_and_of_no_other(
    kubernetes_double: Callable[..., Cluster],
) -> None:
    cluster = kubernetes_double()
    for scope in ({"auto": True, "service_pods": True}, {"kinds": ("TCPRoute",)}):
        settings = Scope(zones=("talos00",), **scope)  # type: ignore[arg-type]
        kinds = list(dict.fromkeys(str(kind) for kind, _, _ in list_watches(settings, certificates=True)))
        said = [finding.text.partition(" ")[0] for finding in read_cluster(cluster, **scope)]
        assert list(dict.fromkeys(said[1:])) == kinds


@pytest.mark.double_only
def test_who_lacks_the_right_on_a_kind_may_do_without_it(kubernetes_double: Callable[..., Cluster]) -> None:
    cluster = kubernetes_double()
    cluster.refuse("*", "dnsendpoints.externaldns.k8s.io")
    assert problems(read_cluster(cluster)) == [
        "dnsendpoints.externaldns.k8s.io v1alpha1: our account may not list and watch it everywhere: a ClusterRole must"
        " allow that, or SOURCES name the kinds without DNSEndpoint"
    ]
    assert problems(read_cluster(cluster, kinds=("Ingress", "HTTPRoute"))) == []


@pytest.mark.double_only
def test_a_gateway_that_a_filter_names_and_nobody_made_is_told(kubernetes_double: Callable[..., Cluster]) -> None:
    cluster = kubernetes_double()
    cluster.create(gateway("edge", namespace="network"))
    findings = read_cluster(cluster, gateways=("network/edge", "network/egde"))
    assert [(it.level, it.text) for it in findings if it.level is not Level.OK] == [
        (Level.WARNING, "GATEWAY names network/egde, which is not there: no route gets a name by it")
    ]
