"""Custom entries over the API: by name, idempotent, and safe against two people at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from records.entry_values import HINTS
from records.models import AuditEntry, CustomEntry, ManagedRecord, Source, SourceName, SyncRequest
from syncer.core.rdata import TYPES

pytestmark = pytest.mark.django_db

URL = "/api/v1/entries"
PRINTER = f"{URL}/printer.talos00/A"


def put(client: APIClient, url: str, body: Any, **headers: str) -> Any:
    return client.put(url, body, format="json", headers=headers)


def test_putting_makes_and_putting_again_changes_nothing(operator: APIClient) -> None:
    body = {"values": ["192.168.1.60"], "ttl": 60, "owner": "office"}
    made = put(operator, PRINTER, body)
    assert made.status_code == 201
    assert made.headers["Location"] == PRINTER
    assert made.json() | body == made.json()
    assert (made.json()["name"], made.json()["type"], made.json()["mode"]) == ("printer.talos00", "A", "publish")
    entries, requests = AuditEntry.objects.count(), SyncRequest.objects.count()
    again = put(operator, PRINTER, body)
    assert again.status_code == 200
    assert (again.json(), again.headers["ETag"]) == (made.json(), made.headers["ETag"])
    assert (AuditEntry.objects.count(), SyncRequest.objects.count()) == (entries, requests)


def test_an_address_may_be_spelled_in_any_way(operator: APIClient) -> None:
    put(operator, PRINTER, {"values": ["192.168.1.60"]})
    for url in (f"{URL}/Printer.Talos00./a", f"{PRINTER}/"):
        assert operator.get(url).json()["name"] == "printer.talos00"
    put(operator, f"{URL}/*.apps.talos00/A", {"values": ["192.168.1.60"]})
    assert operator.get(f"{URL}/%2A.apps.talos00/A").status_code == 200
    assert put(operator, f"{URL}/bücher.talos00/A", {"values": ["10.0.0.1"]}).json()["name"] == "xn--bcher-kva.talos00"


def test_what_a_put_leaves_out_gets_its_default(operator: APIClient) -> None:
    put(operator, PRINTER, {"values": ["192.168.1.60"], "ttl": 60, "owner": "office", "enabled": False})
    answer = put(operator, PRINTER, {"values": ["192.168.1.60"]}).json()
    assert answer == operator.get(PRINTER).json() | {"warnings": [], "state": "pending"}
    assert (answer["ttl"], answer["owner"], answer["enabled"]) == (None, "", True)


def test_an_entry_without_effect_says_so_with_the_way_out(operator: APIClient) -> None:
    source = Source.objects.create(kind="Ingress", namespace="web", name="printer", created="2026-01-01T00:00:00Z")
    times = {"position": 0, "since": timezone.now()}
    SourceName.objects.create(source=source, name="printer.talos00", values=["192.168.1.54"], **times)
    ManagedRecord.objects.create(
        zone="talos00",
        name="printer.talos00",
        type="A",
        values=["192.168.1.54"],
        ttl=300,
        owned=True,
        state="synced",
        origin=str(source),
        claimants=[str(source)],
    )
    answer = put(operator, PRINTER, {"values": ["192.168.1.60"]}).json()
    rank = "Ingress/web/printer has the name: the name is held by its namespace"
    assert answer["warnings"] == [f"It has no effect: {rank}. Make it an override to take the name."]
    assert put(operator, PRINTER, {**answer, "mode": "override"}).json()["warnings"] == []
    assert put(operator, f"{URL}/printer.talos00/TXT", {"values": ["hello"]}).json()["warnings"] == []
    put(operator, f"{URL}/printer.talos00/BLOCK", {})
    blocked = operator.patch(PRINTER, {"owner": "office"}, format="json").json()["warnings"]
    assert blocked[0].startswith("It has no effect: the name is blocked by custom entry ")


def test_a_patch_changes_what_it_names(operator: APIClient) -> None:
    put(operator, PRINTER, {"values": ["192.168.1.60"], "ttl": 60, "mode": "override"})
    patched = operator.patch(PRINTER, {"values": ["192.168.1.61"]}, format="json").json()
    assert (patched["values"], patched["ttl"], patched["mode"]) == (["192.168.1.61"], 60, "override")


def test_a_block_has_an_address_of_its_own(operator: APIClient) -> None:
    made = put(operator, f"{URL}/secret.talos00/BLOCK", {})
    assert made.status_code == 201
    assert (made.json()["mode"], made.json()["type"]) == ("block", "")
    assert made.headers["Location"] == f"{URL}/secret.talos00/BLOCK"
    assert operator.delete(f"{URL}/secret.talos00/block").status_code == 204
    assert not CustomEntry.objects.exists()


def test_two_people_at_once_do_not_overwrite_each_other(operator: APIClient) -> None:
    first = put(operator, PRINTER, {"values": ["192.168.1.60"]}).headers["ETag"]
    second = put(operator, PRINTER, {"values": ["192.168.1.61"]}, **{"If-Match": first})
    assert second.status_code == 200
    for late in (
        put(operator, PRINTER, {"values": ["192.168.1.62"]}, **{"If-Match": first}),
        operator.patch(PRINTER, {"ttl": 5}, format="json", headers={"If-Match": first}),
        operator.delete(PRINTER, headers={"If-Match": first}),
    ):
        assert late.status_code == 412
        assert late.json()["errors"][0]["code"] == "changed_meanwhile"
    assert operator.get(PRINTER).json()["values"] == ["192.168.1.61"]
    assert operator.delete(PRINTER, headers={"If-Match": f'"other", {second.headers["ETag"]}'}).status_code == 204
    assert put(operator, PRINTER, {"values": ["10.0.0.1"]}, **{"If-Match": "*"}).status_code == 412


def test_a_put_may_insist_on_making(operator: APIClient) -> None:
    assert put(operator, PRINTER, {"values": ["192.168.1.60"]}, **{"If-None-Match": "*"}).status_code == 201
    assert put(operator, PRINTER, {"values": ["192.168.1.61"]}, **{"If-None-Match": "*"}).status_code == 412


def test_a_second_entry_for_a_name_and_type_is_a_conflict(operator: APIClient) -> None:
    body = {"name": "printer.talos00", "type": "A", "values": ["192.168.1.60"]}
    assert operator.post(URL, body, format="json").status_code == 201
    again = operator.post(URL, body, format="json")
    assert again.status_code == 409
    assert PRINTER in again.json()["errors"][0]["detail"]


def test_the_address_says_which_entry_it_is(operator: APIClient) -> None:
    for field, value in (("name", "other.talos00"), ("type", "AAAA")):
        refused = put(operator, PRINTER, {"values": ["192.168.1.60"], field: value})
        assert refused.status_code == 400
        assert field in {error["attr"] for error in refused.json()["errors"]} | {"type", "values"}
    assert not CustomEntry.objects.exists()


def test_a_thousand_entries_are_made_in_one_call_with_a_few_queries(
    operator: APIClient, django_assert_max_num_queries: Any
) -> None:
    entries = [
        {"name": f"host{at}.talos00", "type": "A", "values": [f"10.0.{at // 250}.{at % 250}"]} for at in range(1000)
    ]
    with django_assert_max_num_queries(50):
        made = operator.post(f"{URL}/bulk", {"entries": entries}, format="json")
    assert (made.status_code, made.json()) == (201, {"created": 1000})
    assert CustomEntry.objects.count() == 1000
    assert AuditEntry.objects.filter(action="created").count() == 1000
    assert SyncRequest.objects.get().zone == "talos00"


def test_of_many_entries_all_or_none_are_made(operator: APIClient) -> None:
    good = {"name": "a.talos00", "type": "A", "values": ["10.0.0.1"]}
    for bad, attr in (
        ({"name": "b.talos00", "type": "A", "values": ["banana"]}, "entries.1.values"),
        ({"name": "b.elsewhere", "type": "A", "values": ["10.0.0.1"]}, "entries.1.name"),
        (good, "entries.0.name"),
        ({"name": "a.talos00", "type": "CNAME", "values": ["b.talos00"]}, "entries.0.type"),
        ("text", "entries.1.non_field_errors"),
    ):
        refused = operator.post(f"{URL}/bulk", {"entries": [good, bad]}, format="json")
        assert refused.status_code == 400
        assert any(error["attr"].startswith(attr) for error in refused.json()["errors"]), refused.json()
    assert not CustomEntry.objects.exists()
    many = operator.post(f"{URL}/bulk", {"entries": [good] * 1001}, format="json")
    assert many.status_code == 400
    assert operator.post(f"{URL}/bulk", {"entries": []}, format="json").status_code == 400


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"name": "two words.talos00"}, "name"),
    ({"name": "x" * 300}, "name"),
    ({"name": "\U0001f355.elsewhere"}, "name"),
    ({"name": "nas.elsewhere"}, "name"),
    ({"name": "nul\x00.talos00"}, "name"),
    ({"name": "half\ud800.talos00"}, "name"),
    ({"name": None}, "name"),
    ({"name": 7.5}, "name"),
    ({"type": "HINFO"}, "type"),
    ({"type": ""}, "type"),
    ({"type": "CNAME", "name": "talos00", "values": ["a.talos00"]}, "type"),
    ({"values": []}, "values"),
    ({"values": ["banana"]}, "values"),
    ({"values": "10.0.0.1"}, "values"),
    ({"values": [["10.0.0.1"]]}, "values.0"),
    ({"values": ["10.0.0.1"] * 1001}, "values"),
    ({"ttl": 0}, "ttl"),
    ({"ttl": 2**31}, "ttl"),
    ({"ttl": "soon"}, "ttl"),
    ({"mode": "sometimes"}, "mode"),
    ({"enabled": "perhaps"}, "enabled"),
    ({"owner": "x" * 201}, "owner"),
    ({"description": "x" * 10_001}, "description"),
]


@pytest.mark.parametrize(("fields", "attr"), WRONG, ids=str)
def test_a_wrong_field_is_named_with_the_reason(operator: APIClient, fields: dict[str, Any], attr: str) -> None:
    body = {"name": "tv.talos00", "type": "A", "values": ["10.0.0.1"], **fields}
    refused = operator.post(URL, json.dumps(body), content_type="application/json")
    assert refused.status_code == 400
    errors = refused.json()["errors"]
    assert attr in [error["attr"] for error in errors]
    assert all(error["detail"] and error["code"] for error in errors)
    assert not CustomEntry.objects.exists()


@pytest.mark.parametrize("path", ["two words/A", f"{'x' * 300}/A", "none.talos00/A", "a%00b/A"])
def test_what_is_not_there_is_not_found(operator: APIClient, path: str) -> None:
    answer = operator.get(f"{URL}/{path}")
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["code"] == "not_found"


@pytest.mark.parametrize(
    ("method", "status", "attr"),
    [("get", 404, None), ("put", 400, "type"), ("patch", 404, None), ("delete", 404, None)],
)
def test_a_type_that_does_not_exist_is_an_error_that_lists_those_that_do(
    operator: APIClient, method: str, status: int, attr: str | None
) -> None:
    body = {} if method == "get" else {"values": ["x"]}
    answer = getattr(operator, method)(f"{URL}/printer.talos00/LOC", body, format="json")
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["attr"]) == (status, attr)
    listed = "A, AAAA, CNAME, TXT, SRV, MX, CAA, PTR, NS, DNAME, DS, HTTPS, NAPTR, SSHFP, SVCB, TLSA, URI"
    assert error["detail"] == f"LOC is no type that can be published: give {listed}, or BLOCK for a block."


@pytest.mark.parametrize("kind", TYPES)
def test_each_type_is_written_shown_changed_and_deleted(operator: APIClient, kind: str) -> None:
    example = "some text" if kind == "TXT" else HINTS[kind].rpartition("such as ")[2]
    url = f"{URL}/rare.talos00/{kind}"
    if kind == "DS":
        operator.put(f"{URL}/rare.talos00/NS", {"values": ["ns1.example.com"]}, format="json")
    made = operator.put(url, {"values": [example]}, format="json")
    assert made.status_code == 201, made.json()
    assert operator.get(url).json()["values"] == [example]
    assert operator.put(url, {"values": [example], "ttl": 60}, format="json").json()["ttl"] == 60
    assert operator.get(f"{URL}?type={kind}").json()["count"] == 1
    assert operator.delete(url).status_code == 204
    told = AuditEntry.objects.filter(name="rare.talos00", type=kind).order_by("id")
    assert [entry.action for entry in told] == ["created", "updated", "deleted"]


@pytest.mark.parametrize("kind", ["LOC", "https"])
def test_a_type_of_a_body_or_a_filter_that_does_not_exist_lists_those_that_do(operator: APIClient, kind: str) -> None:
    refused = operator.post(URL, {"name": "x.talos00", "type": kind, "values": ["x"]}, format="json")
    for answer in (refused, operator.get(f"/api/v1/records?type={kind}"), operator.get(f"{URL}?type={kind}")):
        assert answer.status_code == 400
        assert f"{kind} is no type that can be published: give A, AAAA" in answer.json()["errors"][0]["detail"]


def at_once(jobs: Sequence[Callable[[], int]]) -> list[int]:
    """What several web processes answer to requests at the same moment."""
    if connection.vendor == "sqlite":
        pytest.skip("writers do not wait for each other in SQLite's test database, which is in memory")
    barrier = Barrier(len(jobs))

    def one(job: Callable[[], int]) -> int:
        barrier.wait()
        try:
            return job()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(one, jobs))


@pytest.mark.django_db(transaction=True)
def test_of_several_who_make_the_same_entry_at_once_one_makes_it(operator: APIClient) -> None:
    for number in range(5):
        body = {"name": f"race{number}.talos00", "type": "A", "values": ["10.0.0.1"]}
        bulk = {"entries": [body]}
        got = at_once(
            [
                *[lambda: operator.post(URL, body, format="json").status_code] * 2,  # noqa: B023
                *[lambda: put(operator, f"{URL}/race{number}.talos00/A", {"values": ["10.0.0.1"]}).status_code] * 2,  # noqa: B023
                lambda: operator.post(f"{URL}/bulk", bulk, format="json").status_code,  # noqa: B023
            ]
        )
        assert got.count(201) == 1, got
        assert set(got) <= {200, 201, 400, 409}


@pytest.mark.django_db(transaction=True)
def test_an_alias_and_an_address_at_once_do_not_both_get_a_name(operator: APIClient) -> None:
    for number in range(5):
        url = f"{URL}/race{number}.talos00"
        got = at_once(
            [
                lambda: put(operator, f"{url}/A", {"values": ["10.0.0.1"]}).status_code,  # noqa: B023
                lambda: put(operator, f"{url}/CNAME", {"values": ["edge.example.com"]}).status_code,  # noqa: B023
            ]
        )
        assert sorted(got) == [201, 400]


def test_a_field_that_does_not_exist_is_refused(operator: APIClient) -> None:
    answer = put(operator, f"{URL}/tv.talos00/A", {"values": ["10.0.0.1"], "tll": 60})
    assert answer.status_code == 400
    assert [error["attr"] for error in answer.json()["errors"]] == ["tll"]
    assert not CustomEntry.objects.exists()


def test_what_was_read_can_be_sent_back_as_it_is(operator: APIClient) -> None:
    made = put(operator, f"{URL}/tv.talos00/A", {"values": ["10.0.0.1"]}).json()
    assert put(operator, f"{URL}/tv.talos00/A", made).status_code == 200


def test_an_emoji_is_more_likely_a_slip(operator: APIClient) -> None:
    body = {"name": "😀.talos00", "type": "A", "values": ["10.0.0.1"]}
    answer = operator.post(URL, body, format="json")
    assert answer.status_code == 400
    assert "xn--e28h" in answer.json()["errors"][0]["detail"]
    assert operator.post(URL, body | {"name": "xn--e28h.talos00"}, format="json").status_code == 201


@pytest.mark.parametrize(("ttl", "seconds"), [("5m", 300), ("90", 90), (60, 60), (None, None)])
def test_a_ttl_may_be_a_duration(operator: APIClient, ttl: Any, seconds: int | None) -> None:
    made = operator.put("/api/v1/entries/tv.talos00/A", {"values": ["192.0.2.1"], "ttl": ttl}, format="json")
    assert (made.status_code, made.json()["ttl"]) == (201, seconds)


@pytest.mark.parametrize("ttl", ["soon", "0", "-5m", "5 minutes", 0, True, [5]])
def test_a_ttl_that_is_none_is_refused(operator: APIClient, ttl: Any) -> None:
    answer = operator.put("/api/v1/entries/tv.talos00/A", {"values": ["192.0.2.1"], "ttl": ttl}, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "ttl")


def test_a_name_without_its_zone_is_offered_one(operator: APIClient) -> None:
    answer = operator.put("/api/v1/entries/printer/A", {"values": ["192.0.2.1"]}, format="json")
    assert answer.status_code == 400
    assert "printer.talos00" in answer.json()["errors"][0]["detail"]
