"""The names the server holds, as one tree over all zones, and the RRsets at them.

The real server keeps one tree too, and that shows: a name belongs to the zone that was hosted when it was made, even
after a zone is made between the two; a failed add leaves an empty name; a zone that is deleted takes every name
below it along, down to the next zone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.fakes.technitium.dialects import Dialect
from tests.fakes.technitium.journal import Journal
from tests.fakes.technitium.rdata import Rdata, make_rdata
from tests.fakes.technitium.spelling import split_name

INTERNAL_ZONES = (
    "localhost",
    "127.in-addr.arpa",
    "0.in-addr.arpa",
    "255.in-addr.arpa",
    "0." * 0 + "1." + "0." * 31 + "ip6.arpa",
)
SOA_TTL, SOA_REFRESH, SOA_RETRY, SOA_EXPIRE = 900, 900, 300, 604800


class Record:
    __slots__ = ("comments", "data", "disabled", "expiry", "modified", "name", "ttl", "used")

    def __init__(
        self,
        name: str,
        ttl: int,
        data: Rdata,
        *,
        comments: str = "",
        disabled: bool = False,
        expiry: int = 0,
        modified: float | None = None,
    ) -> None:
        self.name, self.ttl, self.data = name, ttl, data
        self.comments, self.disabled, self.expiry = comments, disabled, expiry
        self.modified = modified
        self.used: float | None = None

    @property
    def type(self) -> str:
        return self.data.type


class Entry:
    """The RRsets of one name. ``zone`` is the zone whose serial its changes raise."""

    __slots__ = ("disabled", "name", "sets", "zone")

    def __init__(self, name: str, zone: Zone | None = None) -> None:
        self.name = name
        self.disabled = False
        self.sets: dict[str, list[Record]] = {}
        self.zone: Zone = zone or self  # type: ignore[assignment]

    def records(self) -> Iterator[Record]:
        for records in self.sets.values():
            yield from records

    @property
    def delegates(self) -> bool:
        return any(not r.disabled for r in self.sets.get("NS", ()))


class Zone(Entry):
    """A hosted zone, and the entry at its apex."""

    __slots__ = ("catalog", "internal", "kind", "modified", "notify_failed", "permissions", "signed", "synced")

    def __init__(self, name: str, kind: str = "Primary", internal: bool = False) -> None:
        super().__init__(name)
        self.kind = kind
        self.internal = internal
        self.modified: float | None = None
        self.permissions: dict[str, tuple[bool, bool, bool]] = {}
        self.catalog: str | None = None
        self.signed = False
        self.synced: float | None = None
        """When a secondary zone was transferred last."""
        self.notify_failed: tuple[str, ...] = ()

    @property
    def soa(self) -> Record:
        return self.sets["SOA"][0]

    @property
    def serial(self) -> int:
        return int(self.soa.data.values[2])

    @property
    def expire(self) -> int:
        return int(self.soa.data.values[5])

    @property
    def expires_at(self) -> float | None:
        return None if self.synced is None else self.synced + self.expire


class Node:
    """A label of the tree. ``entries`` counts the entries at and below it: 0 means that the name does not exist."""

    __slots__ = ("below_zone", "branched", "children", "entries", "parent", "zone")

    def __init__(self, parent: Node | None = None) -> None:
        self.parent = parent
        self.children: dict[str, Node] = {}
        self.zone: Zone | None = None
        self.below_zone: Entry | None = None
        """The entry of this name in the zone above it; beside ``zone`` it holds the delegation."""
        self.entries = 0
        self.branched = False
        """Whether two entries were at or below it at one time, since there was none."""

    @property
    def entry(self) -> Entry | None:
        return self.zone or self.below_zone


class Tree:
    def __init__(self, dialect: Dialect, server_domain: str, clock: Callable[[], float] = time.time) -> None:
        self.dialect = dialect
        self.server_domain = server_domain
        self.clock = clock
        self.started = clock()
        self.journal = Journal(clock)
        self._root = Node()
        self._zones: dict[str, Zone] = {}
        for name in INTERNAL_ZONES:
            self.create(name, internal=True)
        self.journal.save()

    @property
    def root(self) -> Node:
        return self._root

    def zones(self) -> list[Zone]:
        return [self._zones[name] for name in sorted(self._zones)]

    def zone(self, name: str) -> Zone | None:
        """The hosted zone of exactly this name."""
        return self._zones.get(name.lower())

    def enclosing(self, name: str) -> Zone | None:
        """The closest hosted zone at or above ``name``."""
        node: Node | None = self._root
        found = self._root.zone
        for label in split_name(name, self.dialect):
            node = node.children.get(label) if node else None
            if node and node.zone:
                found = node.zone
        return found

    def node(self, name: str) -> Node | None:
        node = self._root
        for label in split_name(name, self.dialect):
            if label not in node.children:
                return None
            node = node.children[label]
        return node

    def entry(self, zone: Zone, name: str) -> Entry | None:
        node = self.node(name)
        if node is None:
            return None
        return zone if node.zone is zone else node.below_zone

    def ensure(self, zone: Zone, name: str) -> Entry:
        node = self._make_node(name)
        if node.zone is zone:
            return zone
        if node.below_zone is None:
            self._attach_entry(node, "below_zone", Entry(name, zone))
            assert node.below_zone
        return node.below_zone

    def discard(self, entry: Entry) -> None:
        """Take an entry without records out of the tree."""
        node = self.node(entry.name)
        if node and node.below_zone is entry:
            self._attach_entry(node, "below_zone", None)

    def walk(self, zone: Zone) -> Iterator[Entry]:
        """The entries of a zone in canonical order (RFC 4034 section 6.1), not those of zones below it."""
        node = self.node(zone.name)
        yield zone
        if node:
            yield from self._walk_below(node)

    def _walk_below(self, node: Node) -> Iterator[Entry]:
        for label in sorted(node.children):
            child = node.children[label]
            if child.below_zone:
                yield child.below_zone
            if not child.zone and child.entries:
                yield from self._walk_below(child)

    def create(self, name: str, kind: str = "Primary", *, internal: bool = False) -> Zone:
        zone = Zone(name.lower(), kind, internal)
        now = zone.modified = self.clock()
        person = f"hostadmin@{zone.name}"
        values = (self.server_domain, person, 1, SOA_REFRESH, SOA_RETRY, SOA_EXPIRE, SOA_TTL)
        zone.sets["SOA"] = [Record(zone.name, SOA_TTL, make_rdata("SOA", values), modified=now)]
        if kind == "Primary":
            server = make_rdata("NS", (self.server_domain,))
            zone.sets["NS"] = [Record(zone.name, self.dialect.ns_ttl, server, modified=now)]
        self._attach_entry(self._make_node(name), "zone", zone)
        self._zones[zone.name] = zone
        self.journal.note(lambda: self._zones.pop(zone.name))
        return zone

    def remove(self, zone: Zone) -> None:
        node = self.node(zone.name)
        assert node
        self._attach_entry(node, "zone", None)
        self._forget_below(node)
        del self._zones[zone.name]
        self.journal.note(lambda: self._zones.update({zone.name: zone}))

    def _forget_below(self, node: Node) -> None:
        for child in node.children.values():
            if child.below_zone:
                self._attach_entry(child, "below_zone", None)
            if not child.zone:
                self._forget_below(child)

    def put(self, entry: Entry, type: str, records: Sequence[Record]) -> None:
        """Store an RRset (an empty one is removed) and raise the serial."""
        self.store(entry, type, list(records))
        self.commit(entry.zone)

    def commit(self, zone: Zone) -> None:
        now = self.clock()
        soa = zone.soa
        server, person, serial, *times = soa.data.values
        values = (server, person, serial + 1 & 0xFFFFFFFF, *times)
        raised = Record(soa.name, soa.ttl, Rdata("SOA", values, values), comments=soa.comments, modified=now)
        raised.used = soa.used
        self.store(zone, "SOA", [raised])
        self.set(zone, "modified", now)

    def settle(self, entry: Entry) -> None:
        """After a change: a name whose records are all disabled is out of service."""
        if not isinstance(entry, Zone):
            self.set(entry, "disabled", all(r.disabled for r in entry.records()))

    def set(self, owner: Entry, field: str, value: Any) -> None:
        """Change a plain field in a way that a crash can take back."""
        before = getattr(owner, field)
        if before != value:
            setattr(owner, field, value)
            self.journal.note(lambda: setattr(owner, field, before))

    def store(self, entry: Entry, type: str, records: list[Record]) -> None:
        """An RRset, as it is: the serial stays."""
        before = entry.sets.get(type)
        if records:
            entry.sets[type] = records
        else:
            entry.sets.pop(type, None)
        if before is None:
            self.journal.note(lambda: entry.sets.pop(type, None))
        else:
            self.journal.note(lambda: entry.sets.update({type: before}))

    def _make_node(self, name: str) -> Node:
        node = self._root
        for label in split_name(name, self.dialect):
            node = node.children.get(label) or node.children.setdefault(label, Node(node))
        return node

    def _attach_entry(self, node: Node, place: str, entry: Entry | None) -> None:
        before = getattr(node, place)
        self._hang_entry(node, place, entry)
        self.journal.note(lambda: self._hang_entry(node, place, before))

    @staticmethod
    def _hang_entry(node: Node, place: str, entry: Entry | None) -> None:
        change = (entry is not None) - (getattr(node, place) is not None)
        setattr(node, place, entry)
        above: Node | None = node
        while above:
            above.entries += change
            above.branched = above.entries > 1 or (above.branched and above.entries == 1)
            above = above.parent
