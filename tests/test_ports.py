from __future__ import annotations

import socket
from itertools import combinations

from tests.ports import PORTS, free_port, list_share


def test_no_two_processes_of_a_run_have_a_port_in_common() -> None:
    shares = [set(list_share(worker)) for worker in ("", *(f"gw{number}" for number in range(8)))]
    assert all(share and share < set(PORTS) for share in shares)
    assert all(one.isdisjoint(other) for one, other in combinations(shares, 2))


def test_a_port_is_given_once_and_one_that_is_taken_never() -> None:
    given = [free_port() for _ in range(20)]
    assert len(set(given)) == 20
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", given[-1]))
        listener.listen()
        assert given[-1] not in [free_port() for _ in range(len(list_share("")))]
