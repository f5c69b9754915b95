"""Who has the zones, by what the servers say of themselves."""

from __future__ import annotations

import pytest

from syncer.errors import ServerRefused, TargetUnreachable
from syncer.targets.technitium.nodes import Session, find_route, read_session

NODE1, NODE2, NODE3 = "node1.clu.test", "node2.clu.test", "node3.clu.test"


def tell(place: int, name: str, *members: str, started: str = "", domain: str = "clu.test") -> Session:
    """What node ``name`` says. Of ``members`` the first is the primary; one with a ``!`` cannot be reached."""
    nodes = [
        {
            "name": member.rstrip("!"),
            "type": "Secondary" if number else "Primary",
            "state": "Self" if member == name else "Unreachable" if member.endswith("!") else "Connected",
            "upSince": f"start of {member}",
        }
        for number, member in enumerate(members)
    ]
    cluster = {"clusterDomain": domain, "clusterNodes": nodes} if nodes else {}
    info = {"version": "15.2", "dnsServerDomain": name, "uptimestamp": started or f"start of {name}", **cluster}
    return read_session(place, f"http://{place}", info)


def test_a_server_without_a_cluster_has_its_zones_itself() -> None:
    route = find_route([tell(0, "ns1")])
    assert (route.place, route.node, route.name, route.started_at) == (0, "", "ns1", "start of ns1")


def test_a_server_that_says_nothing_of_itself_will_do() -> None:
    route = find_route([read_session(0, "http://0", {})], "ns1")
    assert (route.place, route.node, route.name) == (0, "", "")


def test_a_primary_is_called_itself() -> None:
    route = find_route([tell(0, NODE1, NODE1, NODE2)])
    assert (route.place, route.node, route.name, route.cluster) == (0, "", NODE1, "clu.test")


def test_a_secondary_passes_calls_on_to_its_primary() -> None:
    route = find_route([tell(0, NODE2, NODE1, NODE2)])
    assert (route.place, route.node, route.name) == (0, NODE1, NODE1)
    assert route.started_at == f"start of {NODE1}"


def test_the_primary_itself_is_called_where_its_address_is_named_too() -> None:
    route = find_route([tell(0, NODE2, NODE1, NODE2), tell(1, NODE1, NODE1, NODE2)])
    assert (route.place, route.node, route.name) == (1, "", NODE1)


def test_the_secondary_is_asked_that_reaches_the_primary() -> None:
    away = f"{NODE1}!"
    sessions = [tell(0, NODE2, away, NODE2, NODE3), tell(1, NODE3, NODE1, NODE2, NODE3)]
    assert find_route(sessions, is_complete=False).place == 1
    assert find_route([tell(0, NODE2, away, NODE2)], NODE1, is_complete=False).node == NODE1


def test_two_addresses_may_be_one_server() -> None:
    assert find_route([tell(0, "ns1"), tell(1, "ns1")]).place == 0
    assert find_route([tell(1, "ns1")], "ns1", is_complete=False).place == 1


def test_two_servers_without_a_cluster_are_refused() -> None:
    with pytest.raises(ServerRefused, match="http://0 and http://1 are several servers"):
        find_route([tell(0, "ns1"), tell(1, "ns2")])
    with pytest.raises(ServerRefused, match="in no cluster"):
        find_route([tell(0, "ns1"), tell(1, "ns1", started="later")])


def test_nodes_of_two_clusters_are_refused() -> None:
    with pytest.raises(ServerRefused, match=r"several clusters \(a\.test, clu\.test\)"):
        find_route([tell(0, NODE1, NODE1), tell(1, "ns.a.test", "ns.a.test", domain="a.test")])


def test_a_node_that_left_its_cluster_loses_to_the_primary() -> None:
    for known in ("", NODE1, NODE2):
        route = find_route([tell(0, "node1"), tell(1, NODE2, NODE2)], known)
        assert (route.place, route.name, route.has_left) == (1, NODE2, False)


def test_a_node_that_left_its_cluster_and_is_the_only_one_named_keeps_its_name() -> None:
    route = find_route([tell(0, "node1")], NODE1)
    assert (route.place, route.name, route.has_left) == (0, NODE1, True)
    assert not find_route([tell(0, "node1")], NODE2).has_left


def test_a_node_that_left_its_cluster_is_not_written_to_while_another_one_is_silent() -> None:
    with pytest.raises(TargetUnreachable, match="no node of its cluster answers"):
        find_route([tell(0, "node1")], NODE1, is_complete=False)
    with pytest.raises(TargetUnreachable, match=f"{NODE2}, which has the zones, does not answer"):
        find_route([tell(0, "node1")], NODE2, is_complete=False)


def test_a_primary_that_was_deposed_by_force_loses_to_the_one_that_knows_it_no_more() -> None:
    for known in ("", NODE1, NODE2):
        route = find_route([tell(0, NODE1, NODE1, NODE2), tell(1, NODE2, NODE2)], known)
        assert (route.place, route.name) == (1, NODE2)


def test_a_primary_that_was_deposed_by_force_is_not_believed_while_the_new_one_is_silent() -> None:
    with pytest.raises(TargetUnreachable, match=f"{NODE2}, the primary node of clu.test, does not answer"):
        find_route([tell(0, NODE1, NODE1, f"{NODE2}!")], NODE2, is_complete=False)


def test_of_two_that_take_themselves_for_the_primary_the_one_is_kept_that_had_the_zones() -> None:
    sessions = [tell(0, NODE1, NODE1), tell(1, NODE2, NODE2)]
    assert find_route(sessions, NODE2).name == NODE2
    with pytest.raises(ServerRefused, match=f"{NODE1} and {NODE2} each take themselves for the primary"):
        find_route(sessions)
