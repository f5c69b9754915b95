"""Tokens are made in the admin and by command, and shown once."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.test import Client
from knox.models import AuthToken
from rest_framework.test import APIClient

from records.api.access import make_token
from records.models import AuditEntry, TokenName
from records.roles import OPERATOR

pytestmark = pytest.mark.django_db


def works(token: str) -> bool:
    answer = APIClient().get("/api/v1/status", HTTP_AUTHORIZATION=f"Bearer {token}")
    return bool(answer.status_code == 200)


def test_a_command_makes_a_token_and_prints_nothing_else() -> None:
    User.objects.create_superuser("ci")
    out, err = StringIO(), StringIO()
    call_command("create-token", "ci", "--days", "30", stdout=out, stderr=err)
    token = out.getvalue().removesuffix("\n")
    assert works(token)
    assert token not in err.getvalue()
    assert re.search(r"for ci, until \d{4}-", err.getvalue())


@pytest.mark.parametrize("arguments", [("nobody",), ("ci", "--days", "0"), ("ci", "--days", "9999999999")])
def test_a_command_that_makes_no_sense_makes_no_token(arguments: tuple[str, ...]) -> None:
    User.objects.create_superuser("ci")
    with pytest.raises(CommandError):
        call_command("create-token", *arguments)
    assert not AuthToken.objects.exists()


def test_the_admin_shows_a_token_once_and_takes_it_back(admin_client: Client) -> None:
    user = User.objects.create_superuser("ci")
    made = admin_client.post("/admin/knox/authtoken/add/", {"name": "ci", "user": user.pk, "days": 7}, follow=True)
    found = re.search(r"cds_[0-9a-f]{64}", made.content.decode())
    assert found
    assert works(found[0])
    token = AuthToken.objects.get()
    for page in ("", f"{token.pk}/change/"):
        shown = admin_client.get(f"/admin/knox/authtoken/{page}").content.decode()
        assert found[0][:11] in shown
        assert found[0] not in shown
    admin_client.post(f"/admin/knox/authtoken/{token.pk}/delete/", {"post": "yes"})
    assert not works(found[0])


def test_only_admins_see_tokens(client: Client) -> None:
    for role, code in (("viewer", 403), ("operator", 403), ("admin", 200)):
        user = User.objects.create_user(role)
        user.groups.add(Group.objects.get(name=role))
        client.force_login(user)
        for page in ("", "add/"):
            assert client.get(f"/admin/knox/authtoken/{page}").status_code == code


def test_a_named_token_is_called_by_its_name_and_never_by_its_digest(admin_client: Client) -> None:
    user = User.objects.create_user("robot")
    user.groups.add(Group.objects.get(name=OPERATOR))
    kept, text = make_token(user, days=1, name="ci pipeline")
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    assert client.post("/api/v1/sync", {}, format="json").status_code == 202
    assert AuditEntry.objects.get().actor == "robot (token ci pipeline)"
    listed = admin_client.get("/admin/knox/authtoken/").content.decode()
    page = admin_client.get(f"/admin/knox/authtoken/{kept.pk}/change/", follow=True).content.decode()
    for shown in (listed, page):
        assert "ci pipeline" in shown
    admin_client.post("/admin/knox/authtoken/", {"action": "delete_selected", "_selected_action": kept.pk, "post": "y"})
    assert not AuthToken.objects.exists()
    assert not TokenName.objects.exists()
