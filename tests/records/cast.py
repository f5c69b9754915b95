"""The cast of the registry's tests: grafana is ours, nas was made by hand, two want blog, cd was deleted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from django.utils import timezone

from records.ledger import DatabaseLedger
from records.models import (
    AuditEntry,
    CustomEntry,
    DriftFinding,
    HeldPlan,
    ManagedRecord,
    Source,
    SyncRequest,
    SyncStatus,
)
from tests.records.objects import make_plan, make_source

OWNER, RIVAL = "Ingress/web/blog", "Ingress/web/blog-old"


class Cast(NamedTuple):
    grafana: ManagedRecord
    nas: ManagedRecord
    blog: ManagedRecord
    source: Source
    entry: CustomEntry
    plan: HeldPlan
    drift: DriftFinding
    created: AuditEntry
    deleted: AuditEntry
    request: SyncRequest
    status: SyncStatus


def make_cast() -> Cast:
    now = timezone.now()
    for name, values, created in (("blog", ["192.0.2.7"], "2025-01-01"), ("blog-old", ["192.0.2.8"], "2026-01-01")):
        source = make_source(
            "Ingress",
            "web",
            name,
            names=[("blog.talos00", values)],
            skipped=[("x.example.org", "outside every zone")],
            group="networking.k8s.io",
            created=f"{created}T00:00:00Z",
            warnings=["ttl <b>1d</b> is no duration"],
            notes={"owner": "web team"},
        )
    grafana = ManagedRecord.objects.create(
        zone="talos00", name="grafana.talos00", type="A", values=["192.0.2.5"], ttl=300, owned=True, state="synced"
    )
    nas = ManagedRecord.objects.create(
        zone="talos00",
        name="nas.talos00",
        type="A",
        values=["192.0.2.6"],
        ttl=300,
        state="conflict",
        reason="the zone has 192.0.2.66: someone else made it",
        foreign={"ttl": 300, "values": ["192.0.2.66"], "marks": ["by hand"], "disabled": []},
    )
    blog = ManagedRecord.objects.create(
        zone="talos00",
        name="blog.talos00",
        type="A",
        values=["192.0.2.7"],
        ttl=60,
        owned=True,
        state="synced",
        origin=OWNER,
        claimants=[OWNER],
        losers=[[RIVAL, f"{OWNER} has the name"]],
        is_contested=True,
    )
    before, after = {"ttl": 300, "values": ["192.0.2.4"]}, {"ttl": 300, "values": ["192.0.2.5"]}
    return Cast(
        grafana,
        nas,
        blog,
        source,
        CustomEntry.objects.create(name="printer.talos00", type="A", values=["192.0.2.9"], owner="office"),
        make_plan("talos00", [("grafana.talos00", "A")]),
        DriftFinding.objects.create(
            zone="talos00",
            name="mail.talos00",
            type="A",
            drift_type="unexpected_ip",
            expected={"ttl": 300, "values": ["192.0.2.10"]},
            found={"ttl": 300, "values": ["192.0.2.11"]},
            reason="someone changed it to 192.0.2.11",
            origin=OWNER,
        ),
        AuditEntry.objects.create(
            actor="syncer",
            action="created",
            zone="talos00",
            name="grafana.talos00",
            type="A",
            after=after,
            source=OWNER,
        ),
        AuditEntry.objects.create(
            actor="syncer",
            action="deleted",
            zone="talos00",
            name="cd.talos00",
            type="A",
            before=before,
            correlation="abc",
        ),
        SyncRequest.objects.create(action="sync", name="grafana.talos00", requested_by="admin"),
        SyncStatus.objects.create(
            holder="here 1",
            started_at=datetime(2026, 1, 1, tzinfo=UTC),
            heartbeat_at=now,
            target="technitium",
            kinds=[{"group": "networking.k8s.io", "kind": "Ingress", "state": "watching", "reason": "", "objects": 2}],
            zones={"talos00": "the zone is <disabled>"},
            problems=["talos00: the zone is <disabled>"],
            warnings=["the clock is <wrong>"],
        ),
    )


def last_audit() -> AuditEntry:
    entry = AuditEntry.objects.first()
    assert entry is not None
    return entry


def list_asked() -> list[tuple[str, str, str]]:
    """What the syncer will read, of what came after the cast."""
    return [
        (item.action, item.zone, item.name) for item in DatabaseLedger().requests() if item.name != "grafana.talos00"
    ]
