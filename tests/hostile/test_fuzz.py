"""The API and every page of the admin, asked by every role for whatever comes to mind: never a 500, and never a 503.

FUZZ_EXAMPLES is the number of random cases of each operation, beside those that were made by hand."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from http.cookies import SimpleCookie
from itertools import cycle, islice
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from django.contrib.auth.models import Group, User
from django.core.wsgi import get_wsgi_application
from django.db import transaction
from django.db.models import Model
from django.middleware.csrf import _get_new_csrf_string
from django.test import Client
from hypothesis import settings
from pytest_django import Settings

from records.api.access import make_token
from records.api.docs import DOCUMENT
from tests.hostile.pages import SEEDS, PageDocument, list_lists
from tests.records.api.conftest import world
from tests.records.api.test_fuzz import SETTINGS as API_SETTINGS
from tests.records.api.test_fuzz import one_connection

__all__ = ["one_connection", "world"]

pytestmark = [pytest.mark.usefixtures("db"), pytest.mark.timeout(3600)]

ROLES = ("", "nobody", "viewer", "operator", "admin", "superuser")
"""Someone who has not logged in, someone without a role, and the others."""

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "5"))
SETTINGS = settings(API_SETTINGS, max_examples=EXAMPLES)

TEXTS = (
    *("", "0", "-1", "9" * 400, "1e999", "NaN", "٣", "true", "null", "\0", "a\0b", "\ud7ff\ue000", "\u202e"),
    *("0001-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "99999", "-5", "0000-00-00", "24:00"),
    *("w " * 20, "w " * 3000, "a," * 3000, "/" * 300, "a/b/c/d", "*." * 200, "x" * 7000, "%00", "%ff", "(" * 500),
    *("Ingress/default/nas", "grafana.talos00", "*.talos00", "[::1]", "http://[", "192.0.2.1:99999", "xn--a"),
)
"""By hand: each at every place where something can be typed."""
BODIES = (
    *("[" * 100_000, "{" * 100_000, '{"a":' * 100_000, f'{{"ttl":{"9" * 5000}}}', '{"a":1,"a":2}', "[NaN]"),
    *("[" + "{}," * 60_000 + "{}]", '{"values":[' + "{}," * 60_000 + "{}]}", "- " * 300, "&a [*a]", "a: &a [*b]"),
    *("!!python/object:os.system x", "? [a]\n: b", "{{ .Values }}", "a: 0001-01-01\n", "--- " * 300, '"\\ud800"'),
    *("kind: List\nitems: 5", "\0", "a: &b0 [x]\n" + "".join(f"b{n}: &b{n} [*b{n - 1}, *b0]\n" for n in range(1, 60))),
)


@pytest.fixture(autouse=True)
def unthrottled(settings: Settings) -> None:
    settings.API_RATE_LIMIT = settings.DNS_TEST_RATE_LIMIT = settings.LOGIN_FAILURE_LIMIT = 0
    settings.DNS_TEST_SERVERS = []


def make_user(role: str) -> User:
    user = User.objects.create_user(f"{role}-of-tests", is_superuser=role == "superuser", is_staff=role == "superuser")
    if role in ("viewer", "operator", "admin"):
        user.groups.add(Group.objects.get(name=role))
    return user


@pytest.mark.parametrize("role", ROLES)
def test_the_api_answers_everybody(
    one_connection: None, world: SimpleNamespace, role: str, subtests: pytest.Subtests
) -> None:
    headers = {"Authorization": f"Bearer {make_token(make_user(role), days=1)[1]}"} if role else {}
    count = ask_everything(seed_document(yaml.safe_load(DOCUMENT.read_text())), headers, subtests, borders=True)
    assert count > 30


@pytest.mark.parametrize("role", ROLES)
def test_every_page_answers_everybody(
    one_connection: None, world: SimpleNamespace, role: str, subtests: pytest.Subtests
) -> None:
    make_token(User.objects.create_user("someone-else"), days=1)
    client, token = Client(), _get_new_csrf_string()
    if role:
        client.force_login(make_user(role))
    cookies = SimpleCookie({**{name: one.value for name, one in client.cookies.items()}, "csrftoken": token})
    headers = {"Cookie": cookies.output(attrs=[], header="", sep=";").strip(), "X-CSRFToken": token}
    count = ask_everything(PageDocument(TEXTS, dict(list_keys())).describe(), headers, subtests, borders=False)
    assert count > 80


@pytest.mark.parametrize("role", ["viewer", "superuser"])
def test_every_parameter_of_every_list_is_answered(world: SimpleNamespace, role: str) -> None:
    """Each by itself, where the random cases have many at once."""
    make_token(User.objects.create_user("someone-else"), days=1)
    client, texts, found = Client(raise_request_exception=False), cycle(TEXTS), []
    client.force_login(make_user(role))
    for place, parameter in list_lists():
        for text in islice(texts, SEEDS):
            with transaction.atomic():
                answer = client.get(place, {parameter: text})
                transaction.set_rollback(True)
            if answer.status_code >= 500:
                found.append((place, parameter, text[:50], answer.status_code))
    assert found == []


def list_keys() -> Iterator[tuple[type[Model], str]]:
    from django.contrib import admin

    for model in admin.site._registry:
        if found := model._default_manager.first():
            yield model, str(found.pk)


def seed_document(document: dict[str, Any]) -> dict[str, Any]:
    """With what was made by hand as the examples of its parameters and bodies."""
    texts = cycle(TEXTS)
    for methods in document["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", ()):
                seeds = {str(number): {"value": text} for number, text in enumerate(islice(texts, SEEDS))}
                parameter["examples"] = seeds if parameter["schema"].get("type") == "string" else {}
            for media_type, media in operation.get("requestBody", {}).get("content", {}).items():
                if media_type != "application/json" or media["schema"] == {}:
                    media["examples"] = {str(number): {"value": body} for number, body in enumerate(BODIES)}
    return document


def ask_everything(
    document: dict[str, Any], headers: dict[str, str], subtests: pytest.Subtests, *, borders: bool
) -> int:
    """``borders`` asks for some fifty cases more of each operation: those at the borders of what its parameters may be.
    Returns how many operations were asked."""
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.pytest.lazy import get_all_tests

    schema = schemathesis.openapi.from_dict(document)
    schema.app = get_wsgi_application()
    schema.config.phases.coverage.enabled = borders

    def ask(case: schemathesis.Case) -> None:
        with transaction.atomic():
            case.call_and_validate(headers=headers, checks=[not_a_server_error])
            transaction.set_rollback(True)  # the next case finds the world as it was

    count = 0
    for found in get_all_tests(schema=schema, test_func=ask, settings=SETTINGS, given_kwargs=None):
        operation, ask_all = found.ok()
        with subtests.test(operation.label):
            ask_all()
        count += 1
    return count


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_every_body_that_was_made_by_hand_is_answered(one_connection: None, role: str, body: str) -> None:
    client = Client(raise_request_exception=False)
    headers = {"Authorization": f"Bearer {make_token(make_user(role), days=1)[1]}"} if role else {}
    ask: Callable[..., Any] = client.generic
    for path in ("preview", "import", "import?dry_run", "sync", "entries", "entries/bulk", "holds/1/approve"):
        for media_type in ("application/json", "application/yaml", "text/csv"):
            answer = ask("POST", f"/api/v1/{path}", body.encode("utf-8", "surrogatepass"), media_type, headers=headers)
            assert answer.status_code < 500, (path, media_type, answer.content[:300])
