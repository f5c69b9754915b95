"""What the API says by target, and what it can be asked about one."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import LazySettings
from rest_framework.test import APIClient

from records.models import (
    AuditEntry,
    CustomEntry,
    DriftFinding,
    HeldPlan,
    ManagedRecord,
    Source,
    SyncRequest,
    TargetStatus,
    WriteFreeze,
)
from tests.records.two_targets import set_up_two

pytestmark = pytest.mark.django_db

SHOP: dict[str, Any] = {"zone": "example.com", "name": "shop.example.com", "type": "A"}


@pytest.fixture(autouse=True)
def two_targets(settings: LazySettings) -> None:
    set_up_two(settings)
    for target in ("lan", "public", "gone"):
        ManagedRecord.objects.create(target=target, ttl=300, state="synced", owned=True, **SHOP)
        Source.objects.create(target=target, kind="Ingress", namespace="web", name="shop")
        CustomEntry.objects.create(target=target, name="nas.example.com", type="A", values=["192.0.2.7"])
        AuditEntry.objects.create(target=target, actor="syncer", action="created", **SHOP)
        HeldPlan.objects.create(target=target, zone="example.com")
        DriftFinding.objects.create(target=target, drift_type="missing_record", **SHOP)
        SyncRequest.objects.create(target=target, action="sync", requested_by="ada")
        WriteFreeze.objects.create(target=target, set_by="ada")


@pytest.mark.parametrize("path", ["records", "sources", "entries", "audit", "holds", "drift", "requests", "freezes"])
def test_every_list_is_narrowed_to_a_target_and_names_it_in_each_row(admin: APIClient, path: str) -> None:
    for target in ("lan", "public", "gone"):
        rows = admin.get(f"/api/v1/{path}?target={target}").json()["results"]
        assert [row["target"] for row in rows] == [target]
    assert {row["target"] for row in admin.get(f"/api/v1/{path}").json()["results"]} >= {"lan", "public", "gone"}


def test_the_status_has_each_target_and_those_that_are_gone(viewer: APIClient) -> None:
    TargetStatus.objects.create(name="lan", kind="technitium", place="https://dns1:53443", zones={"talos00": ""})
    TargetStatus.objects.create(name="public", kind="technitium", position=1, problem="it does not answer")
    TargetStatus.objects.create(name="gone", kind="hosts", position=2, in_use=False)
    told = viewer.get("/api/v1/status").json()["targets"]
    assert [(row["name"], row["in_use"], row["problem"]) for row in told] == [
        ("lan", True, ""),
        ("public", True, "it does not answer"),
        ("gone", False, ""),
    ]
    assert told[0]["zones"] == {"talos00": ""}


def test_a_sync_and_a_hold_of_all_writes_are_asked_for_on_one_target(operator: APIClient) -> None:
    asked = operator.post("/api/v1/sync", {"name": "shop.example.com", "target": "public"}, format="json").json()
    assert (asked["target"], asked["zone"], asked["name"]) == ("public", "example.com", "shop.example.com")
    held = operator.post("/api/v1/freezes", {"target": "public", "zone": "example.com", "minutes": 5}, format="json")
    assert (held.status_code, held.json()["target"]) == (201, "public")
    warnings = operator.get("/api/v1/status").json()["warnings"]
    assert any(text.startswith("all writes to example.com on public are held by") for text in warnings)


@pytest.mark.parametrize(
    ("path", "body", "problem"),
    [
        ("sync", {"target": "dmz"}, "There is no target dmz: give one of lan, public."),
        ("sync", {"target": "public", "name": "nas.talos00"}, "nas.talos00 is in no managed zone (example.com)."),
        ("freezes", {"target": "public", "zone": "talos00", "minutes": 5}, "talos00 is no managed zone (example.com)."),
    ],
)
def test_a_target_that_does_not_manage_it_is_refused(
    operator: APIClient, path: str, body: dict[str, Any], problem: str
) -> None:
    answer = operator.post(f"/api/v1/{path}", body, format="json")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["detail"] == problem
