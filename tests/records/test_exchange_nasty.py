"""Backups of the right shape with values that nobody would write: taken or refused with the reason, never a 500."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from records.exchange import plan_import, read_backup, write_export
from records.exchange.reading import ENTRY_FIELDS, RECORD_FIELDS
from records.models import CustomEntry, ManagedRecord
from tests.records.api.conftest import client_for

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

HEAD = {"apiVersion": "catalyst-dns-sync.io/v1alpha1", "kind": "DNSRecordBackup"}
GOOD: list[dict[str, Any]] = [
    {"hostname": "a.talos00", "type": "A", "values": ["10.0.0.1", "10.0.0.2"]},
    {"hostname": "a.talos00", "type": "TXT", "values": ["x" * 300, "straße 🌐"]},
    {"hostname": "*.straße.talos00", "type": "cname", "values": ["b.example.org"]},
    {"hostname": "talos00", "type": "MX", "values": ["10 m.talos00"]},
]
MORE: dict[str, Any] = {
    "ip": st.sampled_from(["10.0.0.1", None]),
    "ttl": st.sampled_from([60, 1, 2**31 - 1]),
    "zone": st.sampled_from(["talos00", None]),
    "source": st.sampled_from([None, {"kind": "Ingress", "namespace": "a", "name": "b"}, {"kind": "CustomEntry"}]),
    "claimants": st.sampled_from([None, [], ["CustomEntry//7", "Ingress/a/b"]]),
    "mode": st.sampled_from(["publish", "override"]),
    "enabled": st.booleans(),
    "owner": st.sampled_from(["", "anna", "x" * 200]),
    "description": st.sampled_from(["", "a\nb", "🌐", "x" * 10_000]),
    "created": st.sampled_from([None, "2026-01-01", "2026-01-01T00:00:00.123456789Z", "2026-01-01T00:00:00+14:00"]),
}
NASTY = st.sampled_from([
    *("\ud800", "a\udfff.talos00", "\x00", "a\x00b", "\u2028", "\ufeff", "=1+1", "é" * 300, "x" * 70_000),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59Z", "1969-12-31T23:59:59Z"),
    *("2026-01-01T00:00:00+23:59:59.999999", "2026-02-30", "24:00", "xn--\ud800.talos00", "１２.talos00", "::1%eth0"),
    *(0, -1, 2**31, 2**63, 10**400, 1.5, float("nan"), float("inf"), True, False, None),
    *([], {}, [None], [[]], [{}], ["\ud800"], ["\x00"], [5], ["x"] * 2000, {"kind": 5}, {"kind": "\ud800"}),
    *({"name": "x" * 700}, {"kind": None, "namespace": "a"}, {"a": {"b": [1]}}),
])  # fmt: skip


@st.composite
def items(draw: st.DrawFn, fields: frozenset[str]) -> dict[str, Any]:
    """A good one, in which one field may be nasty."""
    more = st.fixed_dictionaries({}, optional={name: MORE[name] for name in sorted(fields & MORE.keys())})
    item = {"ttl": 60, **draw(st.sampled_from(GOOD)), **draw(more)}
    if draw(st.integers(0, 2)) == 0:
        item[draw(st.sampled_from(sorted(fields)))] = draw(NASTY)
    return item


BACKUPS = st.fixed_dictionaries({
    "records": st.lists(items(RECORD_FIELDS), max_size=2),
    "entries": st.lists(items(ENTRY_FIELDS), max_size=2),
})  # fmt: skip


def entry(**fields: Any) -> dict[str, Any]:
    return {"entries": [{"hostname": "a.talos00", "type": "TXT", "values": ["x"], **fields}]}


@pytest.fixture(autouse=True)
def unthrottled(settings: Any) -> None:
    settings.API_RATE_LIMIT = 0


@pytest.fixture
def client() -> APIClient:
    return client_for("admin")


def send(client: APIClient, text: str, query: str = "") -> Any:
    return client.generic("POST", f"/api/v1/import{query}", text, content_type="application/json")


@settings(
    max_examples=75,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(BACKUPS)
@example(entry(owner="\ud800"))
@example(entry(description="\ud800"))
@example(entry(created="0001-01-01T00:00:00+14:00"))
@example(entry(created="9999-12-31T23:59:59-14:00"))
@example(entry(created="9999-12-31T23:59:59Z"))
def test_an_import_does_what_its_dry_run_says_and_can_be_read_again(client: APIClient, backup: dict[str, Any]) -> None:
    text = json.dumps({**HEAD, **backup})
    with transaction.atomic():
        dry, wet = send(client, text, "?dry_run"), send(client, text)
        assert (dry.status_code, wet.status_code) in ((200, 200), (400, 400)), wet.content
        said, done = dry.json(), wet.json()
        assert {**said, "dry_run": False} == done if wet.status_code == 200 else said == done
        if wet.status_code == 200:
            for form in ("yaml", "json", "csv"):
                again = plan_import(read_backup("".join(write_export(form)), form))
                assert not any(
                    again.count_changes()[name] for name in ("records", "entries_created", "entries_updated")
                )
            for row in CustomEntry.objects.all():
                shown = client.get(f"/api/v1/entries/{row.name}/{row.type or 'BLOCK'}")
                assert shown.status_code == 200
        transaction.set_rollback(True)


@pytest.mark.parametrize("form", ["yaml", "json", "csv"])
def test_the_longest_texts_and_many_claimants_come_back(form: str) -> None:
    CustomEntry.objects.create(name="a.talos00", mode="block", owner="ü" * 200, description='"' * 10_000)
    claimants = [f"Ingress/some-namespace/{'x' * 50}-{number}" for number in range(3000)]
    ManagedRecord.objects.create(
        zone="talos00", name="b.talos00", type="A", values=["10.0.0.1"], ttl=60, owned=True, claimants=claimants
    )
    backup = read_backup("".join(write_export(form)), form)
    assert (len(backup.entries[0].owner), len(backup.entries[0].description)) == (200, 10_000)
    assert len(backup.records[0].claimants) == 3000


@pytest.mark.parametrize(("length", "status"), [(10_000, 201), (10_001, 400)])
def test_the_limit_of_a_description_is_the_same_for_the_api_and_an_import(
    client: APIClient, length: int, status: int
) -> None:
    item = {"name": "a.talos00", "mode": "block", "description": "x" * length}
    answer = client.post("/api/v1/entries", item, format="json")
    assert answer.status_code == status
    backup = {**HEAD, "entries": [{"hostname": "b.talos00", "mode": "block", "description": "x" * length}]}
    assert send(client, json.dumps(backup)).status_code == {201: 200}.get(status, status)


@contextmanager
def entry_made_meanwhile() -> Iterator[None]:
    """Makes an entry at a.talos00 between the plan of an import and the import itself."""
    looks = 0

    def make_entry(execute: Any, sql: str, *more: Any) -> Any:
        nonlocal looks
        looks += sql.startswith("SELECT") and '"records_customentry"."values"' in sql
        if looks == 2:
            looks += 1
            CustomEntry.objects.create(name="a.talos00", type="A", values=["10.0.0.1"])
        return execute(sql, *more)

    with connection.execute_wrapper(make_entry):
        yield


def test_an_entry_made_between_plan_and_import_refuses_the_import_with_the_reason(client: APIClient) -> None:
    alias = {"hostname": "a.talos00", "type": "CNAME", "values": ["b.example.org"]}
    with entry_made_meanwhile():
        refused = send(client, json.dumps({**HEAD, "entries": [alias]}))
    assert refused.status_code == 400
    (error,) = refused.json()["errors"]
    assert (error["attr"], error["detail"][:8]) == ("the entry a.talos00 CNAME", "A CNAME ")
