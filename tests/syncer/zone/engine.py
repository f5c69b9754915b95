"""One syncer without processes: real cluster store, target, ledger and loop, on a clock that only tests move."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from typing import Any

from records.ledger import DatabaseLedger
from records.models import AuditEntry, ManagedRecord, SyncRequest
from syncer.config import Config, HostsConfig, Managed, TargetConfig, TechnitiumConfig
from syncer.core.kinds import INGRESS, KINDS, Kind
from syncer.core.rrsets import Marker
from syncer.core.scope import Scope
from syncer.health import Health
from syncer.kube.feed import KindState, WatchState
from syncer.kube.store import Store
from syncer.loop import Loop
from syncer.meters import Meter
from syncer.target_loop import Setup
from syncer.targets import make_target
from syncer.targets.base import Target
from syncer.targets.technitium.target import TechnitiumTarget
from syncer.wakeup import Wakeup
from syncer.zone.slices import AIM
from syncer.zone.zone import Zone
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.syncer.zone.memory import Clock

ZONE = "talos00"
ADDRESS = "192.168.1.54"
OTHER = "192.168.1.55"
PREFIX = "catalyst-dns-sync.io/"


class Lists:
    """A feed that has listed every kind, but for those in ``unread``. ``waits``: the connection was lost, and not all
    have been heard from again; those in ``missing`` stay away for longer. The test itself fills the cluster."""

    def __init__(self) -> None:
        self.unread: dict[Kind, WatchState] = {}
        self.missing: set[Kind] = set()
        self.waits = False
        self.calls = Meter()
        self.place = "a test"

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass

    def states(self) -> Sequence[KindState]:
        states = {**dict.fromkeys(self.missing, WatchState.UNREACHABLE), **self.unread}
        return [KindState(kind, states.get(kind, WatchState.WATCHING), kind not in self.unread) for kind in KINDS]

    def deletes_wait(self) -> bool:
        return self.waits


def ingress(name: str, *hosts: str, created: str = "2026-01-01T00:00:00Z", **notes: str) -> dict[str, Any]:
    """``notes`` are annotations of ours. Without ``hosts`` it names ``<name>.talos00``."""
    return {
        "metadata": {
            "name": name,
            "namespace": "web",
            "creationTimestamp": created,
            "annotations": {PREFIX + key: value for key, value in notes.items()},
        },
        "spec": {"rules": [{"host": host} for host in hosts or (f"{name}.{ZONE}",)]},
    }


MANAGED = {field.name for field in fields(Managed)}


class Engine:
    """What survives a restart: the server, the database and the objects in the cluster."""

    def __init__(self, server: Any, *zones: str, scope: dict[str, Any] | None = None, **config: Any) -> None:
        """``server``: a Technitium (``ServerUnderTest``), the path of a hosts file, or the settings of another target.
        ``scope`` and ``config`` are further settings."""
        self.server = server
        self.zones = zones or (ZONE,)
        self.clock = Clock()
        self.feed = Lists()
        self.objects: dict[tuple[Kind, str, str], dict[str, Any]] = {}
        self.observe: Callable[[str, str, str, float], None] = lambda *_: None
        self.ledger = DatabaseLedger()
        self.target: Target | None = None
        place = HostsConfig(server) if isinstance(server, str) else server
        if isinstance(server, ServerUnderTest):
            place = TechnitiumConfig(server.url, server.token, rate_limit=100_000, timeout=5)
            for zone in self.zones:
                server.make_zone(zone)
        self.settings: dict[str, Any] = {"target": place, **config}
        self.scope: dict[str, Any] = {"zones": self.zones, "addresses": (ADDRESS,), **(scope or {})}
        self.start()

    def start(self, **changes: Any) -> None:
        """A new process; ``changes`` are settings that are other ones from now on."""
        self.settings |= changes
        rules = {name: value for name, value in self.settings.items() if name in MANAGED}
        others = {name: value for name, value in self.settings.items() if name not in MANAGED}
        place = others.pop("target")
        target_config = self.target_config = TargetConfig(Managed(Scope(**self.scope), **rules), place)
        config = self.config = Config((target_config,), **others)
        self.cluster = Store(target_config.scope, clock=self.clock)
        for (kind, _, _), manifest in self.objects.items():
            self.cluster.put(kind, manifest)
        self.close()
        self.target = self._make_target(target_config)
        health = self.health = Health(self.feed.states, [target_config.name], clock=self.clock)
        wakeup = Wakeup()
        setup = Setup(target_config, self.cluster, self.target, wakeup)
        self.loop = Loop(config, self.feed, [setup], self.ledger, health, wakeup, self.clock)
        (self.target_loop,) = self.loop.targets

    def _make_target(self, config: TargetConfig) -> Target:
        """Those that wait do it on our clock."""
        if not isinstance(config.settings, TechnitiumConfig):
            return make_target(config, self.watch)
        marker, clock = Marker(config.managed.owner_id, config.managed.owner_id_was), self.clock
        return TechnitiumTarget(config.settings, marker, self.zones, observe=self.watch, clock=clock, sleep=clock.sleep)

    def close(self) -> None:
        if self.target is not None:
            self.target.close()

    def watch(self, path: str, method: str, status: str, seconds: float) -> None:
        self.observe(path, method, status, seconds)

    def slow_down(self) -> None:
        """Each request takes so long that slices stay as small as they are."""
        self.observe = lambda *_: self.clock.sleep(AIM)

    # The cluster

    def put(self, name: str, *hosts: str, **notes: str) -> None:
        self.put_object(INGRESS, ingress(name, *hosts, **notes))

    def put_object(self, kind: Kind, manifest: dict[str, Any]) -> None:
        metadata = manifest["metadata"]
        self.objects[kind, metadata.get("namespace", ""), metadata["name"]] = manifest
        self.cluster.put(kind, manifest)

    def put_many(self, count: int, start: int = 0) -> None:
        for number in range(start, start + count):
            self.put(f"app{number:03}")

    def drop(self, *names: str) -> None:
        for name in names:
            self.drop_object(INGRESS, "web", name)

    def drop_object(self, kind: Kind, namespace: str, name: str) -> None:
        self.objects.pop((kind, namespace, name), None)
        self.cluster.drop(kind, namespace, name)

    def drop_many(self, count: int, start: int = 0) -> None:
        self.drop(*(f"app{number:03}" for number in range(start, start + count)))

    # Time

    def turn(self, seconds: float = 1.0) -> None:
        """``seconds`` pass, and the loop does what is due then."""
        self.clock.now += seconds
        self.loop.turn()

    def settle(self, seconds: float = 1.0) -> None:
        """Turn until nothing waits but retries."""
        self.turn(seconds)
        for _ in range(100):
            if not any(self._is_busy(zone) for zone in self.target_loop.worker.zones.values()):
                return
            self.turn()
        raise AssertionError("it does not come to rest")

    def full(self) -> None:
        """A full pass of every zone, at the next turn."""
        for zone in self.target_loop.worker.zones.values():
            zone.request_pass()
        self.settle()

    def _is_busy(self, zone: Zone) -> bool:
        queue = zone._queue
        return bool(queue.changed or queue.deferred or queue.unclaimed) or zone.full_pass_due <= self.clock.now

    def ask(self, action: str, name: str = "", *, who: str = "ada", **more: Any) -> str:
        """As another process would: by a row; the outcome."""
        request = SyncRequest.objects.create(action=action, name=name, requested_by=who, **more)
        self.settle()
        request.refresh_from_db()
        assert request.done_at
        return request.outcome

    # What came of it

    def rows(self) -> dict[tuple[str, str], ManagedRecord]:
        return {(row.name, row.type): row for row in ManagedRecord.objects.all()}

    def state(self, name: str, kind: str = "A") -> str:
        """The state of the RRset of ``<name>.talos00``, "" when nothing is known of it."""
        row = self.rows().get((f"{name}.{ZONE}", kind))
        return row.state if row else ""

    def reason(self, name: str, kind: str = "A") -> str:
        return self.rows()[f"{name}.{ZONE}", kind].reason


def published(server: ServerUnderTest, zone: str = ZONE) -> dict[tuple[str, str], list[str]]:
    """All values of every RRset below the apex."""
    found: dict[tuple[str, str], list[str]] = {}
    for name, kind, _, value, _ in server.rows(zone):
        found.setdefault((name.removesuffix(f".{zone}"), kind), []).append(value)
    return found


def writes(server: ServerUnderTest) -> Iterator[tuple[str, str, str]]:
    """(verb, name, type) of each writing call of ours, in order; an import names none."""
    for request in server.requests.seen:
        verb = request.path.rpartition("/")[2]
        if verb in ("add", "update", "delete"):
            yield verb, request.params["domain"], request.params["type"]
        elif verb == "import":
            yield verb, "", ""


def audit() -> list[tuple[str, str, str]]:
    return list(AuditEntry.objects.order_by("id").values_list("action", "name", "actor"))
