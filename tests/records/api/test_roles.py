"""Who may do what: one table."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIClient

from records.api.access import make_token
from records.api.docs import DOCUMENT
from records.exchange.shape import API_VERSION, KIND
from records.models import AuditEntry, Source, SyncRequest, WriteFreeze
from tests.records.api.conftest import client_for

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

VISITORS = ("anonymous", "nobody", "viewer", "operator", "admin")
READS = (401, 403, 200, 200, 200)
ASKS = (401, 403, 403, 202, 202)
REFUSED = (401, 403, 403, 409, 409)
"""What makes no sense for the record that is asked about."""
MANIFEST = "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}"
BACKUP = json.dumps({"apiVersion": API_VERSION, "kind": KIND, "records": []})
PRINTER = {"values": ["192.168.1.61"]}

TABLE: list[tuple[str, str, Any, tuple[int, ...]]] = [
    ("GET", "", None, READS),
    ("GET", "records", None, READS),
    ("GET", "records/{grafana}", None, READS),
    ("POST", "records/{nas}/adopt", None, ASKS),
    ("POST", "records/{nas}/replace", None, ASKS),
    ("POST", "records/{nas}/keep", None, ASKS),
    ("POST", "records/{nas}/undo", None, REFUSED),
    ("POST", "records/{grafana}/release", None, ASKS),
    ("POST", "records/{grafana}/delete-from-dns", None, ASKS),
    ("POST", "records/{grafana}/remove-now", None, REFUSED),
    ("GET", "sources", None, READS),
    ("GET", "sources/{source}", None, READS),
    ("GET", "audit", None, READS),
    ("GET", "audit/{audit}", None, READS),
    ("GET", "drift", None, READS),
    ("GET", "drift/{drift}", None, READS),
    ("POST", "drift/{drift}/remediate", None, ASKS),
    ("POST", "drift/{drift}/heal", None, ASKS),
    ("POST", "drift/{drift}/accept", None, (401, 403, 403, 200, 200)),
    ("GET", "holds", None, READS),
    ("GET", "holds/{hold}", None, READS),
    ("POST", "holds/{hold}/approve", None, ASKS),
    ("POST", "holds/{hold}/reject", None, ASKS),
    ("GET", "freezes", None, READS),
    ("POST", "freezes", {"minutes": 10}, (401, 403, 403, 201, 201)),
    ("GET", "freezes/{freeze}", None, READS),
    ("POST", "freezes/{freeze}/end", None, (401, 403, 403, 200, 200)),
    ("GET", "requests", None, READS),
    ("GET", "requests/{request}", None, READS),
    ("GET", "entries", None, READS),
    ("POST", "entries", {"name": "tv.talos00", "type": "A", **PRINTER}, (401, 403, 403, 201, 201)),
    ("POST", "entries/bulk", {"entries": [{"name": "tv.talos00", "type": "A", **PRINTER}]}, (401, 403, 403, 201, 201)),
    ("GET", "entries/printer.talos00/A", None, READS),
    ("PUT", "entries/printer.talos00/A", PRINTER, (401, 403, 403, 200, 200)),
    ("PATCH", "entries/printer.talos00/A", {"enabled": False}, (401, 403, 403, 200, 200)),
    ("DELETE", "entries/printer.talos00/A", None, (401, 403, 403, 204, 204)),
    ("GET", "status", None, READS),
    ("POST", "sync", {}, ASKS),
    ("GET", "test-dns?hostname=grafana.talos00", None, READS),
    ("GET", "explain?hostname=grafana.talos00", None, READS),
    ("POST", "preview", MANIFEST, READS),
    ("GET", "plan", None, READS),
    ("GET", "export", None, READS),
    ("POST", "import?dry_run=true", BACKUP, (401, 403, 403, 403, 200)),
]


@pytest.fixture(autouse=True)
def no_dns_servers(settings: Any) -> None:
    settings.DNS_TEST_SERVERS = []


@pytest.mark.parametrize(("method", "path", "body", "expected"), TABLE, ids=[f"{row[0]} {row[1]}" for row in TABLE])
def test_each_visitor_may_do_what_the_role_says(
    method: str, path: str, body: Any, expected: tuple[int, ...], world: SimpleNamespace
) -> None:
    ids = {name: row.pk for name, row in vars(world).items()}
    ids["source"] = Source.objects.all()[0].pk
    ids["freeze"] = WriteFreeze.objects.create(zone="home.lab", set_by="tests").pk
    ids["request"] = SyncRequest.objects.create(action="sync", requested_by="tests").pk
    url = f"/api/v1/{path.format(**ids)}"
    kind = "application/yaml" if isinstance(body, str) else "application/json"
    data = body if isinstance(body, str) else json.dumps(body) if body is not None else ""
    got = []
    for visitor in VISITORS:
        with transaction.atomic():
            client = APIClient() if visitor == "anonymous" else client_for("" if visitor == "nobody" else visitor)
            answer = client.generic(method, url, data, content_type=kind)
            got.append(answer.status_code)
            if answer.status_code >= 400:
                assert set(answer.json()) == {"type", "errors"}
                assert set(answer.json()["errors"][0]) == {"code", "detail", "attr"}
            transaction.set_rollback(True)
    assert tuple(got) == expected


def test_the_table_knows_every_operation() -> None:
    document = yaml.safe_load(DOCUMENT.read_text())
    there = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    listed = {(method, f"/api/v1/{path.partition('?')[0]}") for method, path, *_ in TABLE}

    def shape(operations: set[tuple[str, str]]) -> set[tuple[str, str]]:
        plain = {(method, path.replace("printer.talos00/A", "{name}/{type}")) for method, path in operations}
        return {(method, re.sub(r"{\w+}", "{}", path)) for method, path in plain}

    assert shape(listed) == shape(there)


def test_what_no_role_may_do_is_refused_to_every_role(world: SimpleNamespace, admin: APIClient) -> None:
    """Audit, records and sources are the program's: there is no such method, for no role."""
    for path in ("audit", f"audit/{world.audit.pk}", "records", f"records/{world.grafana.pk}", "sources", "status"):
        for method in ("PUT", "PATCH", "DELETE"):
            assert admin.generic(method, f"/api/v1/{path}").status_code == 405
    assert admin.post("/api/v1/audit", {}, format="json").status_code == 405


def test_a_session_needs_a_csrf_token() -> None:
    user = User.objects.create_user("op")
    user.groups.add(Group.objects.get(name="operator"))
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(user)
    assert client.get("/api/v1/status").status_code == 200
    assert client.post("/api/v1/sync", {}, format="json").status_code == 403
    client.get("/admin/login/")
    client.cookies["csrftoken"] = token = "a" * 32
    assert client.post("/api/v1/sync", {}, format="json", HTTP_X_CSRFTOKEN=token).status_code == 202
    assert SyncRequest.objects.get().requested_by == "op"


@pytest.mark.parametrize("text", ["", "x", "cds_" + "0" * 64, "cds_\u00e9", "a b", "\x00"])
def test_a_wrong_token_is_no_token(text: str) -> None:
    answer = APIClient().get("/api/v1/status", HTTP_AUTHORIZATION=f"Bearer {text}")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_token_ends(time_machine: Any) -> None:
    user = User.objects.create_superuser("root")
    _, token = make_token(user, days=90)
    headers = {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    assert APIClient().get("/api/v1/status", **headers).status_code == 200
    time_machine.move_to(timezone.now() + timedelta(days=91))
    assert APIClient().get("/api/v1/status", **headers).status_code == 401


def test_a_token_of_a_deactivated_user_is_refused() -> None:
    user = User.objects.create_superuser("root")
    _, token = make_token(user, days=90)
    user.is_active = False
    user.save()
    assert APIClient().get("/api/v1/status", HTTP_AUTHORIZATION=f"Bearer {token}").status_code == 401


def test_a_token_is_kept_as_a_hash_only() -> None:
    kept, token = make_token(User.objects.create_superuser("root"), days=90)
    assert token.startswith("cds_")
    row = AuthToken.objects.filter(pk=kept.pk).values()[0]
    assert token not in str(row)
    assert row["digest"] == hashlib.sha512(token.encode()).hexdigest()


def test_the_audit_names_the_user_and_the_token(operator: APIClient) -> None:
    request = operator.post("/api/v1/sync", {"name": "Grafana.talos00."}, format="json").json()
    assert (request["zone"], request["name"]) == ("talos00", "grafana.talos00")
    assert re.fullmatch(r"operator-of-tests \(token cds_[0-9a-f]{7}\)", request["requested_by"])
    assert AuditEntry.objects.get().actor == request["requested_by"]


def test_who_calls_too_often_is_told_when_to_come_back(viewer: APIClient, settings: Any) -> None:
    settings.API_RATE_LIMIT = 3
    codes = [viewer.get("/api/v1/status").status_code for _ in range(4)]
    assert codes == [200, 200, 200, 429]
    refused = viewer.get("/api/v1/status")
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert refused.json()["errors"][0]["code"] == "throttled"
