"""All writes, held and resumed by the API."""

from __future__ import annotations

import pytest
from django.db.models.functions import Now
from rest_framework.test import APIClient

from records.models import SyncStatus, WriteFreeze
from tests.records.cast import make_cast

pytestmark = pytest.mark.django_db

FREEZES = "/api/v1/freezes"


def hold(client: APIClient, **body: object) -> dict[str, object]:
    answer = client.post(FREEZES, body, format="json")
    assert answer.status_code == 201, answer.json()
    assert client.get(answer["Location"]).json()["id"] == answer.json()["id"]
    return dict(answer.json())


def test_it_is_set_listed_and_ended_once(operator: APIClient) -> None:
    made = hold(operator, minutes=10, zone="talos00", reason="the server moves")
    assert (made["current"], made["zone"], made["reason"]) == (True, "talos00", "the server moves")
    assert isinstance(made["seconds_left"], float)
    assert 0 < made["seconds_left"] <= 600
    assert str(made["set_by"]).startswith("operator-of-tests (token ")
    everywhere = hold(operator, minutes=None)
    assert (everywhere["until"], everywhere["seconds_left"]) == (None, None)
    ended = operator.post(f"{FREEZES}/{made['id']}/end")
    assert (ended.status_code, ended.json()["current"]) == (200, False)
    again = operator.post(f"{FREEZES}/{made['id']}/end")
    assert again.status_code == 409
    assert again.json()["errors"][0]["detail"] == "The hold on all writes to talos00 has ended already."
    current, over = (operator.get(f"{FREEZES}?current={flag}").json()["results"] for flag in ("true", "false"))
    assert ([row["id"] for row in current], [row["id"] for row in over]) == ([everywhere["id"]], [made["id"]])


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({}, "minutes"),
        ({"minutes": 0}, "minutes"),
        ({"minutes": 43_201}, "minutes"),
        ({"minutes": "soon"}, "minutes"),
        ({"minutes": 10, "zone": "example.org"}, "zone"),
        ({"minutes": 10, "reason": "x" * 501}, "reason"),
    ],
)
def test_what_makes_no_sense_names_the_field(operator: APIClient, body: dict[str, object], attr: str) -> None:
    answer = operator.post(FREEZES, body, format="json")
    assert answer.status_code == 400
    assert [error["attr"] for error in answer.json()["errors"]] == [attr]
    assert not WriteFreeze.objects.exists()


def test_the_status_warns_before_the_syncer_does_and_stays_green(viewer: APIClient) -> None:
    make_cast()
    SyncStatus.objects.update(heartbeat_at=Now(), problems=[], warnings=[])
    freeze = WriteFreeze.objects.create(set_by="ada")
    sentence = "all writes to every zone are held by ada until someone ends that"
    for told in ([], [sentence]):
        SyncStatus.objects.update(warnings=told)
        status = viewer.get("/api/v1/status").json()
        assert (status["ok"], status["warnings"]) == (True, [sentence])
        assert [row["id"] for row in status["freezes"]] == [freeze.pk]


def test_what_would_be_written_is_a_conflict_meanwhile(operator: APIClient) -> None:
    cast = make_cast()
    hold(operator, minutes=10)
    answer = operator.post(f"/api/v1/records/{cast.nas.pk}/replace")
    assert answer.status_code == 409
    assert "ask again after that" in answer.json()["errors"][0]["detail"]
