"""The sockets on which the web waits for visitors."""

from __future__ import annotations

import socket

import pytest

from catalyst.web.listening import format_address, open_sockets
from syncer.httpd import CannotListen
from tests.ports import free_port


def families_and_addresses(address: str) -> list[tuple[socket.AddressFamily, str]]:
    opened = open_sockets("WEB_BIND_ADDRESS", address)
    try:
        return [(socket.AddressFamily(listening.family), format_address(listening)) for listening in opened]
    finally:
        for listening in opened:
            listening.close()


def test_one_address_is_one_socket() -> None:
    port = free_port()
    assert families_and_addresses(f"127.0.0.1:{port}") == [(socket.AF_INET, f"127.0.0.1:{port}")]


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_every_interface_is_a_socket_of_each_family_so_that_a_visitor_keeps_the_address_of_its_own() -> None:
    port = free_port()
    assert families_and_addresses(f":{port}") == [
        (socket.AF_INET, f"0.0.0.0:{port}"),
        (socket.AF_INET6, f"[::]:{port}"),
    ]


def test_a_taken_address_is_refused_by_the_name_of_its_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(CannotListen, match=f"^WEB_BIND_ADDRESS={address}: cannot listen there"):
            open_sockets("WEB_BIND_ADDRESS", address)
