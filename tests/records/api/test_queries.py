"""What nobody reads in an address is refused, and told."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from rest_framework.test import APIClient

from records.models import ManagedRecord

pytestmark = pytest.mark.django_db

PATHS = "records sources audit drift holds requests entries status plan export explain?hostname=a.talos00"


def detail(answer: Any) -> tuple[int, str, str]:
    error = answer.json()["errors"][0]
    return answer.status_code, error["attr"], error["detail"]


@pytest.mark.parametrize("path", PATHS.split())
def test_an_unknown_parameter_is_refused_everywhere(viewer: APIClient, world: SimpleNamespace, path: str) -> None:
    status, attr, told = detail(viewer.get(f"/api/v1/{path}{'&' if '?' in path else '?'}sate=synced"))
    assert (status, attr) == (400, "sate")
    assert told.startswith("There is no such query parameter here: it takes ")


def test_parameters_of_a_list_are_none_of_its_rows(viewer: APIClient, world: SimpleNamespace) -> None:
    assert viewer.get(f"/api/v1/records/{world.grafana.pk}?state=synced").status_code == 400


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ("owned=maybe", "owned"),
        ("problem=2", "problem"),
        ("state=fine", "state"),
        ("type=ABC", "type"),
        ("kind=Deployment", "kind"),
        ("changed_after=yesterday", "changed_after"),
        ("ordering=colour", "ordering"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(
    viewer: APIClient, world: SimpleNamespace, query: str, attr: str
) -> None:
    assert detail(viewer.get(f"/api/v1/records?{query}"))[:2] == (400, attr)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("kind=IngressRoute", {"grafana.talos00"}),
        ("namespace=monitoring", {"grafana.talos00"}),
        ("namespace=moni", set()),
        ("value=192.168.1.54", {"grafana.talos00", "nas.talos00"}),
        ("value=192.168.1.5", set()),
        ("value=2001:DB8:0::7", {"nas.talos00"}),
        ("ordering=-name&owned=true&value=192.168.1.54", {"grafana.talos00"}),
    ],
)
def test_records_are_found_by_namespace_kind_and_value(
    viewer: APIClient, world: SimpleNamespace, query: str, names: set[str]
) -> None:
    ManagedRecord.objects.exclude(name__in=("grafana.talos00", "nas.talos00")).delete()
    nas = ManagedRecord.objects.get(name="nas.talos00")
    ManagedRecord.objects.filter(pk=nas.pk).update(values=[*nas.values, "2001:db8::7"])
    assert {row["name"] for row in viewer.get(f"/api/v1/records?{query}").json()["results"]} == names


def test_the_root_leads_everywhere(viewer: APIClient) -> None:
    for address in ("/api/v1", "/api/v1/"):
        places = viewer.get(address).json()
        assert {"records", "entries", "status", "documentation"} <= places.keys()
        for name in places.keys() - {"documentation"}:
            assert places[name].endswith(f"/api/v1/{name}"), "the last part of its address"


def test_an_address_without_a_type_says_what_is_missing(operator: APIClient) -> None:
    for answer in (operator.put("/api/v1/entries/tv.talos00", {}, format="json"), operator.get("/api/v1/entries/x")):
        status, attr, told = detail(answer)
        assert (status, attr) == (400, "type")
        assert "/A; for a block /api/v1/entries/" in told


def test_a_bare_list_is_told_its_key(operator: APIClient) -> None:
    status, attr, told = detail(operator.post("/api/v1/entries/bulk", [], format="json"))
    assert (status, attr) == (400, "entries")
    assert '{"entries": [...]}' in told


@pytest.mark.parametrize("word", ["Bearer", "Token", "token"])
def test_a_token_counts_by_either_word(viewer: APIClient, word: str) -> None:
    token = str(viewer._credentials["HTTP_AUTHORIZATION"]).partition(" ")[2]
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"{word} {token}")
    assert client.get("/api/v1/records").status_code == 200
    client.credentials(HTTP_AUTHORIZATION=f"{word} nonsense")
    assert client.get("/api/v1/records").status_code == 401


def test_status_says_in_one_call_whether_all_is_well(viewer: APIClient, world: SimpleNamespace) -> None:
    from django.utils import timezone

    from records.models import SyncStatus

    none = viewer.get("/api/v1/status").json()
    assert (none["ok"], none["problems"]) == (False, ["no syncer has run on this database yet"])
    now = timezone.now()
    columns = {"holder": "here 1", "started_at": now, "heartbeat_at": now, "target": "technitium"}
    status = SyncStatus.objects.create(**columns, problems=[], warnings=["Ingress: forbidden"])
    well = viewer.get("/api/v1/status").json()
    assert (well["ok"], well["problems"], well["warnings"]) == (True, [], ["Ingress: forbidden"])
    assert well["version"]
    status.problems = ["Kubernetes cannot be reached for Ingress: refused"]
    status.save()
    assert viewer.get("/api/v1/status").json()["problems"] == status.problems
    SyncStatus.objects.update(heartbeat_at="2026-01-01T00:00:00Z")
    silent = viewer.get("/api/v1/status").json()
    assert (silent["ok"], silent["problems"]) == (False, ["the syncer has not reported since 2026-01-01 00:00:00 UTC"])
