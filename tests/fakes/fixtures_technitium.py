"""The fixture ``technitium``: the double, or a real server when CATALYST_TEST_TECHNITIUM_URL, _TOKEN and _DNS name one.

A test marked ``double_only`` needs what a real server cannot do (faults, counters, a look inside); it is skipped there.
A test marked ``technitium_version("14.3")`` gets a double of that version. The fixture ``technitium_cluster`` is two
doubles, always.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlencode, urlsplit

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest
import urllib3

from tests.fakes.technitium import Faults, Network, Technitium
from tests.fakes.technitium.faults import RequestLog
from tests.fakes.technitium.web import BACKSTAGE

REAL = "CATALYST_TEST_TECHNITIUM"
CLUSTER = "clu.test"
FIELDS = {"A": "ipAddress", "AAAA": "ipAddress", "CNAME": "cname", "TXT": "text", "NS": "nameServer", "PTR": "ptrName"}
"""Types that ``add`` takes by one value; any other needs its parameters by name."""


class ServerUnderTest:
    """A server to which a test talks, and hands to arrange it. All of it works over HTTP and DNS, unless it says so."""

    def __init__(self, url: str, token: str, dns_address: tuple[str, int], double: Technitium | None = None) -> None:
        self.url = url
        self.token = token
        self.dns = dns_address
        self._double = double
        self._pool = urllib3.connection_from_url(url)  # half of the work that a session of requests makes of a call
        self._path = urlsplit(url).path.rstrip("/")
        self._zones: list[str] = []
        self._users: list[str] = []
        self.version = double.tree.dialect.version if double else self._read_version()
        self._form_token = int(self.version.partition(".")[0]) < 15

    def _read_version(self) -> str:
        """Every version takes a token in the form."""
        answer = self._post("user/session/get", {"token": self.token}, {})
        assert "info" in answer, answer
        return str(answer["info"]["version"])

    @property
    def double(self) -> Technitium:
        """For what only the double has."""
        assert self._double, "this test needs the double: mark it double_only"
        return self._double

    @property
    def faults(self) -> Faults:
        return self.double.faults

    @property
    def requests(self) -> RequestLog:
        return self.double.requests

    def crash(self) -> None:
        self.double.crash()

    def stop_listening(self) -> None:
        self.double.stop_listening()

    def listen_again(self) -> None:
        self.double.listen_again()

    def call(self, path: str, params: Mapping[str, object] | None = None) -> dict[str, Any]:
        """The whole answer of ``/api/<path>``, errors included. Not in ``requests``, and out of reach of the faults
        of HTTP."""
        form = {name: str(value) for name, value in (params or {}).items()}
        headers = {}
        if self._double and self._double.faults.cluster_primary:
            form["node"] = self._double.faults.cluster_primary
        if self._form_token:
            form["token"] = self.token
        else:
            headers["Authorization"] = f"Bearer {self.token}"
        return self._post(path, form, headers)

    def _post(self, path: str, form: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, Any]:
        sent = {BACKSTAGE: "yes", "Content-Type": "application/x-www-form-urlencoded", **headers}
        place = f"{self._path}/api/{path}"
        reply = self._pool.urlopen("POST", place, urlencode(form), sent, retries=False, timeout=30)
        assert reply.status == 200, f"{place} answered {reply.status}"
        answer: dict[str, Any] = json.loads(reply.data)
        return answer

    def ok(self, path: str, params: Mapping[str, object] | None = None) -> dict[str, Any]:
        """The ``response`` of a call that must succeed."""
        answer = self.call(path, params)
        assert answer["status"] == "ok", answer
        response: dict[str, Any] = answer.get("response", answer)
        return response

    @property
    def info(self) -> dict[str, Any]:
        """What a session is told of the server."""
        return dict(self.ok("user/session/get")["info"])

    def make_zone(self, name: str, kind: str = "Primary") -> str:
        """A fresh zone of this name; on a real server one that is there already is thrown away first."""
        self.call("zones/delete", {"zone": name})
        self.ok("zones/create", {"zone": name, "type": kind})
        self._zones.append(name)
        return name

    def drop_zone(self, name: str) -> None:
        self.call("zones/delete", {"zone": name})

    def disable_zone(self, name: str) -> None:
        self.ok("zones/disable", {"zone": name})

    def add(
        self,
        name: str,
        type: str,
        value: str,
        ttl: int = 300,
        comments: str = "",
        *,
        disable: bool = False,
        **more: object,
    ) -> None:
        """By hand, as a person would. ``more`` are parameters of records/add as they are (``priority``, ``ptr``)."""
        params: dict[str, object] = {"domain": name, "type": type, "ttl": ttl, "comments": comments, **more}
        params[FIELDS.get(type, "value")] = value
        self.ok("zones/records/add", params)
        if disable:
            self.ok("zones/records/update", params | {"disable": "true"})

    def delete(self, name: str, type: str, value: str) -> None:
        self.ok("zones/records/delete", {"domain": name, "type": type, FIELDS.get(type, "value"): value})

    def records(self, zone: str) -> list[dict[str, Any]]:
        """Every record of the zone, as the server shows it."""
        found: list[dict[str, Any]] = self.ok("zones/records/get", {"domain": zone, "zone": zone, "listZone": "true"})[
            "records"
        ]
        return found

    def rows(self, zone: str) -> list[tuple[str, str, int, str, str]]:
        """(name, type, TTL, value, comments) in sorted order, without SOA and NS."""
        return sorted(
            (r["name"], r["type"], r["ttl"], " ".join(map(str, r["rData"].values())), r.get("comments", ""))
            for r in self.records(zone)
            if r["type"] not in ("SOA", "NS")
        )

    def serial(self, zone: str) -> int:
        zones = self.ok("zones/list")["zones"]
        return next(int(z["soaSerial"]) for z in zones if z["name"] == zone)

    def limited_token(self, *zones: str, rights: str = "true|true|true") -> str:
        """A token that has these rights (view, modify, delete) on the records of these zones, and no others."""
        user = f"test-{secrets.token_hex(4)}"
        self.ok("admin/users/create", {"user": user, "pass": secrets.token_hex(8)})
        self._users.append(user)
        for zone in zones:
            permissions = f"admin|true|true|true|{user}|{rights}"
            self.ok("zones/permissions/set", {"zone": zone, "userPermissions": permissions})
        return str(self.ok("admin/sessions/createToken", {"user": user, "tokenName": "test"})["token"])

    def ask(self, name: str, type: str = "A") -> list[str] | str:
        """A DNS question: the values of that type in sorted order, [] for no data, else the rcode (``NXDOMAIN``)."""
        query = dns.message.make_query(name, type)
        host, port = self.dns
        for again in (True, True, False):  # on a busy machine a datagram may get lost
            try:
                reply, _ = dns.query.udp_with_fallback(query, host, timeout=5, port=port)
                break
            except dns.exception.Timeout:
                if not again:
                    raise
        if reply.rcode():
            return dns.rcode.to_text(reply.rcode())
        wanted = dns.rdatatype.from_text(type)
        return sorted(str(item).removesuffix(".") for rrset in reply.answer if rrset.rdtype == wanted for item in rrset)

    def close(self) -> None:
        if not self._double:
            for name in self._zones:
                self.drop_zone(name)
            for name in self._users:
                self.call("admin/users/delete", {"user": name})
        self._pool.close()


def join_cluster(primary: ServerUnderTest, node: ServerUnderTest) -> None:
    """Make ``node`` a secondary of ``primary``, which founds the cluster when it has none."""
    if not primary.info["clusterInitialized"]:
        primary.ok("admin/cluster/init", {"clusterDomain": CLUSTER, "primaryNodeIpAddresses": "10.77.0.1"})
    join = {
        "secondaryNodeIpAddresses": "10.77.0.2",
        "primaryNodeUrl": f"https://{primary.info['dnsServerDomain']}:53443/",
        "primaryNodeUsername": "admin",
        "primaryNodePassword": "admin",
    }
    node.ok("admin/cluster/initJoin", join)
    node.token = primary.token


class ClusterUnderTest:
    """``node1``, the primary at first, and ``node2``, its secondary. A token of one is good for both."""

    def __init__(self, network: Network, node1: ServerUnderTest, node2: ServerUnderTest) -> None:
        self.node1 = node1
        self.node2 = node2
        self._network = network

    @property
    def delay(self) -> float:
        """Seconds from a write on the primary until the other node has it; inf: it gets it by ``replicate``."""
        return self._network.delay

    @delay.setter
    def delay(self, seconds: float) -> None:
        self._network.delay = seconds

    def make_zone(self, name: str) -> str:
        """On ``node1``, a member of the catalog, and on ``node2`` already."""
        self.node1.make_zone(name)
        self.node1.ok("zones/options/set", {"zone": name, "catalog": f"cluster-catalog.{CLUSTER}"})
        self.replicate()
        return name

    def replicate(self) -> None:
        """Bring every write to every node that is up, now."""
        self._network.replicate()

    def promote(self, node: ServerUnderTest, *, force: bool = False) -> None:
        """Make it the primary; ``force``: whether or not the old one is there, which does not hear of it."""
        node.ok("admin/cluster/secondary/promote", {"forceDeletePrimary": force})

    def kill(self, node: ServerUnderTest) -> None:
        """Neither HTTP nor DNS answers until ``revive``, and writes that were not saved are lost."""
        node.double.kill()

    def revive(self, node: ServerUnderTest) -> None:
        node.double.revive()


@pytest.fixture
def technitium_cluster() -> Iterator[ClusterUnderTest]:
    """A cluster of two, without a zone of ours. A node takes notice within 0.6 s that the other is gone."""
    if os.environ.get(f"{REAL}_URL"):
        pytest.skip("only doubles can be joined to a cluster")
    network = Network(delay=0.2, heartbeat=0.6)
    with ExitStack() as stack:
        nodes = []
        for number in (1, 2):
            domain = f"node{number}.{CLUSTER}"
            double = stack.enter_context(Technitium(token=secrets.token_hex(32), domain=domain, network=network))
            nodes.append(ServerUnderTest(double.url, double.token, double.dns, double))
            stack.callback(nodes[-1].close)
        join_cluster(*nodes)
        yield ClusterUnderTest(network, *nodes)


@pytest.fixture
def technitium(request: pytest.FixtureRequest) -> Iterator[ServerUnderTest]:
    marker = request.node.get_closest_marker("technitium_version")
    if url := os.environ.get(f"{REAL}_URL"):
        if marker or request.node.get_closest_marker("double_only"):
            pytest.skip("only a double can do this")
        host, _, port = os.environ[f"{REAL}_DNS"].rpartition(":")
        server = ServerUnderTest(url, os.environ[f"{REAL}_TOKEN"], (host, int(port)))
        yield server
        server.close()
        return
    with Technitium(token=secrets.token_hex(32), version=marker.args[0] if marker else "15.2") as double:
        server = ServerUnderTest(double.url, double.token, double.dns, double)
        yield server
        double.faults.reset()
        server.close()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "technitium_version(version): a Technitium double of this version")
