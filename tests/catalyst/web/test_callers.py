"""Who is known by the headers of a request."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from catalyst.web.callers import find_caller
from records.api.access import make_token

pytestmark = pytest.mark.django_db(transaction=True)


def ask(**headers: str) -> str:
    scope: dict[str, Any] = {"type": "http", "method": "POST", "path": "/", "query_string": b"\xff"}
    scope["headers"] = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return asyncio.run(find_caller(scope))


def test_a_token_is_one_of_its_user() -> None:
    _, token = make_token(User.objects.create_user("ci"), days=1)
    assert ask(Authorization=f"Bearer {token}") == "ci"
    assert ask(Authorization=f"Token {token}") == "ci"


@pytest.mark.parametrize("text", ["", "Bearer", "Bearer cds_of-no-one", "Bearer a b", "Basic YTpi", "Bearer \x7f"])
def test_who_has_no_valid_one_is_not_known(text: str) -> None:
    assert ask(Authorization=text) == ""


def test_a_token_that_has_expired_is_none() -> None:
    kept, token = make_token(User.objects.create_user("ci"), days=1)
    kept.expiry -= timedelta(days=2)
    kept.save()
    assert ask(Authorization=f"Bearer {token}") == ""


def test_a_session_is_one_of_its_user_as_long_as_that_is_active(client: Client) -> None:
    user = User.objects.create_user("ann")
    client.force_login(user)
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.session.session_key}"
    assert ask(Cookie=cookie) == "ann"
    user.is_active = False
    user.save()
    assert ask(Cookie=cookie) == ""
    assert ask(Cookie=f"{settings.SESSION_COOKIE_NAME}=nobody") == ""
