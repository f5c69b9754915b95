"""Plays the tapes of two real nodes of a cluster against two doubles of it, at the seconds of the tape."""

from __future__ import annotations

import contextlib
from typing import Any
from urllib.parse import urlencode

from tests.fakes.tape import FORM, PASSWORD, Player, Step, scrub_answer, sort_members
from tests.fakes.technitium import Network, Technitium
from tests.fakes.technitium.rdata import make_rdata
from tests.fakes.technitium.tree import Record

DOMAIN, ZONE = "clu.test", "home.test"
NOTED = ("version", "dnsServerDomain", "clusterInitialized", "clusterDomain", "clusterNodes")
"""What the tapes have of a session's info; null for what the server did not say."""
START = 1_000_000.0
AGE = 60.0
"""Seconds that the cluster is old with which a tape begins."""
SERIALS = {DOMAIN: 72, f"cluster-catalog.{DOMAIN}": 12, ZONE: 47}
"""Of its zones when that tape begins."""


class ClusterPlayer(contextlib.ExitStack):
    def __init__(self) -> None:
        super().__init__()
        self._now = START
        self._network = Network()
        self._nodes: dict[int, Technitium] = {}
        self._players: dict[int, Player] = {}
        for number in (1, 2):
            self._nodes[number] = self.enter_context(
                Technitium(
                    token=f"token {number}",
                    domain=f"node{number}.{DOMAIN}",
                    clock=lambda: self._now,
                    network=self._network,
                )
            )
            self._add_player(number, f"token {number}")

    def play(self, step: Step) -> Any:
        """The answer, as the tape would have it. None for a note, which may say what happened to the servers."""
        if "note" in step:
            self._obey(step["note"])
            return None
        self._now = START + step["at"]
        params = {name: PASSWORD if value == "<password>" else value for name, value in step["params"].items()}
        answer = self._send(step["node"], step["path"], params)
        if isinstance(answer, dict) and answer.get("status") == "invalid-token":
            self._add_player(step["node"], "token 1")  # after a join it is the one that counts
        return normalize_answer(answer)

    def _send(self, number: int, path: str, params: dict[str, str]) -> Any:
        player = self._players[number]
        headers = {"Content-Type": FORM, "Authorization": f"Bearer {player.token}"}
        try:
            _, _, answer = player.send_request("POST", f"/api/{path}", headers, urlencode(params).encode())
        except ConnectionError:
            player.close()
            return {"no answer": "URLError"}
        return answer

    def _obey(self, note: str) -> None:
        if note.startswith("a cluster of two nodes that stands"):
            self._make_cluster()
        elif note == "node 1 is killed":
            self._nodes[1].kill()

    def _make_cluster(self) -> None:
        self._now -= AGE
        address = {"clusterDomain": DOMAIN, "primaryNodeIpAddresses": "10.77.0.1"}
        self._send(1, "zones/create", {"zone": ZONE})
        self._send(1, "admin/cluster/init", address)
        join = {
            "secondaryNodeIpAddresses": "10.77.0.2",
            "primaryNodeUrl": f"https://node1.{DOMAIN}:53443/",
            "primaryNodeUsername": "admin",
            "primaryNodePassword": PASSWORD,
        }
        self._send(2, "admin/cluster/initJoin", join)
        self._add_player(2, "token 1")
        self._send(1, "zones/options/set", {"zone": ZONE, "catalog": f"cluster-catalog.{DOMAIN}"})
        for name, serial in SERIALS.items():
            zone = self._nodes[1].zone(name)
            values = list(zone.soa.data.values)
            values[2] = serial
            soa = Record(name, zone.soa.ttl, make_rdata("SOA", values), modified=self._now)
            self._nodes[1].tree.store(zone, "SOA", [soa])
        self._network.replicate()

    def _add_player(self, number: int, token: str) -> None:
        server = self._nodes[number]
        self._players[number] = Player(server.url, token, server.dns)
        self.callback(self._players[number].close)


def normalize_answer(answer: Any) -> Any:
    """As the tapes have it: no time differs from another, nor one node's id; what they left out is left out."""
    answer = _blur(sort_members({"answer": scrub_answer(answer)})["answer"])
    if isinstance(answer, dict) and "info" in answer:
        info = answer["info"]
        answer = {"info": {name: info.get(name) for name in NOTED}, "status": answer["status"]}
    zones = answer.get("response", {}).get("zones") if isinstance(answer, dict) else None
    if zones:
        zones[:] = [zone for zone in zones if not zone.get("internal")]
    return answer


def _blur(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _blur(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_blur(inner, key) for inner in value]
    if key == "id":
        return "<id>"
    return "<time>" if value == "<never>" else value
