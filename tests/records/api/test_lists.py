"""Lists: pages, filters, ordering, search, and what a page costs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from rest_framework.test import APIClient

from records.models import AuditEntry, CustomEntry, HeldPlan, ManagedRecord, SyncRequest
from tests.records.objects import make_plan, make_source

pytestmark = pytest.mark.django_db

LISTS = ("records", "sources", "entries", "audit", "holds", "requests")
QUERIES = 6
"""The token with its user, the user's tokens, rights of the user, rights of the role, count, page.
Sources come with their names, records with what DNS answers, in one more."""


@pytest.fixture
def many(db: None) -> None:
    for at in range(120):
        name = f"host{at:03}.talos00"
        ManagedRecord.objects.create(zone="talos00", name=name, type="A", ttl=300, values=["10.0.0.1"], state="synced")
        make_source("Ingress", "a", f"host{at}", names=[(name, [])], skipped=[("x", "y")])
        CustomEntry.objects.create(name=name, type="A", values=["10.0.0.1"])
        make_plan(f"zone{at}", [(name, "A")])
    holds = HeldPlan.objects.all()
    SyncRequest.objects.bulk_create(SyncRequest(action="approve", plan=hold, requested_by="a") for hold in holds)
    AuditEntry.objects.bulk_create(AuditEntry(actor="syncer", action="created", name=f"host{at}") for at in range(120))


MORE = {"holds": 1, "records": 1, "sources": 3, "entries": 4}
"""What the rows of a page are told besides, in so many questions for all of them."""


def test_a_page_costs_as_many_queries_as_an_empty_one(
    viewer: APIClient, many: None, django_assert_num_queries: Any
) -> None:
    for path in LISTS:
        with django_assert_num_queries(QUERIES + MORE.get(path, 0)):
            page = viewer.get(f"/api/v1/{path}").json()
        assert page["count"] == 120
        assert len(page["results"]) == 100


def test_pages_follow_each_other_and_end(viewer: APIClient, many: None) -> None:
    names: list[str] = []
    url = "/api/v1/records?page_size=50"
    while url:
        page = viewer.get(url).json()
        names += [row["name"] for row in page["results"]]
        url = page["next"]
    assert names == sorted(names)
    assert len(set(names)) == 120
    assert len(viewer.get("/api/v1/records?page_size=5000").json()["results"]) == 120
    for page_number in ("4", "0", "-1", "x", "9" * 400):
        assert viewer.get(f"/api/v1/records?page_size=50&page={page_number}").status_code == 404


def names_of(client: APIClient, path: str) -> list[str]:
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == 200, answer.json()
    return [row["name"].partition(".")[0] for row in answer.json()["results"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["blog", "gone", "grafana", "nas"]),
        ("?search=graf", ["grafana"]),
        ("?search=192.168.1.54 nas", ["nas"]),
        ("?state=conflict&state=held", ["gone", "nas"]),
        ("?problem=true", ["gone", "nas"]),
        ("?problem=false", ["blog", "grafana"]),
        ("?owned=false", ["nas"]),
        ("?name=blog.talos00&type=A&zone=talos00", ["blog"]),
        ("?source=IngressRoute/monitoring/grafana", ["grafana"]),
        ("?changed_after=2000-01-01T00:00:00Z&ordering=-name", ["nas", "grafana", "gone", "blog"]),
        ("?changed_before=2000-01-01T00:00:00Z", []),
        ("?answer=right", ["grafana"]),
        ("?answer=wrong&answer=unanswered", ["blog"]),
        ("?answer=delegated", []),
    ],
)
def test_records_are_found_by_what_one_asks(
    viewer: APIClient, world: SimpleNamespace, query: str, expected: list[str]
) -> None:
    assert names_of(viewer, f"records{query}") == expected


def test_a_record_shows_what_dns_answers(viewer: APIClient, world: SimpleNamespace) -> None:
    pages = viewer.get("/api/v1/records").json()["results"]
    answers = {row["name"].partition(".")[0]: row["answer"] for row in pages}
    assert {name: answer and answer["result"] for name, answer in answers.items()} == {
        "blog": "wrong",
        "gone": None,
        "grafana": "right",
        "nas": None,
    }
    one = viewer.get(f"/api/v1/records/{world.blog.pk}").json()
    assert one["answer"] == answers["blog"]
    assert one["answer"] | {"reason": "ns answers nothing (NXDOMAIN)"} == one["answer"]
    assert one["answer"].keys() == {"result", "reason", "since", "asked_at"}


def test_a_record_shows_who_lost_and_why(viewer: APIClient, world: SimpleNamespace) -> None:
    blog = viewer.get(f"/api/v1/records/{world.blog.pk}").json()
    assert blog["source"] == "Ingress/a/blog"
    assert blog["losers"] == [{"source": "Ingress/b/blog", "reason": "Ingress/a/blog is older"}]


def test_sources_that_give_no_names_are_found(viewer: APIClient, world: SimpleNamespace) -> None:
    make_source("Ingress", "a", "mute", skipped=[("*.talos00", "wildcard")], priority=0)
    assert names_of(viewer, "sources?silent=true") == ["mute"]
    assert "mute" not in names_of(viewer, "sources?silent=false")
    assert names_of(viewer, "sources?search=wildcard") == ["mute"]
    mute = viewer.get("/api/v1/sources?name=mute").json()["results"][0]
    assert mute["skipped"] == [{"name": "*.talos00", "reason": "wildcard"}]
    assert mute["priority"] == "high"


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("IngressRoute/monitoring/grafana", ["grafana"]),
        ("ingressroute/monitoring/graf", ["grafana"]),
        ("Route/monitoring/", ["grafana"]),
        ("monitoring/grafana", ["grafana"]),
        ("itoring/graf", ["grafana"]),
        ("IngressRoute/moni", ["grafana"]),
        ("Ingress/a/blog blog.talos00", ["blog"]),
        ("Ingress/a/blog nas", []),
        ("Ingress/a/blog Ingress/b/blog", []),
        ("Ingress/monitoring/grafana", []),
        ("Ingress/a", ["blog"]),
        ("a/b/c/d", []),
        ("grafana/", []),
    ],
)
def test_a_source_is_found_as_records_call_it(
    viewer: APIClient, world: SimpleNamespace, search: str, expected: list[str]
) -> None:
    assert names_of(viewer, f"sources?search={search}") == expected


def test_every_list_with_sources_finds_them_as_records_call_them(viewer: APIClient, world: SimpleNamespace) -> None:
    AuditEntry.objects.create(actor="syncer", action="created", name="grafana.talos00", source=world.grafana.origin)
    assert names_of(viewer, f"records?search={world.grafana.origin}") == ["grafana"]
    assert names_of(viewer, f"audit?search={world.grafana.origin}") == ["grafana"]
    assert names_of(viewer, f"drift?search={world.drift.origin}") == ["mail"]


def test_audit_can_be_followed(viewer: APIClient, many: None) -> None:
    first = viewer.get("/api/v1/audit?ordering=id&page_size=20").json()["results"]
    rest = viewer.get(f"/api/v1/audit?ordering=id&after_id={first[-1]['id']}").json()
    assert rest["count"] == 100
    assert rest["results"][0]["id"] > first[-1]["id"]


@pytest.mark.parametrize(
    "query",
    [
        "state=fine",
        "owned=perhaps",
        "changed_after=yesterday",
        "changed_after=0001-01-01T00:00:00%2B23:59",
        "search=%00",
    ],
)
def test_a_filter_that_makes_no_sense_is_named(viewer: APIClient, query: str) -> None:
    assert viewer.get(f"/api/v1/records?{query}").status_code in (200, 400)
    assert viewer.get("/api/v1/records?state=fine").json()["errors"][0]["attr"] == "state"


def test_status_says_how_much_there_is(viewer: APIClient, world: SimpleNamespace) -> None:
    status = viewer.get("/api/v1/status").json()
    assert (status["alive"], status["syncer"]) == (False, None)
    assert status["records"] | {"synced": 2, "conflict": 1, "held": 1, "failed": 0} == status["records"]
    assert (status["sources"], status["entries"], status["holds"], status["requests"]) == (4, 1, 1, 0)
    assert status["answers"] == {"right": 1, "wrong": 1, "unanswered": 0, "delegated": 0}
    assert status["asking_pause"] == ""


def test_a_list_of_held_plans_stays_small_and_each_plan_shows_all(viewer: APIClient, db: None) -> None:
    hold = make_plan("talos00", [(f"host{at:04}.talos00", "A") for at in range(10_000)])
    for page in (viewer.get("/api/v1/holds").json()["results"], viewer.get("/api/v1/plan").json()["holds"]):
        assert [(row["count"], len(row["deletes"])) for row in page] == [(10_000, 20)]
        assert (page[0]["deletes"][0]["name"], page[0]["deletes"][0]["type"]) == ("host0000.talos00", "A")
    whole = viewer.get(f"/api/v1/holds/{hold.pk}").json()
    assert (whole["count"], len(whole["deletes"])) == (10_000, 10_000)


def test_a_decision_that_was_made_cannot_be_made_again(operator: APIClient, world: SimpleNamespace) -> None:
    world.hold.status = HeldPlan.Status.DONE
    world.hold.save()
    refused = operator.post(f"/api/v1/holds/{world.hold.pk}/approve")
    assert refused.status_code == 409
    assert operator.post(f"/api/v1/records/{world.grafana.pk}/adopt").status_code == 409
    assert not SyncRequest.objects.exists()


def test_a_plan_is_decided_in_part(operator: APIClient, world: SimpleNamespace) -> None:
    path = f"/api/v1/holds/{world.hold.pk}"
    (delete,) = operator.get(path).json()["deletes"]
    asked = operator.post(f"{path}/approve", {"deletes": [{"name": delete["name"], "type": "A"}]}, format="json")
    assert asked.status_code == 202
    assert SyncRequest.objects.get().deletes == [world.hold.deletes.get().pk]
    other = operator.post(f"{path}/reject", {"deletes": [{"name": "x.talos00", "type": "A"}]}, format="json")
    assert (other.status_code, other.json()["errors"][0]["detail"]) == (
        409,
        f"Held plan {world.hold.pk} does not hold x.talos00 A: look at it again.",
    )
    for nothing in ([], [{"name": "gone.talos00"}], "gone.talos00"):
        assert operator.post(f"{path}/approve", {"deletes": nothing}, format="json").status_code == 400
    assert SyncRequest.objects.count() == 1


def test_a_request_can_be_followed_to_its_end(operator: APIClient, world: SimpleNamespace) -> None:
    asked = operator.post(f"/api/v1/holds/{world.hold.pk}/approve")
    assert asked.json()["hold"] == world.hold.pk
    SyncRequest.objects.update(outcome="1 deletes approved")
    assert operator.get(asked.headers["Location"]).json()["outcome"] == "1 deletes approved"


def test_only_managed_names_can_be_synced(operator: APIClient) -> None:
    for body in ({"name": "example.com"}, {"name": "two words"}, {"zone": "example.com"}, {"name": "x" * 2000}, []):
        assert operator.post("/api/v1/sync", body, format="json").status_code == 400
    assert operator.post("/api/v1/sync", {"zone": "talos00"}, format="json").json()["zone"] == "talos00"
