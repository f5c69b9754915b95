"""Servers that are nodes of one cluster, as 15.2 does it: who knows whom, what goes to the primary, who becomes it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.fakes.technitium import cluster_zones
from tests.fakes.technitium.network import Network
from tests.fakes.technitium.refusal import Refusal
from tests.fakes.technitium.tree import Tree, Zone

if TYPE_CHECKING:
    from tests.fakes.technitium.api import Answered, Asked
    from tests.fakes.technitium.server import Technitium

API_PORT = 53443
ON_PRIMARY = {
    "/api/user/createToken",
    "/api/admin/users/create",
    "/api/admin/users/delete",
    "/api/admin/sessions/createToken",
}
"""What every node passes on to the primary by itself."""
LOCAL = {"/api/user/login", "/api/user/logout", "/api/user/session/get"}
"""Where ``node`` counts for nothing."""


@dataclass
class Member:
    """A node as one of the nodes knows it."""

    node: ClusterNode
    id: int
    name: str
    addresses: list[str]
    kind: str
    """Primary or Secondary."""
    state: str = "Unknown"
    """Self, Connected, Unreachable."""
    up_since: float | None = None
    seen: float | None = None
    beat_at: float = 0.0

    def copy(self) -> Member:
        return Member(self.node, self.id, self.name, self.addresses, self.kind)


class ClusterNode:
    """What one server knows of its cluster. Two of them need not agree: after a forced promotion the old primary, if
    it comes back, takes itself for the primary."""

    def __init__(self, server: Technitium, network: Network) -> None:
        self.server = server
        self.network = network
        self.domain = ""
        """Of the cluster; "" without one."""
        self.synced: float | None = None
        """When users and tokens came from the primary last; None on the primary."""
        self._members: dict[str, Member] = {}
        self._behind: dict[str, float] = {}
        """Since when the primary has what a copy has not, by zone."""
        network.add(self)

    @property
    def tree(self) -> Tree:
        return self.server.tree

    @property
    def name(self) -> str:
        return self.tree.server_domain

    @property
    def members(self) -> list[Member]:
        return [self._members[name] for name in sorted(self._members)]

    @property
    def _self(self) -> Member:
        return self._members[self.name]

    @property
    def _primary(self) -> Member:
        return next(member for member in self._members.values() if member.kind == "Primary")

    @property
    def _others(self) -> Iterator[Member]:
        return (member for member in self.members if member.node is not self)

    def find_addressee(self, path: str, node: str) -> Member | None:
        """The other node that has to answer a call. Raises Refusal for a name that is not in the cluster."""
        if not self.domain or path in LOCAL:
            return None
        if path in ON_PRIMARY:
            member = self._primary
        elif not node or node == "cluster":
            return None
        elif node.lower() in self._members:
            member = self._members[node.lower()]
        else:
            raise Refusal(f"No such node exists in the Cluster by name: {node}")
        return None if member.node is self else member

    def pass_on(self, asked: Asked, member: Member, user: str) -> Answered:
        """The other node's answer; its status gets lost on the way."""
        place = f"{member.name}:{API_PORT}"
        try:
            answered = member.node.server.receive(asked._replace(acting=user))
        except ConnectionRefusedError:
            self._miss(member)
            raise _refuse_connection(place) from None
        if answered is None:
            self._miss(member)
            raise Refusal(f"An error occurred while sending the request. ({place})")
        self._meet(member)
        return answered._replace(status=200)

    def found(self, domain: str, addresses: list[str]) -> None:
        """A cluster of one."""
        if self.domain:
            raise Refusal("Failed to initialize Cluster: the Cluster is already initialized.")
        self.domain = domain.lower().strip(".")
        cluster_zones.rename_server(self.tree, self._choose_name(self.domain))
        cluster_zones.create_cluster_zones(self.tree, self.domain, self.name)
        self._members = {self.name: Member(self, _make_id(), self.name, addresses, "Primary", "Self")}
        self.tree.journal.save()

    def join(self, addresses: list[str], primary_url: str, user: str, password: str) -> None:
        if self.domain:
            raise Refusal("Failed to join Cluster: the Cluster is already initialized.")
        host = urlsplit(primary_url).hostname or ""
        primary = self.network.find(host)
        if primary is None or not primary.server.is_listening:
            raise _refuse_connection(f"{host}:{API_PORT}")
        primary.server.users.log_in(user, password)
        if not primary.domain:
            raise Refusal("Failed to join Cluster: the Primary node does not have a Cluster initialized.")
        for zone in (cluster_zones.catalog_name(primary.domain), primary.domain):
            if self.tree.zone(zone):
                raise Refusal(
                    f"Failed to join Cluster: the zone '{zone}' already exists. "
                    f"Please delete the '{zone}' zone and try again."
                )
        name = self._choose_name(primary.domain)
        primary.admit(Member(self, _make_id(), name, addresses, "Secondary"))
        cluster_zones.rename_server(self.tree, name)
        self.domain = primary.domain
        self._members = {member.name: member.copy() for member in primary.members}
        self._self.state = "Self"
        for other in self._others:
            self._expect(other)
        self._meet(self._primary, with_age=False)
        self._follow(primary, at_once=True)
        self.tree.journal.save()

    def admit(self, member: Member) -> None:
        if self._self.kind != "Primary":
            raise Refusal("Failed to add Secondary node: only a Primary node can add a Secondary node to the Cluster.")
        if member.name in self._members:
            raise Refusal(
                "Failed to add Secondary node: the Secondary node's domain name already exists in the Cluster. "
                "Please try again after changing the Secondary DNS Server's domain name."
            )
        self._members[member.name] = member
        self._expect(member)
        cluster_zones.list_servers(self.tree, self.domain, self._list_servers(), cluster_zones.SIGNED_JOINED)
        self.tree.journal.save()

    def promote(self, *, force: bool) -> None:
        """Become the primary with what is here. ``force``: the old one is not asked, nor told."""
        if not self.domain:
            raise Refusal("Failed to promote to Primary node: the Cluster is not initialized.")
        if self._self.kind == "Primary":
            raise Refusal("Failed to promote to Primary node: only Secondary nodes can be promoted to Primary nodes.")
        former = self._primary
        if not force:
            if not former.node.server.is_listening:
                self._miss(former)
                raise _refuse_connection(f"{former.name}:{API_PORT}")
            former.node.dissolve()
        del self._members[former.name]
        self._self.kind, self.synced = "Primary", None
        cluster_zones.promote_copies(self.tree, self.domain, self._list_servers())
        self._behind.clear()
        for other in self._others:
            if other.node.server.is_listening:
                other.node.change_primary(former.name, self.name)
        self.tree.journal.save()

    def change_primary(self, former: str, name: str) -> None:
        self._members.pop(former, None)
        self._members[name].kind = "Primary"
        self._behind.clear()

    def dissolve(self) -> None:
        """Be no cluster any more: zones, users and tokens stay."""
        cluster_zones.release_zones(self.tree, self.domain, [member.name for member in self._others])
        cluster_zones.rename_server(self.tree, self.name.removesuffix(f".{self.domain}"))
        self._members.clear()
        self.domain = ""
        self.tree.journal.save()

    def set_catalog(self, zone: Zone, catalog: str) -> None:
        """``catalog``: that of the cluster, or "" to take the zone out."""
        if zone.catalog:
            cluster_zones.leave_catalog(self.tree, zone)
        if catalog:
            if not self.domain or catalog != cluster_zones.catalog_name(self.domain):
                raise Refusal(f"No such zone was found: {catalog}")
            cluster_zones.enter_catalog(self.tree, zone, self.domain, self._list_servers())

    def catch_up(self, *, at_once: bool = False) -> None:
        """What heartbeats and zone transfers have done in the meantime."""
        if not self.domain or not self.server.is_up:
            return
        for member in self._others:
            if self.tree.clock() >= member.beat_at:
                if member.node.server.is_listening:
                    self._meet(member)
                else:
                    self._miss(member)
        if self._self.kind == "Secondary":
            primary = self._primary.node
            if primary.server.is_up and self.name in primary._members:
                self._follow(primary, at_once=at_once)

    def _follow(self, primary: ClusterNode, *, at_once: bool) -> None:
        if primary.server.is_listening:
            self.server.users.adopt(primary.server.users)
            self.synced = self.tree.clock()
            for member in primary.members:
                if member.name not in self._members:
                    self._members[member.name] = member.copy()
                    self._expect(self._members[member.name])
        catalog = cluster_zones.catalog_name(self.domain)
        if self.tree.zone(catalog) is None or self._is_due(primary.tree, catalog, at_once):
            cluster_zones.make_copies(primary.tree, self.tree, self.domain)
            primary.tree.journal.save()
        for copy in cluster_zones.list_members(self.tree, self.domain):
            zone = primary.tree.zone(copy.name)
            if zone and copy.kind == "Secondary" and self._is_due(primary.tree, copy.name, at_once):
                cluster_zones.copy_zone(primary.tree, zone, self.tree, copy)
                primary.tree.journal.save()  # 5 s after a write it is on disk, 10 s after it here
        cluster_zones.copy_permissions(primary.tree, self.tree, self.domain)

    def _is_due(self, source: Tree, name: str, at_once: bool) -> bool:
        zone, copy = source.zone(name), self.tree.zone(name)
        if zone is None or copy is None or zone.serial <= copy.serial:
            self._behind.pop(name, None)
            return False
        since = self._behind.setdefault(name, zone.modified or 0.0)
        if not at_once and self.tree.clock() < since + self.network.delay:
            return False
        del self._behind[name]
        return True

    def _choose_name(self, domain: str) -> str:
        return self.name if self.name.endswith(f".{domain}") else f"{self.name.partition('.')[0]}.{domain}"

    def _list_servers(self) -> list[str]:
        return [self.name, *(member.name for member in self._others)]

    def _expect(self, member: Member) -> None:
        member.beat_at = self.tree.clock() + self.network.heartbeat / 6

    def _meet(self, member: Member, *, with_age: bool = True) -> None:
        """``with_age``: it also said since when it is up."""
        member.state, member.seen = "Connected", self.tree.clock()
        if with_age:
            member.up_since = member.node.tree.started
        member.beat_at = member.seen + self.network.heartbeat

    def _miss(self, member: Member) -> None:
        member.state = "Unreachable"
        member.beat_at = self.tree.clock() + self.network.heartbeat / 3


def _make_id() -> int:
    return secrets.randbelow(1 << 31)


def _refuse_connection(place: str) -> Refusal:
    return Refusal(f"Connection refused ({place})", "Connection refused")
