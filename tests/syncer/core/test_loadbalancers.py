"""Where a load balancer says that it is reached, and which Services are Traefik's."""

from __future__ import annotations

from typing import Any

import pytest

from syncer.core.loadbalancers import read_load_balancer, read_traefik_addresses, settle_traefik_addresses
from syncer.core.scope import Scope
from syncer.core.source import Ref

AUTO = Scope(zones=("talos00",), auto=True)
NAMED = Scope(zones=("talos00",), auto=True, traefik_service="web/nas")
TRAEFIK, NAS = Ref("Service", "traefik", "traefik"), Ref("Service", "web", "nas")


def service(*points: Any, label: str = "traefik", **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"labels": {"app.kubernetes.io/name": label}},
        "spec": {"type": "LoadBalancer"} | spec,
        "status": {"loadBalancer": {"ingress": list(points)}},
    }


def test_every_address_and_host_name_is_read_in_its_order() -> None:
    points = [{"hostname": "edge.example.com"}, {"ip": "10.0.0.1", "hostname": "lb"}, {"ports": []}, {"ip": 5}, "x"]
    assert read_load_balancer(service(*points)) == ("edge.example.com", "10.0.0.1", "lb")


@pytest.mark.parametrize(
    "manifest",
    [
        {},
        {"status": 5},
        {"status": {"loadBalancer": []}},
        {"status": {"loadBalancer": {"ingress": {"ip": "10.0.0.1"}}}},
    ],
)
def test_a_status_that_says_nothing_gives_nothing(manifest: dict[str, Any]) -> None:
    assert read_load_balancer(manifest) == ()


def test_a_service_of_traefik_is_reached_by_its_load_balancer() -> None:
    manifest = service({"ip": "10.0.0.2"}, {"ip": "10.0.0.1"}, externalIPs=["10.0.0.9"])
    assert read_traefik_addresses(TRAEFIK, manifest, AUTO) == ("10.0.0.1", "10.0.0.2")


def test_without_a_load_balancer_it_is_reached_by_its_external_addresses() -> None:
    manifest = service({"ip": "10.0.0.1"}, type="NodePort", externalIPs=["10.0.0.9", 5])
    assert read_traefik_addresses(TRAEFIK, manifest, AUTO) == ("10.0.0.9",)


def test_the_label_makes_it_traefiks_unless_a_setting_names_one() -> None:
    by_label, other = service({"ip": "10.0.0.1"}), service({"ip": "10.0.0.2"}, label="nas")
    assert read_traefik_addresses(NAS, other, AUTO) == ()
    assert read_traefik_addresses(NAS, other, NAMED) == ("10.0.0.2",)
    assert read_traefik_addresses(TRAEFIK, by_label, NAMED) == ()


def test_a_tenant_makes_no_service_traefiks_by_giving_it_the_label() -> None:
    manifest = service({"ip": "10.0.0.6"})
    assert read_traefik_addresses(NAS, manifest, AUTO) == ()
    k3s = Ref("Service", "kube-system", "traefik")
    assert read_traefik_addresses(k3s, manifest, AUTO) == ("10.0.0.6",)


def test_what_no_source_may_publish_is_no_address_of_traefik_either() -> None:
    assert read_traefik_addresses(TRAEFIK, service({"ip": "127.0.0.1"}), AUTO) == ()


@pytest.mark.parametrize(
    ("services", "scope", "addresses", "reason"),
    [
        ({TRAEFIK: ("10.0.0.1",)}, Scope(zones=("talos00",)), (), "no address is configured for the zone"),
        ({TRAEFIK: ("10.0.0.1",)}, AUTO, ("10.0.0.1",), ""),
        ({TRAEFIK: ("10.0.0.1",), NAS: ("10.0.0.1",)}, AUTO, ("10.0.0.1",), ""),
        (
            {NAS: ("10.0.0.2",), TRAEFIK: ("10.0.0.1",)},
            AUTO,
            (),
            "Services traefik/traefik and web/nas have different addresses: TRAEFIK_SERVICE=namespace/name decides",
        ),
        (
            {},
            AUTO,
            (),
            "no Service labelled app.kubernetes.io/name=traefik in traefik or kube-system has an address yet",
        ),
        ({}, NAMED, (), "Service web/nas (TRAEFIK_SERVICE) has no address yet"),
    ],
)
def test_services_that_agree_give_their_addresses_and_others_a_reason(
    services: dict[Ref, tuple[str, ...]], scope: Scope, addresses: tuple[str, ...], reason: str
) -> None:
    assert settle_traefik_addresses(services, scope) == (addresses, reason)
