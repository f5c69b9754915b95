"""Where the API server serves a kind, and when it is believed that it has none of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from syncer.core.kinds import (
    GATEWAY_ROUTES,
    HTTP_ROUTE,
    INGRESS,
    INGRESS_ROUTE,
    INGRESS_ROUTE_TCP,
    INGRESS_ROUTE_UDP,
    NAMESPACE,
    SERVICE,
    TCP_ROUTE,
    TLS_ROUTE,
    UDP_ROUTE,
)
from syncer.errors import KubernetesError
from syncer.kube.client import ApiError, ApiServer, Unreachable
from syncer.kube.connect import read_kubeconfig
from syncer.kube.discovery import Discovery
from tests.fakes.kubernetes.cluster import Cluster

GATEWAYS = "gateway.networking.k8s.io"


@pytest.fixture
def server(kubernetes: Cluster) -> Iterator[ApiServer]:
    api = ApiServer(read_kubeconfig(str(kubernetes.kubeconfig)), timeout=2.0)
    yield api
    api.close()


@pytest.fixture
def discovery(server: ApiServer) -> Discovery:
    return Discovery(server, shared=15)


def test_a_kind_of_the_core_needs_no_question(kubernetes: Cluster, discovery: Discovery) -> None:
    assert discovery.find_collection(NAMESPACE) == "/api/v1/namespaces"
    assert discovery.find_collection(SERVICE, "traefik") == "/api/v1/namespaces/traefik/services"
    assert not kubernetes.is_double or not kubernetes.requests


def test_a_kind_is_found_by_its_group(discovery: Discovery) -> None:
    assert discovery.find_collection(INGRESS) == "/apis/networking.k8s.io/v1/ingresses"
    assert discovery.find_collection(INGRESS, "apps") == "/apis/networking.k8s.io/v1/namespaces/apps/ingresses"


@pytest.mark.double_only
def test_the_first_of_our_versions_that_is_served_is_taken(kubernetes: Cluster, discovery: Discovery) -> None:
    assert discovery.find_collection(HTTP_ROUTE) == f"/apis/{GATEWAYS}/v1/httproutes"
    kubernetes.remove(GATEWAYS)
    kubernetes.install(GATEWAYS, ["v1beta1"])
    assert discovery.find_collection(HTTP_ROUTE) == f"/apis/{GATEWAYS}/v1beta1/httproutes"


@pytest.mark.double_only
def test_an_older_version_is_taken_where_the_newer_is_not_served(kubernetes: Cluster, discovery: Discovery) -> None:
    kubernetes.remove(GATEWAYS)
    kubernetes.install(GATEWAYS, ["v1alpha2", "v1alpha3"])
    assert discovery.find_collection(TLS_ROUTE) == f"/apis/{GATEWAYS}/v1alpha3/tlsroutes"
    assert discovery.find_collection(TCP_ROUTE) == f"/apis/{GATEWAYS}/v1alpha2/tcproutes"
    assert discovery.find_collection(HTTP_ROUTE) == ""


@pytest.mark.double_only
def test_a_group_that_is_not_listed_is_not_installed(kubernetes: Cluster, discovery: Discovery) -> None:
    kubernetes.remove("traefik.io")
    assert discovery.find_collection(INGRESS_ROUTE) == ""


@pytest.mark.double_only
def test_a_group_that_is_listed_and_not_found_is_no_answer(kubernetes: Cluster, discovery: Discovery) -> None:
    kubernetes.faults.status(404, resource="/apis/traefik.io")
    with pytest.raises(Unreachable, match=r"has the group traefik\.io, but does not show it"):
        discovery.find_collection(INGRESS_ROUTE)


@pytest.mark.double_only
@pytest.mark.parametrize("code", [200, 404])
@pytest.mark.parametrize("page", ["404 page not found", "{}", '{"kind": "APIGroupList"}', '{"kind": "APIGroup"}'])
def test_the_page_of_a_proxy_does_not_say_that_nothing_is_installed(
    kubernetes: Cluster, discovery: Discovery, page: str, code: int
) -> None:
    kubernetes.faults.body(page, code=code, times=None)
    with pytest.raises(KubernetesError):
        discovery.find_collection(INGRESS_ROUTE)


@pytest.mark.double_only
@pytest.mark.parametrize("code", [403, 500, 503])
def test_a_refusal_is_passed_on(kubernetes: Cluster, discovery: Discovery, code: int) -> None:
    kubernetes.faults.status(code, resource="/apis/traefik.io")
    with pytest.raises(ApiError) as refusal:
        discovery.find_collection(INGRESS_ROUTE)
    assert refusal.value.status == code


class StoppedClock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.double_only
def test_kinds_that_are_not_installed_share_what_they_are_told_for_a_while(
    kubernetes: Cluster, server: ApiServer
) -> None:
    kubernetes.remove("traefik.io")
    kubernetes.remove(GATEWAYS)
    clock = StoppedClock()
    discovery = Discovery(server, shared=15, clock=clock)
    missing = (INGRESS_ROUTE, INGRESS_ROUTE_TCP, INGRESS_ROUTE_UDP, *GATEWAY_ROUTES)
    for _ in range(2):
        assert not any(discovery.find_collection(kind, afresh=False) for kind in missing)
    assert [kubernetes.requests["get", f"/apis/{group}"] for group in ("traefik.io", GATEWAYS)] == [1, 1]
    assert kubernetes.requests["get", "/apis"] == 1
    kubernetes.install(GATEWAYS)
    assert discovery.find_collection(HTTP_ROUTE, afresh=False) == "", "as it was told before"
    assert discovery.find_collection(HTTP_ROUTE) == f"/apis/{GATEWAYS}/v1/httproutes"
    clock.now += 15
    assert discovery.find_collection(UDP_ROUTE, afresh=False) == f"/apis/{GATEWAYS}/v1/udproutes"


@pytest.mark.double_only
def test_what_is_no_answer_is_shared_with_nobody(kubernetes: Cluster, server: ApiServer) -> None:
    discovery = Discovery(server, shared=15, clock=StoppedClock())
    kubernetes.faults.status(503, resource="/apis/traefik.io")
    with pytest.raises(ApiError):
        discovery.find_collection(INGRESS_ROUTE, afresh=False)
    assert discovery.find_collection(INGRESS_ROUTE, afresh=False) == "/apis/traefik.io/v1alpha1/ingressroutes"
