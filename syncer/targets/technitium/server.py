"""What is known of a Technitium server as a whole, and is the same for all of its zones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from syncer.errors import TargetUnreachable
from syncer.targets.technitium.client import TechnitiumClient
from syncer.targets.technitium.state import ZoneState, read_state


class TechnitiumServer:
    """``version``, ``primary`` and when it was started are known once a session was read."""

    def __init__(self, client: TechnitiumClient) -> None:
        self.client = client
        self.version = ""
        self.primary = ""
        """The cluster's primary node, when it is not the server that we talk to. Only the primary has comments."""
        self.may_import = True
        """False once the token turned out not to be allowed to, so that we ask once."""
        self._started_at = ""
        self._is_known = False

    def read_session(self) -> Mapping[str, Any]:
        """Who we are to the server, and what it is."""
        session = self.client.call("/api/user/session/get", {})
        info = session.get("info") or {}
        self.version = str(info.get("version") or "")
        self._started_at = str(info.get("uptimestamp") or "")
        primaries = [node for node in info.get("clusterNodes") or () if node.get("type") == "Primary"]
        self.primary = next((node["name"] for node in primaries if node.get("state") != "Self"), "")
        self._is_known = True
        return session

    def ensure_session(self) -> None:
        """Before anything else it must be known which node of a cluster has the comments."""
        if not self._is_known:
            self.read_session()

    def read_zones(self) -> dict[str, ZoneState]:
        """What the server says of each zone that the token may see, by name."""
        zones = self.client.call("/api/zones/list", self.node_parameters).get("zones")
        if not isinstance(zones, list):
            raise TargetUnreachable(f"{self.client.url} answered zones/list without zones: is this Technitium?")
        return {state.name: state for state in map(read_state, zones)}

    def was_restarted(self) -> bool:
        """Whether it was started anew since we asked last, as far as can be told."""
        before = self._started_at
        self.read_session()
        return not before or self._started_at != before

    @property
    def node_parameters(self) -> dict[str, str]:
        """What sends a call on to the node that has the comments."""
        return {"node": self.primary} if self.primary else {}

    @property
    def ignores_duplicates(self) -> bool:
        """Before 13.6 it answers "ok" to an add of what it already holds, and does nothing."""
        return self.is_before(13, 6)

    def is_before(self, *version: int) -> bool:
        return parse_version(self.version) < version


def parse_version(text: str) -> tuple[int, ...]:
    """Numbers that can be compared; () for a server that does not say."""
    return tuple(int(part) for part in text.split(".") if part.isdigit())
