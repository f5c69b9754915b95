"""A promotion in a cluster of DNS servers: the zone is on another node, without a single mark, and without what that
node had not heard of."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import pytest

from records.models import AuditEntry, DriftFinding, ManagedZone
from syncer.config import TechnitiumConfig
from syncer.targets.technitium.server import ASK_INTERVAL, SESSION
from syncer.zone.slices import SMALLEST
from tests.fakes.fixtures_technitium import ClusterUnderTest, ServerUnderTest
from tests.fakes.technitium import Technitium
from tests.syncer.targets.hands import MARKER
from tests.syncer.zone.engine import ADDRESS, OTHER, ZONE, Engine, published

NODE1, NODE2 = "node1.clu.test", "node2.clu.test"

Start = Callable[..., Engine]


@pytest.fixture
def cluster(technitium_cluster: ClusterUnderTest) -> ClusterUnderTest:
    """With a zone in its catalog, which the nodes bring into step when they are told to."""
    technitium_cluster.delay = math.inf
    technitium_cluster.make_zone(ZONE)
    return technitium_cluster


@pytest.fixture
def start(db: None, cluster: ClusterUnderTest) -> Iterator[Start]:
    """A syncer that knows the addresses of these nodes."""
    engines: list[Engine] = []

    def build(*nodes: ServerUnderTest) -> Engine:
        first, *others = (node.url for node in nodes)
        config = TechnitiumConfig(first, nodes[0].token, rate_limit=100_000, timeout=5, others=tuple(others))
        engines.append(Engine(config))
        return engines[-1]

    yield build
    for engine in engines:
        engine.close()


@pytest.fixture(params=["secondary", "both"])
def engine(request: pytest.FixtureRequest, start: Start, cluster: ClusterUnderTest) -> Engine:
    """It reaches the secondary alone, or knows both nodes."""
    engine = start(*{"secondary": [cluster.node2], "both": [cluster.node1, cluster.node2]}[request.param])
    engine.put_many(10)
    engine.settle()
    cluster.replicate()
    return engine


def promote(cluster: ClusterUnderTest, *, force: bool = False) -> None:
    if force:
        cluster.kill(cluster.node1)
    cluster.promote(cluster.node2, force=force)


def go_on(engine: Engine) -> None:
    """Long enough for every probe and every try."""
    for _ in range(8):
        engine.turn(10)
    engine.settle()


def unmarked(node: ServerUnderTest) -> list[str]:
    return [name for name, _, _, _, comments in node.rows(ZONE) if not MARKER.knows(comments)]


def apps(*numbers: int) -> dict[tuple[str, str], list[str]]:
    return {(f"app{number:03}", "A"): [ADDRESS] for number in numbers}


def complaints() -> list[tuple[str, str]]:
    """What the audit says of records that are not as they should be."""
    told = AuditEntry.objects.exclude(action__in=["created", "updated", "deleted", "marked"]).order_by("id")
    return [(entry.action, f"{entry.name}: {entry.reason}") for entry in told]


@pytest.mark.parametrize("force", [False, True])
def test_a_promotion_takes_nothing_from_us(cluster: ClusterUnderTest, engine: Engine, force: bool) -> None:
    promote(cluster, force=force)
    before = AuditEntry.objects.count()
    go_on(engine)
    assert published(cluster.node2) == apps(*range(10))
    assert unmarked(cluster.node2) == []
    assert {row.state for row in engine.rows().values()} == {"synced"}
    (entry,) = AuditEntry.objects.order_by("id")[before:]
    assert (entry.action, entry.zone, entry.name) == ("marked", ZONE, "")
    assert entry.reason == "10 records of ours had lost their marks, all at once: the marks are written again"
    assert not DriftFinding.objects.exists()
    zone = ManagedZone.objects.get()
    assert (zone.node, zone.is_unmarked, zone.serial) == (NODE2, False, cluster.node2.serial(ZONE))


@pytest.mark.parametrize("force", [False, True])
def test_what_the_new_primary_had_not_heard_of_is_done_again(
    cluster: ClusterUnderTest, engine: Engine, force: bool
) -> None:
    engine.put("late")
    engine.drop("app000")
    engine.put("app001", target=OTHER)
    engine.put("app002", ttl="60")
    engine.put("app003", target="edge.example.com")
    engine.settle(4)
    promote(cluster, force=force)
    assert ("late", "A") not in published(cluster.node2)
    go_on(engine)
    expected = apps(*range(4, 10), 2) | {
        ("late", "A"): [ADDRESS],
        ("app001", "A"): [OTHER],
        ("app003", "CNAME"): ["edge.example.com"],
    }
    assert published(cluster.node2) == expected
    assert unmarked(cluster.node2) == []
    assert {ttl for name, _, ttl, _, _ in cluster.node2.rows(ZONE) if name == f"app002.{ZONE}"} == {60}
    assert complaints() == []
    assert not DriftFinding.objects.exists()
    assert {row.state for row in engine.rows().values()} == {"synced"}


def test_a_promotion_changes_nothing_of_a_thousand_records_but_their_marks(
    cluster: ClusterUnderTest, start: Start
) -> None:
    """And at no moment does one of them not answer."""
    cluster.node1.add(f"nas.{ZONE}", "A", OTHER, 77, "by hand")
    cluster.node1.add(f"printer.{ZONE}", "TXT", "by hand")
    engine = start(cluster.node1, cluster.node2)
    engine.put_many(1000)
    engine.settle()
    cluster.replicate()
    before = [row[:4] for row in cluster.node2.rows(ZONE)]
    told = AuditEntry.objects.count()
    answers: list[object] = []
    engine.observe = lambda *_: answers.append(cluster.node2.ask(f"app500.{ZONE}"))
    promote(cluster)
    go_on(engine)
    assert [row[:4] for row in cluster.node2.rows(ZONE)] == before
    assert len(before) == 1002
    assert unmarked(cluster.node2) == [f"nas.{ZONE}", f"printer.{ZONE}"]
    assert [answer for answer in answers if answer != [ADDRESS]] == []
    (entry,) = AuditEntry.objects.order_by("id")[told:]
    assert (entry.action, entry.reason.split()[0]) == ("marked", "1000")
    assert {(row.state, row.owned) for row in engine.rows().values()} == {("synced", True)}


def test_names_come_and_go_while_a_node_is_promoted(cluster: ClusterUnderTest, engine: Engine) -> None:
    engine.put("before")
    engine.turn()
    promote(cluster)
    engine.put("after")
    engine.drop("app000")
    engine.put("app001", target=OTHER)
    go_on(engine)
    expected = apps(*range(2, 10)) | {("before", "A"): [ADDRESS], ("after", "A"): [ADDRESS], ("app001", "A"): [OTHER]}
    assert published(cluster.node2) == expected
    assert unmarked(cluster.node2) == []
    assert complaints() == []


def test_the_serial_of_our_last_write_on_another_node_hides_nothing(cluster: ClusterUnderTest, engine: Engine) -> None:
    engine.put("one")
    engine.put("two")
    engine.settle()
    left = cluster.node1.serial(ZONE)
    promote(cluster)
    assert cluster.node2.serial(ZONE) == left
    go_on(engine)
    assert published(cluster.node2) == apps(*range(10)) | {("one", "A"): [ADDRESS], ("two", "A"): [ADDRESS]}


def test_a_syncer_that_starts_after_the_promotion_knows_it(cluster: ClusterUnderTest, engine: Engine) -> None:
    engine.put("late")
    engine.drop("app000")
    engine.settle(4)
    promote(cluster)
    engine.start()
    go_on(engine)
    assert published(cluster.node2) == apps(*range(1, 10)) | {("late", "A"): [ADDRESS]}
    assert unmarked(cluster.node2) == []
    assert complaints() == []


def test_a_crash_before_the_first_list_on_the_other_node_loses_nothing(
    cluster: ClusterUnderTest, engine: Engine
) -> None:
    """The new node must not pass for the one that was written to last."""
    promote(cluster)
    engine.put("new")
    engine.turn()
    engine.start()
    go_on(engine)
    assert published(cluster.node2) == apps(*range(10)) | {("new", "A"): [ADDRESS]}
    assert unmarked(cluster.node2) == []
    assert complaints() == []


def test_the_old_primary_is_left_alone_when_it_is_back(cluster: ClusterUnderTest, start: Start) -> None:
    engine = start(cluster.node1, cluster.node2)
    engine.put_many(10)
    engine.settle()
    cluster.replicate()
    cluster.node1.double.save()
    promote(cluster, force=True)
    go_on(engine)
    cluster.revive(cluster.node1)
    before = cluster.node1.rows(ZONE)
    for number in range(5):
        engine.put(f"new{number}")
        engine.turn(ASK_INTERVAL)
    engine.start()
    go_on(engine)
    assert cluster.node1.rows(ZONE) == before
    assert len(published(cluster.node2)) == 15
    assert complaints() == []


@pytest.mark.parametrize("saved", [True, False])
def test_what_came_while_the_primary_was_away_is_done_when_it_is_back(
    cluster: ClusterUnderTest, engine: Engine, saved: bool
) -> None:
    """Also when it has forgotten what it was told last. The copy is left alone, and asked who has the zone."""
    if saved:
        cluster.node1.double.save()
    cluster.kill(cluster.node1)
    engine.put("late")
    engine.drop("app000")
    copy = cluster.node2.rows(ZONE)
    asked = cluster.node2.requests.counts[SESSION]
    for seconds in (11, 2, 4):
        engine.turn(seconds)
        assert engine.target_loop.health.problem
    assert cluster.node2.requests.counts[SESSION] == asked + 2, "at the first nothing was wrong yet"
    cluster.revive(cluster.node1)
    go_on(engine)
    assert published(cluster.node1) == apps(*range(1, 10)) | {("late", "A"): [ADDRESS]}
    assert unmarked(cluster.node1) == []
    assert cluster.node2.rows(ZONE) == copy
    assert (engine.target_loop.health.problem, complaints()) == ("", [])
    assert not AuditEntry.objects.filter(action="marked").exists()


def test_two_servers_in_no_cluster_are_refused_at_the_start_and_neither_is_written_to(
    cluster: ClusterUnderTest, start: Start
) -> None:
    cluster.promote(cluster.node2)  # and the other one is in none any more
    with Technitium(token=cluster.node1.token) as double:
        other = ServerUnderTest(double.url, double.token, double.dns, double)
        other.make_zone(ZONE)
        engine = start(cluster.node1, other)
        engine.put("grafana")
        for _ in range(3):
            engine.turn(10)
        assert "each with zones of its own, and in no cluster" in engine.target_loop.health.problem
        assert published(cluster.node1) == published(other) == {}
        other.close()


@pytest.mark.double_only
def test_of_two_addresses_of_one_server_the_one_that_answers_will_do(db: None, technitium: ServerUnderTest) -> None:
    technitium.make_zone(ZONE)
    config = TechnitiumConfig("http://127.0.0.1:1", technitium.token, rate_limit=100_000, others=(technitium.url,))
    engine = Engine(config)
    engine.put("grafana")
    engine.settle()
    assert published(technitium) == {("grafana", "A"): [ADDRESS]}
    assert engine.target_loop.health.problem == ""
    engine.close()


def test_a_node_that_left_its_cluster_is_written_to_where_it_is_the_only_one_named_and_that_is_said(
    cluster: ClusterUnderTest, start: Start
) -> None:
    engine = start(cluster.node1)
    engine.put_many(5)
    engine.settle()
    promote(cluster)
    engine.put("new")
    go_on(engine)
    assert published(cluster.node1) == apps(*range(5)) | {("new", "A"): [ADDRESS]}
    assert "left the cluster clu.test" in engine.target_loop.health.warning
    engine.start()
    go_on(engine)
    assert "left the cluster clu.test" in engine.target_loop.health.warning
    assert complaints() == []


def test_a_promotion_back_and_forth(cluster: ClusterUnderTest, start: Start) -> None:
    engine = start(cluster.node1, cluster.node2)
    engine.put_many(5)
    engine.settle()
    cluster.replicate()
    promote(cluster)
    go_on(engine)
    for zone in ("clu.test", ZONE):
        cluster.node1.drop_zone(zone)
    join = {
        "secondaryNodeIpAddresses": "10.77.0.1",
        "primaryNodeUrl": f"https://{NODE2}:53443/",
        "primaryNodeUsername": "admin",
        "primaryNodePassword": "admin",
    }
    cluster.node1.ok("admin/cluster/initJoin", join)
    cluster.replicate()
    cluster.promote(cluster.node1)
    engine.drop("app000")
    go_on(engine)
    assert published(cluster.node1) == apps(*range(1, 5))
    assert unmarked(cluster.node1) == []
    assert complaints() == []
    assert ManagedZone.objects.get().node == NODE1


def test_on_another_node_one_record_without_its_mark_is_enough(cluster: ClusterUnderTest, start: Start) -> None:
    engine = start(cluster.node2)
    engine.put("grafana")
    engine.put("went")
    engine.settle()
    cluster.replicate()
    engine.drop("went")
    engine.put("late")
    engine.settle(4)
    promote(cluster)
    go_on(engine)
    assert published(cluster.node2) == {("grafana", "A"): [ADDRESS], ("late", "A"): [ADDRESS]}
    assert unmarked(cluster.node2) == []
    assert complaints() == []


def test_a_crash_in_the_middle_of_writing_marks_on_another_node_ends_well(
    cluster: ClusterUnderTest, start: Start
) -> None:
    """After it fewer than half are without a mark."""
    engine = start(cluster.node2)
    engine.slow_down()
    engine.put_many(3 * SMALLEST)
    engine.settle()
    cluster.replicate()
    promote(cluster)
    for _ in range(2):
        engine.turn(11)
    assert len(unmarked(cluster.node2)) == SMALLEST
    engine.start()
    go_on(engine)
    assert unmarked(cluster.node2) == []
    assert complaints() == []
    assert AuditEntry.objects.filter(action="marked").count() == 1


def test_what_a_hand_took_from_us_before_the_promotion_stays_with_it(cluster: ClusterUnderTest, engine: Engine) -> None:
    """What is foreign by the ledger stays so; all the rest is ours."""
    cluster.node1.delete(f"app003.{ZONE}", "A", ADDRESS)
    cluster.node1.add(f"app003.{ZONE}", "A", ADDRESS)
    engine.settle(11)
    assert engine.state("app003") == "foreign"
    cluster.replicate()
    promote(cluster)
    go_on(engine)
    assert unmarked(cluster.node2) == [f"app003.{ZONE}"]
    assert engine.state("app003") == "foreign"
