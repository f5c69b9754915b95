"""Addresses that ask for too much."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import User
from django.test import Client

from catalyst.web.queries import LENGTH_LIMIT, PARAMETER_LIMIT, WORD_LIMIT, find_excess

WORDS = "+".join(["word"] * (WORD_LIMIT + 1))
PARAMETERS = "&".join(f"a{number}=1" for number in range(PARAMETER_LIMIT + 1))


@pytest.mark.parametrize(
    "query",
    [
        "",
        "q=" + "+".join(["word"] * WORD_LIMIT),
        "q=+a,+b++",
        "&".join(f"a{number}=1" for number in range(PARAMETER_LIMIT)),
        "name=" + "x" * (LENGTH_LIMIT - 5),
        "name=" + WORDS,
        "%ff=%ff&=&&q",
    ],
)
def test_what_people_ask_for_is_asked(query: str) -> None:
    assert find_excess(query) == ""


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("name=" + "x" * (LENGTH_LIMIT - 4), "more than 8,000 characters after its question mark"),
        (PARAMETERS, "more than 100 parameters"),
        ("&" * PARAMETER_LIMIT, "more than 100 parameters"),
        (f"q={WORDS}", "q has more than 20 words"),
        (f"a=b&search={WORDS.replace('+', '%2C')}", "search has more than 20 words"),
        (f"term={WORDS.replace('+', '%20')}", "term has more than 20 words"),
    ],
)
def test_too_much_is_told(query: str, reason: str) -> None:
    assert reason in find_excess(query)


@pytest.mark.django_db
def test_it_is_told_to_programs_and_to_people() -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    answer = client.get(f"/api/v1/records?{PARAMETERS}")
    (error,) = json.loads(answer.content)["errors"]
    assert (answer.status_code, error["code"]) == (400, "invalid")
    assert "more than 100 parameters" in error["detail"]
    page = client.get(f"/admin/records/source/?q={WORDS}")
    assert (page.status_code, page["Content-Type"]) == (400, "text/html; charset=utf-8")
    assert "q has more than 20 words. Nothing was changed." in page.content.decode()
