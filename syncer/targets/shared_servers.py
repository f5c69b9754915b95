"""Targets with a zone in common that are on one server under two names: by another port or spelling of its address, or
by another node of its cluster. The settings cannot show that; what the servers say of themselves does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from threading import Condition
from typing import NamedTuple

Identity = frozenset[str]
"""What a server says of itself and no other one does; two that share a part are one, or nodes of one cluster. Empty
where that cannot be told."""

PATIENCE = 10.0
"""Seconds that a target which has never written to a zone waits at its start for others to have asked their server."""

MEMORY = 120.0
"""Seconds for which a server is still known as what it said before: the targets do not hear of a restart or a promotion
at the same moment, but all of them do within a minute."""


class ZonePlace(NamedTuple):
    """A zone on a target, by their names."""

    target: str
    zone: str


class SharedServers:
    """``targets`` are in the order of the settings. Of those that have a zone on one server one alone may write there:
    who is at it already, or else who has written to it before, or else the first. To be called from any thread."""

    def __init__(
        self,
        targets: Iterable[str],
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._order = {target: place for place, target in enumerate(targets)}
        self._places: set[ZonePlace] = set()
        """Of targets whose servers can have several names: a hosts file is none of them, and nobody waits for it."""
        self._patience = patience
        self._clock = clock
        self._news = Condition()
        self._known: dict[str, Identity] = {}
        self._former: dict[str, tuple[Identity, float]] = {}
        """What it was until when."""
        self._silent: set[str] = set()
        """Their servers were asked and did not answer."""
        self._is_new: dict[ZonePlace, bool] = {}
        """Once its records were looked up: whether it has never written there."""
        self._writing: set[ZonePlace] = set()
        self._has_waited: set[ZonePlace] = set()

    def add_place(self, place: ZonePlace) -> None:
        """To be called of all of them before any is at work."""
        with self._news:
            self._places.add(place)

    def note_server(self, target: str, identity: Identity) -> None:
        with self._news:
            before = self._known.get(target, identity)
            if before != identity:
                self._former[target] = before, self._clock()
            self._known[target] = identity
            self._silent.discard(target)
            self._news.notify_all()

    def note_silence(self, target: str) -> None:
        with self._news:
            self._silent.add(target)
            self._news.notify_all()

    def note_start(self, place: ZonePlace, is_new: bool) -> None:
        with self._news:
            self._is_new[place] = is_new
            self._news.notify_all()

    def find_rival(self, place: ZonePlace) -> str:
        """Which other target has the zone on the same server, so that this one may not write to it; "" when it may."""
        with self._news:
            self._wait_for_others(place)
            for other in self._list_others(place):
                if self._share_server(place, other) and self._yields(place, other):
                    self._writing.discard(place)
                    return other.target
            self._writing.add(place)
            return ""

    def _wait_for_others(self, place: ZonePlace) -> None:
        """Whose zone it is; who has written to it before does not wait, so that a dead server holds up no other one."""
        if place in self._has_waited or not self._is_new.get(place):
            return
        self._has_waited.add(place)
        self._news.wait_for(lambda: all(self._list_answers(place)), self._patience)

    def _list_answers(self, place: ZonePlace) -> Iterator[bool]:
        """Of each that goes before it whether all is known of it."""
        for other in self._list_others(place):
            if self._rank(other) < self._rank(place):
                yield other.target in self._silent or (other.target in self._known and other in self._is_new)

    def _list_others(self, place: ZonePlace) -> list[ZonePlace]:
        others = [other for other in self._places if other.zone == place.zone and other != place]
        return sorted(others, key=lambda other: self._order[other.target])

    def _share_server(self, place: ZonePlace, other: ZonePlace) -> bool:
        return bool(self._identify(place.target) & self._identify(other.target))

    def _identify(self, target: str) -> Identity:
        former, until = self._former.get(target, (frozenset(), 0.0))
        current = self._known.get(target, frozenset())
        return current | former if self._clock() < until + MEMORY else current

    def _yields(self, place: ZonePlace, other: ZonePlace) -> bool:
        is_writing, other_is = (each in self._writing for each in (place, other))
        if is_writing != other_is:
            return other_is
        return self._rank(other) < self._rank(place)

    def _rank(self, place: ZonePlace) -> tuple[bool, int]:
        return self._is_new.get(place, False), self._order[place.target]


class ServerUse:
    """What one target tells of its server to the others."""

    def __init__(self, servers: SharedServers, target: str) -> None:
        self._servers = servers
        self._target = target

    def note_server(self, identity: Identity) -> None:
        """Each time that the server was asked."""
        self._servers.note_server(self._target, identity)

    def note_silence(self) -> None:
        """It was asked, and does not say."""
        self._servers.note_silence(self._target)

    def of_zone(self, name: str) -> ZoneUse:
        """To be asked for when the target is made."""
        place = ZonePlace(self._target, name)
        self._servers.add_place(place)
        return ZoneUse(self._servers, place)


class ZoneUse:
    """What is asked for one zone of the target."""

    def __init__(self, servers: SharedServers, place: ZonePlace) -> None:
        self._servers = servers
        self._place = place

    def note_start(self, *, is_new: bool) -> None:
        """``is_new``: nothing is known of a write of ours there."""
        self._servers.note_start(self._place, is_new)

    def explain_rival(self, server: str) -> str:
        """Why the zone may not be written to, "" when it may; ``server`` is the name of the one that has it."""
        rival = self._servers.find_rival(self._place)
        if not rival:
            return ""
        return (
            f"zone {self._place.zone} is on the server of target {rival} too ({server}), and one target alone may write"
            " there: leave it out of the other one in TARGETS_FILE"
        )


ALONE = ServerUse(SharedServers([""]), "")
"""Of a target beside which there is none."""
