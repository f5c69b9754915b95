"""A Technitium DNS server as a target."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from syncer.config import TechnitiumConfig
from syncer.core.names import zone_of
from syncer.core.rrsets import Marker, RRset
from syncer.meters import Meter
from syncer.pacing import RateLimit
from syncer.targets.base import ServerReport
from syncer.targets.shared_servers import ALONE, ServerUse
from syncer.targets.technitium.client import Observe, TechnitiumClient
from syncer.targets.technitium.fields import explain_unfit, is_importable
from syncer.targets.technitium.server import TechnitiumServer
from syncer.targets.technitium.state import ZoneState
from syncer.targets.technitium.zone import TechnitiumZone

MOST_ALONE = 25
"""Values of an RRset that no import takes, such as texts: each is a call, and all of them are one change, behind which
everybody else waits."""


class TechnitiumTarget:
    """See ``Target``. Not thread-safe: one thread calls, so that writes to a zone come one after another.

    Known and not to be switched off: deleting an address takes a PTR record for it along, where the server hosts the
    reverse zone (trap 12). In a signed zone one write raises the serial by several, so that each pass lists it again.
    """

    kind = "technitium"
    keeps_ttl = True
    is_exclusive = False
    marks_origin = True

    def __init__(
        self,
        config: TechnitiumConfig,
        marker: Marker,
        zones: Collection[str],
        observe: Observe = lambda endpoint, method, status, seconds: None,
        waited: Callable[[float], None] = lambda seconds: None,
        waiting: Callable[[], None] = lambda: None,
        use: ServerUse = ALONE,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._limit = RateLimit(config.rate_limit, clock, sleep, waited)
        self._rate_limit = config.rate_limit
        self._spelled = config.spelled
        self._calls = Meter()

        def note(endpoint: str, method: str, status: str, seconds: float) -> None:
            self._calls.count(seconds, is_ok=status.startswith("2"))
            observe(endpoint, method, status, seconds)

        each = (replace(config, url=url, others=()) for url in config.urls)
        clients = [TechnitiumClient(one, self._limit, note, waiting) for one in each]
        self._server = TechnitiumServer(clients, clock, use)
        self._zones = {
            name: TechnitiumZone(name, self._server, marker, self.serials, clock, use.of_zone(name)) for name in zones
        }
        self._hosted = frozenset(self._zones)
        """The zones that it has, ours included: a name goes to the closest of them."""

    @property
    def is_bulky(self) -> bool:
        return self._server.may_import

    @property
    def paused(self) -> float:
        return self._limit.paused

    @property
    def warning(self) -> str:
        return self._server.warning

    def check(self) -> None:
        self._server.ask_nodes()

    def serials(self) -> Mapping[str, int]:
        """Zones that cannot be used, or whose serial says nothing, are left out."""
        self._note_states(self._server.read_zones())
        if not self._server.is_certain:
            self._note_states(self._server.read_zones())
        known = {name: zone.known_serial for name, zone in self._zones.items()}
        return {name: serial for name, serial in known.items() if serial is not None}

    def takes_together(self, rrset: RRset) -> bool:
        return self._server.may_import and is_importable(rrset)

    def refuses(self, rrset: RRset) -> str:
        if reason := explain_unfit(rrset):
            return reason
        if len(rrset.values) > MOST_ALONE and not is_importable(rrset):
            return f"{len(rrset.values)} values that Technitium takes one by one: {MOST_ALONE} are the most"
        if rrset.type == "TXT" and not "".join(rrset.values).isascii() and self._server.is_before(15, 3):
            return "Technitium before 15.3 turns what is not ASCII in a TXT record into question marks"
        closest = zone_of(rrset.name, self._hosted)
        if closest is not None and closest not in self._zones:
            return f"the server has a zone {closest}, which is not in {self._spelled.zones}: the record would go there"
        return ""

    def describe(self) -> ServerReport:
        return self._server.describe()._replace(limit=self._rate_limit, paused=self.paused, calls=self._calls)

    def zone(self, name: str) -> TechnitiumZone:
        return self._zones[name]

    def close(self) -> None:
        self._server.close()

    def _note_states(self, states: Mapping[str, ZoneState]) -> None:
        self._hosted = frozenset(self._zones).union(states)
        for name, zone in self._zones.items():
            zone.note_state(states.get(name))
