"""A claim that lost says so: on its own page and row, in the API, and in the counts."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from records.effect import EntryState, find_states
from records.lost_claims import count_lost, find_lost, list_lost
from records.models import CustomEntry, ManagedRecord, Source
from tests.records.api.conftest import client_for
from tests.records.objects import make_source

pytestmark = pytest.mark.django_db

NAME = "shop.talos00"
OWNER, LOSER = "Ingress/web/shop", "Ingress/apps/shop"
REASON = f"{OWNER} has the name: it holds the name"


@pytest.fixture
def entry() -> CustomEntry:
    return CustomEntry.objects.create(name=NAME, type="A", values=["192.0.2.9"])


@pytest.fixture(autouse=True)
def contest(entry: CustomEntry) -> None:
    for namespace in ("web", "apps"):
        make_source("Ingress", namespace, "shop", names=[(NAME, [])])
    columns = {"values": ["192.0.2.7"], "ttl": 60, "state": "synced", "owned": True, "origin": OWNER}
    losers = [[LOSER, REASON], [entry.origin, REASON]]
    for kind in ("A", "AAAA"):
        ManagedRecord.objects.create(
            zone="talos00", name=NAME, type=kind, claimants=[OWNER], losers=losers, is_contested=True, **columns
        )


def row(model: str, **query: str) -> str:
    client = Client()
    from django.contrib.auth.models import User

    user, _ = User.objects.get_or_create(username="root", is_staff=True, is_superuser=True)
    client.force_login(user)
    return client.get(reverse(f"admin:records_{model}_changelist", query=query)).content.decode()


def test_a_claim_that_lost_at_several_types_is_told_once(entry: CustomEntry) -> None:
    told = {(claim.name, claim.origin, claim.reason) for claim in list_lost()}
    assert told == {(NAME, LOSER, REASON), (NAME, entry.origin, REASON)}
    assert len(list(list_lost())) == 2
    assert {claim.since for claim in list_lost()} <= {row.changed_at for row in ManagedRecord.objects.all()}
    assert find_lost([NAME, "other.talos00"]) == {
        (NAME, LOSER, "default"): REASON,
        (NAME, entry.origin, "default"): REASON,
    }
    assert find_lost(["other.talos00"]) == {}
    assert count_lost() == 2


def test_of_a_blocked_name_every_claim_is_lost(entry: CustomEntry) -> None:
    ManagedRecord.objects.all().delete()
    block = CustomEntry.objects.create(name=NAME, mode="block")
    reason = f"blocked by {block.origin}"
    assert find_lost([NAME]) == {(NAME, origin, "default"): reason for origin in (OWNER, LOSER, entry.origin)}
    CustomEntry.objects.filter(pk=block.pk).update(enabled=False)
    assert count_lost() == 0


def test_the_api_says_it_of_sources_and_entries_and_finds_them(entry: CustomEntry) -> None:
    viewer: APIClient = client_for("viewer")
    (source,) = viewer.get("/api/v1/sources?lost=true").json()["results"]
    assert (source["namespace"], source["lost"]) == ("apps", [{"name": NAME, "reason": REASON}])
    assert [item["namespace"] for item in viewer.get("/api/v1/sources?lost=false").json()["results"]] == ["web"]
    assert viewer.get(f"/api/v1/sources/{source['id']}").json()["lost"] == source["lost"]
    way_out = f"It has no effect: {REASON}. Make it an override to take the name."
    (item,) = viewer.get("/api/v1/entries?lost=true").json()["results"]
    assert (item["state"], item["warnings"]) == ("lost", [way_out])
    alone = viewer.get(f"/api/v1/entries/{NAME}/A").json()
    assert (alone["state"], alone["warnings"]) == ("lost", [way_out])
    assert alone["lost"] == [{"target": "default", "reason": way_out.removeprefix("It has no effect: ")}]
    assert viewer.get("/api/v1/status").json()["lost_claims"] == 2


@pytest.mark.parametrize(
    ("change", "state"),
    [({"enabled": False}, "disabled"), ({"mode": "block", "type": "", "values": []}, "blocking"), ({}, "lost")],
)
def test_each_entry_has_its_state(entry: CustomEntry, change: dict[str, Any], state: str) -> None:
    CustomEntry.objects.filter(pk=entry.pk).update(**change)
    entry.refresh_from_db()
    assert find_states([entry])[entry.pk].state == state


def test_an_entry_that_has_its_name_has_the_state_of_its_record(entry: CustomEntry) -> None:
    ManagedRecord.objects.update(losers=[], is_contested=False)
    assert find_states([entry])[entry.pk] == EntryState("pending")
    ManagedRecord.objects.filter(type="A").update(origin=entry.origin, state="conflict")
    assert find_states([entry])[entry.pk] == EntryState("conflict")


def test_the_admin_says_it_in_lists_pages_and_on_the_start_page(entry: CustomEntry, admin_client: Client) -> None:
    assert "1 lost" in row("source")
    assert "apps/shop" in row("source", show="lost")
    assert "web/shop" not in row("source", show="lost")
    assert "no effect" in row("customentry")
    assert NAME in row("customentry", show="lost")
    source = Source.objects.get(namespace="apps")
    assert REASON in admin_client.get(reverse("admin:records_source_change", args=[source.pk])).content.decode()
    page = admin_client.get(reverse("admin:records_customentry_change", args=[entry.pk])).content.decode()
    assert "Make it an override to take the name." in page
    start = admin_client.get(reverse("admin:index")).content.decode()
    assert "source lost a name" in start
    assert "entry without effect" in start
    ManagedRecord.objects.update(losers=[], is_contested=False)
    start = admin_client.get(reverse("admin:index")).content.decode()
    assert "lost a name" not in start
