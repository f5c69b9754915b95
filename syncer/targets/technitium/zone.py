"""One zone on a Technitium server: its records, calls that write to it, and whether it can be used at all."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

from syncer.core.rrsets import Found
from syncer.errors import ZoneUnusable
from syncer.targets.technitium.calls import ADD, DELETE, ApiCall
from syncer.targets.technitium.client import ServerSaid, TechnitiumClient
from syncer.targets.technitium.listing import Listing, Record, rrsets
from syncer.targets.technitium.serial import SerialTracker

DENIED = "Access was denied"

GET = "/api/zones/records/get"

FEW_NAMES = 5
"""Up to so many names are read one by one; for more, listing the zone spends less of the rate limit."""

TRIES = 4
"""For "Cannot set records. Please try again.": somebody changed the same RRset at the same moment."""

_NO_ZONE = re.compile(r"No such (?:authoritative )?zone was found")
_NOT_OURS = re.compile(r"Cannot \w+ records? in ((?:Secondary|Stub|Catalog)[\w ]*) zone|Zone must be a primary")


def problem_of(zone: str, state: Mapping[str, Any]) -> str:
    """Why records cannot be written to the zone that the server describes so, "" when they can.

    The server answers for the closest zone that encloses the one asked for (trap 2).
    """
    if (name := state.get("name")) != zone:
        return f"zone {zone} is not on the server ({name or 'the root zone'} answered for it)"
    if state.get("disabled"):
        return f"zone {zone} is disabled on the server: it answers no queries until it is enabled"
    if state.get("internal"):
        return f"zone {zone} is internal to the server"
    if (kind := state.get("type")) not in ("Primary", "Forwarder"):
        return f"zone {zone} is a {kind} zone on this server: set DNS_SERVER_URL to the server that has the primary"
    return ""


class ServerZone:
    """Raises ``ZoneUnusable`` when something is wrong with the zone, ``ServerSaid`` with the record.

    ``node`` names the cluster's primary when the server that we talk to is another one. ``mute``: the server answers
    "ok" to an add of what it already holds, and does nothing (before 13.6).
    """

    def __init__(self, door: TechnitiumClient, zone: str, standing: SerialTracker, node: str, mute: bool) -> None:
        self.zone = zone
        self.standing = standing
        self._door = door
        self._common = {"node": node} if node else {}
        self._mute = mute

    def list_all(self) -> tuple[int | None, Iterator[Found]]:
        """The serial that the list shows, and the list while it arrives."""
        opened, listing = self._open(self.zone, listZone="true")
        return listing.serial, self._rest(opened, listing)

    def records(self, name: str) -> list[Record]:
        opened, listing = self._open(name)
        with opened:
            self.standing.shown(listing.serial)
            return list(listing.records())

    def look(self, names: Collection[str]) -> list[Found]:
        """All RRsets at ``names``, as they stand now."""
        if len(names) <= FEW_NAMES:
            return [found for name in sorted(names) for found in rrsets(self.records(name))]
        serial, everything = self.list_all()
        self.standing.shown(serial)
        return [found for found in everything if found.rrset.name in names]

    def send(self, call: ApiCall) -> bool:
        """Whether it happened for certain, and nothing else did: the serial went up by one, where the answer has it."""
        answer = self._patiently(call)
        self.standing.wrote()
        if call.path == DELETE:
            return True
        state = answer.get("zone", {})
        if problem := problem_of(self.zone, state):
            self.standing.problem = problem
            raise ZoneUnusable(f"{problem}; {call.params['domain']} was written there")
        in_step = self.standing.shown(state.get("soaSerial"))
        return in_step and not (self._mute and call.path == ADD)

    def replace(self, lines: str, count: int) -> None:
        """Import ``lines``, which hold ``count`` RRsets. "Access was denied." is left to the caller: it is the import
        that the token may not do."""
        try:
            self._door.import_zone(self.zone, lines, self._common)
        except ServerSaid as e:
            if DENIED in str(e):
                raise
            raise self._in_words(e) from e
        self.standing.wrote(count)

    def _patiently(self, call: ApiCall) -> Mapping[str, Any]:
        params = {**call.params, **self._common, "zone": self.zone}
        for left in reversed(range(TRIES)):
            try:
                return self._door.call(call.path, params)
            except ServerSaid as e:
                if "try again" not in str(e) or not left:
                    raise self._in_words(e) from e
        raise AssertionError("unreachable")

    def _open(self, domain: str, **more: str) -> tuple[ExitStack, Listing]:
        params = {"domain": domain, **more, **self._common, "zone": self.zone}
        while True:
            with ExitStack() as stack:
                listing = Listing(stack.enter_context(self._door.stream(GET, params)))
                if listing.has_records:
                    self.standing.problem = problem_of(self.zone, listing.zone)
                    if self.standing.problem:
                        raise ZoneUnusable(self.standing.problem)
                    return stack.pop_all(), listing
                try:
                    self._door.complain(listing.text)
                except ServerSaid as e:
                    raise self._in_words(e) from e

    @staticmethod
    def _rest(opened: ExitStack, listing: Listing) -> Iterator[Found]:
        with opened:
            yield from rrsets(listing.records())

    def _in_words(self, error: ServerSaid) -> ServerSaid | ZoneUnusable:
        text = str(error)
        if _NO_ZONE.search(text):
            self.standing.problem = f"zone {self.zone} is not on the server"
        elif DENIED in text:
            self.standing.problem = f"zone {self.zone} is not on the server, or the token has no rights on it"
        elif _NOT_OURS.search(text) or "internal DNS Server zone" in text:
            self.standing.problem = f"zone {self.zone} cannot be written on this server: {text}"
        else:
            return error
        return ZoneUnusable(self.standing.problem)
