"""An entry for all targets that another claim beats on one of them: it says where it has an effect, and where not."""

from __future__ import annotations

import re

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from records import custom_entries
from records.effect import find_states, foresee_state
from records.lost_claims import count_lost, match_sources
from records.models import CustomEntry, ManagedRecord, Source
from tests.records.api.conftest import client_for
from tests.records.objects import make_source
from tests.records.two_targets import set_up_two

SHOP = "shop.example.com"
WEB, APPS = "Ingress/web/shop", "Ingress/apps/shop"
BEATEN = f"{WEB} has the name: it is older"
WAY_OUT = f"{BEATEN}. Make it an override to take the name."

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def two_targets(settings: LazySettings) -> None:
    set_up_two(settings)


@pytest.fixture
def entry() -> CustomEntry:
    return CustomEntry.objects.create(name=SHOP, type="A", values=["192.0.2.9"])


def lose(entry: CustomEntry, target: str, reason: str = BEATEN, *others: str) -> None:
    losers = [[entry.origin, reason], *([other, reason] for other in others)]
    ManagedRecord.objects.create(
        target=target,
        zone="example.com",
        name=SHOP,
        type="A",
        ttl=300,
        values=["192.0.2.1"],
        state="synced",
        owned=True,
        origin=WEB,
        losers=losers,
        is_contested=True,
    )


def test_it_loses_on_one_and_has_its_effect_on_the_other(entry: CustomEntry) -> None:
    lose(entry, "public")
    state = find_states([entry])[entry.pk]
    assert (state.state, state.effective) == ("partly_lost", ["lan"])
    assert state.warnings == [f"It has no effect on public: {WAY_OUT} It has its effect on lan."]


def test_what_beats_it_may_be_another_one_on_each(entry: CustomEntry) -> None:
    lose(entry, "lan", "Ingress/a/b has the name: it is older")
    lose(entry, "public")
    state = find_states([entry])[entry.pk]
    assert (state.state, state.effective) == ("lost", [])
    assert state.warnings == [
        "It has no effect on lan: Ingress/a/b has the name: it is older. Make it an override to take the name.",
        f"It has no effect on public: {WAY_OUT}",
    ]


def test_what_loses_everywhere_for_one_reason_names_no_target(entry: CustomEntry) -> None:
    lose(entry, "lan")
    lose(entry, "public")
    assert find_states([entry])[entry.pk].warnings == [f"It has no effect: {WAY_OUT}"]
    assert count_lost() == 1


def test_a_block_on_one_target_is_none_on_the_other(entry: CustomEntry) -> None:
    block = custom_entries.block_name("ada", SHOP, "lan")
    state = find_states([entry])[entry.pk]
    assert state.warnings == [
        f"It has no effect on lan: the name is blocked by custom entry {block}. Remove the block to publish it."
        " It has its effect on public."
    ]


def test_a_target_that_is_gone_says_nothing(entry: CustomEntry) -> None:
    lose(entry, "former")
    assert find_states([entry])[entry.pk].state == "pending"
    assert client_for("viewer").get("/api/v1/entries?lost=true").json()["count"] == count_lost() == 0


def test_its_state_is_that_of_the_targets_that_there_are(entry: CustomEntry) -> None:
    row = {"zone": "example.com", "name": SHOP, "type": "A", "ttl": 300, "values": entry.values, "origin": entry.origin}
    ManagedRecord.objects.create(target="former", state="failed", **row)
    assert find_states([entry])[entry.pk].state == "pending"
    ManagedRecord.objects.create(target="lan", state="synced", **row)
    assert find_states([entry])[entry.pk].state == "synced"
    ManagedRecord.objects.create(target="public", state="drifted", **row)
    assert find_states([entry])[entry.pk].state == "drifted"


def test_who_writes_it_is_told_before_the_syncer_has_seen_it() -> None:
    make_source("Ingress", "web", "shop", names=[(SHOP, ["203.0.113.7"])])
    Source.objects.update(target="public")
    columns = {"zone": "example.com", "name": SHOP, "type": "A", "ttl": 300, "values": ["203.0.113.7"]}
    ManagedRecord.objects.create(target="public", state="synced", owned=True, origin=WEB, claimants=[WEB], **columns)
    entry = CustomEntry(name=SHOP, type="A", values=["192.0.2.9"])
    custom_entries.save_entry("ada", entry, created=True)
    state = foresee_state(entry)
    assert (state.state, state.effective) == ("partly_lost", ["lan"])
    assert state.warnings[0].startswith(f"It has no effect on public: {WEB} has the name")


def test_the_api_says_it_of_each_target(entry: CustomEntry) -> None:
    lose(entry, "public")
    viewer: APIClient = client_for("viewer")
    (item,) = viewer.get("/api/v1/entries?lost=true").json()["results"]
    assert (item["state"], item["lost"]) == ("partly_lost", [{"target": "public", "reason": WAY_OUT}])
    assert item["warnings"] == [f"It has no effect on public: {WAY_OUT} It has its effect on lan."]
    assert viewer.get("/api/v1/entries?lost=false").json()["count"] == 0


def test_the_lists_of_the_admin_and_the_board_say_it(client: Client, entry: CustomEntry) -> None:
    lose(entry, "public")
    client.force_login(User.objects.create_superuser("root"))
    listed = client.get("/admin/records/customentry/").content.decode()
    assert re.search(rf'no effect on public</span> <span class="reason">{re.escape(BEATEN)}', listed)
    assert '<span class="word good">effect on lan</span>' in listed
    page = client.get(f"/admin/records/customentry/{entry.pk}/change/").content.decode()
    assert f"It has no effect on public: {WAY_OUT} It has its effect on lan." in page
    needs = client.get("/ui/needs/").content.decode()
    assert f"custom entry {SHOP} A does not get it: {BEATEN}; on lan it has its effect<" in needs
    assert f'href="/ui/names/{SHOP}/?target=public"' in needs


def test_an_object_loses_on_the_target_where_it_does(entry: CustomEntry) -> None:
    for target in ("lan", "public"):
        make_source("Ingress", "apps", "shop", names=[(SHOP, [])])
        Source.objects.filter(target="default").update(target=target)
    lose(entry, "public", BEATEN, APPS)
    viewer: APIClient = client_for("viewer")
    told = {item["target"]: item["lost"] for item in viewer.get("/api/v1/sources").json()["results"]}
    assert told == {"lan": [], "public": [{"name": SHOP, "reason": BEATEN}]}
    assert [source.target for source in Source.objects.filter(match_sources())] == ["public"]
