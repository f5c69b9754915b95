"""Histories of a zone: objects come and go, other hands write, time passes, and things break, in any order."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from records import operations
from records.models import AuditEntry, DeletedRRset, DriftFinding, ManagedRecord, ManagedZone, Source, WriteFreeze
from syncer.core.kinds import INGRESS
from syncer.core.lost_marks import LEAST
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.histories.cast import (
    GATES,
    KINDS_READ,
    NAMES,
    NAMESPACES,
    Place,
    Terms,
    fqdn,
)
from tests.histories.checks import VALUES, Held, check_rest, check_turn, look
from tests.histories.cluster import Cluster, WatchedEngine
from tests.histories.model import GRACE, LONG, Model
from tests.histories.mortal import Died, Life, MortalLedger
from tests.histories.objects import ObjectSteps, name, parents, position, route_hosts, site_name, terms
from tests.syncer.targets.hands import foreign
from tests.syncer.zone.engine import ZONE

handiwork = st.sampled_from(
    [("A", "10.0.0.1"), ("A", "10.9.9.9"), ("AAAA", "2001:db8::9"), ("CNAME", "hand.example.com"), ("TXT", "hands off")]
)


class World(ObjectSteps):
    """The server is taken to have saved whatever a hand did, so that a crash loses only what the syncer wrote.
    ``touched`` are the names at which the zone may not be as the syncer left it: after a crash all, when a hand raises
    the serial by which the syncer would see that the server lost something."""

    def __init__(self, server: ServerUnderTest, *, auto_remediate: bool) -> None:
        super().__init__()
        self.server = server
        self.auto_remediate = auto_remediate
        self.theirs: list[str] = []
        self.touched: set[str] = set()
        self.lost_writes = False
        self.before: dict[str, Held] = {}
        self.seconds = 0.0
        self.freeze: WriteFreeze | None = None
        """While writes are held, what holds them."""
        self.frozen_rows: list[Any] = []

    @initialize(
        sites=st.dictionaries(site_name, terms, min_size=1, max_size=3),
        routes=st.lists(st.tuples(route_hosts, parents), min_size=1, max_size=2),
    )
    def begin(self, sites: dict[str, Terms], routes: list[tuple[tuple[str, ...], tuple[Place, ...]]]) -> None:
        for model in (ManagedRecord, AuditEntry, DeletedRRset, DriftFinding, ManagedZone, Source):
            rows = model.objects.all()
            rows._raw_delete("default") if model is not Source else rows.delete()
        self.life = Life()
        self.engine = WatchedEngine(self.server, auto_remediate=self.auto_remediate, detached_grace=GRACE)
        self.model = Model(lambda: self.engine.clock.now)
        self.cluster = Cluster(self.engine, self.model)
        self.engine.ledger = MortalLedger(self.life, self.model.note, self.count)
        self.engine.observe = self.life.step
        self.engine.before, self.engine.after = self.begin_turn, self.end_turn
        self.engine.start()
        for gate_name in GATES:
            self.put_gate(gate_name, ["", "shop"])
        for own_namespace, (hosts, places) in zip(NAMESPACES, routes, strict=False):
            self.put_route(own_namespace, hosts, places, Terms(), True)
        for host, said in sites.items():
            self.put_site(INGRESS, "web", "elder", (host,), said, False)
        self.look()
        self.engine.settle()

    def look(self) -> None:
        """What a hand or a crash did is what the syncer must respect."""
        self.server.double.save()
        self.theirs = foreign(self.server)

    # Each turn

    def begin_turn(self, seconds: float) -> None:
        self.seconds = seconds
        self.before = look(self.server)
        self.frozen_rows = self.server.rows(ZONE)

    def end_turn(self, *, died: bool = False) -> None:
        after = look(self.server)
        if self.freeze:
            assert self.server.rows(ZONE) == self.frozen_rows
        for host in NAMES:
            check_turn(self.model, host, self.before[host], after[host], died=died)

    def count(self) -> None:
        if self.seconds >= LONG:
            self.model.count(LONG)

    # Other hands

    @rule(name=name, work=handiwork)
    def add_by_hand(self, name: str, work: tuple[str, str]) -> None:
        kind, value = work
        ttl = next((record["ttl"] for record in self.at(name) if record["type"] == kind), 77)
        record = {"domain": fqdn(name), "type": kind, "ttl": ttl, "comments": "by hand", VALUES[kind]: value}
        self.server.call("zones/records/add", record)  # refused where it cannot be: then there was no hand
        self.note_hand(name)

    @rule(name=name, which=st.integers(0, 3), work=st.sampled_from(["delete", "wipe the mark"]))
    def change_by_hand(self, name: str, which: int, work: str) -> None:
        """A mark goes when the record is saved in the server's own interface with the comment cleared. When many are
        gone the zone has lost them, and no hand did it (``syncer.core.lost_marks``): here none goes so far."""
        if records := self.at(name):
            record = records[which % len(records)]
            bare = sum(not other.get("comments") for host in NAMES for other in self.at(host))
            if work == "delete":
                self.server.ok("zones/records/delete", self.rdata(record))
            elif bare + 1 < LEAST:
                self.server.ok("zones/records/update", self.rdata(record) | {"ttl": record["ttl"]})
            else:
                return
            self.note_hand(name)

    def note_hand(self, name: str) -> None:
        self.touched.update(NAMES if self.lost_writes else {name})
        self.look()

    def at(self, name: str) -> list[dict[str, Any]]:
        return [record for record in self.server.records(ZONE) if record["name"] == fqdn(name)]

    @staticmethod
    def rdata(record: dict[str, Any]) -> dict[str, object]:
        field = VALUES[record["type"]]
        return {"domain": record["name"], "type": record["type"], field: record["rData"][field]}

    # Time

    @rule(seconds=st.sampled_from([0.1, 1, LONG, LONG]))
    def turn(self, seconds: float) -> None:
        self.engine.turn(seconds)

    @rule()
    def settle(self) -> None:
        """What no hand touched is as it shall be then."""
        self.resume_writes()
        self.engine.settle(LONG)
        self.engine.full()
        if not self.cluster.away:
            self.lost_writes = False
            held = look(self.server)
            for host in NAMES:
                if host not in self.touched:
                    check_rest(self.model, host, held[host])

    @rule()
    def wait_until_the_grace_is_over(self) -> None:
        for _ in range(7):
            self.engine.turn(LONG)
        self.settle()

    # People

    @precondition(lambda self: self.freeze is None)
    @rule()
    def hold_writes(self) -> None:
        self.freeze = operations.hold_writes("ada", None)

    @precondition(lambda self: self.freeze is not None)
    @rule()
    def resume_writes(self) -> None:
        if self.freeze:
            operations.resume_writes("ada", self.freeze)
        self.freeze = None

    # Disaster

    @precondition(lambda self: not self.cluster.away)
    @rule()
    def lose_connection(self) -> None:
        self.cluster.lose_connection()

    @precondition(lambda self: self.cluster.away)
    @rule(which=position)
    def hear_from_one(self, which: int) -> None:
        away = sorted(self.cluster.away)
        self.cluster.hear_from(away[which % len(away)])

    @precondition(lambda self: self.cluster.away)
    @rule()
    def hear_from_all(self) -> None:
        for kind in KINDS_READ:
            if kind in self.cluster.away:
                self.cluster.hear_from(kind)

    @precondition(lambda self: 0 < len(self.cluster.away) < len(KINDS_READ))
    @rule()
    def wait_no_longer(self) -> None:
        self.cluster.stop_waiting()

    @rule(saved=st.sampled_from([True, False, False]))
    def crash_server(self, saved: bool) -> None:
        """What it had not ``saved`` is lost."""
        if saved:
            self.server.double.save()
        self.server.crash()
        self.lost_writes |= not saved

    @rule()
    def restart_syncer(self) -> None:
        self.cluster.restart_syncer()

    @rule(steps=st.integers(0, 14))
    def kill_syncer(self, steps: int) -> None:
        self.life.left = steps
        try:
            self.engine.turn(LONG)
        except Died:
            self.end_turn(died=True)
        self.life.left = None
        self.cluster.restart_syncer()

    # What must hold

    @invariant()
    def foreign_records_are_untouched(self) -> None:
        if hasattr(self, "engine"):
            assert foreign(self.server) == self.theirs

    def teardown(self) -> None:
        if not hasattr(self, "engine"):
            return
        self.hear_from_all()
        self.resume_writes()
        self.engine.settle(31)
        self.engine.full()
        if not self.auto_remediate:
            for row in ManagedRecord.objects.filter(state="drifted"):
                assert DriftFinding.objects.get(name=row.name, type=row.type, status="open").drift_type
                self.engine.ask("remediate", row.name, zone=ZONE, type=row.type)
        self.engine.full()
        assert not ManagedRecord.objects.filter(state="drifted").exists()
        self.foreign_records_are_untouched()
        held = look(self.server)
        for host in NAMES:
            check_rest(self.model, host, held[host])
        self.engine.close()
