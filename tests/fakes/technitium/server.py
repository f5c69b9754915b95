"""The server as a whole, for tests in the same process."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tests.fakes.technitium.api import Answered, Api, Asked
from tests.fakes.technitium.cluster import ClusterNode
from tests.fakes.technitium.dialects import DIALECTS
from tests.fakes.technitium.dns import Dns
from tests.fakes.technitium.faults import Faults, RequestLog
from tests.fakes.technitium.network import Network
from tests.fakes.technitium.tree import Tree, Zone
from tests.fakes.technitium.users import Users
from tests.fakes.technitium.web import Web

SERVER_DOMAIN = "ns1.test"


class Technitium:
    """An empty server on 127.0.0.1. A context manager; ports of 0 are any free ones. ``clock`` is in seconds. Those on
    one ``network`` can be nodes of one cluster; each needs a ``domain`` of its own."""

    def __init__(
        self,
        *,
        token: str,
        version: str = "15.2",
        port: int = 0,
        dns_port: int = 0,
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.time,
        domain: str = SERVER_DOMAIN,
        network: Network | None = None,
    ) -> None:
        self.token = token
        self.network = network or Network()
        self.lock = self.network.lock
        self.faults = Faults()
        self.on_request: Callable[[bool], None] = lambda done: None
        """Called with False before a request is done, with True before it is answered; an OSError cuts the connection
        instead."""
        self.requests = RequestLog()
        self.tree = Tree(DIALECTS[version], domain, clock)
        self.users = Users(token)
        self.api = Api(self.tree, self.users, ClusterNode(self, self.network), self.faults, self.lock)
        self.stopped = threading.Event()
        self._scheme = "https" if tls else "http"
        self._web = Web(self, port, tls)
        self._dns = Dns(self, dns_port)

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._web.port}"

    @property
    def dns(self) -> tuple[str, int]:
        return "127.0.0.1", self._dns.port

    @property
    def is_listening(self) -> bool:
        """Whether its API can be reached."""
        return self._web.is_open

    @property
    def is_up(self) -> bool:
        return self._dns.is_open

    def start(self) -> Self:
        self._web.open()
        self._dns.open()
        return self

    def stop(self) -> None:
        self.stopped.set()
        self._web.close()
        self._dns.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def zone(self, name: str) -> Zone:
        """For a look inside. Raises KeyError when it is not hosted."""
        zone = self.tree.zone(name)
        if zone is None:
            raise KeyError(name)
        return zone

    def turn(self, name: str, kind: str) -> None:
        """Make the zone one of another kind (``Secondary``, ``Stub``, ``Primary``), records and all."""
        with self.lock:
            self.zone(name).kind = kind

    def stop_listening(self) -> None:
        """Refuse HTTP connections and cut the open ones; DNS goes on."""
        self._web.close()

    def listen_again(self) -> None:
        self._web.open()

    def pause_listening(self, seconds: float) -> None:
        self.stop_listening()
        time.sleep(seconds)
        self.listen_again()

    def receive(self, asked: Asked) -> Answered | None:
        """What another node of the cluster asks; None is no answer. Raises ConnectionRefusedError."""
        if not self.is_listening:
            raise ConnectionRefusedError
        try:
            return self._web.answer_request(asked)
        except OSError:
            return None

    def kill(self) -> None:
        """As SIGKILL does it: the writes that are not on disk yet are lost, and nothing answers until ``revive``."""
        with self.lock:
            self.network.catch_up()
        self._web.close()
        self._dns.close()
        with self.lock:
            self.tree.journal.lose()

    def revive(self) -> None:
        self.tree.started = self.tree.clock()
        self.start()

    def crash(self, grace: float = 0.0) -> None:
        """Lose the writes that are not on disk yet (at most the last 5 s) and, after ``grace`` seconds, every
        connection. Tokens survive, as they do there."""
        with self.lock:
            self.tree.journal.lose()
            self.tree.started = self.tree.clock()
        if grace:
            threading.Timer(grace, self._web.hang_up).start()
        else:
            self._web.hang_up()

    def save(self) -> None:
        """Write everything to disk now, as a clean stop does."""
        with self.lock:
            self.tree.journal.save()
