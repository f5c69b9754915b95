"""A Technitium DNS server as a target."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from syncer.config import TechnitiumConfig
from syncer.core.names import zone_of
from syncer.core.rrsets import Found, Marker, RRset
from syncer.errors import TargetUnreachable
from syncer.pacing import RateLimit
from syncer.targets.base import Change, Reading, Result
from syncer.targets.technitium.client import Observe, TechnitiumClient
from syncer.targets.technitium.fields import FIELDS
from syncer.targets.technitium.serial import SerialTracker
from syncer.targets.technitium.writer import Rights, ZoneWriter
from syncer.targets.technitium.zone import ServerZone, problem_of


class TechnitiumTarget:
    """See ``Target``. Not thread-safe: one thread calls, so that writes to a zone come one after another.

    Known and not to be switched off: deleting an address takes a PTR record for it along, where the server hosts the
    reverse zone (trap 12). In a signed zone one write raises the serial by several, so that each pass lists it again.
    """

    name = "technitium"
    keeps_ttl = True
    is_ours_alone = False

    def __init__(
        self,
        config: TechnitiumConfig,
        marker: Marker,
        zones: Collection[str],
        *,
        observe: Observe = lambda endpoint, method, status, seconds: None,
        waited: Callable[[float], None] = lambda seconds: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.version = ""
        """The server's, once ``check`` has asked."""
        self.primary = ""
        """The cluster's primary node, when it is not the server that we talk to. Only the primary has comments."""
        self._checked = False
        self._started = ""
        self._door = TechnitiumClient(config, RateLimit(config.rate_limit, clock, sleep, waited), observe)
        self._marker = marker
        self._standings = {zone: SerialTracker(clock) for zone in zones}
        self._rights = Rights()
        self._hosted: frozenset[str] = frozenset(zones)

    def check(self) -> None:
        session = self._door.call("/api/user/session/get", {})
        info = session.get("info") or {}
        self.version = str(info.get("version") or "")
        self._started = str(info.get("uptimestamp") or "")
        primaries = [node for node in info.get("clusterNodes") or () if node.get("type") == "Primary"]
        self.primary = next((node["name"] for node in primaries if node.get("state") != "Self"), "")
        self._checked = True

    def serials(self) -> Mapping[str, int]:
        """Zones that cannot be used, or whose serial says nothing, are left out; ``problems`` has the reasons."""
        self._meet()
        node = {"node": self.primary} if self.primary else {}
        zones = self._door.call("/api/zones/list", node).get("zones")
        if not isinstance(zones, list):
            raise TargetUnreachable(f"{self._door.url} answered zones/list without zones: is this Technitium?")
        states = {state["name"]: state for state in zones}
        self._hosted = frozenset(states)
        self._notice_restart()
        serials = {}
        for zone, standing in self._standings.items():
            if (state := states.get(zone)) is None:
                standing.problem = f"zone {zone} is not on the server, or the token has no rights on it"
                standing.shown(None)
                continue
            problem = problem_of(zone, state)
            if standing.problem and not problem:
                self._rights.may_import = True  # its "Access was denied." may have meant that the zone was away
            standing.problem = problem
            standing.shown(state.get("soaSerial"))
            if standing.connection != self._door.connections:
                standing.lost_track()
            elif standing.serial is not None and not standing.problem:
                serials[zone] = standing.serial
        return serials

    def read(self, zone: str, names: Collection[str] | None = None) -> Reading:
        self._meet()
        server_zone = self._zone(zone)
        if names is None:
            serial, found = server_zone.list_all()
            return Reading(zone, serial, self._to_the_end(zone, serial, found))
        if not names:
            return Reading(zone, None, iter(()))
        found = iter(server_zone.look(frozenset(names)))
        return Reading(zone, self._standings[zone].serial, found)

    def refuses(self, rrset: RRset) -> str:
        if rrset.type not in FIELDS:
            return f"records of type {rrset.type} cannot be written to Technitium"
        if rrset.type == "TXT" and not "".join(rrset.values).isascii() and _numbers(self.version) < (15, 3):
            return "Technitium before 15.3 turns what is not ASCII in a TXT record into question marks"
        closest = zone_of(rrset.name, self._hosted | self._standings.keys())
        if closest is not None and closest not in self._standings:
            return f"the server has a zone {closest}, which is not in DNS_ZONES: the record would go there"
        return ""

    def apply(self, zone: str, changes: Sequence[Change]) -> Iterator[Result]:
        self._meet()
        return ZoneWriter(self._zone(zone), self._marker, self._rights, self.serials).run(changes)

    @property
    def is_bulky(self) -> bool:
        return self._rights.may_import

    def lost_writes(self, zone: str) -> bool:
        return self._standings[zone].restarted

    def left_serial(self, zone: str) -> int | None:
        """The serial at which the zone stands when nobody but us wrote since it was last read as a whole; None when
        somebody did, or when we do not know."""
        standing = self._standings[zone]
        return standing.serial if standing.alone else None

    @property
    def problems(self) -> Mapping[str, str]:
        """Zone to what is wrong with it, as far as we have heard."""
        return {zone: standing.problem for zone, standing in self._standings.items() if standing.problem}

    def close(self) -> None:
        self._door.close()

    def _notice_restart(self) -> None:
        """Over a new connection, ask when the server was started: a restart may have lost writes."""
        doubted = [
            standing
            for standing in self._standings.values()
            if standing.connection not in (0, self._door.connections) and not standing.restarted
        ]
        if doubted:
            before = self._started
            self.check()
            for standing in doubted:
                standing.restarted = not before or self._started != before

    def _meet(self) -> None:
        """What the first call must know: which node of a cluster has the comments."""
        if not self._checked:
            self.check()

    def _zone(self, zone: str) -> ServerZone:
        mute = _numbers(self.version) < (13, 6)
        return ServerZone(self._door, zone, self._standings[zone], self.primary, mute)

    def _to_the_end(self, zone: str, serial: int | None, found: Iterator[Found]) -> Iterator[Found]:
        standing, connection = self._standings[zone], self._door.connections
        standing.lost_track()
        yield from found
        standing.listed(serial, connection)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
