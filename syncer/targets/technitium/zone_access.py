"""One zone through the server's API: its records, the calls that write to it, and what is known of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

from syncer.core.rrsets import Found
from syncer.errors import TargetUnreachable, ZoneUnusable
from syncer.targets.technitium.answers import read_object
from syncer.targets.technitium.calls import ADD, DELETE, ApiCall
from syncer.targets.technitium.client import ServerSaid
from syncer.targets.technitium.listing import ListedValue, Listing, group_rrsets, iterate_values
from syncer.targets.technitium.messages import Message, explain_zone
from syncer.targets.technitium.serial import SerialTracker
from syncer.targets.technitium.server import TechnitiumServer
from syncer.targets.technitium.state import ZoneState, read_state

GET = "/api/zones/records/get"

FEW_NAMES = 5
"""Up to so many names are read one by one; for more, listing the zone spends less of the rate limit."""

TRIES = 4
"""For ``Message.TRY_AGAIN``."""


class ZoneAccess:
    """Raises ``ZoneUnusable`` when something is wrong with the zone, ``ServerSaid`` with the record."""

    def __init__(self, name: str, server: TechnitiumServer, clock: Callable[[], float]) -> None:
        self.name = name
        self.server = server
        self.tracker = SerialTracker(clock)
        self.problem = ""
        """Why the zone cannot be used, in words, "" when it can, as far as we have heard."""
        self._role: tuple[str, str] | None = None

    def check_node(self) -> None:
        """Raise when the server that has the zones is not the one on which this one was listed."""
        listed_on = self.tracker.connection.node if self.tracker.connection else self.server.route.name
        if listed_on != self.server.route.name:
            raise TargetUnreachable(f"zone {self.name} is on {self.server.route.name} now: it has to be listed first")

    def list_records(self) -> tuple[int | None, Iterator[Found]]:
        """The serial that the list of the whole zone shows, and the list while it arrives."""
        opened, listing = self._open_listing(self.name, listZone="true")
        return listing.serial, self._iterate_listing(opened, listing)

    def read_name(self, name: str) -> list[Found]:
        """The RRsets there, whatever else the server answers with."""
        opened, listing = self._open_listing(name)
        with opened:
            self.tracker.note_serial(listing.serial)
            return [found for found in group_rrsets(listing.iterate_records()) if found.rrset.name == name]

    def read_values(self, name: str, type_: str) -> Iterator[ListedValue]:
        """The records of one RRset, with what a ``Found`` does not tell of each."""
        opened, listing = self._open_listing(name)
        with opened:
            self.tracker.note_serial(listing.serial)
            yield from (value for key, value in iterate_values(listing.iterate_records()) if key == (name, type_))

    def read_names(self, names: Collection[str]) -> list[Found]:
        """All RRsets at ``names``, as they are now."""
        if len(names) <= FEW_NAMES:
            return [found for name in sorted(names) for found in self.read_name(name)]
        serial, everything = self.list_records()
        self.tracker.note_serial(serial)
        return [found for found in everything if found.rrset.name in names]

    def send_call(self, call: ApiCall) -> bool:
        """Whether it happened for certain, and nothing else did: the serial went up by one, where the answer has it."""
        answer = self._call_patiently(call)
        self.tracker.note_writes()
        if call.path == DELETE:
            return True
        state = read_state(read_object(answer, "zone"))
        if problem := state.explain_problem(self.name, self.server.spelled.servers):
            self.problem = problem
            raise ZoneUnusable(f"{problem}; {call.params['domain']} was written there")
        if self._has_other_role(state):
            raise TargetUnreachable(f"zone {self.name} got another role in its cluster; who has it is asked again")
        in_step = self.tracker.note_serial(state.serial)
        return in_step and not (self.server.ignores_duplicates and call.path == ADD)

    def import_lines(self, lines: str, count: int) -> None:
        """Import ``lines``, which hold ``count`` RRsets. ``Message.ACCESS_DENIED`` is left to the caller: it is the
        import that the token may not do."""
        try:
            self.server.import_lines(lines, {"zone": self.name})
        except ServerSaid as e:
            if Message.ACCESS_DENIED.is_in(str(e)):
                raise
            raise self._explain_refusal(e) from e
        self.tracker.note_writes(count)

    def note_state(self, state: ZoneState | None) -> None:
        """What the list of zones says of this one; None: it is not in it."""
        if state is None:
            self.problem = f"zone {self.name} is not on the server, or the token has no rights on it"
            self.tracker.note_serial(None)
            return
        problem = state.explain_problem(self.name, self.server.spelled.servers)
        if self.problem and not problem:
            self.server.may_import = True  # the denied import may have meant that the zone was away
        self.problem = problem
        self._has_other_role(state)
        self.tracker.note_serial(state.serial)
        self.tracker.note_connection(self.server.connection)

    def _call_patiently(self, call: ApiCall) -> Mapping[str, Any]:
        params = {**call.params, "zone": self.name}
        for left in reversed(range(TRIES)):
            try:
                return self.server.call(call.path, params)
            except ServerSaid as e:
                if not left or not Message.TRY_AGAIN.is_in(str(e)):
                    raise self._explain_refusal(e) from e
        raise AssertionError("unreachable")

    def _open_listing(self, domain: str, **more: str) -> tuple[ExitStack, Listing]:
        params = {"domain": domain, **more, "zone": self.name}
        while True:
            with ExitStack() as stack:
                listing = Listing(stack.enter_context(self.server.stream(GET, params)))
                if listing.has_records:
                    state = read_state(listing.zone)
                    self._has_other_role(state)
                    self.problem = state.explain_problem(self.name, self.server.spelled.servers)
                    if self.problem:
                        raise ZoneUnusable(self.problem)
                    return stack.pop_all(), listing
                try:
                    self.server.raise_refusal(listing.text)
                except ServerSaid as e:
                    raise self._explain_refusal(e) from e

    def _has_other_role(self, state: ZoneState) -> bool:
        """Whether an answer shows the zone in another role than the one before it: a node was promoted, perhaps."""
        before, self._role = self._role, state.role
        if before in (None, state.role):
            return False
        self.server.doubt_route()
        return True

    @staticmethod
    def _iterate_listing(opened: ExitStack, listing: Listing) -> Iterator[Found]:
        with opened:
            yield from group_rrsets(listing.iterate_records())

    def _explain_refusal(self, error: ServerSaid) -> ServerSaid | ZoneUnusable:
        if problem := explain_zone(str(error)):
            self.problem = f"zone {self.name} {problem}"
            return ZoneUnusable(self.problem)
        return error
