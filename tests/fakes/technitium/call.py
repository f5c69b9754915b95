"""One call of the API on its way through a handler."""

from __future__ import annotations

from dataclasses import dataclass

from tests.fakes.technitium.cluster import ClusterNode
from tests.fakes.technitium.faults import Faults
from tests.fakes.technitium.params import Params
from tests.fakes.technitium.refusal import Refusal
from tests.fakes.technitium.spelling import plain_name
from tests.fakes.technitium.tree import Tree, Zone
from tests.fakes.technitium.users import Session, Users

DENIED = "Access was denied."


@dataclass(frozen=True, slots=True)
class Call:
    tree: Tree
    users: Users
    node: ClusterNode
    faults: Faults
    params: Params
    session: Session
    content_type: str = ""
    body: bytes = b""

    @property
    def on_secondary(self) -> bool:
        """Whether it reached a secondary node of a cluster, and was not meant for the primary."""
        primary = self.faults.cluster_primary
        return bool(primary) and self.params.get("node").lower() != primary.lower()

    def need_section(self, section: str, right: int) -> None:
        if not self.session.user.may(section, right):
            raise Refusal(DENIED)

    def need_zone(self, zone: Zone, right: int) -> None:
        if not self.session.user.may_in(zone, right):
            raise Refusal(DENIED)

    def exact_zone(self) -> Zone:
        """The zone that the ``zone`` parameter names exactly."""
        name = plain_name(self.params.need("zone"))
        zone = self.tree.zone(name)
        if zone is None:
            raise Refusal(f"No such zone was found: {name}")
        return zone

    def refuse_internal(self, zone: Zone) -> None:
        if zone.internal:
            raise Refusal("Access was denied to manage internal DNS Server zone.")
