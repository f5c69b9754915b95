"""Who is let into the demo without a login, and what they are told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client, override_settings

from catalyst.demo.site import admit_visitors
from catalyst.demo.visitor import BANNER, CSRF_COOKIE, FORWARDED, SESSION_COOKIE, USER

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.fixture
def client() -> Iterator[Client]:
    """Of a site that admits visitors."""
    User.objects.create_superuser(USER, password="of-no-worth-anywhere-else")
    with override_settings(ALLOWED_HOSTS=["*"]):
        admit_visitors()
        yield Client(HTTP_HOST="127.0.0.1:8000")


def test_whoever_sits_at_this_machine_is_let_in_and_told_so(client: Client) -> None:
    answer = client.get("/ui/")
    assert answer.status_code == 200
    assert answer.content.decode().count(BANNER) == 1
    assert {CSRF_COOKIE, SESSION_COOKIE} <= client.cookies.keys()
    assert client.get("/api/v1/status").status_code == 200


def test_errors_and_the_pages_of_others_say_it_too_and_no_answer_of_the_api_does(client: Client) -> None:
    for path in ("/ui/no-such-page", "/admin/", "/api/docs", "/admin/records/customentry/add/"):
        answer = client.get(path)
        assert answer.content.decode().count(BANNER) == 1, path
        assert int(answer.get("Content-Length", len(answer.content))) == len(answer.content)
    assert BANNER not in client.get("/api/v1/records").content.decode()
    part = client.get("/ui/", headers={"HX-Request": "true", "HX-Target": "main#board"})
    assert BANNER not in part.content.decode(), "a part of a page goes into a page that says it"


@pytest.mark.parametrize("host", ["demo.example", "127.0.0.1.example", "192.0.2.1:8000", "[2001:db8::1]:8000"])
def test_under_another_name_nobody_is_let_in(client: Client, host: str) -> None:
    answer = client.get("/ui/", HTTP_HOST=host)
    assert answer.status_code == 400
    assert not client.cookies


@pytest.mark.parametrize("header", FORWARDED)
def test_who_comes_through_a_proxy_must_log_in(client: Client, header: str) -> None:
    answer = client.get("/ui/", **{header: "127.0.0.1"})
    assert (answer.status_code, answer["Location"]) == (302, "/admin/login/?next=/ui/")
    assert SESSION_COOKIE not in client.cookies


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::7", ""])
def test_who_comes_from_elsewhere_must_log_in(client: Client, address: str) -> None:
    assert client.get("/ui/", REMOTE_ADDR=address).status_code == 302
    assert client.get("/api/v1/status", REMOTE_ADDR=address).status_code == 401


def test_a_page_of_elsewhere_cannot_press_a_button(client: Client) -> None:
    """It has the browser send a form without the token of ours."""
    strict = Client(enforce_csrf_checks=True, HTTP_HOST="127.0.0.1:8000")
    answer = strict.post("/ui/do/", {"action": "sync everything"}, HTTP_ORIGIN="https://elsewhere.example")
    assert answer.status_code == 403
