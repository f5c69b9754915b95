"""Two doubles that are one cluster: what the tapes do not show."""

from __future__ import annotations

import math

import pytest
import requests
import urllib3

from tests.fakes.fixtures_technitium import ClusterUnderTest, ServerUnderTest, join_cluster
from tests.fakes.technitium import Network, Technitium

ZONE = "talos00"
GRAFANA, NAS, BLOG = f"grafana.{ZONE}", f"nas.{ZONE}", f"blog.{ZONE}"
NODE1, NODE2 = "node1.clu.test", "node2.clu.test"
NOT_THERE = "No such node exists in the Cluster by name: node1.clu.test"


@pytest.fixture
def cluster(technitium_cluster: ClusterUnderTest) -> ClusterUnderTest:
    """With a zone in its catalog, which the nodes bring into step when they are told to."""
    technitium_cluster.delay = math.inf
    technitium_cluster.make_zone(ZONE)
    return technitium_cluster


def find_states(node: ServerUnderTest) -> dict[str, tuple[str, str]]:
    return {member["name"]: (member["type"], member["state"]) for member in node.info["clusterNodes"]}


def find_zone(node: ServerUnderTest, name: str = ZONE) -> tuple[str, str | None]:
    """(type, catalog)"""
    zone = next(zone for zone in node.ok("zones/list")["zones"] if zone["name"] == name)
    return zone["type"], zone["catalog"]


def test_a_write_is_on_the_other_node_after_the_delay(technitium_cluster: ClusterUnderTest) -> None:
    cluster = technitium_cluster
    cluster.make_zone(ZONE)
    cluster.delay = 1000.0
    cluster.node1.add(GRAFANA, "A", "10.0.0.1", 300, "ours")
    assert cluster.node2.ask(GRAFANA) == "NXDOMAIN"
    cluster.delay = 0.0
    assert cluster.node2.ask(GRAFANA) == ["10.0.0.1"]
    assert cluster.node2.rows(ZONE) == [(GRAFANA, "A", 300, "10.0.0.1", "")]
    assert cluster.node2.serial(ZONE) == cluster.node1.serial(ZONE)


def test_what_is_deleted_goes_from_the_other_node(cluster: ClusterUnderTest) -> None:
    cluster.node1.add(GRAFANA, "A", "10.0.0.1")
    cluster.node1.add(NAS, "A", "10.0.0.9", disable=True)
    cluster.replicate()
    assert [row[0] for row in cluster.node2.rows(ZONE)] == [GRAFANA]
    cluster.node1.delete(GRAFANA, "A", "10.0.0.1")
    cluster.replicate()
    assert cluster.node2.rows(ZONE) == []
    assert cluster.node2.ask(GRAFANA) == "NXDOMAIN"


def test_a_zone_that_leaves_the_catalog_or_is_deleted_goes_from_the_other_node(cluster: ClusterUnderTest) -> None:
    cluster.make_zone("home.lab")
    cluster.node1.ok("zones/options/set", {"zone": ZONE, "catalog": ""})
    cluster.node1.drop_zone("home.lab")
    cluster.replicate()
    assert find_zone(cluster.node1) == ("Primary", None)
    assert {z["name"] for z in cluster.node2.ok("zones/list")["zones"]}.isdisjoint({ZONE, "home.lab"})


def test_a_node_that_was_down_has_the_writes_when_it_is_back(cluster: ClusterUnderTest) -> None:
    cluster.delay = 0.0
    cluster.kill(cluster.node2)
    cluster.node1.add(GRAFANA, "A", "10.0.0.1")
    with pytest.raises(urllib3.exceptions.NewConnectionError):
        cluster.node2.call("zones/list")
    cluster.revive(cluster.node2)
    assert cluster.node2.ask(GRAFANA) == ["10.0.0.1"]


def test_every_call_can_be_sent_to_the_node_that_it_names(cluster: ClusterUnderTest) -> None:
    text = {"zone": ZONE, "records": "grafana 60 IN A 10.0.0.1 ;ours\n"}
    refused = cluster.node2.call("zones/import", text)
    assert refused["errorMessage"] == f"Zone must be a primary or forwarder type: {ZONE}"
    cluster.node2.ok("zones/import", text | {"node": NODE1})
    assert cluster.node1.rows(ZONE) == [(GRAFANA, "A", 60, "10.0.0.1", "ours")]
    assert cluster.node2.ok("zones/list", {"node": NODE2.upper()}) == cluster.node2.ok("zones/list")


def test_a_call_that_is_passed_on_counts_on_both_nodes_and_meets_the_faults_of_the_other(
    cluster: ClusterUnderTest,
) -> None:
    def list_zones() -> requests.Response:
        headers = {"Authorization": f"Bearer {cluster.node2.token}"}
        url = f"{cluster.node2.url}/api/zones/list?node={NODE1}"
        return requests.get(url, headers=headers, timeout=5)

    assert list_zones().json()["server"] == NODE1
    assert cluster.node1.requests.counts == cluster.node2.requests.counts == {"/api/zones/list": 1}
    cluster.node1.faults.not_found = True
    assert (list_zones().status_code, list_zones().content) == (200, b"")
    cluster.node1.faults.update(not_found=False, drop_answer=True)
    assert list_zones().json()["errorMessage"] == f"An error occurred while sending the request. ({NODE1}:53443)"
    cluster.node1.faults.update(drop_answer=False, invalid_token=True)
    assert list_zones().json()["status"] == "invalid-token"


def test_a_node_that_nobody_knows_is_told_without_a_token(cluster: ClusterUnderTest) -> None:
    cluster.node2.token = "nobody's"
    answer = cluster.node2.call("zones/list", {"node": "nas.clu.test"})
    assert answer["errorMessage"] == "No such node exists in the Cluster by name: nas.clu.test"
    assert cluster.node2.call("zones/list", {"node": NODE1})["status"] == "invalid-token"


def test_a_limited_token_made_on_one_node_is_good_for_the_same_zone_on_the_other(cluster: ClusterUnderTest) -> None:
    cluster.make_zone("home.lab")
    admin = cluster.node2.token
    token = cluster.node1.limited_token(ZONE)
    cluster.node2.token = token
    assert [zone["name"] for zone in cluster.node2.ok("zones/list")["zones"]] == [ZONE]
    through = {"domain": GRAFANA, "type": "A", "ipAddress": "10.0.0.1", "node": NODE1}
    assert cluster.node2.call("zones/records/add", through)["status"] == "ok"
    elsewhere = {"domain": "home.lab", "node": NODE1}
    assert cluster.node2.call("zones/records/get", elsewhere)["errorMessage"] == "Access was denied."
    cluster.node2.token = admin
    made = cluster.node2.ok("admin/sessions/createToken", {"user": "admin", "tokenName": "second"})
    cluster.node1.token = made["token"]
    assert cluster.node1.ok("zones/list")["zones"]


def test_a_dead_primary_is_unreachable_after_a_heartbeat_or_a_call() -> None:
    now = 1000.0
    network = Network()
    with (
        Technitium(token="one", domain="a.lab", network=network, clock=lambda: now) as one,
        Technitium(token="two", domain="b.lab", network=network, clock=lambda: now) as two,
    ):
        node1, node2 = (ServerUnderTest(double.url, double.token, double.dns, double) for double in (one, two))
        join_cluster(node1, node2)
        one.kill()
        now += 29
        assert find_states(node2)["a.clu.test"] == ("Primary", "Connected")
        now += 1
        assert find_states(node2)["a.clu.test"] == ("Primary", "Unreachable")
        one.revive()
        now += 10
        assert find_states(node2)["a.clu.test"] == ("Primary", "Connected")
        one.kill()
        assert node2.call("zones/list", {"node": "a.clu.test"})["errorMessage"].startswith("Connection refused")
        assert find_states(node2)["a.clu.test"] == ("Primary", "Unreachable")
        node1.close()
        node2.close()


def test_a_promotion_loses_comments_and_what_had_not_arrived(cluster: ClusterUnderTest) -> None:
    cluster.node1.add(GRAFANA, "A", "10.0.0.1", 300, "ours")
    cluster.replicate()
    before = cluster.node2.serial(ZONE)
    cluster.node1.add(BLOG, "A", "10.0.0.1", 300, "ours")
    cluster.node1.delete(GRAFANA, "A", "10.0.0.1")
    left = cluster.node1.serial(ZONE)
    cluster.promote(cluster.node2)
    assert cluster.node2.rows(ZONE) == [(GRAFANA, "A", 300, "10.0.0.1", "")]
    assert cluster.node2.serial(ZONE) == before + 2 == left
    assert find_zone(cluster.node2) == ("Primary", "cluster-catalog.clu.test")
    assert find_states(cluster.node2) == {NODE2: ("Primary", "Self")}


def test_the_former_primary_takes_writes_for_itself(cluster: ClusterUnderTest) -> None:
    cluster.node1.add(GRAFANA, "A", "10.0.0.1", 300, "ours")
    cluster.replicate()
    cluster.promote(cluster.node2)
    assert (cluster.node1.info["clusterInitialized"], cluster.node1.info["dnsServerDomain"]) == (False, "node1")
    assert find_zone(cluster.node1) == ("Primary", None)
    cluster.node1.ok("zones/records/add", {"domain": NAS, "type": "A", "ipAddress": "10.0.0.9", "node": "anything"})
    cluster.replicate()
    assert cluster.node1.rows(ZONE) == [(GRAFANA, "A", 300, "10.0.0.1", "ours"), (NAS, "A", 3600, "10.0.0.9", "")]
    assert cluster.node2.rows(ZONE) == [(GRAFANA, "A", 300, "10.0.0.1", "")]
    assert cluster.node2.call("zones/list", {"node": NODE1})["errorMessage"] == NOT_THERE


def test_a_primary_that_is_gone_is_not_deposed_unless_by_force(cluster: ClusterUnderTest) -> None:
    cluster.kill(cluster.node1)
    answer = cluster.node2.call("admin/cluster/secondary/promote")
    assert answer["errorMessage"] == f"Connection refused ({NODE1}:53443)"
    assert find_zone(cluster.node2)[0] == "Secondary"
    cluster.promote(cluster.node2, force=True)
    assert find_zone(cluster.node2)[0] == "Primary"
    again = cluster.node2.call("admin/cluster/secondary/promote")
    assert "only Secondary nodes can be promoted" in again["errorMessage"]


def test_two_take_themselves_for_the_primary_when_one_comes_back_that_was_deposed_by_force(
    cluster: ClusterUnderTest,
) -> None:
    cluster.node1.add(GRAFANA, "A", "10.0.0.1", 300, "ours")
    cluster.node1.double.save()
    cluster.replicate()
    cluster.kill(cluster.node1)
    cluster.promote(cluster.node2, force=True)
    cluster.revive(cluster.node1)
    assert find_states(cluster.node1)[NODE1] == ("Primary", "Self")
    assert find_states(cluster.node2) == {NODE2: ("Primary", "Self")}
    cluster.node1.add(NAS, "A", "10.0.0.9")
    cluster.replicate()
    assert [row[0] for row in cluster.node1.rows(ZONE)] == [GRAFANA, NAS]
    assert cluster.node2.rows(ZONE) == [(GRAFANA, "A", 300, "10.0.0.1", "")]
    assert cluster.node2.call("zones/list", {"node": NODE1})["errorMessage"] == NOT_THERE


def test_the_former_primary_can_join_again_once_its_zones_are_deleted(cluster: ClusterUnderTest) -> None:
    cluster.node1.add(GRAFANA, "A", "10.0.0.1")
    cluster.replicate()
    cluster.promote(cluster.node2)
    join = {
        "secondaryNodeIpAddresses": "10.77.0.1",
        "primaryNodeUrl": f"https://{NODE2}:53443/",
        "primaryNodeUsername": "admin",
        "primaryNodePassword": "admin",
    }
    assert "the zone 'clu.test' already exists" in cluster.node1.call("admin/cluster/initJoin", join)["errorMessage"]
    cluster.node1.drop_zone("clu.test")
    cluster.node1.drop_zone(ZONE)
    cluster.node1.ok("admin/cluster/initJoin", join)
    assert find_zone(cluster.node1) == ("Secondary", "cluster-catalog.clu.test")
    assert cluster.node1.ask(GRAFANA) == ["10.0.0.1"]
    assert {name: kind for name, (kind, _) in find_states(cluster.node2).items()} == {
        NODE1: "Secondary",
        NODE2: "Primary",
    }


def test_a_third_node_follows_the_new_primary(cluster: ClusterUnderTest) -> None:
    with Technitium(token="three", domain="node3.clu.test", network=cluster.node1.double.network) as double:
        node3 = ServerUnderTest(double.url, double.token, double.dns, double)
        join_cluster(cluster.node1, node3)
        cluster.node1.add(GRAFANA, "A", "10.0.0.1")
        cluster.replicate()
        assert node3.ask(GRAFANA) == ["10.0.0.1"]
        assert set(find_states(cluster.node2)) == {NODE1, NODE2, "node3.clu.test"}
        cluster.promote(cluster.node2)
        cluster.node2.add(BLOG, "A", "10.0.0.1", 300, "ours")
        cluster.replicate()
        assert node3.ask(BLOG) == ["10.0.0.1"]
        assert {name: kind for name, (kind, _) in find_states(node3).items()} == {
            NODE2: "Primary",
            "node3.clu.test": "Secondary",
        }
        node3.close()
