"""Who may press no button of the dashboard, and whoever is sent to one from another site, changes nothing, whatever is
asked for. That nothing ends as an error of ours tests/records/dashboard/test_nonsense.py shows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from records.models import CustomEntry, HeldPlan, ManagedRecord, SyncRequest, WriteFreeze
from records.roles import OPERATOR, VIEWER
from tests.nonsense import TEXTS, spell_query
from tests.records.cast import Cast, make_cast
from tests.records.dashboard.test_nonsense import ACTIONS, FORM
from tests.records.test_admin import visitor

pytestmark = [pytest.mark.usefixtures("db"), pytest.mark.timeout(600)]


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture(autouse=True)
def _no_servers(settings: Any) -> None:
    settings.DNS_TEST_SERVERS, settings.DNS_TEST_RATE_LIMIT = [], 0


def press_oddly(client: Client, action: str) -> Iterator[tuple[str, Any]]:
    """One field after another, with the others as they should be."""
    known = {"action": action, "name": "nas.talos00", "key": "1", "back": "/ui/", "confirmed": "yes", "chosen": "1"}
    texts = cycle(TEXTS)
    for field in ("name", "key", "back", "chosen", "minutes", "zone", "reason"):
        for text in islice(texts, 10):
            body = spell_query(*{**known, field: text}.items())
            yield f"{field}={text[:40]!r}", client.post("/ui/do/", body, FORM)
        fields = {name: text for name, text in known.items() if name not in (field, "confirmed")}
        yield f"no {field}", client.post("/ui/do/", fields, headers={"HX-Request": "true"})


def count_rows() -> list[int]:
    return [model.objects.count() for model in (SyncRequest, CustomEntry, HeldPlan, ManagedRecord, WriteFreeze)]


@pytest.mark.usefixtures("cast")
@pytest.mark.parametrize("role", [None, VIEWER])
def test_who_may_press_nothing_changes_nothing(role: str | None) -> None:
    client, before = visitor(role), count_rows()
    for action in ACTIONS:
        statuses = {answer.status_code for _, answer in press_oddly(client, action)}
        assert statuses <= ({302, 401} if role is None else {200, 302, 400, 403}), action
    assert count_rows() == before


@pytest.mark.usefixtures("cast")
def test_no_button_works_from_another_site() -> None:
    client, user = Client(enforce_csrf_checks=True), User.objects.create_user("root", is_superuser=True, is_staff=True)
    client.force_login(user)
    before = count_rows()
    for action in ACTIONS:
        answer = client.post("/ui/do/", {"action": action, "name": "nas.talos00", "key": "1", "confirmed": "yes"})
        assert (answer.status_code, "came from another site" in answer.content.decode()) == (403, True), action
    assert count_rows() == before


@pytest.mark.usefixtures("cast")
def test_no_button_leads_to_another_host() -> None:
    client = visitor(OPERATOR)
    for back in (
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        " //evil.example",
    ):
        answer = client.post("/ui/do/", {"action": "sync everything", "back": back})
        assert answer["Location"] == "/ui/", back
