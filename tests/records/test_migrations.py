"""A database of the release before keeps all that it holds, and decides as it did."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

import syncer
from records.ledger import DatabaseLedger
from records.models import (
    AuditEntry,
    Bookmark,
    CustomEntry,
    DeletedRRset,
    DriftFinding,
    HeldPlan,
    ManagedRecord,
    ManagedZone,
    Source,
    SourceName,
    SyncRequest,
)
from syncer.core.claims import Decision
from syncer.core.plan import Change, Op
from syncer.core.rrsets import RRset
from syncer.ledger import AppliedChange
from syncer.targets.base import Outcome, Result

BEFORE = ("records", "0001_initial")
ZONE, OTHER = "talos00", "home.lab"
START = datetime(2026, 1, 1, tzinfo=UTC)
OLD = {"ttl": 300, "values": ["192.0.2.4"]}

pytestmark = pytest.mark.django_db(transaction=True)


def migrate_to_now() -> None:
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes("records"))


class Copy:
    """Of the empty old database, where that is in memory: to go back each time took a third of these tests."""

    def __init__(self) -> None:
        self._kept: sqlite3.Connection | None = None

    def take(self, executor: MigrationExecutor) -> None:
        if self._kept:
            self._kept.backup(connection.connection)
            return
        executor.migrate([BEFORE])
        if connection.vendor == "sqlite":
            self._kept = sqlite3.connect(":memory:")
            connection.connection.backup(self._kept)

    def close(self) -> None:
        if self._kept:
            self._kept.close()


class OldDatabase:
    """As the release before made it; ``say`` writes an audit entry, a minute after the last one."""

    def __init__(self, copy: Copy) -> None:
        executor = MigrationExecutor(connection)
        copy.take(executor)
        self.apps = executor.loader.project_state([BEFORE]).apps
        self.now = START

    def make(self, model: str, **columns: Any) -> Any:
        return self.apps.get_model("records", model).objects.create(**columns)

    def say(self, action: str, name: str, kind: str = "A", zone: str = ZONE, **columns: Any) -> None:
        self.now += timedelta(minutes=1)
        columns = {"actor": "syncer", "correlation": "abc", "at": self.now, **columns}
        self.make("AuditEntry", action=action, zone=zone, name=name, type=kind, **columns)

    def own(self, name: str, zone: str = ZONE, **columns: Any) -> None:
        columns = {"type": "A", "ttl": 300, "values": ["192.0.2.4"], "owned": True, "state": "synced", **columns}
        self.make("ManagedRecord", zone=zone, name=name, **columns)

    def run_on(self, target: str) -> None:
        self.make("SyncStatus", holder="here 1", started_at=START, heartbeat_at=START, target=target)

    def migrate(self) -> None:
        migrate_to_now()


@pytest.fixture(scope="module")
def copy() -> Iterator[Copy]:
    copy = Copy()
    yield copy
    copy.close()


@pytest.fixture
def old(copy: Copy) -> Iterator[OldDatabase]:
    yield OldDatabase(copy)
    migrate_to_now()


def test_nothing_is_lost(old: OldDatabase) -> None:
    old.own("grafana.talos00", origin="Ingress/web/grafana", claimants=["Ingress/web/grafana"], losers=[["a", "b"]])
    old.make("CustomEntry", name="printer.talos00", type="A", values=["192.0.2.9"], updated_at=START)
    old.make("HeldPlan", zone=ZONE, deletes=[["grafana.talos00", "A"]], reason="too many")
    for status in ("open", "accepted", "healed", "over"):
        finding = {"drift_type": "missing_record", "expected": OLD, "reason": "gone", "status": status}
        old.make("DriftFinding", zone=ZONE, name=f"{status}.talos00", type="A", **finding)
    for action in ("sync", "heal", "delete"):
        old.make("SyncRequest", action=action, zone=ZONE, name="grafana.talos00", requested_by="ada")
    old.make("ZoneSerial", zone=ZONE, serial=42)
    old.make("Bookmark", name="custom entries")
    old.make("Bookmark", name="slack", audit_id=7, memory={"a": "b"})
    old.say("created", "grafana.talos00", after=OLD)
    old.run_on("technitium")
    old.migrate()
    record = ManagedRecord.objects.get()
    assert (record.target, record.key, record.data, record.owned) == ("default", ("grafana.talos00", "A"), OLD, True)
    assert (record.origin, record.losers) == ("Ingress/web/grafana", [["a", "b"]])
    entry = CustomEntry.objects.get()
    assert (entry.target, entry.name, entry.values) == ("", "printer.talos00", ["192.0.2.9"])
    plan = HeldPlan.objects.get()
    assert (plan.target, plan.is_open, list(plan.keys)) == ("default", True, [("grafana.talos00", "A")])
    delete = plan.deletes.get()
    assert (delete.values, delete.ttl, delete.origin) == (["192.0.2.4"], 300, "Ingress/web/grafana")
    assert delete.held_at == plan.created_at
    assert list(DriftFinding.objects.order_by("id").values_list("target", "status")) == [
        ("default", "open"),
        ("default", "accepted"),
        ("default", "remediated"),
        ("default", "over"),
    ]
    requests = SyncRequest.objects.order_by("id").values_list("target", "action", "requested_by")
    assert list(requests) == [("", "sync", "ada"), ("", "remediate", "ada"), ("", "delete", "ada")]
    assert list(Bookmark.objects.values_list("name", "audit_id", "memory")) == [("slack", 7, {"a": "b"})]
    assert list(AuditEntry.objects.values_list("target", "action", "after")) == [("default", "created", OLD)]
    zone = DatabaseLedger().zone("default", ZONE)
    assert (zone.left().serial, zone.owned_count(), zone.is_new()) == (42, 1, False)


def test_what_went_is_known_as_the_audit_said_it(old: OldDatabase) -> None:
    for name, *actions in (
        ("went", "created", "deleted"),
        ("gone", "created", "gone"),
        ("back", "deleted", "created"),
        ("refused", "deleted", "failed"),
        ("released", "deleted", "created", "released"),
    ):
        for action in actions:
            old.say(action, f"{name}.talos00")
    old.say("deleted", "went.talos00", "AAAA")
    old.say("created", "elsewhere.home.lab", zone=OTHER)
    old.say("deleted", "elsewhere.home.lab", zone=OTHER)
    # A custom entry came to its end: that is not said of DNS.
    old.say("deleted", "went.talos00", correlation="", actor="ada")
    old.say("released", "kept.talos00")
    old.say("deleted", "kept.talos00", correlation="", actor="ada")
    old.say("approved", "", "", actor="ada")
    old.migrate()
    names = {f"{name}.talos00" for name in ("went", "gone", "back", "refused", "released", "kept")}
    ledger = DatabaseLedger()
    assert ledger.zone("default", ZONE).deleted(names) == {
        ("went.talos00", "A"),
        ("went.talos00", "AAAA"),
        ("gone.talos00", "A"),
    }
    assert ledger.zone("default", OTHER).deleted(["elsewhere.home.lab"]) == {("elsewhere.home.lab", "A")}
    assert DeletedRRset.objects.count() == 4
    assert DeletedRRset.objects.get(name="went.talos00", type="A").deleted_at == START + timedelta(minutes=2)


def test_a_zone_is_known_of_which_there_is_a_record_or_an_audit_entry(old: OldDatabase) -> None:
    old.own("grafana.talos00")
    old.say("created", "elsewhere.home.lab", zone=OTHER)
    old.say("requested", "", "", zone="")
    old.make("ZoneSerial", zone=OTHER, serial=7)
    old.migrate()
    ledger = DatabaseLedger()
    assert [ledger.zone("default", zone).is_new() for zone in (ZONE, OTHER, "new.lab")] == [False, False, True]
    assert [ledger.zone("default", zone).left().serial for zone in (ZONE, OTHER)] == [0, 7]


def refuse(name: str, reason: str) -> AppliedChange:
    rrset = RRset(name, "A", 300, ("192.0.2.4",))
    change = Change(Op.CREATE, None, rrset, "")
    return AppliedChange(Decision(name, (rrset,)), Result(change, Outcome.REFUSED, reason, True))


def test_a_refusal_that_was_told_is_not_told_again(old: OldDatabase) -> None:
    for name in ("told", "other"):
        old.own(f"{name}.talos00", state="failed", owned=False, reason="busy")
        old.say("failed", f"{name}.talos00", reason="busy" if name == "told" else "full", after=OLD)
    old.migrate()
    refused = [refuse(f"{name}.talos00", "busy") for name in ("told", "other")]
    DatabaseLedger().zone("default", ZONE).record_pass(refused, [], "def", "syncer")
    said = AuditEntry.objects.filter(correlation="def").values_list("name", "reason")
    assert list(said) == [("other.talos00", "busy")]


REFUSALS = {
    "somebody changed it after it was read": "someone else changed it after it was read",
    "somebody made the same record meanwhile": "someone else made the same record meanwhile",
    "somebody else wrote the same at the same moment": "someone else wrote the same at the same moment",
    "somebody else's value at this name keeps the TTL at 60": "someone else's value at this name keeps the TTL at 60",
    "somebody else's values at this name have several TTLs": "someone else's values at this name have several TTLs",
}
"""As the writer of Technitium worded them in the release before, and as it words them now."""


def test_a_refusal_that_was_told_in_old_words_is_not_told_again_in_new_ones(old: OldDatabase) -> None:
    names = {f"told{number}.talos00": words for number, words in enumerate(REFUSALS.items())}
    for name, (before, _) in names.items():
        old.own(name, state="failed", owned=False, reason=before)
        old.say("failed", name, reason=before, after=OLD)
    old.migrate()
    after = {name: now for name, (_, now) in names.items()}
    assert dict(ManagedRecord.objects.values_list("name", "reason")) == after
    DatabaseLedger().zone("default", ZONE).record_pass(
        [refuse(name, now) for name, now in after.items()], [], "def", "syncer"
    )
    assert not AuditEntry.objects.filter(correlation="def").exists()
    source = (Path(syncer.__file__).parent / "targets/technitium/writer.py").read_text()
    for now in after.values():
        assert now.replace("60", "{ttl}") in source


def test_the_names_of_the_sources_get_rows(old: OldDatabase) -> None:
    names = [["blog.talos00", ["192.0.2.7"]], ["www.talos00", []]]
    skipped = [["x.example.org", "outside every managed zone"], ["blog.talos00", "twice"]]
    place = {"group": "networking.k8s.io", "kind": "Ingress", "namespace": "web"}
    old.make("Source", **place, name="blog", names=names, skipped=skipped, digest="d", seen_at=START)
    old.make("Source", **place, name="mute", digest="e")
    old.migrate()
    blog = Source.objects.get(name="blog")
    assert blog.wanted_names() == [("blog.talos00", ["192.0.2.7"]), ("www.talos00", [])]
    assert blog.skipped_names() == [("x.example.org", "outside every managed zone")]
    assert set(SourceName.objects.values_list("since", "detached_since", "detached_seconds")) == {(START, None, 0)}
    assert Source.objects.get(name="mute").wanted_names() == []


def test_what_was_written_to_a_hosts_file_belongs_to_the_target_hosts(old: OldDatabase) -> None:
    old.own("grafana.talos00")
    old.make("HeldPlan", zone=ZONE, reason="too many")
    old.make("DriftFinding", zone=ZONE, name="a.talos00", type="A", drift_type="missing_record", reason="gone")
    old.say("deleted", "went.talos00")
    old.say("login refused", "", "", zone="")
    old.run_on("hosts")
    old.migrate()
    for model in (ManagedRecord, HeldPlan, DriftFinding, DeletedRRset, ManagedZone):
        assert [row.target for row in model.objects.all()] == ["hosts"]
    assert list(AuditEntry.objects.order_by("id").values_list("target", flat=True)) == ["hosts", ""]
    ledger = DatabaseLedger()
    assert ledger.zone("hosts", ZONE).names() == ["grafana.talos00"]
    assert ledger.zone("default", ZONE).is_new()
