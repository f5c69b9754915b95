"""Targets that name one server twice: which of them may write to a zone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest

from syncer.config import HostsConfig, TechnitiumConfig
from syncer.errors import TargetUnreachable, ZoneUnusable
from syncer.targets.hosts.target import HostsTarget
from syncer.targets.shared_servers import MEMORY, ServerUse, SharedServers, ZonePlace
from syncer.targets.technitium.nodes import read_session
from syncer.targets.technitium.target import TechnitiumTarget
from tests.fakes.fixtures_technitium import ClusterUnderTest, ServerUnderTest
from tests.syncer.targets.hands import MARKER, ZONE, apply_well, create, held
from tests.syncer.zone.memory import Clock

ONE, OTHER = frozenset({"ns1 since 08:00:00.1"}), frozenset({"ns2 since 08:00:00.2"})
AFTER = frozenset({"ns1 since 09:00:00.1"})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def servers(clock: Clock) -> SharedServers:
    """Nobody waits for anybody."""
    return share_zone(patience=0.0, clock=clock)


def share_zone(**more: Any) -> SharedServers:
    """Between ``lan`` and ``public``, which alone has another one, as they are made."""
    servers = SharedServers(["lan", "desk", "public"], **more)
    for target, zone in (("public", "lab"), ("public", ZONE), ("lan", ZONE)):
        ServerUse(servers, target).of_zone(zone)
    return servers


def test_two_servers_with_one_zone_are_split_horizon(servers: SharedServers) -> None:
    servers.note_server("lan", ONE)
    servers.note_server("public", OTHER)
    assert [servers.find_rival(ZonePlace(target, ZONE)) for target in ("lan", "public")] == ["", ""]


def test_servers_of_which_nothing_can_be_told_are_two(servers: SharedServers) -> None:
    for target in ("lan", "public"):
        servers.note_server(target, frozenset())
        assert servers.find_rival(ZonePlace(target, ZONE)) == ""


def test_of_one_server_the_first_target_has_the_zone_and_the_other_one_its_others(servers: SharedServers) -> None:
    for target in ("lan", "public"):
        servers.note_server(target, ONE)
    assert [servers.find_rival(ZonePlace(target, ZONE)) for target in ("public", "lan", "public")] == ["lan", "", "lan"]
    assert servers.find_rival(ZonePlace("public", "lab")) == ""


def test_who_has_written_there_before_goes_before_who_has_not(servers: SharedServers) -> None:
    for target, is_new in (("lan", True), ("public", False)):
        servers.note_server(target, ONE)
        servers.note_start(ZonePlace(target, ZONE), is_new)
    assert [servers.find_rival(ZonePlace(target, ZONE)) for target in ("lan", "public")] == ["public", ""]


def test_who_is_at_it_goes_on_when_the_other_one_is_heard_of_late(servers: SharedServers) -> None:
    servers.note_silence("lan")
    servers.note_server("public", ONE)
    assert servers.find_rival(ZonePlace("public", ZONE)) == ""
    servers.note_server("lan", ONE)
    assert [servers.find_rival(ZonePlace(target, ZONE)) for target in ("lan", "public")] == ["public", ""]


def test_a_restart_that_one_has_not_heard_of_makes_them_no_two_servers(servers: SharedServers, clock: Clock) -> None:
    for target in ("lan", "public"):
        servers.note_server(target, ONE)
        servers.find_rival(ZonePlace(target, ZONE))
    servers.note_server("public", AFTER)
    assert servers.find_rival(ZonePlace("public", ZONE)) == "lan"
    servers.note_server("lan", AFTER)
    clock.now += MEMORY + 1
    assert servers.find_rival(ZonePlace("public", ZONE)) == "lan"
    servers.note_server("public", OTHER)
    assert servers.find_rival(ZonePlace("public", ZONE)) == "lan"
    clock.now += MEMORY + 1
    assert servers.find_rival(ZonePlace("public", ZONE)) == "", "its address leads to another server by now"


def ask_in_thread(servers: SharedServers, target: str) -> tuple[Thread, list[str]]:
    told: list[str] = []
    thread = Thread(target=lambda: told.append(servers.find_rival(ZonePlace(target, ZONE))))
    thread.start()
    return thread, told


def test_a_new_target_waits_until_it_is_known_whose_the_zone_is() -> None:
    servers = share_zone(patience=60.0)
    servers.note_server("public", ONE)
    servers.note_start(ZonePlace("public", ZONE), True)
    thread, told = ask_in_thread(servers, "public")
    servers.note_server("lan", ONE)
    assert not told, "its records are not looked up yet"
    servers.note_start(ZonePlace("lan", ZONE), True)
    thread.join(30)
    assert told == ["lan"]


def test_nobody_waits_for_a_target_whose_place_has_one_name(build: Build, technitium: ServerUnderTest) -> None:
    """Such as a hosts file, which never says a word."""
    servers = SharedServers(["desk", "lan"], patience=60.0)
    technitium.make_zone(ZONE)
    hosts = HostsTarget(HostsConfig("/none", "desk"), MARKER, (ZONE,), use=ServerUse(servers, "desk"))
    lan = build(ServerUse(servers, "lan"), technitium.url, technitium.token)
    lan.zone(ZONE).recall("")
    began = time.monotonic()
    held(lan)
    assert time.monotonic() < began + 30
    hosts.close()


def test_nobody_waits_for_a_server_that_does_not_answer_and_who_is_not_new_for_none() -> None:
    servers = share_zone(patience=60.0)
    servers.note_server("public", ONE)
    servers.note_start(ZonePlace("public", ZONE), False)
    assert servers.find_rival(ZonePlace("public", ZONE)) == ""
    servers.note_start(ZonePlace("public", ZONE), True)
    thread, told = ask_in_thread(servers, "public")
    servers.note_silence("lan")
    thread.join(30)
    assert told == [""]


@pytest.mark.parametrize(
    ("info", "parts"),
    [
        ({"dnsServerDomain": "ns1", "uptimestamp": "2026-07-29T08:01:31.1117463Z"}, 1),
        ({"dnsServerDomain": "ns1", "uptimestamp": "2026-07-29T08:01:31Z"}, 0),
        ({"dnsServerDomain": "ns1"}, 0),
        ({"clusterDomain": "clu.test", "clusterNodes": [{"id": 833521062, "name": "a"}, {"id": 7, "name": "b"}]}, 2),
        ({"clusterDomain": "clu.test", "clusterNodes": [{"name": "a"}, {"id": "x", "name": "b"}]}, 0),
    ],
)
def test_only_what_no_other_server_says_counts(info: dict[str, object], parts: int) -> None:
    assert len(read_session(0, "http://ns1", info).identity) == parts


Build = Callable[[ServerUse, str, str], TechnitiumTarget]


@pytest.fixture
def build() -> Iterator[Build]:
    built: list[TechnitiumTarget] = []

    def make(use: ServerUse, url: str, token: str) -> TechnitiumTarget:
        config = TechnitiumConfig(url, token, rate_limit=1000, timeout=5)
        built.append(TechnitiumTarget(config, MARKER, (ZONE,), use=use))
        return built[-1]

    yield make
    for target in built:
        target.close()


def test_nothing_is_read_or_written_over_another_spelling_of_the_address(
    servers: SharedServers, build: Build, technitium: ServerUnderTest
) -> None:
    technitium.make_zone(ZONE)
    other = technitium.url.replace("127.0.0.1", "localhost")
    lan = build(ServerUse(servers, "lan"), technitium.url, technitium.token)
    public = build(ServerUse(servers, "public"), other, technitium.token)
    held(lan)
    apply_well(lan, create("grafana", "10.0.0.1"))
    with pytest.raises(ZoneUnusable, match=rf"zone {ZONE} is on the server of target lan too \(ns1"):
        held(public)
    with pytest.raises(ZoneUnusable, match="leave it out of the other one in TARGETS_FILE"):
        list(public.zone(ZONE).apply([create("blog", "10.0.0.1")]))
    assert len(technitium.rows(ZONE)) == 1
    apply_well(lan, create("blog", "10.0.0.1"))


def test_two_nodes_of_a_cluster_are_one_server_before_and_after_a_promotion(
    servers: SharedServers, build: Build, technitium_cluster: ClusterUnderTest
) -> None:
    cluster = technitium_cluster
    cluster.make_zone(ZONE)
    lan = build(ServerUse(servers, "lan"), cluster.node1.url, cluster.node1.token)
    public = build(ServerUse(servers, "public"), cluster.node2.url, cluster.node1.token)
    held(lan)
    with pytest.raises(ZoneUnusable, match=r"target lan too \(node1.clu.test\)"):
        held(public)
    cluster.kill(cluster.node1)
    cluster.promote(cluster.node2, force=True)
    with pytest.raises(TargetUnreachable):
        lan.check()
    public.check()
    with pytest.raises(ZoneUnusable, match=r"target lan too \(node2.clu.test\)"):
        held(public)
