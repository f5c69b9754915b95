"""What stays although no live claim asks for it, and until when: in the API, in words, and in the admin."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from pytest_django import Settings

from records.explain import explain_name
from records.kept import find_end
from records.models import ManagedRecord, SourceName
from syncer.core.plan import Policy
from tests.records.api.conftest import client_for
from tests.records.objects import make_source

pytestmark = pytest.mark.django_db

SHOP = "shop.talos00"
REASON = "Gateway infra/edge is not there"
HOUR = 3600.0


@pytest.fixture
def record() -> ManagedRecord:
    """Kept for 23 of 24 hours."""
    source = make_source("HTTPRoute", "web", "shop", skipped=[(SHOP, REASON), ("other.talos00", "not published")])
    SourceName.objects.filter(name=SHOP).update(detached_since=timezone.now(), detached_seconds=23 * HOUR)
    return ManagedRecord.objects.create(
        zone="talos00",
        name=SHOP,
        type="A",
        values=["192.168.1.54"],
        ttl=300,
        owned=True,
        state="kept",
        reason=REASON,
        origin=str(source),
        claimants=[str(source)],
    )


def is_in_an_hour(text: str) -> bool:
    at = parse_datetime(text)
    assert at is not None
    return abs(at - timezone.now() - timedelta(hours=1)) < timedelta(minutes=1)


def test_the_api_says_until_when_at_the_earliest(record: ManagedRecord) -> None:
    operator = client_for("operator")
    assert is_in_an_hour(operator.get(f"/api/v1/records/{record.pk}").json()["kept_until"])
    (source,) = operator.get("/api/v1/sources").json()["results"]
    (kept,) = source["kept"]
    assert (kept["name"], kept["reason"], is_in_an_hour(kept["until"])) == (SHOP, REASON, True)
    assert source["skipped"] == [{"name": "other.talos00", "reason": "not published"}]


def test_what_has_no_end_and_what_is_not_kept_say_none(record: ManagedRecord) -> None:
    SourceName.objects.update(detached_since=None)
    assert find_end(record) is None
    SourceName.objects.update(detached_since=timezone.now())
    record.state = "synced"
    assert find_end(record) is None


def test_what_another_object_had_has_no_part_in_the_end(record: ManagedRecord) -> None:
    record.claimants = ["Ingress/web/other"]
    assert find_end(record) is None


@pytest.mark.parametrize("policy", [Policy.UPSERT_ONLY, Policy.CREATE_ONLY])
def test_a_policy_that_keeps_it_for_good_leaves_it_no_end(
    policy: Policy, record: ManagedRecord, settings: Settings, admin_client: Client
) -> None:
    settings.MANAGED = replace(settings.MANAGED, policies={"talos00": policy})
    operator = client_for("operator")
    assert operator.get(f"/api/v1/records/{record.pk}").json()["kept_until"] is None
    (source,) = operator.get("/api/v1/sources").json()["results"]
    assert source["kept"][0]["until"] is None
    (sentence,) = [text for text in explain_name(SHOP)["sentences"] if "stays as it was" in text]
    assert sentence.endswith(f"although {REASON}: for good, by the policy of its zone.")
    assert "for good" in admin_client.get(f"/admin/records/source/{source['id']}/change/").content.decode()


def test_explain_says_it_in_a_sentence(record: ManagedRecord) -> None:
    (sentence,) = [text for text in explain_name(SHOP)["sentences"] if "stays as it was" in text]
    assert sentence.startswith(
        f"HTTPRoute/web/shop published the name, and it stays as it was although {REASON}: until "
    )


def test_explain_tells_what_dns_makes_of_a_name() -> None:
    make_source("Ingress", "web", "all", names=[("*.apps.talos00", ["192.168.1.54"])])
    SourceName.objects.update(shadow="it does not answer at and below shop.apps.talos00")
    sentences = explain_name("*.apps.talos00")["sentences"]
    told = "Ingress/web/all asks for *.apps.talos00: it does not answer at and below shop.apps.talos00."
    assert told in sentences


def test_the_admin_shows_both_pages(admin_client: Client, record: ManagedRecord) -> None:
    page = admin_client.get("/admin/names/shop.talos00/").content.decode()
    assert "at the earliest" in page
    source = SourceName.objects.get(name=SHOP).source
    page = admin_client.get(f"/admin/records/source/{source.pk}/change/").content.decode()
    assert "names that are kept" in page.lower()
    assert REASON in page
    assert "1 kept" in admin_client.get("/admin/records/source/").content.decode()
