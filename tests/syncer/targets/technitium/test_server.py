from __future__ import annotations

from collections.abc import Iterator

import pytest

from syncer.config import TechnitiumConfig
from syncer.pacing import RateLimit
from syncer.targets.technitium.client import TechnitiumClient
from syncer.targets.technitium.server import ADMINISTERS, IMPORTS, IMPORTS_NOT, SESSION, TechnitiumServer, parse_version
from tests.fakes.fixtures_technitium import ServerUnderTest


@pytest.fixture
def server(technitium: ServerUnderTest) -> Iterator[TechnitiumServer]:
    config = TechnitiumConfig(technitium.url, technitium.token)
    client = TechnitiumClient(config, RateLimit(1000), lambda *_: None)
    yield TechnitiumServer([client])
    client.close()


def test_versions_are_compared_as_numbers() -> None:
    assert parse_version("13.10") > parse_version("13.4") > parse_version("9.1") > parse_version("")


@pytest.mark.double_only
@pytest.mark.technitium_version("13.4")
def test_an_old_version_is_known_after_one_question(technitium: ServerUnderTest, server: TechnitiumServer) -> None:
    for _ in range(3):
        server.ensure_route()
    assert technitium.requests.counts[SESSION] == 2  # one more for the token as a form field
    assert server.is_before(13, 5)
    assert server.ignores_duplicates


def test_it_is_told_which_zones_there_are(technitium: ServerUnderTest, server: TechnitiumServer) -> None:
    technitium.make_zone("talos00")
    state = server.read_zones()["talos00"]
    assert (state.kind, state.serial) == ("Primary", technitium.serial("talos00"))


@pytest.mark.double_only
def test_a_restart_is_told_from_a_connection_that_broke(technitium: ServerUnderTest, server: TechnitiumServer) -> None:
    server.read_zones()
    before = server.connection
    technitium.stop_listening()
    technitium.listen_again()
    server.read_zones()
    assert server.connection != before
    assert not server.connection.shows_restart(before)
    technitium.crash()
    server.read_zones()
    assert server.connection.shows_restart(before)


@pytest.mark.double_only
def test_what_the_primary_of_a_cluster_must_do_is_sent_there(
    technitium: ServerUnderTest, server: TechnitiumServer
) -> None:
    server.ask_nodes()
    server.call("/api/zones/list", {})
    technitium.faults.cluster_primary = "ns0.cluster.lab"
    server.ask_nodes()
    server.call("/api/zones/list", {})
    nodes = [request.params.get("node") for request in technitium.requests.seen if request.path == "/api/zones/list"]
    assert nodes == [None, "ns0.cluster.lab"]


def test_it_describes_itself_with_version_and_rights(technitium: ServerUnderTest, server: TechnitiumServer) -> None:
    assert server.describe().version == ""
    server.read_zones()
    report = server.describe()
    assert (report.place, report.name) == (technitium.url, technitium.info["dnsServerDomain"])
    assert report.version == technitium.info["version"]
    assert (report.rights, report.excess) == (IMPORTS, ADMINISTERS), "the token of a test is an administrator's"
    server.may_import = False
    assert server.describe().rights == IMPORTS_NOT


def test_a_token_that_can_do_little_can_do_no_more_than_it_needs(technitium: ServerUnderTest) -> None:
    technitium.make_zone("talos00")
    config = TechnitiumConfig(technitium.url, technitium.limited_token("talos00"))
    client = TechnitiumClient(config, RateLimit(1000), lambda *_: None)
    server = TechnitiumServer([client])
    server.ask_nodes()
    assert (server.describe().rights, server.describe().excess) == (IMPORTS_NOT, "")
