"""What the server says of a zone: in its list of zones, and beside the records in other answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from syncer.config import VARIABLES
from syncer.targets.technitium.answers import read_flag, read_number, read_text

WRITABLE = ("Primary", "Forwarder")


class ZoneState(NamedTuple):
    """``name`` is "" for the root zone. ``serial`` is None where the answer has none."""

    name: str
    kind: str
    serial: int | None
    is_disabled: bool
    is_internal: bool
    catalog: str = ""

    @property
    def role(self) -> tuple[str, str]:
        """What changes when a node is promoted or leaves its cluster, and otherwise seldom."""
        return self.kind, self.catalog

    def explain_problem(self, asked: str, setting: str = VARIABLES.servers) -> str:
        """Why records cannot be written to the zone that was asked for, "" when they can. ``setting`` has the addresses
        of the server.

        The server answers for the closest zone that encloses it (trap 2).
        """
        if self.name != asked:
            return f"zone {asked} is not on the server ({self.name or 'the root zone'} answered for it)"
        if self.is_disabled:
            return f"zone {asked} is disabled on the server: it answers no queries until it is enabled"
        if self.is_internal:
            return f"zone {asked} is internal to the server"
        if self.kind not in WRITABLE:
            fix = f"set {setting} to the server that has the primary"
            return f"zone {asked} is a {self.kind} zone on this server: {fix}"
        return ""


def read_state(answer: Mapping[str, Any]) -> ZoneState:
    """Of the zone object in an answer. Raises ``BadShape``."""
    return ZoneState(
        name=read_text(answer, "name"),
        kind=read_text(answer, "type"),
        serial=read_number(answer, "soaSerial"),
        is_disabled=read_flag(answer, "disabled"),
        is_internal=read_flag(answer, "internal"),
        catalog=read_text(answer, "catalog"),
    )
