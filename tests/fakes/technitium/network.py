"""What joins several doubles in one process."""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fakes.technitium.cluster import ClusterNode


class Network:
    """Doubles that reach one another. One lock for all: a call to one may concern the zones of another.

    ``delay``: seconds from the first write on the primary until the others have it and what followed; inf: until
    ``replicate``. ``heartbeat``: seconds after which a node looks whether another is there; a third of it when it was
    not, a sixth when it is new.
    """

    def __init__(self, *, delay: float = 10.0, heartbeat: float = 30.0) -> None:
        self.delay = delay
        self.heartbeat = heartbeat
        self.lock = RLock()
        self._nodes: list[ClusterNode] = []

    def add(self, node: ClusterNode) -> None:
        self._nodes.append(node)

    def find(self, name: str) -> ClusterNode | None:
        return next((node for node in self._nodes if node.name == name), None)

    def catch_up(self) -> None:
        """Do what has fallen due since the last call: every request and every question calls it first."""
        for node in self._nodes:
            node.catch_up()

    def replicate(self) -> None:
        """Bring every write to every node now."""
        with self.lock:
            for node in self._nodes:
                node.catch_up(at_once=True)
