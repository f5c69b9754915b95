"""Export and import over HTTP."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from rest_framework.test import APIClient

from records.models import CustomEntry, ManagedRecord, SyncRequest

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

LAUGHS = "a0: &a0 [lol]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))


def text_of(answer: Any) -> str:
    return b"".join(answer.streaming_content).decode()


def send(client: APIClient, text: str | bytes, query: str = "", media_type: str = "application/yaml") -> Any:
    return client.generic("POST", f"/api/v1/import{query}", text, content_type=media_type)


@pytest.mark.parametrize(
    ("form", "media_type"), [("yaml", "application/yaml"), ("json", "application/json"), ("csv", "text/csv")]
)
def test_what_was_exported_can_be_brought_back(
    admin: APIClient, world: SimpleNamespace, form: str, media_type: str
) -> None:
    exported = admin.get(f"/api/v1/export?format={form}")
    assert exported.headers["Content-Type"].startswith(media_type)
    assert f"dns-backup.{form}" in exported.headers["Content-Disposition"]
    text = text_of(exported)
    ManagedRecord.objects.all().delete()
    CustomEntry.objects.all().delete()
    tried = send(admin, text, "?dry_run")
    assert tried.json()["dry_run"] is True
    assert not ManagedRecord.objects.exists()
    done = send(admin, text, f"?format={form}", media_type).json()
    assert (done["records"], done["entries_created"], done["dry_run"]) == (3, 1, False)
    assert any("grafana.talos00" in line for line in done["changes"])
    assert ManagedRecord.objects.filter(owned=True).count() == 3
    assert CustomEntry.objects.get().values == ["192.168.1.60"]
    assert SyncRequest.objects.exists()


def test_a_zone_file_is_exported(viewer: APIClient, world: SimpleNamespace) -> None:
    assert "192.168.1.54" in text_of(viewer.get("/api/v1/export?format=bind"))
    assert viewer.get("/api/v1/export?format=xml").json()["errors"][0]["attr"] == "format"


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("", ""),
        ("just a text", ""),
        ("a: [1", ""),
        (LAUGHS, ""),
        ("[" * 100_000, ""),
        ("{" * 100_000, ""),
        ("{}", ""),
        ("[]", ""),
        ("kind,hostname\n=cmd|x,y", "?format=csv"),
        (b"\xff\xfe\x00", ""),
        (json.dumps({"apiVersion": "catalyst-dns-sync.io/v9", "kind": "DNSRecordBackup", "records": []}), ""),
        ("{}", "?dry_run=perhaps"),
        ("{}", "?format=bind"),
    ],
    ids=range(13),
)
def test_a_backup_that_is_none_is_refused_with_the_reason(admin: APIClient, text: str | bytes, query: str) -> None:
    refused = send(admin, text, query)
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["detail"]
    assert not ManagedRecord.objects.exists()


def test_a_backup_of_more_than_100_mb_is_refused(admin: APIClient) -> None:
    assert send(admin, b"#" * (100 * 1024 * 1024 + 1)).status_code == 413
