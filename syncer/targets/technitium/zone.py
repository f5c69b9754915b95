"""One zone on a Technitium server."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from syncer.core.plan import Change
from syncer.core.rrsets import Found, Marker
from syncer.errors import ZoneUnusable
from syncer.targets.base import Reading, Result
from syncer.targets.shared_servers import ZoneUse
from syncer.targets.technitium.server import TechnitiumServer
from syncer.targets.technitium.state import ZoneState
from syncer.targets.technitium.writer import ZoneWriter
from syncer.targets.technitium.zone_access import ZoneAccess


class TechnitiumZone:
    """See ``TargetZone``. Made once for each zone: what is known of it lives as long as the target.

    ``probe`` asks for the serials of all zones, in one call.
    """

    def __init__(
        self,
        name: str,
        server: TechnitiumServer,
        marker: Marker,
        probe: Callable[[], object],
        clock: Callable[[], float],
        use: ZoneUse,
    ) -> None:
        self.name = name
        self._server = server
        self._marker = marker
        self._probe = probe
        self._use = use
        self._access = ZoneAccess(name, server, clock)

    @property
    def problem(self) -> str:
        return self._access.problem

    @property
    def node(self) -> str:
        return self._server.route.name

    def recall(self, node: str) -> None:
        self._use.note_start(is_new=not node)
        self._server.recall(node)

    @property
    def left_serial(self) -> int | None:
        return self._access.tracker.left_serial

    @property
    def lost_writes(self) -> bool:
        return self._access.tracker.restarted

    @property
    def known_serial(self) -> int | None:
        """The serial that the list of zones showed, None where the zone cannot be used or the serial proves nothing,
        because the zone was listed over another connection or never."""
        tracker = self._access.tracker
        is_certain = tracker.connection == self._server.connection and not self.problem
        return tracker.serial if is_certain else None

    def read(self, names: Collection[str] | None = None) -> Reading:
        self._server.ensure_route()
        self._check_alone()
        if names is None:
            serial, found = self._access.list_records()
            return Reading(serial, self._read_through(serial, found))
        if not names:
            return Reading(None, iter(()))
        found = iter(self._access.read_names(frozenset(names)))
        return Reading(self._access.tracker.serial, found)

    def apply(self, changes: Sequence[Change]) -> Iterator[Result]:
        self._server.ensure_route()
        self._check_alone()
        self._access.check_node()
        return ZoneWriter(self._access, self._marker, self._probe).write_changes(changes)

    def note_state(self, state: ZoneState | None) -> None:
        """What the list of zones says of this one; None: it is not in it."""
        self._access.note_state(state)

    def _check_alone(self) -> None:
        """Raise where another target has the zone, which is on this server under another name."""
        if problem := self._use.explain_rival(self._server.route.name):
            raise ZoneUnusable(problem)

    def _read_through(self, serial: int | None, found: Iterator[Found]) -> Iterator[Found]:
        """Only a list that was read to its end tells where the zone is."""
        tracker, connection = self._access.tracker, self._server.connection
        tracker.invalidate()
        yield from found
        tracker.note_listing(serial, connection)
