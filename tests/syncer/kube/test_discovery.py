"""Where the API server serves a kind, and when it is believed that it has none of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from syncer.core.kinds import HTTP_ROUTE, INGRESS, INGRESS_ROUTE, NAMESPACE, SERVICE
from syncer.errors import KubernetesError
from syncer.kube.client import ApiError, ApiServer, Unreachable
from syncer.kube.connect import read_kubeconfig
from syncer.kube.discovery import find_collection
from tests.fakes.kubernetes.cluster import Cluster

GATEWAYS = "gateway.networking.k8s.io"


@pytest.fixture
def server(kubernetes: Cluster) -> Iterator[ApiServer]:
    api = ApiServer(read_kubeconfig(str(kubernetes.kubeconfig)), timeout=2.0)
    yield api
    api.close()


def test_a_kind_of_the_core_needs_no_question(kubernetes: Cluster, server: ApiServer) -> None:
    assert find_collection(server, NAMESPACE) == "/api/v1/namespaces"
    assert find_collection(server, SERVICE, "traefik") == "/api/v1/namespaces/traefik/services"
    assert not kubernetes.is_double or not kubernetes.requests


def test_a_kind_is_found_by_its_group(server: ApiServer) -> None:
    assert find_collection(server, INGRESS) == "/apis/networking.k8s.io/v1/ingresses"
    assert find_collection(server, INGRESS, "apps") == "/apis/networking.k8s.io/v1/namespaces/apps/ingresses"


@pytest.mark.double_only
def test_the_first_of_our_versions_that_is_served_is_taken(kubernetes: Cluster, server: ApiServer) -> None:
    assert find_collection(server, HTTP_ROUTE) == f"/apis/{GATEWAYS}/v1/httproutes"
    kubernetes.remove(GATEWAYS)
    kubernetes.install(GATEWAYS, ["v1beta1"])
    assert find_collection(server, HTTP_ROUTE) == f"/apis/{GATEWAYS}/v1beta1/httproutes"


@pytest.mark.double_only
def test_a_group_that_is_not_listed_is_not_installed(kubernetes: Cluster, server: ApiServer) -> None:
    kubernetes.remove("traefik.io")
    assert find_collection(server, INGRESS_ROUTE) == ""


@pytest.mark.double_only
def test_a_group_that_is_listed_and_not_found_is_no_answer(kubernetes: Cluster, server: ApiServer) -> None:
    kubernetes.faults.status(404, resource="/apis/traefik.io")
    with pytest.raises(Unreachable, match=r"has the group traefik\.io, but does not show it"):
        find_collection(server, INGRESS_ROUTE)


@pytest.mark.double_only
@pytest.mark.parametrize("code", [200, 404])
@pytest.mark.parametrize("page", ["404 page not found", "{}", '{"kind": "APIGroupList"}', '{"kind": "APIGroup"}'])
def test_the_page_of_a_proxy_does_not_say_that_nothing_is_installed(
    kubernetes: Cluster, server: ApiServer, page: str, code: int
) -> None:
    kubernetes.faults.body(page, code=code, times=None)
    with pytest.raises(KubernetesError):
        find_collection(server, INGRESS_ROUTE)


@pytest.mark.double_only
@pytest.mark.parametrize("code", [403, 500, 503])
def test_a_refusal_is_passed_on(kubernetes: Cluster, server: ApiServer, code: int) -> None:
    kubernetes.faults.status(code, resource="/apis/traefik.io")
    with pytest.raises(ApiError) as refusal:
        find_collection(server, INGRESS_ROUTE)
    assert refusal.value.status == code
