"""People with tokens, and a little world: grafana is ours, nas was made by hand, two objects want blog."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from rest_framework.test import APIClient

from records.answer_models import RecordAnswer
from records.api.access import make_token
from records.models import AuditEntry, CustomEntry, DriftFinding, ManagedRecord
from tests.records.objects import make_plan, make_source


def client_for(role: str) -> APIClient:
    """A user with this role and a token; "" is a user without a role."""
    user = User.objects.create_user(f"{role or 'nobody'}-of-tests")
    if role:
        user.groups.add(Group.objects.get(name=role))
    _, token = make_token(user, days=1)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


NAS = "Ingress/default/nas"
FOREIGN = {"ttl": 300, "values": ["192.0.2.66"], "marks": ["by hand"], "disabled": []}


@pytest.fixture(autouse=True)
def fresh_throttles() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def viewer(db: None) -> APIClient:
    return client_for("viewer")


@pytest.fixture
def operator(db: None) -> APIClient:
    return client_for("operator")


@pytest.fixture
def admin(db: None) -> APIClient:
    return client_for("admin")


def record(name: str, values: list[str], state: str = "synced", **more: object) -> ManagedRecord:
    owned = state in ("synced", "held", "pending")
    defaults = {"zone": "talos00", "type": "A", "ttl": 300, "owned": owned, "state": state}
    return ManagedRecord.objects.create(**defaults | {"name": name, "values": values} | more)


@pytest.fixture
def world(db: None) -> SimpleNamespace:
    for kind, namespace, name, host in (
        ("IngressRoute", "monitoring", "grafana", "grafana.talos00"),
        ("Ingress", "default", "nas", "nas.talos00"),
        ("Ingress", "a", "blog", "blog.talos00"),
        ("Ingress", "b", "blog", "blog.talos00"),
    ):
        names = [(host, ["192.168.1.54" if namespace != "b" else "10.0.0.9"])]
        make_source(kind, namespace, name, group="x", names=names, created=namespace)
    grafana = "IngressRoute/monitoring/grafana"
    seen = SimpleNamespace(
        grafana=record("grafana.talos00", ["192.168.1.54"], origin=grafana, claimants=[grafana]),
        nas=record("nas.talos00", ["192.168.1.54"], "conflict", origin=NAS, reason="not ours", foreign=FOREIGN),
        blog=record(
            "blog.talos00",
            ["192.168.1.54"],
            origin="Ingress/a/blog",
            claimants=["Ingress/a/blog"],
            losers=[["Ingress/b/blog", "Ingress/a/blog is older"]],
        ),
        gone=record("gone.talos00", ["192.168.1.54"], "held", origin="Ingress/a/gone", claimants=["Ingress/a/gone"]),
        entry=CustomEntry.objects.create(name="printer.talos00", type="A", values=["192.168.1.60"]),
        hold=make_plan("talos00", [("gone.talos00", "A")], "too many deletes"),
        drift=DriftFinding.objects.create(
            zone="talos00",
            name="mail.talos00",
            type="A",
            drift_type="missing_record",
            expected={"ttl": 300, "values": ["192.168.1.54"]},
            reason="somebody deleted it",
            origin="Ingress/a/mail",
        ),
        audit=AuditEntry.objects.create(actor="syncer", action="created", zone="talos00", name="grafana.talos00"),
    )
    for row, result, reason in ((seen.grafana, "right", ""), (seen.blog, "wrong", "ns answers nothing (NXDOMAIN)")):
        columns = {"record": row, "target": row.target, "zone": row.zone}
        at = row.changed_at
        RecordAnswer.objects.create(**columns, result=result, reason=reason, since=at, asked_at=at, of_change=at)
    return seen
