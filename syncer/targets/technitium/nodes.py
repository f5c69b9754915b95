"""Which server has the zones: the primary of a cluster, or a server without one. Values in, values out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from syncer.config import VARIABLES
from syncer.errors import ServerRefused, TargetUnreachable
from syncer.targets.shared_servers import Identity
from syncer.targets.technitium.answers import read_object, read_objects, read_text

WORD_LIMIT = 64
"""Characters of a version or a time."""

DOMAIN_LIMIT = 255
"""Characters of the name of a server."""


class Member(NamedTuple):
    """A node of a cluster, as one of them knows it. ``is_reachable``: that one has heard from it of late."""

    name: str
    is_primary: bool
    is_reachable: bool
    started_at: str
    number: int = 0
    """Drawn by lot when it joined; 0 where that is not told."""


class TokenRights(NamedTuple):
    """``imports``: into zones, many changes with one call; ``administers``: the server as a whole."""

    imports: bool
    administers: bool


class Session(NamedTuple):
    """What the server at one of our addresses says of itself. ``place`` is the number of the address; ``cluster`` is
    the domain of its cluster, "" without one."""

    place: int
    url: str
    version: str
    name: str
    started_at: str
    cluster: str = ""
    members: Mapping[str, Member] = {}
    rights: TokenRights | None = None

    @property
    def identity(self) -> Identity:
        """The moment of its start, where that is told to parts of a second, and the numbers of its cluster's nodes."""
        label = self.name.partition(".")[0]
        start = {f"{label} since {self.started_at}"} if "." in self.started_at else set()
        numbers = (member.number for member in self.members.values() if member.number)
        return frozenset(start | {f"{self.cluster} node {number}" for number in numbers})

    @property
    def is_primary(self) -> bool:
        return self.name in self.members and self.members[self.name].is_primary

    @property
    def primary(self) -> Member | None:
        """By its own account."""
        return next((member for member in self.members.values() if member.is_primary), None)

    def has_left(self, known: str) -> bool:
        """Whether it left the cluster in which ``known`` was its name."""
        return not self.cluster and bool(self.name) and known.startswith(f"{self.name}.")


class NodeRoute(NamedTuple):
    """The way to the server that has the zones: the address that is called, and the ``node`` to which that one passes
    calls on, "" where it has them itself. ``name`` is that of the server that has them, ``started_at`` when it was
    started, "" where that is not told. ``cluster`` is the domain of the cluster; ``has_left``: the server left the one
    in which ``name`` was its name."""

    place: int = 0
    node: str = ""
    name: str = ""
    started_at: str = ""
    version: str = ""
    cluster: str = ""
    has_left: bool = False


def read_session(place: int, url: str, info: Mapping[str, Any]) -> Session:
    """Of the ``info`` that a session is told. Before 14.0 there were no clusters. Raises ``BadShape``."""
    nodes = read_objects(info, "clusterNodes")
    own: Mapping[str, Any] = next((node for node in nodes if node.get("state") == "Self"), {})
    return Session(
        place,
        url,
        read_text(info, "version", WORD_LIMIT),
        read_text(own, "name", DOMAIN_LIMIT) or read_text(info, "dnsServerDomain", DOMAIN_LIMIT),
        read_text(info, "uptimestamp", WORD_LIMIT),
        read_text(info, "clusterDomain", DOMAIN_LIMIT),
        {member.name: member for member in map(_read_member, nodes)},
        _read_rights(read_object(info, "permissions")),
    )


def _read_rights(sections: Mapping[str, Any]) -> TokenRights | None:
    """None for a server before 11, which does not tell them."""
    if not sections:
        return None
    imports, administers = (
        bool(read_object(sections, section).get("canModify")) for section in ("Zones", "Administration")
    )
    return TokenRights(imports, administers)


def _read_member(node: Mapping[str, Any]) -> Member:
    number = node.get("id")
    return Member(
        name=read_text(node, "name", DOMAIN_LIMIT),
        is_primary=node.get("type") == "Primary",
        is_reachable=node.get("state") != "Unreachable",
        started_at=read_text(node, "upSince", WORD_LIMIT),
        number=number if type(number) is int else 0,
    )


def find_route(
    sessions: Sequence[Session], known: str = "", *, is_complete: bool = True, setting: str = VARIABLES.servers
) -> NodeRoute:
    """The way that ``sessions`` show. ``known`` is the node that had the zones until now, "" for none;
    ``is_complete``: every address has answered; ``setting`` is what has them.

    A node that left its cluster loses to the cluster's primary. Raises ``ServerRefused`` where several have zones of
    their own, and ``TargetUnreachable`` where the one that has them does not answer.
    """
    members = [session for session in sessions if session.cluster]
    if len(clusters := sorted({session.cluster for session in members})) > 1:
        raise ServerRefused(f"{setting} names nodes of several clusters ({', '.join(clusters)}): name those of one")
    find = _find_primary if members else _find_single
    return find(members or sessions, known, is_complete, setting)


def _find_single(sessions: Sequence[Session], known: str, is_complete: bool, setting: str) -> NodeRoute:
    servers = {(session.name, session.started_at): session for session in reversed(sessions)}
    if len(servers) > 1:
        urls = " and ".join(session.url for session in sessions)
        raise ServerRefused(
            f"{urls} are several servers, each with zones of its own, and in no cluster: name one of them in"
            f" {setting}, or make them nodes of one cluster"
        )
    session = sessions[0]
    has_left = session.has_left(known)
    if known not in ("", session.name) and not is_complete:
        missing = "no node of its cluster answers" if has_left else f"{known}, which has the zones, does not answer"
        raise TargetUnreachable(f"{session.url} is in no cluster, and {missing}")
    name = known if has_left else session.name
    return NodeRoute(session.place, "", name, session.started_at, session.version, has_left=has_left)


def _find_primary(sessions: Sequence[Session], known: str, is_complete: bool, setting: str) -> NodeRoute:
    primaries = [session for session in sessions if session.is_primary and not _is_deposed(session, sessions)]
    if len({session.name for session in primaries}) > 1:
        primaries = [session for session in primaries if session.name == known] or primaries
    if len(names := sorted({session.name for session in primaries})) > 1:
        raise ServerRefused(
            f"{' and '.join(names)} each take themselves for the primary node of {sessions[0].cluster}: name the one"
            f" that is in {setting}, and let the other one leave the cluster"
        )
    for session in primaries:
        if known != session.name and known in session.members and not is_complete:
            raise TargetUnreachable(
                f"{known}, the primary node of {session.cluster}, does not answer, and {session.name} may not be it"
            )
        return NodeRoute(session.place, "", session.name, session.started_at, session.version, session.cluster)
    ways = [(session, member) for session in sessions if (member := session.primary)]
    if not ways:
        raise TargetUnreachable(f"{sessions[0].url} does not say which node is the primary of {sessions[0].cluster}")
    session, member = min(ways, key=lambda way: not way[1].is_reachable)
    return NodeRoute(session.place, member.name, member.name, member.started_at, session.version, session.cluster)


def _is_deposed(session: Session, sessions: Sequence[Session]) -> bool:
    """Whether another node was promoted without its knowledge: it is no member there, and the other one is one here."""
    return any(
        other.is_primary and other.name in session.members and session.name not in other.members for other in sessions
    )
