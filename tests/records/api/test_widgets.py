"""What the documentation gives to Homepage and Gatus is what the API answers."""

from __future__ import annotations

import re
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
import yaml
from rest_framework.test import APIClient

from records.models import SyncStatus
from tests.records.api.conftest import client_for
from tests.records.cast import make_cast

pytestmark = pytest.mark.django_db

DOCUMENT = (Path(__file__).parents[3] / "docs" / "api.md").read_text()
CONDITION = re.compile(r"\[(STATUS|BODY)\](?:\.([\w.]+))? == (\w+)")


def read_recipe(name: str) -> Any:
    (text,) = re.findall(rf"```yaml\n# recipe: {name}\n(.*?)```", DOCUMENT, re.DOTALL)
    return yaml.safe_load(text.replace("{{", "").replace("}}", ""))


def look_up(answer: Any, path: str) -> Any:
    """Fails for a field that there is not."""
    return reduce(lambda part, field: part[field], path.split("."), answer)


@pytest.fixture
def client() -> APIClient:
    return client_for("viewer")


def ask(client: APIClient, url: str) -> Any:
    return client.get(f"/{url.split('/', 3)[3]}")


def test_each_field_of_the_widget_is_in_the_answer(client: APIClient) -> None:
    make_cast()
    ((_, services),) = read_recipe("homepage")[0].items()
    (service,) = services[0].values()
    answer = ask(client, service["widget"]["url"])
    assert answer.status_code == 200
    shown = {item["label"]: look_up(answer.json(), item["field"]) for item in service["widget"]["mappings"]}
    assert shown == {"Well": False, "In step": 2, "Drifted": 1, "Held": 1}
    assert service["href"].endswith("/ui/")


def test_each_condition_holds_when_all_is_well_and_tells_when_it_is_not(client: APIClient) -> None:
    cast = make_cast()
    (endpoint,) = read_recipe("gatus")["endpoints"]

    def list_broken() -> list[str]:
        answer = ask(client, endpoint["url"])
        found = {"STATUS": answer.status_code, "BODY": answer.json()}
        broken = []
        for condition in endpoint["conditions"]:
            match = CONDITION.fullmatch(condition)
            assert match, condition
            value = look_up(found[match[1]], match[2]) if match[2] else found[match[1]]
            broken += [] if str(value).lower() == match[3] else [condition]
        return broken

    assert list_broken() == ["[BODY].ok == true", "[BODY].holds == 0", "[BODY].drift == 0"]
    SyncStatus.objects.update(problems=[])
    cast.plan.delete()
    cast.drift.status = "accepted"
    cast.drift.save()
    assert list_broken() == []
