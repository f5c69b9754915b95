"""Technitium, held to the contract: one server, one of before, and a node of a cluster that has only copies."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import ClassVar

import dns.rrset
import pytest

from syncer.config import TechnitiumConfig
from syncer.core.plan import Key
from syncer.core.rdata import clean_value
from syncer.core.rrsets import Marker, RRset
from tests.contract.harness import ZONES
from tests.fakes.fixtures_technitium import ClusterUnderTest, ServerUnderTest
from tests.fakes.technitium import Technitium
from tests.syncer.targets.hands import foreign as list_foreign

MARKER = Marker("default")


class TechnitiumHarness:
    """See ``Harness``. The double, or a real server."""

    name: ClassVar[str] = "technitium"
    settings_type: ClassVar[type] = TechnitiumConfig
    refused: ClassVar[Mapping[str, object]] = {"recordTTL": 2_000_000}
    """Above the SOA expire time."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._stack = ExitStack()
        self.server = self._make_server(request)
        self.settings = self._make_settings()

    def _make_server(self, request: pytest.FixtureRequest) -> ServerUnderTest:
        server: ServerUnderTest = request.getfixturevalue("technitium")
        for zone in ZONES:
            server.make_zone(zone)
        return server

    def _make_settings(self) -> TechnitiumConfig:
        return TechnitiumConfig(self.server.url, self.server.token, rate_limit=100_000, timeout=5)

    def watch_steps(self, on_step: Callable[[], None]) -> None:
        """Each is a request."""

    def put_foreign(self, rrset: RRset) -> None:
        for value in rrset.values:
            self.server.add(rrset.name, rrset.type, value, rrset.ttl, "by hand")

    def drop_foreign(self, rrset: RRset) -> None:
        for value in rrset.values:
            self.server.delete(rrset.name, rrset.type, value)

    def read_foreign(self) -> object:
        return [record for zone in ZONES for record in list_foreign(self.server, zone)]

    def read_ours(self) -> dict[Key, RRset]:
        found: dict[tuple[str, str, int], list[str]] = {}
        for record in (record for zone in ZONES for record in self.server.records(zone)):
            if MARKER.knows(record.get("comments", "")):
                data = record["rData"]
                text = data["text"] if record["type"] == "TXT" else " ".join(map(str, data.values()))
                key = record["name"], record["type"], record["ttl"]
                found.setdefault(key, []).append(clean_value(record["type"], text))
        rrsets = (RRset(name, kind, ttl, tuple(sorted(values))) for (name, kind, ttl), values in found.items())
        return {(rrset.name, rrset.type): rrset for rrset in rrsets}

    def ask(self, name: str, kind: str) -> tuple[str, ...]:
        answer = self.server.ask(name, kind)
        texts = [] if isinstance(answer, str) else answer
        return tuple(sorted(read_text(text) if kind == "TXT" else clean_value(kind, text) for text in texts))

    def stop(self) -> None:
        self.server.stop_listening()

    def mute(self) -> None:
        self.server.faults.update(drop_answer=True)

    def mend(self) -> None:
        self.server.faults.reset()
        if not self.server.double.is_listening:
            self.server.listen_again()

    def close(self) -> None:
        self._stack.close()


def read_text(text: str) -> str:
    """Of a TXT record as dnspython prints it."""
    (values,) = dns.rrset.from_text(".", 0, "IN", "TXT", text)
    return b"".join(values.strings).decode()


class OldTechnitiumHarness(TechnitiumHarness):
    """The oldest version that is supported."""

    name: ClassVar[str] = "technitium 13.4"

    def _make_server(self, request: pytest.FixtureRequest) -> ServerUnderTest:
        double = self._stack.enter_context(Technitium(token=secrets.token_hex(32), version="13.4"))
        server = ServerUnderTest(double.url, double.token, double.dns, double)
        self._stack.callback(server.close)
        for zone in ZONES:
            server.make_zone(zone)
        return server


class SecondaryHarness(TechnitiumHarness):
    """The program reaches only the node that has copies; what it writes is on the other one, which is looked at."""

    name: ClassVar[str] = "secondary of technitium"

    def _make_server(self, request: pytest.FixtureRequest) -> ServerUnderTest:
        cluster: ClusterUnderTest = request.getfixturevalue("technitium_cluster")
        for zone in ZONES:
            cluster.make_zone(zone)
        self.node = cluster.node2
        return cluster.node1

    def _make_settings(self) -> TechnitiumConfig:
        return TechnitiumConfig(self.node.url, self.node.token, rate_limit=100_000, timeout=5)
