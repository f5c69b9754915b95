"""What is known of a Technitium server, or of the nodes of a cluster, and is the same for all zones."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from syncer.config import SettingNames
from syncer.errors import ServerRefused, TargetRefused, TargetUnreachable
from syncer.targets.base import NodeReport, ServerReport
from syncer.targets.shared_servers import ALONE, ServerUse
from syncer.targets.technitium.answers import read_object, read_objects
from syncer.targets.technitium.client import ServerSaid, TechnitiumClient
from syncer.targets.technitium.messages import Message
from syncer.targets.technitium.nodes import NodeRoute, Session, find_route, read_session
from syncer.targets.technitium.serial import Connection
from syncer.targets.technitium.state import ZoneState, read_state

log = logging.getLogger(__name__)

SESSION, LIST = "/api/user/session/get", "/api/zones/list"

ASK_INTERVAL = 60.0
"""Seconds after which it is asked again who has the zones."""

SILENCE = 600.0
"""Seconds for which an address that did not answer is left out while the others do: a try may take ten."""


IMPORTS = "may import into zones: many changes take one call"
IMPORTS_NOT = "may not import into zones: every change takes a call of its own"
ADMINISTERS = "may administer the whole server: a user with rights on the zones alone is enough"
"""What the token may do."""


class UnknownNode(TargetUnreachable):
    """The node to which a call should have been passed on is not in the cluster any more."""


class TechnitiumServer:
    """Calls go to the server that has the zones, by the ``route`` on which it can be reached. Which one that is, is
    asked at the start, over each new connection, after an error, when a zone changes its role in a cluster, and every
    minute.

    Raises what ``TechnitiumClient`` raises, and ``TargetUnreachable`` where the server behind an address is away.
    """

    def __init__(
        self,
        clients: Sequence[TechnitiumClient],
        clock: Callable[[], float] = time.monotonic,
        use: ServerUse = ALONE,
    ) -> None:
        self.route = NodeRoute()
        self.may_import = True
        """False once the token turned out not to be allowed to, so that we ask once."""
        self._clients = clients
        self._clock = clock
        self._use = use
        self._known = ""
        """The node that has the zones, as far as we have heard."""
        self.is_certain = False
        """Nothing was seen since we asked last that may mean another route."""
        self._asked_at = float("-inf")
        self._asked_over = 0
        self._silent_until: dict[int, float] = {}
        """By the number of the address."""
        self._warned = ""
        self._session: Session | None = None
        """Of the server that we talk to, as it was asked last."""

    @property
    def client(self) -> TechnitiumClient:
        return self._clients[self.route.place]

    @property
    def spelled(self) -> SettingNames:
        return self.client.spelled

    @property
    def connection(self) -> Connection:
        """Over which we talk to the server that has the zones."""
        return Connection(self.route.name, self.route.place, self.client.connections, self.route.started_at)

    @property
    def warning(self) -> str:
        """What is wrong with the server although it can be written to, "" when nothing is."""
        if not self.route.has_left:
            return ""
        name, _, cluster = self.route.name.partition(".")
        return (
            f"{name} ({self.client.url}) left the cluster {cluster}: no cluster serves what it holds; name the nodes of"
            f" {cluster} in {self.spelled.servers}"
        )

    def describe(self) -> ServerReport:
        """As far as it was asked by now."""
        report = ServerReport(self.client.url, certificate_ends=self.client.certificate_ends)
        if (session := self._session) is None:
            return report
        nodes = [NodeReport(each.name, each.is_primary, each.is_reachable) for each in session.members.values()]
        rights = session.rights
        return report._replace(
            name=self.route.name,
            version=self.route.version,
            cluster=self.route.cluster,
            nodes=nodes,
            rights=(IMPORTS if rights.imports and self.may_import else IMPORTS_NOT) if rights else "",
            excess=ADMINISTERS if rights and rights.administers else "",
        )

    def recall(self, node: str) -> None:
        """A zone was on ``node`` when it was written to last, before we were started."""
        if node not in ("", self._known):
            self._known = node
            self.doubt_route()

    def doubt_route(self) -> None:
        """Ask who has the zones before the next call."""
        self.is_certain = False

    def ensure_route(self) -> None:
        if not self.is_certain or self._clock() >= self._asked_at + ASK_INTERVAL:
            self.ask_nodes()

    def ask_nodes(self) -> None:
        """Ask at the addresses who has the zones, and take the way there."""
        try:
            self._ask_nodes()
        except (TargetUnreachable, TargetRefused):
            self._use.note_silence()
            raise
        self._use.note_server(self._session.identity if self._session else frozenset())

    def _ask_nodes(self) -> None:
        now, in_doubt = self._clock(), not self.is_certain
        self.is_certain = False
        sessions: list[Session] = []
        errors: dict[int, TargetUnreachable | TargetRefused] = {}
        for place in range(len(self._clients)):
            if in_doubt or now >= self._silent_until.get(place, now):
                try:
                    sessions.append(self._read_session(place))
                    self._silent_until.pop(place, None)
                except (TargetUnreachable, TargetRefused) as error:
                    errors[place] = error
        if not sessions:
            raise _join_errors(list(errors.values()))
        self._note_silence(errors, now)
        is_complete = len(sessions) == len(self._clients)
        route = find_route(sessions, self._known, is_complete=is_complete, setting=self.spelled.servers)
        self._take_route(route, sessions)
        self._asked_at, self._asked_over = now, self.client.connections
        self.is_certain = True

    def read_zones(self) -> dict[str, ZoneState]:
        """What the server says of each zone that the token may see, by name."""
        self.ensure_route()
        try:
            zones = self._list_zones()
        except UnknownNode:
            self.ask_nodes()
            zones = self._list_zones()
        if self._asked_over != self.client.connections:
            node = self.route.name
            self.ask_nodes()
            if self.route.name != node:
                zones = self._list_zones()
        return zones

    def call(self, path: str, params: Mapping[str, str]) -> Mapping[str, Any]:
        with self._explaining_errors():
            return self.client.call(path, {**params, **self._node_parameters})

    @contextmanager
    def stream(self, path: str, params: Mapping[str, str]) -> Iterator[Iterator[bytes]]:
        with self._explaining_errors(), self.client.stream(path, {**params, **self._node_parameters}) as chunks:
            yield chunks

    def raise_refusal(self, text: str) -> None:
        with self._explaining_errors():
            self.client.raise_refusal(text)

    def import_lines(self, lines: str, params: Mapping[str, str]) -> None:
        with self._explaining_errors():
            self.client.import_lines(lines, {**params, **self._node_parameters})

    @property
    def ignores_duplicates(self) -> bool:
        """Before 13.6 it answers "ok" to an add of what it already holds, and does nothing."""
        return self.is_before(13, 6)

    def is_before(self, *version: int) -> bool:
        return parse_version(self.route.version) < version

    def close(self) -> None:
        for client in self._clients:
            client.close()

    @property
    def _node_parameters(self) -> dict[str, str]:
        """What sends a call on to the node that has the zones: the others have no comments."""
        return {"node": self.route.node} if self.route.node else {}

    def _read_session(self, place: int) -> Session:
        client = self._clients[place]
        return read_session(place, client.url, read_object(client.call(SESSION, {}), "info"))

    def _note_silence(self, errors: Mapping[int, Exception], now: float) -> None:
        """While others answer. Told once."""
        for place, error in errors.items():
            if place not in self._silent_until:
                log.warning("%s; another one of its addresses answers", error)
            self._silent_until[place] = now + SILENCE

    def _take_route(self, route: NodeRoute, sessions: Sequence[Session]) -> None:
        if self._known and route.name != self._known:
            log.warning("The zones are on %s now; %s had them before", route.name, self._known)
        self.route, self._known = route, route.name
        self._session = next((session for session in sessions if session.place == route.place), None)
        if self.warning and self.warning != self._warned:
            log.warning("%s", self.warning)
        self._warned = self.warning

    def _list_zones(self) -> dict[str, ZoneState]:
        answer = self.call(LIST, {})
        if "zones" not in answer:
            raise TargetUnreachable(f"{self.client.url} answered zones/list without zones: is this Technitium?")
        return {state.name: state for state in map(read_state, read_objects(answer, "zones"))}

    @contextmanager
    def _explaining_errors(self) -> Iterator[None]:
        """What comes of a node that is away or not in the cluster any more is not about what was asked."""
        node, url = self.route.node, self.client.url
        try:
            yield
        except TargetUnreachable:
            self.doubt_route()
            raise
        except ServerSaid as error:
            if node and Message.NO_NODE.is_in(str(error)):
                self.doubt_route()
                raise UnknownNode(f"{node} is not in the cluster of {url} any more") from error
            if node and Message.NODE_AWAY.is_in(str(error)):
                self.doubt_route()
                raise TargetUnreachable(f"{url} cannot reach {node}, which has the zones: {error}") from error
            raise


def parse_version(text: str) -> tuple[int, ...]:
    """Numbers that can be compared; () for a server that does not say."""
    return tuple(int(part) for part in text.split(".") if part.isdecimal())


def _join_errors(errors: Sequence[TargetUnreachable | TargetRefused]) -> TargetUnreachable | TargetRefused:
    if len(errors) == 1:
        return errors[0]
    text = "; ".join(map(str, errors))
    refused = all(isinstance(error, TargetRefused) for error in errors)
    return ServerRefused(text) if refused else TargetUnreachable(text)
