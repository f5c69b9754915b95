"""What waits for a person."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils import timezone

from records.dashboard.needs import Need, Needs
from records.explain import count_states
from records.models import CustomEntry, DriftFinding, HeldPlan, ManagedRecord, SourceName, SyncRequest
from syncer.core.sources import UNREADABLE
from tests.records.cast import Cast, make_cast
from tests.records.objects import make_plan, make_source

pytestmark = pytest.mark.django_db


ROOT = User(is_active=True, is_superuser=True)


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def list_needs(limit: int = 100, kind: str = "", *, is_superuser: bool = True) -> list[Need]:
    request = HttpRequest()
    request.user = User.objects.create_user("olga", is_superuser=is_superuser) if not is_superuser else ROOT
    return Needs(count_states()).list_oldest(request, limit, kind)


def counts() -> dict[str, int]:
    return {count.key: count.number for count in Needs(count_states()).counts}


def test_each_kind_is_counted_and_told_with_its_buttons(cast: Cast) -> None:
    ManagedRecord.objects.create(zone="talos00", name="bad.talos00", type="A", ttl=300, state="failed", owned=True)
    ManagedRecord.objects.create(zone="talos00", name="old.talos00", type="A", ttl=300, state="kept", owned=True)
    rule = make_source(
        "IngressRoute", "web", "odd", skipped=[("Host(", UNREADABLE)], warnings=["route 1, Host(: no end"]
    )
    SourceName.objects.filter(source=rule).update(cause="pattern")
    ManagedRecord.objects.filter(pk=cast.blog.pk).update(
        losers=[["Ingress/web/blog-old", "Ingress/web/blog has the name: it is older"], [cast.entry.origin, "why"]]
    )
    told = ("held", "drift", "conflict", "failed", "lost", "entry", "kept", "rule")
    assert counts() == {**dict.fromkeys(told, 1), "certificate": 0}
    needs = {need.key: need for need in list_needs()}
    assert {key: [button.action for button in need.buttons] for key, need in needs.items()} == {
        "held": ["approve", "reject"],
        "drift": ["remediate", "accept"],
        "conflict": ["replace", "keep"],
        "failed": ["sync"],
        "lost": [],
        "entry": [],
        "kept": ["remove"],
        "rule": [],
    }
    assert needs["held"].title == "1 delete in talos00"
    assert needs["lost"].what == "Ingress/web/blog-old does not get it: Ingress/web/blog has the name: it is older"
    assert needs["entry"].what == "custom entry printer.talos00 A does not get it: why"
    assert needs["rule"].what == "route 1, Host(: no end"


@pytest.mark.parametrize(
    ("names", "gravest"),
    [
        (["deep.a.talos00", "long-name.talos00", "b.talos00"], "b.talos00"),
        (["b.talos00", "*.deep.talos00"], "the wildcard *.deep.talos00"),
        (["*.talos00", "talos00", "b.talos00"], "the name of the zone itself"),
    ],
)
def test_a_held_plan_names_the_gravest_of_its_deletes_and_that_it_does_not_run_out(
    names: list[str], gravest: str
) -> None:
    make_plan("talos00", [(name, "A") for name in names])
    (need,) = list_needs(kind="held")
    assert need.what == f"too many. Gravest of them: {gravest}. It does not run out."


def test_what_someone_rewrote_without_our_mark_is_told_once(cast: Cast) -> None:
    place = {"target": cast.nas.target, "zone": cast.nas.zone, "name": cast.nas.name, "type": cast.nas.type}
    before = Needs(count_states()).total
    DriftFinding.objects.create(**place, drift_type="unexpected_ip")
    assert [need.key for need in list_needs() if need.name == cast.nas.name] == ["conflict"]
    assert Needs(count_states()).total == before


def test_a_viewer_has_no_buttons(cast: Cast) -> None:
    needs = list_needs(is_superuser=False)
    assert needs
    assert not any(need.buttons for need in needs)


def test_the_oldest_come_first_and_no_more_than_is_asked_for(cast: Cast) -> None:
    now = timezone.now()
    ManagedRecord.objects.filter(pk=cast.nas.pk).update(changed_at=now - timedelta(days=2))
    cast.drift.found_at = now - timedelta(days=1)
    cast.drift.save()
    assert [need.key for need in list_needs(2)] == ["conflict", "drift"]
    assert [need.key for need in list_needs(kind="drift")] == ["drift"]


def test_of_more_of_a_kind_than_are_told_it_is_the_oldest(cast: Cast) -> None:
    before = timezone.now() - timedelta(days=3)
    finding = DriftFinding.objects.create(zone="talos00", name="old.talos00", type="A", drift_type="unexpected_ip")
    DriftFinding.objects.filter(pk=finding.pk).update(found_at=before)
    HeldPlan.objects.filter(pk=make_plan("home.lab", [("old.home.lab", "A")]).pk).update(created_at=before)
    SourceName.objects.filter(source=make_source("IngressRoute", "web", "new", skipped=[("Host(", UNREADABLE)])).update(
        cause="pattern"
    )
    old = make_source("IngressRoute", "web", "old", skipped=[("Host(", UNREADABLE)])
    SourceName.objects.filter(source=old).update(cause="pattern", since=before)
    ManagedRecord.objects.create(
        zone="talos00", name="foreign.talos00", type="A", ttl=300, state="conflict", changed_at=before
    )
    told = [list_needs(1, kind)[0].title for kind in ("drift", "held", "rule", "conflict")]
    assert told == ["old.talos00 A", "1 delete in home.lab", "IngressRoute/web/old", "foreign.talos00 A"]


def test_what_somebody_has_asked_for_already_is_told_instead_of_asked_again(cast: Cast) -> None:
    place = {"target": cast.nas.target, "name": cast.nas.name, "type": "A"}
    SyncRequest.objects.create(action="adopt", requested_by="olga", **place)
    SyncRequest.objects.create(action="approve", plan=cast.plan, requested_by="olga")
    asked = {need.key: need.asked for need in list_needs()}
    assert asked["conflict"] == "olga asked to replace what someone else made: the syncer works on it."
    assert asked["held"] == "olga asked to approve held deletes: the syncer works on it."
    assert asked["drift"] == ""


def test_many_losers_of_a_name_are_one_thing(cast: Cast) -> None:
    losers = [[f"Ingress/web/{number}", "why"] for number in range(50)]
    ManagedRecord.objects.filter(pk=cast.blog.pk).update(losers=losers)
    CustomEntry.objects.create(name="grafana.talos00", mode="block")
    assert counts()["lost"] == 1
    (need,) = list_needs(kind="lost")
    assert need.what == "Ingress/web/0 does not get it: why, and 49 other claims likewise"
