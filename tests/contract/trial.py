"""One syncer on one target, what is wanted of it, and what must hold whenever it has come to rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from records.models import AuditEntry, ManagedRecord, SyncRequest
from syncer.core.kinds import DNS_ENDPOINT
from syncer.core.plan import Key
from syncer.core.rrsets import RRset
from tests.contract.harness import ZONE, Harness
from tests.histories.mortal import Died, Life, MortalLedger
from tests.syncer.zone.engine import Engine

HAND = RRset(f"by-hand.{ZONE}", "A", 77, ("192.0.2.99",))
"""Somebody made it before we came."""

ASKED = 50
"""Names, of however many, that a client asks for."""

UNGUARDED: dict[str, Any] = {"max_delete_ratio": 1.0, "flap_limit": 0}
"""A trial makes and takes away faster than people do."""


def rrset(name: str, *values: str, kind: str = "A", ttl: int = 300) -> RRset:
    """Of ``<name>.talos00``; "" is the apex."""
    return RRset(f"{name}.{ZONE}" if name else ZONE, kind, ttl, tuple(sorted(values)))


class Trial:
    """``wanted`` are the RRsets that objects ask for, ``in_the_way`` what of them foreign records keep off the target.

    ``check`` says that what is there is what is wanted, and that nothing of others has changed by a byte.
    """

    def __init__(self, harness: Harness, *zones: str) -> None:
        self.harness = harness
        self.wanted: dict[Key, RRset] = {}
        self.in_the_way: set[Key] = set()
        self.put_by_hand(HAND)
        self.life = Life()
        self.on_step: Callable[[], object] = lambda: None
        self.engine = Engine(harness.settings, *(zones or (ZONE,)), **UNGUARDED)
        self.engine.observe = self._step
        harness.watch_steps(self._step)
        self.restart()

    def close(self) -> None:
        self.engine.close()

    # What is wanted

    def want(self, *rrsets: RRset, bad: Mapping[str, object] | None = None) -> None:
        """These and no others: a DNSEndpoint for each name. ``bad`` are fields of the endpoints of the first one."""
        names: dict[str, list[RRset]] = {name: [] for name, _ in self.wanted}
        for item in rrsets:
            names.setdefault(item.name, []).append(item)
        self.wanted = {(item.name, item.type): item for item in rrsets}
        for name, here in names.items():
            self._put(name, here, bad if bad and here[:1] == list(rrsets[:1]) else {})

    def reach(self, *rrsets: RRset) -> None:
        """These and no others are wanted, and there."""
        self.want(*rrsets)
        self.settle()
        self.check()

    def _put(self, name: str, rrsets: Iterable[RRset], fields: Mapping[str, object]) -> None:
        object_name = name.replace("*", "any")
        endpoints = [
            {"dnsName": name, "recordType": item.type, "targets": list(item.values), "recordTTL": item.ttl, **fields}
            for item in rrsets
        ]
        if not endpoints:
            self.engine.drop_object(DNS_ENDPOINT, "web", object_name)
            return
        metadata = {"name": object_name, "namespace": "web", "creationTimestamp": "2026-01-01T00:00:00Z"}
        self.engine.put_object(DNS_ENDPOINT, {"metadata": metadata, "spec": {"endpoints": endpoints}})

    # What others do

    def put_by_hand(self, foreign: RRset) -> None:
        self.harness.put_foreign(foreign)
        self.foreign = self.harness.read_foreign()

    def drop_by_hand(self, foreign: RRset) -> None:
        self.harness.drop_foreign(foreign)
        self.foreign = self.harness.read_foreign()

    # What happens

    def settle(self) -> None:
        """Long enough for every probe and every try."""
        self.engine.settle(31)

    def look(self) -> None:
        """A full pass, by which a target without serials sees what others did."""
        self.settle()
        self.engine.full()

    def restart(self) -> None:
        """A new process on what the one before left behind."""
        self.life.left = None
        self.engine.ledger = MortalLedger(self.life)
        self.engine.start()

    def dies_after(self, steps: int) -> bool:
        """Whether kill -9 after so many steps comes before all is done. A new process begins then."""
        self.life.left = steps
        try:
            self.settle()
        except Died:
            self.restart()
            return True
        self.life.left = None
        return False

    def _step(self, *_: object) -> None:
        self.life.step()
        self.on_step()

    def answer(self, request: SyncRequest) -> str:
        """What comes of what a person asks for."""
        self.settle()
        request.refresh_from_db()
        return request.outcome

    # What must hold

    def is_in_trouble(self) -> bool:
        """Whether the syncer says of target or zones that something is wrong."""
        return bool(self.engine.target_loop.health.list_problems())

    def find_row(self, name: str, kind: str) -> ManagedRecord:
        return ManagedRecord.objects.get(name=f"{name}.{ZONE}", type=kind)

    def check(self) -> None:
        held = self.find_held()
        assert self.harness.read_ours() == held
        for item in [*held.values()][:: len(held) // ASKED + 1]:
            assert self.harness.ask(item.name.replace("*", "any"), item.type) == item.values
        assert {(row.name, row.type) for row in ManagedRecord.objects.filter(owned=True)} == held.keys()
        self.check_foreign()

    def check_foreign(self) -> None:
        assert self.harness.read_foreign() == self.foreign

    def check_nothing_is_left_to_do(self) -> None:
        """Not even after a restart, when all that is there is looked at."""
        told = AuditEntry.objects.count()
        self.restart()
        self.settle()
        self.check()
        assert AuditEntry.objects.count() == told

    def find_held(self) -> dict[Key, RRset]:
        """What is wanted and can be there. What cannot says why."""
        target = self.engine.target
        assert target
        rows = self.engine.rows()
        held = {}
        for key, item in self.wanted.items():
            if reason := target.refuses(item):
                assert (rows[key].state, rows[key].reason) == ("skipped", reason)
            elif key in self.in_the_way:
                assert rows[key].state == "conflict"
                assert rows[key].reason
            else:
                assert (rows[key].state, rows[key].reason) == ("synced", "")
                held[key] = item if target.keeps_ttl else replace(item, ttl=0)
        return held
