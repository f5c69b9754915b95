from __future__ import annotations

from typing import Any

import pytest

from syncer.core.endpointslices import NO_PODS, NamedPort, Pods, gather_pods, read_ports, read_slice
from tests.syncer.core.cast_services import pod, slice_of

PORTS = [{"name": "pg", "port": 5432}, {"name": "DNS", "port": 53, "protocol": "UDP"}, {"port": 80}]


def gather(*slices: dict[str, Any], all_count: bool = False) -> Pods:
    return gather_pods(map(read_slice, slices), all_count=all_count)


def test_those_that_are_ready_count_and_what_is_not_said_is_true() -> None:
    ready, unsaid, not_ready = (
        pod("10.0.0.2", "db-0"),
        {"addresses": ["10.0.0.1"]},
        pod("10.0.0.3", "db-1", ready=False),
    )
    found = gather(slice_of(ready, unsaid, pod("10.0.0.4", ready=None), not_ready))
    assert found.addresses == ("10.0.0.1", "10.0.0.2", "10.0.0.4")
    assert found.by_host == {"db-0": ("10.0.0.2",), "db-1": ()}
    everyone = gather(slice_of(ready, unsaid, not_ready), all_count=True)
    assert everyone.addresses == ("10.0.0.1", "10.0.0.2", "10.0.0.3")
    assert everyone.by_host == {"db-0": ("10.0.0.2",), "db-1": ("10.0.0.3",)}


def test_two_families_are_two_slices_and_one_pod() -> None:
    six = slice_of(pod("fd00::2", "db-0"), family="IPv6", name="db-x2")
    found = gather(slice_of(pod("10.0.0.2", "db-0")), six)
    assert found.by_host == {"db-0": ("10.0.0.2", "fd00::2")}
    assert found.addresses == ("10.0.0.2", "fd00::2")


def test_a_pod_that_moves_from_one_slice_to_another_counts_once() -> None:
    both = [slice_of(pod("10.0.0.2", "db-0"), name=name) for name in ("db-x1", "db-x2")]
    assert gather(*both) == gather(both[0])


def test_ports_are_those_of_the_slice_with_a_name() -> None:
    assert read_ports(PORTS) == (NamedPort("pg", "tcp", 5432), NamedPort("dns", "udp", 53))
    other = slice_of(pod("10.0.0.3", "db-1"), name="db-x2", ports=[{"name": "pg", "port": 6432}])
    found = gather(slice_of(pod("10.0.0.2", "db-0"), pod("10.0.0.9", "db-2", ready=False), ports=PORTS), other)
    assert found.ports == {
        "db-0": (NamedPort("dns", "udp", 53), NamedPort("pg", "tcp", 5432)),
        "db-1": (NamedPort("pg", "tcp", 6432),),
    }


@pytest.mark.parametrize(
    "manifest",
    [
        {},
        {"endpoints": "none", "ports": {}, "metadata": {"labels": []}},
        slice_of(
            {"addresses": None}, {"addresses": [7]}, ports=[{"name": "pg", "port": "5432"}, {"name": "x", "port": True}]
        ),
        slice_of({"addresses": ["db.example.com"]}, family="FQDN"),
    ],
)
def test_what_is_no_address_and_no_port_is_passed_over(manifest: dict[str, Any]) -> None:
    assert read_slice(manifest).ports == ()
    assert gather(manifest) == NO_PODS
