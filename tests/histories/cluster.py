"""The objects as they are, and as the syncer was told of them: a lost connection is where the two differ."""

from __future__ import annotations

from collections.abc import Callable

from syncer.core.kinds import NAMESPACE, Kind
from syncer.kube.feed import WatchState
from tests.histories.cast import KINDS_READ, Ending, Key, Thing, manifest
from tests.histories.model import Model
from tests.syncer.zone.engine import Engine


class WatchedEngine(Engine):
    """``before`` and ``after`` are called around each turn."""

    before: Callable[[float], None] = staticmethod(lambda seconds: None)
    after: Callable[[], None] = staticmethod(lambda: None)

    def turn(self, seconds: float = 1.0) -> None:
        self.before(seconds)
        super().turn(seconds)
        self.after()


class Cluster:
    """``away`` are the kinds that have not been heard from since the connection was lost."""

    def __init__(self, engine: Engine, model: Model) -> None:
        self.engine = engine
        self.model = model
        self.objects: dict[Key, Thing] = {}
        self.away: set[Kind] = set()

    def put(self, key: Key, thing: Thing) -> None:
        self.objects[key] = thing
        self._tell_change(key[0])

    def drop(self, key: Key) -> None:
        if self.objects.pop(key, None):
            self._tell_change(key[0])

    def is_leaving(self, namespace: str) -> bool:
        return (NAMESPACE, "", namespace) in self.objects

    def leave(self, namespace: str) -> None:
        self.put((NAMESPACE, "", namespace), Ending())

    def end(self, namespace: str) -> None:
        for key in [key for key in self.objects if key[1] == namespace]:
            self.drop(key)
        self.drop((NAMESPACE, "", namespace))

    def _tell_change(self, kind: Kind) -> None:
        if kind not in self.away:
            self._tell(kind)

    def _tell(self, kind: Kind) -> None:
        """What there is of the kind now."""
        seen = self.model.seen
        for key, thing in self.objects.items():
            if key[0] == kind and seen.get(key) != thing:
                self.engine.put_object(kind, manifest(key, thing))
                seen[key] = thing
        for key in [key for key in seen if key[0] == kind and key not in self.objects]:
            self.engine.drop_object(*key)
            del seen[key]

    # The connection

    def lose_connection(self) -> None:
        self.away = set(KINDS_READ)
        self.engine.feed.waits = True
        self._say_states()

    def hear_from(self, kind: Kind) -> None:
        self.away.discard(kind)
        self.model.unread.discard(kind)
        self.engine.feed.unread.pop(kind, None)
        self.engine.feed.waits = self.engine.feed.waits and bool(self.away)
        self._say_states()
        self._tell(kind)

    def stop_waiting(self) -> None:
        """Those that are away by now stay so for longer."""
        self.engine.feed.waits = False
        self._say_states()

    def restart_syncer(self) -> None:
        """A new process knows nothing of what it cannot read."""
        for key in [key for key in self.model.seen if key[0] in self.away]:
            del self.model.seen[key], self.engine.objects[key]
        self.model.unread = set(self.away)
        self.engine.feed.unread = dict.fromkeys(self.away, WatchState.STARTING)
        self.stop_waiting()
        self.engine.start()

    def _say_states(self) -> None:
        self.engine.feed.missing = set(self.away)
        self.model.awaited = set(KINDS_READ) if self.engine.feed.waits else self.away - self.model.unread
