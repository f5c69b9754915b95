"""Custom entries of several targets over the API."""

from __future__ import annotations

import pytest
from django.conf import LazySettings
from rest_framework.test import APIClient

from records.models import CustomEntry
from tests.records.two_targets import set_up_two

URL = "/api/v1/entries"
SHOP = f"{URL}/shop.example.com/A"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def two_targets(settings: LazySettings) -> None:
    set_up_two(settings)
    CustomEntry.objects.all().delete()


def put(client: APIClient, target: str, value: str) -> None:
    answer = client.put(f"{SHOP}?target={target}", {"values": [value]}, format="json")
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{SHOP}?target={target}"
    assert answer.json()["target"] == target


def test_putting_names_a_target_and_one_on_another_is_another(operator: APIClient) -> None:
    put(operator, "lan", "192.168.1.60")
    put(operator, "public", "203.0.113.9")
    assert operator.get(f"{SHOP}?target=public").json()["values"] == ["203.0.113.9"]
    assert operator.delete(f"{SHOP}?target=lan").status_code == 204
    assert [entry.target for entry in CustomEntry.objects.all()] == ["public"]


def test_where_several_stand_one_must_be_said_and_where_one_does_it_is_meant(operator: APIClient) -> None:
    put(operator, "lan", "192.168.1.60")
    assert operator.get(SHOP).json()["target"] == "lan"
    assert operator.put(SHOP, {"values": ["192.168.1.61"]}, format="json").status_code == 200
    put(operator, "public", "203.0.113.9")
    for answer in (operator.get(SHOP), operator.put(SHOP, {"values": []}, format="json"), operator.delete(SHOP)):
        assert answer.status_code == 409
        assert "on lan, public: say which one. Add ?target=" in answer.json()["errors"][0]["detail"]


def test_making_one_asks_where_several_targets_manage_the_name(operator: APIClient) -> None:
    body = {"name": "shop.example.com", "type": "A", "values": ["192.0.2.7"]}
    for answer in (
        operator.post(URL, body, format="json"),
        operator.put(SHOP, {"values": ["192.0.2.7"]}, format="json"),
    ):
        assert answer.status_code == 400
        (error,) = answer.json()["errors"]
        assert (error["attr"], "is managed on lan, public" in error["detail"]) == ("target", True)
    assert operator.post(URL, {**body, "target": "public"}, format="json").status_code == 201
    answer = operator.post(f"{URL}/bulk", {"entries": [{**body, "type": "TXT"}]}, format="json")
    assert answer.json()["errors"][0]["attr"] == "entries.0.target"


def test_a_target_of_the_body_is_that_of_the_address(operator: APIClient) -> None:
    body = {"values": ["192.0.2.7"], "target": "lan"}
    assert operator.put(SHOP, body, format="json").json()["target"] == "lan"
    answer = operator.put(f"{SHOP}?target=public", body, format="json")
    assert answer.status_code == 400
    assert "The address says public" in answer.json()["errors"][0]["detail"]


def test_an_entry_moves_and_what_stands_on_each_is_in_the_way(operator: APIClient) -> None:
    put(operator, "lan", "192.168.1.60")
    assert operator.patch(SHOP, {"target": ""}, format="json").json()["target"] == ""
    answer = operator.put(f"{SHOP}?target=lan", {"values": ["192.0.2.7"]}, format="json")
    assert answer.status_code == 409
    assert operator.patch(SHOP, {"target": "public"}, format="json").json()["target"] == "public"
    assert [row["target"] for row in operator.get(f"{URL}?target=public").json()["results"]] == ["public"]
    assert operator.get(f"{URL}?target=lan").json()["count"] == 0
