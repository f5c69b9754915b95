"""The target and two servers that are one cluster: which node it asks, and what it makes of a promotion."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import pytest

from syncer.config import TechnitiumConfig
from syncer.errors import ServerRefused, TargetUnreachable
from syncer.targets.base import Outcome, Result
from syncer.targets.technitium.server import ASK_INTERVAL, LIST, SESSION, SILENCE
from syncer.targets.technitium.target import TechnitiumTarget
from tests.fakes.fixtures_technitium import ClusterUnderTest, ServerUnderTest
from tests.fakes.technitium import Technitium
from tests.syncer.targets.hands import MARK, MARKER, ZONE, apply_well, create, delete, held
from tests.syncer.zone.memory import Clock

NODE1, NODE2 = "node1.clu.test", "node2.clu.test"
GRAFANA = f"grafana.{ZONE}"

Build = Callable[..., TechnitiumTarget]


@pytest.fixture
def cluster(technitium_cluster: ClusterUnderTest) -> ClusterUnderTest:
    """With a zone in its catalog, which the nodes bring into step when they are told to."""
    technitium_cluster.delay = math.inf
    technitium_cluster.make_zone(ZONE)
    return technitium_cluster


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def build(clock: Clock) -> Iterator[Build]:
    """A target that knows the addresses of these servers."""
    built: list[TechnitiumTarget] = []

    def make(*servers: ServerUnderTest) -> TechnitiumTarget:
        first, *others = (server.url for server in servers)
        config = TechnitiumConfig(first, servers[0].token, rate_limit=1000, timeout=5, others=tuple(others))
        built.append(TechnitiumTarget(config, MARKER, (ZONE,), clock=clock, sleep=clock.sleep))
        return built[-1]

    yield make
    for target in built:
        target.close()


@pytest.fixture(params=["primary", "secondary", "both"])
def target(request: pytest.FixtureRequest, build: Build, cluster: ClusterUnderTest) -> TechnitiumTarget:
    """That knows the node with the zone, or the other one, or both."""
    nodes = {"primary": [cluster.node1], "secondary": [cluster.node2], "both": [cluster.node2, cluster.node1]}
    return build(*nodes[request.param])


def test_it_reads_and_writes_on_the_primary(cluster: ClusterUnderTest, target: TechnitiumTarget) -> None:
    assert target.serials() == {}  # it was never listed
    assert held(target) == {}
    apply_well(target, create("grafana", "10.0.0.1"))
    apply_well(target, *(create(f"app{number}", "10.0.0.1") for number in range(7)))
    assert cluster.node1.rows(ZONE)[7] == (GRAFANA, "A", 300, "10.0.0.1", MARK)
    assert held(target)[GRAFANA, "A"].marks == (MARK,)
    assert target.zone(ZONE).node == NODE1
    assert target.zone(ZONE).left_serial == target.serials()[ZONE] == cluster.node1.serial(ZONE)
    apply_well(target, delete(held(target)[GRAFANA, "A"]))
    assert cluster.node2.rows(ZONE) == []


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("through", ["secondary", "both"])
def test_it_goes_over_to_the_node_that_was_promoted(
    cluster: ClusterUnderTest, build: Build, through: str, force: bool, caplog: pytest.LogCaptureFixture
) -> None:
    target = build(cluster.node2) if through == "secondary" else build(cluster.node1, cluster.node2)
    held(target)
    apply_well(target, create("grafana", "10.0.0.1"))
    cluster.replicate()
    if force:
        cluster.kill(cluster.node1)
    cluster.promote(cluster.node2, force=force)
    if force and through == "both":
        with pytest.raises(TargetUnreachable):
            target.serials()
    assert target.serials() == {}  # what is known of the zone is known of it on the other node
    assert target.zone(ZONE).node == NODE2
    assert held(target)[GRAFANA, "A"].marks == ("",)
    apply_well(target, create("blog", "10.0.0.1"))
    assert cluster.node2.ask(f"blog.{ZONE}") == ["10.0.0.1"]
    assert [record.message for record in caplog.records if "zones are on" in record.message] == [
        f"The zones are on {NODE2} now; {NODE1} had them before"
    ]


def test_the_serial_of_our_last_write_proves_nothing_on_another_node(cluster: ClusterUnderTest, build: Build) -> None:
    target = build(cluster.node2)
    held(target)
    apply_well(target, create("grafana", "10.0.0.1"))
    apply_well(target, create("blog", "10.0.0.1"))
    left = target.zone(ZONE).left_serial
    cluster.promote(cluster.node2)
    assert cluster.node2.serial(ZONE) == left
    assert target.serials() == {}


def test_a_node_that_is_no_more_is_not_asked_for_twice(cluster: ClusterUnderTest, build: Build, clock: Clock) -> None:
    target = build(cluster.node2)
    held(target)
    cluster.promote(cluster.node2)
    with pytest.raises(TargetUnreachable, match=f"{NODE1} is not in the cluster of"):
        target.zone(ZONE).read([GRAFANA])
    assert list(target.zone(ZONE).read([GRAFANA]).found) == []
    assert target.zone(ZONE).node == NODE2


def test_nothing_is_written_on_a_node_before_the_zone_was_listed_there(
    cluster: ClusterUnderTest, build: Build, clock: Clock
) -> None:
    target = build(cluster.node1, cluster.node2)
    held(target)
    cluster.promote(cluster.node2)
    clock.now += ASK_INTERVAL
    with pytest.raises(TargetUnreachable, match=f"zone {ZONE} is on {NODE2} now: it has to be listed first"):
        target.zone(ZONE).apply([create("grafana", "10.0.0.1")])
    held(target)
    apply_well(target, create("grafana", "10.0.0.1"))
    assert cluster.node1.rows(ZONE) == []


def test_a_write_that_shows_another_catalog_counts_for_unknown(cluster: ClusterUnderTest, build: Build) -> None:
    """It went to a node that takes writes and is asked by nobody."""
    target = build(cluster.node1, cluster.node2)
    held(target)
    target.serials()
    cluster.promote(cluster.node2)
    change = create("grafana", "10.0.0.1")
    results = target.zone(ZONE).apply([change])
    assert [result.outcome for result in _take(results)] == [Outcome.UNKNOWN]
    target.serials()
    assert target.zone(ZONE).node == NODE2


def _take(results: Iterator[Result]) -> list[Result]:
    found = [next(results)]
    with pytest.raises(TargetUnreachable, match="another role in its cluster"):
        next(results)
    return found


def test_it_waits_while_the_primary_is_away(cluster: ClusterUnderTest, build: Build) -> None:
    """And takes no copy for the zone, nor the server behind which it is for a dead one."""
    target = build(cluster.node1, cluster.node2)
    held(target)
    cluster.kill(cluster.node1)
    for _ in range(3):
        with pytest.raises(TargetUnreachable, match=r"127\.0\.0\.1|Connection refused \(node1"):
            target.serials()
    cluster.revive(cluster.node1)
    target.serials()
    assert target.zone(ZONE).node == NODE1
    assert held(target) == {}


def test_the_old_primary_that_comes_back_by_force_deposed_is_left_alone(
    cluster: ClusterUnderTest, build: Build, clock: Clock
) -> None:
    target = build(cluster.node1, cluster.node2)
    cluster.node1.double.save()
    held(target)
    cluster.kill(cluster.node1)
    cluster.promote(cluster.node2, force=True)
    with pytest.raises(TargetUnreachable):
        target.serials()
    target.serials()
    cluster.revive(cluster.node1)
    for _ in range(3):
        clock.now += ASK_INTERVAL
        target.serials()
        assert target.zone(ZONE).node == NODE2


def test_who_is_the_primary_is_asked_every_minute_and_over_a_new_connection(
    cluster: ClusterUnderTest, build: Build, clock: Clock
) -> None:
    target = build(cluster.node2)
    asked = cluster.node2.requests.counts
    for seconds, count in [(0, 1), (ASK_INTERVAL - 1, 1), (1, 2), (ASK_INTERVAL - 1, 2)]:
        clock.now += seconds
        target.serials()
        assert asked[SESSION] == count
    cluster.node2.stop_listening()
    cluster.node2.listen_again()
    target.serials()
    assert asked[SESSION] == 3
    assert asked[LIST] == 5


def test_an_address_that_is_silent_is_asked_seldom(
    cluster: ClusterUnderTest, build: Build, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    target = build(cluster.node1, cluster.node2)
    cluster.kill(cluster.node2)
    for _ in range(5):
        target.serials()
        clock.now += ASK_INTERVAL
    assert len([message for message in caplog.messages if "another one of its addresses answers" in message]) == 1
    cluster.revive(cluster.node2)
    target.serials()
    assert cluster.node2.requests.counts[SESSION] == 0
    clock.now += SILENCE
    target.serials()
    assert cluster.node2.requests.counts[SESSION] == 1


def test_a_node_that_left_its_cluster_says_so_where_it_is_the_only_one_named(
    cluster: ClusterUnderTest, build: Build, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    target = build(cluster.node1)
    held(target)
    assert target.warning == ""
    cluster.promote(cluster.node2)
    for _ in range(3):
        clock.now += ASK_INTERVAL
        target.serials()
    warning = f"node1 ({cluster.node1.url}) left the cluster clu.test: no cluster serves what it holds; name the nodes"
    assert target.warning.startswith(warning)
    assert [message for message in caplog.messages if "left the cluster" in message] == [target.warning]
    again = build(cluster.node1)
    again.zone(ZONE).recall(NODE1)
    again.serials()
    assert again.warning == target.warning
    assert again.zone(ZONE).node == NODE1


def test_a_node_that_left_its_cluster_loses_to_the_primary(cluster: ClusterUnderTest, build: Build) -> None:
    cluster.promote(cluster.node2)
    target = build(cluster.node1, cluster.node2)
    target.serials()
    assert (target.zone(ZONE).node, target.warning) == (NODE2, "")


def test_two_servers_that_are_no_cluster_are_refused(cluster: ClusterUnderTest, build: Build) -> None:
    with Technitium(token=cluster.node1.token) as other:
        other.tree.create(ZONE)
        alone = ServerUnderTest(other.url, other.token, other.dns, other)
        cluster.promote(cluster.node2)
        target = build(cluster.node1, alone)
        with pytest.raises(ServerRefused, match="several servers, each with zones of its own, and in no cluster"):
            target.serials()
        with pytest.raises(ServerRefused, match="several servers"):
            target.check()
        alone.close()
