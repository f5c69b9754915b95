"""Whatever is asked of the dashboard is answered by a page: nothing of it ends as an error of ours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from records.admin.steps import STEPS
from records.dashboard.actions import PLAN_ACTIONS
from records.models import CustomEntry, HeldPlan, ManagedRecord, SyncRequest, WriteFreeze
from records.roles import OPERATOR, VIEWER
from tests.records.cast import Cast, make_cast
from tests.records.test_admin import visitor

pytestmark = [pytest.mark.usefixtures("db"), pytest.mark.timeout(600)]

ACTIONS = (
    *STEPS,
    *PLAN_ACTIONS,
    *("sync everything", "sync zone", "restore", "hold writes", "resume writes", "", "nothing of ours", "\0"),
)
"""Every button, and some that there are not."""
TEXTS = (
    *(
        "",
        "0",
        "-1",
        "9" * 400,
        "9" * 5000,
        "1e9",
        "٣",
        "²",
        "NaN",
        "null",
        "\0",
        "a\0b",
        "\u202e",
        "%00",
        "' OR 1=1 --",
    ),
    *("<script>alert(1)</script>", "w " * 15, "x" * 7000, "/" * 300, "a/b/c/d", "*." * 120, "(" * 500, "{{ 7 }}"),
    *(
        "grafana.talos00",
        "Ingress/web/blog",
        "*.talos00",
        "[::1]",
        "http://[",
        "http://[::1",
        "192.0.2.1:99999",
        "xn--a",
    ),
    *("drift-", "drift--1", "drift-x", "a b c d e", "x" * 64 + ".talos00", f"{'a' * 63}." * 3 + "b" * 61),
    *("0001-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0000-00-00", "99999-01-01"),
)
PAGES: Mapping[str, tuple[str, ...]] = {
    "/ui/": ("q", "zone", "target", "state", "kind", "namespace", "after", "before", "open", "on", "until", "x"),
    "/ui/needs/": ("kind", "x"),
    "/ui/find/": ("q",),
    "/ui/names/grafana.talos00/": ("ask", "target", "level"),
    "/ui/plans/1/": ("x",),
    "/ui/system/": ("x",),
    "/ui/writes/": ("x",),
    "/ui/freezes/": ("x",),
    "/ui/stream/": ("after",),
}
SCRIPT = {"HX-Request": "true", "HX-Target": "main#board", "HX-Current-URL": "http://[/ui/"}
ANSWERS = {200, 302, 400, 404}


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture(autouse=True)
def _no_servers(settings: Any) -> None:
    settings.DNS_TEST_SERVERS, settings.DNS_TEST_RATE_LIMIT = [], 0


@pytest.mark.usefixtures("cast")
@pytest.mark.parametrize("page", PAGES)
def test_every_parameter_is_answered_whatever_is_in_it(page: str) -> None:
    client, wrong = visitor(VIEWER), []
    for name in PAGES[page]:
        for number, text in enumerate(TEXTS):
            answer = client.get(page, {name: text}, headers=SCRIPT if number % 2 else {})
            allowed = {503} if page == "/ui/stream/" else ANSWERS  # no event loop to keep a reader informed in
            if answer.status_code not in allowed:
                wrong.append((name, text[:40], answer.status_code))
    assert wrong == []


@pytest.mark.usefixtures("cast")
def test_every_address_is_answered_whatever_is_in_it() -> None:
    client = visitor(VIEWER)
    found = Counter(
        client.get(f"/ui/{place}/{quote_path(text)}/").status_code
        for text in TEXTS
        for place in ("names", "plans", "x")
    )
    assert found.keys() <= ANSWERS, found


def quote_path(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def press_oddly(client: Client, action: str) -> Iterator[tuple[str, Any]]:
    """One field after another, with the others as they should be."""
    known = {"action": action, "name": "nas.talos00", "key": "1", "back": "/ui/", "confirmed": "yes", "chosen": "1"}
    for field in ("name", "key", "back", "chosen", "minutes", "zone", "reason"):
        for text in TEXTS:
            yield f"{field}={text[:40]!r}", client.post("/ui/do/", {**known, field: text})
        fields = {name: text for name, text in known.items() if name not in (field, "confirmed")}
        yield f"no {field}", client.post("/ui/do/", fields, headers={"HX-Request": "true"})


@pytest.mark.usefixtures("cast")
@pytest.mark.parametrize("action", ACTIONS)
def test_every_button_is_answered_whatever_it_is_pressed_with(action: str) -> None:
    wrong = [
        (what, answer.status_code)
        for what, answer in press_oddly(visitor(OPERATOR), action)
        if answer.status_code not in ANSWERS | {403}
    ]
    assert wrong == []


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
