"""Targets, zones, watches, and what waits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from records.dashboard.system import list_waiting, list_watches, list_zones
from records.models import ManagedRecord, ManagedZone, SyncRequest, SyncStatus, TargetStatus
from records.roles import OPERATOR, VIEWER
from tests.records.cast import Cast, make_cast
from tests.records.test_admin import visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def test_a_zone_is_told_with_its_records_its_problem_and_what_is_in_its_way(
    cast: Cast, django_assert_num_queries: Any
) -> None:
    ManagedZone.objects.create(
        target="default", zone="talos00", serial=7, node="dns1", wildcards=["*.talos00"], delegations=[]
    )
    zones = {"talos00": "the zone is <disabled>"}
    TargetStatus.objects.create(name="default", kind="technitium", zones=zones)
    with django_assert_num_queries(3):
        (zone,) = list_zones(cast.status)
    assert zone[:7] == ("default", "talos00", True, "the zone is <disabled>", 7, "dns1", "sync")
    assert (zone.owned, zone.foreign, zone.conflicts, zone.off) == (2, 0, 1, 1), "as in the list of names"
    assert zone.changed_at is not None
    assert zone.notes == ["foreign wildcards: *.talos00"]


def test_what_is_left_of_a_zone_that_is_not_managed_any_more_is_shown(cast: Cast) -> None:
    ManagedRecord.objects.create(zone="old.lab", name="x.old.lab", type="A", ttl=60, state="drifted", owned=True)
    ManagedZone.objects.create(target="second", zone="talos00", is_unmarked=True, is_rebuilding=True)
    here, old, other = list_zones(cast.status)
    assert (here.zone, here.is_managed) == ("talos00", True)
    assert (old.zone, old.is_managed, old.problem, old.policy, old.off) == ("old.lab", False, "", "", 1)
    assert (other.target, len(other.notes), other.problem) == ("second", 3, "")


def test_a_watch_says_when_it_was_last_heard_from(cast: Cast) -> None:
    heard = timezone.now() - timedelta(seconds=12)
    kinds = [
        {"group": "g", "kind": "A", "state": "watching", "reason": "", "objects": 3, "heard": heard.isoformat()},
        {"group": "", "kind": "B", "state": "not installed", "reason": "", "objects": 0, "heard": None},
        {"group": "", "kind": "C", "state": "forbidden", "reason": "no right", "objects": 0},
    ]
    assert list_watches(SyncStatus(kinds=kinds)) == [
        ("A.g", "watching", "good", "", 3, heard),
        ("B", "not installed", "quiet", "", 0, None),
        ("C", "forbidden", "bad", "no right", 0, None),
    ]
    assert list_watches(None) == []


def test_what_is_wrong_with_a_target_that_is_written_to_all_the_same_is_shown(cast: Cast) -> None:
    warning = "node1 left the cluster clu.test: no cluster serves what it holds"
    SyncStatus.objects.update(target_warning=warning)
    assert warning in visitor(VIEWER).get("/ui/system/").content.decode()


def test_what_waits_is_told_the_oldest_first(cast: Cast) -> None:
    ManagedRecord.objects.filter(pk=cast.blog.pk).update(state="pending", reason="the server is away")
    later = SyncRequest.objects.create(action="sync", requested_by="olga")
    SyncRequest.objects.create(action="sync", requested_by="olga", done_at=timezone.now())
    waiting = list_waiting()
    assert waiting["requests"] == [cast.request, later]
    assert waiting["on_the_way"] == [cast.blog]


def test_the_page_shows_all_of_it_and_a_zone_is_synced_by_who_may(cast: Cast) -> None:
    for role, offered in ((VIEWER, False), (OPERATOR, True)):
        client = visitor(role)
        text = client.get("/ui/system/").content.decode()
        for words in (
            "the zone is &lt;disabled&gt;",
            "Ingress.networking.k8s.io",
            "here 1",
            "Changes in the last hour",
        ):
            assert words in text
        assert ('value="sync zone"' in text) is offered
    client.post("/ui/do/", {"action": "sync zone", "name": "talos00"})
    assert SyncRequest.objects.filter(action="sync", zone="talos00", name="", requested_by="the-operator").exists()
    client.post("/ui/do/", {"action": "sync zone", "name": "nowhere"})
    assert "nowhere is no managed zone" in client.get("/ui/system/").content.decode()
